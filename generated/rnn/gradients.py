"""Loss and gradients of rnn.

A tanh recurrence with an affine output at every time, under half the squared error over the batch.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are T, N, D, H, K.
"""

import numpy as np

DATA = ("x", "h0", "y")
PARAMETERS = ("Wx", "Wh", "b", "V", "c")
SHAPES = {
    "x": ("T", "N", "D"),
    "h0": ("N", "H"),
    "y": ("T", "N", "K"),
    "Wx": ("D", "H"),
    "Wh": ("H", "H"),
    "b": ("H",),
    "V": ("H", "K"),
    "c": ("K",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, h0, *, Wx, Wh, b, V, c):
    """Return the named tensors that need no target, by name."""
    dtype, (Wx, Wh, b, V, c) = _parameters(Wx, Wh, b, V, c)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    T, N, D, H, K = _forward_sizes(x, h0, Wx, Wh, b, V, c)

    z_product = Wx.T @ x.reshape(N * T, D).T  # (H, N * T)
    z_total = z_product.reshape(H, T, N)
    z_total += b[:, None, None]
    z = np.empty((T, H, N), dtype)
    h = np.empty((T, H, N), dtype)
    h_before = h0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        z_t = np.matmul(Wh.T, h_before, out=z[t])
        z_t += z_total[:, t]  # (H, N)
        # [2] h[t] = tanh(z[t])
        h_t = np.tanh(z_t, out=h[t])  # (H, N)
        h_before = h_t
    # [3] r[t] = h[t] V + 1 c^T
    r_part1 = np.empty((H, T, N), dtype)  # (H, T, N)
    r_part1[...] = h.transpose(1, 0, 2)
    r_product = r_part1.reshape(H, N * T).T @ V  # (N * T, K)
    r = r_product.reshape(T, N, K)
    r += c  # (T, N, K)
    return {"z": z.transpose(0, 2, 1), "h": h.transpose(0, 2, 1), "r": r}


def loss(x, h0, y, *, Wx, Wh, b, V, c):
    """Return L."""
    dtype, (Wx, Wh, b, V, c) = _parameters(Wx, Wh, b, V, c)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    y = np.asarray(y, dtype)
    T, N, D, H, K = _sizes(x, h0, y, Wx, Wh, b, V, c)

    z_product = Wx.T @ x.reshape(N * T, D).T  # (H, N * T)
    z_total = z_product.reshape(H, T, N)
    z_total += b[:, None, None]
    h = np.empty((T, H, N), dtype)
    h_before = h0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        h_t = np.matmul(Wh.T, h_before, out=h[t])
        h_t += z_total[:, t]  # (H, N)
        # [2] h[t] = tanh(z[t])
        np.tanh(h_t, out=h_t)  # (H, N)
        h_before = h_t
    # [3] r[t] = h[t] V + 1 c^T
    r_part1 = np.empty((H, T, N), dtype)  # (H, T, N)
    r_part1[...] = h.transpose(1, 0, 2)
    r_product = r_part1.reshape(H, N * T).T @ V  # (N * T, K)
    r = r_product.reshape(T, N, K)
    r += c  # (T, N, K)
    # [4] L = (sum_t ||r[t] - y[t]||^2)/2/N
    L_shifted = np.subtract(r, y, out=r)
    L = np.vdot(L_shifted, L_shifted) / 2 / N
    return float(L)


def loss_and_gradients(x, h0, y, *, Wx, Wh, b, V, c, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (Wx, Wh, b, V, c) = _parameters(Wx, Wh, b, V, c)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    y = np.asarray(y, dtype)
    T, N, D, H, K = _sizes(x, h0, y, Wx, Wh, b, V, c)
    N1 = N * T - N
    out = _outputs(out, dtype, ((D, H), (H, H), (H,), (H, K), (K,)), (x, h0, y, Wx, Wh, b, V, c))
    (
        z_bar_after, z_total, h, r, ones, z_bar_part, z_bar_shifted, Wh_bar_sum, Wh_bar_product,
    ) = _scratch(work, dtype, T, N, D, H, K)

    np.matmul(Wx.T, x.reshape(N * T, D).T, out=z_total.reshape(H, N * T))  # (H, N * T)
    z_total += b[:, None, None]
    h_before = h0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        h_t = np.matmul(Wh.T, h_before, out=h[t])
        h_t += z_total[:, t]  # (H, N)
        # [2] h[t] = tanh(z[t])
        np.tanh(h_t, out=h_t)  # (H, N)
        h_before = h_t
    # [3] r[t] = h[t] V + 1 c^T
    z_total[...] = h.transpose(1, 0, 2)  # (H, T, N)
    r_part1 = z_total
    np.matmul(r_part1.reshape(H, N * T).T, V, out=r.reshape(N * T, K))  # (N * T, K)
    r += c  # (T, N, K)
    # [4] L = (sum_t ||r[t] - y[t]||^2)/2/N
    L_shifted = np.subtract(r, y, out=r)
    L = np.vdot(L_shifted, L_shifted) / 2 / N
    # [5] r_bar[t] = (r[t] - y[t])/N
    r_bar = np.multiply(L_shifted, 1 / N, out=L_shifted)  # (T, N, K)
    # [7] V_bar = sum_t h[t]^T r_bar[t]
    np.matmul(r_part1.reshape(H, N * T), r_bar.reshape(N * T, K), out=out["V"])  # (H, K)
    # [9] c_bar = sum_t r_bar[t]^T 1
    np.matmul(ones, r_bar.reshape(N * T, K), out=out["c"])  # (K,)
    np.matmul(V, r_bar.reshape(N * T, K).T, out=z_bar_part.reshape(H, N * T))  # (H, N * T)
    np.square(h, out=z_bar_shifted)  # (T, H, N)
    np.subtract(1, z_bar_shifted, out=z_bar_shifted)
    z_bar = h
    z_bar_after[...] = 0
    for t in reversed(range(T)):
        # [14] z_bar[t] = (r_bar[t] V^T + [t + 1 < T] * (z_bar[t + 1] Wh^T)) * (1 - h[t]^2)
        z_bar_t = np.add(z_bar_part[:, t], z_bar_after, out=z_bar[t])
        z_bar_t *= z_bar_shifted[t]  # (H, N)
        np.matmul(Wh, z_bar_t, out=z_bar_after)
    # [16] Wx_bar = sum_t x[t]^T z_bar[t]
    z_bar_part[...] = z_bar.transpose(1, 0, 2)  # (H, T, N)
    Wx_bar_part1 = z_bar_part
    np.matmul(x.reshape(N * T, D).T, Wx_bar_part1.reshape(H, N * T).T, out=out["Wx"])  # (D, H)
    # [18] Wh_bar = sum_t h[t - 1]^T z_bar[t]
    Wh_bar = np.matmul(r_part1[:, : T - 1].reshape(H, N1), Wx_bar_part1[:, 1 : T].reshape(H, N1).T, out=out["Wh"])
    z_bar[: 1].sum(axis=0, out=Wh_bar_sum)  # (H, N)
    np.matmul(h0.T, Wh_bar_sum.T, out=Wh_bar_product)  # (H, H)
    Wh_bar += Wh_bar_product  # (H, H)
    # [20] b_bar = sum_t z_bar[t]^T 1
    np.matmul(Wx_bar_part1.reshape(H, N * T), ones, out=out["b"])  # (H,)
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


def _forward_sizes(x, h0, Wx, Wh, b, V, c):
    """Return T, N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "h0", "Wx", "Wh", "b", "V", "c")
    shapes = (x.shape, h0.shape, Wx.shape, Wh.shape, b.shape, V.shape, c.shape)
    _check_ranks(names, shapes, (3, 2, 2, 2, 1, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    K = V.shape[1]
    expected = ((T, N, D), (N, H), (D, H), (H, H), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "T from x, N from x, D from x, H from h0, K from V"))
    return T, N, D, H, K


def _sizes(x, h0, y, Wx, Wh, b, V, c):
    """Return T, N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "h0", "y", "Wx", "Wh", "b", "V", "c")
    shapes = (x.shape, h0.shape, y.shape, Wx.shape, Wh.shape, b.shape, V.shape, c.shape)
    _check_ranks(names, shapes, (3, 2, 3, 2, 2, 1, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    K = y.shape[2]
    expected = ((T, N, D), (N, H), (T, N, K), (D, H), (H, H), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "T from x, N from x, D from x, H from h0, K from y"))
    return T, N, D, H, K


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


def _scratch(work, dtype, T, N, D, H, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("rnn", dtype, T, N, D, H, K):
        work["arrays"] = (
            _aligned((H, N), dtype),  # z_bar_after
            _aligned((H, T, N), dtype),  # z_total
            _aligned((T, H, N), dtype),  # h
            _aligned((T, N, K), dtype),  # r
            np.ones((N * T,), dtype),  # ones
            _aligned((H, T, N), dtype),  # z_bar_part
            _aligned((T, H, N), dtype),  # z_bar_shifted
            _aligned((H, N), dtype),  # Wh_bar_sum
            _aligned((H, H), dtype),  # Wh_bar_product
        )
        work["for"] = ("rnn", dtype, T, N, D, H, K)
    return work["arrays"]
