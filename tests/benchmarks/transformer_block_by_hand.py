"""The step of transformer_block written by hand: all scratch kept, everything in place, q, k and v in one product."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def loss_and_gradients(
    x: Any, y: Any, *, g1: Any, b1: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any,
    g2: Any, b2: Any, W1: Any, c1: Any, W2: Any, c2: Any, out: Arrays, work: Arrays,
) -> tuple[float, Arrays]:  # fmt: skip
    """Nothing is checked."""
    N, T, D = x.shape
    H, _, E = Wq.shape
    if not work:
        given = {"g1": g1, "b1": b1, "Wq": Wq, "Wk": Wk, "Wv": Wv, "Wo": Wo, "g2": g2, "b2": b2}
        out.update({n: np.empty_like(a) for n, a in (given | {"W1": W1, "c1": c1, "W2": W2, "c2": c2}).items()})
        work["kept"] = _scratch(N, T, H, E, len(c1), x.dtype)
    w: SimpleNamespace = work["kept"]
    X, scale = x.reshape(N * T, D), 1 / E**0.5
    for k, W in enumerate((Wq, Wk, Wv)):
        w.packed.reshape(D, 3, H, E)[:, k] = W.transpose(1, 0, 2)
    _normalised(X, w.xhat1, w.r1, w.square, w)
    np.multiply(w.xhat1, g1, out=w.u)
    w.u += b1
    np.matmul(w.u, w.packed, out=w.qkv)
    w.qkv[:, :D] *= scale
    q, k, v = w.qkv.reshape(N, T, 3, H, E).transpose(2, 0, 3, 1, 4)
    S, S_bar, m = w.S, w.S_bar, w.m
    np.matmul(q, k.transpose(0, 1, 3, 2), out=S)
    S += w.future
    np.maximum.reduce(S, axis=3, keepdims=True, out=m)
    S -= m
    np.exp(S, out=S)
    np.matmul(S, w.each, out=m)
    S /= m
    o = w.o.reshape(N, T, H, E).transpose(0, 2, 1, 3)
    np.matmul(S, v, out=o)
    np.matmul(w.o, Wo.reshape(D, D), out=w.r)
    w.r += X
    _normalised(w.r, w.xhat2, w.r2, w.square, w)
    np.multiply(w.xhat2, g2, out=w.w)
    w.w += b2
    np.matmul(w.w, W1, out=w.z)
    w.z += c1
    _cdf(w.z, w.cdf)
    np.multiply(w.z, w.cdf, out=w.a)
    np.matmul(w.a, W2, out=w.bar)
    w.r += w.bar
    w.r += c2
    w.r -= y.reshape(N * T, D)
    loss = np.vdot(w.r, w.r) / (2 * N)
    m_bar = w.r
    m_bar *= 1 / N
    np.matmul(w.a.T, m_bar, out=out["W2"])
    np.matmul(w.ones, m_bar, out=out["c2"])
    # gelu' = cdf + z density
    np.multiply(w.z, w.z, out=w.a)
    w.a *= -0.5
    np.exp(w.a, out=w.a)
    w.a *= w.z
    w.a *= (2 * np.pi) ** -0.5
    w.a += w.cdf
    np.matmul(m_bar, W2.T, out=w.z)
    w.z *= w.a
    np.matmul(w.w.T, w.z, out=out["W1"])
    np.matmul(w.ones, w.z, out=out["c1"])
    np.matmul(w.z, W1.T, out=w.bar)
    _normalised_backward(w.bar, w.xhat2, w.r2, g2, out["g2"], out["b2"], w)
    w.bar += m_bar
    np.matmul(w.o.T, w.bar, out=out["Wo"].reshape(D, D))
    np.matmul(w.bar, Wo.reshape(D, D).T, out=w.o)
    np.matmul(o, v.transpose(0, 1, 3, 2), out=S_bar)
    q_bar, k_bar, v_bar = w.qkv_bar.reshape(N, T, 3, H, E).transpose(2, 0, 3, 1, 4)
    np.matmul(S.transpose(0, 1, 3, 2), o, out=v_bar)
    np.multiply(S_bar, S, out=w.dot)
    np.matmul(w.dot, w.each, out=m)
    S_bar -= m
    S_bar *= S
    np.matmul(S_bar, k, out=q_bar)
    w.qkv_bar[:, :D] *= scale
    np.matmul(S_bar.transpose(0, 1, 3, 2), q, out=k_bar)
    np.matmul(w.u.T, w.qkv_bar, out=w.packed_bar)
    for j, name in enumerate(("Wq", "Wk", "Wv")):
        out[name][...] = w.packed_bar.reshape(D, 3, H, E)[:, j].transpose(1, 0, 2)
    np.matmul(w.qkv_bar, w.packed.T, out=w.bar)
    np.matmul(w.ones, w.bar, out=out["b1"])
    w.bar *= w.xhat1
    np.matmul(w.ones, w.bar, out=out["g1"])
    return float(loss), out


def _normalised(x: Any, xhat: Any, r: Any, square: Any, w: SimpleNamespace) -> None:
    """xhat and r of layer norm."""
    np.matmul(x, w.share, out=r)
    np.subtract(x, r, out=xhat)
    np.multiply(xhat, xhat, out=square)
    np.matmul(square, w.share, out=r)
    r += 1e-5
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)
    xhat *= r


def _normalised_backward(bar: Any, xhat: Any, r: Any, g: Any, g_bar: Any, b_bar: Any, w: SimpleNamespace) -> None:
    """r * (xhat_bar - mean(xhat_bar) - xhat * mean(xhat_bar * xhat)) in `bar`, which held y_bar; xhat is used up."""
    np.matmul(w.ones, bar, out=b_bar)
    np.multiply(bar, xhat, out=w.square)
    np.matmul(w.ones, w.square, out=g_bar)
    np.matmul(w.square, g[:, None], out=w.mean)
    w.mean *= 1 / len(g)
    xhat *= w.mean
    bar *= g
    np.matmul(bar, w.share, out=w.mean)
    xhat += w.mean
    bar -= xhat
    bar *= r


# (1 + erf(z / sqrt(2))) / 2, erf(x) = tanh(x p(x^2) / q(x^2)): p and q for float32 and float64, highest power first.
P = {
    4: (6.70448298637, 131.269780350921, 861.313030987692, 3473.54352206912),
    8: (0.01829959579721223656, 6.18320031548295449, 257.8443977201227441, 4972.616280536352115, 59989.98969907827405,
        472530.6761859483717, 2650485.723725165315, 9128651.55058237433, 20762930.79724569839),
}  # fmt: skip
Q = {
    4: (1.0, 72.9183572086844, 482.943507252151, 3078.34778588702),
    8: (1.0, 89.583051567768097, 2103.61169850421463, 31336.39009520397857, 268539.3606960132691, 1768145.497785413176,
        6414126.718661934545, 18400668.32383141931),
}  # fmt: skip


def _cdf(z: Any, cdf: Any) -> None:
    """The probability that a standard normal variable is below z, in blocks that stay in the cache."""
    flat, given = cdf.reshape(-1), z.reshape(-1)
    for start in range(0, flat.size, 1 << 15):
        t = np.multiply(given[start : start + (1 << 15)], 0.5**0.5, out=flat[start : start + (1 << 15)])
        np.clip(t, -6, 6, out=t)
        s = t * t
        t *= _horner(s, P[t.itemsize])
        t /= _horner(s, Q[t.itemsize])
        np.tanh(t, out=t)
        t += 1
        t *= 0.5


def _horner(s: Any, coefficients: tuple[float, ...]) -> Any:
    value = coefficients[0] * s
    value += coefficients[1]
    for c in coefficients[2:]:
        value *= s
        value += c
    return value


def _scratch(N: int, T: int, H: int, E: int, F: int, dtype: Any) -> SimpleNamespace:
    """What is kept between steps."""
    D, M = H * E, N * T
    shapes = dict.fromkeys(("xhat1", "xhat2", "square", "u", "o", "r", "w", "bar"), (M, D))
    shapes |= dict.fromkeys(("r1", "r2", "mean"), (M, 1)) | dict.fromkeys(("z", "cdf", "a"), (M, F))
    shapes |= dict.fromkeys(("S", "S_bar", "dot"), (N, H, T, T)) | {"m": (N, H, T, 1)}
    shapes |= dict.fromkeys(("qkv", "qkv_bar"), (M, 3 * D)) | dict.fromkeys(("packed", "packed_bar"), (D, 3 * D))
    constant = {"share": np.full((D, 1), 1 / D, dtype), "each": np.ones((T, 1), dtype), "ones": np.ones(M, dtype)}
    future = np.where(np.tri(T, dtype=bool), dtype.type(0), dtype.type(-np.inf))
    return SimpleNamespace(**{n: np.empty(s, dtype) for n, s in shapes.items()}, **constant, future=future)
