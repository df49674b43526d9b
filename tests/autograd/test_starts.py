"""Modules of recurrences with learned starts and norms within, and of data with equal entries, against autograd.

Sizes are as small as they get, too: of one step alone, what a second start gives to the second step is nothing.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.notation.read import list_networks, read_network
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd import witness
from tests.autograd.compare import errors, tensors
from tests.autograd.modules import Array, draw_sizes, labels, module_of, shapes_of, value_of
from tests.autograd.test_hessian import double_backward, vector_for, worst

TEXT = (Path(__file__).parent / "start_networks.py").read_text()
NAMES = list_networks(TEXT)
BOUND = 1e-11
WIDTHS = (2, 1, 3, 2, 4)
SIZES = [
    {"T": 1, "L": 1, "N": 1, "D": 1, "K": 1},
    {"T": 1, "L": 1, "N": 2, "D": 3, "K": 2},
    {"T": 2, "L": 2, "N": 1, "D": 2, "K": 3},
    {"T": 2, "L": 2, "N": 2, "D": 1, "K": 1},
    {"T": 5, "L": 3, "N": 4, "D": 6, "K": 3},
]


@cache
def module(name: str) -> ModuleType:
    return module_of(Build(Source(TEXT, "start_networks.py", name), hvp=True).module[0], name)


def drawn(name: str, sizes: dict[str, int], seed: int) -> dict[str, Array]:
    m = module(name)
    rng = np.random.default_rng(seed)
    chosen = {n: WIDTHS if isinstance(k, tuple) else sizes[n] for n, k in draw_sizes(m, rng).items()}
    found: dict[str, Array] = {}
    for n in (*m.DATA, *m.PARAMETERS):
        shape = shapes_of(m, n, chosen)
        if n in m.LABELS:
            found[n] = labels(value_of(m.LABELS[n], chosen))(rng, shape)
        else:
            found[n] = [rng.normal(size=s) for s in shape] if isinstance(shape, list) else rng.normal(size=shape)
    for n, sign in (("S", 1), ("A", -1)):
        if n in m.DATA:
            found[n] = (found[n] + sign * found[n].T) / 2
    return found


@pytest.mark.parametrize("sizes", SIZES, ids=lambda s: "".join(f"{n}{k}" for n, k in s.items()))
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, sizes: dict[str, int]) -> None:
    inputs = drawn(name, sizes, 11)
    expected = witness.gradients(read_network(TEXT, "start_networks.py", name), tensors(inputs))
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        found = errors(module(name), inputs, expected, floor=1e-3)
    assert {n: e for n, e in found.items() if not e <= BOUND} == {}


ONE_STEP = [(name, SIZES[1]) for name in ("two_starts", "both_ways", "third_order", "gated", "normed_steps")]


@pytest.mark.parametrize(("name", "sizes"), [*ONE_STEP, *((name, s) for name in NAMES for s in SIZES[2:])])
def test_hessian_times_a_vector(name: str, sizes: dict[str, int]) -> None:
    network, m = read_network(TEXT, "start_networks.py", name), module(name)
    inputs = drawn(name, sizes, 12)
    vector = vector_for(inputs, m.PARAMETERS, 12)
    parameters = {n: inputs[n] for n in m.PARAMETERS}
    found = m.hessian_vector_product(*(inputs[n] for n in m.DATA), vector, **parameters)
    expected = double_backward(lambda **given: witness.evaluate(network, given), inputs, vector)
    assert worst(found, expected) <= BOUND


@pytest.mark.parametrize("name", ["over_a_graph", "mean_field", "turning"])
def test_the_gradients_rest_on_the_fact(name: str) -> None:
    m = module(name)
    assert len(m.FACTS) == 1
    inputs = drawn(name, SIZES[-1], 13)
    square = "A" if name == "turning" else "S"
    inputs[square][0, 1] += 0.1
    with pytest.raises(ValueError, match=f"{square} breaks a fact"):
        m.loss_and_gradients(*(inputs[n] for n in m.DATA), **{n: inputs[n] for n in m.PARAMETERS})
