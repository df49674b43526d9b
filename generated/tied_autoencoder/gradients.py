"""Loss and gradients of tied_autoencoder.

W encodes and its transpose decodes, under the squared error; W is used twice.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D, H.
"""

import numpy as np

DATA = ("x",)
PARAMETERS = ("W", "b", "c")
SHAPES = {
    "x": ("N", "D"),
    "W": ("D", "H"),
    "b": ("H",),
    "c": ("D",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W, b, c):
    """Return the named tensors that need no target, by name."""
    dtype, (W, b, c) = _parameters(W, b, c)
    x = np.asarray(x, dtype)
    N, D, H = _sizes(x, W, b, c)

    # [1] Z = X W + 1 b^T
    z = x @ W  # (N, H)
    z += b  # (N, H)
    # [2] A = sigmoid(Z)
    a = np.minimum(z, 0)  # (N, H)
    np.exp(a, out=a)
    a_total = np.abs(z)  # (N, H)
    np.negative(a_total, out=a_total)
    np.exp(a_total, out=a_total)
    a_total += 1
    a /= a_total  # (N, H)
    # [3] R = A W^T + 1 c^T
    r = a @ W.T  # (N, D)
    r += c  # (N, D)
    return {"z": z, "a": a, "r": r}


def loss(x, *, W, b, c):
    """Return L."""
    dtype, (W, b, c) = _parameters(W, b, c)
    x = np.asarray(x, dtype)
    N, D, H = _sizes(x, W, b, c)

    # [1] Z = X W + 1 b^T
    z = x @ W  # (N, H)
    z += b  # (N, H)
    # [2] A = sigmoid(Z)
    a = np.minimum(z, 0)  # (N, H)
    np.exp(a, out=a)
    a_total = np.abs(z, out=z)
    np.negative(a_total, out=a_total)
    np.exp(a_total, out=a_total)
    a_total += 1
    a /= a_total  # (N, H)
    # [3] R = A W^T + 1 c^T
    r = a @ W.T  # (N, D)
    r += c  # (N, D)
    # [4] L = ||R - X||^2/N
    L_shifted = np.subtract(r, x, out=r)
    L = np.vdot(L_shifted, L_shifted) / N
    return float(L)


def loss_and_gradients(x, *, W, b, c, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W, b, c) = _parameters(W, b, c)
    x = np.asarray(x, dtype)
    N, D, H = _sizes(x, W, b, c)
    out = _outputs(out, dtype, ((D, H), (H,), (D,)), (x, W, b, c))
    z, a, a_total, r, ones, z_bar, W_bar_product = _scratch(work, dtype, N, D, H)

    # [1] Z = X W + 1 b^T
    np.matmul(x, W, out=z)  # (N, H)
    z += b  # (N, H)
    # [2] A = sigmoid(Z)
    np.minimum(z, 0, out=a)  # (N, H)
    np.exp(a, out=a)
    a_exp = np.abs(z, out=z)
    np.negative(a_exp, out=a_exp)
    np.exp(a_exp, out=a_exp)
    np.add(1, a_exp, out=a_total)  # (N, H)
    a /= a_total  # (N, H)
    # [3] R = A W^T + 1 c^T
    np.matmul(a, W.T, out=r)  # (N, D)
    r += c  # (N, D)
    # [4] L = ||R - X||^2/N
    L_shifted = np.subtract(r, x, out=r)
    L = np.vdot(L_shifted, L_shifted) / N
    # [5] R_bar = 2 (R - X)/N
    r_bar = np.multiply(L_shifted, 2 / N, out=L_shifted)  # (N, D)
    # [7] c_bar = R_bar^T 1
    np.matmul(ones, r_bar, out=out["c"])  # (D,)
    # [11] Z_bar = (R_bar W) * A * (1 - A)
    np.matmul(r_bar, W, out=z_bar)  # (N, H)
    z_bar_square = np.square(a_total, out=a_total)
    z_bar *= a_exp
    z_bar /= z_bar_square  # (N, H)
    # [14] W_bar = X^T Z_bar + R_bar^T A
    W_bar = np.matmul(x.T, z_bar, out=out["W"])
    np.matmul(r_bar.T, a, out=W_bar_product)  # (D, H)
    W_bar += W_bar_product  # (D, H)
    # [16] b_bar = Z_bar^T 1
    np.matmul(ones, z_bar, out=out["b"])  # (H,)
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


def _sizes(x, W, b, c):
    """Return N, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W", "b", "c")
    shapes = (x.shape, W.shape, b.shape, c.shape)
    _check_ranks(names, shapes, (2, 2, 1, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W.shape[1]
    expected = ((N, D), (D, H), (H,), (D,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W"))
    return N, D, H


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


def _scratch(work, dtype, N, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("tied_autoencoder", dtype, N, D, H):
        work["arrays"] = (
            _aligned((N, H), dtype),  # z
            _aligned((N, H), dtype),  # a
            _aligned((N, H), dtype),  # a_total
            _aligned((N, D), dtype),  # r
            np.ones((N,), dtype),  # ones
            _aligned((N, H), dtype),  # z_bar
            _aligned((D, H), dtype),  # W_bar_product
        )
        work["for"] = ("tied_autoencoder", dtype, N, D, H)
    return work["arrays"]
