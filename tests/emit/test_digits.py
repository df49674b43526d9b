"""Digits in float32 that only the order of a computation keeps: sums of very many, softmax rows that are saturated."""

from __future__ import annotations

import numpy as np

from tests.autograd.modules import built_in_module, draw_inputs
from tests.emit.emitted import load, text_from


def test_a_million_examples() -> None:
    """The gradient of a bias sums a million rows, the loss two million squares."""
    signature = "x: Data[N, D], y: Data[N, H], W: Param[D, H], b: Param[H]"
    module = load(text_from(signature, "return sum((x @ W + b - y) ** 2) / N"))
    rng = np.random.default_rng(1)
    shapes = {"x": (1_000_003, 3), "y": (1_000_003, 2), "W": (3, 2), "b": (2,)}
    single = {n: rng.uniform(0.5, 1.5, shape).astype(np.float32) for n, shape in shapes.items()}
    loss, gradients = module.loss_and_gradients(**single)
    expected, exact = module.loss_and_gradients(**{n: a.astype(float) for n, a in single.items()})
    assert abs(loss - expected) <= 2e-7 * expected
    assert np.abs(gradients["b"] - exact["b"]).max() <= 5e-7 * np.abs(exact["b"]).max()


def test_saturated_attention() -> None:
    """Where a row of softmax is all in one entry, its adjoint is 0 and not what rounding leaves."""
    module = built_in_module("attention_head")
    inputs = draw_inputs(module, {}, 0, {"B": (2, 3), "T": (5, 6), "D": (3, 4), "E": (4, 5)})
    single = {n: (30 * a).astype(np.float32) for n, a in inputs.items()}
    _, found = module.loss_and_gradients(**single)
    _, exact = module.loss_and_gradients(**{n: a.astype(float) for n, a in single.items()})
    assert all(np.linalg.norm(found[n] - g) <= 1e-5 * np.linalg.norm(g) for n, g in exact.items())
