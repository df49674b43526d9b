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

    z_product = x.reshape(N * T, D) @ Wx  # (N * T, 4 * H)
    z_total = z_product.reshape(T, N, 4 * H) + b  # (T, N, 4 * H)
    z = np.empty((T, N, 4 * H), dtype)
    i = np.empty((T, N, H), dtype)
    f = np.empty((T, N, H), dtype)
    g = np.empty((T, N, H), dtype)
    o = np.empty((T, N, H), dtype)
    c = np.empty((T, N, H), dtype)
    h = np.empty((T, N, H), dtype)
    h_before = h0
    c_before = c0
    for t in range(T):
        # [1]
        z_t = np.matmul(h_before, Wh, out=z[t])
        z_t += z_total[t]  # (N, 4 * H)
        # [2]
        i_t = np.minimum(z_t[:, : H], 0, out=i[t])
        np.exp(i_t, out=i_t)
        i_total = np.abs(z_t[:, : H])  # (N, H)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        i_t /= i_total  # (N, H)
        # [3]
        f_t = np.minimum(z_t[:, H : 2 * H], 0, out=f[t])
        np.exp(f_t, out=f_t)
        f_total = np.abs(z_t[:, H : 2 * H])  # (N, H)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        f_t /= f_total  # (N, H)
        g_t = np.tanh(z_t[:, 2 * H : 3 * H], out=g[t])  # (N, H) [4]
        # [5]
        o_t = np.minimum(z_t[:, 3 * H : 4 * H], 0, out=o[t])
        np.exp(o_t, out=o_t)
        o_total = np.abs(z_t[:, 3 * H : 4 * H])  # (N, H)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        o_t /= o_total  # (N, H)
        # [6]
        c_t = np.multiply(f_t, c_before, out=c[t])
        c_scaled = i_t * g_t  # (N, H)
        c_t += c_scaled  # (N, H)
        # [7]
        h_t = np.tanh(c_t, out=h[t])
        h_t *= o_t  # (N, H)
        h_before, c_before = h_t, c_t
    return {"z": z, "i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


def loss(x, h0, c0, *, Wx, Wh, b):
    """Return L."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = np.asarray(x, dtype)
    h0 = np.asarray(h0, dtype)
    c0 = np.asarray(c0, dtype)
    T, N, D, H = _sizes(x, h0, c0, Wx, Wh, b)

    z_product = x.reshape(N * T, D) @ Wx  # (N * T, 4 * H)
    z_total = z_product.reshape(T, N, 4 * H) + b  # (T, N, 4 * H)
    h = np.empty((T, N, H), dtype)
    h_before = h0
    c_before = c0
    for t in range(T):
        # [1]
        z_t = h_before @ Wh  # (N, 4 * H)
        z_t += z_total[t]  # (N, 4 * H)
        # [2]
        c_scaled = np.minimum(z_t[:, : H], 0)  # (N, H)
        np.exp(c_scaled, out=c_scaled)
        i_total = np.abs(z_t[:, : H])  # (N, H)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        c_scaled /= i_total  # (N, H)
        # [3]
        c_t = np.minimum(z_t[:, H : 2 * H], 0)  # (N, H)
        np.exp(c_t, out=c_t)
        f_total = np.abs(z_t[:, H : 2 * H])  # (N, H)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        c_t /= f_total  # (N, H)
        g_t = np.tanh(z_t[:, 2 * H : 3 * H])  # (N, H) [4]
        # [5]
        h_t = np.minimum(z_t[:, 3 * H : 4 * H], 0, out=h[t])
        np.exp(h_t, out=h_t)
        o_total = np.abs(z_t[:, 3 * H : 4 * H])  # (N, H)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        h_t /= o_total  # (N, H)
        # [6]
        c_t *= c_before
        c_scaled *= g_t
        c_t += c_scaled  # (N, H)
        # [7]
        h_tanh = np.tanh(c_t)  # (N, H)
        h_t *= h_tanh  # (N, H)
        h_before, c_before = h_t, c_t
    L = np.vdot(h, h) / 2  # [8]
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
    out = _outputs(out, dtype, ((D, 4 * H), (H, 4 * H), (4 * H,)))
    (
        z_bar_after, f_after, z_product, z_total, i, f, g, o, c, h, z_t, i_total, c_bar_tanh, c_bar_scaled, f_bar_part1,
        z_bar_scaled1, z_bar_shifted, z_bar_scaled2, h_bar_t, c_bar_t, z_bar_scaled4, z_bar_scaled5, z_bar_scaled6,
        Wh_bar_sum, Wh_bar_product,
    ) = _scratch(work, dtype, T, N, D, H)

    np.matmul(x.reshape(N * T, D), Wx, out=z_product)  # (N * T, 4 * H)
    np.add(z_product.reshape(T, N, 4 * H), b, out=z_total)  # (T, N, 4 * H)
    h_before = h0
    c_before = c0
    for t in range(T):
        # [1]
        np.matmul(h_before, Wh, out=z_t)  # (N, 4 * H)
        z_t += z_total[t]  # (N, 4 * H)
        # [2]
        i_t = np.minimum(z_t[:, : H], 0, out=i[t])
        np.exp(i_t, out=i_t)
        np.abs(z_t[:, : H], out=i_total)  # (N, H)
        np.negative(i_total, out=i_total)
        np.exp(i_total, out=i_total)
        i_total += 1
        i_t /= i_total  # (N, H)
        # [3]
        f_t = np.minimum(z_t[:, H : 2 * H], 0, out=f[t])
        np.exp(f_t, out=f_t)
        f_total = np.abs(z_t[:, H : 2 * H], out=i_total)  # (N, H)
        np.negative(f_total, out=f_total)
        np.exp(f_total, out=f_total)
        f_total += 1
        f_t /= f_total  # (N, H)
        g_t = np.tanh(z_t[:, 2 * H : 3 * H], out=g[t])  # (N, H) [4]
        # [5]
        o_t = np.minimum(z_t[:, 3 * H : 4 * H], 0, out=o[t])
        np.exp(o_t, out=o_t)
        o_total = np.abs(z_t[:, 3 * H : 4 * H], out=i_total)  # (N, H)
        np.negative(o_total, out=o_total)
        np.exp(o_total, out=o_total)
        o_total += 1
        o_t /= o_total  # (N, H)
        # [6]
        c_t = np.multiply(f_t, c_before, out=c[t])
        c_scaled = np.multiply(i_t, g_t, out=i_total)  # (N, H)
        c_t += c_scaled  # (N, H)
        # [7]
        h_t = np.tanh(c_t, out=h[t])
        h_t *= o_t  # (N, H)
        h_before, c_before = h_t, c_t
    L = np.vdot(h, h) / 2  # [8]
    np.tanh(c, out=c_bar_tanh)  # (T, N, H)
    np.square(c_bar_tanh, out=c_bar_scaled)  # (T, N, H)
    np.subtract(1, c_bar_scaled, out=c_bar_scaled)
    c_bar_scaled *= o
    f_bar_part1[1 : T] = c[: T - 1]  # (T, N, H)
    f_bar_part1[: 1] = c0
    z_bar_scaled = np.subtract(1, i, out=c)  # (T, N, H)
    z_bar_scaled *= i
    np.subtract(1, f, out=z_bar_scaled1)  # (T, N, H)
    z_bar_scaled1 *= f
    np.square(g, out=z_bar_shifted)  # (T, N, H)
    np.subtract(1, z_bar_shifted, out=z_bar_shifted)
    np.subtract(1, o, out=z_bar_scaled2)  # (T, N, H)
    z_bar_scaled2 *= o
    z_bar = z_total
    z_bar_after[...] = 0
    f_after[...] = 0
    for t in reversed(range(T)):
        np.add(h[t], z_bar_after, out=h_bar_t)  # (N, H) [11]
        # [14]
        np.multiply(c_bar_scaled[t], h_bar_t, out=c_bar_t)  # (N, H)
        c_bar_t += f_after  # (N, H)
        z_bar_scaled3 = np.multiply(c_bar_tanh[t], h_bar_t, out=h_bar_t)  # (N, H) [16]
        np.multiply(i[t], c_bar_t, out=z_bar_scaled4)  # (N, H) [18]
        np.multiply(f_bar_part1[t], c_bar_t, out=z_bar_scaled5)  # (N, H) [20]
        np.multiply(g[t], c_bar_t, out=z_bar_scaled6)  # (N, H) [22]
        # [27]
        z_bar_scaled6 *= z_bar_scaled[t]
        z_bar_scaled5 *= z_bar_scaled1[t]
        z_bar_scaled4 *= z_bar_shifted[t]
        z_bar_scaled3 *= z_bar_scaled2[t]
        z_bar[t][:, : H] = z_bar_scaled6  # (N, 4 * H)
        z_bar[t][:, H : 2 * H] = z_bar_scaled5
        z_bar[t][:, 2 * H : 3 * H] = z_bar_scaled4
        z_bar[t][:, 3 * H : 4 * H] = z_bar_scaled3
        z_bar_t = z_bar[t]
        np.matmul(z_bar_t, Wh.T, out=z_bar_after)
        np.multiply(f[t], c_bar_t, out=f_after)
    np.matmul(x.transpose(2, 0, 1).reshape(D, N * T), z_bar.reshape(N * T, 4 * H), out=out["Wx"])  # (D, 4 * H) [29]
    # [31]
    Wh_bar = np.matmul(h[: T - 1].transpose(2, 0, 1).reshape(H, N * T - N), z_bar[1 : T].reshape(N * T - N, 4 * H), out=out["Wh"])
    z_bar[: 1].sum(axis=0, out=Wh_bar_sum)  # (N, 4 * H)
    np.matmul(h0.T, Wh_bar_sum, out=Wh_bar_product)  # (H, 4 * H)
    Wh_bar += Wh_bar_product  # (H, 4 * H)
    z_bar.sum(axis=(0, 1), out=out["b"])  # (4 * H,) [33]
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
    arrays = (x, h0, c0, Wx, Wh, b)
    _check_ranks(names, arrays, (3, 2, 2, 2, 2, 1))
    T = x.shape[0]
    N = x.shape[1]
    D = x.shape[2]
    H = h0.shape[1]
    expected = ((T, N, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,))
    _check_shapes(names, arrays, expected, "T from x, N from x, D from x, H from h0")
    return T, N, D, H


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


def _scratch(work, dtype, T, N, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("lstm", dtype, T, N, D, H):
        work["for"] = ("lstm", dtype, T, N, D, H)
        work["arrays"] = (
            np.empty((N, H), dtype),  # z_bar_after
            np.empty((N, H), dtype),  # f_after
            np.empty((N * T, 4 * H), dtype),  # z_product
            np.empty((T, N, 4 * H), dtype),  # z_total
            np.empty((T, N, H), dtype),  # i
            np.empty((T, N, H), dtype),  # f
            np.empty((T, N, H), dtype),  # g
            np.empty((T, N, H), dtype),  # o
            np.empty((T, N, H), dtype),  # c
            np.empty((T, N, H), dtype),  # h
            np.empty((N, 4 * H), dtype),  # z_t
            np.empty((N, H), dtype),  # i_total
            np.empty((T, N, H), dtype),  # c_bar_tanh
            np.empty((T, N, H), dtype),  # c_bar_scaled
            np.empty((T, N, H), dtype),  # f_bar_part1
            np.empty((T, N, H), dtype),  # z_bar_scaled1
            np.empty((T, N, H), dtype),  # z_bar_shifted
            np.empty((T, N, H), dtype),  # z_bar_scaled2
            np.empty((N, H), dtype),  # h_bar_t
            np.empty((N, H), dtype),  # c_bar_t
            np.empty((N, H), dtype),  # z_bar_scaled4
            np.empty((N, H), dtype),  # z_bar_scaled5
            np.empty((N, H), dtype),  # z_bar_scaled6
            np.empty((N, 4 * H), dtype),  # Wh_bar_sum
            np.empty((H, 4 * H), dtype),  # Wh_bar_product
        )
    return work["arrays"]
