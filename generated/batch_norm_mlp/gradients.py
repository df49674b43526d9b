"""Loss and gradients of batch_norm_mlp.

An affine layer, batch norm and ReLU, then an affine layer under softmax and cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D, H, K.
"""

import numpy as np

DATA = ("x", "t")
PARAMETERS = ("W1", "gamma", "beta", "W2", "b2")
SHAPES = {
    "x": ("N", "D"),
    "t": ("N",),
    "W1": ("D", "H"),
    "gamma": ("H",),
    "beta": ("H",),
    "W2": ("H", "K"),
    "b2": ("K",),
}
LABELS = {
    "t": 'K',
}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W1, gamma, beta, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, gamma, beta, W2, b2) = _parameters(W1, gamma, beta, W2, b2)
    x = _data("x", x, dtype)
    N, D, H, K = _forward_sizes(x, W1, gamma, beta, W2, b2)

    # [1] Z1 = X W1
    z1 = x @ W1  # (N, H)
    # [2] mu = (Z1^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = _row_sum(ones, z1)  # (H,)
    mu /= N  # (H,)
    # [3] v = (((Z1 - (1 mu^T))^2)^T 1)/N
    v_shifted = z1 - mu  # (N, H)
    v_square = np.square(v_shifted)  # (N, H)
    v = _row_sum(ones, v_square)  # (H,)
    v /= N  # (H,)
    # [4] r = (v + 1e-05)^-1/2
    r = v + 1e-05  # (H,)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [5] Xhat = (Z1 - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = gamma * xhat  # (N, H)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [9] P = softmax(Z2)
    p_max = z2.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = z2 - p_max  # (N, K)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    return {"z1": z1, "mu": mu, "v": v, "r": r, "xhat": xhat, "y1": y1, "a1": a1, "z2": z2, "p": p}


def loss(x, t, *, W1, gamma, beta, W2, b2):
    """Return L."""
    dtype, (W1, gamma, beta, W2, b2) = _parameters(W1, gamma, beta, W2, b2)
    x = _data("x", x, dtype)
    t = _labels("t", t)
    N, D, H, K = _sizes(x, t, W1, gamma, beta, W2, b2)
    _check_labels("t", t, K)

    # [1] Z1 = X W1
    z1 = x @ W1  # (N, H)
    # [2] mu = (Z1^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = _row_sum(ones, z1)  # (H,)
    mu /= N  # (H,)
    # [3] v = (((Z1 - (1 mu^T))^2)^T 1)/N
    v_shifted = np.subtract(z1, mu, out=z1)
    v_square = np.square(v_shifted)  # (N, H)
    v = _row_sum(ones, v_square)  # (H,)
    v /= N  # (H,)
    # [4] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [5] Xhat = (Z1 - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = np.multiply(gamma, xhat, out=xhat)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0, out=y1)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [10]
    p_max = z2.max(axis=1)  # (N,)
    p_exp = z2 - p_max[:, None]  # (N, K)
    np.exp(p_exp, out=p_exp)
    L_log = p_exp.sum(axis=1)  # (N,)
    L_range = np.arange(N)  # (N,)
    L_shifted = z2[L_range, t]  # (N,)
    L_shifted -= p_max
    np.log(L_log, out=L_log)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    return float(L)


def loss_and_gradients(x, t, *, W1, gamma, beta, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (W1, gamma, beta, W2, b2) = _parameters(W1, gamma, beta, W2, b2)
    x = _data("x", x, dtype)
    t = _labels("t", t)
    N, D, H, K = _sizes(x, t, W1, gamma, beta, W2, b2)
    _check_labels("t", t, K)
    out = _outputs(out, work, dtype, ((D, H), (H,), (H,), (H, K), (K,)), (x, t, W1, gamma, beta, W2, b2))
    (
        z1, ones, mu, v_square, z2, p_max, p_exp, ones1, p_sum, y1_bar_mask, gamma_bar_scaled, z1_bar_scaled,
        z1_bar_scaled1,
    ) = _scratch(work, dtype, N, D, H, K)

    # [1] Z1 = X W1
    np.matmul(x, W1, out=z1)  # (N, H)
    # [2] mu = (Z1^T 1)/N
    _row_sum(ones, z1, out=mu)  # (H,)
    mu /= N  # (H,)
    # [3] v = (((Z1 - (1 mu^T))^2)^T 1)/N
    v_shifted = np.subtract(z1, mu, out=z1)
    np.square(v_shifted, out=v_square)  # (N, H)
    v = _row_sum(ones, v_square, out=mu)  # (H,)
    v /= N  # (H,)
    # [4] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [5] Xhat = (Z1 - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = np.multiply(gamma, xhat, out=v_square)  # (N, H)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0, out=y1)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    np.matmul(a1, W2, out=z2)  # (N, K)
    z2 += b2  # (N, K)
    # [9] P = softmax(Z2)
    z2.max(axis=1, out=p_max)  # (N,)
    np.subtract(z2, p_max[:, None], out=p_exp)  # (N, K)
    np.exp(p_exp, out=p_exp)
    np.matmul(p_exp, ones1, out=p_sum)  # (N,)
    p = np.divide(p_exp, p_sum[:, None], out=p_exp)  # (N, K)
    # [10]
    L_range = np.arange(N)  # (N,)
    L_shifted = z2[L_range, t]  # (N,)
    L_shifted -= p_max
    L_log = np.log(p_sum, out=p_sum)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    # [13] Z2_bar = (P - I[t])/N
    p[L_range, t] -= 1
    z2_bar = p
    z2_bar *= 1 / N  # (N, K)
    # [14] W2_bar = A1^T Z2_bar
    np.matmul(a1.T, z2_bar, out=out["W2"])  # (H, K)
    # [15] b2_bar = Z2_bar^T 1
    _row_sum(ones, z2_bar, out=out["b2"])  # (K,)
    # [17] Y1_bar = (Z2_bar W2^T) * [Y1 > 0]
    np.greater(a1, 0, out=y1_bar_mask)  # (N, H)
    y1_bar = np.matmul(z2_bar, W2.T, out=v_square)  # (N, H)
    y1_bar *= y1_bar_mask  # (N, H)
    # [18] gamma_bar = (Y1_bar * Xhat)^T 1
    np.multiply(y1_bar, xhat, out=gamma_bar_scaled)  # (N, H)
    gamma_bar = _row_sum(ones, gamma_bar_scaled, out=out["gamma"])  # (H,)
    # [19] beta_bar = Y1_bar^T 1
    beta_bar = _row_sum(ones, y1_bar, out=out["beta"])  # (H,)
    # [20] Xhat_bar = Y1_bar diag(gamma)
    xhat_bar = np.multiply(gamma, y1_bar, out=y1_bar)  # (N, H)
    # [26] Z1_bar = (Xhat_bar - colmean(Xhat_bar) - (Xhat * colmean(Xhat_bar * Xhat))) diag(r), by way of [19, 18]
    np.multiply(gamma, 1 / N, out=z1_bar_scaled)  # (H,)
    np.multiply(z1_bar_scaled, beta_bar, out=z1_bar_scaled1)  # (H,)
    z1_bar = np.subtract(xhat_bar, z1_bar_scaled1, out=xhat_bar)
    z1_bar_scaled2 = np.multiply(z1_bar_scaled, gamma_bar, out=z1_bar_scaled)
    z1_bar_scaled3 = np.multiply(z1_bar_scaled2, xhat, out=xhat)
    z1_bar -= z1_bar_scaled3
    z1_bar *= r  # (N, H)
    # [27] W1_bar = X^T Z1_bar
    np.matmul(x.T, z1_bar, out=out["W1"])  # (D, H)
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


def _forward_sizes(x, W1, gamma, beta, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 1, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W2.shape[1]
    expected = ((N, D), (D, H), (H,), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W2"))
    return N, D, H, K


def _sizes(x, t, W1, gamma, beta, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "t", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, t.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 1, 2, 1, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W2.shape[1]
    expected = ((N, D), (N,), (D, H), (H,), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W2"))
    return N, D, H, K


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


def _scratch(work, dtype, N, D, H, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, D, H, K):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, D, H, K), _packed((
            ((N, H), dtype, 0, 44),  # z1
            _ones((N,), dtype),  # ones
            ((H,), dtype, 1, 45),  # mu
            ((N, H), dtype, 4, 46),  # v_square
            ((N, K), dtype, 14, 26),  # z2
            ((N,), dtype, 16, 23),  # p_max
            ((N, K), dtype, 17, 33),  # p_exp
            _ones((K,), dtype),  # ones1
            ((N,), dtype, 19, 25),  # p_sum
            ((N, H), bool, 32, 34),  # y1_bar_mask
            ((N, H), dtype, 35, 36),  # gamma_bar_scaled
            ((H,), dtype, 39, 43),  # z1_bar_scaled
            ((H,), dtype, 40, 41),  # z1_bar_scaled1
        )))
    return kept
