"""The same steps written by hand in NumPy: everything allocated before, everything in place, nothing checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def two_layer_net(data: Arrays, parameters: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """ReLU layer, softmax, cross-entropy."""
    x, t = data["x"], data["t"]
    W1, b1, W2, b2 = (parameters[n] for n in ("W1", "b1", "W2", "b2"))
    N, H, K, dtype = len(x), W1.shape[1], W2.shape[1], W1.dtype
    out = {n: np.empty_like(p) for n, p in parameters.items()}
    z1, z1_bar, mask = np.empty((N, H), dtype), np.empty((N, H), dtype), np.empty((N, H), bool)
    z2, p, m, s = np.empty((N, K), dtype), np.empty((N, K), dtype), np.empty((N, 1), dtype), np.empty((N, 1), dtype)
    ones, each, share = np.ones(N, dtype), np.ones((K, 1), dtype), dtype.type(1 / N)

    def step() -> tuple[float, Arrays]:
        np.matmul(x, W1, out=z1)
        np.add(z1, b1, out=z1)
        np.greater(z1, 0, out=mask)
        np.maximum(z1, 0, out=z1)
        np.matmul(z1, W2, out=z2)
        np.add(z2, b2, out=z2)
        np.maximum.reduce(z2, axis=1, keepdims=True, out=m)
        np.subtract(z2, m, out=z2)
        np.exp(z2, out=p)
        np.matmul(p, each, out=s)
        np.divide(p, s, out=p)
        np.log(s, out=s)
        np.subtract(z2, s, out=z2)
        loss = -np.vdot(t, z2) / N
        np.subtract(p, t, out=p)
        np.multiply(p, share, out=p)
        np.matmul(z1.T, p, out=out["W2"])
        np.matmul(ones, p, out=out["b2"])
        np.matmul(p, W2.T, out=z1_bar)
        np.multiply(z1_bar, mask, out=z1_bar)
        np.matmul(x.T, z1_bar, out=out["W1"])
        np.matmul(ones, z1_bar, out=out["b1"])
        return float(loss), out

    return step


def deep_mlp(data: Arrays, parameters: Arrays) -> Callable[[], tuple[float, Arrays]]:
    """Eight sigmoid layers, an affine layer, softmax, cross-entropy."""
    x, y = data["x"], data["y"]
    W = [parameters[f"W{k}"] for k in range(1, 10)]
    N, K, dtype = len(x), W[-1].shape[1], W[0].dtype
    out = {n: np.empty_like(p) for n, p in parameters.items()}
    a = [np.empty((N, w.shape[1]), dtype) for w in W[:-1]]
    widest = max(w.shape[1] for w in W[:-1])
    spare = [np.empty(N * widest, dtype) for _ in range(2)]
    z, p, m, s = np.empty((N, K), dtype), np.empty((N, K), dtype), np.empty((N, 1), dtype), np.empty((N, 1), dtype)
    ones, each, b9 = np.ones(N, dtype), np.ones((K, 1), dtype), parameters["b9"]

    def step() -> tuple[float, Arrays]:
        below = x
        for w, layer in zip(W, a, strict=False):
            np.matmul(below, w, out=layer)
            layer *= 0.5
            np.tanh(layer, out=layer)
            layer += 1
            layer *= 0.5
            below = layer
        np.matmul(below, W[-1], out=z)
        np.add(z, b9, out=z)
        np.maximum.reduce(z, axis=1, keepdims=True, out=m)
        np.subtract(z, m, out=z)
        np.exp(z, out=p)
        np.matmul(p, each, out=s)
        np.divide(p, s, out=p)
        np.log(s, out=s)
        np.subtract(z, s, out=z)
        loss = -np.vdot(y, z) / N
        np.subtract(p, y, out=p)
        np.multiply(p, 1 / N, out=p)
        np.matmul(a[-1].T, p, out=out["W9"])
        np.matmul(ones, p, out=out["b9"])
        above, upper = p, W[-1]
        for k in range(7, -1, -1):
            delta = spare[k % 2][: a[k].size].reshape(a[k].shape)
            np.matmul(above, upper.T, out=delta)
            np.multiply(delta, a[k], out=delta)
            np.subtract(1, a[k], out=a[k])
            np.multiply(delta, a[k], out=delta)
            np.matmul((a[k - 1] if k else x).T, delta, out=out[f"W{k + 1}"])
            above, upper = delta, W[k]
        return float(loss), out

    return step
