"""Every elementary function against PyTorch's, and data at the ends of their domains."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from symbp.core.functions import FUNCTIONS
from symbp.notation.read import list_networks, read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd import witness
from tests.autograd.compare import arrays, by_hand, keywords, tensors
from tests.autograd.modules import draw_inputs, module_of, relative_error

TEXT = (Path(__file__).parent / "function_networks.py").read_text()
NAMES = list_networks(TEXT, "function_networks.py")
UNKNOWN = {
    "tan_h": lambda u: torch.tanh(u) + torch.sin(u) / 3,
    "atan2": lambda u, v: torch.sin(u) * torch.tanh(v) + u * v / 5,
}


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


@cache
def build(name: str, hvp: bool = False) -> Build:
    return Build(Source(TEXT, "function_networks.py", name), hvp=hvp)


@cache
def module(name: str, hvp: bool = False) -> ModuleType:
    return module_of(build(name, hvp).module[0], name)


def bound(name: str) -> float:
    """PyTorch's trigamma is right to nine digits only; the one of modules is held against mpmath's in tests/emit."""
    backward = write_network(build(name).derivation.backward)
    return 1e-8 if "gamma(" in backward else 1e-10


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, seed: int) -> None:
    network = read_network(TEXT, "function_networks.py", name)
    inputs = draw_inputs(module(name), {}, seed, {})
    given = {n: f for n, f in keywords(UNKNOWN).items() if n in getattr(module(name), "FUNCTIONS", ())}
    loss, slopes = by_hand(lambda **t: witness.evaluate(network, t, UNKNOWN), module(name).PARAMETERS, inputs)
    data = [inputs[n] for n in module(name).DATA]
    found, gradients = module(name).loss_and_gradients(*data, **{n: inputs[n] for n in slopes}, **given)
    assert relative_error(found, loss) < 1e-10
    found_errors = {n: relative_error(gradients[n], arrays(g)) for n, g in slopes.items()}
    assert {n: e for n, e in found_errors.items() if not e < bound(name)} == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_check_passes_and_the_backward_network_reads_back(name: str) -> None:
    assert [c for c in build(name).checks if not c.passed] == []
    backward = build(name).derivation.backward
    assert read_network(write_network(backward)) == backward


@pytest.mark.parametrize("name", ["sinh_cell", "entropy_of_gammas", "every_function", "gelu_twice"])
def test_hessian_times_a_vector(name: str) -> None:
    network, made = read_network(TEXT, "function_networks.py", name), module(name, True)
    inputs = draw_inputs(made, {}, 3, {})
    rng = np.random.default_rng(3)
    along = {n: rng.normal(size=np.shape(inputs[n])) for n in made.PARAMETERS}
    given = tensors(inputs)
    leaves = [given[n].requires_grad_() for n in made.PARAMETERS]
    first = torch.autograd.grad(witness.evaluate(network, given), leaves, create_graph=True)
    total = sum((g * torch.tensor(along[n])).sum() for n, g in zip(made.PARAMETERS, first, strict=True))
    expected = torch.autograd.grad(total, leaves)
    data, parameters = [inputs[n] for n in made.DATA], {n: inputs[n] for n in made.PARAMETERS}
    found = made.hessian_vector_product(*data, along, **parameters)
    for name_, value in zip(made.PARAMETERS, expected, strict=True):
        assert relative_error(found[name_], value.numpy()) < bound(name)


def test_each_function_stands_in_some_network() -> None:
    called = {name for name in FUNCTIONS if f"{name}(" in TEXT}
    assert {"erfc", "sinh", "cosh", "tan", "atan", "log2", "lgamma", "digamma"} <= called


def single(text: str) -> ModuleType:
    body = f"""from symbp import Data, Param, dims, network
N = dims("N")


@network
def single(y: Data[N], w: Param[N]):
    return sum(y * {text})
"""
    return module_of(Build(Source(body, "single.py", "single")).module[0], "single")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand(dtype: type) -> None:
    w, y = np.array([-1e4, -1e-3, 0.0, 30.0, 1e4], dtype), np.ones(5, dtype)
    loss, found = single("log(cosh(w))").loss_and_gradients(y, w=w)
    assert loss == pytest.approx(2e4 + 30 - 3 * np.log(2) + 5e-7, rel=1e-6)
    assert found["w"] == pytest.approx(np.tanh(w), rel=1e-6)
    loss, found = single("sinh(w) / cosh(w)").loss_and_gradients(y, w=w)
    assert loss == pytest.approx(np.tanh(w).sum(), rel=1e-6)
    assert found["w"] == pytest.approx([0, 1 - 1e-6, 1, 4 * np.exp(-60.0), 0], rel=1e-5)
    assert single("1 / cosh(w)").loss_and_gradients(y, w=w)[1]["w"][[0, 4]].tolist() == [0, 0]
    assert single("exp(-cosh(w))").loss_and_gradients(y, w=w)[1]["w"][[0, 4]].tolist() == [0, 0]


def test_tails_in_float32() -> None:
    w, y = np.array([-1e15, 9.0, 1e15], np.float32), np.array([0, 1e30, 0], np.float32)
    loss, found = single("erfc(w)").loss_and_gradients(y, w=w)
    assert loss == pytest.approx(4.13703174e-7, rel=1e-6)
    assert found["w"] == pytest.approx([0, -2 / np.sqrt(np.pi) * np.exp(-81.0) * 1e30, 0], rel=1e-5)
    assert single("erfc(w)").loss(np.ones(3, np.float32), w=w) == 2


@pytest.mark.parametrize("w", [1e30, -1e30])
def test_an_angle_far_out(w: float) -> None:
    loss, found = single("atan(w)").loss_and_gradients([2.0], w=np.array([w]))
    assert loss == pytest.approx(np.copysign(np.pi, w))
    assert found["w"] == pytest.approx([2e-60])


@pytest.mark.parametrize(("text", "w", "value"), [
    ("lgamma(w)", 0.0, np.inf),
    ("digamma(w)", 0.0, -np.inf),
    ("lgamma(w)", -0.5, np.nan),
    ("digamma(w)", -0.5, np.nan),
    ("lgamma(w)", np.inf, np.inf),
    ("atan(w)", np.inf, np.pi / 2),
    ("erfc(w)", np.inf, 0.0),
    ("erfc(w)", -np.inf, 2.0),
    ("lgamma(w)", 1e-300, 690.7755278982137),
])  # fmt: skip
def test_ends_of_domains(text: str, w: float, value: float) -> None:
    with np.errstate(all="ignore"):
        assert single(text).loss([1.0], w=np.array([w])) == pytest.approx(value, nan_ok=True)
