"""Loops over any earlier state, in functions that loops call, over a number of iterations; `stop_gradient`: loss,
gradients and Hessian times a vector against PyTorch's.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from symbp.notation.read import list_networks, read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.module import check_module
from tests.autograd import step_losses
from tests.autograd.compare import tensors
from tests.autograd.modules import module_of, relative_error, shapes_of

TEXT = (Path(__file__).parent / "step_networks.py").read_text()
NAMES = list_networks(TEXT)
BOUND = 1e-10
SIZES = (
    {"N": 3, "T": 4, "S": 5, "P": 3, "D": 3, "H": 2, "K": 4, "L": 3},
    {"N": 2, "T": 1, "S": 2, "P": 1, "D": 2, "H": 3, "K": 1, "L": 1},
    {"N": 4, "T": 6, "S": 3, "P": 2, "D": 1, "H": 4, "K": 3, "L": 2},
)


@cache
def build(name: str) -> Build:
    return Build(Source(TEXT, "step_networks.py", name), hvp=True)


@cache
def module(name: str) -> ModuleType:
    return module_of(build(name).module[0], name)


def drawn(m: ModuleType, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Any]:
    """Normal inputs, labels, and lengths from 1 to those of the sequences."""
    found = {n: rng.normal(size=shapes_of(m, n, sizes)) for n in (*m.DATA, *m.PARAMETERS)}
    found |= {n: rng.integers(0, sizes[m.LABELS[n]], found[n].shape) for n in m.LABELS}
    lengths = {"lx": sizes["S"], "ly": sizes["T"]}
    return found | {n: rng.integers(1, k + 1, sizes["N"]).astype(float) for n, k in lengths.items() if n in m.DATA}


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_products_are_pytorchs(name):
    m, loss = module(name), getattr(step_losses, name)
    for seed, sizes in enumerate(SIZES):
        rng = np.random.default_rng(seed)
        inputs = drawn(m, sizes, rng)
        told = {n: sizes[n] for n in m.SIZES}
        data, parameters = [inputs[n] for n in m.DATA], {n: inputs[n] for n in m.PARAMETERS}
        given = tensors(inputs)
        leaves = [given[n].requires_grad_() for n in m.PARAMETERS]
        value = loss(**given, **told)
        slopes = torch.autograd.grad(value, leaves, create_graph=True, allow_unused=True)
        vector = {n: rng.normal(size=np.shape(parameters[n])) for n in m.PARAMETERS}
        moved = [(s, torch.tensor(vector[n])) for n, s in zip(m.PARAMETERS, slopes, strict=True) if s is not None]
        along = sum((s * v).sum() for s, v in moved)
        bends = torch.autograd.grad(along, leaves, allow_unused=True) if along.requires_grad else [None] * len(leaves)
        found, gradients = m.loss_and_gradients(*data, **parameters, **told)
        product = m.hessian_vector_product(*data, vector, **parameters, **told)
        assert abs(found - value.item()) <= BOUND * max(1.0, abs(found))
        for n, leaf, s, b in zip(m.PARAMETERS, leaves, slopes, bends, strict=True):
            right, bend = (torch.zeros_like(leaf) if d is None else d for d in (s, b))
            assert relative_error(gradients[n], right.detach().numpy(), 1e-3) <= BOUND, (n, sizes)
            assert relative_error(product[n], bend.detach().numpy(), 1e-3) <= BOUND, (n, sizes)


@pytest.mark.share(4)
@pytest.mark.parametrize("name", NAMES)
def test_all_checks_pass(name):
    assert not [c for c in build(name).checks if not c.passed]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_reads_back(name):
    for network in (build(name).network, build(name).derivation.backward):
        assert read_network(write_network(network)) == network


def test_a_module_that_lets_a_gradient_through_is_found_out():
    """Without its stop_gradient a network has other gradients, which every witness sees."""
    stopped = read_network(TEXT, "step_networks.py", "tbptt")
    through = TEXT.replace("stop_gradient(h[t - 1])", "h[t - 1]")
    wrong = Build(Source(through, "step_networks.py", "tbptt")).module[0]
    found = {(c.name, c.witness) for c in check_module(stopped, wrong) if not c.passed}
    assert {("W", "complex step"), ("W", "central difference"), ("U", "complex step")} <= found
    assert not [c for c in check_module(stopped, build("tbptt").module[0]) if not c.passed]
