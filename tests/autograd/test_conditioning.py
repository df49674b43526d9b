"""Why batch norm is compared at six examples and more: of two, the gradient is lost to rounding in any float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from tests.autograd.compare import by_hand
from tests.autograd.models import MODELS
from tests.autograd.modules import built_in_module, draw_inputs, relative_error

NAME, SEEDS = "char_mlp", (0, 1, 2, 3)


def precise(inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """The gradients by E and W1 in long doubles, by the formulas of a textbook."""
    x, y, E, W1, gamma, beta, W2, b2 = (
        a.astype(np.longdouble) if a.dtype.kind == "f" else a for a in map(np.asarray, inputs.values())
    )
    n, w = len(x), W1.reshape(-1, W1.shape[-1])
    e = E[x].reshape(n, -1)
    z = e @ w
    v = z.var(axis=0, ddof=1)
    r = 1 / np.sqrt(v + np.longdouble("1e-5"))
    xhat = (z - z.mean(axis=0)) * r
    a = np.tanh(gamma * xhat + beta)
    p = np.exp(a @ W2 + b2)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(n), y] -= 1
    dx = (p / n) @ W2.T * (1 - a * a) * gamma
    dz = r * (dx - dx.mean(axis=0) - xhat * (dx * xhat).sum(axis=0) / (n - 1))
    dE = np.zeros_like(E)
    np.add.at(dE, x, (dz @ w.T).reshape(*x.shape, -1))
    return {"E": dE, "W1": (e.T @ dz).reshape(W1.shape)}


def worst(count: int) -> tuple[float, float]:
    """How far the module and PyTorch are from the truth with that many examples: the larger over a few draws."""
    module, found = built_in_module(NAME), []
    for seed in SEEDS:
        inputs = draw_inputs(module, {}, seed, {"N": (count, count + 1)})
        right = precise(inputs)
        _, torch = by_hand(MODELS[NAME].loss, module.PARAMETERS, inputs)
        _, ours = module.loss_and_gradients(
            *(inputs[n] for n in module.DATA), **{n: inputs[n] for n in module.PARAMETERS}
        )
        found.append([max(relative_error(g[n], right[n]) for n in right) for g in (ours, torch)])
    ours, theirs = np.max(found, axis=0)
    return float(ours), float(theirs)


def test_two_examples_lose_the_digits_of_both() -> None:
    ours, theirs = worst(2)
    assert theirs > 1e-12
    assert ours < 10 * theirs


def test_six_examples_keep_them() -> None:
    assert max(worst(6)) < 1e-13
