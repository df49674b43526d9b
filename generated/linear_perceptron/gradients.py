"""Loss and gradients of linear_perceptron.

One linear hidden unit and one linear output under half the mean squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("w", "b", "W", "B")
SHAPES = {
    "x": ("N",),
    "y": ("N",),
    "w": (),
    "b": (),
    "W": (),
    "B": (),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w, b, W, B):
    """Return the named tensors that need no target, by name."""
    dtype, (w, b, W, B) = _parameters(w, b, W, B)
    x = np.asarray(x, dtype)
    w, b, W, B = _numbers(w=w, b=b, W=W, B=B)
    (N,) = _forward_sizes(x)

    # [1] hidden = w x + b
    hidden = w * x  # (N,)
    hidden += b  # (N,)
    # [2] output = W hidden + B
    output = W * hidden  # (N,)
    output += B  # (N,)
    return {"hidden": hidden, "output": output}


def loss(x, y, *, w, b, W, B):
    """Return L."""
    dtype, (w, b, W, B) = _parameters(w, b, W, B)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    w, b, W, B = _numbers(w=w, b=b, W=W, B=B)
    (N,) = _sizes(x, y)

    # [1] hidden = w x + b
    hidden = w * x  # (N,)
    hidden += b  # (N,)
    # [2] output = W hidden + B
    output = np.multiply(W, hidden, out=hidden)
    output += B  # (N,)
    # [3] L = ||output - y||^2/2/N
    L_shifted = np.subtract(output, y, out=output)
    L = L_shifted @ L_shifted / 2 / N
    return float(L)


def loss_and_gradients(x, y, *, w, b, W, B, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w, b, W, B) = _parameters(w, b, W, B)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    w, b, W, B = _numbers(w=w, b=b, W=W, B=B)
    (N,) = _sizes(x, y)
    out = _outputs(out, dtype, ((), (), (), ()), (x, y))
    hidden, output = _scratch(work, dtype, N)

    # [1] hidden = w x + b
    np.multiply(w, x, out=hidden)  # (N,)
    hidden += b  # (N,)
    # [2] output = W hidden + B
    np.multiply(W, hidden, out=output)  # (N,)
    output += B  # (N,)
    # [3] L = ||output - y||^2/2/N
    L_shifted = np.subtract(output, y, out=output)
    L = L_shifted @ L_shifted / 2 / N
    # [4] output_bar = (output - y)/N
    output_bar = np.multiply(L_shifted, 1 / N, out=L_shifted)  # (N,)
    # [6] W_bar = output_bar^T hidden
    out["W"][...] = output_bar @ hidden
    # [8] B_bar = 1^T output_bar
    B_bar = output_bar.sum()
    # [10] hidden_bar = W output_bar
    out["B"][...] = B_bar
    hidden_bar = np.multiply(W, output_bar, out=output_bar)  # (N,)
    # [12] w_bar = hidden_bar^T x
    out["w"][...] = hidden_bar @ x
    # [14] b_bar = 1^T hidden_bar, by way of [8]
    out["b"][...] = W * B_bar
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
    if work.get("for") != ("linear_perceptron", dtype, N):
        work["arrays"] = (
            _aligned((N,), dtype),  # hidden
            _aligned((N,), dtype),  # output
        )
        work["for"] = ("linear_perceptron", dtype, N)
    return work["arrays"]
