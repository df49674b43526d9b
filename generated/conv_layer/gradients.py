"""Loss and gradients of conv_layer: A convolution of stride 2 with a border of zeros, under a given cotangent.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, C, I, J, F, U, V.
"""

import numpy as np

DATA = ("cotangent",)
PARAMETERS = ("x", "w", "b")
SHAPES = {
    "x": ("N", "C", "I", "J"),
    "w": ("F", "C", "U", "V"),
    "b": ("F",),
    "cotangent": ("N", "F", "(I - U)//2 + 2", "(J - V)//2 + 2"),
}
LABELS = {}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(*, x, w, b):
    """Return the named tensors that need no target, by name."""
    dtype, (x, w, b) = _parameters(x, w, b)
    N, C, I, J, F, U, V = _forward_sizes(x, w, b)
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2

    # [1] (padded)
    p = np.empty((C, I1, J1, N), dtype)  # (C, I1, J1, N)
    p[...] = 0
    p[:, 1 : I + 1, 1 : J + 1] = x.transpose(1, 2, 3, 0)
    # [2]
    y_part2 = np.empty((U1, C, V, J2, N), dtype)  # (U1, C, V, J2, N)
    y_part2[...] = _windows(
        p, (0, 0, 0, 0), (C, U1, J2, V, N), ((0, 1), (1, 1), (2, 2), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)
    y_product = w.transpose(0, 2, 1, 3).reshape(F, C * U * V) @ _windows(
        y_part2,
        (0, 0, 0, 0, 0),
        (I2, U, C, V, J2, N),
        ((0, 2), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I2, C * U * V, J2 * N)  # (I2, F, J2 * N)
    y = y_product.reshape(I2, F, J2, N)
    y += b[:, None, None]  # (I2, F, J2, N)
    return {"p": p.transpose(3, 0, 1, 2), "y": y.transpose(3, 1, 0, 2)}


def loss(cotangent, *, x, w, b):
    """Return L."""
    dtype, (x, w, b) = _parameters(x, w, b)
    cotangent = _data("cotangent", cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2

    # [1] (padded)
    p = np.empty((C, I1, J1, N), dtype)  # (C, I1, J1, N)
    p[...] = 0
    p[:, 1 : I + 1, 1 : J + 1] = x.transpose(1, 2, 3, 0)
    # [2]
    y_part2 = np.empty((U1, C, V, J2, N), dtype)  # (U1, C, V, J2, N)
    y_part2[...] = _windows(
        p, (0, 0, 0, 0), (C, U1, J2, V, N), ((0, 1), (1, 1), (2, 2), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)
    y_product = w.transpose(0, 2, 1, 3).reshape(F, C * U * V) @ _windows(
        y_part2,
        (0, 0, 0, 0, 0),
        (I2, U, C, V, J2, N),
        ((0, 2), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I2, C * U * V, J2 * N)  # (I2, F, J2 * N)
    y = y_product.reshape(I2, F, J2, N)
    y += b[:, None, None]  # (I2, F, J2, N)
    # [3] L = sum_n,f 1^T (cotangent[n, f] * y[n, f]) 1
    L_part1 = np.empty((I2, F, J2, N), dtype)  # (I2, F, J2, N)
    L_part1[...] = cotangent.transpose(2, 1, 3, 0)
    L = _dot(L_part1, y)
    return float(L)


def loss_and_gradients(cotangent, *, x, w, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (x, w, b) = _parameters(x, w, b)
    cotangent = _data("cotangent", cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2
    out = _outputs(out, work, dtype, ((N, C, I, J), (F, C, U, V), (F,)), (cotangent, x, w, b))
    (
        p, y_part2, y, L_part1, w_bar_product, w_bar_sum, ones, b_bar_part1, ones1, p_bar_part2, p_bar_part4, p_bar,
    ) = _scratch(work, dtype, N, C, I, J, F, U, V)

    # [1] (padded)
    p[...] = 0  # (C, I1, J1, N)
    p[:, 1 : I + 1, 1 : J + 1] = x.transpose(1, 2, 3, 0)
    # [2]
    y_part2[...] = _windows(
        p, (0, 0, 0, 0), (C, U1, J2, V, N), ((0, 1), (1, 1), (2, 2), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)  # (U1, C, V, J2, N)
    _product(
        w.transpose(0, 2, 1, 3).reshape(F, C * U * V),
        _windows(
            y_part2,
            (0, 0, 0, 0, 0),
            (I2, U, C, V, J2, N),
            ((0, 2), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I2, C * U * V, J2 * N),
        out=y.reshape(I2, F, J2 * N),
    )  # (I2, F, J2 * N)
    y += b[:, None, None]  # (I2, F, J2, N)
    # [3] L = sum_n,f 1^T (cotangent[n, f] * y[n, f]) 1
    L_part1[...] = cotangent.transpose(2, 1, 3, 0)  # (I2, F, J2, N)
    L = _dot(L_part1, y)
    # [5] w_bar[f, c] = sum_n,i,j (cotangent[n, f, i, j] p[n, c][2*i:U + 2*i, 2*j:V + 2*j])
    _product(
        _windows(
            y_part2,
            (0, 0, 0, 0, 0),
            (I2, U, C, V, J2, N),
            ((0, 2), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I2, C * U * V, J2 * N),
        L_part1.transpose(0, 2, 3, 1).reshape(I2, J2 * N, F),
        out=w_bar_product,
    )  # (I2, C * U * V, F)
    w_bar_product.sum(axis=0, out=w_bar_sum)  # (C * U * V, F)
    out["w"][...] = w_bar_sum.reshape(U, C, V, F).transpose(3, 1, 0, 2)  # (F, C, U, V)
    # [6]
    np.matmul(L_part1.reshape(F * I2, J2 * N), ones, out=b_bar_part1.reshape(F * I2))  # (F * I2,)
    _row_sum(ones1, b_bar_part1, out=out["b"])  # (F,)
    # [7]
    p_bar_part4[2 * I2 if 2 <= U else 0 :] = 0  # (I1, C, V, J2, N)
    for _u in range(U):
        np.matmul(w.transpose(2, 1, 3, 0)[_u].reshape(C * V, F), L_part1.reshape(I2, F, J2 * N), out=p_bar_part2)
        if _u < 2:
            p_bar_part4[_u : _u + (2 * I2 - 1) : 2] = p_bar_part2.reshape(I2, C, V, J2, N)
        else:
            p_bar_part4[_u : _u + (2 * I2 - 1) : 2] += p_bar_part2.reshape(I2, C, V, J2, N)
    p_bar[:, :, 2 * J2 if 2 <= V else 0 :] = 0  # (I1, C, J1, N)
    for _v in range(V):
        if _v < 2:
            p_bar[:, :, _v : _v + (2 * J2 - 1) : 2] = p_bar_part4.transpose(2, 0, 1, 3, 4)[_v]
        else:
            p_bar[:, :, _v : _v + (2 * J2 - 1) : 2] += p_bar_part4.transpose(2, 0, 1, 3, 4)[_v]
    # [8] x_bar[n, c] = p_bar[n, c][1:I + 1, 1:J + 1]
    out["x"][...] = p_bar[1 : I + 1, :, 1 : J + 1].transpose(3, 1, 0, 2)  # (N, C, I, J)
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


def _windows(array, starts, shape, steps):
    """A view: its entry at (i, j, ...) is the array's at the starts plus, for each index, a step along one axis."""
    view = array[tuple(slice(start, None) for start in starts)]
    last = [0] * view.ndim
    for count, (axis, step) in zip(shape, steps):
        last[axis] += (count - 1) * step
    if any(end >= extent for end, extent in zip(last, view.shape)):
        raise ValueError(f"windows that end at {last} leave an array of shape {view.shape}")
    strides = [view.strides[axis] * step for axis, step in steps]
    return np.lib.stride_tricks.as_strided(view, shape, strides, writeable=False)


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


def _forward_sizes(x, w, b):
    """Return N, C, I, J, F, U, V; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w", "b")
    shapes = (x.shape, w.shape, b.shape)
    _check_ranks(names, shapes, (4, 4, 1))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w.shape[0]
    U = w.shape[2]
    V = w.shape[3]
    _check_extents(("y", "i", "(I - U)//2 + 2", ((I - U) // 2) + 2), ("y", "j", "(J - V)//2 + 2", ((J - V) // 2) + 2))
    expected = ((N, C, I, J), (F, C, U, V), (F,))
    if shapes != expected:
        raise ValueError(
            _misfit(names, shapes, expected, "N from x, C from x, I from x, J from x, F from w, U from w, V from w")
        )
    return N, C, I, J, F, U, V


def _sizes(x, w, b, cotangent):
    """Return N, C, I, J, F, U, V; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w", "b", "cotangent")
    shapes = (x.shape, w.shape, b.shape, cotangent.shape)
    _check_ranks(names, shapes, (4, 4, 1, 4))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w.shape[0]
    U = w.shape[2]
    V = w.shape[3]
    _check_extents(("y", "i", "(I - U)//2 + 2", ((I - U) // 2) + 2), ("y", "j", "(J - V)//2 + 2", ((J - V) // 2) + 2))
    expected = ((N, C, I, J), (F, C, U, V), (F,), (N, F, ((I - U) // 2) + 2, ((J - V) // 2) + 2))
    if shapes != expected:
        raise ValueError(
            _misfit(names, shapes, expected, "N from x, C from x, I from x, J from x, F from w, U from w, V from w")
        )
    return N, C, I, J, F, U, V


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


def _scratch(work, dtype, N, C, I, J, F, U, V):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, C, I, J, F, U, V):
        I1 = I + 2
        J1 = J + 2
        I2 = ((I - U) // 2) + 2
        J2 = ((J - V) // 2) + 2
        U1 = U + 2 * ((I - U) // 2) + 2
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, C, I, J, F, U, V), _packed((
            ((C, I1, J1, N), dtype, 0, 2),  # p
            ((U1, C, V, J2, N), dtype, 2, 7),  # y_part2
            ((I2, F, J2, N), dtype, 3, 6),  # y
            ((I2, F, J2, N), dtype, 5, 15),  # L_part1
            ((I2, C * U * V, F), dtype, 7, 8),  # w_bar_product
            ((C * U * V, F), dtype, 8, 9),  # w_bar_sum
            _ones((J2 * N,), dtype),  # ones
            ((I2, F), dtype, 10, 11),  # b_bar_part1
            _ones((I2,), dtype),  # ones1
            ((I2, C * V, J2 * N), dtype, 14, 15),  # p_bar_part2
            ((I1, C, V, J2, N), dtype, 12, 18),  # p_bar_part4
            ((I1, C, J1, N), dtype, 16, 19),  # p_bar
        )))
    return kept
