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
FUNCTIONS = ()
FACTS = ()


def forward(*, x, w, b):
    """Return the named tensors that need no target, by name."""
    dtype, (x, w, b) = _parameters(x, w, b)
    N, C, I, J, F, U, V = _forward_sizes(x, w, b)

    p_range = np.arange(I + 2)  # (I + 2,)
    p_mask = 1 <= p_range  # (I + 2,)
    p_mask1 = p_range <= I  # (I + 2,)
    np.logical_and(p_mask, p_mask1, out=p_mask)
    p_range1 = np.arange(J + 2)  # (J + 2,)
    p_mask2 = 1 <= p_range1  # (J + 2,)
    p_mask3 = p_mask[:, None] & p_mask2  # (I + 2, J + 2)
    p_mask4 = p_range1 <= J  # (J + 2,)
    np.logical_and(p_mask3, p_mask4, out=p_mask3)
    p_range2 = np.arange(N)  # (N,)
    p_range3 = np.arange(C)  # (C,)
    p_capped = p_range + -1  # (I + 2,)
    np.maximum(p_capped, 0, out=p_capped)
    np.minimum(p_capped, I - 1, out=p_capped)
    p_capped1 = p_range1 + -1  # (J + 2,)
    np.maximum(p_capped1, 0, out=p_capped1)
    np.minimum(p_capped1, J - 1, out=p_capped1)
    p = x[p_range2, p_range3[:, None, None, None], p_capped[:, None, None], p_capped1[:, None]]  # (C, I + 2, J + 2, N)
    p *= p_mask3[:, :, None]
    y_part2 = np.empty((C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N), dtype)  # (C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    y_part2[...] = _windows(p, (0, 0, 0, 0), (C, ((I - U) // 2) + 2, U, ((J - V) // 2) + 2, V, N), ((0, 1), (1, 2), (1, 1), (2, 2), (2, 1), (3, 1))).transpose(0, 2, 4, 1, 3, 5)
    y_product = w.reshape(F, C * U * V) @ y_part2.reshape(C * U * V, -1)  # (F, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N)
    y = y_product.reshape(F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N) + b[:, None, None, None]  # (F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    return {"p": p.transpose(3, 0, 1, 2), "y": y.transpose(3, 0, 1, 2)}


def loss(cotangent, *, x, w, b):
    """Return L."""
    dtype, (x, w, b) = _parameters(x, w, b)
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)

    # [3]
    p_range = np.arange(I + 2)  # (I + 2,)
    p_mask = 1 <= p_range  # (I + 2,)
    p_mask1 = p_range <= I  # (I + 2,)
    np.logical_and(p_mask, p_mask1, out=p_mask)
    p_range1 = np.arange(J + 2)  # (J + 2,)
    p_mask2 = 1 <= p_range1  # (J + 2,)
    p_mask3 = p_mask[:, None] & p_mask2  # (I + 2, J + 2)
    p_mask4 = p_range1 <= J  # (J + 2,)
    np.logical_and(p_mask3, p_mask4, out=p_mask3)
    p_range2 = np.arange(N)  # (N,)
    p_range3 = np.arange(C)  # (C,)
    p_capped = p_range + -1  # (I + 2,)
    np.maximum(p_capped, 0, out=p_capped)
    np.minimum(p_capped, I - 1, out=p_capped)
    p_capped1 = p_range1 + -1  # (J + 2,)
    np.maximum(p_capped1, 0, out=p_capped1)
    np.minimum(p_capped1, J - 1, out=p_capped1)
    p = x[p_range2, p_range3[:, None, None, None], p_capped[:, None, None], p_capped1[:, None]]  # (C, I + 2, J + 2, N)
    p *= p_mask3[:, :, None]
    y_part2 = np.empty((C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N), dtype)  # (C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    y_part2[...] = _windows(p, (0, 0, 0, 0), (C, ((I - U) // 2) + 2, U, ((J - V) // 2) + 2, V, N), ((0, 1), (1, 2), (1, 1), (2, 2), (2, 1), (3, 1))).transpose(0, 2, 4, 1, 3, 5)
    y_product = w.reshape(F, C * U * V) @ y_part2.reshape(C * U * V, -1)  # (F, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N)
    y = y_product.reshape(F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N) + b[:, None, None, None]  # (F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    L = np.vdot(cotangent, y.transpose(3, 0, 1, 2))
    return float(L)


def loss_and_gradients(cotangent, *, x, w, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (x, w, b) = _parameters(x, w, b)
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)
    out = _outputs(out, dtype, ((N, C, I, J), (F, C, U, V), (F,)))
    (
        p_mask, p_mask1, p_mask2, p_mask3, p_capped, p_capped1, y_part2, y_product, y, w_bar_product, p_bar_product,
        p_bar,
    ) = _scratch(work, dtype, N, C, I, J, F, U, V)

    # [3]
    p_range = np.arange(I + 2)  # (I + 2,)
    np.less_equal(1, p_range, out=p_mask)  # (I + 2,)
    np.less_equal(p_range, I, out=p_mask1)  # (I + 2,)
    np.logical_and(p_mask, p_mask1, out=p_mask)
    p_range1 = np.arange(J + 2)  # (J + 2,)
    np.less_equal(1, p_range1, out=p_mask2)  # (J + 2,)
    np.logical_and(p_mask[:, None], p_mask2, out=p_mask3)  # (I + 2, J + 2)
    p_mask4 = np.less_equal(p_range1, J, out=p_mask2)  # (J + 2,)
    np.logical_and(p_mask3, p_mask4, out=p_mask3)
    p_range2 = np.arange(N)  # (N,)
    p_range3 = np.arange(C)  # (C,)
    np.add(p_range, -1, out=p_capped)  # (I + 2,)
    np.maximum(p_capped, 0, out=p_capped)
    np.minimum(p_capped, I - 1, out=p_capped)
    np.add(p_range1, -1, out=p_capped1)  # (J + 2,)
    np.maximum(p_capped1, 0, out=p_capped1)
    np.minimum(p_capped1, J - 1, out=p_capped1)
    p = x[p_range2, p_range3[:, None, None, None], p_capped[:, None, None], p_capped1[:, None]]  # (C, I + 2, J + 2, N)
    p *= p_mask3[:, :, None]
    y_part2[...] = _windows(p, (0, 0, 0, 0), (C, ((I - U) // 2) + 2, U, ((J - V) // 2) + 2, V, N), ((0, 1), (1, 2), (1, 1), (2, 2), (2, 1), (3, 1))).transpose(0, 2, 4, 1, 3, 5)  # (C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    np.matmul(w.reshape(F, C * U * V), y_part2.reshape(C * U * V, -1), out=y_product)  # (F, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N)
    np.add(y_product.reshape(F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N), b[:, None, None, None], out=y)  # (F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N)
    L = np.vdot(cotangent, y.transpose(3, 0, 1, 2))
    # [8]
    np.matmul(y_part2.reshape(C * U * V, -1), cotangent.transpose(2, 3, 0, 1).reshape(-1, F), out=w_bar_product)  # (C * U * V, F)
    cotangent.sum(axis=(0, 2, 3), out=out["b"])  # (F,)
    # [6]
    np.matmul(w.transpose(1, 2, 3, 0).reshape(C * U * V, F), cotangent.transpose(1, 0, 2, 3).reshape(F, -1), out=p_bar_product)  # (C * U * V, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N)
    p_bar[...] = 0  # (C, N, I + 2, J + 2)
    for _u in range(U):
        for _v in range(V):
            p_bar[:, :, _u : _u + (2 * ((I - U) // 2) + 3) : 2, _v : _v + (2 * ((J - V) // 2) + 3) : 2] += p_bar_product.reshape(C, U, V, N, ((I - U) // 2) + 2, ((J - V) // 2) + 2).transpose(1, 2, 0, 3, 4, 5)[_u, _v]
    out["w"][...] = w_bar_product.reshape(C, U, V, F).transpose(3, 0, 1, 2)  # (F, C, U, V)
    out["x"][...] = p_bar[:, :, 1 : I + 1, 1 : J + 1].transpose(1, 0, 2, 3)  # (N, C, I, J) [12]
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


def _windows(array, starts, shape, steps):
    """A view: its entry at (i, j, ...) is the array's at the starts plus, for each index, a step along one axis."""
    view = array[tuple(slice(start, None) for start in starts)]
    strides = [view.strides[axis] * step for axis, step in steps]
    return np.lib.stride_tricks.as_strided(view, shape, strides, writeable=False)


def _forward_sizes(x, w, b):
    """Return N, C, I, J, F, U, V; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w", "b")
    arrays = (x, w, b)
    _check_ranks(names, arrays, (4, 4, 1))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w.shape[0]
    U = w.shape[2]
    V = w.shape[3]
    _check_extents(("y", "i", "((I - U) // 2) + 2", ((I - U) // 2) + 2), ("y", "j", "((J - V) // 2) + 2", ((J - V) // 2) + 2))
    expected = ((N, C, I, J), (F, C, U, V), (F,))
    _check_shapes(names, arrays, expected, "N from x, C from x, I from x, J from x, F from w, U from w, V from w")
    return N, C, I, J, F, U, V


def _sizes(x, w, b, cotangent):
    """Return N, C, I, J, F, U, V; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w", "b", "cotangent")
    arrays = (x, w, b, cotangent)
    _check_ranks(names, arrays, (4, 4, 1, 4))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w.shape[0]
    U = w.shape[2]
    V = w.shape[3]
    _check_extents(("y", "i", "((I - U) // 2) + 2", ((I - U) // 2) + 2), ("y", "j", "((J - V) // 2) + 2", ((J - V) // 2) + 2))
    expected = ((N, C, I, J), (F, C, U, V), (F,), (N, F, ((I - U) // 2) + 2, ((J - V) // 2) + 2))
    _check_shapes(names, arrays, expected, "N from x, C from x, I from x, J from x, F from w, U from w, V from w")
    return N, C, I, J, F, U, V


def _check_extents(*extents):
    """ValueError where the sizes leave an array without entries."""
    for name, index, formula, extent in extents:
        if extent < 1:
            raise ValueError(f"the sizes are too small: {name} would have {formula} = {extent} entries along {index}")


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


def _scratch(work, dtype, N, C, I, J, F, U, V):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("conv_layer", dtype, N, C, I, J, F, U, V):
        work["for"] = ("conv_layer", dtype, N, C, I, J, F, U, V)
        work["arrays"] = (
            np.empty((I + 2,), bool),  # p_mask
            np.empty((I + 2,), bool),  # p_mask1
            np.empty((J + 2,), bool),  # p_mask2
            np.empty((I + 2, J + 2), bool),  # p_mask3
            np.empty((I + 2,), np.intp),  # p_capped
            np.empty((J + 2,), np.intp),  # p_capped1
            np.empty((C, U, V, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N), dtype),  # y_part2
            np.empty((F, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N), dtype),  # y_product
            np.empty((F, ((I - U) // 2) + 2, ((J - V) // 2) + 2, N), dtype),  # y
            np.empty((C * U * V, F), dtype),  # w_bar_product
            np.empty((C * U * V, N * ((I - U) // 2) * ((J - V) // 2) + 2 * N * ((I - U) // 2) + 2 * N * ((J - V) // 2) + 4 * N), dtype),  # p_bar_product
            np.empty((C, N, I + 2, J + 2), dtype),  # p_bar
        )
    return work["arrays"]
