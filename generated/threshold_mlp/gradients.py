"""Loss and gradients of threshold_mlp.

Three sigmoid layers whose units subtract a threshold, under half the squared error of one example.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are D, H, M, K.
"""

import numpy as np

DATA = ("x", "t")
PARAMETERS = ("W1", "b1", "W2", "b2", "W3", "b3")
SHAPES = {
    "x": ("D",),
    "t": ("K",),
    "W1": ("H", "D"),
    "b1": ("H",),
    "W2": ("M", "H"),
    "b2": ("M",),
    "W3": ("K", "M"),
    "b3": ("K",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W1, b1, W2, b2, W3, b3):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, b1, W2, b2, W3, b3) = _parameters(W1, b1, W2, b2, W3, b3)
    x = np.asarray(x, dtype)
    D, H, M, K = _forward_sizes(x, W1, b1, W2, b2, W3, b3)

    # [1] z1 = W1 x - b1
    z1 = W1 @ x  # (H,)
    z1 -= b1  # (H,)
    # [2] y1 = sigmoid(z1)
    y1 = np.minimum(z1, 0)  # (H,)
    np.exp(y1, out=y1)
    y1_total = np.abs(z1)  # (H,)
    np.negative(y1_total, out=y1_total)
    np.exp(y1_total, out=y1_total)
    y1_total += 1
    y1 /= y1_total  # (H,)
    # [3] z2 = W2 y1 - b2
    z2 = W2 @ y1  # (M,)
    z2 -= b2  # (M,)
    # [4] y2 = sigmoid(z2)
    y2 = np.minimum(z2, 0)  # (M,)
    np.exp(y2, out=y2)
    y2_total = np.abs(z2)  # (M,)
    np.negative(y2_total, out=y2_total)
    np.exp(y2_total, out=y2_total)
    y2_total += 1
    y2 /= y2_total  # (M,)
    # [5] z3 = W3 y2 - b3
    z3 = W3 @ y2  # (K,)
    z3 -= b3  # (K,)
    # [6] y3 = sigmoid(z3)
    y3 = np.minimum(z3, 0)  # (K,)
    np.exp(y3, out=y3)
    y3_total = np.abs(z3)  # (K,)
    np.negative(y3_total, out=y3_total)
    np.exp(y3_total, out=y3_total)
    y3_total += 1
    y3 /= y3_total  # (K,)
    return {"z1": z1, "y1": y1, "z2": z2, "y2": y2, "z3": z3, "y3": y3}


def loss(x, t, *, W1, b1, W2, b2, W3, b3):
    """Return L."""
    dtype, (W1, b1, W2, b2, W3, b3) = _parameters(W1, b1, W2, b2, W3, b3)
    x = np.asarray(x, dtype)
    t = np.asarray(t, dtype)
    D, H, M, K = _sizes(x, t, W1, b1, W2, b2, W3, b3)

    # [1] z1 = W1 x - b1
    z1 = W1 @ x  # (H,)
    z1 -= b1  # (H,)
    # [2] y1 = sigmoid(z1)
    y1 = np.minimum(z1, 0)  # (H,)
    np.exp(y1, out=y1)
    y1_total = np.abs(z1, out=z1)
    np.negative(y1_total, out=y1_total)
    np.exp(y1_total, out=y1_total)
    y1_total += 1
    y1 /= y1_total  # (H,)
    # [3] z2 = W2 y1 - b2
    z2 = W2 @ y1  # (M,)
    z2 -= b2  # (M,)
    # [4] y2 = sigmoid(z2)
    y2 = np.minimum(z2, 0)  # (M,)
    np.exp(y2, out=y2)
    y2_total = np.abs(z2, out=z2)
    np.negative(y2_total, out=y2_total)
    np.exp(y2_total, out=y2_total)
    y2_total += 1
    y2 /= y2_total  # (M,)
    # [5] z3 = W3 y2 - b3
    z3 = W3 @ y2  # (K,)
    z3 -= b3  # (K,)
    # [6] y3 = sigmoid(z3)
    y3 = np.minimum(z3, 0)  # (K,)
    np.exp(y3, out=y3)
    y3_total = np.abs(z3, out=z3)
    np.negative(y3_total, out=y3_total)
    np.exp(y3_total, out=y3_total)
    y3_total += 1
    y3 /= y3_total  # (K,)
    # [7] L = ||y3 - t||^2/2
    L_shifted = np.subtract(y3, t, out=y3)
    L = L_shifted @ L_shifted / 2
    return float(L)


def loss_and_gradients(x, t, *, W1, b1, W2, b2, W3, b3, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W1, b1, W2, b2, W3, b3) = _parameters(W1, b1, W2, b2, W3, b3)
    x = np.asarray(x, dtype)
    t = np.asarray(t, dtype)
    D, H, M, K = _sizes(x, t, W1, b1, W2, b2, W3, b3)
    out = _outputs(out, dtype, ((H, D), (H,), (M, H), (M,), (K, M), (K,)), (x, t, W1, b1, W2, b2, W3, b3))
    z1, y1, y1_total, z2, y2, y2_total, z3, y3, y3_total = _scratch(work, dtype, D, H, M, K)

    # [1] z1 = W1 x - b1
    np.matmul(W1, x, out=z1)  # (H,)
    z1 -= b1  # (H,)
    # [2] y1 = sigmoid(z1)
    np.minimum(z1, 0, out=y1)  # (H,)
    np.exp(y1, out=y1)
    y1_exp = np.abs(z1, out=z1)
    np.negative(y1_exp, out=y1_exp)
    np.exp(y1_exp, out=y1_exp)
    np.add(1, y1_exp, out=y1_total)  # (H,)
    y1 /= y1_total  # (H,)
    # [3] z2 = W2 y1 - b2
    np.matmul(W2, y1, out=z2)  # (M,)
    z2 -= b2  # (M,)
    # [4] y2 = sigmoid(z2)
    np.minimum(z2, 0, out=y2)  # (M,)
    np.exp(y2, out=y2)
    y2_exp = np.abs(z2, out=z2)
    np.negative(y2_exp, out=y2_exp)
    np.exp(y2_exp, out=y2_exp)
    np.add(1, y2_exp, out=y2_total)  # (M,)
    y2 /= y2_total  # (M,)
    # [5] z3 = W3 y2 - b3
    np.matmul(W3, y2, out=z3)  # (K,)
    z3 -= b3  # (K,)
    # [6] y3 = sigmoid(z3)
    np.minimum(z3, 0, out=y3)  # (K,)
    np.exp(y3, out=y3)
    y3_exp = np.abs(z3, out=z3)
    np.negative(y3_exp, out=y3_exp)
    np.exp(y3_exp, out=y3_exp)
    np.add(1, y3_exp, out=y3_total)  # (K,)
    y3 /= y3_total  # (K,)
    # [7] L = ||y3 - t||^2/2
    L_shifted = np.subtract(y3, t, out=y3)
    L = L_shifted @ L_shifted / 2
    # [10] z3_bar = (y3 - t) * y3 * (1 - y3)
    z3_bar_square = np.square(y3_total, out=y3_total)
    z3_bar = np.multiply(L_shifted, y3_exp, out=L_shifted)
    z3_bar /= z3_bar_square  # (K,)
    # [12] W3_bar = z3_bar y2^T
    np.multiply(z3_bar[:, None], y2, out=out["W3"])  # (K, M)
    # [14] b3_bar = -z3_bar
    np.negative(z3_bar, out=out["b3"])  # (K,)
    # [18] z2_bar = (W3^T z3_bar) * y2 * (1 - y2)
    z2_bar = np.matmul(W3.T, z3_bar, out=y2)  # (M,)
    z2_bar_square = np.square(y2_total, out=y2_total)
    z2_bar *= y2_exp
    z2_bar /= z2_bar_square  # (M,)
    # [20] W2_bar = z2_bar y1^T
    np.multiply(z2_bar[:, None], y1, out=out["W2"])  # (M, H)
    # [22] b2_bar = -z2_bar
    np.negative(z2_bar, out=out["b2"])  # (M,)
    # [26] z1_bar = (W2^T z2_bar) * y1 * (1 - y1)
    z1_bar = np.matmul(W2.T, z2_bar, out=out["b1"])
    z1_bar_square = np.square(y1_total, out=y1_total)
    z1_bar *= y1_exp
    z1_bar /= z1_bar_square  # (H,)
    # [28] W1_bar = z1_bar x^T
    np.multiply(z1_bar[:, None], x, out=out["W1"])  # (H, D)
    # [30] b1_bar = -z1_bar
    b1_bar = np.negative(z1_bar, out=z1_bar)  # (H,)
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


def _forward_sizes(x, W1, b1, W2, b2, W3, b3):
    """Return D, H, M, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "b1", "W2", "b2", "W3", "b3")
    shapes = (x.shape, W1.shape, b1.shape, W2.shape, b2.shape, W3.shape, b3.shape)
    _check_ranks(names, shapes, (1, 2, 1, 2, 1, 2, 1))
    D = x.shape[0]
    H = W1.shape[0]
    M = W2.shape[0]
    K = W3.shape[0]
    expected = ((D,), (H, D), (H,), (M, H), (M,), (K, M), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "D from x, H from W1, M from W2, K from W3"))
    return D, H, M, K


def _sizes(x, t, W1, b1, W2, b2, W3, b3):
    """Return D, H, M, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "t", "W1", "b1", "W2", "b2", "W3", "b3")
    shapes = (x.shape, t.shape, W1.shape, b1.shape, W2.shape, b2.shape, W3.shape, b3.shape)
    _check_ranks(names, shapes, (1, 1, 2, 1, 2, 1, 2, 1))
    D = x.shape[0]
    K = t.shape[0]
    H = W1.shape[0]
    M = W2.shape[0]
    expected = ((D,), (K,), (H, D), (H,), (M, H), (M,), (K, M), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "D from x, H from W1, M from W2, K from t"))
    return D, H, M, K


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


def _scratch(work, dtype, D, H, M, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("threshold_mlp", dtype, D, H, M, K):
        work["arrays"] = (
            _aligned((H,), dtype),  # z1
            _aligned((H,), dtype),  # y1
            _aligned((H,), dtype),  # y1_total
            _aligned((M,), dtype),  # z2
            _aligned((M,), dtype),  # y2
            _aligned((M,), dtype),  # y2_total
            _aligned((K,), dtype),  # z3
            _aligned((K,), dtype),  # y3
            _aligned((K,), dtype),  # y3_total
        )
        work["for"] = ("threshold_mlp", dtype, D, H, M, K)
    return work["arrays"]
