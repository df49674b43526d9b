"""Loss and gradients of linear_2_2_2.

Two inputs, two hidden and two output neurons without bias, under half the squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex.
"""

import numpy as np

DATA = ("x1", "x2", "y1", "y2")
PARAMETERS = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8")
SHAPES = {
    "x1": (),
    "x2": (),
    "y1": (),
    "y2": (),
    "w1": (),
    "w2": (),
    "w3": (),
    "w4": (),
    "w5": (),
    "w6": (),
    "w7": (),
    "w8": (),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x1, x2, *, w1, w2, w3, w4, w5, w6, w7, w8):
    """Return the named tensors that need no target, by name."""
    dtype, (w1, w2, w3, w4, w5, w6, w7, w8) = _parameters(w1, w2, w3, w4, w5, w6, w7, w8)
    x1, x2, w1, w2, w3, w4, w5, w6, w7, w8 = _numbers(
        x1=x1, x2=x2, w1=w1, w2=w2, w3=w3, w4=w4, w5=w5, w6=w6, w7=w7, w8=w8
    )

    z1 = w1 * x1 + w3 * x2  # [1]
    z2 = w2 * x1 + w4 * x2  # [2]
    z3 = w5 * z1 + w7 * z2  # [3]
    z4 = w6 * z1 + w8 * z2  # [4]
    return {
        "z1": np.asarray(z1, dtype),
        "z2": np.asarray(z2, dtype),
        "z3": np.asarray(z3, dtype),
        "z4": np.asarray(z4, dtype),
    }


def loss(x1, x2, y1, y2, *, w1, w2, w3, w4, w5, w6, w7, w8):
    """Return L."""
    dtype, (w1, w2, w3, w4, w5, w6, w7, w8) = _parameters(w1, w2, w3, w4, w5, w6, w7, w8)
    x1, x2, y1, y2, w1, w2, w3, w4, w5, w6, w7, w8 = _numbers(
        x1=x1, x2=x2, y1=y1, y2=y2, w1=w1, w2=w2, w3=w3, w4=w4, w5=w5, w6=w6, w7=w7, w8=w8
    )

    z1 = w1 * x1 + w3 * x2  # [1]
    z2 = w2 * x1 + w4 * x2  # [2]
    z3 = w5 * z1 + w7 * z2  # [3]
    z4 = w6 * z1 + w8 * z2  # [4]
    z3_bar = z3 - y1  # [11]
    z4_bar = z4 - y2  # [6]
    L = (z3_bar ** 2 + z4_bar ** 2) / 2  # [5]
    return float(L)


def loss_and_gradients(x1, x2, y1, y2, *, w1, w2, w3, w4, w5, w6, w7, w8, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w1, w2, w3, w4, w5, w6, w7, w8) = _parameters(w1, w2, w3, w4, w5, w6, w7, w8)
    x1, x2, y1, y2, w1, w2, w3, w4, w5, w6, w7, w8 = _numbers(
        x1=x1, x2=x2, y1=y1, y2=y2, w1=w1, w2=w2, w3=w3, w4=w4, w5=w5, w6=w6, w7=w7, w8=w8
    )
    out = _outputs(out, dtype, ((), (), (), (), (), (), (), ()), ())

    z1 = w1 * x1 + w3 * x2  # [1]
    z2 = w2 * x1 + w4 * x2  # [2]
    z3 = w5 * z1 + w7 * z2  # [3]
    z4 = w6 * z1 + w8 * z2  # [4]
    z3_bar = z3 - y1  # [11]
    z4_bar = z4 - y2  # [6]
    L = (z3_bar ** 2 + z4_bar ** 2) / 2  # [5]
    out["w6"][...] = z4_bar * z1  # [8]
    out["w8"][...] = z4_bar * z2  # [10]
    out["w5"][...] = z3_bar * z1  # [13]
    out["w7"][...] = z3_bar * z2  # [15]
    z2_bar = z3_bar * w7 + z4_bar * w8  # [18]
    out["w2"][...] = z2_bar * x1  # [20]
    out["w4"][...] = z2_bar * x2  # [22]
    z1_bar = z3_bar * w5 + z4_bar * w6  # [25]
    out["w1"][...] = z1_bar * x1  # [27]
    out["w3"][...] = z1_bar * x2  # [29]
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
