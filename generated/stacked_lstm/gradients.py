"""Loss and gradients of stacked_lstm.

LSTM layers on top of each other, under half the sum of squares of the last layer's h.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are L, T, N, H.
"""

import numpy as np

DATA = ("x", "h0", "c0")
PARAMETERS = ("Wx", "Wh", "b")
SHAPES = {
    "x": ("T", "N", "H"),
    "h0": ("L", "N", "H"),
    "c0": ("L", "N", "H"),
    "Wx": ("L", "H", "4*H"),
    "Wh": ("L", "H", "4*H"),
    "b": ("L", "4*H"),
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
    L, T, N, H = _sizes(x, h0, c0, Wx, Wh, b)

    h_z = np.empty((L, T, 4 * H, N), dtype)
    h_i = np.empty((L, T, H, N), dtype)
    h_f = np.empty((L, T, H, N), dtype)
    h_g = np.empty((L, T, H, N), dtype)
    h_o = np.empty((L, T, H, N), dtype)
    c = np.empty((L, T, H, N), dtype)
    h_tanh = np.empty((L, T, H, N), dtype)
    h = np.empty((L, T, H, N), dtype)
    h_before1 = x.transpose(0, 2, 1)
    for l in range(L):
        h_z_product = Wx[l].T @ h_before1.transpose(1, 0, 2).reshape(H, N * T)  # (4 * H, N * T)
        h_z_total = h_z_product.reshape(4 * H, T, N)
        h_z_total += b[l][:, None, None]
        h_z_part6 = h_z[l]
        h_i_part = h_i[l]
        h_f_part = h_f[l]
        h_g_part = h_g[l]
        h_o_part = h_o[l]
        c_part = c[l]
        h_tanh_part = h_tanh[l]
        h_part = h[l]
        h_before = h0[l].T
        c_before = c0[l].T
        for t in range(T):
            # [1] h_z[l, t] = h[l - 1, t] Wx[l] + h[l, t - 1] Wh[l] + 1 b[l]^T
            h_z_t = np.matmul(Wh[l].T, h_before, out=h_z_part6[t])
            h_z_t += h_z_total[:, t]  # (4 * H, N)
            # [2] h_i[l, t] = sigmoid(h_z[l, t][:, :H]) (input gate)
            h_i_t = _logistic(h_z_t[: H], out=h_i_part[t])  # (H, N)
            # [3] h_f[l, t] = sigmoid(h_z[l, t][:, H:2*H]) (forget gate)
            h_f_t = _logistic(h_z_t[H : 2 * H], out=h_f_part[t])  # (H, N)
            # [4] h_g[l, t] = tanh(h_z[l, t][:, 2*H:3*H]) (candidate)
            h_g_t = np.tanh(h_z_t[2 * H : 3 * H], out=h_g_part[t])  # (H, N)
            # [5] h_o[l, t] = sigmoid(h_z[l, t][:, 3*H:4*H]) (output gate)
            h_o_t = _logistic(h_z_t[3 * H : 4 * H], out=h_o_part[t])  # (H, N)
            # [6] c[l, t] = h_f[l, t] * c[l, t - 1] + h_i[l, t] * h_g[l, t]
            c_t = np.multiply(h_f_t, c_before, out=c_part[t])
            c_scaled = h_i_t * h_g_t  # (H, N)
            c_t += c_scaled  # (H, N)
            # [7] h_tanh[l, t] = tanh(c[l, t])
            h_tanh_t = np.tanh(c_t, out=h_tanh_part[t])  # (H, N)
            # [8] h[l, t] = h_o[l, t] * h_tanh[l, t]
            h_t = np.multiply(h_o_t, h_tanh_t, out=h_part[t])  # (H, N)
            h_before, c_before = h_t, c_t
        h_before1 = h_part
    return {
        "h_z": h_z.transpose(0, 1, 3, 2),
        "h_i": h_i.transpose(0, 1, 3, 2),
        "h_f": h_f.transpose(0, 1, 3, 2),
        "h_g": h_g.transpose(0, 1, 3, 2),
        "h_o": h_o.transpose(0, 1, 3, 2),
        "c": c.transpose(0, 1, 3, 2),
        "h_tanh": h_tanh.transpose(0, 1, 3, 2),
        "h": h.transpose(0, 1, 3, 2),
    }


def loss(x, h0, c0, *, Wx, Wh, b):
    """Return loss."""
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = _data("x", x, dtype)
    h0 = _data("h0", h0, dtype)
    c0 = _data("c0", c0, dtype)
    L, T, N, H = _sizes(x, h0, c0, Wx, Wh, b)

    h = np.empty((L, T, H, N), dtype)
    h_before1 = x.transpose(0, 2, 1)
    for l in range(L):
        h_z_product = Wx[l].T @ h_before1.transpose(1, 0, 2).reshape(H, N * T)  # (4 * H, N * T)
        h_z_total = h_z_product.reshape(4 * H, T, N)
        h_z_total += b[l][:, None, None]
        h_part = h[l]
        h_before = h0[l].T
        c_before = c0[l].T
        for t in range(T):
            # [1] h_z[l, t] = h[l - 1, t] Wx[l] + h[l, t - 1] Wh[l] + 1 b[l]^T
            h_z_t = Wh[l].T @ h_before  # (4 * H, N)
            h_z_t += h_z_total[:, t]  # (4 * H, N)
            # [2] h_i[l, t] = sigmoid(h_z[l, t][:, :H]) (input gate)
            c_scaled = _logistic(h_z_t[: H])  # (H, N)
            # [3] h_f[l, t] = sigmoid(h_z[l, t][:, H:2*H]) (forget gate)
            c_t = _logistic(h_z_t[H : 2 * H])  # (H, N)
            # [4] h_g[l, t] = tanh(h_z[l, t][:, 2*H:3*H]) (candidate)
            h_g_t = np.tanh(h_z_t[2 * H : 3 * H])  # (H, N)
            # [5] h_o[l, t] = sigmoid(h_z[l, t][:, 3*H:4*H]) (output gate)
            h_t = _logistic(h_z_t[3 * H : 4 * H], out=h_part[t])  # (H, N)
            # [6] c[l, t] = h_f[l, t] * c[l, t - 1] + h_i[l, t] * h_g[l, t]
            c_t *= c_before
            c_scaled *= h_g_t
            c_t += c_scaled  # (H, N)
            # [7] h_tanh[l, t] = tanh(c[l, t])
            h_tanh_t = np.tanh(c_t)  # (H, N)
            # [8] h[l, t] = h_o[l, t] * h_tanh[l, t]
            h_t *= h_tanh_t  # (H, N)
            h_before, c_before = h_t, c_t
        h_before1 = h_part
    # [9] loss = (sum_t ||h[L - 1, t]||^2)/2
    loss = _dot(h[L - 1], h[L - 1]) / 2
    return float(loss)


def loss_and_gradients(x, h0, c0, *, Wx, Wh, b, out=None, work=None):
    """Return loss and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (Wx, Wh, b) = _parameters(Wx, Wh, b)
    x = _data("x", x, dtype)
    h0 = _data("h0", h0, dtype)
    c0 = _data("c0", c0, dtype)
    L, T, N, H = _sizes(x, h0, c0, Wx, Wh, b)
    T1 = T - 1
    out = _outputs(out, work, dtype, ((L, H, 4 * H), (L, H, 4 * H), (L, 4 * H)), (x, h0, c0, Wx, Wh, b))
    (
        h_z_bar_after1, h_z_bar_after, c_bar_after, h_i, h_f, h_g, h_o, c, h_tanh, h, h_z_total, h_z_t, c_scaled,
        h_z_bar, ones, c_bar_scaled, h_z_bar_shifted, h_z_bar_scaled, h_z_bar_shifted1, h_z_bar_shifted2,
        h_z_bar_scaled3, c_bar_t, Wh_bar_part4, Wh_bar_sum, Wh_bar_product, next_part3, Wx_bar_part3, Wx_bar_part6,
    ) = _scratch(work, dtype, L, T, N, H)

    h_before1 = x.transpose(0, 2, 1)
    for l in range(L):
        _product(
            Wx[l].T,
            h_before1.transpose(1, 0, 2).reshape(H, N * T),
            out=h_z_total.reshape(4 * H, N * T),
        )  # (4 * H, N * T)
        h_z_total += b[l][:, None, None]
        h_i_part = h_i[l]
        h_f_part = h_f[l]
        h_g_part = h_g[l]
        h_o_part = h_o[l]
        c_part = c[l]
        h_tanh_part = h_tanh[l]
        h_part = h[l]
        h_before = h0[l].T
        c_before = c0[l].T
        for t in range(T):
            # [1] h_z[l, t] = h[l - 1, t] Wx[l] + h[l, t - 1] Wh[l] + 1 b[l]^T
            _product(Wh[l].T, h_before, out=h_z_t)  # (4 * H, N)
            h_z_t += h_z_total[:, t]  # (4 * H, N)
            # [2] h_i[l, t] = sigmoid(h_z[l, t][:, :H]) (input gate)
            h_i_t = _logistic(h_z_t[: H], out=h_i_part[t])  # (H, N)
            # [3] h_f[l, t] = sigmoid(h_z[l, t][:, H:2*H]) (forget gate)
            h_f_t = _logistic(h_z_t[H : 2 * H], out=h_f_part[t])  # (H, N)
            # [4] h_g[l, t] = tanh(h_z[l, t][:, 2*H:3*H]) (candidate)
            h_g_t = np.tanh(h_z_t[2 * H : 3 * H], out=h_g_part[t])  # (H, N)
            # [5] h_o[l, t] = sigmoid(h_z[l, t][:, 3*H:4*H]) (output gate)
            h_o_t = _logistic(h_z_t[3 * H : 4 * H], out=h_o_part[t])  # (H, N)
            # [6] c[l, t] = h_f[l, t] * c[l, t - 1] + h_i[l, t] * h_g[l, t]
            c_t = np.multiply(h_f_t, c_before, out=c_part[t])
            np.multiply(h_i_t, h_g_t, out=c_scaled)  # (H, N)
            c_t += c_scaled  # (H, N)
            # [7] h_tanh[l, t] = tanh(c[l, t])
            h_tanh_t = np.tanh(c_t, out=h_tanh_part[t])  # (H, N)
            # [8] h[l, t] = h_o[l, t] * h_tanh[l, t]
            h_t = np.multiply(h_o_t, h_tanh_t, out=h_part[t])  # (H, N)
            h_before, c_before = h_t, c_t
        h_before1 = h_part
    # [9] loss = (sum_t ||h[L - 1, t]||^2)/2
    loss = _dot(h[L - 1], h[L - 1]) / 2
    Wh_bar = out["Wh"]
    b_bar = out["b"]
    h_z_bar_after1[...] = h[L - 1]
    for l in reversed(range(L)):
        np.square(h_tanh[l], out=c_bar_scaled)  # (T, H, N)
        np.subtract(1, c_bar_scaled, out=c_bar_scaled)
        c_bar_scaled *= h_o[l]
        np.subtract(1, h_i[l], out=h_z_bar_shifted)  # (T, H, N)
        np.multiply(h_g[l], h_i[l], out=h_z_bar_scaled)  # (T, H, N)
        h_z_bar_scaled *= h_z_bar_shifted
        h_z_bar_shifted[1 : T] = c[l, : T1]  # (T, H, N)
        h_z_bar_shifted[: 1] = c0[l].T
        h_z_bar_scaled1 = h_z_bar_shifted
        np.subtract(1, h_f[l], out=h_z_bar_shifted1)  # (T, H, N)
        h_z_bar_scaled1 *= h_f[l]
        h_z_bar_scaled1 *= h_z_bar_shifted1
        h_z_bar_scaled2 = np.square(h_g[l], out=h_z_bar_shifted1)  # (T, H, N)
        np.subtract(1, h_z_bar_scaled2, out=h_z_bar_scaled2)
        h_z_bar_scaled2 *= h_i[l]
        np.subtract(1, h_o[l], out=h_z_bar_shifted2)  # (T, H, N)
        np.multiply(h_tanh[l], h_o[l], out=h_z_bar_scaled3)  # (T, H, N)
        h_z_bar_scaled3 *= h_z_bar_shifted2
        h_z_bar_part6 = h_z_bar[l]
        h_z_bar_after[...] = 0
        c_bar_after[...] = 0
        for t in reversed(range(T)):
            # [10] h_bar[l, t] = where(l + 1 < L, h_z_bar[l + 1, t] Wx[l + 1]^T, h[L - 1, t]) + [t + 1 < T] * (h_z_bar[l, t + 1] Wh[l]^T)
            h_bar_t = np.add(h_z_bar_after1[t], h_z_bar_after, out=h_z_bar_part6[t][3 * H : 4 * H])  # (H, N)
            # [13] c_bar[l, t] = h_bar[l, t] * h_o[l, t] * (1 - h_tanh[l, t]^2) + [t + 1 < T] * (c_bar[l, t + 1] * h_f[l, t + 1])
            np.multiply(c_bar_scaled[t], h_bar_t, out=c_bar_t)  # (H, N)
            c_bar_t += c_bar_after  # (H, N)
            # [20] h_z_bar[l, t] = [h_i_bar[l, t] * h_i[l, t] * (1 - h_i[l, t]) | h_f_bar[l, t] * h_f[l, t] * (1 - h_f[l, t]) | h_g_bar[l, t] * (1 - h_g[l, t]^2) | h_o_bar[l, t] * h_o[l, t] * (1 - h_o[l, t])]
            np.multiply(h_z_bar_scaled[t], c_bar_t, out=h_z_bar_part6[t][: H])
            np.multiply(h_z_bar_scaled1[t], c_bar_t, out=h_z_bar_part6[t][H : 2 * H])
            np.multiply(h_z_bar_scaled2[t], c_bar_t, out=h_z_bar_part6[t][2 * H : 3 * H])
            h_bar_t *= h_z_bar_scaled3[t]
            h_z_bar_t = h_z_bar_part6[t]  # (4 * H, N)
            _product(Wh[l], h_z_bar_t, out=h_z_bar_after)
            np.multiply(h_f[l, t], c_bar_t, out=c_bar_after)
        # [22] Wh_bar[l] = sum_t h[l, t - 1]^T h_z_bar[l, t]
        Wh_bar_part4[...] = h_z_bar_part6.transpose(1, 0, 2)  # (4 * H, T, N)
        Wh_bar_l = np.matmul(
            h[l, : T1].transpose(1, 0, 2).reshape(H, N * T1),
            Wh_bar_part4[:, 1 : T].reshape(4 * H, N * T1).T,
            out=Wh_bar[l],
        )
        h_z_bar_part6[: 1].sum(axis=0, out=Wh_bar_sum)  # (4 * H, N)
        np.matmul(h0[l].T, Wh_bar_sum.T, out=Wh_bar_product)  # (H, 4 * H)
        Wh_bar_l += Wh_bar_product  # (H, 4 * H)
        # [23] b_bar[l] = sum_t h_z_bar[l, t]^T 1
        np.matmul(Wh_bar_part4.reshape(4 * H, N * T), ones, out=b_bar[l])  # (4 * H,)
        _product(Wx[l], Wh_bar_part4.reshape(4 * H, N * T), out=next_part3.reshape(H, N * T))  # (H, N * T)
        h_z_bar_after1[...] = next_part3.transpose(1, 0, 2)
    # [21] Wx_bar[l] = sum_t h[l - 1, t]^T h_z_bar[l, t]
    Wx_bar_part3[1 : L] = h[: L - 1].transpose(0, 2, 1, 3)  # (L, H, T, N)
    Wx_bar_part3[: 1] = x.transpose(2, 0, 1)
    Wx_bar_part6[...] = h_z_bar.transpose(0, 2, 1, 3)  # (L, 4 * H, T, N)
    _product(
        Wx_bar_part3.reshape(L, H, N * T),
        Wx_bar_part6.transpose(0, 2, 3, 1).reshape(L, N * T, 4 * H),
        out=out["Wx"],
    )  # (L, H, 4 * H)
    return float(loss), out


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
    """Return L, T, N, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "h0", "c0", "Wx", "Wh", "b")
    shapes = (x.shape, h0.shape, c0.shape, Wx.shape, Wh.shape, b.shape)
    _check_ranks(names, shapes, (3, 3, 3, 3, 3, 2))
    T = x.shape[0]
    N = x.shape[1]
    H = x.shape[2]
    L = h0.shape[0]
    expected = ((T, N, H), (L, N, H), (L, N, H), (L, H, 4 * H), (L, H, 4 * H), (L, 4 * H))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "L from h0, T from x, N from x, H from x"))
    return L, T, N, H


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


def _scratch(work, dtype, L, T, N, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, L, T, N, H):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, L, T, N, H), _packed((
            ((T, H, N), dtype, 30, 71),  # h_z_bar_after1
            ((H, N), dtype, 31, 71),  # h_z_bar_after
            ((H, N), dtype, 31, 71),  # c_bar_after
            ((L, T, H, N), dtype, 1, 71),  # h_i
            ((L, T, H, N), dtype, 1, 71),  # h_f
            ((L, T, H, N), dtype, 1, 71),  # h_g
            ((L, T, H, N), dtype, 1, 71),  # h_o
            ((L, T, H, N), dtype, 1, 71),  # c
            ((L, T, H, N), dtype, 1, 71),  # h_tanh
            ((L, T, H, N), dtype, 1, 72),  # h
            ((4 * H, T, N), dtype, 2, 25),  # h_z_total
            ((4 * H, N), dtype, 1, 26),  # h_z_t
            ((H, N), dtype, 1, 26),  # c_scaled
            ((L, T, 4 * H, N), dtype, 31, 74),  # h_z_bar
            _ones((N * T,), dtype),  # ones
            ((T, H, N), dtype, 32, 63),  # c_bar_scaled
            ((T, H, N), dtype, 35, 63),  # h_z_bar_shifted
            ((T, H, N), dtype, 36, 63),  # h_z_bar_scaled
            ((T, H, N), dtype, 41, 63),  # h_z_bar_shifted1
            ((T, H, N), dtype, 47, 49),  # h_z_bar_shifted2
            ((T, H, N), dtype, 48, 63),  # h_z_bar_scaled3
            ((H, N), dtype, 31, 71),  # c_bar_t
            ((4 * H, T, N), dtype, 31, 71),  # Wh_bar_part4
            ((4 * H, N), dtype, 66, 67),  # Wh_bar_sum
            ((H, 4 * H), dtype, 67, 68),  # Wh_bar_product
            ((H, T, N), dtype, 70, 71),  # next_part3
            ((L, H, T, N), dtype, 72, 75),  # Wx_bar_part3
            ((L, 4 * H, T, N), dtype, 74, 75),  # Wx_bar_part6
        )))
    return kept
