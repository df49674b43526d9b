"""Loss and gradients of layer_norm_mlp.

An affine layer, layer norm and ReLU, then an affine layer under softmax and cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D, H, K.
"""

import numpy as np

DATA = ("x", "t")
PARAMETERS = ("W1", "b1", "gamma", "beta", "W2", "b2")
SHAPES = {
    "x": ("N", "D"),
    "t": ("N",),
    "W1": ("D", "H"),
    "b1": ("H",),
    "gamma": ("H",),
    "beta": ("H",),
    "W2": ("H", "K"),
    "b2": ("K",),
}
LABELS = {
    "t": 'K',
}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, W1, b1, gamma, beta, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, b1, gamma, beta, W2, b2) = _parameters(W1, b1, gamma, beta, W2, b2)
    x = np.asarray(x, dtype)
    N, D, H, K = _forward_sizes(x, W1, b1, gamma, beta, W2, b2)

    # [1] Z1 = X W1 + 1 b1^T
    z1 = x @ W1  # (N, H)
    z1 += b1  # (N, H)
    # [2] mu = (Z1 1)/H
    mu = z1.sum(axis=1)  # (N,)
    mu *= 1 / H  # (N,)
    # [3] v = ((Z1 - (mu 1^T))^2 1)/H
    v_shifted = z1 - mu[:, None]  # (N, H)
    v_square = np.square(v_shifted)  # (N, H)
    v = v_square.sum(axis=1)  # (N,)
    v *= 1 / H  # (N,)
    # [4] r = (v + 1e-05)^-1/2
    r = v + 1e-05  # (N,)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (N,)
    # [5] Xhat = diag(r) (Z1 - (mu 1^T))
    xhat = np.multiply(r[:, None], v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = gamma * xhat  # (N, H)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [9] P = softmax(Z2)
    p_max = z2.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = z2 - p_max  # (N, K)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    return {"z1": z1, "mu": mu, "v": v, "r": r, "xhat": xhat, "y1": y1, "a1": a1, "z2": z2, "p": p}


def loss(x, t, *, W1, b1, gamma, beta, W2, b2):
    """Return L."""
    dtype, (W1, b1, gamma, beta, W2, b2) = _parameters(W1, b1, gamma, beta, W2, b2)
    x = np.asarray(x, dtype)
    t = _labels("t", t)
    N, D, H, K = _sizes(x, t, W1, b1, gamma, beta, W2, b2)
    _check_labels("t", t, K)

    # [1] Z1 = X W1 + 1 b1^T
    z1 = x @ W1  # (N, H)
    z1 += b1  # (N, H)
    # [2] mu = (Z1 1)/H
    mu = z1.sum(axis=1)  # (N,)
    mu *= 1 / H  # (N,)
    # [3] v = ((Z1 - (mu 1^T))^2 1)/H
    v_shifted = np.subtract(z1, mu[:, None], out=z1)
    v_square = np.square(v_shifted)  # (N, H)
    v = v_square.sum(axis=1)  # (N,)
    v *= 1 / H  # (N,)
    # [4] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (N,)
    # [5] Xhat = diag(r) (Z1 - (mu 1^T))
    xhat = np.multiply(r[:, None], v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = np.multiply(gamma, xhat, out=xhat)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0, out=y1)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    z2 = a1 @ W2  # (N, K)
    z2 += b2  # (N, K)
    # [10]
    p_max = z2.max(axis=1)  # (N,)
    p_exp = z2 - p_max[:, None]  # (N, K)
    np.exp(p_exp, out=p_exp)
    L_log = p_exp.sum(axis=1)  # (N,)
    L_range = np.arange(N)  # (N,)
    L_shifted = z2[L_range, t]  # (N,)
    L_shifted -= p_max
    np.log(L_log, out=L_log)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    return float(L)


def loss_and_gradients(x, t, *, W1, b1, gamma, beta, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (W1, b1, gamma, beta, W2, b2) = _parameters(W1, b1, gamma, beta, W2, b2)
    x = np.asarray(x, dtype)
    t = _labels("t", t)
    N, D, H, K = _sizes(x, t, W1, b1, gamma, beta, W2, b2)
    _check_labels("t", t, K)
    out = _outputs(out, dtype, ((D, H), (H,), (H,), (H,), (H, K), (K,)), (x, t, W1, b1, gamma, beta, W2, b2))
    (
        z1, ones, mu, v_square, z2, p_max, p_exp, ones1, p_sum, ones2, y1_bar_mask, gamma_bar_scaled,
    ) = _scratch(work, dtype, N, D, H, K)

    # [1] Z1 = X W1 + 1 b1^T
    np.matmul(x, W1, out=z1)  # (N, H)
    z1 += b1  # (N, H)
    # [2] mu = (Z1 1)/H
    np.matmul(z1, ones, out=mu)  # (N,)
    mu *= 1 / H  # (N,)
    # [3] v = ((Z1 - (mu 1^T))^2 1)/H
    v_shifted = np.subtract(z1, mu[:, None], out=z1)
    np.square(v_shifted, out=v_square)  # (N, H)
    v = np.matmul(v_square, ones, out=mu)  # (N,)
    v *= 1 / H  # (N,)
    # [4] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (N,)
    # [5] Xhat = diag(r) (Z1 - (mu 1^T))
    xhat = np.multiply(r[:, None], v_shifted, out=v_shifted)  # (N, H)
    # [6] Y1 = Xhat diag(gamma) + 1 beta^T
    y1 = np.multiply(gamma, xhat, out=v_square)  # (N, H)
    y1 += beta  # (N, H)
    # [7] A1 = relu(Y1)
    a1 = np.maximum(y1, 0, out=y1)  # (N, H)
    # [8] Z2 = A1 W2 + 1 b2^T
    np.matmul(a1, W2, out=z2)  # (N, K)
    z2 += b2  # (N, K)
    # [9] P = softmax(Z2)
    z2.max(axis=1, out=p_max)  # (N,)
    np.subtract(z2, p_max[:, None], out=p_exp)  # (N, K)
    np.exp(p_exp, out=p_exp)
    np.matmul(p_exp, ones1, out=p_sum)  # (N,)
    p = np.divide(p_exp, p_sum[:, None], out=p_exp)  # (N, K)
    # [10]
    L_range = np.arange(N)  # (N,)
    L_shifted = z2[L_range, t]  # (N,)
    L_shifted -= p_max
    L_log = np.log(p_sum, out=p_sum)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    # [13] Z2_bar = (P - I[t])/N
    p[L_range, t] -= 1
    z2_bar = p
    z2_bar *= 1 / N  # (N, K)
    # [15] W2_bar = A1^T Z2_bar
    np.matmul(a1.T, z2_bar, out=out["W2"])  # (H, K)
    # [17] b2_bar = Z2_bar^T 1
    np.matmul(ones2, z2_bar, out=out["b2"])  # (K,)
    # [21] Y1_bar = (Z2_bar W2^T) * [Y1 > 0]
    np.greater(a1, 0, out=y1_bar_mask)  # (N, H)
    y1_bar = np.matmul(z2_bar, W2.T, out=v_square)  # (N, H)
    y1_bar *= y1_bar_mask  # (N, H)
    # [23] gamma_bar = (Y1_bar * Xhat)^T 1
    np.multiply(y1_bar, xhat, out=gamma_bar_scaled)  # (N, H)
    np.matmul(ones2, gamma_bar_scaled, out=out["gamma"])  # (H,)
    # [25] beta_bar = Y1_bar^T 1
    np.matmul(ones2, y1_bar, out=out["beta"])  # (H,)
    # [27] Xhat_bar = Y1_bar diag(gamma)
    xhat_bar = np.multiply(gamma, y1_bar, out=y1_bar)  # (N, H)
    # [38] Z1_bar = diag(r) (Xhat_bar - rowmean(Xhat_bar) - (Xhat * rowmean(Xhat_bar * Xhat)))
    z1_bar_scaled = np.matmul(xhat_bar, ones, out=p_sum)  # (N,)
    z1_bar_scaled *= 1 / H
    z1_bar = np.subtract(xhat_bar, z1_bar_scaled[:, None], out=gamma_bar_scaled)  # (N, H)
    z1_bar_scaled1 = np.multiply(xhat_bar, xhat, out=xhat_bar)
    z1_bar_scaled2 = np.matmul(z1_bar_scaled1, ones, out=p_sum)  # (N,)
    z1_bar_scaled2 *= 1 / H
    z1_bar_scaled3 = np.multiply(z1_bar_scaled2[:, None], xhat, out=xhat)
    z1_bar -= z1_bar_scaled3
    z1_bar *= r[:, None]  # (N, H)
    # [40] W1_bar = X^T Z1_bar
    np.matmul(x.T, z1_bar, out=out["W1"])  # (D, H)
    # [42] b1_bar = Z1_bar^T 1
    np.matmul(ones2, z1_bar, out=out["b1"])  # (H,)
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


def _labels(name, value):
    """Labels as integers."""
    value = np.asarray(value)
    if value.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {value.dtype}, expected integers")
    return value


def _check_labels(name, value, count):
    """ValueError where a label is outside its range, naming the first such entry."""
    if value.size and (value.min() < 0 or value.max() >= count):
        entry = tuple(map(int, np.argwhere((value < 0) | (value >= count))[0]))
        place = f"{name}[{', '.join(map(str, entry))}]" if entry else name
        raise ValueError(f"{place} is {value[entry]}, expected a label from 0 to {LABELS[name]} - 1 = {count - 1}")


def _forward_sizes(x, W1, b1, gamma, beta, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "b1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, W1.shape, b1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 1, 1, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W2.shape[1]
    expected = ((N, D), (D, H), (H,), (H,), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W2"))
    return N, D, H, K


def _sizes(x, t, W1, b1, gamma, beta, W2, b2):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "t", "W1", "b1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, t.shape, W1.shape, b1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 1, 2, 1, 1, 1, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W2.shape[1]
    expected = ((N, D), (N,), (D, H), (H,), (H,), (H,), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W2"))
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
    if work.get("for") != ("layer_norm_mlp", dtype, N, D, H, K):
        work["arrays"] = (
            _aligned((N, H), dtype),  # z1
            np.ones((H,), dtype),  # ones
            _aligned((N,), dtype),  # mu
            _aligned((N, H), dtype),  # v_square
            _aligned((N, K), dtype),  # z2
            _aligned((N,), dtype),  # p_max
            _aligned((N, K), dtype),  # p_exp
            np.ones((K,), dtype),  # ones1
            _aligned((N,), dtype),  # p_sum
            np.ones((N,), dtype),  # ones2
            _aligned((N, H), bool),  # y1_bar_mask
            _aligned((N, H), dtype),  # gamma_bar_scaled
        )
        work["for"] = ("layer_norm_mlp", dtype, N, D, H, K)
    return work["arrays"]
