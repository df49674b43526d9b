"""What recurrences come to: the gradient of a start is that of the step which reads it, and a norm within a loop has
the terms that it has outside of one.

Each row is a network, the key of a chain and what its last line must be, compared up to order and the names of bound
indices; no line may keep a sum over the steps that a condition leaves one term of.
"""

import pytest

from symbp.calculus.derive import derive
from symbp.calculus.single import single
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Compare, Int, Num
from symbp.core.integers import Dim, Index, Poly
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from tests.calculus.forms import chain, check_steps, expression, network_of, unbroken

STEPS = "x: Data[T, D], W: Param[D, D], V: Param[D, D]"
NORMED = "x: Param[N, D], s: Param[T, D], b: Param[T, D]"
LAST = "return sum(h[T - 1] ** 2) / 2"
THREE = (
    "z_r[{l}, n] * (z_xhat_bar[{l}, n, d] - sum(z_xhat_bar[{l}, n, i] for i in D) / D"
    " - z_xhat[{l}, n, d] * sum(z_xhat_bar[{l}, n, i] * z_xhat[{l}, n, i] for i in D) / D)"
)
OVER_BATCH = (
    "z_r[{l}, d] * (z_xhat_bar[{l}, n, d] - sum(z_xhat_bar[{l}, m, d] for m in N) / N"
    " - z_xhat[{l}, n, d] * sum(z_xhat_bar[{l}, m, d] * z_xhat[{l}, m, d] for m in N) / N)"
)
MEAN_SQUARE = (
    "z_r[{l}, n] * (z_xhat_bar[{l}, n, d]"
    " - z_xhat[{l}, n, d] * sum(z_xhat_bar[{l}, n, i] * z_xhat[{l}, n, i] for i in D) / D)"
)


def normed(function: str) -> tuple[str, ...]:
    """A residual network of T layers with a norm in each."""
    return ("h[-1] = x", "for t in T:", f"    z[t] = {function}", "    h[t] = h[t - 1] + z[t]", LAST)


def of_norm(r: str) -> str:
    return f"h: Data[T, N, D], h_bar: Data[T, N, D], z_r: Data[{r}], z_xhat: Data[T, N, D], z_xhat_bar: Data[T, N, D]"


# (arguments, statements, key of a chain, arguments of the expected form, the expected form)
FORMS = [
    (
        f"{STEPS}, s: Param[D]",
        ("h[-1] = s", "for t in T:", "    h[t] = tanh(x[t] + h[t - 1] @ W)", LAST),
        "s_bar",
        "W: Data[D, D], h: Data[T, D], h_bar: Data[T, D]",
        "r[c] = sum(W[c, d] * h_bar[0, d] * (1 - h[0, d] ** 2) for d in D)",
    ),
    (  # backward through time
        f"{STEPS}, s: Param[D]",
        ("h[T] = s", "for t in T:", "    h[t] = tanh(x[t] + h[t + 1] @ W)", "return sum(h[0] ** 2) / 2"),
        "s_bar",
        "W: Data[D, D], h: Data[T, D], h_bar: Data[T, D]",
        "r[c] = sum(W[c, d] * h_bar[T - 1, d] * (1 - h[T - 1, d] ** 2) for d in D)",
    ),
    (  # the second of two starts is read by two steps, of which there may be but one
        f"{STEPS}, s: Param[D], q: Param[D]",
        ("h[-1] = s", "h[-2] = q", "for t in T:", "    h[t] = x[t] + h[t - 1] @ W + h[t - 2] @ V", LAST),
        "s_bar",
        "W: Data[D, D], V: Data[D, D], h_bar: Data[T, D]",
        "r[c] = sum(W[c, d] * h_bar[0, d] for d in D) + (sum(V[c, d] * h_bar[1, d] for d in D) if 1 < T else 0)",
    ),
    (
        f"{STEPS}, s: Param[D], q: Param[D]",
        ("h[-1] = s", "h[-2] = q", "for t in T:", "    h[t] = x[t] + h[t - 1] @ W + h[t - 2] @ V", LAST),
        "q_bar",
        "V: Data[D, D], h_bar: Data[T, D]",
        "r[c] = sum(V[c, d] * h_bar[0, d] for d in D)",
    ),
    (  # loops within loops, a start for each layer
        "x: Data[T, D], s: Param[N, D], W: Param[N, D, D], V: Param[N, D, D]",
        (
            "o[-1] = x",
            "for n in N:",
            "    h[n, -1] = s[n]",
            "    for t in T:",
            "        h[n, t] = tanh(o[n - 1, t] @ V[n] + h[n, t - 1] @ W[n])",
            "    o[n] = h[n]",
            "return sum(o[N - 1, T - 1] ** 2) / 2",
        ),
        "s_bar",
        "W: Data[N, D, D], h: Data[N, T, D], h_bar: Data[N, T, D]",
        "r[n, c] = sum(W[n, c, d] * h_bar[n, 0, d] * (1 - h[n, 0, d] ** 2) for d in D)",
    ),
    (  # widths that differ by layer
        "x: Param[N, D[0]], W: Param[t: T, D[t], D[t + 1]], y: Data[N, D[T]]",
        ("h[-1] = x", "for t in T:", "    h[t] = sigmoid(h[t - 1] @ W[t])", "return sum((h[T - 1] - y) ** 2) / N"),
        "x_bar",
        "h_in_bar: Data[T, N, D[1]], W: Data[t: T, D[t], D[t + 1]], x: Data[N, D[0]]",
        "r[n, b] = sum(h_in_bar[0, n, d] * W[0, b, d] for d in D[1])",
    ),
    (  # a condition of the user's, and the same the other way round
        "x: Data[T, D], s: Param[D]",
        ("p[t: T, d] = x[t, d] if t > 0 else s[d] * x[t, d]", "return sum(p ** 2)"),
        "s_bar",
        "p_bar: Data[T, D], x: Data[T, D]",
        "r[d] = p_bar[0, d] * x[0, d]",
    ),
    (
        "x: Data[T, D], s: Param[D]",
        ("p[t: T, d] = x[t, d] if t != T - 1 else s[d] * x[t, d]", "return sum(p ** 2)"),
        "s_bar",
        "p_bar: Data[T, D], x: Data[T, D]",
        "r[d] = p_bar[T - 1, d] * x[T - 1, d]",
    ),
    (  # what only the loss reads
        "x: Data[T, D], s: Param[D]",
        ("return sum((s[d] if t < 1 else x[t, d]) * x[t, d] for t in T for d in D)",),
        "s_bar",
        "x: Data[T, D]",
        "r[d] = x[0, d]",
    ),
    (
        NORMED,
        normed("layer_norm(h[t - 1], s[t], b[t])"),
        "h_bar",
        of_norm("T, N"),
        f"r[t: T, n, d] = h_bar[t + 1, n, d] + {THREE.format(l='t + 1')} if t + 1 < T else h[T - 1, n, d]",
    ),
    (
        NORMED,
        normed("layer_norm(h[t - 1], s[t], b[t])"),
        "x_bar",
        of_norm("T, N"),
        f"r[n, d] = h_bar[0, n, d] + {THREE.format(l='0')}",
    ),
    (
        NORMED,
        normed("batch_norm(h[t - 1], s[t], b[t])"),
        "h_bar",
        of_norm("T, D"),
        f"r[t: T, n, d] = h_bar[t + 1, n, d] + {OVER_BATCH.format(l='t + 1')} if t + 1 < T else h[T - 1, n, d]",
    ),
    (
        NORMED,
        normed("rms_norm(h[t - 1], s[t])"),
        "x_bar",
        of_norm("T, N"),
        f"r[n, d] = h_bar[0, n, d] + {MEAN_SQUARE.format(l='0')}",
    ),
]


@pytest.mark.parametrize(("arguments", "lines", "key", "declared", "form"), FORMS)
def test_recurrence_reaches_its_closed_form(
    arguments: str, lines: tuple[str, ...], key: str, declared: str, form: str
) -> None:
    derivation = derive(network_of(arguments, *lines))
    found = chain(derivation, key).result
    assert same(found, expression(declared, form)), found
    assert check_steps(derivation).passed


def test_the_step_says_which_term_is_left() -> None:
    arguments, lines, key, *_ = FORMS[2]
    steps = chain(derive(network_of(arguments, *lines)), key).steps
    renamed = [s.rule.renamed for s in steps if s.rule.name == "single"]
    assert [[(str(a), str(b)) for a, b in pairs] for pairs in renamed] == [[("t", "0"), ("t", "1")]]


NORM_OF_ONES_OWN = """
from symbp import Array, Data, Param, dims, network

L, N, D = dims("L N D")


def whiten(v: Array[..., D]):
    m = mean(v, axis=-1, keepdims=True)
    return (v - m) / sqrt(mean((v - m) ** 2, axis=-1, keepdims=True) + 1e-3)


@network
def net(x: Param[N, D], W: Param[L, D, D]):
    a[-1] = x
    for l in L:
        a[l] = a[l - 1] + whiten(a[l - 1]) @ W[l]
    return sum(a[L - 1] ** 2)
"""


def test_a_norm_of_ones_own_in_depth_has_three_terms_under_one_root() -> None:
    derivation = derive(read_network(NORM_OF_ONES_OWN))
    text = write_network(derivation.backward)
    line = unbroken(text[text.index("a_bar[0, n, d]\n") :].partition("return")[0])
    assert line.count("sqrt") == 1
    assert line.count("sum(") == 3  # of the root, of the mean, of the mean of the product
    assert check_steps(derivation).passed


def at(op: str, a: Poly | int, b: Poly | int) -> Compare:
    left, right = (Num(build.num(p).value) if isinstance(p, int) else Int(p) for p in (a, b))
    return Compare(op, left, right)


T = Poly.of(Dim("T"))
t = Index("t", T)
S = Poly.of(t)
SINGLE = [
    ((at("<", S, 1),), Poly()),
    ((at("<=", S, 0),), Poly()),
    ((at(">", 1, S),), Poly()),
    ((at(">=", S + 1, T),), T - 1),
    ((at("==", S - 1, 2),), Poly.of(3)),
    ((at("<=", 1, S), at("<", S, 2)), Poly.of(1)),
    ((at("<=", T - 2, S), at("<", S, T - 1)), T - 2),
    ((at("<", S, 2),), None),
    ((at("<=", 1, S),), None),
    ((at("<", S, T),), None),
    ((at("<=", 1, S), at("<", S, 3)), None),
]


@pytest.mark.parametrize(("conds", "value"), SINGLE)
def test_the_one_value_that_meets_a_condition(conds: tuple[Compare, ...], value: Poly | None) -> None:
    assert single(conds, t) == value
