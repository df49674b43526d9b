"""Modules of layers: labels, lists of arrays, sizes that are too small, and what `out` and `work` keep."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.autograd.modules import built_in_module, draw_inputs
from tests.emit.emitted import body_of, text_of

Inputs = dict[str, Any]

# Sizes are pinned so that a message can be spelt out.
SIZES = {
    "conv_layer": {"N": 3, "C": 2, "I": 5, "J": 7, "F": 4, "U": 3, "V": 2},
    "max_pool_layer": {"N": 3, "C": 2, "I": 7, "J": 5},
    "mlp": {},
    "stacked_lstm": {"L": 2, "T": 3, "N": 4, "H": 5},
    "lstm": {"T": 3, "N": 2, "D": 4, "H": 5},
    "char_mlp": {"N": 6, "T": 3, "V": 5, "D": 2, "H": 4},
    "batch_norm_mlp": {"N": 5, "D": 3, "H": 4, "K": 6},
    "layer_norm_mlp": {"N": 5, "D": 3, "H": 4, "K": 6},
    "attention_head": {"B": 2, "T": 3, "D": 4, "E": 5},
    "transformer_block": {"N": 2, "T": 3, "H": 2, "E": 4, "F": 5},
}


def drawn(name: str, seed: int = 0) -> Inputs:
    """Inputs of a built-in network at its sizes here."""
    if name == "mlp":
        return layers((4, 5, 3), seed)
    return draw_inputs(built_in_module(name), {}, seed, {d: (n, n + 1) for d, n in SIZES[name].items()})


def call(name: str, inputs: Inputs, function: str = "loss_and_gradients", **kept: Any) -> Any:
    """A function of the module at these inputs."""
    module = built_in_module(name)
    data = [inputs[n] for n in module.DATA]
    return getattr(module, function)(*data, **{n: inputs[n] for n in module.PARAMETERS}, **kept)


def entry(array: Any, place: tuple[int, ...], value: int) -> Any:
    """A copy with another entry."""
    changed = array.copy()
    changed[place] = value
    return changed


REFUSED = {
    "a label too large": ("batch_norm_mlp", "t", lambda t: entry(t, (2,), 6), "t[2] is 6, expected a label from 0 to"),
    "a label below 0": ("layer_norm_mlp", "t", lambda t: entry(t, (1,), -1), "t[1] is -1, expected a label from 0 to"),
    "a label of two": (
        "char_mlp",
        "x",
        lambda x: entry(x, (4, 1), 9),
        "x[4, 1] is 9, expected a label from 0 to V - 1 = 4",
    ),
    "labels as floats": ("char_mlp", "y", lambda y: y * 1.0, "y has dtype float64, expected integers"),
    "labels of another batch": ("char_mlp", "y", lambda y: y[1:], "y has shape (5,), expected (N,) = (6,)"),
    "no labels": ("char_mlp", "y", lambda y: y[:0], "y has shape (0,), expected (N,) with every extent at least 1"),
    "an empty batch": ("batch_norm_mlp", "x", lambda x: x[:0], "x has shape (0, 3), expected (N, D) with every extent"),
    "no steps": (
        "lstm",
        "x",
        lambda x: x[:0],
        "x has shape (0, 2, 4), expected (T, N, D) with every extent at least 1",
    ),
    "no heads": ("transformer_block", "Wq", lambda w: w[:0], "Wq has shape (0, 8, 4), expected (H, E*H, E) with every"),
    "no rows": ("conv_layer", "x", lambda x: x[:, :, :0], "x has shape (3, 2, 0, 7), expected (N, C, I, J) with every"),
    "gates of another width": ("lstm", "b", lambda b: b[1:], "b has shape (19,), expected (4*H,) = (20,)"),
    "layers of another number": (
        "stacked_lstm",
        "b",
        lambda b: b[1:],
        "b has shape (1, 20), expected (L, 4*H) = (2, 20)",
    ),
    "an image below the kernel": (
        "conv_layer",
        "w",
        lambda w: np.ones((4, 2, 8, 2)),
        "the sizes are too small: y would have (I - U)//2 + 2 = 0 entries",
    ),
    "an image below the window": (
        "max_pool_layer",
        "x",
        lambda x: x[:, :, :2],
        "the sizes are too small: y would have (I + 1)//2 - 1 = 0 entries along i",
    ),
    "an array fewer": ("mlp", "b", lambda b: b[:1], "b has 1 arrays, expected l: L = 2"),
    "an array more": ("mlp", "b", lambda b: [*b, b[0]], "b has 3 arrays, expected l: L = 2"),
    "no arrays": ("mlp", "W", lambda W: [], "W has 0 arrays, expected l: L = 1"),
    "an array and no list": ("mlp", "W", lambda W: W[0], "W is of type ndarray, expected a list of arrays"),
    "nothing": ("mlp", "W", lambda W: None, "W is of type NoneType, expected a list of arrays"),
    "an array of another width": (
        "mlp",
        "b",
        lambda b: [b[0], np.ones(9)],
        "b[1] has shape (9,), expected (D[l + 1],) = (3,)",
    ),
    "layers that do not meet": (
        "mlp",
        "W",
        lambda W: [W[0], np.ones((9, 3))],
        "W[1] has shape (9, 3), expected (D[l], D[l + 1]) = (5, 3)",
    ),
    "an array of another rank": ("mlp", "W", lambda W: [W[0][None], W[1]], "expected 2 dimensions, (D[l], D[l + 1])"),
    "a layer without units": (
        "mlp",
        "b",
        lambda b: [b[0][:0], b[1]],
        "b[0] has shape (0,), expected (D[l + 1],) with every",
    ),
    "another dtype in a list": (
        "mlp",
        "W",
        lambda W: [W[0], W[1].astype(np.float32)],
        "W has dtype float32, expected float64, the same for all",
    ),
    "integers in a list": ("mlp", "b", lambda b: [a.astype(int) for a in b], "b has dtype int64, expected float64"),
    "integer gates": ("lstm", "Wx", lambda w: w.astype(int), "Wx has dtype int64, expected float32 or float64"),
    "mixed dtypes": ("attention_head", "Wk", lambda w: w.astype(np.float32), "Wk has dtype float32, expected float64"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("function", ["loss_and_gradients", "loss"])
def test_what_does_not_fit_is_refused(case: str, function: str) -> None:
    name, argument, change, message = REFUSED[case]
    inputs = drawn(name)
    with pytest.raises(ValueError, match=re.escape(message)):
        call(name, inputs | {argument: change(inputs[argument])}, function)


@pytest.mark.parametrize("name", SIZES)
def test_out_and_work_change_nothing(name: str) -> None:
    out: dict[str, Any] = {}
    work: dict[str, Any] = {}
    for seed in (0, 1, 0):
        inputs = drawn(name, seed)
        before = {n: [np.copy(a) for a in arrays(v)] for n, v in inputs.items()}
        loss, gradients = call(name, inputs)
        again, kept = call(name, inputs, out=out, work=work)
        assert kept is out
        assert again == loss == pytest.approx(call(name, inputs, "loss"), rel=1e-13)
        for n, g in gradients.items():
            for a, b in zip(arrays(g), arrays(kept[n]), strict=True):
                np.testing.assert_array_equal(a, b)
        for n, v in inputs.items():
            for a, b in zip(arrays(v), before[n], strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", SIZES)
def test_float32_gives_float32(name: str) -> None:
    inputs = drawn(name)
    single = {n: floats(v) for n, v in inputs.items()}
    loss, gradients = call(name, single)
    assert loss == pytest.approx(call(name, inputs)[0], rel=1e-4)
    assert {a.dtype for g in gradients.values() for a in arrays(g)} == {np.dtype(np.float32)}


def arrays(value: Any) -> list[Any]:
    """The arrays of an input or a gradient."""
    return value if isinstance(value, list) else [value]


def floats(value: Any) -> Any:
    """In single precision, labels as they are."""
    if isinstance(value, list):
        return [floats(a) for a in value]
    return value if value.dtype.kind == "i" else value.astype(np.float32)


def test_what_is_kept_follows_depth_and_widths() -> None:
    work: dict[str, Any] = {}
    for widths in ((3, 4, 5), (3, 4, 5, 2), (6, 5), (3, 4, 5)):
        inputs = layers(widths)
        expected = call("mlp", inputs)
        loss, gradients = call("mlp", inputs, work=work)
        assert loss == expected[0]
        for n in ("W", "b"):
            assert [a.shape for a in gradients[n]] == [a.shape for a in inputs[n]]
            for a, b in zip(gradients[n], expected[1][n], strict=True):
                np.testing.assert_array_equal(a, b)


OUTS = {
    "another depth": (
        [(3, 4)],
        np.float64,
        "out['W'] has the shapes [(3, 4)] and dtypes ['float64'], expected [(3, 4), (4, 5)]",
    ),
    "another width": ([(3, 4), (4, 6)], np.float64, "out['W'] has the shapes [(3, 4), (4, 6)] and dtypes"),
    "another dtype": (
        [(3, 4), (4, 5)],
        np.float32,
        "and dtypes ['float32', 'float32'], expected [(3, 4), (4, 5)] and dtype float64",
    ),
}


@pytest.mark.parametrize("case", OUTS)
def test_a_list_in_out_that_does_not_fit(case: str) -> None:
    shapes, dtype, message = OUTS[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        call("mlp", layers((3, 4, 5)), out={"W": [np.zeros(s, dtype) for s in shapes]})


def test_arrays_of_a_list_in_out_that_are_one() -> None:
    same = np.zeros((4, 4))
    with pytest.raises(ValueError, match="shares memory"):
        call("mlp", layers((4, 4, 4)), out={"W": [same, same]})
    with pytest.raises(ValueError, match="is of type int, expected a list"):
        call("mlp", layers((4, 4, 4)), out={"W": 5})


@pytest.mark.parametrize("function", ["forward", "loss", "loss_and_gradients"])
def test_a_variance_of_one_example(function: str) -> None:
    inputs = drawn("char_mlp")
    one = {n: a[:1] if n in ("x", "y") else a for n, a in inputs.items()}
    given = {n: a for n, a in one.items() if function != "forward" or n != "y"}
    with pytest.raises(ValueError, match=r"v divides by N - 1 = 0"):
        getattr(built_in_module("char_mlp"), function)(**given)


def layers(widths: tuple[int, ...], seed: int = 0) -> Inputs:
    """Inputs of mlp with these widths."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(widths))
    return {
        "x": rng.normal(size=(3, widths[0])),
        "y": rng.normal(size=(3, widths[-1])),
        "W": [rng.normal(size=pair) for pair in pairs],
        "b": [rng.normal(size=h) for _, h in pairs],
    }


def test_labels_never_become_arrays_of_zeros_and_ones() -> None:
    text = text_of("char_mlp")
    assert '_add_rows(out["E"], x.reshape(N * T), ' in body_of(text)
    assert "p[L_range, y] -= 1" in body_of(text)
    scratch = text.partition("def _scratch")[2]
    assert not re.search(r"np\.\w+\(\(V, N", scratch), scratch


def test_the_gradient_of_a_table_sums_the_rows_of_equal_labels() -> None:
    inputs = drawn("char_mlp", 3)
    inputs["x"] = np.asfortranarray(np.where(inputs["x"] == 4, 2, inputs["x"]))
    _, gradients = call("char_mlp", inputs, out={"E": np.full(inputs["E"].shape, np.nan)})
    step = 1e-5
    for row in range(5):
        move = step * np.eye(5)[row][:, None]
        losses = [call("char_mlp", {**inputs, "E": inputs["E"] + s * move}, "loss") for s in (1, -1)]
        assert gradients["E"][row].sum() == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-5, abs=1e-8)
    assert not gradients["E"][4].any()
    assert gradients["E"][2].all()
