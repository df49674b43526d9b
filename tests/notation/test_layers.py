"""The library's layers, by the interpreter, against PyTorch in float64."""

import re

import pytest
import torch
from torch.nn import functional as F

from symbp.core.check import check_network
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS
from symbp.verify.world import World
from tests.notation.texts import file_text

SIZES = {"N": 3, "D": 5, "H": 2, "K": 7, "C": 4, "I": 6, "J": 8, "T": 5}
SIZES_OF_GATES = {"3 * H": 6, "4 * H": 8}
MORE = 'C, I, J, T = dims("C I J T")\n'


def both(*sizes):
    """A shape by its sizes and by their values."""
    return ", ".join(map(str, sizes)), tuple({**SIZES, **SIZES_OF_GATES}.get(s, s) for s in sizes)


IMAGE = {"x": ("N", "C", "I", "J")}
ROWS = {"x": ("N", "D"), "g": ("D",), "b": ("D",)}
KERNEL = {"w": ("H", "C", 3, 2), "b": ("H",)}
HEADS = {"q": ("N", "H", "T", "D"), "k": ("N", "H", "T", "D"), "v": ("N", "H", "T", "C")}
CELL = {"x": ("N", "D"), "h": ("N", "H"), "c": ("N", "H")}


def gates(count, biases=1):
    width = f"{count} * H" if count > 1 else "H"
    found = {"Wx": ("D", width), "Wh": ("H", width), "b": (width,)}
    return {**CELL, **found} if biases == 1 else {**CELL, **found, "d": (width,)}


def lstm(a):
    zero = torch.zeros_like(a["b"])
    return torch.lstm_cell(a["x"], (a["h"], a["c"]), a["Wx"].T, a["Wh"].T, a["b"], zero)[0]


def layers(a, norm):
    return norm(a["x"], a["x"].shape[-1:], a["g"], a["b"])


LAYERS = [
    (KERNEL | IMAGE, "conv2d(x, w)", lambda a: F.conv2d(a["x"], a["w"])),
    (KERNEL | IMAGE, "conv2d(x, w, bias=b)", lambda a: F.conv2d(a["x"], a["w"], a["b"])),
    (KERNEL | IMAGE, "conv2d(x, w, stride=2, padding=1)", lambda a: F.conv2d(a["x"], a["w"], stride=2, padding=1)),
    (KERNEL | IMAGE, "conv2d(x, w, stride=3, dilation=2)", lambda a: F.conv2d(a["x"], a["w"], stride=3, dilation=2)),
    (
        {"x": ("N", 4, "I", "J"), "w": (6, 2, 3, 2)},
        "conv2d(x, w, groups=2, padding=1)",
        lambda a: F.conv2d(a["x"], a["w"], groups=2, padding=1),
    ),
    (
        {"x": ("N", "C", "K"), "w": ("H", "C", 3), "b": ("H",)},
        "conv1d(x, w, stride=2, padding=2, bias=b)",
        lambda a: F.conv1d(a["x"], a["w"], a["b"], stride=2, padding=2),
    ),
    (
        {"x": ("N", 4, "K"), "w": (4, 1, 3)},
        "conv1d(x, w, groups=4, dilation=2)",
        lambda a: F.conv1d(a["x"], a["w"], groups=4, dilation=2),
    ),
    (IMAGE, "max_pool2d(x, 2)", lambda a: F.max_pool2d(a["x"], 2)),
    (IMAGE, "max_pool2d(x, 3, stride=2, width=2)", lambda a: F.max_pool2d(a["x"], (3, 2), 2)),
    (IMAGE, "avg_pool2d(x, 3, stride=1)", lambda a: F.avg_pool2d(a["x"], 3, 1)),
    (IMAGE, "avg_pool2d(x, 3)", lambda a: F.avg_pool2d(a["x"], 3)),
    (ROWS, "batch_norm(x, g, b)", lambda a: F.batch_norm(a["x"], None, None, a["g"], a["b"], training=True)),
    (
        {"x": ("N", "D", "I", "J"), "g": ("D",), "b": ("D",)},
        "batch_norm2d(x, g, b)",
        lambda a: F.batch_norm(a["x"], None, None, a["g"], a["b"], training=True),
    ),
    (
        ROWS,
        "batch_norm(x, g, b, eps=0.1, unbiased=True)",
        lambda a: a["g"] * (a["x"] - a["x"].mean(0)) / (a["x"].var(0) + 0.1).sqrt() + a["b"],
    ),
    (ROWS, "layer_norm(x, g, b)", lambda a: layers(a, F.layer_norm)),
    ({**ROWS, "x": ("N", "T", "D")}, "layer_norm(x, g, b)", lambda a: layers(a, F.layer_norm)),
    (
        ROWS,
        "rms_norm(x, g, eps=0.01)",
        lambda a: a["g"] * a["x"] / (a["x"].square().mean(-1, keepdim=True) + 0.01).sqrt(),
    ),
    (
        {"x": ("N", 6, "I", "J"), "g": (6,), "b": (6,)},
        "group_norm(x, 3, g, b)",
        lambda a: F.group_norm(a["x"], 3, a["g"], a["b"]),
    ),
    ({"x": ("N", "D"), "m": ("N", "D")}, "dropout(x, m, rate=0.2)", lambda a: a["x"] * a["m"] / 0.8),
    (HEADS, "attention(q, k, v)", lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"])),
    (
        HEADS,
        "attention(q, k, v, causal=True)",
        lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"], is_causal=True),
    ),
    (
        gates(1),
        "rnn_cell(x, h, Wx, Wh, b)",
        lambda a: torch.rnn_tanh_cell(a["x"], a["h"], a["Wx"].T, a["Wh"].T, a["b"], torch.zeros_like(a["b"])),
    ),
    (gates(4), "first(lstm_cell(x, h, c, Wx, Wh, b))", lstm),
    (
        gates(3, 2),
        "gru_cell(x, h, Wx, Wh, b, d)",
        lambda a: torch.gru_cell(a["x"], a["h"], a["Wx"].T, a["Wh"].T, a["b"], a["d"]),
    ),
    ({"x": ("N", "D"), "y": ("N", "D")}, "huber(x, y)", lambda a: F.huber_loss(a["x"], a["y"])),
    ({"x": ("N", "D"), "y": ("N", "D")}, "huber(x, y, delta=0.5)", lambda a: F.huber_loss(a["x"], a["y"], delta=0.5)),
    (
        {"x": ("N", "D"), "y": ("N", "D")},
        "hinge(x, y)",
        lambda a: torch.clamp(1 - a["x"] * a["y"], min=0).mean(),
    ),
    (
        {"x": ("N", "D"), "y": ("N", "D")},
        "kl_div(x, softmax(y))",
        lambda a: F.kl_div(a["x"], a["y"].softmax(-1), reduction="batchmean"),
    ),
    ({"t": ("N", "T", "K"), "w": ("K", "D")}, "embedding(t, w)", lambda a: F.embedding(a["t"], a["w"])),
    ({"t": ("N", "K"), "x": ("N", "K")}, "cross_entropy(x, t)", lambda a: F.cross_entropy(a["x"], a["t"])),
    ({"t": ("N", "K"), "x": ("N", "K")}, "nll(x, t)", lambda a: F.nll_loss(a["x"], a["t"])),
    (
        {"t": ("N", "T", "K"), "x": ("N", "T", "K")},
        "cross_entropy(x, t)",
        lambda a: F.cross_entropy(a["x"].flatten(0, 1), a["t"].flatten()),
    ),
]


def network_of(shapes, call):
    """The network of one call, whose output is z."""
    kinds = {n: "Labels" if n == "t" else "Param" for n in shapes}
    signature = ", ".join(f"{n}: {kinds[n]}[{both(*s)[0]}]" for n, s in shapes.items())
    if call.startswith("first("):
        body = f"z, second = {call[6:-1]}\nreturn sum(z)"
    else:
        body = f"z = {call}\nreturn sum(z)"
    head = file_text(body, signature, MORE)
    return read_network(head.replace("import Array, Data,", "import Array, Data, Labels,"))


def values_of(shapes):
    """Random arrays of these shapes; what is called t holds labels."""
    generator = torch.Generator().manual_seed(3)
    found = {}
    for name, sizes in shapes.items():
        _, shape = both(*sizes)
        if name == "t":
            found[name] = torch.randint(shape[-1], shape[:-1], generator=generator)
        else:
            found[name] = torch.randn(shape, generator=generator, dtype=torch.float64)
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
    ({"x": ("N", "C", 3, 3)}, "max_pool2d(x, 4)", "the sizes are too small for these reads"),
    ({"x": ("N", "C", "I", "J"), "w": ("H", "D", 5, 5)}, "conv2d(x, w)", "with"),
    ({"x": ("N", 5, "I", "J"), "w": ("H", 2, 3, 3)}, "conv2d(x, w, groups=2)", "expected Array[N, groups * C, I, J]"),
    ({"t": ("N", "K"), "w": ("D", "H")}, "embedding(t, w)", "expected Array[V, D] with V = K"),
    ({"t": ("N", "K"), "x": ("N", "D")}, "cross_entropy(x, t)", "do not fit"),
    ({"t": ("N", "K"), "x": ("N", "D")}, "sigmoid(t)", "holds labels"),
    ({"x": ("N", "K"), "w": ("K", "D")}, "embedding(x, w)", "`x` of `embedding` is labels"),
]


@pytest.mark.parametrize(("shapes", "call", "message"), ERRORS)
def test_what_does_not_fit(shapes, call, message):
    with pytest.raises(NotationError, match=re.escape(message)):
        network_of(shapes, call)
