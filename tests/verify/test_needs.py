"""Sizes grow where a network has no value at the usual ones."""

import pytest

from symbp.core import build as b
from symbp.core.expr import Compare, Expr, Extreme, Fn, Int, Sum
from symbp.core.integers import Poly
from symbp.core.network import PARAM, Equation, Network
from symbp.verify.module import check_module
from symbp.verify.needs import needs
from symbp.verify.sizes import choose_sizes
from tests.verify.nets import DIMS, d, h, read, tensor


def beyond(index, least: int) -> Compare:
    """index > least"""
    return Compare(">", Int(Poly.of(index)), b.num(least))


def mean_beyond(index, least: int, name: str) -> Expr:
    """The mean of the entries beyond `least`."""
    cond = beyond(index, least)
    total = Sum((index,), b.where(cond, read(name, index), b.NIL))
    return b.div(total, Sum((index,), b.where(cond, b.UNIT, b.NIL)))


def network(loss: Expr) -> Network:
    """w (D,) and v (H,) under a loss."""
    inputs = (tensor("w", PARAM, "D"), tensor("v", PARAM, "H"))
    return Network("few", "", (DIMS["D"], DIMS["H"]), inputs, (Equation("L", (), loss),), ("L",))


@pytest.mark.parametrize(
    ("loss", "sizes"),
    [
        (mean_beyond(h, 0, "v"), {"D": 3, "H": 2}),
        (mean_beyond(h, 1, "v"), {"D": 3, "H": 5}),
        (Extreme("max", (h,), read("v", h), beyond(h, 1)), {"D": 3, "H": 5}),
        (b.mul(mean_beyond(d, 6, "w"), mean_beyond(h, 3, "v")), {"D": 11, "H": 13}),
        (Fn("log", (b.num(-1),)), {"D": 3, "H": 2}),
    ],
    ids=["enough", "one more", "the largest", "both", "hopeless"],
)
def test_sizes_grow_until_there_is_a_value(loss, sizes):
    found = choose_sizes(network(loss), needs(network(loss), "L"))
    assert dict(found.values) == sizes


def test_a_module_is_checked_at_those_sizes():
    text = """
import numpy as np

def loss_and_gradients(*, w, v):
    return v[2:].mean(), {"w": 0 * w, "v": (np.arange(len(v)) > 1).astype(v.dtype) / (len(v) - 2)}
"""
    checks = check_module(network(mean_beyond(h, 1, "v")), text)
    assert [c.note for c in checks if not c.passed] == []
    wrong = check_module(network(mean_beyond(h, 1, "v")), text.replace("> 1", "> 0"))
    assert "v" in {c.name for c in wrong if not c.passed}
