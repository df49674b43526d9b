"""Loss and gradients of affine_pair: Two affine layers of two units each; the loss is the sum of the outputs.

Written by symbp. Numbers in brackets are equations of derivation.tex.
"""

import numpy as np

DATA = ("x",)
PARAMETERS = ("W1", "b1", "W2", "b2")
SHAPES = {
    "x": (2,),
    "W1": (2, 2),
    "b1": (2,),
    "W2": (2, 2),
    "b2": (2,),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W1, b1, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    _sizes(x, W1, b1, W2, b2)

    # [1] z1 = W1^T x + b1
    z1 = x @ W1  # (2,)
    z1 += b1  # (2,)
    # [2] z2 = W2^T z1 + b2
    z2 = z1 @ W2  # (2,)
    z2 += b2  # (2,)
    return {"z1": z1, "z2": z2}


def loss(x, *, W1, b1, W2, b2):
    """Return L."""
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    _sizes(x, W1, b1, W2, b2)

    # [1] z1 = W1^T x + b1
    z1 = x @ W1  # (2,)
    z1 += b1  # (2,)
    # [2] z2 = W2^T z1 + b2
    z2 = z1 @ W2  # (2,)
    z2 += b2  # (2,)
    # [3] L = 1^T z2
    L = z2.sum()
    return float(L)


def loss_and_gradients(x, *, W1, b1, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W1, b1, W2, b2) = _parameters(W1, b1, W2, b2)
    x = np.asarray(x, dtype)
    _sizes(x, W1, b1, W2, b2)
    out = _outputs(out, dtype, ((2, 2), (2,), (2, 2), (2,)), (x, W1, b1, W2, b2))
    z1, z2, ones = _scratch(work, dtype)

    # [1] z1 = W1^T x + b1
    np.matmul(x, W1, out=z1)  # (2,)
    z1 += b1  # (2,)
    # [6] W2_bar = z1 1^T
    out["W2"][...] = z1[:, None]  # (2, 2)
    # [2] z2 = W2^T z1 + b2
    np.matmul(z1, W2, out=z2)  # (2,)
    z2 += b2  # (2,)
    # [3] L = 1^T z2
    L = z2.sum()
    # [10, 14] z1_bar = W2 1; b1_bar = z1_bar
    z1_bar = np.matmul(W2, ones, out=out["b1"])  # (2,)
    # [12] W1_bar = x z1_bar^T
    np.multiply(x[:, None], z1_bar, out=out["W1"])  # (2, 2)
    # [8] b2_bar = 1
    out["b2"][...] = 1  # (2,)
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


def _sizes(x, W1, b1, W2, b2):
    """Return nothing; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "b1", "W2", "b2")
    shapes = (x.shape, W1.shape, b1.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (1, 2, 1, 2, 1))
    expected = ((2,), (2, 2), (2,), (2, 2), (2,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, ""))


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


def _scratch(work, dtype):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("affine_pair", dtype):
        work["arrays"] = (
            _aligned((2,), dtype),  # z1
            _aligned((2,), dtype),  # z2
            np.ones((2,), dtype),  # ones
        )
        work["for"] = ("affine_pair", dtype)
    return work["arrays"]
