"""Loss and gradients of two_paths: x reaches z along two paths, through u and through v.

Written by symbp. Numbers in brackets are equations of derivation.tex.
"""

import numpy as np

DATA = ("c", "d")
PARAMETERS = ("x",)
SHAPES = {
    "c": (),
    "d": (),
    "x": (),
}
LABELS = {}
FUNCTIONS = ("f", "f_d1", "f_d2")
FACTS = ()


def forward(c, d, *, x, f, f_d1=None, f_d2=None):
    """Return the named tensors that need no target, by name."""
    dtype, (x,) = _parameters(x)
    c, d, x = _numbers(c=c, d=d, x=x)

    u = c * x  # [1]
    v = d * x  # [2]
    return {"u": np.asarray(u, dtype), "v": np.asarray(v, dtype)}


def loss(c, d, *, x, f, f_d1=None, f_d2=None):
    """Return z."""
    dtype, (x,) = _parameters(x)
    c, d, x = _numbers(c=c, d=d, x=x)

    u = c * x  # [1]
    v = d * x  # [2]
    z = f(u, v)  # [3]
    return float(z)


def loss_and_gradients(c, d, *, x, f, f_d1, f_d2, out=None, work=None):
    """Return z and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (x,) = _parameters(x)
    c, d, x = _numbers(c=c, d=d, x=x)
    out = _outputs(out, dtype, ((),), ())

    u = c * x  # [1]
    v = d * x  # [2]
    z = f(u, v)  # [3]
    # [8]
    x_bar_part = f_d1(u, v)
    x_bar_part1 = f_d2(u, v)
    out["x"][...] = x_bar_part * c + x_bar_part1 * d
    return float(z), out


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
