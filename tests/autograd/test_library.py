"""The library's layers as modules: their outputs' gradients against those of PyTorch's own functions, in float64."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.notation.write import write_network
from tests.autograd.compare import by_hand, errors
from tests.autograd.modules import BOUND, draw_inputs, module_from
from tests.notation.layers import LAYERS, network_of

SEEDS = (1, 2)
# Windows must fit; a normalised row of two is 1 and -1 whatever it was, so that its gradient is a difference of equals.
RANGES = {"I": (6, 9), "J": (6, 9), "K": (6, 9), "D": (4, 8), "N": (4, 8)}


@pytest.mark.parametrize(("shapes", "call", "formula"), LAYERS)
def test_a_layer_and_its_gradients(shapes, call, formula):
    text = write_network(network_of(shapes, call, "z"))
    module = module_from(text, "net")
    for seed in SEEDS:
        inputs = draw_inputs(module, {}, seed, RANGES)

        def loss(cotangent=None, **given):
            output = formula(given)
            unused = sum(0 * g.sum() for g in given.values())
            return unused + (output if cotangent is None else (output * cotangent).sum())

        expected = by_hand(loss, module.PARAMETERS, inputs)
        assert {n: e for n, e in errors(module, inputs, expected).items() if not e <= BOUND} == {}
