"""Loss and gradients of threshold_layers.

Layer n subtracts its thresholds, z = w x - b, under half the squared error of one example.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are L.
"""

import numpy as np

DATA = ("x", "t")
PARAMETERS = ("w", "b")
SHAPES = {
    "x": ("D[0]",),
    "t": ("D[L]",),
    "w": ("n: L", "D[n + 1]", "D[n]"),
    "b": ("n: L", "D[n + 1]"),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w, b):
    """Return the named tensors that need no target, by name."""
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    L, D = _forward_sizes(x, w, b)

    z = [None] * L
    y = [None] * L
    y_before = x
    for n in range(L):
        # [1] z[n] = w[n] y[n - 1] - b[n]
        z_n = w[n] @ y_before  # (D[n + 1],)
        z_n -= b[n]  # (D[n + 1],)
        # [2] y[n] = sigmoid(z[n])
        y_n = np.minimum(z_n, 0)  # (D[n + 1],)
        np.exp(y_n, out=y_n)
        y_total = np.abs(z_n)  # (D[n + 1],)
        np.negative(y_total, out=y_total)
        np.exp(y_total, out=y_total)
        y_total += 1
        y_n /= y_total  # (D[n + 1],)
        z[n] = z_n
        y[n] = y_n
        y_before = y_n
    return {"z": z, "y": y}


def loss(x, t, *, w, b):
    """Return loss."""
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    t = np.asarray(t, dtype)
    L, D = _sizes(x, t, w, b)

    y = [None] * L
    y_before = x
    for n in range(L):
        # [1] z[n] = w[n] y[n - 1] - b[n]
        z_n = w[n] @ y_before  # (D[n + 1],)
        z_n -= b[n]  # (D[n + 1],)
        # [2] y[n] = sigmoid(z[n])
        y_n = np.minimum(z_n, 0)  # (D[n + 1],)
        np.exp(y_n, out=y_n)
        y_total = np.abs(z_n, out=z_n)
        np.negative(y_total, out=y_total)
        np.exp(y_total, out=y_total)
        y_total += 1
        y_n /= y_total  # (D[n + 1],)
        y[n] = y_n
        y_before = y_n
    # [3] loss = ||y[L - 1] - t||^2/2
    loss_shifted = y[L - 1] - t  # (D[L],)
    loss = loss_shifted @ loss_shifted / 2
    return float(loss)


def loss_and_gradients(x, t, *, w, b, out=None, work=None):
    """Return loss and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (w, b) = _parameters(w, b)
    x = np.asarray(x, dtype)
    t = np.asarray(t, dtype)
    L, D = _sizes(x, t, w, b)
    out = _outputs(
        out, dtype, ([(D[n + 1], D[n]) for n in range(L)], [(D[n + 1],) for n in range(L)]), (x, t, *w, *b)
    )
    y, loss_shifted, z_bar = _scratch(work, dtype, L, D)

    y_before = x
    for n in range(L):
        # [1] z[n] = w[n] y[n - 1] - b[n]
        z_n = w[n] @ y_before  # (D[n + 1],)
        z_n -= b[n]  # (D[n + 1],)
        # [2] y[n] = sigmoid(z[n])
        y_n = np.minimum(z_n, 0, out=y[n])
        np.exp(y_n, out=y_n)
        y_total = np.abs(z_n, out=z_n)
        np.negative(y_total, out=y_total)
        np.exp(y_total, out=y_total)
        y_total += 1
        y_n /= y_total  # (D[n + 1],)
        y_before = y_n
    # [3] loss = ||y[L - 1] - t||^2/2
    np.subtract(y[L - 1], t, out=loss_shifted)  # (D[L],)
    loss = loss_shifted @ loss_shifted / 2
    z_bar_after = loss_shifted
    for n in reversed(range(L)):
        # [8] z_bar[n] = where(n + 1 < L, (w[n + 1]^T z_bar[n + 1]) * y[n] * (1 - y[n]), (y[L - 1] - t) * y[L - 1] * (1 - y[L - 1]))
        z_bar_n = np.subtract(1, y[n], out=z_bar[n])
        z_bar_n *= y[n]
        z_bar_n *= z_bar_after  # (D[n + 1],)
        next_product = w[n].T @ z_bar_n  # (D[n],)
        z_bar_after = next_product
    w_bar = out["w"]
    y_before1 = x
    for n in range(L):
        # [10] w_bar[n] = z_bar[n] y[n - 1]^T
        np.multiply(z_bar[n][:, None], y_before1, out=w_bar[n])  # (D[n + 1], D[n])
        y_before1 = y[n]
    b_bar = out["b"]
    for n in range(L):
        # [12] b_bar[n] = -z_bar[n]
        np.negative(z_bar[n], out=b_bar[n])  # (D[n + 1],)
    return float(loss), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place."""
    for name, gradient in gradients.items():
        if isinstance(gradient, list):
            for array, part in zip(parameters[name], gradient):
                array -= float(learning_rate) * part
            continue
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
        if ":" in str(SHAPES[name][:1]):
            if not isinstance(value, (list, tuple)):
                raise ValueError(f"{name} is of type {type(value).__name__}, expected a list of arrays {SHAPES[name]}")
            value = [np.asarray(array) for array in value]
            for array in value:
                dtype = _joined(name, array.dtype, dtype)
        elif type(value) is not float:
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


def _forward_sizes(x, w, b):
    """Return L, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", *(f"w[{n}]" for n in range(len(w))), *(f"b[{n}]" for n in range(len(b))))
    shapes = (x.shape, *[_.shape for _ in w], *[_.shape for _ in b])
    _check_ranks(names, shapes, (1, *(2 for n in range(len(w))), *(1 for n in range(len(b)))))
    L = len(w)
    _check_lengths(("w", "b"), (w, b), (L, L))
    D = (w[0].shape[1], *(_.shape[0] for _ in w))
    expected = ((D[0],), *((D[n + 1], D[n]) for n in range(len(w))), *((D[n + 1],) for n in range(len(b))))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "L from w"))
    return L, D


def _sizes(x, t, w, b):
    """Return L, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "t", *(f"w[{n}]" for n in range(len(w))), *(f"b[{n}]" for n in range(len(b))))
    shapes = (x.shape, t.shape, *[_.shape for _ in w], *[_.shape for _ in b])
    _check_ranks(names, shapes, (1, 1, *(2 for n in range(len(w))), *(1 for n in range(len(b)))))
    L = len(w)
    _check_lengths(("w", "b"), (w, b), (L, L))
    D = (w[0].shape[1], *(_.shape[0] for _ in w))
    expected = (
        (D[0],), (D[L],), *((D[n + 1], D[n]) for n in range(len(w))), *((D[n + 1],) for n in range(len(b)))
    )
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "L from w"))
    return L, D


def _check_ranks(names, shapes, ranks):
    """ValueError where an array has not as many dimensions as in the network, or an extent is 0."""
    if tuple(map(len, shapes)) != ranks or not all(map(all, shapes)):
        raise ValueError(_misfit(names, shapes))


def _misfit(names, shapes, expected=None, sources=""):
    """Which shape is wrong: the tensor, what it has and what was expected."""
    for k, (name, shape) in enumerate(zip(names, shapes)):
        shape_of = SHAPES[name.split("[")[0]][name.endswith("]") :]
        wanted = "(" + ", ".join(map(str, shape_of)) + (",)" if len(shape_of) == 1 else ")")
        if expected is None and len(shape) != len(shape_of):
            return f"{name} has shape {shape}, expected {len(shape_of)} dimensions, {wanted}"
        if 0 in shape:
            return f"{name} has shape {shape}, expected {wanted} with every extent at least 1"
        if expected is not None and shape != expected[k]:
            return f"{name} has shape {shape}, expected {wanted} = {expected[k]}" + (sources and f" ({sources})")
    return f"the shapes {shapes} do not fit"


def _check_lengths(names, lists, expected):
    """ValueError where a list has not as many arrays as it should."""
    for name, arrays, count in zip(names, lists, expected):
        if len(arrays) != count or not arrays:
            raise ValueError(f"{name} has {len(arrays)} arrays, expected {SHAPES[name][0]} = {max(count, 1)}")


def _outputs(out, dtype, shapes, inputs):
    """The arrays that take the gradients: those in `out`, which must fit and lie apart from all else, or new ones."""
    out = {} if out is None else out
    new = {}
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            new[name] = [np.empty(row, dtype) for row in shape] if isinstance(shape, list) else np.empty(shape, dtype)
        elif isinstance(shape, list):
            _check_list(name, array, dtype, shape)
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
    arrays = [_ for value in out.values() for _ in (value if isinstance(value, list) else [value])]
    # Arrays of different owners never overlap, and owners are quickly told apart.
    owners = [id(_ if _.base is None else _.base) for _ in (*arrays, *inputs)]
    mine = set(owners[: len(arrays)])
    if len(mine) == len(arrays) and mine.isdisjoint(owners[len(arrays) :]):
        return
    for k, array in enumerate(arrays):
        if any(np.may_share_memory(array, other) for other in (*arrays[:k], *inputs)):
            rows = ((name, value if isinstance(value, list) else [value]) for name, value in out.items())
            name = next(name for name, row in rows if any(array is _ for _ in row))
            raise ValueError(f"out[{name!r}] shares memory with an input or with another array of out")


def _check_list(name, arrays, dtype, shapes):
    """ValueError where a list of gradients does not fit."""
    if not isinstance(arrays, list):
        raise ValueError(f"out[{name!r}] is of type {type(arrays).__name__}, expected a list of arrays")
    has = [(np.shape(array), getattr(array, "dtype", None)) for array in arrays]
    if has != [(shape, dtype) for shape in shapes]:
        found = f"the shapes {[h[0] for h in has]} and dtypes {[str(h[1]) for h in has]}"
        raise ValueError(f"out[{name!r}] has {found}, expected {shapes} and dtype {dtype}")


def _aligned(shape, dtype):
    """A new array that starts at a cache line, so that no vector of it lies across two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def _scratch(work, dtype, L, D):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("threshold_layers", dtype, L, D):
        work["arrays"] = (
            [_aligned((D[n + 1],), dtype) for n in range(L)],  # y
            _aligned((D[L],), dtype),  # loss_shifted
            [_aligned((D[n + 1],), dtype) for n in range(L)],  # z_bar
        )
        work["for"] = ("threshold_layers", dtype, L, D)
    return work["arrays"]
