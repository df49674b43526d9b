"""Loss and gradients of mlp: Sigmoid layers of any widths, under half the squared error over the batch.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, L.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("W", "b")
SHAPES = {
    "x": ("N", "D[0]"),
    "y": ("N", "D[L]"),
    "W": ("l: L", "D[l]", "D[l + 1]"),
    "b": ("l: L", "D[l + 1]"),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W, b):
    """Return the named tensors that need no target, by name."""
    dtype, (W, b) = _parameters(W, b)
    x = np.asarray(x, dtype)
    N, L, D = _forward_sizes(x, W, b)

    z = [None] * L
    a = [None] * L
    a_before = x
    for l in range(L):
        # [1] z[l] = a[l - 1] W[l] + 1 b[l]^T
        z_l = a_before @ W[l]  # (N, D[l + 1])
        z_l += b[l]  # (N, D[l + 1])
        # [2] a[l] = sigmoid(z[l])
        a_l = np.minimum(z_l, 0)  # (N, D[l + 1])
        np.exp(a_l, out=a_l)
        a_total = np.abs(z_l)  # (N, D[l + 1])
        np.negative(a_total, out=a_total)
        np.exp(a_total, out=a_total)
        a_total += 1
        a_l /= a_total  # (N, D[l + 1])
        z[l] = z_l
        a[l] = a_l
        a_before = a_l
    return {"z": z, "a": a}


def loss(x, y, *, W, b):
    """Return loss."""
    dtype, (W, b) = _parameters(W, b)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    N, L, D = _sizes(x, y, W, b)

    a = [None] * L
    a_before = x
    for l in range(L):
        # [1] z[l] = a[l - 1] W[l] + 1 b[l]^T
        z_l = a_before @ W[l]  # (N, D[l + 1])
        z_l += b[l]  # (N, D[l + 1])
        # [2] a[l] = sigmoid(z[l])
        a_l = np.minimum(z_l, 0)  # (N, D[l + 1])
        np.exp(a_l, out=a_l)
        a_total = np.abs(z_l, out=z_l)
        np.negative(a_total, out=a_total)
        np.exp(a_total, out=a_total)
        a_total += 1
        a_l /= a_total  # (N, D[l + 1])
        a[l] = a_l
        a_before = a_l
    # [3] loss = ||a[L - 1] - Y||^2/2/N
    loss_shifted = a[L - 1] - y  # (N, D[L])
    loss = np.vdot(loss_shifted, loss_shifted) / 2 / N
    return float(loss)


def loss_and_gradients(x, y, *, W, b, out=None, work=None):
    """Return loss and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W, b) = _parameters(W, b)
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    N, L, D = _sizes(x, y, W, b)
    out = _outputs(
        out, dtype, ([(D[l], D[l + 1]) for l in range(L)], [(D[l + 1],) for l in range(L)]), (x, y, *W, *b)
    )
    a, loss_shifted, z_bar = _scratch(work, dtype, N, L, D)

    a_before = x
    for l in range(L):
        # [1] z[l] = a[l - 1] W[l] + 1 b[l]^T
        z_l = a_before @ W[l]  # (N, D[l + 1])
        z_l += b[l]  # (N, D[l + 1])
        # [2] a[l] = sigmoid(z[l])
        a_l = np.minimum(z_l, 0, out=a[l])
        np.exp(a_l, out=a_l)
        a_total = np.abs(z_l, out=z_l)
        np.negative(a_total, out=a_total)
        np.exp(a_total, out=a_total)
        a_total += 1
        a_l /= a_total  # (N, D[l + 1])
        a_before = a_l
    # [3] loss = ||a[L - 1] - Y||^2/2/N
    np.subtract(a[L - 1], y, out=loss_shifted)  # (N, D[L])
    loss = np.vdot(loss_shifted, loss_shifted) / 2 / N
    start_scaled = np.multiply(loss_shifted, 1 / N, out=loss_shifted)
    z_bar_after = start_scaled
    for l in reversed(range(L)):
        # [8] z_bar[l] = where(l + 1 < L, (z_bar[l + 1] W[l + 1]^T) * a[l] * (1 - a[l]), ((a[L - 1] - Y) * a[L - 1] * (1 - a[L - 1]))/N)
        z_bar_l = np.subtract(1, a[l], out=z_bar[l])
        z_bar_l *= a[l]
        z_bar_l *= z_bar_after  # (N, D[l + 1])
        next_product = z_bar_l @ W[l].T  # (N, D[l])
        z_bar_after = next_product
    W_bar = out["W"]
    a_before1 = x
    for l in range(L):
        # [10] W_bar[l] = a[l - 1]^T z_bar[l]
        np.matmul(a_before1.T, z_bar[l], out=W_bar[l])  # (D[l], D[l + 1])
        a_before1 = a[l]
    b_bar = out["b"]
    for l in range(L):
        # [12] b_bar[l] = z_bar[l]^T 1
        z_bar[l].sum(axis=0, out=b_bar[l])  # (D[l + 1],)
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


def _forward_sizes(x, W, b):
    """Return N, L, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", *(f"W[{l}]" for l in range(len(W))), *(f"b[{l}]" for l in range(len(b))))
    shapes = (x.shape, *[_.shape for _ in W], *[_.shape for _ in b])
    _check_ranks(names, shapes, (2, *(2 for l in range(len(W))), *(1 for l in range(len(b)))))
    N = x.shape[0]
    L = len(W)
    _check_lengths(("W", "b"), (W, b), (L, L))
    D = (W[0].shape[0], *(_.shape[1] for _ in W))
    expected = ((N, D[0]), *((D[l], D[l + 1]) for l in range(len(W))), *((D[l + 1],) for l in range(len(b))))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, L from W"))
    return N, L, D


def _sizes(x, y, W, b):
    """Return N, L, D; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", *(f"W[{l}]" for l in range(len(W))), *(f"b[{l}]" for l in range(len(b))))
    shapes = (x.shape, y.shape, *[_.shape for _ in W], *[_.shape for _ in b])
    _check_ranks(names, shapes, (2, 2, *(2 for l in range(len(W))), *(1 for l in range(len(b)))))
    N = x.shape[0]
    L = len(W)
    _check_lengths(("W", "b"), (W, b), (L, L))
    D = (W[0].shape[0], *(_.shape[1] for _ in W))
    expected = (
        (N, D[0]), (N, D[L]), *((D[l], D[l + 1]) for l in range(len(W))), *((D[l + 1],) for l in range(len(b)))
    )
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, L from W"))
    return N, L, D


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


def _scratch(work, dtype, N, L, D):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("mlp", dtype, N, L, D):
        work["arrays"] = (
            [_aligned((N, D[l + 1]), dtype) for l in range(L)],  # a
            _aligned((N, D[L]), dtype),  # loss_shifted
            [_aligned((N, D[l + 1]), dtype) for l in range(L)],  # z_bar
        )
        work["for"] = ("mlp", dtype, N, L, D)
    return work["arrays"]
