"""The library's layers as modules: their outputs' gradients against those of PyTorch's own functions, in float64."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.findings import describe
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.compare import by_hand, errors
from tests.autograd.modules import BOUND, distribution, draw_inputs, module_from, unit
from tests.autograd.random_data import of_lengths
from tests.notation.layers import LAYERS, network_of

SEEDS = (1, 2)
# Windows must fit; a normalised row of two is 1 and -1 whatever it was, so that its gradient is a difference of equals.
RANGES = {"I": (6, 9), "J": (6, 9), "K": (6, 9), "D": (4, 8), "N": (4, 8)}
PATHS = {"H": (2, 4), "T": (3, 5)}  # which are tried one by one
DRAWS = {"mask": of_lengths, "share": distribution, "weight": unit}


@pytest.mark.parametrize(("shapes", "call", "formula"), LAYERS)
def test_a_layer_and_its_gradients(shapes, call, formula):
    text = write_network(network_of(shapes, call, "z"))
    module = module_from(text, "net")
    for seed in SEEDS:
        inputs = draw_inputs(module, DRAWS, seed, RANGES | (PATHS if "crf" in call else {}))

        def loss(cotangent=None, **given):
            output = formula(given)
            unused = sum(0 * g.sum() for g in given.values())
            return unused + (output if cotangent is None else (output * cotangent).sum())

        expected = by_hand(loss, module.PARAMETERS, inputs)
        assert {n: e for n, e in errors(module, inputs, expected).items() if not e <= BOUND} == {}


@pytest.mark.share(24)
@pytest.mark.parametrize(("shapes", "call", "formula"), LAYERS)
def test_a_layer_passes_every_check(shapes, call, formula):
    """In float32 too, from a thousandth to a thousand, beside what rounding makes of its definition."""
    build = Build(Source(write_network(network_of(shapes, call, "z")), "net.py", "net"))
    assert [describe(c) for c in build.checks if not c.passed] == []
