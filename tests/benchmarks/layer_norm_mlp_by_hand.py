"""The step of layer_norm_mlp written by hand: all scratch kept, everything in place, sums as products with ones."""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, Any]


def loss_and_gradients(
    x: Any, t: Any, *, W1: Any, b1: Any, gamma: Any, beta: Any, W2: Any, b2: Any, out: Arrays, work: Arrays
) -> tuple[float, Arrays]:
    """Nothing is checked."""
    if not work:
        work.update(_scratch(len(x), *W2.shape, W1.dtype))
        out.update(W1=np.empty_like(W1), b1=np.empty_like(b1), gamma=np.empty_like(gamma), beta=np.empty_like(beta))
        out.update(W2=np.empty_like(W2), b2=np.empty_like(b2))
    xhat, y, square, mask, r, mean = (work[n] for n in ("xhat", "y", "square", "mask", "r", "mean"))
    z2, p, m, s, ones, each, share = (work[n] for n in ("z2", "p", "m", "s", "ones", "each", "share"))
    every, N = work["every"], len(x)
    np.matmul(x, W1, out=xhat)
    xhat += b1
    np.matmul(xhat, share, out=mean)
    xhat -= mean
    np.square(xhat, out=square)
    np.matmul(square, share, out=r)
    r += 1e-5
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)
    xhat *= r
    np.multiply(xhat, gamma, out=y)
    y += beta
    np.greater(y, 0, out=mask)
    np.maximum(y, 0, out=y)
    np.matmul(y, W2, out=z2)
    z2 += b2
    np.maximum.reduce(z2, axis=1, keepdims=True, out=m)
    z2 -= m
    np.exp(z2, out=p)
    np.matmul(p, each, out=s)
    p /= s
    np.log(s, out=s)
    loss = (s.sum() - z2[every, t].sum()) / N
    p[every, t] -= 1
    p *= 1 / N
    np.matmul(y.T, p, out=out["W2"])
    np.matmul(ones, p, out=out["b2"])
    y_bar = np.matmul(p, W2.T, out=y)
    y_bar *= mask
    np.matmul(ones, y_bar, out=out["beta"])
    np.multiply(y_bar, xhat, out=square)
    np.matmul(ones, square, out=out["gamma"])
    # z_bar = r * (xhat_bar - mean(xhat_bar) - xhat * mean(xhat_bar * xhat)), the second mean from what gamma_bar sums
    np.matmul(square, gamma[:, None], out=mean)
    mean *= 1 / len(gamma)
    xhat *= mean
    y_bar *= gamma
    np.matmul(y_bar, share, out=mean)
    xhat += mean
    y_bar -= xhat
    y_bar *= r
    np.matmul(x.T, y_bar, out=out["W1"])
    np.matmul(ones, y_bar, out=out["b1"])
    return float(loss), out


def _scratch(N: int, H: int, K: int, dtype: Any) -> Arrays:
    """What is kept between steps."""
    shapes = dict.fromkeys(("xhat", "y", "square"), (N, H)) | dict.fromkeys(("r", "mean", "m", "s"), (N, 1))
    found = {n: np.empty(s, dtype) for n, s in (shapes | {"z2": (N, K), "p": (N, K)}).items()}
    share = np.ones((H, 1), dtype) / dtype.type(H)
    constant = {"ones": np.ones(N, dtype), "share": share, "each": np.ones((K, 1), dtype), "every": np.arange(N)}
    return found | constant | {"mask": np.empty((N, H), bool)}
