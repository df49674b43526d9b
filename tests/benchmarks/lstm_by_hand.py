"""The step of lstm written by hand: all scratch kept, the input's product before the loop, parameters' gradients after.

The gates of a step stand behind one another, (4, N, H), each contiguous; one tanh makes all four of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, Any]


def loss_and_gradients(
    x: Any, h0: Any, c0: Any, *, Wx: Any, Wh: Any, b: Any, out: Arrays, work: Arrays
) -> tuple[float, Arrays]:
    """Nothing is checked."""
    T, N, D = x.shape
    H = h0.shape[1]
    if not work:
        work.update(_scratch(T, N, H, Wx.dtype))
        out.update(Wx=np.empty_like(Wx), Wh=np.empty_like(Wh), b=np.empty_like(b))
    h, c, z, gates, tanh_c, product, factor = (work[n] for n in ("h", "c", "z", "gates", "tanh_c", "product", "factor"))
    h[0], c[0] = h0, c0
    np.matmul(x.reshape(T * N, D), Wx, out=z.reshape(T * N, 4 * H))
    z += b
    for t in range(T):
        np.matmul(h[t], Wh, out=product)
        product += z[t]
        gate = gates[t]
        _gates(product, gate, N, H)
        np.multiply(gate[1], c[t], out=c[t + 1])
        np.multiply(gate[0], gate[2], out=factor)
        c[t + 1] += factor
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(gate[3], tanh_c[t], out=h[t + 1])
    loss = np.vdot(h[1:], h[1:]) / 2
    _backward(h, c, gates, tanh_c, z, Wh, work)
    z_bar = z.reshape(T * N, 4 * H)
    np.matmul(x.reshape(T * N, D).T, z_bar, out=out["Wx"])
    np.matmul(h[:-1].reshape(T * N, H).T, z_bar, out=out["Wh"])
    np.matmul(work["ones"], z_bar, out=out["b"])
    return float(loss), out


def _gates(z: Any, gate: Any, N: int, H: int) -> None:
    """i, f, g, o from their product; sigmoid(z) = (1 + tanh(z / 2)) / 2, so that one tanh makes all four."""
    z[:, : 2 * H] *= 0.5
    z[:, 3 * H :] *= 0.5
    np.tanh(z.reshape(N, 4, H).transpose(1, 0, 2), out=gate)
    for k in (slice(0, 2), slice(3, 4)):
        gate[k] += 1
        gate[k] *= 0.5


def _backward(h: Any, c: Any, gates: Any, tanh_c: Any, z_bar: Any, Wh: Any, work: Arrays) -> None:
    """Fills z_bar. What depends on the forward pass alone is worked out for all steps before the loop."""
    T, _, N, H = gates.shape
    slopes, slope_c, h_bar, c_bar, part = (work[n] for n in ("slopes", "slope_c", "h_bar", "c_bar", "part"))
    i, f, g, o = (gates[:, k] for k in range(4))
    np.square(tanh_c, out=slope_c)
    np.subtract(1, slope_c, out=slope_c)
    slope_c *= o
    np.subtract(1, gates, out=slopes)
    slopes *= gates
    slopes[:, 0] *= g
    slopes[:, 1] *= c[:-1]
    slopes[:, 3] *= tanh_c
    np.square(g, out=slopes[:, 2])
    np.subtract(1, slopes[:, 2], out=slopes[:, 2])
    slopes[:, 2] *= i
    h_bar[...], c_bar[...] = 0, 0
    for t in range(T - 1, -1, -1):
        h_bar += h[t + 1]
        np.multiply(h_bar, slope_c[t], out=part)
        c_bar += part
        bars = z_bar[t].reshape(N, 4, H)
        np.multiply(slopes[t, :3].transpose(1, 0, 2), c_bar[:, None], out=bars[:, :3])
        np.multiply(slopes[t, 3], h_bar, out=bars[:, 3])
        c_bar *= f[t]
        np.matmul(z_bar[t], Wh.T, out=h_bar)


def _scratch(T: int, N: int, H: int, dtype: Any) -> Arrays:
    """What is kept between steps."""
    steps = {"h": (T + 1, N, H), "c": (T + 1, N, H), "z": (T, N, 4 * H), "gates": (T, 4, N, H), "tanh_c": (T, N, H)}
    back = {"slopes": (T, 4, N, H), "slope_c": (T, N, H), "h_bar": (N, H), "c_bar": (N, H), "part": (N, H)}
    shapes = steps | back | {"product": (N, 4 * H), "factor": (N, H)}
    return {n: np.empty(s, dtype) for n, s in shapes.items()} | {"ones": np.ones(T * N, dtype)}
