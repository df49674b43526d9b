"""Loss and gradients of dense_layers: Two sigmoid layers in index notation; the cost is the squared distance to y.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are I, K, J.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("w1", "b1", "w2", "b2")
SHAPES = {
    "x": ("I",),
    "y": ("J",),
    "w1": ("K", "I"),
    "b1": ("K",),
    "w2": ("J", "K"),
    "b2": ("J",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w1, b1, w2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (w1, b1, w2, b2) = _parameters(w1, b1, w2, b2)
    x = np.asarray(x, dtype)
    I, K, J = _forward_sizes(x, w1, b1, w2, b2)

    # [1] z1 = W1 x + b1
    z1 = w1 @ x  # (K,)
    z1 += b1  # (K,)
    # [2] a1 = sigmoid(z1)
    a1 = np.minimum(z1, 0)  # (K,)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1)  # (K,)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (K,)
    # [3] z2 = W2 a1 + b2
    z2 = w2 @ a1  # (J,)
    z2 += b2  # (J,)
    # [4] a2 = sigmoid(z2)
    a2 = np.minimum(z2, 0)  # (J,)
    np.exp(a2, out=a2)
    a2_total = np.abs(z2)  # (J,)
    np.negative(a2_total, out=a2_total)
    np.exp(a2_total, out=a2_total)
    a2_total += 1
    a2 /= a2_total  # (J,)
    return {"z1": z1, "a1": a1, "z2": z2, "a2": a2}


def loss(x, y, *, w1, b1, w2, b2):
    """Return L."""
    dtype, (w1, b1, w2, b2) = _parameters(w1, b1, w2, b2)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    I, K, J = _sizes(x, y, w1, b1, w2, b2)

    # [1] z1 = W1 x + b1
    z1 = w1 @ x  # (K,)
    z1 += b1  # (K,)
    # [2] a1 = sigmoid(z1)
    a1 = np.minimum(z1, 0)  # (K,)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1, out=z1)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (K,)
    # [3] z2 = W2 a1 + b2
    z2 = w2 @ a1  # (J,)
    z2 += b2  # (J,)
    # [4] a2 = sigmoid(z2)
    a2 = np.minimum(z2, 0)  # (J,)
    np.exp(a2, out=a2)
    a2_total = np.abs(z2, out=z2)
    np.negative(a2_total, out=a2_total)
    np.exp(a2_total, out=a2_total)
    a2_total += 1
    a2 /= a2_total  # (J,)
    # [5] L = ||a2 - y||^2
    L_shifted = np.subtract(a2, y, out=a2)
    L = L_shifted @ L_shifted
    return float(L)


def loss_and_gradients(x, y, *, w1, b1, w2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w1, b1, w2, b2) = _parameters(w1, b1, w2, b2)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    I, K, J = _sizes(x, y, w1, b1, w2, b2)
    out = _outputs(out, dtype, ((K, I), (K,), (J, K), (J,)), (x, y, w1, b1, w2, b2))
    z1, a1, a1_total, z2, a2_total = _scratch(work, dtype, I, K, J)

    # [1] z1 = W1 x + b1
    np.matmul(w1, x, out=z1)  # (K,)
    z1 += b1  # (K,)
    # [2] a1 = sigmoid(z1)
    np.minimum(z1, 0, out=a1)  # (K,)
    np.exp(a1, out=a1)
    a1_exp = np.abs(z1, out=z1)
    np.negative(a1_exp, out=a1_exp)
    np.exp(a1_exp, out=a1_exp)
    np.add(1, a1_exp, out=a1_total)  # (K,)
    a1 /= a1_total  # (K,)
    # [3] z2 = W2 a1 + b2
    np.matmul(w2, a1, out=z2)  # (J,)
    z2 += b2  # (J,)
    # [4] a2 = sigmoid(z2)
    a2 = np.minimum(z2, 0, out=out["b2"])
    np.exp(a2, out=a2)
    a2_exp = np.abs(z2, out=z2)
    np.negative(a2_exp, out=a2_exp)
    np.exp(a2_exp, out=a2_exp)
    np.add(1, a2_exp, out=a2_total)  # (J,)
    a2 /= a2_total  # (J,)
    # [5] L = ||a2 - y||^2
    L_shifted = np.subtract(a2, y, out=a2)
    L = L_shifted @ L_shifted
    # [8, 12] z2_bar = 2 ((a2 - y) * a2 * (1 - a2)); b2_bar = z2_bar
    z2_bar_square = np.square(a2_total, out=a2_total)
    z2_bar = np.multiply(L_shifted, 2, out=L_shifted)
    z2_bar *= a2_exp
    z2_bar /= z2_bar_square  # (J,)
    # [10] W2_bar = z2_bar a1^T
    np.multiply(z2_bar[:, None], a1, out=out["w2"])  # (J, K)
    # [16, 20] z1_bar = (W2^T z2_bar) * a1 * (1 - a1); b1_bar = z1_bar
    z1_bar = np.matmul(w2.T, z2_bar, out=out["b1"])
    z1_bar_square = np.square(a1_total, out=a1_total)
    z1_bar *= a1_exp
    z1_bar /= z1_bar_square  # (K,)
    # [18] W1_bar = z1_bar x^T
    np.multiply(z1_bar[:, None], x, out=out["w1"])  # (K, I)
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


def _forward_sizes(x, w1, b1, w2, b2):
    """Return I, K, J; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w1", "b1", "w2", "b2")
    shapes = (x.shape, w1.shape, b1.shape, w2.shape, b2.shape)
    _check_ranks(names, shapes, (1, 2, 1, 2, 1))
    I = x.shape[0]
    K = w1.shape[0]
    J = w2.shape[0]
    expected = ((I,), (K, I), (K,), (J, K), (J,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "I from x, K from w1, J from w2"))
    return I, K, J


def _sizes(x, y, w1, b1, w2, b2):
    """Return I, K, J; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "w1", "b1", "w2", "b2")
    shapes = (x.shape, y.shape, w1.shape, b1.shape, w2.shape, b2.shape)
    _check_ranks(names, shapes, (1, 1, 2, 1, 2, 1))
    I = x.shape[0]
    J = y.shape[0]
    K = w1.shape[0]
    expected = ((I,), (J,), (K, I), (K,), (J, K), (J,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "I from x, K from w1, J from y"))
    return I, K, J


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


def _scratch(work, dtype, I, K, J):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("dense_layers", dtype, I, K, J):
        work["arrays"] = (
            _aligned((K,), dtype),  # z1
            _aligned((K,), dtype),  # a1
            _aligned((K,), dtype),  # a1_total
            _aligned((J,), dtype),  # z2
            _aligned((J,), dtype),  # a2_total
        )
        work["for"] = ("dense_layers", dtype, I, K, J)
    return work["arrays"]
