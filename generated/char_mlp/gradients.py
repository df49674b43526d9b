"""Loss and gradients of char_mlp.

Embedding, an affine layer, batch norm with the variance over N - 1, tanh, an affine layer, cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, T, V, D, H.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("E", "W1", "gamma", "beta", "W2", "b2")
SHAPES = {
    "x": ("N", "T"),
    "y": ("N",),
    "E": ("V", "D"),
    "W1": ("T", "D", "H"),
    "gamma": ("H",),
    "beta": ("H",),
    "W2": ("H", "V"),
    "b2": ("V",),
}
LABELS = {
    "x": 'V',
    "y": 'V',
}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(x, *, E, W1, gamma, beta, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    N, T, V, D, H = _forward_sizes(x, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    z = e.reshape(N, D * T) @ W1.reshape(D * T, H)  # (N, H)
    # [3] mu = (Z^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = _row_sum(ones, z)  # (H,)
    mu /= N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = z - mu  # (N, H)
    v_square = np.square(v_shifted)  # (N, H)
    v = _row_sum(ones, v_square)  # (H,)
    v /= N - 1  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = v + 1e-05  # (H,)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = gamma * xhat  # (N, H)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    logits = a @ W2  # (N, V)
    logits += b2  # (N, V)
    # [9] P = softmax(Logits)
    p_max = logits.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = logits - p_max  # (N, V)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, V)
    return {"e": e, "z": z, "mu": mu, "v": v, "r": r, "xhat": xhat, "a": a, "logits": logits, "p": p}


def loss(x, y, *, E, W1, gamma, beta, W2, b2):
    """Return L."""
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    y = _labels("y", y)
    N, T, V, D, H = _sizes(x, y, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)
    _check_labels("y", y, V)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    z = e.reshape(N, D * T) @ W1.reshape(D * T, H)  # (N, H)
    # [3] mu = (Z^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = _row_sum(ones, z)  # (H,)
    mu /= N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = np.subtract(z, mu, out=z)
    v_square = np.square(v_shifted)  # (N, H)
    v = _row_sum(ones, v_square)  # (H,)
    v /= N - 1  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = np.multiply(gamma, xhat, out=xhat)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    logits = a @ W2  # (N, V)
    logits += b2  # (N, V)
    # [10]
    p_max = logits.max(axis=1)  # (N,)
    p_exp = logits - p_max[:, None]  # (N, V)
    np.exp(p_exp, out=p_exp)
    L_log = p_exp.sum(axis=1)  # (N,)
    L_range = np.arange(N)  # (N,)
    L_shifted = logits[L_range, y]  # (N,)
    L_shifted -= p_max
    np.log(L_log, out=L_log)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    return float(L)


def loss_and_gradients(x, y, *, E, W1, gamma, beta, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    y = _labels("y", y)
    N, T, V, D, H = _sizes(x, y, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)
    _check_labels("y", y, V)
    out = _outputs(out, work, dtype, ((V, D), (T, D, H), (H,), (H,), (H, V), (V,)), (x, y, E, W1, gamma, beta, W2, b2))
    (
        z, ones, mu, v_square, logits, p_max, p_exp, ones1, p_sum, a_bar, gamma_bar_scaled, z_bar_scaled, W1_bar,
        E_bar_part,
    ) = _scratch(work, dtype, N, T, V, D, H)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    _product(e.reshape(N, D * T), W1.reshape(D * T, H), out=z)  # (N, H)
    # [3] mu = (Z^T 1)/N
    _row_sum(ones, z, out=mu)  # (H,)
    mu /= N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = np.subtract(z, mu, out=z)
    np.square(v_shifted, out=v_square)  # (N, H)
    v = _row_sum(ones, v_square, out=mu)  # (H,)
    v /= N - 1  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = np.multiply(gamma, xhat, out=v_square)  # (N, H)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    np.matmul(a, W2, out=logits)  # (N, V)
    logits += b2  # (N, V)
    # [9] P = softmax(Logits)
    logits.max(axis=1, out=p_max)  # (N,)
    np.subtract(logits, p_max[:, None], out=p_exp)  # (N, V)
    np.exp(p_exp, out=p_exp)
    np.matmul(p_exp, ones1, out=p_sum)  # (N,)
    p = np.divide(p_exp, p_sum[:, None], out=p_exp)  # (N, V)
    # [10]
    L_range = np.arange(N)  # (N,)
    L_shifted = logits[L_range, y]  # (N,)
    L_shifted -= p_max
    L_log = np.log(p_sum, out=p_sum)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    # [13] Logits_bar = (P - I[y])/N
    p[L_range, y] -= 1
    logits_bar = p
    logits_bar *= 1 / N  # (N, V)
    # [14] W2_bar = A^T Logits_bar
    np.matmul(a.T, logits_bar, out=out["W2"])  # (H, V)
    # [15] b2_bar = Logits_bar^T 1
    _row_sum(ones, logits_bar, out=out["b2"])  # (V,)
    # [16] A_bar = Logits_bar W2^T
    np.matmul(logits_bar, W2.T, out=a_bar)  # (N, H)
    # [18] gamma_bar = (A_bar * Xhat * (1 - A^2))^T 1
    gamma_bar_shifted = np.square(a, out=a)
    np.subtract(1, gamma_bar_shifted, out=gamma_bar_shifted)
    np.multiply(a_bar, xhat, out=gamma_bar_scaled)  # (N, H)
    gamma_bar_scaled *= gamma_bar_shifted
    gamma_bar = _row_sum(ones, gamma_bar_scaled, out=out["gamma"])  # (H,)
    # [20] beta_bar = (A_bar * (1 - A^2))^T 1
    beta_bar_scaled = np.multiply(a_bar, gamma_bar_shifted, out=gamma_bar_scaled)  # (N, H)
    beta_bar = _row_sum(ones, beta_bar_scaled, out=out["beta"])  # (H,)
    # [22] Xhat_bar = (A_bar * (1 - A^2)) diag(gamma)
    xhat_bar = np.multiply(gamma, a_bar, out=a_bar)
    xhat_bar *= gamma_bar_shifted  # (N, H)
    # [28] Z_bar = (Xhat_bar - colmean(Xhat_bar) - (Xhat * colsum(Xhat_bar * Xhat))/(N - 1)) diag(r), by way of [20, 18]
    np.multiply(gamma, 1 / N, out=z_bar_scaled)  # (H,)
    z_bar_scaled *= beta_bar
    z_bar = np.subtract(xhat_bar, z_bar_scaled, out=xhat_bar)
    z_bar_scaled1 = np.multiply(gamma, 1 / (N - 1), out=z_bar_scaled)  # (H,)
    z_bar_scaled1 *= gamma_bar
    z_bar_scaled2 = np.multiply(z_bar_scaled1, xhat, out=xhat)
    z_bar -= z_bar_scaled2
    z_bar *= r  # (N, H)
    # [29] W1_bar[t] = sum_n e[n, t] z_bar[n]^T
    np.matmul(e.reshape(N, D * T).T, z_bar, out=W1_bar.reshape(D * T, H))  # (D * T, H)
    out["W1"][...] = W1_bar  # (T, D, H)
    # [30] e_bar[n, t] = W1[t] z_bar[n]
    np.matmul(z_bar, W1.reshape(D * T, H).T, out=E_bar_part.reshape(N, D * T))  # (N, D * T)
    # [31] E_bar = sum_n I[x[n]]^T e_bar[n]
    _add_rows(out["E"], x.reshape(N * T), E_bar_part)  # (V, D)
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


def _labels(name, value):
    """Labels as integers."""
    value = _plain(name, value)
    if value.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {value.dtype}, expected integers")
    return value.astype(np.intp, copy=False)


def _check_labels(name, value, count):
    """ValueError where a label is outside its range, naming the first such entry."""
    if value.size and (value.min() < 0 or value.max() >= count):
        entry = tuple(map(int, np.argwhere((value < 0) | (value >= count))[0]))
        place = f"{name}[{', '.join(map(str, entry))}]" if entry else name
        raise ValueError(f"{place} is {value[entry]}, expected a label from 0 to {LABELS[name]} - 1 = {count - 1}")


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


def _add_rows(out, labels, rows, times=1):
    """Fill `out`: each row of it is the sum of the rows that bear its number as a label; each has so many labels."""
    out[...] = 0
    if not len(labels):
        return
    # NumPy sorts integers of 16 bits by their digits, which is faster.
    order = np.argsort(labels.astype(np.uint16) if len(out) <= 65536 else labels, kind="stable")
    labels, rows = labels[order], rows[order // times]
    starts = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    if rows.size < 4096:
        out[labels[starts]] = np.add.reduceat(rows, starts, axis=0)
        return
    # While many labels are left, one row of each is added at once; what is left then is summed label by label.
    ends = np.concatenate((starts[1:], [len(labels)]))
    for _ in range(16):
        if len(starts) <= 64:
            break
        out[labels[starts]] += rows[starts]
        left = starts + 1 < ends
        starts, ends = starts[left] + 1, ends[left]
    for start, end in zip(starts, ends):
        out[labels[start]] += np.add.reduce(rows[start:end], axis=0)


def _row_sum(ones, rows, out=None):
    """The sum of the rows, a product with ones; of very many by blocks, since a single product would lose digits."""
    count = len(rows) // 512
    if count < 2:
        return np.matmul(ones, rows, out=out)
    parts = np.matmul(ones[:512], rows[: 512 * count].reshape(count, 512, -1))
    total = parts.sum(axis=0, dtype=np.float64) + ones[512 * count :] @ rows[512 * count :]
    if out is None:
        return total.astype(rows.dtype)
    out[...] = total
    return out


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


def _forward_sizes(x, E, W1, gamma, beta, W2, b2):
    """Return N, T, V, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "E", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, E.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 3, 1, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    V = E.shape[0]
    D = E.shape[1]
    H = W1.shape[2]
    _check_extents(("v", "", "N - 1", N - 1))
    expected = ((N, T), (V, D), (T, D, H), (H,), (H,), (H, V), (V,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, V from E, D from E, H from W1"))
    return N, T, V, D, H


def _sizes(x, y, E, W1, gamma, beta, W2, b2):
    """Return N, T, V, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "E", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, y.shape, E.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 1, 2, 3, 1, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    V = E.shape[0]
    D = E.shape[1]
    H = W1.shape[2]
    _check_extents(("v", "", "N - 1", N - 1))
    expected = ((N, T), (N,), (V, D), (T, D, H), (H,), (H,), (H, V), (V,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, V from E, D from E, H from W1"))
    return N, T, V, D, H


def _check_extents(*extents):
    """ValueError where the sizes leave an array without entries."""
    for name, index, formula, extent in extents:
        if index and extent < 1:
            raise ValueError(f"the sizes are too small: {name} would have {formula} = {extent} entries along {index}")
        if not index and extent == 0:
            raise ValueError(f"the sizes are too small: {name} divides by {formula} = 0")


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


def _scratch(work, dtype, N, T, V, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, T, V, D, H):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, T, V, D, H), _packed((
            ((N, H), dtype, 1, 49),  # z
            _ones((N,), dtype),  # ones
            ((H,), dtype, 2, 50),  # mu
            ((N, H), dtype, 5, 42),  # v_square
            ((N, V), dtype, 15, 27),  # logits
            ((N,), dtype, 17, 24),  # p_max
            ((N, V), dtype, 18, 33),  # p_exp
            _ones((V,), dtype),  # ones1
            ((N,), dtype, 20, 26),  # p_sum
            ((N, H), dtype, 33, 53),  # a_bar
            ((N, H), dtype, 36, 40),  # gamma_bar_scaled
            ((H,), dtype, 43, 48),  # z_bar_scaled
            ((T, D, H), dtype, 51, 52),  # W1_bar
            ((N * T, D), dtype, 53, 54),  # E_bar_part
        )))
    return kept
