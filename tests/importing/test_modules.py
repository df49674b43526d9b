"""Each module is imported with loss and gradients equal to autograd's to 1e-10, or refused by name."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="modules are run by PyTorch, pip install '.[torch]'")

from symbp.errors import CheckFailed  # noqa: E402
from symbp.imported import Imported, import_module  # noqa: E402
from symbp.importing import bring, traced, translate  # noqa: E402
from symbp.importing.archive import read_archive  # noqa: E402
from symbp.importing.graph import Refused  # noqa: E402
from tests.importing.modules import GPT, REFUSED, ROWS  # noqa: E402

IMPORTED = [name for name in ROWS if name not in REFUSED]


def imported(name: str) -> Imported:
    torch.manual_seed(0)
    module, inputs, loss = ROWS[name]()
    return import_module(module, inputs, loss, name)


@pytest.mark.share(9)
@pytest.mark.parametrize("name", IMPORTED)
def test_loss_and_gradients_are_autograds(name: str) -> None:
    made = imported(name)  # CheckFailed where they are not
    assert made.error is not None
    assert made.error <= 1e-10
    arguments = {a.arg for f in ast.walk(ast.parse(made.source)) if isinstance(f, ast.FunctionDef) for a in f.args.args}
    assert set(made.weights) <= arguments


def test_forty_modules_and_what_is_refused() -> None:
    assert len(ROWS) >= 40
    assert len(IMPORTED) >= 38


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_counterpart_is_refused_by_name_and_place(name: str) -> None:
    with pytest.raises(Refused) as error:
        imported(name)
    assert REFUSED[name] in str(error.value)


def test_a_wrong_row_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is what a wrong translation fails at: tanh for sigmoid."""
    monkeypatch.setitem(translate.ROWS, "aten.tanh.default", translate.ROWS["aten.sigmoid.default"])  # type: ignore[arg-type]
    with pytest.raises(CheckFailed, match="differs from autograd's by"):
        imported("mlp")


@pytest.mark.parametrize("wrong", ["the loss", "layer2_weight"])
def test_loss_and_each_gradient_are_compared(wrong: str) -> None:
    torch.manual_seed(0)
    module, inputs, loss = ROWS["mlp"]()
    module = traced.doubled(module)
    graph = read_archive(traced.exported(module, inputs), traced.held(module))
    brought, target = bring.bring(graph, "mlp", "", loss), bring.target_of(graph, loss)
    value, gradients = traced.of_module(module, inputs, loss, target)
    if wrong == "the loss":
        value += 1e-9
    else:
        gradients["2.weight"] = gradients["2.weight"] + 1e-9
    with pytest.raises(CheckFailed, match=wrong):
        compared(brought, traced.arrays(inputs), target, (value, gradients))


def compared(brought: Any, inputs: Any, target: Any, truth: Any) -> float:
    from symbp.pipeline import Build
    from symbp.sources import Source

    module = Build(Source(brought.written.source, "net.py", brought.written.name)).module[0]
    return bring.compare(brought, module, inputs, target, truth)


def test_gpt2_of_twelve_layers_is_a_page() -> None:
    """Twelve blocks are one loop; the width is that of a trial."""
    torch.manual_seed(0)
    module = GPT(layers=12, width=24, heads=12, words=31, places=9)
    made = import_module(module, (torch.randint(0, 31, (2, 5)),), "cross_entropy")
    lines = made.source.splitlines()
    assert len(lines) <= 60
    assert sum("for l in L:" in line for line in lines) == 1
    assert made.weights["c_attn_weight"].shape == (12, 72, 24)
    assert made.weights["c_attn_weight"].dtype == np.float32
    assert np.array_equal(made.weights["c_attn_weight"][7], module.h[7].c_attn.weight.detach().numpy())
