"""The closed forms that people know, found from the definitions alone, and every step on the way to them."""

import pytest

from symbp.calculus.derive import derive
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Expr, Read
from symbp.core.traverse import replace_reads
from symbp.notation.write import write_network
from tests.calculus.forms import chain, check_steps, expression, network_of

FACT = "assert sum(y[n, k] for k in K) == 1"
LAYER = "x: Data[N, D], W: Param[D, H], y: Data[N, H]"
SQUARES = "return sum((a - y) ** 2) / N"

# A layer with each activation: the definition in several spellings, and its derivative in terms of its own value.
ACTIVATIONS = [
    ("a = 1 / (1 + exp(-z))", "a[n, h] * (1 - a[n, h])"),
    ("a = exp(z) / (1 + exp(z))", "a[n, h] * (1 - a[n, h])"),
    ("a = sigmoid(z)", "a[n, h] * (1 - a[n, h])"),
    ("a = tanh(z)", "1 - a[n, h] ** 2"),
    ("a = 2 / (1 + exp(-2 * z)) - 1", "1 - a[n, h] ** 2"),
    ("a = relu(z)", "where(z[n, h] > 0, 1, 0)"),
    ("a = leaky_relu(z)", "where(z[n, h] > 0, 1, 0.01)"),
    ("a = 1 / sqrt(z ** 2 + 1)", "-z[n, h] * a[n, h] ** 3"),
    ("a = sqrt(z ** 2 + 1)", "z[n, h] / a[n, h]"),
    ("a = exp(z)", "a[n, h]"),
    ("a = z ** 3", "3 * z[n, h] ** 2"),
    ("a = f(z)", "f.d1(z[n, h])"),
]


@pytest.mark.parametrize(("definition", "expected"), ACTIVATIONS)
def test_activation_in_its_own_value(definition: str, expected: str) -> None:
    derivation = derive(network_of(LAYER, "z = x @ W", definition, SQUARES))
    found = chain(derivation, "z_bar").result
    form = f"r[n, h] = 2 * ({expected}) * (a[n, h] - y[n, h]) / N"
    assert same(found, expression("a: Data[N, H], z: Data[N, H], y: Data[N, H]", form))
    assert check_steps(derivation).passed


# (arguments, statements, quantity, arguments of the expected form, the expected form of its adjoint)
CLOSED_FORMS = [
    (
        "x: Data[N, D], W: Param[D, K], y: Data[N, K]",
        (FACT, "z = x @ W", "p = softmax(z)", "return -sum(y * log(p)) / N"),
        ("z", "p: Data[N, K], y: Data[N, K]", "r[n, k] = (p[n, k] - y[n, k]) / N"),
    ),
    (
        "x: Data[N, D], W: Param[D, K], y: Data[N, K]",
        ("z = x @ W", "p = softmax(z)", "return -sum(y * log(p)) / N"),
        (
            "z",
            "p: Data[N, K], y: Data[N, K]",
            "r[n, k] = (p[n, k] * sum(y[n, j] for j in K) - y[n, k]) / N",
        ),
    ),
    (
        "x: Data[N, D], w: Param[D], b: Param, y: Data[N]",
        ("z = x @ w + b", "p = sigmoid(z)", "return -sum(y * log(p) + (1 - y) * log(1 - p)) / N"),
        ("z", "p: Data[N], y: Data[N]", "r[n] = (p[n] - y[n]) / N"),
    ),
    (
        "q: Param[N, D], k: Param[N, D], v: Param[N, D], c: Data[N, D]",
        (
            "s[i, j] = sum(q[i, d] * k[j, d] for d in D)",
            "a[i, j] = exp(s[i, j]) / sum(exp(s[i, m]) for m in N)",
            "return sum(c * (a @ v))",
        ),
        (
            "s",
            "a: Data[N, N], a_bar: Data[N, N]",
            "r[i, j] = a[i, j] * (a_bar[i, j] - sum(a_bar[i, m] * a[i, m] for m in N))",
        ),
    ),
    (  # what each entry has of its own: one difference, within the sum over examples
        "z: Data[N, K], w: Param[K], c: Data[N, K]",
        ("p = softmax(z * w)", "return sum((p - c) ** 2)"),
        (
            "w",
            "p: Data[N, K], z: Data[N, K], p_bar: Data[N, K]",
            "r[k] = sum(p[n, k] * z[n, k] * (p_bar[n, k] - sum(p_bar[n, j] * p[n, j] for j in K)) for n in N)",
        ),
    ),
    (  # what all entries share: by way of the exponents
        "z: Data[N, K], w: Param, c: Data[N, K]",
        ("p = softmax(z * w)", "return sum((p - c) ** 2)"),
        ("w", "p_in_bar: Data[N, K], z: Data[N, K]", "r = sum(p_in_bar[n, k] * z[n, k] for n in N for k in K)"),
    ),
    (
        "z: Data[N, K], w: Param, b: Param[K], c: Data[N, K]",
        ("l = log_softmax(w * z + b)", "return -sum(c * l)"),
        ("w", "l_in_bar: Data[N, K], z: Data[N, K]", "r = sum(l_in_bar[n, k] * z[n, k] for n in N for k in K)"),
    ),
    (
        "x: Param[N, H], c: Data[N, H]",
        (
            "mu[n] = sum(x[n, h] for h in H) / H",
            "v[n] = sum((x[n, h] - mu[n]) ** 2 for h in H) / H",
            "r[n] = 1 / sqrt(v[n] + 0.001)",
            "u[n, h] = (x[n, h] - mu[n]) * r[n]",
            "return sum(c * u ** 2)",
        ),
        (
            "x",
            "r_: Data[N], u_bar: Data[N, H], u: Data[N, H]",
            "r[n, h] = r_[n] * (u_bar[n, h] - sum(u_bar[n, i] for i in H) / H"
            " - u[n, h] * sum(u_bar[n, i] * u[n, i] for i in H) / H)",
        ),
    ),
]


@pytest.mark.parametrize(("arguments", "lines", "expected"), CLOSED_FORMS)
def test_adjoint_reaches_the_closed_form(
    arguments: str, lines: tuple[str, ...], expected: tuple[str, str, str]
) -> None:
    quantity, declared, form = expected
    derivation = derive(network_of(arguments, *lines))
    wanted = expression(declared.replace("r_:", "rr:"), form.replace("r_[", "rr["))
    found = chain(derivation, f"{quantity}_bar").result
    assert same(_rename(found), wanted), found
    assert check_steps(derivation).passed


def _rename(expr: Expr) -> Expr:
    """`r` is the name of the expected form, so a network's own r is compared as rr."""
    return replace_reads(expr, lambda r: Read("rr", r.subs) if r.tensor == "r" else None)


# Attention's probabilities in several spellings: the derivative in their own value, masked or not. `j <= i` is given.
SCORES = "s[i, j] = sum(q[i, d] * k[j, d] for d in D) / sqrt(D)"
ATTENTION = "a[i, j] * (a_bar[i, j] - sum(a_bar[i, m] * a[i, m] for m in T))"
MASKS = [
    ("a = softmax(s)", ATTENTION),
    ("a = softmax(s + w)", ATTENTION),
    ("a[i: T, j: T] = exp(s[i, j]) / sum(exp(s[i, m]) for m in T if m <= i) if j <= i else 0", ATTENTION),
    ("a[i: T, j: T] = exp(s[i, j]) / sum(exp(s[i, m]) for m in range(i + 1)) if i >= j else 0", ATTENTION),
    ("a[i, j] = exp(s[i, j]) / sum(exp(s[i, m]) for m in T if w[i, m] > 0) if w[i, j] > 0 else 0", ATTENTION),
    ("a[i, j] = w[i, j] * exp(s[i, j]) / sum(w[i, m] * exp(s[i, m]) for m in T)", ATTENTION),
    ("a = softmax(where(w > 0, s, -1e30))", f"where(w[i, j] > 0, 1, 0) * {ATTENTION}"),
]


@pytest.mark.parametrize(("definition", "expected"), MASKS)
def test_masked_attention(definition: str, expected: str) -> None:
    arguments = "q: Param[T, D], k: Param[T, D], v: Data[T, D], w: Data[T, T], c: Data[T, D]"
    derivation = derive(network_of(arguments, SCORES, definition, "return sum(c * (a @ v))"))
    wanted = expression("a: Data[T, T], a_bar: Data[T, T], w: Data[T, T]", f"r[i, j] = {expected}")
    found = chain(derivation, "s_bar").result
    assert same(found, wanted), found
    assert check_steps(derivation).passed


def test_a_branch_is_not_re_expressed_where_it_is_not_taken() -> None:
    """The sum runs over all entries, so exp(s[i, m]) is not a[i, m] times the sum where a[i, m] is 0."""
    lines = (SCORES, "a[i: T, j: T] = exp(s[i, j]) / sum(exp(s[i, m]) for m in T) if j <= i else 0")
    derivation = derive(network_of("q: Param[T, D], k: Data[T, D], c: Data[T, T]", *lines, "return sum(c * a)"))
    assert check_steps(derivation).passed


def test_a_guard_that_keeps_a_read_inside_stays() -> None:
    lines = ("a[t: T] = x[t - 1] if 1 <= t else 0", "return sum(a[t] * b[t] * w[t] for t in T)")
    derivation = derive(network_of("x: Data[T], w: Param[T], b: Data[T]", *lines))
    assert check_steps(derivation).passed


def test_delta_inside_the_logarithm_is_not_cancelled() -> None:
    lines = (FACT, "z = x @ W", "p = softmax(z)", "return -sum(y * log(p + 1e-7)) / N")
    derivation = derive(network_of("x: Data[N, D], W: Param[D, K], y: Data[N, K]", *lines))
    wrong = expression("p: Data[N, K], y: Data[N, K]", "r[n, k] = (p[n, k] - y[n, k]) / N")
    assert not same(chain(derivation, "z_bar").result, wrong)
    assert derivation.facts == ()
    assert check_steps(derivation).passed


def test_softmax_jacobian() -> None:
    lines = ("z = x @ W", "p = softmax(z)", "return sum(y * p)")
    derivation = derive(network_of("x: Data[N, D], W: Param[D, K], y: Data[N, K]", *lines))
    jacobian = chain(derivation, "p|z")
    assert [s.rule.name for s in jacobian.steps] == ["derive", "entry", "contract", "factor", "re-express"]


def test_exponents_get_no_name_where_nothing_is_shared_or_a_share_changes_nothing() -> None:
    lines = ("p = softmax(z * w + b)", "return sum(y * p)")
    own = derive(network_of("z: Param[N, K], y: Data[N, K], w: Param[K], b: Param[K]", *lines))
    data = derive(network_of("z: Param[N, K], y: Data[N, K], w: Data, b: Data", *lines))
    row = ("p[n, k] = exp(z[n, k] + b[n]) / sum(exp(z[n, j] + b[n]) for j in K)", "return sum(y * p)")
    shift = derive(network_of("z: Data[N, K], y: Data[N, K], b: Param[N]", *row))
    assert (own.exponents, data.exponents, shift.exponents) == ((), (), ())
    assert chain(shift, "b_bar").result == build.NIL


def test_exponents_that_share_a_parameter_keep_the_call_that_they_are_in() -> None:
    derivation = derive(network_of("z: Data[N, K], y: Data[N, K], w: Param", "p = softmax(z * w)", "return sum(y * p)"))
    assert derivation.exponents == ("p_in",)
    text = write_network(derivation.backward)
    assert "p_in[n, k] = z[n, k] * w" in text
    assert "p = softmax(p_in)" in text
    assert check_steps(derivation).passed


def test_shift_by_the_maximum_changes_nothing() -> None:
    lines = (
        "z = x @ W",
        "m[n] = max(z[n, k] for k in K)",
        "p[n, k] = exp(z[n, k] - m[n]) / sum(exp(z[n, j] - m[n]) for j in K)",
        "return sum(y * p)",
    )
    derivation = derive(network_of("x: Data[N, D], W: Param[D, K], y: Data[N, K]", *lines))
    form = "r[n, k] = p[n, k] * (y[n, k] - sum(y[n, j] * p[n, j] for j in K))"
    assert same(chain(derivation, "z_bar").result, expression("p: Data[N, K], y: Data[N, K]", form))
    assert check_steps(derivation).passed


def test_unreached_parameter_has_a_zero_gradient() -> None:
    derivation = derive(network_of("x: Data[N], w: Param[N], b: Param[D]", "return sum(x * w)"))
    assert derivation.unreached == ("b",)
    assert dict(derivation.gradients)["b"] in derivation.backward.outputs


def test_a_tied_weight_sums_both_uses() -> None:
    lines = ("a = sigmoid(x @ W)", "r = a @ W.T", "return sum((r - x) ** 2) / N")
    derivation = derive(network_of("x: Data[N, D], W: Param[D, H]", *lines))
    section = next(s for s in derivation.sections if s.quantity == "W")
    assert len(section.used_by) == 2
    assert check_steps(derivation).passed
