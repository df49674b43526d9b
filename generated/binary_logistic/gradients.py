"""Loss and gradients of binary_logistic.

A probability for each example from one weight vector, under binary cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("w", "b")
SHAPES = {
    "x": ("N", "D"),
    "y": ("N",),
    "w": ("D",),
    "b": (),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w, b):
    """Return the named tensors that need no target, by name."""
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    (b,) = _numbers(b=b)
    N, D = _forward_sizes(x, w)

    # [1] z = X w + b
    z = x @ w  # (N,)
    z += b  # (N,)
    # [2] p = sigmoid(z)
    p = np.minimum(z, 0)  # (N,)
    np.exp(p, out=p)
    p_total = np.abs(z)  # (N,)
    np.negative(p_total, out=p_total)
    np.exp(p_total, out=p_total)
    p_total += 1
    p /= p_total  # (N,)
    return {"z": z, "p": p}


def loss(x, y, *, w, b):
    """Return L."""
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    (b,) = _numbers(b=b)
    N, D = _sizes(x, y, w)

    # [1] z = X w + b
    z = x @ w  # (N,)
    z += b  # (N,)
    # [3] L = -(1^T (y * log(p) + (1 - y) * log(1 - p)))/N
    L_total = np.minimum(z, 0)  # (N,)
    L_log1p = np.abs(z)  # (N,)
    np.negative(L_log1p, out=L_log1p)
    np.exp(L_log1p, out=L_log1p)
    np.log1p(L_log1p, out=L_log1p)
    L_total -= L_log1p
    L_total *= y
    L_scaled = 1 - y  # (N,)
    L_part = np.maximum(z, 0, out=z)
    L_part += L_log1p
    np.negative(L_part, out=L_part)
    L_scaled *= L_part
    L_total += L_scaled
    L = -L_total.sum() / N
    return float(L)


def loss_and_gradients(x, y, *, w, b, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    (b,) = _numbers(b=b)
    N, D = _sizes(x, y, w)
    out = _outputs(out, dtype, ((D,), ()), (x, y, w))
    z, p_capped, p, p_exp, p_total = _scratch(work, dtype, N, D)

    # [1] z = X w + b
    np.matmul(x, w, out=z)  # (N,)
    z += b  # (N,)
    # [2] p = sigmoid(z)
    np.minimum(z, 0, out=p_capped)  # (N,)
    np.exp(p_capped, out=p)  # (N,)
    np.abs(z, out=p_exp)  # (N,)
    np.negative(p_exp, out=p_exp)
    np.exp(p_exp, out=p_exp)
    np.add(1, p_exp, out=p_total)  # (N,)
    p /= p_total  # (N,)
    # [3] L = -(1^T (y * log(p) + (1 - y) * log(1 - p)))/N
    L_log1p = np.log1p(p_exp, out=p_exp)
    L_total = np.subtract(p_capped, L_log1p, out=p_capped)
    L_total *= y
    L_scaled = np.subtract(1, y, out=p_total)  # (N,)
    L_part = np.maximum(z, 0, out=z)
    L_part += L_log1p
    np.negative(L_part, out=L_part)
    L_scaled *= L_part
    L_total += L_scaled
    L = -L_total.sum() / N
    # [6] z_bar = (p - y)/N
    z_bar = np.subtract(p, y, out=p)
    z_bar *= 1 / N  # (N,)
    # [8] w_bar = X^T z_bar
    np.matmul(x.T, z_bar, out=out["w"])  # (D,)
    # [10] b_bar = 1^T z_bar
    out["b"][...] = z_bar.sum()
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


def _forward_sizes(x, w):
    """Return N, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w")
    shapes = (x.shape, w.shape)
    _check_ranks(names, shapes, (2, 1))
    N = x.shape[0]
    D = x.shape[1]
    expected = ((N, D), (D,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x"))
    return N, D


def _sizes(x, y, w):
    """Return N, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "w")
    shapes = (x.shape, y.shape, w.shape)
    _check_ranks(names, shapes, (2, 1, 1))
    N = x.shape[0]
    D = x.shape[1]
    expected = ((N, D), (N,), (D,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x"))
    return N, D


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


def _scratch(work, dtype, N, D):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("binary_logistic", dtype, N, D):
        work["arrays"] = (
            _aligned((N,), dtype),  # z
            _aligned((N,), dtype),  # p_capped
            _aligned((N,), dtype),  # p
            _aligned((N,), dtype),  # p_exp
            _aligned((N,), dtype),  # p_total
        )
        work["for"] = ("binary_logistic", dtype, N, D)
    return work["arrays"]
