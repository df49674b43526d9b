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

    z_product = x.reshape(N * T, D) @ Wx  # (N * T, H)
    z_total = z_product.reshape(T, N, H) + b  # (T, N, H)
    z = np.empty((T, N, H), dtype)
    h = np.empty((T, N, H), dtype)
    h_before = h0
    for t in range(T):
        # [1]
        z_t = np.matmul(h_before, Wh, out=z[t])
        z_t += z_total[t]  # (N, H)
        h_t = np.tanh(z_t, out=h[t])  # (N, H) [2]
        h_before = h_t
    # [3]
    r_product = h.reshape(N * T, H) @ V  # (N * T, K)
    r = r_product.reshape(T, N, K) + c  # (T, N, K)
    return {"z": z, "h": h, "r": r}


def loss(x, h0, y, *, Wx, Wh, b, V, c):
    """Return L."""
    dtype, (Wx, Wh, b, V, c) = _parameters(Wx, Wh, b, V, c)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    y = np.asarray(y, dtype)
    T, N, D, H, K = _sizes(x, h0, y, Wx, Wh, b, V, c)

    z_product = x.reshape(N * T, D) @ Wx  # (N * T, H)
    z_total = z_product.reshape(T, N, H) + b  # (T, N, H)
    h = np.empty((T, N, H), dtype)
    h_before = h0
    for t in range(T):
        # [1]
        h_t = np.matmul(h_before, Wh, out=h[t])
        h_t += z_total[t]  # (N, H)
        np.tanh(h_t, out=h_t)  # (N, H) [2]
        h_before = h_t
    # [3]
    r_product = h.reshape(N * T, H) @ V  # (N * T, K)
    r = r_product.reshape(T, N, K) + c  # (T, N, K)
    # [4]
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
    out = _outputs(out, dtype, ((D, H), (H, H), (H,), (H, K), (K,)))
    (
        z_bar_after, z_product, z_total, h, r_product, r, z_bar, Wh_bar_sum, Wh_bar_product,
    ) = _scratch(work, dtype, T, N, D, H, K)

    np.matmul(x.reshape(N * T, D), Wx, out=z_product)  # (N * T, H)
    np.add(z_product.reshape(T, N, H), b, out=z_total)  # (T, N, H)
    h_before = h0
    for t in range(T):
        # [1]
        h_t = np.matmul(h_before, Wh, out=h[t])
        h_t += z_total[t]  # (N, H)
        np.tanh(h_t, out=h_t)  # (N, H) [2]
        h_before = h_t
    # [3]
    np.matmul(h.reshape(N * T, H), V, out=r_product)  # (N * T, K)
    np.add(r_product.reshape(T, N, K), c, out=r)  # (T, N, K)
    # [4]
    L_shifted = np.subtract(r, y, out=r)
    L = np.vdot(L_shifted, L_shifted) / 2 / N
    r_bar = np.multiply(L_shifted, 1 / N, out=L_shifted)  # (T, N, K) [5]
    np.matmul(h.transpose(2, 0, 1).reshape(H, N * T), r_bar.reshape(N * T, K), out=out["V"])  # (H, K) [7]
    r_bar.sum(axis=(0, 1), out=out["c"])  # (K,) [9]
    z_bar_product = np.matmul(r_bar.reshape(N * T, K), V.T, out=z_product)  # (N * T, H)
    z_bar_shifted = np.square(h, out=z_total)  # (T, N, H)
    np.subtract(1, z_bar_shifted, out=z_bar_shifted)
    z_bar_after[...] = 0
    for t in reversed(range(T)):
        # [14]
        z_bar_t = np.add(z_bar_product.reshape(T, N, H)[t], z_bar_after, out=z_bar[t])
        z_bar_t *= z_bar_shifted[t]  # (N, H)
        np.matmul(z_bar_t, Wh.T, out=z_bar_after)
    np.matmul(x.transpose(2, 0, 1).reshape(D, N * T), z_bar.reshape(N * T, H), out=out["Wx"])  # (D, H) [16]
    # [18]
    Wh_bar = np.matmul(h[: T - 1].transpose(2, 0, 1).reshape(H, N * T - N), z_bar[1 : T].reshape(N * T - N, H), out=out["Wh"])
    z_bar[: 1].sum(axis=0, out=Wh_bar_sum)  # (N, H)
    np.matmul(h0.T, Wh_bar_sum, out=Wh_bar_product)  # (H, H)
    Wh_bar += Wh_bar_product  # (H, H)
    z_bar.sum(axis=(0, 1), out=out["b"])  # (H,) [20]
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
    arrays = (x, h0, Wx, Wh, b, V, c)
    _check_ranks(names, arrays, (3, 2, 2, 2, 1, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    K = V.shape[1]
    expected = ((T, N, D), (N, H), (D, H), (H, H), (H,), (H, K), (K,))
    _check_shapes(names, arrays, expected, "T from x, N from x, D from x, H from h0, K from V")
    return T, N, D, H, K


def _sizes(x, h0, y, Wx, Wh, b, V, c):
    """Return T, N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "h0", "y", "Wx", "Wh", "b", "V", "c")
    arrays = (x, h0, y, Wx, Wh, b, V, c)
    _check_ranks(names, arrays, (3, 2, 3, 2, 2, 1, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    K = y.shape[2]
    expected = ((T, N, D), (N, H), (T, N, K), (D, H), (H, H), (H,), (H, K), (K,))
    _check_shapes(names, arrays, expected, "T from x, N from x, D from x, H from h0, K from y")
    return T, N, D, H, K


def _check_ranks(names, arrays, ranks):
    """ValueError where an array has not as many dimensions as in the network."""
    if tuple([array.ndim for array in arrays]) != ranks:
        raise ValueError(_misfit(names, [array.shape for array in arrays]))


def _check_shapes(names, arrays, expected, sources):
    """ValueError where a shape is not what the sizes say, or an extent is 0."""
    shapes = tuple([array.shape for array in arrays])
    if shapes != expected or not all(map(all, shapes)):
        raise ValueError(_misfit(names, shapes, expected, sources))


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


def _outputs(out, dtype, shapes):
    """The arrays that take the gradients: those in `out`, which must fit, or new ones."""
    out = {} if out is None else out
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            out[name] = np.empty(shape, dtype)
        elif not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
            raise ValueError(f"out[{name!r}] has {has}, expected shape {shape} and dtype {dtype}")
    return out


def _scratch(work, dtype, T, N, D, H, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("rnn", dtype, T, N, D, H, K):
        work["for"] = ("rnn", dtype, T, N, D, H, K)
        work["arrays"] = (
            np.empty((N, H), dtype),  # z_bar_after
            np.empty((N * T, H), dtype),  # z_product
            np.empty((T, N, H), dtype),  # z_total
            np.empty((T, N, H), dtype),  # h
            np.empty((N * T, K), dtype),  # r_product
            np.empty((T, N, K), dtype),  # r
            np.empty((T, N, H), dtype),  # z_bar
            np.empty((N, H), dtype),  # Wh_bar_sum
            np.empty((H, H), dtype),  # Wh_bar_product
        )
    return work["arrays"]
