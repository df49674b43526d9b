"""The step of attention_head written by hand: all scratch kept, everything in place, sums as products with ones."""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, Any]


def loss_and_gradients(
    X: Any, Y: Any, *, Wq: Any, Wk: Any, Wv: Any, Wo: Any, out: Arrays, work: Arrays
) -> tuple[float, Arrays]:
    """Nothing is checked."""
    B, T, D = X.shape
    E = Wq.shape[1]
    if not work:
        work.update(_scratch(B, T, D, E, X.dtype))
        out.update(Wq=np.empty_like(Wq), Wk=np.empty_like(Wk), Wv=np.empty_like(Wv), Wo=np.empty_like(Wo))
    Q, K, V, O, R, S, S_bar, A_dot, m, ones = (
        work[n] for n in ("Q", "K", "V", "O", "R", "S", "S_bar", "A_dot", "m", "ones")
    )
    x, Q2, K2, V2, O2, R2 = (a.reshape(B * T, -1) for a in (X, Q, K, V, O, R))
    np.matmul(x, Wq, out=Q2)
    np.matmul(x, Wk, out=K2)
    np.matmul(x, Wv, out=V2)
    Q2 *= 1 / E**0.5  # here and not on the scores: K_bar reads it so too
    np.matmul(Q, K.transpose(0, 2, 1), out=S)
    np.maximum.reduce(S, axis=2, keepdims=True, out=m)
    S -= m
    np.exp(S, out=S)
    np.matmul(S, ones, out=m)
    S /= m
    np.matmul(S, V, out=O)
    np.matmul(O2, Wo, out=R2)
    R -= Y
    loss = np.vdot(R, R) / (2 * B)
    R *= 1 / B
    np.matmul(O2.T, R2, out=out["Wo"])
    np.matmul(R2, Wo.T, out=O2)
    np.matmul(O, V.transpose(0, 2, 1), out=S_bar)
    np.multiply(S_bar, S, out=A_dot)
    np.matmul(A_dot, ones, out=m)
    S_bar -= m
    S_bar *= S
    np.matmul(S.transpose(0, 2, 1), O, out=V)  # V_bar, and so on
    np.matmul(x.T, V2, out=out["Wv"])
    np.matmul(S_bar, K, out=O)
    O2 *= 1 / E**0.5
    np.matmul(x.T, O2, out=out["Wq"])
    np.matmul(S_bar.transpose(0, 2, 1), Q, out=K)
    np.matmul(x.T, K2, out=out["Wk"])
    return float(loss), out


def _scratch(B: int, T: int, D: int, E: int, dtype: Any) -> Arrays:
    """What is kept between steps."""
    shapes = dict.fromkeys("QKVO", (B, T, E)) | {"R": (B, T, D), "m": (B, T, 1)}
    shapes |= dict.fromkeys(("S", "S_bar", "A_dot"), (B, T, T))
    return {n: np.empty(s, dtype) for n, s in shapes.items()} | {"ones": np.ones((T, 1), dtype)}
