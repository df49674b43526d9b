"""Loss and gradients of attention_head.

Scaled dot-product attention on a batch of sequences, no mask, an output projection, half squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are B, T, D, E.
"""

import numpy as np

DATA = ("X", "Y")
PARAMETERS = ("Wq", "Wk", "Wv", "Wo")
SHAPES = {
    "X": ("B", "T", "D"),
    "Y": ("B", "T", "D"),
    "Wq": ("D", "E"),
    "Wk": ("D", "E"),
    "Wv": ("D", "E"),
    "Wo": ("E", "D"),
}
LABELS = {}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(X, *, Wq, Wk, Wv, Wo):
    """Return the named tensors that need no target, by name."""
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = _data("X", X, dtype)
    B, T, D, E = _forward_sizes(X, Wq, Wk, Wv, Wo)

    # [1] Q[b] = X[b] Wq (queries)
    Q_product = X.reshape(B * T, D) @ Wq  # (B * T, E)
    # [2] K[b] = X[b] Wk (keys)
    K_product = X.reshape(B * T, D) @ Wk  # (B * T, E)
    # [3] V[b] = X[b] Wv (values)
    V_product = X.reshape(B * T, D) @ Wv  # (B * T, E)
    # [4] S[b] = (Q[b] K[b]^T)/sqrt(E) (scores)
    S = Q_product.reshape(B, T, E) @ K_product.reshape(B, T, E).transpose(0, 2, 1)  # (B, T, T)
    S *= 1 / E ** 0.5  # (B, T, T)
    # [5] A[b] = softmax(S[b]) (attention weights)
    A_max = S.max(axis=2, keepdims=True)  # (B, T, 1)
    A_exp = S - A_max  # (B, T, T)
    np.exp(A_exp, out=A_exp)
    A_sum = A_exp.sum(axis=2, keepdims=True)  # (B, T, 1)
    A = np.divide(A_exp, A_sum, out=A_exp)  # (B, T, T)
    # [6] O[b] = A[b] V[b]
    O = A @ V_product.reshape(B, T, E)  # (B, T, E)
    # [7] R[b] = O[b] Wo
    R_product = O.reshape(B * T, E) @ Wo  # (B * T, D)
    return {
        "Q": Q_product.reshape(B, T, E),
        "K": K_product.reshape(B, T, E),
        "V": V_product.reshape(B, T, E),
        "S": S,
        "A": A,
        "O": O,
        "R": R_product.reshape(B, T, D),
    }


def loss(X, Y, *, Wq, Wk, Wv, Wo):
    """Return L."""
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = _data("X", X, dtype)
    Y = _data("Y", Y, dtype)
    B, T, D, E = _sizes(X, Y, Wq, Wk, Wv, Wo)

    # [1] Q[b] = X[b] Wq (queries)
    Q_product = X.reshape(B * T, D) @ Wq  # (B * T, E)
    # [2] K[b] = X[b] Wk (keys)
    K_product = X.reshape(B * T, D) @ Wk  # (B * T, E)
    # [3] V[b] = X[b] Wv (values)
    V_product = X.reshape(B * T, D) @ Wv  # (B * T, E)
    # [4] S[b] = (Q[b] K[b]^T)/sqrt(E) (scores)
    S = Q_product.reshape(B, T, E) @ K_product.reshape(B, T, E).transpose(0, 2, 1)  # (B, T, T)
    S *= 1 / E ** 0.5  # (B, T, T)
    # [5] A[b] = softmax(S[b]) (attention weights)
    A_max = S.max(axis=2, keepdims=True)  # (B, T, 1)
    A_exp = np.subtract(S, A_max, out=S)
    np.exp(A_exp, out=A_exp)
    A_sum = A_exp.sum(axis=2, keepdims=True)  # (B, T, 1)
    A = np.divide(A_exp, A_sum, out=A_exp)  # (B, T, T)
    # [6] O[b] = A[b] V[b]
    O = A @ V_product.reshape(B, T, E)  # (B, T, E)
    # [7] R[b] = O[b] Wo
    R_product = O.reshape(B * T, E) @ Wo  # (B * T, D)
    # [8] L = (sum_b ||R[b] - Y[b]||^2)/2/B
    R = R_product.reshape(B, T, D)
    L_shifted = np.subtract(R, Y, out=R)
    L = _dot(L_shifted, L_shifted) / 2 / B
    return float(L)


def loss_and_gradients(X, Y, *, Wq, Wk, Wv, Wo, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = _data("X", X, dtype)
    Y = _data("Y", Y, dtype)
    B, T, D, E = _sizes(X, Y, Wq, Wk, Wv, Wo)
    B1 = _block(B, T * T)
    out = _outputs(out, work, dtype, ((D, E), (D, E), (D, E), (E, D)), (X, Y, Wq, Wk, Wv, Wo))
    Q, K, V, ones, A, O, A_max, R, V_bar, K_bar, Q_bar, A_bar_b, S_bar_sum = _scratch(work, dtype, B, T, D, E)

    # [1] Q[b] = X[b] Wq (queries)
    _product(X.reshape(B * T, D), Wq, out=Q.reshape(B * T, E))  # (B * T, E)
    # [2] K[b] = X[b] Wk (keys)
    _product(X.reshape(B * T, D), Wk, out=K.reshape(B * T, E))  # (B * T, E)
    # [3] V[b] = X[b] Wv (values)
    _product(X.reshape(B * T, D), Wv, out=V.reshape(B * T, E))  # (B * T, E)
    Q_scaled = np.multiply(Q, 1 / E ** 0.5, out=Q)
    for b in range(0, B, B1):
        # [4] S[b] = (Q[b] K[b]^T)/sqrt(E)
        S_b = np.matmul(Q_scaled[b : b + B1], K[b : b + B1].transpose(0, 2, 1), out=A[b : b + B1])  # (B1, T, T)
        # [5] A[b] = softmax(S[b]) (attention weights)
        S_b.max(axis=2, keepdims=True, out=A_max)  # (B1, T, 1)
        A_exp = np.subtract(S_b, A_max, out=S_b)
        np.exp(A_exp, out=A_exp)
        A_sum = np.matmul(A_exp, ones, out=A_max)  # (B1, T, 1)
        A_b = np.divide(A_exp, A_sum, out=A_exp)  # (B1, T, T)
        # [6] O[b] = A[b] V[b]
        _product(A_b, V[b : b + B1], out=O[b : b + B1])  # (B1, T, E)
    # [7] R[b] = O[b] Wo
    _product(O.reshape(B * T, E), Wo, out=R.reshape(B * T, D))  # (B * T, D)
    # [8] L = (sum_b ||R[b] - Y[b]||^2)/2/B
    L_shifted = np.subtract(R, Y, out=R)
    L = _dot(L_shifted, L_shifted) / 2 / B
    # [9] R_bar[b] = (R[b] - Y[b])/B
    R_bar = np.multiply(L_shifted, 1 / B, out=L_shifted)  # (B, T, D)
    # [10] Wo_bar = sum_b O[b]^T R_bar[b]
    np.matmul(O.reshape(B * T, E).T, R_bar.reshape(B * T, D), out=out["Wo"])  # (E, D)
    # [11] O_bar[b] = R_bar[b] Wo^T
    np.matmul(R_bar.reshape(B * T, D), Wo.T, out=O.reshape(B * T, E))  # (B * T, E)
    O_bar = O
    for b in range(0, B, B1):
        # [12] A_bar[b] = O_bar[b] V[b]^T
        np.matmul(O_bar[b : b + B1], V[b : b + B1].transpose(0, 2, 1), out=A_bar_b)  # (B1, T, T)
        # [14] S_bar[b] = A[b] * (A_bar[b] - rowsum(A_bar[b] * A[b]))
        np.vecdot(A_bar_b, A[b : b + B1], out=S_bar_sum)  # (B1, T)
        S_bar_b = np.subtract(A_bar_b, S_bar_sum[:, :, None], out=A_bar_b)
        S_bar_b *= A[b : b + B1]  # (B1, T, T)
        # [15] V_bar[b] = A[b]^T O_bar[b]
        _product(A[b : b + B1].transpose(0, 2, 1), O_bar[b : b + B1], out=V_bar[b : b + B1])  # (B1, T, E)
        # [17] K_bar[b] = (S_bar[b]^T Q[b])/sqrt(E)
        _product(S_bar_b.transpose(0, 2, 1), Q_scaled[b : b + B1], out=K_bar[b : b + B1])  # (B1, T, E)
        # [19] Q_bar[b] = (S_bar[b] K[b])/sqrt(E)
        Q_bar_b = _product(S_bar_b, K[b : b + B1], out=Q_bar[b : b + B1])
        Q_bar_b *= 1 / E ** 0.5  # (B1, T, E)
    # [16] Wv_bar = sum_b X[b]^T V_bar[b]
    np.matmul(X.reshape(B * T, D).T, V_bar.reshape(B * T, E), out=out["Wv"])  # (D, E)
    # [18] Wk_bar = sum_b X[b]^T K_bar[b]
    np.matmul(X.reshape(B * T, D).T, K_bar.reshape(B * T, E), out=out["Wk"])  # (D, E)
    # [20] Wq_bar = sum_b X[b]^T Q_bar[b]
    np.matmul(X.reshape(B * T, D).T, Q_bar.reshape(B * T, E), out=out["Wq"])  # (D, E)
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


def _dot(a, b):
    """The sum of the products of all entries; of very many by blocks, since a single product would lose digits."""
    if a.size <= 65536:
        return np.vdot(a, b)
    a, b = a.reshape(-1), b.reshape(-1)
    return a.dtype.type(sum(float(np.vdot(a[k : k + 65536], b[k : k + 65536])) for k in range(0, a.size, 65536)))


def _block(count, each):
    """How many of `count` examples with `each` entries are taken at once: what divides them and fits in the cache.

    All of them where nothing between half of what fits and that divides them, as with a prime number of examples.
    """
    most = max(1, min(count, 131_072 // each))
    return next((length for length in range(most, most // 2, -1) if count % length == 0), count)


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


def _forward_sizes(X, Wq, Wk, Wv, Wo):
    """Return B, T, D, E; ValueError where a shape does not fit or an extent is 0."""
    names = ("X", "Wq", "Wk", "Wv", "Wo")
    shapes = (X.shape, Wq.shape, Wk.shape, Wv.shape, Wo.shape)
    _check_ranks(names, shapes, (3, 2, 2, 2, 2))
    B = X.shape[0]
    T = X.shape[1]
    D = X.shape[2]
    E = Wq.shape[1]
    expected = ((B, T, D), (D, E), (D, E), (D, E), (E, D))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "B from X, T from X, D from X, E from Wq"))
    return B, T, D, E


def _sizes(X, Y, Wq, Wk, Wv, Wo):
    """Return B, T, D, E; ValueError where a shape does not fit or an extent is 0."""
    names = ("X", "Y", "Wq", "Wk", "Wv", "Wo")
    shapes = (X.shape, Y.shape, Wq.shape, Wk.shape, Wv.shape, Wo.shape)
    _check_ranks(names, shapes, (3, 3, 2, 2, 2, 2))
    B = X.shape[0]
    T = X.shape[1]
    D = X.shape[2]
    E = Wq.shape[1]
    expected = ((B, T, D), (B, T, D), (D, E), (D, E), (D, E), (E, D))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "B from X, T from X, D from X, E from Wq"))
    return B, T, D, E


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


def _scratch(work, dtype, B, T, D, E):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, B, T, D, E):
        B1 = _block(B, T * T)
        kept = _keep(work, "arrays", "for", ("arrays", dtype, B, T, D, E), _packed((
            ((B, T, E), dtype, 0, 27),  # Q
            ((B, T, E), dtype, 1, 27),  # K
            ((B, T, E), dtype, 2, 27),  # V
            _ones((T, 1), dtype),  # ones
            ((B, T, T), dtype, 4, 27),  # A
            ((B, T, E), dtype, 4, 27),  # O
            ((B1, T, 1), dtype, 6, 10),  # A_max
            ((B, T, D), dtype, 12, 17),  # R
            ((B, T, E), dtype, 19, 28),  # V_bar
            ((B, T, E), dtype, 19, 29),  # K_bar
            ((B, T, E), dtype, 19, 30),  # Q_bar
            ((B1, T, T), dtype, 20, 26),  # A_bar_b
            ((B1, T), dtype, 21, 22),  # S_bar_sum
        )))
    return kept
