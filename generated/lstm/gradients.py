"""Loss and gradients of lstm.

An LSTM with its gates in one matrix, under half the sum of squares of every h; no output layer.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are T, N, D, H.
"""

import numpy as np

DATA = ("x", "h0", "c0")
PARAMETERS = ("Wx", "Wh", "b")
SHAPES = {
    "x": ("T", "N", "D"),
    "h0": ("N", "H"),
    "c0": ("N", "H"),
    "Wx": ("D", "4*H"),
    "Wh": ("H", "4*H"),
    "b": ("4*H",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, h0, c0, *, Wx, Wh, b):
    """Return the named tensors that need no target, by name."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    c0 = np.asarray(c0, dtype)
    T, N, D, H = _sizes(x, h0, c0, Wx, Wh, b)

    z_product = Wx.T @ x.reshape(N * T, D).T  # (4 * H, N * T)
    z_total = z_product.reshape(4 * H, T, N)
    z_total += b[:, None, None]
    z = np.empty((T, 4 * H, N), dtype)
    i = np.empty((T, H, N), dtype)
    f = np.empty((T, H, N), dtype)
    g = np.empty((T, H, N), dtype)
    o = np.empty((T, H, N), dtype)
    c = np.empty((T, H, N), dtype)
    h = np.empty((T, H, N), dtype)
    h_before = h0.T
    c_before = c0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        z_t = np.matmul(Wh.T, h_before, out=z[t])
        z_t += z_total[:, t]  # (4 * H, N)
        # [2] i[t] = sigmoid(z[t][:, :H])
        i_t = np.minimum(z_t[: H], 0, out=i[t])
        np.exp(i_t, out=i_t)
        i_total = np.abs(z_t[: H])  # (H, N)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        i_t /= i_total  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H])
        f_t = np.minimum(z_t[H : 2 * H], 0, out=f[t])
        np.exp(f_t, out=f_t)
        f_total = np.abs(z_t[H : 2 * H])  # (H, N)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        f_t /= f_total  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H])
        g_t = np.tanh(z_t[2 * H : 3 * H], out=g[t])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H])
        o_t = np.minimum(z_t[3 * H : 4 * H], 0, out=o[t])
        np.exp(o_t, out=o_t)
        o_total = np.abs(z_t[3 * H : 4 * H])  # (H, N)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        o_t /= o_total  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t]
        c_t = np.multiply(f_t, c_before, out=c[t])
        c_scaled = i_t * g_t  # (H, N)
        c_t += c_scaled  # (H, N)
        # [7] h[t] = o[t] * tanh(c[t])
        h_t = np.tanh(c_t, out=h[t])
        h_t *= o_t  # (H, N)
        h_before, c_before = h_t, c_t
    return {
        "z": z.transpose(0, 2, 1),
        "i": i.transpose(0, 2, 1),
        "f": f.transpose(0, 2, 1),
        "g": g.transpose(0, 2, 1),
        "o": o.transpose(0, 2, 1),
        "c": c.transpose(0, 2, 1),
        "h": h.transpose(0, 2, 1),
    }


def loss(x, h0, c0, *, Wx, Wh, b):
    """Return L."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    c0 = np.asarray(c0, dtype)
    T, N, D, H = _sizes(x, h0, c0, Wx, Wh, b)

    z_product = Wx.T @ x.reshape(N * T, D).T  # (4 * H, N * T)
    z_total = z_product.reshape(4 * H, T, N)
    z_total += b[:, None, None]
    h = np.empty((T, H, N), dtype)
    h_before = h0.T
    c_before = c0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        z_t = Wh.T @ h_before  # (4 * H, N)
        z_t += z_total[:, t]  # (4 * H, N)
        # [2] i[t] = sigmoid(z[t][:, :H])
        c_scaled = np.minimum(z_t[: H], 0)  # (H, N)
        np.exp(c_scaled, out=c_scaled)
        i_total = np.abs(z_t[: H])  # (H, N)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        c_scaled /= i_total  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H])
        c_t = np.minimum(z_t[H : 2 * H], 0)  # (H, N)
        np.exp(c_t, out=c_t)
        f_total = np.abs(z_t[H : 2 * H])  # (H, N)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        c_t /= f_total  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H])
        g_t = np.tanh(z_t[2 * H : 3 * H])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H])
        h_t = np.minimum(z_t[3 * H : 4 * H], 0, out=h[t])
        np.exp(h_t, out=h_t)
        o_total = np.abs(z_t[3 * H : 4 * H])  # (H, N)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        h_t /= o_total  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t]
        c_t *= c_before
        c_scaled *= g_t
        c_t += c_scaled  # (H, N)
        # [7] h[t] = o[t] * tanh(c[t])
        h_tanh = np.tanh(c_t)  # (H, N)
        h_t *= h_tanh  # (H, N)
        h_before, c_before = h_t, c_t
    # [8] L = (sum_t ||h[t]||^2)/2
    L = np.vdot(h, h) / 2
    return float(L)


def loss_and_gradients(x, h0, c0, *, Wx, Wh, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    c0 = np.asarray(c0, dtype)
    T, N, D, H = _sizes(x, h0, c0, Wx, Wh, b)
    T1 = T - 1
    out = _outputs(out, dtype, ((D, 4 * H), (H, 4 * H), (4 * H,)), (x, h0, c0, Wx, Wh, b))
    (
        z_bar_after, c_bar_after, z_total, i, f, g, o, c, h, z_t, i_total, c_bar_tanh, c_bar_scaled, z_bar_scaled,
        z_bar_scaled1, z_bar, h_bar_t, c_bar_t, z_bar_scaled4, z_bar_scaled5, z_bar_scaled6, Wh_bar_part1, Wh_bar_sum,
        Wh_bar_product, ones,
    ) = _scratch(work, dtype, T, N, D, H)

    np.matmul(Wx.T, x.reshape(N * T, D).T, out=z_total.reshape(4 * H, N * T))  # (4 * H, N * T)
    z_total += b[:, None, None]
    h_before = h0.T
    c_before = c0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        np.matmul(Wh.T, h_before, out=z_t)  # (4 * H, N)
        z_t += z_total[:, t]  # (4 * H, N)
        # [2] i[t] = sigmoid(z[t][:, :H])
        i_t = np.minimum(z_t[: H], 0, out=i[t])
        np.exp(i_t, out=i_t)
        np.abs(z_t[: H], out=i_total)  # (H, N)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        i_t /= i_total  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H])
        f_t = np.minimum(z_t[H : 2 * H], 0, out=f[t])
        np.exp(f_t, out=f_t)
        f_total = np.abs(z_t[H : 2 * H], out=i_total)  # (H, N)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        f_t /= f_total  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H])
        g_t = np.tanh(z_t[2 * H : 3 * H], out=g[t])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H])
        o_t = np.minimum(z_t[3 * H : 4 * H], 0, out=o[t])
        np.exp(o_t, out=o_t)
        o_total = np.abs(z_t[3 * H : 4 * H], out=i_total)  # (H, N)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        o_t /= o_total  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t]
        c_t = np.multiply(f_t, c_before, out=c[t])
        c_scaled = np.multiply(i_t, g_t, out=i_total)  # (H, N)
        c_t += c_scaled  # (H, N)
        # [7] h[t] = o[t] * tanh(c[t])
        h_t = np.tanh(c_t, out=h[t])
        h_t *= o_t  # (H, N)
        h_before, c_before = h_t, c_t
    # [8] L = (sum_t ||h[t]||^2)/2
    L = np.vdot(h, h) / 2
    np.tanh(c, out=c_bar_tanh)  # (T, H, N)
    np.square(c_bar_tanh, out=c_bar_scaled)  # (T, H, N)
    np.subtract(1, c_bar_scaled, out=c_bar_scaled)
    c_bar_scaled *= o
    z_bar_scaled[1 : T] = c[: T1]  # (T, H, N)
    z_bar_scaled[: 1] = c0.T
    z_bar_shifted = np.subtract(1, i, out=c)  # (T, H, N)
    np.multiply(g, i, out=z_bar_scaled1)  # (T, H, N)
    z_bar_scaled1 *= z_bar_shifted
    z_bar_shifted1 = np.subtract(1, f, out=c)  # (T, H, N)
    z_bar_scaled *= f
    z_bar_scaled *= z_bar_shifted1
    z_bar_scaled2 = np.square(g, out=c)  # (T, H, N)
    np.subtract(1, z_bar_scaled2, out=z_bar_scaled2)
    z_bar_scaled2 *= i
    z_bar_shifted2 = np.subtract(1, o, out=i)  # (T, H, N)
    z_bar_scaled3 = np.multiply(c_bar_tanh, o, out=c_bar_tanh)
    z_bar_scaled3 *= z_bar_shifted2
    z_bar_after[...] = 0
    c_bar_after[...] = 0
    for t in reversed(range(T)):
        # [11] h_bar[t] = h[t] + [t + 1 < T] * (z_bar[t + 1] Wh^T)
        np.add(h[t], z_bar_after, out=h_bar_t)  # (H, N)
        # [14] c_bar[t] = h_bar[t] * o[t] * (1 - tanh(c[t])^2) + [t + 1 < T] * (c_bar[t + 1] * f[t + 1])
        np.multiply(c_bar_scaled[t], h_bar_t, out=c_bar_t)  # (H, N)
        c_bar_t += c_bar_after  # (H, N)
        # [27] z_bar[t] = [i_bar[t] * i[t] * (1 - i[t]) | f_bar[t] * f[t] * (1 - f[t]) | g_bar[t] * (1 - g[t]^2) | o_bar[t] * o[t] * (1 - o[t])]
        np.multiply(z_bar_scaled1[t], c_bar_t, out=z_bar_scaled4)  # (H, N)
        np.multiply(z_bar_scaled[t], c_bar_t, out=z_bar_scaled5)  # (H, N)
        np.multiply(z_bar_scaled2[t], c_bar_t, out=z_bar_scaled6)  # (H, N)
        z_bar_scaled7 = np.multiply(z_bar_scaled3[t], h_bar_t, out=h_bar_t)
        z_bar[t][: H] = z_bar_scaled4  # (4 * H, N)
        z_bar[t][H : 2 * H] = z_bar_scaled5
        z_bar[t][2 * H : 3 * H] = z_bar_scaled6
        z_bar[t][3 * H : 4 * H] = z_bar_scaled7
        z_bar_t = z_bar[t]
        np.matmul(Wh, z_bar_t, out=z_bar_after)
        np.multiply(f[t], c_bar_t, out=c_bar_after)
    # [29] Wx_bar = sum_t x[t]^T z_bar[t]
    z_total[...] = z_bar.transpose(1, 0, 2)  # (4 * H, T, N)
    Wx_bar_part1 = z_total
    np.matmul(x.reshape(N * T, D).T, Wx_bar_part1.reshape(4 * H, N * T).T, out=out["Wx"])  # (D, 4 * H)
    # [31] Wh_bar = sum_t h[t - 1]^T z_bar[t]
    Wh_bar_part1[...] = h.transpose(1, 0, 2)  # (H, T, N)
    Wh_bar = np.matmul(
        Wh_bar_part1[:, : T1].reshape(H, N * T1), Wx_bar_part1[:, 1 : T].reshape(4 * H, N * T1).T, out=out["Wh"]
    )
    z_bar[: 1].sum(axis=0, out=Wh_bar_sum)  # (4 * H, N)
    np.matmul(h0.T, Wh_bar_sum.T, out=Wh_bar_product)  # (H, 4 * H)
    Wh_bar += Wh_bar_product  # (H, 4 * H)
    # [33] b_bar = sum_t z_bar[t]^T 1
    np.matmul(Wx_bar_part1.reshape(4 * H, N * T), ones, out=out["b"])  # (4 * H,)
    return float(L), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place."""
    for name, gradient in gradients.items():
        step = float(learning_rate) * gradient
        if isinstance(parameters[name], np.ndarray):
            parameters[name] -= step
        else:
            parameters[name] = parameters[name] - float(step)


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _parameters(*values):
    """The parameters' dtype and the parameters as arrays; a float goes with either dtype."""
    dtype, arrays = None, []
    for name, value in zip(PARAMETERS, values):
        if type(value) is not float:
            value = np.asarray(value)
            dtype = _joined(name, value.dtype, dtype)
        elif SHAPES[name]:
            raise ValueError(f"{name} is a number, expected an array of shape {SHAPES[name]}")
        arrays.append(value)
    return dtype or _FLOATS[1], arrays


def _joined(name, found, dtype):
    """The dtype that all parameters have so far."""
    if found != dtype and (dtype is not None or found not in _FLOATS):
        expected = dtype or "float32 or float64"
        raise ValueError(f"{name} has dtype {found}, expected {expected}, the same for all parameters")
    return found


def _sizes(x, h0, c0, Wx, Wh, b):
    """Return T, N, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "h0", "c0", "Wx", "Wh", "b")
    shapes = (x.shape, h0.shape, c0.shape, Wx.shape, Wh.shape, b.shape)
    _check_ranks(names, shapes, (3, 2, 2, 2, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    expected = ((T, N, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "T from x, N from x, D from x, H from h0"))
    return T, N, D, H


def _check_ranks(names, shapes, ranks):
    """ValueError where an array has not as many dimensions as in the network, or an extent is 0."""
    if tuple(map(len, shapes)) != ranks or not all(map(all, shapes)):
        raise ValueError(_misfit(names, shapes))


def _misfit(names, shapes, expected=None, sources=""):
    """Which shape is wrong: the tensor, what it has and what was expected."""
    for k, (name, shape) in enumerate(zip(names, shapes)):
        wanted = "(" + ", ".join(map(str, SHAPES[name])) + (",)" if len(SHAPES[name]) == 1 else ")")
        if expected is None and len(shape) != len(SHAPES[name]):
            return f"{name} has shape {shape}, expected {len(SHAPES[name])} dimensions, {wanted}"
        if 0 in shape:
            return f"{name} has shape {shape}, expected {wanted} with every extent at least 1"
        if expected is not None and shape != expected[k]:
            return f"{name} has shape {shape}, expected {wanted} = {expected[k]}" + (sources and f" ({sources})")
    return f"the shapes {shapes} do not fit"


def _outputs(out, dtype, shapes, inputs):
    """The arrays that take the gradients: those in `out`, which must fit and lie apart from all else, or new ones."""
    out = {} if out is None else out
    new = {}
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            new[name] = np.empty(shape, dtype)
        elif not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
            raise ValueError(f"out[{name!r}] has {has}, expected shape {shape} and dtype {dtype}")
    if out:
        _check_apart(out, inputs)
    out.update(new)
    return out


def _check_apart(out, inputs):
    """ValueError where `out` has an entry too many, or a gradient would be written over an input or another one."""
    if not out.keys() <= set(PARAMETERS):
        raise ValueError(f"out has the entries {tuple(out)}, expected {PARAMETERS}")
    arrays = list(out.values())
    # Arrays of different owners never overlap, and owners are quickly told apart.
    owners = [id(_ if _.base is None else _.base) for _ in (*arrays, *inputs)]
    mine = set(owners[: len(arrays)])
    if len(mine) == len(arrays) and mine.isdisjoint(owners[len(arrays) :]):
        return
    for k, array in enumerate(arrays):
        if any(np.may_share_memory(array, other) for other in (*arrays[:k], *inputs)):
            name = next(name for name, value in out.items() if value is array)
            raise ValueError(f"out[{name!r}] shares memory with an input or with another array of out")


def _aligned(shape, dtype):
    """A new array that starts at a cache line, so that no vector of it lies across two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def _scratch(work, dtype, T, N, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("lstm", dtype, T, N, D, H):
        work["arrays"] = (
            _aligned((H, N), dtype),  # z_bar_after
            _aligned((H, N), dtype),  # c_bar_after
            _aligned((4 * H, T, N), dtype),  # z_total
            _aligned((T, H, N), dtype),  # i
            _aligned((T, H, N), dtype),  # f
            _aligned((T, H, N), dtype),  # g
            _aligned((T, H, N), dtype),  # o
            _aligned((T, H, N), dtype),  # c
            _aligned((T, H, N), dtype),  # h
            _aligned((4 * H, N), dtype),  # z_t
            _aligned((H, N), dtype),  # i_total
            _aligned((T, H, N), dtype),  # c_bar_tanh
            _aligned((T, H, N), dtype),  # c_bar_scaled
            _aligned((T, H, N), dtype),  # z_bar_scaled
            _aligned((T, H, N), dtype),  # z_bar_scaled1
            _aligned((T, 4 * H, N), dtype),  # z_bar
            _aligned((H, N), dtype),  # h_bar_t
            _aligned((H, N), dtype),  # c_bar_t
            _aligned((H, N), dtype),  # z_bar_scaled4
            _aligned((H, N), dtype),  # z_bar_scaled5
            _aligned((H, N), dtype),  # z_bar_scaled6
            _aligned((H, T, N), dtype),  # Wh_bar_part1
            _aligned((4 * H, N), dtype),  # Wh_bar_sum
            _aligned((H, 4 * H), dtype),  # Wh_bar_product
            np.ones((N * T,), dtype),  # ones
        )
        work["for"] = ("lstm", dtype, T, N, D, H)
    return work["arrays"]
