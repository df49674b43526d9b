"""Loss and gradients of neuron_chain: Three sigmoid neurons in a row under the mean squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("w1", "b1", "w2", "b2", "w3", "b3")
SHAPES = {
    "x": ("N",),
    "y": ("N",),
    "w1": (),
    "b1": (),
    "w2": (),
    "b2": (),
    "w3": (),
    "b3": (),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w1, b1, w2, b2, w3, b3):
    """Return the named tensors that need no target, by name."""
    dtype, (w1, b1, w2, b2, w3, b3) = _parameters(w1, b1, w2, b2, w3, b3)
    x = np.asarray(x, dtype)
    w1, b1, w2, b2, w3, b3 = _numbers(w1=w1, b1=b1, w2=w2, b2=b2, w3=w3, b3=b3)
    (N,) = _forward_sizes(x)

    # [1] z1 = w1 x + b1
    z1 = w1 * x  # (N,)
    z1 += b1  # (N,)
    # [2] a1 = sigmoid(z1)
    a1 = np.minimum(z1, 0)  # (N,)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1)  # (N,)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (N,)
    # [3] z2 = w2 a1 + b2
    z2 = w2 * a1  # (N,)
    z2 += b2  # (N,)
    # [4] a2 = sigmoid(z2)
    a2 = np.minimum(z2, 0)  # (N,)
    np.exp(a2, out=a2)
    a2_total = np.abs(z2)  # (N,)
    np.negative(a2_total, out=a2_total)
    np.exp(a2_total, out=a2_total)
    a2_total += 1
    a2 /= a2_total  # (N,)
    # [5] z3 = w3 a2 + b3
    z3 = w3 * a2  # (N,)
    z3 += b3  # (N,)
    # [6] a3 = sigmoid(z3)
    a3 = np.minimum(z3, 0)  # (N,)
    np.exp(a3, out=a3)
    a3_total = np.abs(z3)  # (N,)
    np.negative(a3_total, out=a3_total)
    np.exp(a3_total, out=a3_total)
    a3_total += 1
    a3 /= a3_total  # (N,)
    return {"z1": z1, "a1": a1, "z2": z2, "a2": a2, "z3": z3, "a3": a3}


def loss(x, y, *, w1, b1, w2, b2, w3, b3):
    """Return L."""
    dtype, (w1, b1, w2, b2, w3, b3) = _parameters(w1, b1, w2, b2, w3, b3)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    w1, b1, w2, b2, w3, b3 = _numbers(w1=w1, b1=b1, w2=w2, b2=b2, w3=w3, b3=b3)
    (N,) = _sizes(x, y)

    # [1] z1 = w1 x + b1
    z1 = w1 * x  # (N,)
    z1 += b1  # (N,)
    # [2] a1 = sigmoid(z1)
    a1 = np.minimum(z1, 0)  # (N,)
    np.exp(a1, out=a1)
    a1_total = np.abs(z1, out=z1)
    np.negative(a1_total, out=a1_total)
    np.exp(a1_total, out=a1_total)
    a1_total += 1
    a1 /= a1_total  # (N,)
    # [3] z2 = w2 a1 + b2
    z2 = np.multiply(w2, a1, out=a1)
    z2 += b2  # (N,)
    # [4] a2 = sigmoid(z2)
    a2 = np.minimum(z2, 0)  # (N,)
    np.exp(a2, out=a2)
    a2_total = np.abs(z2, out=z2)
    np.negative(a2_total, out=a2_total)
    np.exp(a2_total, out=a2_total)
    a2_total += 1
    a2 /= a2_total  # (N,)
    # [5] z3 = w3 a2 + b3
    z3 = np.multiply(w3, a2, out=a2)
    z3 += b3  # (N,)
    # [6] a3 = sigmoid(z3)
    a3 = np.minimum(z3, 0)  # (N,)
    np.exp(a3, out=a3)
    a3_total = np.abs(z3, out=z3)
    np.negative(a3_total, out=a3_total)
    np.exp(a3_total, out=a3_total)
    a3_total += 1
    a3 /= a3_total  # (N,)
    # [7] L = ||a3 - y||^2/N
    L_shifted = np.subtract(a3, y, out=a3)
    L = L_shifted @ L_shifted / N
    return float(L)


def loss_and_gradients(x, y, *, w1, b1, w2, b2, w3, b3, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w1, b1, w2, b2, w3, b3) = _parameters(w1, b1, w2, b2, w3, b3)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    w1, b1, w2, b2, w3, b3 = _numbers(w1=w1, b1=b1, w2=w2, b2=b2, w3=w3, b3=b3)
    (N,) = _sizes(x, y)
    out = _outputs(out, dtype, ((), (), (), (), (), ()), (x, y))
    z1, a1, a1_total, z2, a2, a2_total, z3, a3, a3_total = _scratch(work, dtype, N)

    # [1] z1 = w1 x + b1
    np.multiply(w1, x, out=z1)  # (N,)
    z1 += b1  # (N,)
    # [2] a1 = sigmoid(z1)
    np.minimum(z1, 0, out=a1)  # (N,)
    np.exp(a1, out=a1)
    a1_exp = np.abs(z1, out=z1)
    np.negative(a1_exp, out=a1_exp)
    np.exp(a1_exp, out=a1_exp)
    np.add(1, a1_exp, out=a1_total)  # (N,)
    a1 /= a1_total  # (N,)
    # [3] z2 = w2 a1 + b2
    np.multiply(w2, a1, out=z2)  # (N,)
    z2 += b2  # (N,)
    # [4] a2 = sigmoid(z2)
    np.minimum(z2, 0, out=a2)  # (N,)
    np.exp(a2, out=a2)
    a2_exp = np.abs(z2, out=z2)
    np.negative(a2_exp, out=a2_exp)
    np.exp(a2_exp, out=a2_exp)
    np.add(1, a2_exp, out=a2_total)  # (N,)
    a2 /= a2_total  # (N,)
    # [5] z3 = w3 a2 + b3
    np.multiply(w3, a2, out=z3)  # (N,)
    z3 += b3  # (N,)
    # [6] a3 = sigmoid(z3)
    np.minimum(z3, 0, out=a3)  # (N,)
    np.exp(a3, out=a3)
    a3_exp = np.abs(z3, out=z3)
    np.negative(a3_exp, out=a3_exp)
    np.exp(a3_exp, out=a3_exp)
    np.add(1, a3_exp, out=a3_total)  # (N,)
    a3 /= a3_total  # (N,)
    # [7] L = ||a3 - y||^2/N
    L_shifted = np.subtract(a3, y, out=a3)
    L = L_shifted @ L_shifted / N
    # [10] z3_bar = 2 ((a3 - y) * a3 * (1 - a3))/N
    z3_bar_square = np.square(a3_total, out=a3_total)
    z3_bar = np.multiply(L_shifted, 2 / N, out=L_shifted)
    z3_bar *= a3_exp
    z3_bar /= z3_bar_square  # (N,)
    # [12] w3_bar = z3_bar^T a2
    out["w3"][...] = z3_bar @ a2
    # [14] b3_bar = 1^T z3_bar
    out["b3"][...] = z3_bar.sum()
    # [18] z2_bar = w3 (z3_bar * a2 * (1 - a2))
    z2_bar_square = np.square(a2_total, out=a2_total)
    z2_bar = np.multiply(w3, z3_bar, out=z3_bar)
    z2_bar *= a2_exp
    z2_bar /= z2_bar_square  # (N,)
    # [20] w2_bar = z2_bar^T a1
    out["w2"][...] = z2_bar @ a1
    # [22] b2_bar = 1^T z2_bar
    out["b2"][...] = z2_bar.sum()
    # [26] z1_bar = w2 (z2_bar * a1 * (1 - a1))
    z1_bar_square = np.square(a1_total, out=a1_total)
    z1_bar = np.multiply(w2, z2_bar, out=z2_bar)
    z1_bar *= a1_exp
    z1_bar /= z1_bar_square  # (N,)
    # [28] w1_bar = z1_bar^T x
    out["w1"][...] = z1_bar @ x
    # [30] b1_bar = 1^T z1_bar
    out["b1"][...] = z1_bar.sum()
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


def _forward_sizes(x):
    """Return N; ValueError where a shape does not fit or an extent is 0."""
    names = ("x",)
    shapes = (x.shape,)
    _check_ranks(names, shapes, (1,))
    N = x.shape[0]
    expected = ((N,),)
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x"))
    return (N,)


def _sizes(x, y):
    """Return N; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y")
    shapes = (x.shape, y.shape)
    _check_ranks(names, shapes, (1, 1))
    N = x.shape[0]
    expected = ((N,), (N,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x"))
    return (N,)


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


def _scratch(work, dtype, N):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("neuron_chain", dtype, N):
        work["arrays"] = (
            _aligned((N,), dtype),  # z1
            _aligned((N,), dtype),  # a1
            _aligned((N,), dtype),  # a1_total
            _aligned((N,), dtype),  # z2
            _aligned((N,), dtype),  # a2
            _aligned((N,), dtype),  # a2_total
            _aligned((N,), dtype),  # z3
            _aligned((N,), dtype),  # a3
            _aligned((N,), dtype),  # a3_total
        )
        work["for"] = ("neuron_chain", dtype, N)
    return work["arrays"]
