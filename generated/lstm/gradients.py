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
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(x, h0, c0, *, Wx, Wh, b):
    """Return the named tensors that need no target, by name."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = _data("x", x, dtype)
    h0 = _data("h0", h0, dtype)
    c0 = _data("c0", c0, dtype)
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
    h_tanh = np.empty((T, H, N), dtype)
    h = np.empty((T, H, N), dtype)
    h_before = h0.T
    c_before = c0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        z_t = np.matmul(Wh.T, h_before, out=z[t])
        z_t += z_total[:, t]  # (4 * H, N)
        # [2] i[t] = sigmoid(z[t][:, :H]) (input gate)
        i_t = _logistic(z_t[: H], out=i[t])  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H]) (forget gate)
        f_t = _logistic(z_t[H : 2 * H], out=f[t])  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H]) (candidate)
        g_t = np.tanh(z_t[2 * H : 3 * H], out=g[t])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H]) (output gate)
        o_t = _logistic(z_t[3 * H : 4 * H], out=o[t])  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t] (cell)
        c_t = np.multiply(f_t, c_before, out=c[t])
        c_scaled = i_t * g_t  # (H, N)
        c_t += c_scaled  # (H, N)
        # [7] h_tanh[t] = tanh(c[t])
        h_tanh_t = np.tanh(c_t, out=h_tanh[t])  # (H, N)
        # [8] h[t] = o[t] * h_tanh[t] (hidden state)
        h_t = np.multiply(o_t, h_tanh_t, out=h[t])  # (H, N)
        h_before, c_before = h_t, c_t
    return {
        "z": z.transpose(0, 2, 1),
        "i": i.transpose(0, 2, 1),
        "f": f.transpose(0, 2, 1),
        "g": g.transpose(0, 2, 1),
        "o": o.transpose(0, 2, 1),
        "c": c.transpose(0, 2, 1),
        "h_tanh": h_tanh.transpose(0, 2, 1),
        "h": h.transpose(0, 2, 1),
    }


def loss(x, h0, c0, *, Wx, Wh, b):
    """Return L."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = _data("x", x, dtype)
    h0 = _data("h0", h0, dtype)
    c0 = _data("c0", c0, dtype)
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
        # [2] i[t] = sigmoid(z[t][:, :H]) (input gate)
        c_scaled = _logistic(z_t[: H])  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H]) (forget gate)
        c_t = _logistic(z_t[H : 2 * H])  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H]) (candidate)
        g_t = np.tanh(z_t[2 * H : 3 * H])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H]) (output gate)
        h_t = _logistic(z_t[3 * H : 4 * H], out=h[t])  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t] (cell)
        c_t *= c_before
        c_scaled *= g_t
        c_t += c_scaled  # (H, N)
        # [7] h_tanh[t] = tanh(c[t])
        h_tanh_t = np.tanh(c_t)  # (H, N)
        # [8] h[t] = o[t] * h_tanh[t] (hidden state)
        h_t *= h_tanh_t  # (H, N)
        h_before, c_before = h_t, c_t
    # [9] L = (sum_t ||h[t]||^2)/2
    L = _dot(h, h) / 2
    return float(L)


def loss_and_gradients(x, h0, c0, *, Wx, Wh, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = _data("x", x, dtype)
    h0 = _data("h0", h0, dtype)
    c0 = _data("c0", c0, dtype)
    T, N, D, H = _sizes(x, h0, c0, Wx, Wh, b)
    T1 = T - 1
    out = _outputs(out, work, dtype, ((D, 4 * H), (H, 4 * H), (4 * H,)), (x, h0, c0, Wx, Wh, b))
    (
        z_bar_after, c_bar_after, z_total, i, f, g, o, c, h_tanh, h, z_t, c_scaled, c_bar_scaled, z_bar_scaled,
        z_bar_scaled1, z_bar, c_bar_t, Wh_bar_part1, Wh_bar_sum, Wh_bar_product, ones,
    ) = _scratch(work, dtype, T, N, D, H)

    np.matmul(Wx.T, x.reshape(N * T, D).T, out=z_total.reshape(4 * H, N * T))  # (4 * H, N * T)
    z_total += b[:, None, None]
    h_before = h0.T
    c_before = c0.T
    for t in range(T):
        # [1] z[t] = x[t] Wx + h[t - 1] Wh + 1 b^T
        _product(Wh.T, h_before, out=z_t)  # (4 * H, N)
        z_t += z_total[:, t]  # (4 * H, N)
        # [2] i[t] = sigmoid(z[t][:, :H]) (input gate)
        i_t = _logistic(z_t[: H], out=i[t])  # (H, N)
        # [3] f[t] = sigmoid(z[t][:, H:2*H]) (forget gate)
        f_t = _logistic(z_t[H : 2 * H], out=f[t])  # (H, N)
        # [4] g[t] = tanh(z[t][:, 2*H:3*H]) (candidate)
        g_t = np.tanh(z_t[2 * H : 3 * H], out=g[t])  # (H, N)
        # [5] o[t] = sigmoid(z[t][:, 3*H:4*H]) (output gate)
        o_t = _logistic(z_t[3 * H : 4 * H], out=o[t])  # (H, N)
        # [6] c[t] = f[t] * c[t - 1] + i[t] * g[t] (cell)
        c_t = np.multiply(f_t, c_before, out=c[t])
        np.multiply(i_t, g_t, out=c_scaled)  # (H, N)
        c_t += c_scaled  # (H, N)
        # [7] h_tanh[t] = tanh(c[t])
        h_tanh_t = np.tanh(c_t, out=h_tanh[t])  # (H, N)
        # [8] h[t] = o[t] * h_tanh[t] (hidden state)
        h_t = np.multiply(o_t, h_tanh_t, out=h[t])  # (H, N)
        h_before, c_before = h_t, c_t
    # [9] L = (sum_t ||h[t]||^2)/2
    L = _dot(h, h) / 2
    np.square(h_tanh, out=c_bar_scaled)  # (T, H, N)
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
    z_bar_scaled3 = np.multiply(h_tanh, o, out=g)  # (T, H, N)
    z_bar_scaled3 *= z_bar_shifted2
    z_bar_after[...] = 0
    c_bar_after[...] = 0
    for t in reversed(range(T)):
        # [10] h_bar[t] = h[t] + [t + 1 < T] * (z_bar[t + 1] Wh^T)
        h_bar_t = np.add(h[t], z_bar_after, out=z_bar[t][3 * H : 4 * H])  # (H, N)
        # [13] c_bar[t] = h_bar[t] * o[t] * (1 - h_tanh[t]^2) + [t + 1 < T] * (c_bar[t + 1] * f[t + 1])
        np.multiply(c_bar_scaled[t], h_bar_t, out=c_bar_t)  # (H, N)
        c_bar_t += c_bar_after  # (H, N)
        # [20] z_bar[t] = [i_bar[t] * i[t] * (1 - i[t]) | f_bar[t] * f[t] * (1 - f[t]) | g_bar[t] * (1 - g[t]^2) | o_bar[t] * o[t] * (1 - o[t])]
        np.multiply(z_bar_scaled1[t], c_bar_t, out=z_bar[t][: H])
        np.multiply(z_bar_scaled[t], c_bar_t, out=z_bar[t][H : 2 * H])
        np.multiply(z_bar_scaled2[t], c_bar_t, out=z_bar[t][2 * H : 3 * H])
        h_bar_t *= z_bar_scaled3[t]
        z_bar_t = z_bar[t]  # (4 * H, N)
        _product(Wh, z_bar_t, out=z_bar_after)
        np.multiply(f[t], c_bar_t, out=c_bar_after)
    # [21] Wx_bar = sum_t x[t]^T z_bar[t]
    z_total[...] = z_bar.transpose(1, 0, 2)  # (4 * H, T, N)
    Wx_bar_part1 = z_total
    np.matmul(x.reshape(N * T, D).T, Wx_bar_part1.reshape(4 * H, N * T).T, out=out["Wx"])  # (D, 4 * H)
    # [22] Wh_bar = sum_t h[t - 1]^T z_bar[t]
    Wh_bar_part1[...] = h.transpose(1, 0, 2)  # (H, T, N)
    Wh_bar = np.matmul(
        Wh_bar_part1[:, : T1].reshape(H, N * T1), Wx_bar_part1[:, 1 : T].reshape(4 * H, N * T1).T, out=out["Wh"]
    )
    z_bar[: 1].sum(axis=0, out=Wh_bar_sum)  # (4 * H, N)
    np.matmul(h0.T, Wh_bar_sum.T, out=Wh_bar_product)  # (H, 4 * H)
    Wh_bar += Wh_bar_product  # (H, 4 * H)
    # [23] b_bar = sum_t z_bar[t]^T 1
    np.matmul(Wx_bar_part1.reshape(4 * H, N * T), ones, out=out["b"])  # (4 * H,)
    return float(L), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place.

    Where something does not fit, ValueError says what, and no parameter has changed.
    """
    rate = _number("learning_rate", learning_rate)
    if not np.isfinite(rate):
        raise ValueError(f"learning_rate is {rate}, expected a finite number")
    for what, given in (("parameters", parameters), ("gradients", gradients)):
        if not hasattr(given, "keys"):
            raise ValueError(f"{what} is of type {type(given).__name__}, expected a dictionary")
    steps = []
    for name, gradient in gradients.items():
        if name not in parameters:
            raise ValueError(f"gradients has an entry {name!r}, and parameters has none")
        steps.append((parameters, name, _step(name, parameters, name, gradient, rate)))
    # All that may fail comes before the first step, and none of them may stop halfway.
    room = _room(steps)
    if room is None:
        steps = [(holder, key, step if type(step) is float else rate * step) for holder, key, step in steps]
    else:
        for step in [step for _, _, step in steps if type(step) is not float]:
            np.multiply(rate, step, out=room[: step.size].reshape(step.shape))  # where this fails, nothing has changed
    with np.errstate(all="ignore"):
        for holder, key, step in steps:
            if type(step) is float:
                holder[key] = holder[key] - step
            else:
                parameter = holder[key]
                parameter -= step if room is None else np.multiply(
                    rate, step, out=room[: step.size].reshape(step.shape)
                )


def _room(steps):
    """An array for one step after the other, or None where a gradient may lie in what changes before its turn."""
    arrays = [(holder[key], gradient) for holder, key, gradient in steps if type(gradient) is not float]
    owners = [[_ if _.base is None else _.base for _ in column] for column in zip(*arrays)]
    if not arrays or len({_.dtype for pair in arrays for _ in pair}) > 1:
        return None
    if any(type(_) is not np.ndarray for column in owners for _ in column):
        return None
    if not {*map(id, owners[0])}.isdisjoint(map(id, owners[1])):
        return None
    return np.empty(max(gradient.size for _, gradient in arrays), arrays[0][0].dtype)


def _step(name, holder, key, gradient, rate):
    """The gradient of a parameter that can take the step; for a float, the rate times it."""
    parameter, gradient = holder[key], _plain(f"the gradient of {name}", gradient)
    _demand_real(f"the gradient of {name}", gradient)
    single = isinstance(parameter, (float, np.floating)) and hasattr(holder, "__setitem__")
    if not single and (not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f"):
        found = getattr(parameter, "dtype", type(parameter).__name__)
        raise ValueError(f"{name} is of type {found}, expected an array of floats, to be changed in place")
    if np.shape(parameter) != gradient.shape:
        raise ValueError(f"the gradient of {name} has shape {gradient.shape}, and {name} {np.shape(parameter)}")
    if single:
        return float(rate * gradient)
    _demand_place(name, parameter)
    return gradient


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _parameters(*values):
    """The parameters' dtype and the parameters as arrays; a float goes with either dtype."""
    dtype, arrays = None, []
    for name, value in zip(PARAMETERS, values):
        if type(value) is not float:
            if type(value) is not np.ndarray:
                value = _plain(name, value)
            if value.dtype is not dtype:
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
    return _FLOATS[found == _FLOATS[1]]


def _data(name, value, dtype):
    """Data as an array of the parameters' dtype, converted from any real numbers that it can hold."""
    if type(value) is np.ndarray and value.dtype is dtype:
        return value
    value = _plain(name, value)
    _demand_real(name, value)
    try:
        with np.errstate(all="ignore", over="raise"):
            return value.astype(dtype, copy=False)
    except FloatingPointError:
        raise ValueError(f"{name} has dtype {value.dtype} and entries too large for {dtype}") from None


def _number(name, value):
    """A single number as a float."""
    if np.shape(value) != ():
        raise ValueError(f"{name} has shape {np.shape(value)}, expected a single number, shape ()")
    value = _plain(name, value)
    _demand_real(name, value)
    return float(value)


def _plain(name, value):
    """The value as an array of NumPy's own, without a mask: what is masked has no value."""
    if type(value) is np.ndarray:
        return value
    if _is_masked(value):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    try:
        return np.asarray(value)
    except Exception as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error


def _is_masked(value):
    """Does it have a mask, or does one of those that it lists?"""
    return isinstance(value, np.ma.MaskedArray) or isinstance(value, (list, tuple)) and any(map(_is_masked, value))


def _demand_real(name, array):
    """ValueError where an array does not hold truth values, integers or floats."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")


def _logistic(z, out=None):
    """1 / (1 + exp(-z)) of each entry; 0 where exp(-z) is beyond all numbers."""
    out = np.negative(z, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    return np.divide(1, out, out=out)


def _dot(a, b):
    """The sum of the products of all entries; of very many by blocks, since a single product would lose digits."""
    if a.size <= 65536:
        return np.vdot(a, b)
    a, b = a.reshape(-1), b.reshape(-1)
    return a.dtype.type(sum(float(np.vdot(a[k : k + 65536], b[k : k + 65536])) for k in range(0, a.size, 65536)))


def _product(a, b, out):
    """The matrix product, its rows in up to eight blocks where BLAS has a faster kernel for products of that size."""
    rows, inner, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    terms = rows * inner * columns
    if 1_000_000 < terms <= 8 * 1_000_000 and b.strides[-1] == b.itemsize:
        for blocks in (2, 4, 8):
            if terms <= blocks * 1_000_000 and rows % blocks == 0 and rows >= 32 * blocks:
                split = a.reshape(*a.shape[:-2], blocks, rows // blocks, inner)
                parts = out.reshape(*out.shape[:-2], blocks, rows // blocks, columns)
                np.matmul(split, b if b.ndim == 2 else b[..., None, :, :], out=parts)
                return out
    return np.matmul(a, b, out=out)


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


def _outputs(out, work, dtype, shapes, inputs):
    """The arrays that take the gradients: those in `out`, which must fit and lie apart from all else, or new ones."""
    out = {} if out is None else out
    if not isinstance(out, dict):
        raise ValueError(f"out is of type {type(out).__name__}, expected a dictionary of gradients")
    kept = () if work is None else _check_work(work, out)
    held, new = {}, {}
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            new[name] = np.empty(shape, dtype)
            continue
        if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype or not array.flags.carray:
            _check_place(f"out[{name!r}]", array, shape, dtype)
        held[name] = array
    if len(out) > len(held) and not out.keys() <= set(PARAMETERS):
        raise ValueError(f"out has the entries {tuple(out)}, expected {PARAMETERS}")
    if held or kept:
        _check_apart(held, kept, inputs)
    out.update(new)
    return out


def _check_place(name, array, shape, dtype):
    """ValueError where an array cannot take a gradient."""
    if isinstance(array, (np.ndarray, np.generic)) and type(array) is not np.ndarray:
        raise ValueError(f"{name} is of type {type(array).__name__}, expected an array of NumPy's own")
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
        raise ValueError(f"{name} has {has}, expected shape {shape} and dtype {dtype}")
    _demand_place(name, array)


def _check_work(work, out):
    """What this module keeps in `work`; ValueError where it is no dictionary of its own, or holds anything else."""
    if not isinstance(work, dict) or work is out:
        found = "is out too" if work is out else f"is of type {type(work).__name__}"
        raise ValueError(f"work {found}, expected a dictionary of its own, empty at first")
    found, places = [], (("arrays", "for"),)
    for place, fit in places:
        kept = work.get(place)
        if type(kept) is _Scratch and kept.own == id(kept) and kept.fit is work.get(fit):
            found.append(kept)
    if 2 * len(found) != len(work):
        raise ValueError(f"work has entries that are not from this module, {tuple(work)}; expected none at first")
    return found


def _check_apart(out, kept, inputs):
    """ValueError where a gradient or a scratch array would be written over an input or over another of them."""
    places = out.values()
    arrays = [*places, *inputs]
    # Arrays that own their memory lie apart; what is in work is written by nobody else, and no array owns its memory.
    if len({*map(id, arrays)}) == len(arrays) and not [_ for _ in arrays if _.base is not None]:
        return
    # So do views of different owners, unless these are no arrays, as a file or a buffer, and may lie on one another.
    owners = [_ if _.base is None else _.base for _ in arrays]
    ids = [*map(id, owners)]
    mine = {*ids[: len(places)]}.union(*[arrays.owners for arrays in kept])
    if (
        len(mine) < len(places) + sum(len(arrays.owners) for arrays in kept)
        or not mine.isdisjoint(ids[len(places) :])
        or any(_owner(_) is None for _ in arrays)
    ):
        _compare_all(out, kept, inputs)


def _compare_all(out, kept, inputs):
    """ValueError where two arrays share memory and one of them is written, naming it."""
    places = [(f"out[{name!r}]", array, _owner(array)) for name, value in out.items() for array in _flat([value])]
    scratch = [("an array that work keeps", array, _owner(array)) for array in _flat(kept)]
    names = (*DATA, *PARAMETERS)
    others = [(name, array, _owner(array)) for name, value in zip(names, inputs) for array in _flat([value])]
    for k, (name, array, owner) in enumerate(places):
        for other, b, its in (*places[:k], *scratch, *others):
            if (owner is its or owner is None or its is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with {other}, so a gradient cannot be written there")
    for name, array, owner in others:
        for _, b, its in scratch:
            if (owner is its or owner is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with an array that work keeps and that is written over")


def _owner(array):
    """The array that owns the memory; none where it is a file's or a buffer's, which may be anybody's."""
    base = array if array.base is None else array.base
    return base if type(base) is np.ndarray and base.base is None else None


def _flat(values):
    """The arrays among these values and in their lists."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)


def _demand_place(name, array):
    """ValueError where an array cannot be written, or two of its entries are one."""
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only")
    reach = array.itemsize
    for stride, extent in sorted((abs(s), n) for s, n in zip(array.strides, array.shape) if n > 1):
        if stride < reach:
            raise ValueError(f"{name} has strides {array.strides}: several of its entries share memory")
        reach += stride * (extent - 1)


def _aligned(shape, dtype):
    """A new array that starts at a cache line, so that no vector of it lies across two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def _packed(rows):
    """The arrays of these shapes and dtypes; where that saves much, those never in use at once stand in one place.

    Each row says from which statement to which its array is in use. What is an array already stays one.
    """
    arrays, sizes, starts, placed = [*rows], {}, {}, []
    for k, row in enumerate(rows):
        if type(row) is tuple:
            sizes[k] = -(-int(np.prod(row[0])) * np.dtype(row[1]).itemsize // 64) * 64
    if sum(sizes.values()) < 1_000_000:
        return [_aligned(*row[:2]) if type(row) is tuple else row for row in rows]
    for k in sorted(sizes, key=sizes.get, reverse=True):
        start, (_, _, first, last) = 0, rows[k]
        for begin, end, since, until in placed:
            if since <= last and first <= until:
                if start + sizes[k] <= begin:
                    break
                start = max(start, end)
        starts[k] = start
        placed = sorted([*placed, (start, start + sizes[k], first, last)])
    memory = _aligned((max(end for _, end, _, _ in placed),), np.uint8)
    for k, start in starts.items():
        shape, dtype = rows[k][:2]
        part = memory[start : start + int(np.prod(shape)) * np.dtype(dtype).itemsize]
        arrays[k] = part.view(dtype).reshape(shape)
    return arrays


class _Scratch(tuple):
    """Scratch arrays that `fit` a dtype and sizes, the `owners` of their memory, and `own`, which no copy keeps."""


def _keep(work, place, place_of_fit, fit, arrays):
    """The arrays as what `work` keeps at that place for a dtype and sizes."""
    kept = work[place] = _Scratch(arrays)
    kept.own, kept.fit = id(kept), fit
    work[place_of_fit] = fit
    kept.owners = {id(_ if _.base is None else _.base) for _ in kept}
    return kept


def _ones(shape, dtype):
    """Ones to sum by; they stay what they are."""
    array = np.ones(shape, dtype)
    array.flags.writeable = False
    return array


def _scratch(work, dtype, T, N, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, T, N, D, H):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, T, N, D, H), _packed((
            ((H, N), dtype, 35, 47),  # z_bar_after
            ((H, N), dtype, 36, 47),  # c_bar_after
            ((4 * H, T, N), dtype, 0, 56),  # z_total
            ((T, H, N), dtype, 4, 34),  # i
            ((T, H, N), dtype, 4, 47),  # f
            ((T, H, N), dtype, 4, 47),  # g
            ((T, H, N), dtype, 4, 33),  # o
            ((T, H, N), dtype, 4, 47),  # c
            ((T, H, N), dtype, 4, 33),  # h_tanh
            ((T, H, N), dtype, 4, 51),  # h
            ((4 * H, N), dtype, 5, 10),  # z_t
            ((H, N), dtype, 12, 13),  # c_scaled
            ((T, H, N), dtype, 18, 47),  # c_bar_scaled
            ((T, H, N), dtype, 21, 47),  # z_bar_scaled
            ((T, H, N), dtype, 24, 47),  # z_bar_scaled1
            ((T, 4 * H, N), dtype, 37, 53),  # z_bar
            ((H, N), dtype, 39, 47),  # c_bar_t
            ((H, T, N), dtype, 51, 52),  # Wh_bar_part1
            ((4 * H, N), dtype, 53, 54),  # Wh_bar_sum
            ((H, 4 * H), dtype, 54, 55),  # Wh_bar_product
            _ones((N * T,), dtype),  # ones
        )))
    return kept
