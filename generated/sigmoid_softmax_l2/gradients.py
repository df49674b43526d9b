"""Loss and gradients of sigmoid_softmax_l2.

The network sigmoid_softmax with half of lam times the sum of the squared weights added to its loss.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D, H, K.
"""

import numpy as np

DATA = ("x", "y", "lam")
PARAMETERS = ("W1", "b1", "W2", "b2")
SHAPES = {
    "x": ("N", "D"),
    "y": ("N", "K"),
    "lam": (),
    "W1": ("D", "H"),
    "b1": ("H",),
    "W2": ("H", "K"),
    "b2": ("K",),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ("sum(y[n, k] for k in K) == 1",)


def forward(x, lam, *, W1, b1, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    (lam,) = _numbers(lam=lam)
    N, D, H, K = _forward_sizes(x, W1, b1, W2, b2)

    # [1] Z1 = X W1 + 1 b1^T
    z1 = x @ W1  # (N, H)
    z1 += b1  # (N, H)
    # [2] A1 = sigmoid(Z1)
    a1 = np.minimum(z1, 0)  # (N, H)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1)  # (N, H)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (N, H)
    # [3] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [4] P = softmax(Z2)
    p_max = z2.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = z2 - p_max  # (N, K)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    # [6] penalty = lam (||W1||^2 + ||W2||^2)/2
    penalty = lam / 2 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    return {"z1": z1, "a1": a1, "z2": z2, "p": p, "penalty": np.asarray(penalty, dtype)}


def loss(x, y, lam, *, W1, b1, W2, b2):
    """Return L."""
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    (lam,) = _numbers(lam=lam)
    N, D, H, K = _sizes(x, y, W1, b1, W2, b2)

    # [1] Z1 = X W1 + 1 b1^T
    z1 = x @ W1  # (N, H)
    z1 += b1  # (N, H)
    # [2] A1 = sigmoid(Z1)
    a1 = np.minimum(z1, 0)  # (N, H)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1, out=z1)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (N, H)
    # [3] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [5] data_loss = -(1^T (Y * log(P)) 1)/N
    p_max = z2.max(axis=1, keepdims=True)  # (N, 1)
    p_shifted = np.subtract(z2, p_max, out=z2)
    p_exp = np.exp(p_shifted)  # (N, K)
    data_loss_log = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    np.log(data_loss_log, out=data_loss_log)
    data_loss_shifted = np.subtract(p_shifted, data_loss_log, out=p_shifted)
    data_loss = -np.vdot(y, data_loss_shifted) / N
    # [6] penalty = lam (||W1||^2 + ||W2||^2)/2
    penalty = lam / 2 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    L = data_loss + penalty  # [7]
    return float(L)


def loss_and_gradients(x, y, lam, *, W1, b1, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    (lam,) = _numbers(lam=lam)
    N, D, H, K = _sizes(x, y, W1, b1, W2, b2)
    _check_facts(y, K)
    out = _outputs(out, dtype, ((D, H), (H,), (H, K), (K,)), (x, y, W1, b1, W2, b2))
    z1, a1, a1_total, z2, p_max, p_exp, ones, W2_bar_scaled, ones1, W1_bar_scaled = _scratch(work, dtype, N, D, H, K)

    # [1] Z1 = X W1 + 1 b1^T
    np.matmul(x, W1, out=z1)  # (N, H)
    z1 += b1  # (N, H)
    # [2] A1 = sigmoid(Z1)
    np.minimum(z1, 0, out=a1)  # (N, H)
    np.exp(a1, out=a1)
    a1_exp = np.abs(z1, out=z1)
    np.negative(a1_exp, out=a1_exp)
    np.exp(a1_exp, out=a1_exp)
    np.add(1, a1_exp, out=a1_total)  # (N, H)
    a1 /= a1_total  # (N, H)
    # [3] Z2 = A1 W2 + 1 b2^T
    np.matmul(a1, W2, out=z2)  # (N, K)
    z2 += b2  # (N, K)
    # [4] P = softmax(Z2)
    z2.max(axis=1, keepdims=True, out=p_max)  # (N, 1)
    p_shifted = np.subtract(z2, p_max, out=z2)
    np.exp(p_shifted, out=p_exp)  # (N, K)
    p_sum = np.matmul(p_exp, ones, out=p_max)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    # [5] data_loss = -(1^T (Y * log(P)) 1)/N
    data_loss_log = np.log(p_sum, out=p_sum)
    data_loss_shifted = np.subtract(p_shifted, data_loss_log, out=p_shifted)
    data_loss = -np.vdot(y, data_loss_shifted) / N
    # [6] penalty = lam (||W1||^2 + ||W2||^2)/2
    penalty = lam / 2 * (np.vdot(W1, W1) + np.vdot(W2, W2))
    L = data_loss + penalty  # [7]
    # [13] Z2_bar = (P - Y)/N
    z2_bar = np.subtract(p, y, out=p)
    z2_bar *= 1 / N  # (N, K)
    # [16] W2_bar = A1^T Z2_bar + lam W2
    W2_bar = np.matmul(a1.T, z2_bar, out=out["W2"])
    np.multiply(lam, W2, out=W2_bar_scaled)  # (H, K)
    W2_bar += W2_bar_scaled  # (H, K)
    # [18] b2_bar = Z2_bar^T 1
    np.matmul(ones1, z2_bar, out=out["b2"])  # (K,)
    # [22] Z1_bar = (Z2_bar W2^T) * A1 * (1 - A1)
    z1_bar = np.matmul(z2_bar, W2.T, out=a1)  # (N, H)
    z1_bar_square = np.square(a1_total, out=a1_total)
    z1_bar *= a1_exp
    z1_bar /= z1_bar_square  # (N, H)
    # [25] W1_bar = X^T Z1_bar + lam W1
    W1_bar = np.matmul(x.T, z1_bar, out=out["W1"])
    np.multiply(lam, W1, out=W1_bar_scaled)  # (D, H)
    W1_bar += W1_bar_scaled  # (D, H)
    # [27] b1_bar = Z1_bar^T 1
    np.matmul(ones1, z1_bar, out=out["b1"])  # (H,)
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


def _numbers(**values):
    """Scalars as floats."""
    return [value if type(value) is float else _number(name, value) for name, value in values.items()]


def _number(name, value):
    """A single number as a float."""
    if np.shape(value) != ():
        raise ValueError(f"{name} has shape {np.shape(value)}, expected a single number, shape ()")
    return float(value)


def _forward_sizes(x, W1, b1, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "b1", "W2", "b2")
    shapes = (x.shape, W1.shape, b1.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W2.shape[1]
    expected = ((N, D), (D, H), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W2"))
    return N, D, H, K


def _sizes(x, y, W1, b1, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "W1", "b1", "W2", "b2")
    shapes = (x.shape, y.shape, W1.shape, b1.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 2, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    K = y.shape[1]
    H = W1.shape[1]
    expected = ((N, D), (N, K), (D, H), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from y"))
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


def _check_facts(y, K):
    """Raise ValueError on data that break a fact that the gradients rely on."""
    dtype = y.dtype
    tolerance = 1e-4 if dtype == np.float32 else 1e-6
    ones = np.ones((K,), dtype)  # (K,)
    F1_gap = y @ ones  # (N,)
    F1_gap -= 1
    np.abs(F1_gap, out=F1_gap)
    if not F1_gap.max() <= tolerance:
        raise ValueError(
            "y breaks a fact that the gradients rely on, sum(y[n, k] for k in K) == 1: "
            f"off by {F1_gap.max():.3g}"
        )


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


def _scratch(work, dtype, N, D, H, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("sigmoid_softmax_l2", dtype, N, D, H, K):
        work["arrays"] = (
            _aligned((N, H), dtype),  # z1
            _aligned((N, H), dtype),  # a1
            _aligned((N, H), dtype),  # a1_total
            _aligned((N, K), dtype),  # z2
            _aligned((N, 1), dtype),  # p_max
            _aligned((N, K), dtype),  # p_exp
            np.ones((K, 1), dtype),  # ones
            _aligned((H, K), dtype),  # W2_bar_scaled
            np.ones((N,), dtype),  # ones1
            _aligned((D, H), dtype),  # W1_bar_scaled
        )
        work["for"] = ("sigmoid_softmax_l2", dtype, N, D, H, K)
    return work["arrays"]
