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
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2

    # [1]
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
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2

    # [1]
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
    L = np.vdot(L_part1, y)
    return float(L)


def loss_and_gradients(cotangent, *, x, w, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (x, w, b) = _parameters(x, w, b)
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J, F, U, V = _sizes(x, w, b, cotangent)
    I1 = I + 2
    J1 = J + 2
    I2 = ((I - U) // 2) + 2
    J2 = ((J - V) // 2) + 2
    U1 = U + 2 * ((I - U) // 2) + 2
    out = _outputs(out, dtype, ((N, C, I, J), (F, C, U, V), (F,)), (x, w, b, cotangent))
    (
        p, y_part2, y, L_part1, w_bar_product, w_bar_sum, ones, b_bar_part1, ones1, p_bar_part2, p_bar_part4, p_bar,
    ) = _scratch(work, dtype, N, C, I, J, F, U, V)

    # [1]
    p[...] = 0  # (C, I1, J1, N)
    p[:, 1 : I + 1, 1 : J + 1] = x.transpose(1, 2, 3, 0)
    # [2]
    y_part2[...] = _windows(
        p, (0, 0, 0, 0), (C, U1, J2, V, N), ((0, 1), (1, 1), (2, 2), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)  # (U1, C, V, J2, N)
    np.matmul(
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
    L = np.vdot(L_part1, y)
    # [6] w_bar[f, c] = sum_n,i,j (cotangent[n, f, i, j] p[n, c][2*i:U + 2*i, 2*j:V + 2*j])
    np.matmul(
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
    # [8]
    np.matmul(L_part1.reshape(F * I2, J2 * N), ones, out=b_bar_part1.reshape(F * I2))  # (F * I2,)
    np.matmul(ones1, b_bar_part1, out=out["b"])  # (F,)
    # [10]
    p_bar_part4[...] = 0  # (I1, C, V, J2, N)
    for _u in range(U):
        np.matmul(w.transpose(2, 1, 3, 0)[_u].reshape(C * V, F), L_part1.reshape(I2, F, J2 * N), out=p_bar_part2)
        p_bar_part4[_u : _u + (2 * I2 - 1) : 2] += p_bar_part2.reshape(I2, C, V, J2, N)
    p_bar[...] = 0  # (I1, C, J1, N)
    for _v in range(V):
        p_bar[:, :, _v : _v + (2 * J2 - 1) : 2] += p_bar_part4.transpose(2, 0, 1, 3, 4)[_v]
    # [12] x_bar[n, c] = p_bar[n, c][1:I + 1, 1:J + 1]
    out["x"][...] = p_bar[1 : I + 1, :, 1 : J + 1].transpose(3, 1, 0, 2)  # (N, C, I, J)
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
    last = [0] * view.ndim
    for count, (axis, step) in zip(shape, steps):
        last[axis] += (count - 1) * step
    if any(end >= extent for end, extent in zip(last, view.shape)):
        raise ValueError(f"windows that end at {last} leave an array of shape {view.shape}")
    strides = [view.strides[axis] * step for axis, step in steps]
    return np.lib.stride_tricks.as_strided(view, shape, strides, writeable=False)


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


def _scratch(work, dtype, N, C, I, J, F, U, V):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("conv_layer", dtype, N, C, I, J, F, U, V):
        I1 = I + 2
        J1 = J + 2
        I2 = ((I - U) // 2) + 2
        J2 = ((J - V) // 2) + 2
        U1 = U + 2 * ((I - U) // 2) + 2
        work["arrays"] = (
            _aligned((C, I1, J1, N), dtype),  # p
            _aligned((U1, C, V, J2, N), dtype),  # y_part2
            _aligned((I2, F, J2, N), dtype),  # y
            _aligned((I2, F, J2, N), dtype),  # L_part1
            _aligned((I2, C * U * V, F), dtype),  # w_bar_product
            _aligned((C * U * V, F), dtype),  # w_bar_sum
            np.ones((J2 * N,), dtype),  # ones
            _aligned((I2, F), dtype),  # b_bar_part1
            np.ones((I2,), dtype),  # ones1
            _aligned((I2, C * V, J2 * N), dtype),  # p_bar_part2
            _aligned((I1, C, V, J2, N), dtype),  # p_bar_part4
            _aligned((I1, C, J1, N), dtype),  # p_bar
        )
        work["for"] = ("conv_layer", dtype, N, C, I, J, F, U, V)
    return work["arrays"]
