"""Loss and gradients of generic_neuron: A neuron whose activation goes to two others, and from there to any cost.

Written by symbp. Numbers in brackets are equations of derivation.tex.
"""

import numpy as np

DATA = ()
PARAMETERS = ("z", "w3", "w4")
SHAPES = {
    "z": (),
    "w3": (),
    "w4": (),
}
LABELS = {}
FUNCTIONS = ("sigma", "sigma_d1", "C", "C_d1", "C_d2")
FACTS = ()


def forward(*, z, w3, w4, sigma, sigma_d1=None, C, C_d1=None, C_d2=None):
    """Return the named tensors that need no target, by name."""
    dtype, (z, w3, w4) = _parameters(z, w3, w4)
    z, w3, w4 = _numbers(z=z, w3=w3, w4=w4)

    a = sigma(z)  # [1]
    z1 = w3 * a  # [2]
    z2 = w4 * a  # [3]
    return {"a": np.asarray(a, dtype), "z1": np.asarray(z1, dtype), "z2": np.asarray(z2, dtype)}


def loss(*, z, w3, w4, sigma, sigma_d1=None, C, C_d1=None, C_d2=None):
    """Return L."""
    dtype, (z, w3, w4) = _parameters(z, w3, w4)
    z, w3, w4 = _numbers(z=z, w3=w3, w4=w4)

    a = sigma(z)  # [1]
    z1 = w3 * a  # [2]
    z2 = w4 * a  # [3]
    L = C(z1, z2)  # [4]
    return float(L)


def loss_and_gradients(*, z, w3, w4, sigma, sigma_d1, C, C_d1, C_d2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (z, w3, w4) = _parameters(z, w3, w4)
    z, w3, w4 = _numbers(z=z, w3=w3, w4=w4)
    out = _outputs(out, dtype, ((), (), ()), ())

    a = sigma(z)  # [1]
    z1 = w3 * a  # [2]
    z2 = w4 * a  # [3]
    L = C(z1, z2)  # [4]
    z2_bar = C_d2(z1, z2)  # [5]
    out["w4"][...] = z2_bar * a  # [7]
    z1_bar = C_d1(z1, z2)  # [8]
    out["w3"][...] = z1_bar * a  # [10]
    a_bar = z1_bar * w3 + z2_bar * w4  # [13]
    # [15]
    z_bar_part = sigma_d1(z)
    out["z"][...] = a_bar * z_bar_part
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
