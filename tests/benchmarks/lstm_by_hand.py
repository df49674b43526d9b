"""The step of lstm written by hand: all scratch kept, the input's product before the loop, parameters' gradients after.

The batch stands innermost: a step is (features, N), so that each gate is contiguous and the products are the fast ones.
One tanh makes all four gates, and what the backward loop needs of the forward pass alone is ready before it.
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
    h, z, h_rows = work["h"], work["z"], work["h_rows"]
    rows, z_rows = x.reshape(T * N, D), z.reshape(4 * H, T * N)
    h[0], work["c"][0] = h0.T, c0.T
    np.matmul(Wx.T, rows.T, out=z_rows)
    z_rows += b[:, None]
    _forward(Wh, work)
    loss = np.vdot(h[1:], h[1:]) / 2
    _slopes(work)
    _backward(Wh, work)
    np.matmul(rows.T, z_rows.T, out=out["Wx"])
    h_rows[...] = h[:-1].transpose(1, 0, 2)
    np.matmul(h_rows.reshape(H, T * N), z_rows.T, out=out["Wh"])
    np.matmul(z_rows, work["ones"], out=out["b"])
    return float(loss), out


def _forward(Wh: Any, work: Arrays) -> None:
    """Fills h, c, the gates i, f, g, o and tanh(c). sigmoid(z) = (1 + tanh(z / 2)) / 2."""
    h, c, z, gates, tanh_c, product, part = (work[n] for n in ("h", "c", "z", "gates", "tanh_c", "product", "part"))
    H = h.shape[1]
    of_product = (product[: 2 * H], product[3 * H :])
    for t, gate in enumerate(gates):
        np.matmul(Wh.T, h[t], out=product)
        product += z[:, t]
        for sigmoid in of_product:
            sigmoid *= 0.5
        np.tanh(product, out=gate)
        for sigmoid in (gate[: 2 * H], gate[3 * H :]):
            sigmoid += 1
            sigmoid *= 0.5
        np.multiply(gate[H : 2 * H], c[t], out=c[t + 1])
        np.multiply(gate[:H], gate[2 * H : 3 * H], out=part)
        c[t + 1] += part
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(gate[3 * H :], tanh_c[t], out=h[t + 1])


def _slopes(work: Arrays) -> None:
    """What the gates' adjoints are those of c, for o of h, times; and what the adjoint of c is that of h times."""
    c, gates, tanh_c, slopes, slope_c = (work[n] for n in ("c", "gates", "tanh_c", "slopes", "slope_c"))
    T, H, N = tanh_c.shape
    i, _, g, o = (gates.reshape(T, 4, H, N)[:, k] for k in range(4))
    np.square(tanh_c, out=slope_c)
    np.subtract(1, slope_c, out=slope_c)
    slope_c *= o
    np.subtract(1, gates, out=slopes)
    slopes *= gates
    by_gate = slopes.reshape(T, 4, H, N)
    by_gate[:, 0] *= g
    by_gate[:, 1] *= c[:-1]
    by_gate[:, 3] *= tanh_c
    np.square(g, out=by_gate[:, 2])
    np.subtract(1, by_gate[:, 2], out=by_gate[:, 2])
    by_gate[:, 2] *= i


def _backward(Wh: Any, work: Arrays) -> None:
    """Fills z with its own adjoint."""
    h, z, gates, slopes, slope_c = (work[n] for n in ("h", "z", "gates", "slopes", "slope_c"))
    z_bar, h_bar, c_bar, part = (work[n] for n in ("product", "h_bar", "c_bar", "part"))
    T, H, N = slope_c.shape
    by_gate, slopes = z_bar.reshape(4, H, N), slopes.reshape(T, 4, H, N)
    h_bar[...], c_bar[...] = 0, 0
    for t in range(T - 1, -1, -1):
        h_bar += h[t + 1]
        np.multiply(h_bar, slope_c[t], out=part)
        c_bar += part
        np.multiply(slopes[t, :3], c_bar, out=by_gate[:3])
        np.multiply(slopes[t, 3], h_bar, out=by_gate[3])
        c_bar *= gates[t, H : 2 * H]
        np.matmul(Wh, z_bar, out=h_bar)
        z[:, t] = z_bar


def _scratch(T: int, N: int, H: int, dtype: Any) -> Arrays:
    """What is kept between steps."""
    steps = {"h": (T + 1, H, N), "c": (T + 1, H, N), "gates": (T, 4 * H, N), "tanh_c": (T, H, N)}
    back = {"slopes": (T, 4 * H, N), "slope_c": (T, H, N), "h_bar": (H, N), "c_bar": (H, N), "part": (H, N)}
    shapes = steps | back | {"z": (4 * H, T, N), "h_rows": (H, T, N), "product": (4 * H, N)}
    return {n: np.empty(s, dtype) for n, s in shapes.items()} | {"ones": np.ones(T * N, dtype)}
