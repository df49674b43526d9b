"""The closed forms of layers that people know: normalisations, recurrences, convolutions, losses.

Each row is a network in which a library function (or what a user would write) stands, the key of a chain, and what its
last line must be, in the network's own letters: compared up to order and the names of bound indices.
"""

import pytest

from symbp.calculus.derive import derive
from symbp.calculus.steps import Derivation
from symbp.core.canonical import same
from symbp.core.expr import Expr
from symbp.notation.write import write_network
from tests.calculus.forms import chain, check_steps, expression, network_of, unbroken
from tests.shared import derivation_of

NORM = "x: Param[N, D], s: Param[D], b: Param[D], c: Data[N, D]"
OF_NORM = "y_r: Data[{n}], y_xhat: Data[N, D], y_xhat_bar: Data[N, D]"
OVER_BATCH = "y_r[d] * (y_xhat_bar[n, d] - sum(y_xhat_bar[m, d] for m in N) / N - y_xhat[n, d] * {mean})"
SUM_OVER_BATCH = "sum(y_xhat_bar[m, d] * y_xhat[m, d] for m in N)"
GROUPS = "x: Param[N, 2 * D, H, K], s: Param[2 * D], b: Param[2 * D], c: Data[N, 2 * D, H, K]"
SEQUENCE = "x: Data[T, N, D], h0: Data[N, H], Wx: Param[D, H], Wh: Param[H, H]"
OF_SEQUENCE = "h: Data[T, N, H], h_bar: Data[T, N, H], Wh: Data[H, H], y: Data[N, H], z_bar: Data[T, N, H]"
LOOP = ("h[-1] = h0", "for t in T:")
LINEAR = "x: Data[N, D], w: Param[D], y: Data[N]"
LOGITS = "x: Data[N, D], w: Param[D, K], y: Data[N, K]"
OF_LOGITS = "z: Data[N, K], l: Data[N, K], y: Data[N, K]"
IMAGE = "x: Param[N, D, T], w: Param[H, D, K]"
OF_IMAGE = "y_bar: Data[N, H, T - K + 1], w: Data[H, D, K], x: Data[N, D, T], y: Data[N, H, T - K + 1]"

# (arguments, statements, key of a chain, arguments of the expected form, the expected form)
FORMS = [
    # three terms each: what comes back, less its mean, less the mean of it times xhat
    (
        NORM,
        ("y = batch_norm(x, s, b)", "return sum(c * y)"),
        "x_bar",
        OF_NORM.format(n="D"),
        f"r[n, d] = {OVER_BATCH.format(mean=SUM_OVER_BATCH + ' / N')}",
    ),
    (
        NORM,
        ("y = batch_norm(x, s, b, unbiased=True)", "return sum(c * y)"),
        "x_bar",
        OF_NORM.format(n="D"),
        f"r[n, d] = {OVER_BATCH.format(mean=SUM_OVER_BATCH + ' / (N - 1)')}",
    ),
    (
        NORM,
        ("y = layer_norm(x, s, b)", "return sum(c * y)"),
        "x_bar",
        OF_NORM.format(n="N"),
        "r[n, d] = y_r[n] * (y_xhat_bar[n, d] - sum(y_xhat_bar[n, i] for i in D) / D"
        " - y_xhat[n, d] * sum(y_xhat_bar[n, i] * y_xhat[n, i] for i in D) / D)",
    ),
    (
        "x: Param[N, D], s: Param[D], c: Data[N, D]",
        ("y = rms_norm(x, s)", "return sum(c * y)"),
        "x_bar",
        OF_NORM.format(n="N"),
        "r[n, d] = y_r[n] * (y_xhat_bar[n, d] - y_xhat[n, d] * sum(y_xhat_bar[n, i] * y_xhat[n, i] for i in D) / D)",
    ),
    (
        GROUPS,
        ("y = group_norm(x, 2, s, b)", "return sum(c * y)"),
        "y_z_bar",
        "y_r: Data[N, 2], y_xhat: Data[N, 2, D, H, K], y_xhat_bar: Data[N, 2, D, H, K]",
        "r[n, m, d, i, j] = y_r[n, m] * (y_xhat_bar[n, m, d, i, j]"
        " - sum(y_xhat_bar[n, m, a, h, k] for a in D for h in H for k in K) / D / H / K - y_xhat[n, m, d, i, j]"
        " * sum(y_xhat_bar[n, m, a, h, k] * y_xhat[n, m, a, h, k] for a in D for h in H for k in K) / D / H / K)",
    ),
    (
        "x: Param[N, D], c: Data[N, D]",
        ("m[n] = sqrt(sum(x[n, d] ** 2 for d in D))", "y[n, d] = x[n, d] / m[n]", "return sum(c * y)"),
        "x_bar",
        "c: Data[N, D], y: Data[N, D], m: Data[N]",
        "r[n, d] = (c[n, d] - y[n, d] * sum(c[n, i] * y[n, i] for i in D)) / m[n]",
    ),
    (
        "s: Param[N, D], c: Data[N, D]",
        ("b[n, d] = exp(s[n, d])", "a[n, d] = b[n, d] / sum(b[n, i] for i in D)", "return sum(c * a)"),
        "s_bar",
        "c: Data[N, D], a: Data[N, D]",
        "r[n, d] = a[n, d] * (c[n, d] - sum(c[n, i] * a[n, i] for i in D))",
    ),
    # recurrences: what the step after needs, or at the last step the loss
    (
        f"{SEQUENCE}, y: Data[N, H]",
        (*LOOP, "    z[t] = x[t] @ Wx + h[t - 1] @ Wh", "    h[t] = tanh(z[t])", "return sum((h[T - 1] - y) ** 2) / 2"),
        "z_bar",
        OF_SEQUENCE,
        "r[t, n, i] = (1 - h[t, n, i] ** 2)"
        " * (sum(z_bar[t + 1, n, j] * Wh[i, j] for j in H) if t + 1 < T else h[T - 1, n, i] - y[n, i])",
    ),
    (
        f"{SEQUENCE}, y: Data[N, H]",
        (*LOOP, "    h[t] = tanh(x[t] @ Wx + h[t - 1] @ Wh)", "return sum((h[T - 1] - y) ** 2) / 2"),
        "h_bar",
        OF_SEQUENCE,
        "r[t: T, n, i] = sum(h_bar[t + 1, n, j] * Wh[i, j] * (1 - h[t + 1, n, j] ** 2) for j in H)"
        " if t + 1 < T else h[T - 1, n, i] - y[n, i]",
    ),
    (
        f"{SEQUENCE}, y: Data[T, N, H]",
        (
            "h[T] = h0",
            "for t in T:",
            "    h[t] = tanh(x[t] @ Wx + h[t + 1] @ Wh)",
            "return sum((h - y) ** 2) / 2",
        ),
        "h_bar",
        "h: Data[T, N, H], h_bar: Data[T, N, H], Wh: Data[H, H], y: Data[T, N, H]",
        "r[t, n, i] = (sum(h_bar[t - 1, n, j] * Wh[i, j] * (1 - h[t - 1, n, j] ** 2) for j in H) if 1 <= t else 0)"
        " + h[t, n, i] - y[t, n, i]",
    ),
    (
        "x: Data[T, N, D], h0: Data[N, H], Wx: Param[D, 3 * H], Wh: Param[H, 3 * H], bx: Data[3 * H], bh: Data[3 * H]",
        (*LOOP, "    h[t] = gru_cell(x[t], h[t - 1], Wx, Wh, bx, bh)", "return sum(h ** 2) / 2"),
        "h_bar",
        "h: Data[T, N, H], h_bar: Data[T, N, H], h_z: Data[T, N, H], h_v_bar: Data[T, N, 3 * H], Wh: Data[H, 3 * H]",
        "r[t, n, i] = (sum(h_v_bar[t + 1, n, k] * Wh[i, k] for k in range(3 * H)) + h_bar[t + 1, n, i]"
        " * h_z[t + 1, n, i] if t + 1 < T else 0) + h[t, n, i]",
    ),
    # losses
    (
        LOGITS,
        ("z = x @ w", "l = log_softmax(z)", "return -sum(y * l)"),
        "z_bar",
        OF_LOGITS,
        "r[n, k] = exp(l[n, k]) * sum(y[n, i] for i in K) - y[n, k]",
    ),
    (
        LOGITS,
        ("z = x @ w", "l = logsumexp(z)", "return sum(l)"),
        "z_bar",
        "z: Data[N, K], l: Data[N]",
        "r[n, k] = exp(z[n, k] - l[n])",
    ),
    (
        LOGITS,
        ("assert sum(y[n, k] for k in K) == 1", "z = x @ w", "l = log_softmax(z)", "return kl_div(l, y)"),
        "z_bar",
        OF_LOGITS,
        "r[n, k] = (exp(l[n, k]) - y[n, k]) / N",
    ),
    (
        LINEAR,
        ("z = x @ w", "return binary_cross_entropy_with_logits(z, y)"),
        "z_bar",
        "z: Data[N], y: Data[N]",
        "r[n] = (1 / (1 + exp(-z[n])) - y[n]) / N",
    ),
    (
        LINEAR,
        ("z = x @ w", "return huber(z, y)"),
        "z_bar",
        "L_e: Data[N]",
        "r[n] = (L_e[n] if abs(L_e[n]) <= 1 else sign(L_e[n])) / N",
    ),
    (
        LINEAR,
        ("z = x @ w", "return hinge(z, y)"),
        "z_bar",
        "z: Data[N], y: Data[N]",
        "r[n] = (-y[n] if 1 - y[n] * z[n] > 0 else 0) / N",
    ),
    (
        "x: Data[N, D], w: Param[D, K], m: Data[N, K], c: Data[N, K]",
        ("z = x @ w", "y = dropout(z, m)", "return sum(c * y)"),
        "z_bar",
        "c: Data[N, K], m: Data[N, K]",
        "r[n, k] = 2 * c[n, k] * m[n, k]",
    ),
    (
        "t: Labels[N, T, K], w: Param[K, D], c: Data[N, T, D]",
        ("y = embedding(t, w)", "return sum(c * y)"),
        "w_bar",
        "t: Labels[N, T, K], c: Data[N, T, D]",
        "r[k: K, d] = sum(c[n, s, d] * (1 if t[n, s] == k else 0) for n in N for s in T)",
    ),
    # convolutions: the kernel's gradient is a correlation with the input
    (
        IMAGE,
        ("y = conv1d(x, w)", "return sum(y ** 2) / 2"),
        "w_bar",
        OF_IMAGE,
        "r[h, c, u] = sum(y[n, h, i] * x[n, c, i + u] for n in N for i in range(T - K + 1))",
    ),
    # the image's is a sum over offsets ...
    (
        IMAGE,
        ("y = conv1d(x, w)", "return sum(y ** 2) / 2"),
        "x_bar|solved1|0",
        OF_IMAGE,
        "r[n, d, s: T] = sum(y[n, h, s - u] * w[h, d, u] for h in H for u in K if u <= s and K + s < T + u + 1)",
    ),
    # ... which counted from the other end is the correlation with the flipped kernel
    (
        IMAGE,
        ("y = conv1d(x, w)", "return sum(y ** 2) / 2"),
        "x_bar|solved1|1",
        OF_IMAGE,
        "r[n, d, s: T] = sum(y[n, h, s + u - K + 1] * w[h, d, K - 1 - u]"
        " for h in H for u in K if K <= s + u + 1 and s + u < T)",
    ),
    (
        IMAGE,
        ("y = conv1d(x, w)", "return sum(y ** 2) / 2"),
        "x_bar|solved2|0",
        OF_IMAGE,
        "r[n, d, s: T] = sum(y[n, h, i] * w[h, d, s - i] for h in H for i in range(T - K + 1) if i <= s < i + K)",
    ),
    # under a stride the offsets are those for which the division comes out even
    (
        IMAGE,
        ("y = conv1d(x, w, stride=2)", "return sum(y ** 2) / 2"),
        "x_bar|solved1|0",
        "y: Data[N, H, (T - K) // 2 + 1], w: Data[H, D, K]",
        "r[n, d, s: T] = sum(y[n, h, (s - u) // 2] * w[h, d, u] for h in H for u in K"
        " if 2 * ((s - u) // 2) == s - u and u <= s < 2 * ((T - K) // 2) + 2 + u)",
    ),
    (
        IMAGE,
        ("y = conv1d(x, w, stride=2)", "return sum(y ** 2) / 2"),
        "x_bar|solved2|0",
        "y: Data[N, H, (T - K) // 2 + 1], w: Data[H, D, K]",
        "r[n, d, s: T] = sum(y[n, h, i] * w[h, d, s - 2 * i]"
        " for h in H for i in range((T - K) // 2 + 1) if 2 * i <= s < 2 * i + K)",
    ),
    (
        IMAGE,
        ("y = conv1d(x, w, dilation=2)", "return sum(y ** 2) / 2"),
        "x_bar|solved1|0",
        "y: Data[N, H, T - 2 * K + 2], w: Data[H, D, K]",
        "r[n, d, s: T] = sum(y[n, h, s - 2 * u] * w[h, d, u] for h in H for u in K"
        " if 2 * u <= s and 2 * K + s < T + 2 * u + 2)",
    ),
    # an overlapping pool shares out what comes back
    (
        "x: Param[N, D, T, K]",
        ("y = avg_pool2d(x, 3, stride=2)", "return sum(y ** 2) / 2"),
        "x_bar|solved2|0",
        "y: Data[N, D, (T + 1) // 2 - 1, (K + 1) // 2 - 1]",
        "r[n, d, s: T, m: K] = sum(y[n, d, i, j] for i in range((T + 1) // 2 - 1) for j in range((K + 1) // 2 - 1)"
        " if 2 * i <= s < 2 * i + 3 and 2 * j <= m < 2 * j + 3) / 9",
    ),
]


@pytest.mark.parametrize(("arguments", "lines", "key", "declared", "form"), FORMS)
def test_layer_reaches_its_closed_form(
    arguments: str, lines: tuple[str, ...], key: str, declared: str, form: str
) -> None:
    derivation = derive(network_of(arguments, *lines))
    found = _line(derivation, *key.split("|", 2))
    assert same(found, expression(declared, form)), found
    assert check_steps(derivation).passed


def _line(derivation: Derivation, quantity: str, way: str = "", step: str = "-1") -> Expr:
    """The last line of a chain, or that line of another way of writing it."""
    return chain(derivation, f"{quantity}|{way}" if way else quantity).steps[int(step)].value


# Lines of backward.py, as it is written.
LINES = [
    (
        "mlp",
        "a[l, n, d] * (1 - a[l, n, d]) * (sum(z_bar[l + 1, n, h] * W[l + 1, d, h] for h in D[l + 2]) if l + 1 < L"
        " else 1 / N * (a[L - 1, n, d] - y[n, d]))",
    ),
    (
        "threshold_layers",
        "y[n, i] * (1 - y[n, i]) * (sum(w[n + 1, g, i] * z_bar[n + 1, g] for g in D[n + 2]) if n + 1 < L"
        " else y[L - 1, i] - t[i])",
    ),
    ("lstm", "h[t, n, j] + (sum(z_bar[t + 1, n, j1] * Wh[j, j1] for j1 in range(4 * H)) if t + 1 < T else 0)"),
    (
        "lstm",
        "h_bar[t, n, j] * o[t, n, j] * (1 - h_tanh[t, n, j] ** 2)"
        " + (c_bar[t + 1, n, j] * f[t + 1, n, j] if t + 1 < T else 0)",
    ),
    ("lstm", "sum(z_bar[t, n, j] * (h[t - 1, n, k] if 1 <= t else h0[n, k]) for t in T for n in N)"),
    ("lstm", "(f_bar[t, n, j - H] * f[t, n, j - H] * (1 - f[t, n, j - H]) if H <= j < 2 * H else 0)"),
    (
        "stacked_lstm",
        "(sum(h_z_bar[l + 1, t, n, d] * Wx[l + 1, g, d] for d in range(4 * H)) if l + 1 < L else h[L - 1, t, n, g])"
        " + (sum(h_z_bar[l, t + 1, n, d] * Wh[l, g, d] for d in range(4 * H)) if t + 1 < T else 0)",
    ),
    ("attention_head", "A[b, t, s] * (A_bar[b, t, s] - sum(A_bar[b, t, r] * A[b, t, r] for r in T))"),
    (
        "transformer_block",
        "o_a[n, h, t, s] * (o_a_bar[n, h, t, s] - sum(o_a_bar[n, h, t, s1] * o_a[n, h, t, s1] for s1 in T))",
    ),
    ("conv_layer", "sum(cotangent[n, f, i, j] * p[n, c, 2 * i + u, 2 * j + v] for n in N"),
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_built_in_network_reaches_its_closed_form(name: str, line: str) -> None:
    assert line in unbroken(write_network(derivation_of(name).backward))
