"""Loss and gradients of max_pool_layer.

The largest entry of each 3 by 3 window, every second row and column, under a given cotangent.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, C, I, J.
"""

import numpy as np

DATA = ("cotangent",)
PARAMETERS = ("x",)
SHAPES = {
    "x": ("N", "C", "I", "J"),
    "cotangent": ("N", "C", "(I + 1)//2 - 1", "(J + 1)//2 - 1"),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(*, x):
    """Return the named tensors that need no target, by name."""
    dtype, (x,) = _parameters(x)
    N, C, I, J = _forward_sizes(x)
    I1 = ((I + 1) // 2) - 1
    J1 = ((J + 1) // 2) - 1

    # [1]
    y = np.maximum(
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, : 2 * ((J + 1) // 2) - 3 : 2],
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 1 : 2 * J1 : 2],
    )  # (N, C, I1, J1)
    np.maximum(y, x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)  # (N, C, I1, J1)
    return {"y": y}


def loss(cotangent, *, x):
    """Return L."""
    dtype, (x,) = _parameters(x)
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J = _sizes(x, cotangent)
    I1 = ((I + 1) // 2) - 1
    J1 = ((J + 1) // 2) - 1

    # [1]
    y = np.maximum(
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, : 2 * ((J + 1) // 2) - 3 : 2],
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 1 : 2 * J1 : 2],
    )  # (N, C, I1, J1)
    np.maximum(y, x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)  # (N, C, I1, J1)
    # [2] L = sum_n,c 1^T (cotangent[n, c] * y[n, c]) 1
    L = np.vdot(cotangent, y)
    return float(L)


def loss_and_gradients(cotangent, *, x, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (x,) = _parameters(x)
    cotangent = np.asarray(cotangent, dtype)
    N, C, I, J = _sizes(x, cotangent)
    I1 = ((I + 1) // 2) - 1
    J1 = ((J + 1) // 2) - 1
    out = _outputs(out, dtype, ((N, C, I, J),), (x, cotangent))
    (
        y, x_bar_mask, x_bar_scaled, x_bar_shifted, x_bar_scaled1, x_bar_scaled2, x_bar_scaled3, x_bar_scaled4,
        x_bar_scaled5, x_bar_scaled6,
    ) = _scratch(work, dtype, N, C, I, J)

    # [1]
    np.maximum(
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, : 2 * ((J + 1) // 2) - 3 : 2],
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 1 : 2 * J1 : 2],
        out=y,
    )  # (N, C, I1, J1)
    np.maximum(y, x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 1 : 2 * I1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 1 : 2 * J1 : 2], out=y)
    np.maximum(y, x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], out=y)  # (N, C, I1, J1)
    # [2] L = sum_n,c 1^T (cotangent[n, c] * y[n, c]) 1
    L = np.vdot(cotangent, y)
    # [5]
    np.equal(x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, : 2 * ((J + 1) // 2) - 3 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    np.multiply(cotangent, x_bar_mask, out=x_bar_scaled)  # (N, C, I1, J1)
    np.subtract(cotangent, x_bar_scaled, out=x_bar_shifted)  # (N, C, I1, J1)
    x_bar_mask1 = np.equal(x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 1 : 2 * J1 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    np.multiply(x_bar_shifted, x_bar_mask1, out=x_bar_scaled1)  # (N, C, I1, J1)
    x_bar_shifted1 = np.subtract(x_bar_shifted, x_bar_scaled1, out=x_bar_shifted)
    x_bar_mask2 = np.equal(
        x[:, :, : 2 * ((I + 1) // 2) - 3 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], y, out=x_bar_mask
    )  # (N, C, I1, J1)
    np.multiply(x_bar_shifted1, x_bar_mask2, out=x_bar_scaled2)  # (N, C, I1, J1)
    x_bar_shifted2 = np.subtract(x_bar_shifted1, x_bar_scaled2, out=x_bar_shifted1)
    x_bar_mask3 = np.equal(x[:, :, 1 : 2 * I1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    np.multiply(x_bar_shifted2, x_bar_mask3, out=x_bar_scaled3)  # (N, C, I1, J1)
    x_bar_shifted3 = np.subtract(x_bar_shifted2, x_bar_scaled3, out=x_bar_shifted2)
    x_bar_mask4 = np.equal(x[:, :, 1 : 2 * I1 : 2, 1 : 2 * J1 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    np.multiply(x_bar_shifted3, x_bar_mask4, out=x_bar_scaled4)  # (N, C, I1, J1)
    x_bar_shifted4 = np.subtract(x_bar_shifted3, x_bar_scaled4, out=x_bar_shifted3)
    x_bar_mask5 = np.equal(x[:, :, 1 : 2 * I1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    np.multiply(x_bar_shifted4, x_bar_mask5, out=x_bar_scaled5)  # (N, C, I1, J1)
    x_bar_shifted5 = np.subtract(x_bar_shifted4, x_bar_scaled5, out=x_bar_shifted4)
    x_bar_mask6 = np.equal(
        x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, : 2 * ((J + 1) // 2) - 3 : 2], y, out=x_bar_mask
    )  # (N, C, I1, J1)
    np.multiply(x_bar_shifted5, x_bar_mask6, out=x_bar_scaled6)  # (N, C, I1, J1)
    x_bar_shifted6 = np.subtract(x_bar_shifted5, x_bar_scaled6, out=x_bar_shifted5)
    x_bar_mask7 = np.equal(x[:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 1 : 2 * J1 : 2], y, out=x_bar_mask)  # (N, C, I1, J1)
    x_bar_scaled7 = np.multiply(x_bar_shifted6, x_bar_mask7, out=y)  # (N, C, I1, J1)
    x_bar_shifted7 = np.subtract(x_bar_shifted6, x_bar_scaled7, out=x_bar_shifted6)
    out["x"][...] = 0  # (N, C, I, J)
    out["x"][:, :, : 2 * ((I + 1) // 2) - 3 : 2, : 2 * ((J + 1) // 2) - 3 : 2] += x_bar_scaled
    out["x"][:, :, : 2 * ((I + 1) // 2) - 3 : 2, 1 : 2 * J1 : 2] += x_bar_scaled1
    out["x"][:, :, : 2 * ((I + 1) // 2) - 3 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2] += x_bar_scaled2
    out["x"][:, :, 1 : 2 * I1 : 2, : 2 * ((J + 1) // 2) - 3 : 2] += x_bar_scaled3
    out["x"][:, :, 1 : 2 * I1 : 2, 1 : 2 * J1 : 2] += x_bar_scaled4
    out["x"][:, :, 1 : 2 * I1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2] += x_bar_scaled5
    out["x"][:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, : 2 * ((J + 1) // 2) - 3 : 2] += x_bar_scaled6
    out["x"][:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 1 : 2 * J1 : 2] += x_bar_scaled7
    out["x"][:, :, 2 : 2 * ((I + 1) // 2) - 1 : 2, 2 : 2 * ((J + 1) // 2) - 1 : 2] += x_bar_shifted7
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


def _forward_sizes(x):
    """Return N, C, I, J; ValueError where a shape does not fit or an extent is 0."""
    names = ("x",)
    shapes = (x.shape,)
    _check_ranks(names, shapes, (4,))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    _check_extents(("y", "i", "(I + 1)//2 - 1", ((I + 1) // 2) - 1), ("y", "j", "(J + 1)//2 - 1", ((J + 1) // 2) - 1))
    expected = ((N, C, I, J),)
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, C from x, I from x, J from x"))
    return N, C, I, J


def _sizes(x, cotangent):
    """Return N, C, I, J; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "cotangent")
    shapes = (x.shape, cotangent.shape)
    _check_ranks(names, shapes, (4, 4))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    _check_extents(("y", "i", "(I + 1)//2 - 1", ((I + 1) // 2) - 1), ("y", "j", "(J + 1)//2 - 1", ((J + 1) // 2) - 1))
    expected = ((N, C, I, J), (N, C, ((I + 1) // 2) - 1, ((J + 1) // 2) - 1))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, C from x, I from x, J from x"))
    return N, C, I, J


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


def _scratch(work, dtype, N, C, I, J):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("max_pool_layer", dtype, N, C, I, J):
        I1 = ((I + 1) // 2) - 1
        J1 = ((J + 1) // 2) - 1
        work["arrays"] = (
            _aligned((N, C, I1, J1), dtype),  # y
            _aligned((N, C, I1, J1), bool),  # x_bar_mask
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled
            _aligned((N, C, I1, J1), dtype),  # x_bar_shifted
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled1
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled2
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled3
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled4
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled5
            _aligned((N, C, I1, J1), dtype),  # x_bar_scaled6
        )
        work["for"] = ("max_pool_layer", dtype, N, C, I, J)
    return work["arrays"]
