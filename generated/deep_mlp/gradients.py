"""Loss and gradients of deep_mlp.

Eight sigmoid layers without biases, then an affine layer under softmax and cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, D, H, K.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "b9")
SHAPES = {
    "x": ("N", "D"),
    "y": ("N", "K"),
    "W1": ("D", "H"),
    "W2": ("H", "H"),
    "W3": ("H", "H"),
    "W4": ("H", "H"),
    "W5": ("H", "H"),
    "W6": ("H", "H"),
    "W7": ("H", "H"),
    "W8": ("H", "H"),
    "W9": ("H", "K"),
    "b9": ("K",),
}
LABELS = {}
SIZES = ()
FUNCTIONS = ()
FACTS = ("sum(y[n, k] for k in K) == 1",)


def forward(x, *, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9):
    """Return the named tensors that need no target, by name."""
    dtype, (W1, W2, W3, W4, W5, W6, W7, W8, W9, b9) = _parameters(W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)
    x = _data("x", x, dtype)
    N, D, H, K = _forward_sizes(x, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)

    # [1] Z1 = X W1
    z1 = x @ W1  # (N, H)
    # [2] A1 = sigmoid(Z1)
    a1 = _logistic(z1)  # (N, H)
    # [3] Z2 = A1 W2
    z2 = a1 @ W2  # (N, H)
    # [4] A2 = sigmoid(Z2)
    a2 = _logistic(z2)  # (N, H)
    # [5] Z3 = A2 W3
    z3 = a2 @ W3  # (N, H)
    # [6] A3 = sigmoid(Z3)
    a3 = _logistic(z3)  # (N, H)
    # [7] Z4 = A3 W4
    z4 = a3 @ W4  # (N, H)
    # [8] A4 = sigmoid(Z4)
    a4 = _logistic(z4)  # (N, H)
    # [9] Z5 = A4 W5
    z5 = a4 @ W5  # (N, H)
    # [10] A5 = sigmoid(Z5)
    a5 = _logistic(z5)  # (N, H)
    # [11] Z6 = A5 W6
    z6 = a5 @ W6  # (N, H)
    # [12] A6 = sigmoid(Z6)
    a6 = _logistic(z6)  # (N, H)
    # [13] Z7 = A6 W7
    z7 = a6 @ W7  # (N, H)
    # [14] A7 = sigmoid(Z7)
    a7 = _logistic(z7)  # (N, H)
    # [15] Z8 = A7 W8
    z8 = a7 @ W8  # (N, H)
    # [16] A8 = sigmoid(Z8)
    a8 = _logistic(z8)  # (N, H)
    # [17] Z9 = A8 W9 + 1 b9^T
    z9 = a8 @ W9  # (N, K)
    z9 += b9  # (N, K)
    # [18] P = softmax(Z9)
    p_max = z9.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = z9 - p_max  # (N, K)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    return {
        "z1": z1,
        "a1": a1,
        "z2": z2,
        "a2": a2,
        "z3": z3,
        "a3": a3,
        "z4": z4,
        "a4": a4,
        "z5": z5,
        "a5": a5,
        "z6": z6,
        "a6": a6,
        "z7": z7,
        "a7": a7,
        "z8": z8,
        "a8": a8,
        "z9": z9,
        "p": p,
    }


def loss(x, y, *, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9):
    """Return L."""
    dtype, (W1, W2, W3, W4, W5, W6, W7, W8, W9, b9) = _parameters(W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)
    x = _data("x", x, dtype)
    y = _data("y", y, dtype)
    N, D, H, K = _sizes(x, y, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)

    # [1] Z1 = X W1
    z1 = x @ W1  # (N, H)
    # [2] A1 = sigmoid(Z1)
    a1 = _logistic(z1, out=z1)  # (N, H)
    # [3] Z2 = A1 W2
    z2 = a1 @ W2  # (N, H)
    # [4] A2 = sigmoid(Z2)
    a2 = _logistic(z2, out=z2)  # (N, H)
    # [5] Z3 = A2 W3
    z3 = a2 @ W3  # (N, H)
    # [6] A3 = sigmoid(Z3)
    a3 = _logistic(z3, out=z3)  # (N, H)
    # [7] Z4 = A3 W4
    z4 = a3 @ W4  # (N, H)
    # [8] A4 = sigmoid(Z4)
    a4 = _logistic(z4, out=z4)  # (N, H)
    # [9] Z5 = A4 W5
    z5 = a4 @ W5  # (N, H)
    # [10] A5 = sigmoid(Z5)
    a5 = _logistic(z5, out=z5)  # (N, H)
    # [11] Z6 = A5 W6
    z6 = a5 @ W6  # (N, H)
    # [12] A6 = sigmoid(Z6)
    a6 = _logistic(z6, out=z6)  # (N, H)
    # [13] Z7 = A6 W7
    z7 = a6 @ W7  # (N, H)
    # [14] A7 = sigmoid(Z7)
    a7 = _logistic(z7, out=z7)  # (N, H)
    # [15] Z8 = A7 W8
    z8 = a7 @ W8  # (N, H)
    # [16] A8 = sigmoid(Z8)
    a8 = _logistic(z8, out=z8)  # (N, H)
    # [17] Z9 = A8 W9 + 1 b9^T
    z9 = a8 @ W9  # (N, K)
    z9 += b9  # (N, K)
    # [19] L = -(1^T (Y * log(P)) 1)/N
    p_max = z9.max(axis=1, keepdims=True)  # (N, 1)
    p_shifted = np.subtract(z9, p_max, out=z9)
    p_exp = np.exp(p_shifted)  # (N, K)
    L_log = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    np.log(L_log, out=L_log)
    L_shifted = np.subtract(p_shifted, L_log, out=p_shifted)
    L = -_dot(y, L_shifted) / N
    return float(L)


def loss_and_gradients(x, y, *, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (W1, W2, W3, W4, W5, W6, W7, W8, W9, b9) = _parameters(W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)
    x = _data("x", x, dtype)
    y = _data("y", y, dtype)
    N, D, H, K = _sizes(x, y, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9)
    _check_facts(y, K)
    out = _outputs(
        out,
        work,
        dtype,
        ((D, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, K), (K,)),
        (x, y, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9),
    )
    (
        z1, a1, a1_total, a2, a2_total, a3, a3_total, a4, a4_total, a5, a5_total, a6, a6_total, a7, a7_total, a8,
        a8_total, z9, p_max, p_exp, ones, ones1,
    ) = _scratch(work, dtype, N, D, H, K)

    # [1] Z1 = X W1
    np.matmul(x, W1, out=z1)  # (N, H)
    # [2] A1 = sigmoid(Z1)
    np.minimum(z1, 0, out=a1)  # (N, H)
    np.exp(a1, out=a1)
    a1_exp = np.abs(z1, out=z1)
    np.negative(a1_exp, out=a1_exp)
    np.exp(a1_exp, out=a1_exp)
    np.add(1, a1_exp, out=a1_total)  # (N, H)
    a1 /= a1_total  # (N, H)
    # [3] Z2 = A1 W2
    z2 = np.matmul(a1, W2, out=a1_total)  # (N, H)
    # [4] A2 = sigmoid(Z2)
    np.minimum(z2, 0, out=a2)  # (N, H)
    np.exp(a2, out=a2)
    a2_exp = np.abs(z2, out=z2)
    np.negative(a2_exp, out=a2_exp)
    np.exp(a2_exp, out=a2_exp)
    np.add(1, a2_exp, out=a2_total)  # (N, H)
    a2 /= a2_total  # (N, H)
    # [5] Z3 = A2 W3
    z3 = np.matmul(a2, W3, out=a2_total)  # (N, H)
    # [6] A3 = sigmoid(Z3)
    np.minimum(z3, 0, out=a3)  # (N, H)
    np.exp(a3, out=a3)
    a3_exp = np.abs(z3, out=z3)
    np.negative(a3_exp, out=a3_exp)
    np.exp(a3_exp, out=a3_exp)
    np.add(1, a3_exp, out=a3_total)  # (N, H)
    a3 /= a3_total  # (N, H)
    # [7] Z4 = A3 W4
    z4 = np.matmul(a3, W4, out=a3_total)  # (N, H)
    # [8] A4 = sigmoid(Z4)
    np.minimum(z4, 0, out=a4)  # (N, H)
    np.exp(a4, out=a4)
    a4_exp = np.abs(z4, out=z4)
    np.negative(a4_exp, out=a4_exp)
    np.exp(a4_exp, out=a4_exp)
    np.add(1, a4_exp, out=a4_total)  # (N, H)
    a4 /= a4_total  # (N, H)
    # [9] Z5 = A4 W5
    z5 = np.matmul(a4, W5, out=a4_total)  # (N, H)
    # [10] A5 = sigmoid(Z5)
    np.minimum(z5, 0, out=a5)  # (N, H)
    np.exp(a5, out=a5)
    a5_exp = np.abs(z5, out=z5)
    np.negative(a5_exp, out=a5_exp)
    np.exp(a5_exp, out=a5_exp)
    np.add(1, a5_exp, out=a5_total)  # (N, H)
    a5 /= a5_total  # (N, H)
    # [11] Z6 = A5 W6
    z6 = np.matmul(a5, W6, out=a5_total)  # (N, H)
    # [12] A6 = sigmoid(Z6)
    np.minimum(z6, 0, out=a6)  # (N, H)
    np.exp(a6, out=a6)
    a6_exp = np.abs(z6, out=z6)
    np.negative(a6_exp, out=a6_exp)
    np.exp(a6_exp, out=a6_exp)
    np.add(1, a6_exp, out=a6_total)  # (N, H)
    a6 /= a6_total  # (N, H)
    # [13] Z7 = A6 W7
    z7 = np.matmul(a6, W7, out=a6_total)  # (N, H)
    # [14] A7 = sigmoid(Z7)
    np.minimum(z7, 0, out=a7)  # (N, H)
    np.exp(a7, out=a7)
    a7_exp = np.abs(z7, out=z7)
    np.negative(a7_exp, out=a7_exp)
    np.exp(a7_exp, out=a7_exp)
    np.add(1, a7_exp, out=a7_total)  # (N, H)
    a7 /= a7_total  # (N, H)
    # [15] Z8 = A7 W8
    z8 = np.matmul(a7, W8, out=a7_total)  # (N, H)
    # [16] A8 = sigmoid(Z8)
    np.minimum(z8, 0, out=a8)  # (N, H)
    np.exp(a8, out=a8)
    a8_exp = np.abs(z8, out=z8)
    np.negative(a8_exp, out=a8_exp)
    np.exp(a8_exp, out=a8_exp)
    np.add(1, a8_exp, out=a8_total)  # (N, H)
    a8 /= a8_total  # (N, H)
    # [17] Z9 = A8 W9 + 1 b9^T
    np.matmul(a8, W9, out=z9)  # (N, K)
    z9 += b9  # (N, K)
    # [18] P = softmax(Z9)
    z9.max(axis=1, keepdims=True, out=p_max)  # (N, 1)
    p_shifted = np.subtract(z9, p_max, out=z9)
    np.exp(p_shifted, out=p_exp)  # (N, K)
    p_sum = np.matmul(p_exp, ones, out=p_max)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    # [19] L = -(1^T (Y * log(P)) 1)/N
    L_log = np.log(p_sum, out=p_sum)
    L_shifted = np.subtract(p_shifted, L_log, out=p_shifted)
    L = -_dot(y, L_shifted) / N
    # [22] Z9_bar = (P - Y)/N
    z9_bar = np.subtract(p, y, out=p)
    z9_bar *= 1 / N  # (N, K)
    # [23] W9_bar = A8^T Z9_bar
    np.matmul(a8.T, z9_bar, out=out["W9"])  # (H, K)
    # [24] b9_bar = Z9_bar^T 1
    _row_sum(ones1, z9_bar, out=out["b9"])  # (K,)
    # [27] Z8_bar = (Z9_bar W9^T) * A8 * (1 - A8)
    z8_bar = np.matmul(z9_bar, W9.T, out=a8)  # (N, H)
    z8_bar_square = np.add(1, a8_exp, out=a8_total)  # (N, H)
    np.square(z8_bar_square, out=z8_bar_square)
    z8_bar *= a8_exp
    z8_bar /= z8_bar_square  # (N, H)
    # [28] W8_bar = A7^T Z8_bar
    np.matmul(a7.T, z8_bar, out=out["W8"])  # (H, H)
    # [30] Z7_bar = (Z8_bar W8^T) * A7 * (1 - A7)
    z7_bar = np.matmul(z8_bar, W8.T, out=a7)  # (N, H)
    z7_bar_square = np.add(1, a7_exp, out=a8)  # (N, H)
    np.square(z7_bar_square, out=z7_bar_square)
    z7_bar *= a7_exp
    z7_bar /= z7_bar_square  # (N, H)
    # [31] W7_bar = A6^T Z7_bar
    np.matmul(a6.T, z7_bar, out=out["W7"])  # (H, H)
    # [33] Z6_bar = (Z7_bar W7^T) * A6 * (1 - A6)
    z6_bar = np.matmul(z7_bar, W7.T, out=a6)  # (N, H)
    z6_bar_square = np.add(1, a6_exp, out=a7)  # (N, H)
    np.square(z6_bar_square, out=z6_bar_square)
    z6_bar *= a6_exp
    z6_bar /= z6_bar_square  # (N, H)
    # [34] W6_bar = A5^T Z6_bar
    np.matmul(a5.T, z6_bar, out=out["W6"])  # (H, H)
    # [36] Z5_bar = (Z6_bar W6^T) * A5 * (1 - A5)
    z5_bar = np.matmul(z6_bar, W6.T, out=a5)  # (N, H)
    z5_bar_square = np.add(1, a5_exp, out=a6)  # (N, H)
    np.square(z5_bar_square, out=z5_bar_square)
    z5_bar *= a5_exp
    z5_bar /= z5_bar_square  # (N, H)
    # [37] W5_bar = A4^T Z5_bar
    np.matmul(a4.T, z5_bar, out=out["W5"])  # (H, H)
    # [39] Z4_bar = (Z5_bar W5^T) * A4 * (1 - A4)
    z4_bar = np.matmul(z5_bar, W5.T, out=a4)  # (N, H)
    z4_bar_square = np.add(1, a4_exp, out=a5)  # (N, H)
    np.square(z4_bar_square, out=z4_bar_square)
    z4_bar *= a4_exp
    z4_bar /= z4_bar_square  # (N, H)
    # [40] W4_bar = A3^T Z4_bar
    np.matmul(a3.T, z4_bar, out=out["W4"])  # (H, H)
    # [42] Z3_bar = (Z4_bar W4^T) * A3 * (1 - A3)
    z3_bar = np.matmul(z4_bar, W4.T, out=a3)  # (N, H)
    z3_bar_square = np.add(1, a3_exp, out=a4)  # (N, H)
    np.square(z3_bar_square, out=z3_bar_square)
    z3_bar *= a3_exp
    z3_bar /= z3_bar_square  # (N, H)
    # [43] W3_bar = A2^T Z3_bar
    np.matmul(a2.T, z3_bar, out=out["W3"])  # (H, H)
    # [45] Z2_bar = (Z3_bar W3^T) * A2 * (1 - A2)
    z2_bar = np.matmul(z3_bar, W3.T, out=a2)  # (N, H)
    z2_bar_square = np.add(1, a2_exp, out=a3)  # (N, H)
    np.square(z2_bar_square, out=z2_bar_square)
    z2_bar *= a2_exp
    z2_bar /= z2_bar_square  # (N, H)
    # [46] W2_bar = A1^T Z2_bar
    np.matmul(a1.T, z2_bar, out=out["W2"])  # (H, H)
    # [48] Z1_bar = (Z2_bar W2^T) * A1 * (1 - A1)
    z1_bar = np.matmul(z2_bar, W2.T, out=a1)  # (N, H)
    z1_bar_square = np.add(1, a1_exp, out=a2)  # (N, H)
    np.square(z1_bar_square, out=z1_bar_square)
    z1_bar *= a1_exp
    z1_bar /= z1_bar_square  # (N, H)
    # [49] W1_bar = X^T Z1_bar
    np.matmul(x.T, z1_bar, out=out["W1"])  # (D, H)
    return float(L), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place.

    Where something does not fit, ValueError says what, and no parameter has changed.
    """
    rate = _number("learning_rate", learning_rate)
    if not np.isfinite(rate):
        raise ValueError(f"learning_rate is {rate}, expected a finite number")
    for what, given in (("parameters", parameters), ("gradients", gradients)):
        if not hasattr(given, "keys"):
            raise ValueError(f"{what} is of type {type(given).__name__}, expected a dictionary")
    steps = []
    for name, gradient in gradients.items():
        if name not in parameters:
            raise ValueError(f"gradients has an entry {name!r}, and parameters has none")
        steps.append((parameters, name, _step(name, parameters, name, gradient, rate)))
    # All that may fail comes before the first step, and none of them may stop halfway.
    room = _room(steps)
    if room is None:
        steps = [(holder, key, step if type(step) is float else rate * step) for holder, key, step in steps]
    else:
        for step in [step for _, _, step in steps if type(step) is not float]:
            np.multiply(rate, step, out=room[: step.size].reshape(step.shape))  # where this fails, nothing has changed
    with np.errstate(all="ignore"):
        for holder, key, step in steps:
            if type(step) is float:
                holder[key] = holder[key] - step
            else:
                parameter = holder[key]
                parameter -= step if room is None else np.multiply(
                    rate, step, out=room[: step.size].reshape(step.shape)
                )


def _room(steps):
    """An array for one step after the other, or None where a gradient may lie in what changes before its turn."""
    arrays = [(holder[key], gradient) for holder, key, gradient in steps if type(gradient) is not float]
    owners = [[_ if _.base is None else _.base for _ in column] for column in zip(*arrays)]
    if not arrays or len({_.dtype for pair in arrays for _ in pair}) > 1:
        return None
    if any(type(_) is not np.ndarray for column in owners for _ in column):
        return None
    if not {*map(id, owners[0])}.isdisjoint(map(id, owners[1])):
        return None
    return np.empty(max(gradient.size for _, gradient in arrays), arrays[0][0].dtype)


def _step(name, holder, key, gradient, rate):
    """The gradient of a parameter that can take the step; for a float, the rate times it."""
    parameter, gradient = holder[key], _plain(f"the gradient of {name}", gradient)
    _demand_real(f"the gradient of {name}", gradient)
    single = isinstance(parameter, (float, np.floating)) and hasattr(holder, "__setitem__")
    if not single and (not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f"):
        found = getattr(parameter, "dtype", type(parameter).__name__)
        raise ValueError(f"{name} is of type {found}, expected an array of floats, to be changed in place")
    if np.shape(parameter) != gradient.shape:
        raise ValueError(f"the gradient of {name} has shape {gradient.shape}, and {name} {np.shape(parameter)}")
    if single:
        return float(rate * gradient)
    _demand_place(name, parameter)
    return gradient


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _parameters(*values):
    """The parameters' dtype and the parameters as arrays; a float goes with either dtype."""
    dtype, arrays = None, []
    for name, value in zip(PARAMETERS, values):
        if type(value) is not float:
            if type(value) is not np.ndarray:
                value = _plain(name, value)
            if value.dtype is not dtype:
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
    return _FLOATS[found == _FLOATS[1]]


def _data(name, value, dtype):
    """Data as an array of the parameters' dtype, converted from any real numbers that it can hold."""
    if type(value) is np.ndarray and value.dtype is dtype:
        return value
    value = _plain(name, value)
    _demand_real(name, value)
    try:
        with np.errstate(all="ignore", over="raise"):
            return value.astype(dtype, copy=False)
    except FloatingPointError:
        raise ValueError(f"{name} has dtype {value.dtype} and entries too large for {dtype}") from None


def _number(name, value):
    """A single number as a float."""
    if np.shape(value) != ():
        raise ValueError(f"{name} has shape {np.shape(value)}, expected a single number, shape ()")
    value = _plain(name, value)
    _demand_real(name, value)
    return float(value)


def _plain(name, value):
    """The value as an array of NumPy's own, without a mask: what is masked has no value."""
    if type(value) is np.ndarray:
        return value
    if _is_masked(value):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    try:
        return np.asarray(value)
    except Exception as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error


def _is_masked(value):
    """Does it have a mask, or does one of those that it lists?"""
    return isinstance(value, np.ma.MaskedArray) or isinstance(value, (list, tuple)) and any(map(_is_masked, value))


def _demand_real(name, array):
    """ValueError where an array does not hold truth values, integers or floats."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")


def _logistic(z, out=None):
    """1 / (1 + exp(-z)) of each entry; 0 where exp(-z) is beyond all numbers."""
    out = np.negative(z, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    return np.divide(1, out, out=out)


def _row_sum(ones, rows, out=None):
    """The sum of the rows, a product with ones; of very many by blocks, since a single product would lose digits."""
    count = len(rows) // 512
    if count < 2:
        return np.matmul(ones, rows, out=out)
    parts = np.matmul(ones[:512], rows[: 512 * count].reshape(count, 512, -1))
    total = parts.sum(axis=0, dtype=np.float64) + ones[512 * count :] @ rows[512 * count :]
    if out is None:
        return total.astype(rows.dtype)
    out[...] = total
    return out


def _dot(a, b):
    """The sum of the products of all entries; of very many by blocks, since a single product would lose digits."""
    if a.size <= 65536:
        return np.vdot(a, b)
    a, b = a.reshape(-1), b.reshape(-1)
    return a.dtype.type(sum(float(np.vdot(a[k : k + 65536], b[k : k + 65536])) for k in range(0, a.size, 65536)))


def _forward_sizes(x, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "b9")
    shapes = (
        x.shape, W1.shape, W2.shape, W3.shape, W4.shape, W5.shape, W6.shape, W7.shape, W8.shape, W9.shape, b9.shape
    )
    _check_ranks(names, shapes, (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    H = W1.shape[1]
    K = W9.shape[1]
    expected = ((N, D), (D, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from W9"))
    return N, D, H, K


def _sizes(x, y, W1, W2, W3, W4, W5, W6, W7, W8, W9, b9):
    """Return N, D, H, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "b9")
    shapes = (
        x.shape,
        y.shape,
        W1.shape,
        W2.shape,
        W3.shape,
        W4.shape,
        W5.shape,
        W6.shape,
        W7.shape,
        W8.shape,
        W9.shape,
        b9.shape,
    )
    _check_ranks(names, shapes, (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1))
    N = x.shape[0]
    D = x.shape[1]
    K = y.shape[1]
    H = W1.shape[1]
    expected = ((N, D), (N, K), (D, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, H), (H, K), (K,))
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, D from x, H from W1, K from y"))
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


def _check_facts(y, K):
    """Raise ValueError on data that break a fact that the gradients rely on."""
    dtype = y.dtype
    tolerance = 1e-4 if dtype == np.float32 else 1e-6
    ones = np.ones((K,), dtype)  # (K,)
    F1_gap = y @ ones  # (N,)
    F1_gap -= 1
    if not np.vdot(F1_gap, F1_gap) <= tolerance ** 2 and not np.abs(F1_gap).max().item() <= tolerance:
        raise ValueError(
            "y breaks a fact that the gradients rely on, sum(y[n, k] for k in K) == 1: "
            f"off by {np.abs(F1_gap).max().item():.3g}"
        )


def _outputs(out, work, dtype, shapes, inputs):
    """The arrays that take the gradients: those in `out`, which must fit and lie apart from all else, or new ones."""
    out = {} if out is None else out
    if not isinstance(out, dict):
        raise ValueError(f"out is of type {type(out).__name__}, expected a dictionary of gradients")
    kept = () if work is None else _check_work(work, out)
    held, new = {}, {}
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            new[name] = np.empty(shape, dtype)
            continue
        if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype or not array.flags.carray:
            _check_place(f"out[{name!r}]", array, shape, dtype)
        held[name] = array
    if len(out) > len(held) and not out.keys() <= set(PARAMETERS):
        raise ValueError(f"out has the entries {tuple(out)}, expected {PARAMETERS}")
    if held or kept:
        _check_apart(held, kept, inputs)
    out.update(new)
    return out


def _check_place(name, array, shape, dtype):
    """ValueError where an array cannot take a gradient."""
    if isinstance(array, (np.ndarray, np.generic)) and type(array) is not np.ndarray:
        raise ValueError(f"{name} is of type {type(array).__name__}, expected an array of NumPy's own")
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
        raise ValueError(f"{name} has {has}, expected shape {shape} and dtype {dtype}")
    _demand_place(name, array)


def _check_work(work, out):
    """What this module keeps in `work`; ValueError where it is no dictionary of its own, or holds anything else."""
    if not isinstance(work, dict) or work is out:
        found = "is out too" if work is out else f"is of type {type(work).__name__}"
        raise ValueError(f"work {found}, expected a dictionary of its own, empty at first")
    found, places = [], (("arrays", "for"),)
    for place, fit in places:
        kept = work.get(place)
        if type(kept) is _Scratch and kept.own == id(kept) and kept.fit is work.get(fit):
            found.append(kept)
    if 2 * len(found) != len(work):
        raise ValueError(f"work has entries that are not from this module, {tuple(work)}; expected none at first")
    return found


def _check_apart(out, kept, inputs):
    """ValueError where a gradient or a scratch array would be written over an input or over another of them."""
    places = out.values()
    arrays = [*places, *inputs]
    # Arrays that own their memory lie apart; what is in work is written by nobody else, and no array owns its memory.
    if len({*map(id, arrays)}) == len(arrays) and not [_ for _ in arrays if _.base is not None]:
        return
    # So do views of different owners, unless these are no arrays, as a file or a buffer, and may lie on one another.
    owners = [_ if _.base is None else _.base for _ in arrays]
    ids = [*map(id, owners)]
    mine = {*ids[: len(places)]}.union(*[arrays.owners for arrays in kept])
    if (
        len(mine) < len(places) + sum(len(arrays.owners) for arrays in kept)
        or not mine.isdisjoint(ids[len(places) :])
        or any(_owner(_) is None for _ in arrays)
    ):
        _compare_all(out, kept, inputs)


def _compare_all(out, kept, inputs):
    """ValueError where two arrays share memory and one of them is written, naming it."""
    places = [(f"out[{name!r}]", array, _owner(array)) for name, value in out.items() for array in _flat([value])]
    scratch = [("an array that work keeps", array, _owner(array)) for array in _flat(kept)]
    names = (*DATA, *PARAMETERS)
    others = [(name, array, _owner(array)) for name, value in zip(names, inputs) for array in _flat([value])]
    for k, (name, array, owner) in enumerate(places):
        for other, b, its in (*places[:k], *scratch, *others):
            if (owner is its or owner is None or its is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with {other}, so a gradient cannot be written there")
    for name, array, owner in others:
        for _, b, its in scratch:
            if (owner is its or owner is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with an array that work keeps and that is written over")


def _owner(array):
    """The array that owns the memory; none where it is a file's or a buffer's, which may be anybody's."""
    base = array if array.base is None else array.base
    return base if type(base) is np.ndarray and base.base is None else None


def _flat(values):
    """The arrays among these values and in their lists."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)


def _demand_place(name, array):
    """ValueError where an array cannot be written, or two of its entries are one."""
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only")
    reach = array.itemsize
    for stride, extent in sorted((abs(s), n) for s, n in zip(array.strides, array.shape) if n > 1):
        if stride < reach:
            raise ValueError(f"{name} has strides {array.strides}: several of its entries share memory")
        reach += stride * (extent - 1)


def _aligned(shape, dtype):
    """A new array that starts at a cache line, so that no vector of it lies across two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


class _Scratch(tuple):
    """Scratch arrays that `fit` a dtype and sizes, the `owners` of their memory, and `own`, which no copy keeps."""


def _keep(work, place, place_of_fit, fit, arrays):
    """The arrays as what `work` keeps at that place for a dtype and sizes."""
    kept = work[place] = _Scratch(arrays)
    kept.own, kept.fit = id(kept), fit
    work[place_of_fit] = fit
    kept.owners = {id(_ if _.base is None else _.base) for _ in kept}
    return kept


def _ones(shape, dtype):
    """Ones to sum by; they stay what they are."""
    array = np.ones(shape, dtype)
    array.flags.writeable = False
    return array


def _scratch(work, dtype, N, D, H, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, D, H, K):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, D, H, K), (
            _aligned((N, H), dtype),  # z1
            _aligned((N, H), dtype),  # a1
            _aligned((N, H), dtype),  # a1_total
            _aligned((N, H), dtype),  # a2
            _aligned((N, H), dtype),  # a2_total
            _aligned((N, H), dtype),  # a3
            _aligned((N, H), dtype),  # a3_total
            _aligned((N, H), dtype),  # a4
            _aligned((N, H), dtype),  # a4_total
            _aligned((N, H), dtype),  # a5
            _aligned((N, H), dtype),  # a5_total
            _aligned((N, H), dtype),  # a6
            _aligned((N, H), dtype),  # a6_total
            _aligned((N, H), dtype),  # a7
            _aligned((N, H), dtype),  # a7_total
            _aligned((N, H), dtype),  # a8
            _aligned((N, H), dtype),  # a8_total
            _aligned((N, K), dtype),  # z9
            _aligned((N, 1), dtype),  # p_max
            _aligned((N, K), dtype),  # p_exp
            _ones((K, 1), dtype),  # ones
            _ones((N,), dtype),  # ones1
        ))
    return kept
