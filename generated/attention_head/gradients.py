"""Loss and gradients of attention_head.

Scaled dot-product attention on a batch of sequences, no mask, an output projection, half squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are B, T, D, E.
"""

import numpy as np

DATA = ("X", "Y")
PARAMETERS = ("Wq", "Wk", "Wv", "Wo")
SHAPES = {
    "X": ("B", "T", "D"),
    "Y": ("B", "T", "D"),
    "Wq": ("D", "E"),
    "Wk": ("D", "E"),
    "Wv": ("D", "E"),
    "Wo": ("E", "D"),
}
LABELS = {}
FUNCTIONS = ()
FACTS = ()


def forward(X, *, Wq, Wk, Wv, Wo):
    """Return the named tensors that need no target, by name."""
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = np.asarray(X, dtype)
    B, T, D, E = _forward_sizes(X, Wq, Wk, Wv, Wo)

    # [1] Q[b] = X[b] Wq
    Q_product = X.reshape(B * T, D) @ Wq  # (B * T, E)
    # [2] K[b] = X[b] Wk
    K_product = X.reshape(B * T, D) @ Wk  # (B * T, E)
    # [3] V[b] = X[b] Wv
    V_product = X.reshape(B * T, D) @ Wv  # (B * T, E)
    # [4] S[b] = (Q[b] K[b]^T)/sqrt(E)
    S = Q_product.reshape(B, T, E) @ K_product.reshape(B, T, E).transpose(0, 2, 1)  # (B, T, T)
    S *= 1 / E ** 0.5  # (B, T, T)
    # [5] A[b] = softmax(S[b])
    A_max = S.max(axis=2, keepdims=True)  # (B, T, 1)
    A_exp = S - A_max  # (B, T, T)
    np.exp(A_exp, out=A_exp)
    A_sum = A_exp.sum(axis=2, keepdims=True)  # (B, T, 1)
    A = np.divide(A_exp, A_sum, out=A_exp)  # (B, T, T)
    # [6] O[b] = A[b] V[b]
    O = A @ V_product.reshape(B, T, E)  # (B, T, E)
    # [7] R[b] = O[b] Wo
    R_product = O.reshape(B * T, E) @ Wo  # (B * T, D)
    return {
        "Q": Q_product.reshape(B, T, E),
        "K": K_product.reshape(B, T, E),
        "V": V_product.reshape(B, T, E),
        "S": S,
        "A": A,
        "O": O,
        "R": R_product.reshape(B, T, D),
    }


def loss(X, Y, *, Wq, Wk, Wv, Wo):
    """Return L."""
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = np.asarray(X, dtype)
    Y = np.asarray(Y, dtype)
    B, T, D, E = _sizes(X, Y, Wq, Wk, Wv, Wo)

    # [1] Q[b] = X[b] Wq
    Q_product = X.reshape(B * T, D) @ Wq  # (B * T, E)
    # [2] K[b] = X[b] Wk
    K_product = X.reshape(B * T, D) @ Wk  # (B * T, E)
    # [3] V[b] = X[b] Wv
    V_product = X.reshape(B * T, D) @ Wv  # (B * T, E)
    # [4] S[b] = (Q[b] K[b]^T)/sqrt(E)
    S = Q_product.reshape(B, T, E) @ K_product.reshape(B, T, E).transpose(0, 2, 1)  # (B, T, T)
    S *= 1 / E ** 0.5  # (B, T, T)
    # [5] A[b] = softmax(S[b])
    A_max = S.max(axis=2, keepdims=True)  # (B, T, 1)
    A_exp = np.subtract(S, A_max, out=S)
    np.exp(A_exp, out=A_exp)
    A_sum = A_exp.sum(axis=2, keepdims=True)  # (B, T, 1)
    A = np.divide(A_exp, A_sum, out=A_exp)  # (B, T, T)
    # [6] O[b] = A[b] V[b]
    O = A @ V_product.reshape(B, T, E)  # (B, T, E)
    # [7] R[b] = O[b] Wo
    R_product = O.reshape(B * T, E) @ Wo  # (B * T, D)
    # [8] L = (sum_b ||R[b] - Y[b]||^2)/2/B
    R = R_product.reshape(B, T, D)
    L_shifted = np.subtract(R, Y, out=R)
    L = np.vdot(L_shifted, L_shifted) / 2 / B
    return float(L)


def loss_and_gradients(X, Y, *, Wq, Wk, Wv, Wo, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (Wq, Wk, Wv, Wo) = _parameters(Wq, Wk, Wv, Wo)
    X = np.asarray(X, dtype)
    Y = np.asarray(Y, dtype)
    B, T, D, E = _sizes(X, Y, Wq, Wk, Wv, Wo)
    out = _outputs(out, dtype, ((D, E), (D, E), (D, E), (E, D)), (X, Y, Wq, Wk, Wv, Wo))
    Q, K, V, S, A_max, ones, O, R, O_bar, A_bar, ones1 = _scratch(work, dtype, B, T, D, E)

    # [1] Q[b] = X[b] Wq
    np.matmul(X.reshape(B * T, D), Wq, out=Q.reshape(B * T, E))  # (B * T, E)
    # [2] K[b] = X[b] Wk
    np.matmul(X.reshape(B * T, D), Wk, out=K.reshape(B * T, E))  # (B * T, E)
    # [3] V[b] = X[b] Wv
    np.matmul(X.reshape(B * T, D), Wv, out=V.reshape(B * T, E))  # (B * T, E)
    # [4] S[b] = (Q[b] K[b]^T)/sqrt(E)
    np.matmul(Q, K.transpose(0, 2, 1), out=S)  # (B, T, T)
    S *= 1 / E ** 0.5  # (B, T, T)
    # [5] A[b] = softmax(S[b])
    S.max(axis=2, keepdims=True, out=A_max)  # (B, T, 1)
    A_exp = np.subtract(S, A_max, out=S)
    np.exp(A_exp, out=A_exp)
    A_sum = np.matmul(A_exp, ones, out=A_max)  # (B, T, 1)
    A = np.divide(A_exp, A_sum, out=A_exp)  # (B, T, T)
    # [6] O[b] = A[b] V[b]
    np.matmul(A, V, out=O)  # (B, T, E)
    # [7] R[b] = O[b] Wo
    np.matmul(O.reshape(B * T, E), Wo, out=R.reshape(B * T, D))  # (B * T, D)
    # [8] L = (sum_b ||R[b] - Y[b]||^2)/2/B
    L_shifted = np.subtract(R, Y, out=R)
    L = np.vdot(L_shifted, L_shifted) / 2 / B
    # [9] R_bar[b] = (R[b] - Y[b])/B
    R_bar = np.multiply(L_shifted, 1 / B, out=L_shifted)  # (B, T, D)
    # [11] Wo_bar = sum_b O[b]^T R_bar[b]
    np.matmul(O.reshape(B * T, E).T, R_bar.reshape(B * T, D), out=out["Wo"])  # (E, D)
    # [13] O_bar[b] = R_bar[b] Wo^T
    np.matmul(R_bar.reshape(B * T, D), Wo.T, out=O_bar.reshape(B * T, E))  # (B * T, E)
    # [15] A_bar[b] = O_bar[b] V[b]^T
    np.matmul(O_bar, V.transpose(0, 2, 1), out=A_bar)  # (B, T, T)
    # [17] S_bar[b] = A[b] * (A_bar[b] - rowsum(A_bar[b] * A[b])), by way of [13, 6]
    S_bar_scaled = np.multiply(O_bar, O, out=O)
    S_bar_sum = np.matmul(S_bar_scaled, ones1, out=A_max)  # (B, T, 1)
    S_bar = np.subtract(A_bar, S_bar_sum, out=A_bar)
    S_bar *= A  # (B, T, T)
    # [19] V_bar[b] = A[b]^T O_bar[b]
    V_bar = np.matmul(A.transpose(0, 2, 1), O_bar, out=O)  # (B, T, E)
    # [21] Wv_bar = sum_b X[b]^T V_bar[b]
    np.matmul(X.reshape(B * T, D).T, V_bar.reshape(B * T, E), out=out["Wv"])  # (D, E)
    # [23] K_bar[b] = (S_bar[b]^T Q[b])/sqrt(E)
    K_bar = np.matmul(S_bar.transpose(0, 2, 1), Q, out=O)  # (B, T, E)
    K_bar *= 1 / E ** 0.5  # (B, T, E)
    # [25] Wk_bar = sum_b X[b]^T K_bar[b]
    np.matmul(X.reshape(B * T, D).T, K_bar.reshape(B * T, E), out=out["Wk"])  # (D, E)
    # [27] Q_bar[b] = (S_bar[b] K[b])/sqrt(E)
    Q_bar = np.matmul(S_bar, K, out=O)  # (B, T, E)
    Q_bar *= 1 / E ** 0.5  # (B, T, E)
    # [29] Wq_bar = sum_b X[b]^T Q_bar[b]
    np.matmul(X.reshape(B * T, D).T, Q_bar.reshape(B * T, E), out=out["Wq"])  # (D, E)
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


def _forward_sizes(X, Wq, Wk, Wv, Wo):
    """Return B, T, D, E; ValueError where a shape does not fit or an extent is 0."""
    names = ("X", "Wq", "Wk", "Wv", "Wo")
    shapes = (X.shape, Wq.shape, Wk.shape, Wv.shape, Wo.shape)
    _check_ranks(names, shapes, (3, 2, 2, 2, 2))
    B = X.shape[0]
    T = X.shape[1]
    D = X.shape[2]
    E = Wq.shape[1]
    expected = ((B, T, D), (D, E), (D, E), (D, E), (E, D))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "B from X, T from X, D from X, E from Wq"))
    return B, T, D, E


def _sizes(X, Y, Wq, Wk, Wv, Wo):
    """Return B, T, D, E; ValueError where a shape does not fit or an extent is 0."""
    names = ("X", "Y", "Wq", "Wk", "Wv", "Wo")
    shapes = (X.shape, Y.shape, Wq.shape, Wk.shape, Wv.shape, Wo.shape)
    _check_ranks(names, shapes, (3, 3, 2, 2, 2, 2))
    B = X.shape[0]
    T = X.shape[1]
    D = X.shape[2]
    E = Wq.shape[1]
    expected = ((B, T, D), (B, T, D), (D, E), (D, E), (D, E), (E, D))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "B from X, T from X, D from X, E from Wq"))
    return B, T, D, E


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


def _scratch(work, dtype, B, T, D, E):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("attention_head", dtype, B, T, D, E):
        work["arrays"] = (
            _aligned((B, T, E), dtype),  # Q
            _aligned((B, T, E), dtype),  # K
            _aligned((B, T, E), dtype),  # V
            _aligned((B, T, T), dtype),  # S
            _aligned((B, T, 1), dtype),  # A_max
            np.ones((T, 1), dtype),  # ones
            _aligned((B, T, E), dtype),  # O
            _aligned((B, T, D), dtype),  # R
            _aligned((B, T, E), dtype),  # O_bar
            _aligned((B, T, T), dtype),  # A_bar
            np.ones((E, 1), dtype),  # ones1
        )
        work["for"] = ("attention_head", dtype, B, T, D, E)
    return work["arrays"]
