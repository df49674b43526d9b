"""A step of `conv_net` as one writes it by hand in NumPy: in place, with what makes convolutions fast.

The images stand as (height, channels, width, batch), so that every copy is of long runs. Columns copy the kernel's
width alone: a row of windows is U rows of them, one after the other in memory, so that the windows of all rows are one
array whose matrices overlap. Bias and ReLU come after the pool, which commutes with what never decreases; then the
bias has the gradient of what was pooled. Only the second convolution needs its gradient by the input.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = Any


def loss_and_gradients(x, t, *, w1, b1, w2, b2, W3, b3, out=None, work=None):  # type: ignore[no-untyped-def]
    """The loss and its gradients, like the emitted module's function of that name."""
    out = {} if out is None else out
    parameters = {"w1": w1, "b1": b1, "w2": w2, "b2": b2, "W3": W3, "b3": b3}
    for name, p in parameters.items():
        if name not in out:
            out[name] = np.empty_like(p)
    at = Scratch({} if work is None else work, w1.dtype)
    N, K = len(x), len(b3)

    images = at("images", (x.shape[2], x.shape[1], x.shape[3], N))
    images[...] = x.transpose(2, 1, 3, 0)
    columns1, kernel1 = columns(at, "columns1", images, w1), w1.transpose(0, 2, 1, 3).reshape(len(w1), -1)
    z1 = convolved(at, "z1", columns1, kernel1)
    m1, a1 = pooled(at, "p1", z1, b1)
    columns2, kernel2 = columns(at, "columns2", a1, w2), w2.transpose(0, 2, 1, 3).reshape(len(w2), -1)
    z2 = convolved(at, "z2", columns2, kernel2)
    m2, a2 = pooled(at, "p2", z2, b2)
    weights = W3.transpose(1, 0, 2, 3).reshape(-1, K)
    features = a2.reshape(-1, N)

    p = np.matmul(features.T, weights, out=at("p", (N, K)))
    p += b3
    p -= p.max(axis=1, keepdims=True)
    own = p[np.arange(N), t]
    np.exp(p, out=p)
    total = p.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - own).mean())
    p /= total
    p[np.arange(N), t] -= 1
    p *= 1 / N

    np.matmul(at.ones(N), p, out=out["b3"])
    out["W3"][...] = (features @ p).reshape(a2.shape[0], a2.shape[1], a2.shape[2], K).transpose(1, 0, 2, 3)
    g2 = np.matmul(weights, p.T, out=at("g2", features.shape)).reshape(a2.shape)
    dz2 = unpooled(at, "dz2", z2, m2, a2, g2, out["b2"])
    weight_gradient(columns2, dz2, out["w2"])
    g1 = input_gradient(at, "g1", kernel2, dz2, w2, a1)
    dz1 = unpooled(at, "dz1", z1, m1, a1, g1, out["b1"])
    weight_gradient(columns1, dz1, out["w1"])
    return loss, out


class Scratch:
    """Arrays that are kept from call to call."""

    def __init__(self, work: dict[str, Array], dtype: Any) -> None:
        self.work, self.dtype = work, dtype

    def __call__(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The array of that name."""
        found = self.work.get(name)
        if found is None or found.shape != shape:
            found = self.work[name] = np.empty(shape, dtype or self.dtype)
        return found

    def ones(self, n: int) -> Array:
        """So many ones."""
        found = self.work.get(f"ones{n}")
        if found is None:
            found = self.work[f"ones{n}"] = np.ones(n, self.dtype)
        return found


def columns(at: Scratch, name: str, a: Array, w: Array) -> Array:
    """For each row of windows a matrix (height, channels and width of the kernel by width and batch of the result)."""
    I, C, J, N = a.shape
    U, V = w.shape[2:]
    copied = at(name, (I, C, V, J - V + 1, N))
    for v in range(V):
        copied[:, :, v] = a[:, :, v : v + J - V + 1]
    row, run = copied.strides[0], copied.strides[2]
    shape = (I - U + 1, U * C * V, (J - V + 1) * N)
    return as_strided(copied, shape, (row, run, copied.itemsize), writeable=False)


def convolved(at: Scratch, name: str, cols: Array, kernel: Array) -> Array:
    """The convolution without its bias, (height, channels, width times batch)."""
    return np.matmul(kernel, cols, out=at(name, (len(cols), len(kernel), cols.shape[2])))


def quarters(z: Array, like: Array) -> tuple[Array, ...]:
    """The four entries of every 2 by 2 window."""
    I, C, J, N = like.shape
    z = z.reshape(len(z), C, -1, N)
    return tuple(z[u : 2 * I : 2, :, v : 2 * J : 2] for u in range(2) for v in range(2))


def pooled(at: Scratch, name: str, z: Array, b: Array) -> tuple[Array, Array]:
    """The largest of every 2 by 2 window, and ReLU of that and the bias."""
    C, N = len(b), at.work["images"].shape[3]
    m = at(name + "m", (len(z) // 2, C, z.shape[2] // N // 2, N))
    a, b_, c, d = quarters(z, m)
    np.maximum(a, b_, out=m)
    np.maximum(m, c, out=m)
    np.maximum(m, d, out=m)
    p = np.add(m, b[:, None, None], out=at(name, m.shape))
    return m, np.maximum(p, 0, out=p)


def unpooled(at: Scratch, name: str, z: Array, m: Array, p: Array, g: Array, db: Array) -> Array:
    """The gradient by z of what has the gradient g by p, and by the bias: each share where it came from, the first at a
    tie."""
    mask = at(name + "mask", g.shape, bool)
    g *= np.greater(p, 0, out=mask)
    np.matmul(g.reshape(len(g), len(db), -1), at.ones(g.shape[2] * g.shape[3]), out=at(name + "b", g.shape[:2])).sum(
        axis=0, out=db
    )
    dz = at(name, z.shape)
    covered = dz.shape[0] == 2 * g.shape[0] and dz.shape[2] == 2 * g.shape[2] * g.shape[3]
    if not covered:
        dz[...] = 0
    shares, entries = quarters(dz, g), quarters(z, g)
    for share, entry in zip(shares[:3], entries, strict=False):
        np.multiply(g, np.equal(entry, m, out=mask), out=share)
        g -= share
    shares[3][...] = g
    return dz


def weight_gradient(cols: Array, dz: Array, out: Array) -> None:
    """The gradient by a kernel."""
    F, C, U, V = out.shape
    product = np.matmul(cols, dz.transpose(0, 2, 1)).sum(axis=0)
    out[...] = product.reshape(U, C, V, F).transpose(3, 1, 0, 2)


def input_gradient(at: Scratch, name: str, kernel: Array, dz: Array, w: Array, a: Array) -> Array:
    """The gradient by what was convolved: a product for each row of the kernel, rows added first, then columns."""
    _, C, U, V = w.shape
    I, _, J, N = a.shape
    part = at(name + "part", (len(dz), C * V, dz.shape[2]))
    rows = at(name + "rows", (I, C, V, J - V + 1, N))
    rows[...] = 0
    for u in range(U):
        np.matmul(kernel.T[u * C * V : (u + 1) * C * V], dz, out=part)
        rows[u : u + len(dz)] += part.reshape(len(dz), C, V, J - V + 1, N)
    g = at(name, a.shape)
    g[...] = 0
    for v in range(V):
        g[:, :, v : v + J - V + 1] += rows[:, :, v]
    return g
