"""Networks as their authors wrote them, for what the language has beside the plain ones: loss and gradients against
PyTorch's, at the sizes of `written_losses.py` and at others.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.compare import by_hand
from tests.autograd.modules import module_of, relative_error, shapes_of
from tests.autograd.written_losses import REFERENCES

FOLDER = Path(__file__).parent / "written"
# Sizes that are written out in the losses stay, and what facts say of sizes holds.
FIXED = {
    "merged_heads": {"A": 3},
    "encoder_mha": {"A": 2, "D": 8},
    "sinkhorn": {"K": 5},
    "ctc_net": {"T": 8, "S": 3},
}
SIZES = {"merged_heads": ("A",), "encoder_mha": ("A",), "sinkhorn": ("K",)}
NAMES = sorted(REFERENCES)
BOUND = 1e-10


def test_every_network_has_its_loss():
    assert sorted(p.stem for p in FOLDER.glob("*.py")) == sorted(REFERENCES)


@cache
def build(name: str) -> Build:
    return Build(Source((FOLDER / f"{name}.py").read_text(), f"{name}.py", name))


@cache
def module(name: str) -> ModuleType:
    return module_of(build(name).module[0], name)


def check_written(name: str, sizes: dict[str, int], seed: int) -> None:
    """Loss and gradients at these sizes are PyTorch's."""
    m, (_, given, loss) = module(name), REFERENCES[name]
    rng = np.random.default_rng(seed)
    known = given(rng, sizes)
    inputs = {n: known[n] if n in known else rng.normal(size=shapes_of(m, n, sizes)) for n in (*m.DATA, *m.PARAMETERS)}
    parameters = {n: inputs[n] for n in m.PARAMETERS}
    told = {n: sizes[n] for n in m.SIZES}
    found, gradients = m.loss_and_gradients(*(inputs[n] for n in m.DATA), **parameters, **told)
    right, expected = by_hand(loss, m.PARAMETERS, inputs)
    assert abs(found - right) <= BOUND * max(1.0, abs(right))
    for n in m.PARAMETERS:
        assert relative_error(gradients[n], expected[n].numpy(), 1e-3) <= BOUND, n


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_and_the_gradients_are_pytorchs(name):
    sizes = REFERENCES[name][0]
    check_written(name, sizes, 0)
    for seed in (1, 2):
        check_written(name, {n: k + seed for n, k in sizes.items()} | FIXED.get(name, {}), seed)
    assert SIZES.get(name, ()) == module(name).SIZES


@pytest.mark.parametrize("name", NAMES)
def test_the_backward_pass_reads_back(name):
    network = build(name).derivation.backward
    assert read_network(write_network(network)) == network


@pytest.mark.share(5)
@pytest.mark.parametrize("name", NAMES)
def test_all_checks_pass(name):
    assert not [c for c in build(name).checks if not c.passed]
