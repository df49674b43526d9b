"""Loss and gradients of char_mlp.

Embedding, an affine layer, batch norm with the variance over N - 1, tanh, an affine layer, cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, T, V, D, H.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("E", "W1", "gamma", "beta", "W2", "b2")
SHAPES = {
    "x": ("N", "T"),
    "y": ("N",),
    "E": ("V", "D"),
    "W1": ("T", "D", "H"),
    "gamma": ("H",),
    "beta": ("H",),
    "W2": ("H", "V"),
    "b2": ("V",),
}
LABELS = {
    "x": 'V',
    "y": 'V',
}
FUNCTIONS = ()
FACTS = ()


def forward(x, *, E, W1, gamma, beta, W2, b2):
    """Return the named tensors that need no target, by name."""
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    N, T, V, D, H = _forward_sizes(x, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    z = e.reshape(N, D * T) @ W1.reshape(D * T, H)  # (N, H)
    # [3] mu = (Z^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = ones @ z  # (H,)
    mu *= 1 / N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = z - mu  # (N, H)
    v_square = np.square(v_shifted)  # (N, H)
    v = ones @ v_square  # (H,)
    v *= 1 / (N - 1)  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = v + 1e-05  # (H,)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = gamma * xhat  # (N, H)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    logits = a @ W2  # (N, V)
    logits += b2  # (N, V)
    # [9] P = softmax(Logits)
    p_max = logits.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = logits - p_max  # (N, V)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, V)
    return {"e": e, "z": z, "mu": mu, "v": v, "r": r, "xhat": xhat, "a": a, "logits": logits, "p": p}


def loss(x, y, *, E, W1, gamma, beta, W2, b2):
    """Return L."""
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    y = _labels("y", y)
    N, T, V, D, H = _sizes(x, y, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)
    _check_labels("y", y, V)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    z = e.reshape(N, D * T) @ W1.reshape(D * T, H)  # (N, H)
    # [3] mu = (Z^T 1)/N
    ones = np.ones((N,), dtype)  # (N,)
    mu = ones @ z  # (H,)
    mu *= 1 / N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = np.subtract(z, mu, out=z)
    v_square = np.square(v_shifted)  # (N, H)
    v = ones @ v_square  # (H,)
    v *= 1 / (N - 1)  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = np.multiply(gamma, xhat, out=xhat)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    logits = a @ W2  # (N, V)
    logits += b2  # (N, V)
    # [10]
    p_max = logits.max(axis=1)  # (N,)
    p_exp = logits - p_max[:, None]  # (N, V)
    np.exp(p_exp, out=p_exp)
    L_log = p_exp.sum(axis=1)  # (N,)
    L_range = np.arange(N)  # (N,)
    L_shifted = logits[L_range, y]  # (N,)
    L_shifted -= p_max
    np.log(L_log, out=L_log)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    return float(L)


def loss_and_gradients(x, y, *, E, W1, gamma, beta, W2, b2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (E, W1, gamma, beta, W2, b2) = _parameters(E, W1, gamma, beta, W2, b2)
    x = _labels("x", x)
    y = _labels("y", y)
    N, T, V, D, H = _sizes(x, y, E, W1, gamma, beta, W2, b2)
    _check_labels("x", x, V)
    _check_labels("y", y, V)
    out = _outputs(out, dtype, ((V, D), (T, D, H), (H,), (H,), (H, V), (V,)), (x, y, E, W1, gamma, beta, W2, b2))
    (
        z, ones, mu, v_square, logits, p_max, p_exp, ones1, p_sum, a_bar, gamma_bar_scaled, z_bar_scaled, W1_bar,
        E_bar_part,
    ) = _scratch(work, dtype, N, T, V, D, H)

    # [1] e[n] = embedding(x[n], E)
    e = E[x]  # (N, T, D)
    # [2] z[n] = sum_t W1[t]^T e[n, t]
    np.matmul(e.reshape(N, D * T), W1.reshape(D * T, H), out=z)  # (N, H)
    # [3] mu = (Z^T 1)/N
    np.matmul(ones, z, out=mu)  # (H,)
    mu *= 1 / N  # (H,)
    # [4] v = (((Z - (1 mu^T))^2)^T 1)/(N - 1)
    v_shifted = np.subtract(z, mu, out=z)
    np.square(v_shifted, out=v_square)  # (N, H)
    v = np.matmul(ones, v_square, out=mu)  # (H,)
    v *= 1 / (N - 1)  # (H,)
    # [5] r = (v + 1e-05)^-1/2
    r = np.add(v, 1e-05, out=v)
    np.sqrt(r, out=r)
    np.divide(1, r, out=r)  # (H,)
    # [6] Xhat = (Z - (1 mu^T)) diag(r)
    xhat = np.multiply(r, v_shifted, out=v_shifted)  # (N, H)
    # [7] A = tanh(Xhat diag(gamma) + 1 beta^T)
    a = np.multiply(gamma, xhat, out=v_square)  # (N, H)
    a += beta
    np.tanh(a, out=a)  # (N, H)
    # [8] Logits = A W2 + 1 b2^T
    np.matmul(a, W2, out=logits)  # (N, V)
    logits += b2  # (N, V)
    # [9] P = softmax(Logits)
    logits.max(axis=1, out=p_max)  # (N,)
    np.subtract(logits, p_max[:, None], out=p_exp)  # (N, V)
    np.exp(p_exp, out=p_exp)
    np.matmul(p_exp, ones1, out=p_sum)  # (N,)
    p = np.divide(p_exp, p_sum[:, None], out=p_exp)  # (N, V)
    # [10]
    L_range = np.arange(N)  # (N,)
    L_shifted = logits[L_range, y]  # (N,)
    L_shifted -= p_max
    L_log = np.log(p_sum, out=p_sum)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    # [13] Logits_bar = (P - I[y])/N
    p[L_range, y] -= 1
    logits_bar = p
    logits_bar *= 1 / N  # (N, V)
    # [15] W2_bar = A^T Logits_bar
    np.matmul(a.T, logits_bar, out=out["W2"])  # (H, V)
    # [17] b2_bar = Logits_bar^T 1
    np.matmul(ones, logits_bar, out=out["b2"])  # (V,)
    # [19] A_bar = Logits_bar W2^T
    np.matmul(logits_bar, W2.T, out=a_bar)  # (N, H)
    # [21] gamma_bar = (A_bar * Xhat * (1 - A^2))^T 1
    gamma_bar_shifted = np.square(a, out=a)
    np.subtract(1, gamma_bar_shifted, out=gamma_bar_shifted)
    np.multiply(a_bar, xhat, out=gamma_bar_scaled)  # (N, H)
    gamma_bar_scaled *= gamma_bar_shifted
    gamma_bar = np.matmul(ones, gamma_bar_scaled, out=out["gamma"])  # (H,)
    # [23] beta_bar = (A_bar * (1 - A^2))^T 1
    beta_bar_scaled = np.multiply(a_bar, gamma_bar_shifted, out=gamma_bar_scaled)  # (N, H)
    beta_bar = np.matmul(ones, beta_bar_scaled, out=out["beta"])  # (H,)
    # [25] Xhat_bar = (A_bar * (1 - A^2)) diag(gamma)
    xhat_bar = np.multiply(gamma, a_bar, out=a_bar)
    xhat_bar *= gamma_bar_shifted  # (N, H)
    # [36] Z_bar = (Xhat_bar - colmean(Xhat_bar) - (Xhat * colsum(Xhat_bar * Xhat))/(N - 1)) diag(r), by way of [23, 21]
    np.multiply(gamma, 1 / N, out=z_bar_scaled)  # (H,)
    z_bar_scaled *= beta_bar
    z_bar = np.subtract(xhat_bar, z_bar_scaled, out=xhat_bar)
    z_bar_scaled1 = np.multiply(gamma, 1 / (N - 1), out=z_bar_scaled)  # (H,)
    z_bar_scaled1 *= gamma_bar
    z_bar_scaled2 = np.multiply(z_bar_scaled1, xhat, out=xhat)
    z_bar -= z_bar_scaled2
    z_bar *= r  # (N, H)
    # [38] W1_bar[t] = sum_n e[n, t] z_bar[n]^T
    np.matmul(e.reshape(N, D * T).T, z_bar, out=W1_bar.reshape(D * T, H))  # (D * T, H)
    out["W1"][...] = W1_bar  # (T, D, H)
    # [40] e_bar[n, t] = W1[t] z_bar[n]
    np.matmul(z_bar, W1.reshape(D * T, H).T, out=E_bar_part.reshape(N, D * T))  # (N, D * T)
    # [42] E_bar = sum_n I[x[n]]^T e_bar[n]
    _add_rows(out["E"], x.reshape(N * T), E_bar_part)  # (V, D)
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


def _add_rows(out, labels, rows):
    """Fill `out`: each row of it is the sum of the rows that bear its number as their label."""
    out[...] = 0
    if len(labels):
        order = np.argsort(labels, kind="stable")
        labels = labels[order]
        starts = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
        out[labels[starts]] = np.add.reduceat(rows[order], starts, axis=0)


def _forward_sizes(x, E, W1, gamma, beta, W2, b2):
    """Return N, T, V, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "E", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, E.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 2, 3, 1, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    V = E.shape[0]
    D = E.shape[1]
    H = W1.shape[2]
    _check_extents(("v", "", "N - 1", N - 1))
    expected = ((N, T), (V, D), (T, D, H), (H,), (H,), (H, V), (V,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, V from E, D from E, H from W1"))
    return N, T, V, D, H


def _sizes(x, y, E, W1, gamma, beta, W2, b2):
    """Return N, T, V, D, H; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "E", "W1", "gamma", "beta", "W2", "b2")
    shapes = (x.shape, y.shape, E.shape, W1.shape, gamma.shape, beta.shape, W2.shape, b2.shape)
    _check_ranks(names, shapes, (2, 1, 2, 3, 1, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    V = E.shape[0]
    D = E.shape[1]
    H = W1.shape[2]
    _check_extents(("v", "", "N - 1", N - 1))
    expected = ((N, T), (N,), (V, D), (T, D, H), (H,), (H,), (H, V), (V,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, V from E, D from E, H from W1"))
    return N, T, V, D, H


def _check_extents(*extents):
    """ValueError where the sizes leave an array without entries."""
    for name, index, formula, extent in extents:
        if index and extent < 1:
            raise ValueError(f"the sizes are too small: {name} would have {formula} = {extent} entries along {index}")
        if not index and extent == 0:
            raise ValueError(f"the sizes are too small: {name} divides by {formula} = 0")


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


def _scratch(work, dtype, N, T, V, D, H):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("char_mlp", dtype, N, T, V, D, H):
        work["arrays"] = (
            _aligned((N, H), dtype),  # z
            np.ones((N,), dtype),  # ones
            _aligned((H,), dtype),  # mu
            _aligned((N, H), dtype),  # v_square
            _aligned((N, V), dtype),  # logits
            _aligned((N,), dtype),  # p_max
            _aligned((N, V), dtype),  # p_exp
            np.ones((V,), dtype),  # ones1
            _aligned((N,), dtype),  # p_sum
            _aligned((N, H), dtype),  # a_bar
            _aligned((N, H), dtype),  # gamma_bar_scaled
            _aligned((H,), dtype),  # z_bar_scaled
            _aligned((T, D, H), dtype),  # W1_bar
            _aligned((N * T, D), dtype),  # E_bar_part
        )
        work["for"] = ("char_mlp", dtype, N, T, V, D, H)
    return work["arrays"]
