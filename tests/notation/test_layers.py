"""The library's layers, by the interpreter, against PyTorch in float64."""

import re

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from symbp.core.check import check_network
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS
from symbp.verify.world import World
from tests.notation.layers import IMAGE, KERNEL, LAYERS, SIZES, both, network_of


def values_of(shapes):
    """Random arrays of these shapes; what is called t holds labels, a share is a part of 1, a mask has ones first."""
    generator = torch.Generator().manual_seed(3)
    found = {}
    for name, sizes in shapes.items():
        _, shape = both(*sizes)
        if name == "t":
            found[name] = torch.randint(shape[-1], shape[:-1], generator=generator)
        else:
            found[name] = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name == "share":
            found[name] = found[name].softmax(-1)
        if name == "mask":
            found[name] = (torch.arange(shape[1]) <= torch.arange(shape[0])[:, None]).double()
    return found


@pytest.mark.parametrize(("shapes", "call", "formula"), LAYERS)
def test_a_layer(shapes, call, formula):
    network = network_of(shapes, call)
    check_network(network)
    assert read_network(write_network(network)) == network
    arrays = values_of(shapes)
    world = World(network, Sizes(SIZES), FLOATS)
    world.fill({n: {key: a[key].item() for key in world.keys(n)} for n, a in arrays.items()})
    expected = formula(arrays)
    assert tuple(expected.shape) == tuple(world.size(p) for p in network.shape("z"))
    for key in world.keys("z"):
        assert world.value("z", key) == pytest.approx(expected[key].item(), rel=1e-11, abs=1e-12)


ERRORS = [
    ({"x": ("N", "C", 3, 3), "w": ("H", "C", 5, 5)}, "conv2d(x, w)", "the sizes are too small for these reads"),
    (IMAGE | KERNEL, "conv2d(x, w, stride=0)", "a stride of zero"),
    (IMAGE, "max_pool2d(x, 2, stride=0)", "a stride of zero"),
    (IMAGE, "avg_pool2d(x, 2, stride=-1)", "a stride of zero or less"),
    (IMAGE | KERNEL, "conv2d(x, w, dilation=0)", "a dilation of zero"),
    (IMAGE | KERNEL, "conv2d(x, w, padding=-1)", "a negative padding; expected 0 or more"),
    (IMAGE, "max_pool2d(x, 3, padding=2)", "padding of more than half the window; expected at most half"),
    (IMAGE, "max_pool2d(x, 3, padding=(1, 2))", "padding of more than half the window"),
    (IMAGE, "max_pool2d(x, 0)", "a window of no entries"),
    (IMAGE, "avg_pool2d(x, (2, 2, 2))", "expected 2 numbers here, not 3"),
    (IMAGE | KERNEL, "conv2d(x, w, stride=1.5)", "expected a whole number or a size here, or a tuple"),
    ({"x": ("N", 4, "I", "J"), "w": (5, 2, 3, 3)}, "conv2d(x, w, groups=2)", "expected Array[groups * F, C, U, V]"),
    ({"x": ("N", "D"), "m": ("N", "D")}, "dropout(x, m, p=1)", "less than 1"),
    ({"x": ("N", "D"), "m": ("N",)}, "dropout(x, m)", "(N, D) and (N,)"),
    ({"x": ("N", "C", 3, 3)}, "max_pool2d(x, 4)", "the sizes are too small for this"),
    ({"x": ("N", "C", "I", "J"), "w": ("H", "D", 5, 5)}, "conv2d(x, w)", "C of `conv2d` is C by `x` and D by `w`"),
    ({"x": ("N", 5, "I", "J"), "w": ("H", 2, 3, 3)}, "conv2d(x, w, groups=2)", "expected Array[N, groups * C, I, J]"),
    ({"t": ("N", "K"), "w": ("D", "H")}, "embedding(t, w)", "V of `embedding` is K by `x` and D by `w`"),
    ({"t": ("N", "K"), "x": ("N", "D")}, "cross_entropy(x, t)", "do not fit"),
    ({"t": ("N", "K"), "x": ("N", "D")}, "sigmoid(t)", "holds labels"),
    (IMAGE, "upsample(x, 2, mode='cubic')", "expected 'nearest' or 'bilinear'"),
    ({"x": ("N", "K"), "y": ("N", "K")}, "mse(x, y, 'average')", "expected 'mean', 'sum' or 'none'"),
    ({"x": ("N", "K"), "y": ("N", "K")}, "huber(x, y, reduction=None)", "expected 'mean', 'sum' or 'none'"),
    ({"x": ("N", 5)}, "maxout(x, 2)", "expected Array[..., pool_size * H]"),
    ({"x": ("N", "K"), "w": ("K", "D")}, "embedding(x, w)", "`x` of `embedding` is labels"),
]


@pytest.mark.parametrize(("shapes", "call", "message"), ERRORS)
def test_what_does_not_fit(shapes, call, message):
    with pytest.raises(NotationError, match=re.escape(message)):
        network_of(shapes, call)
