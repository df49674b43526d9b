"""Entries that a fact equates: terms are joined by it, the step names it, and what is unlike stays apart."""

import pytest

from symbp.calculus.derive import derive
from symbp.core.canonical import same
from tests.calculus.forms import chain, check_steps, expression, network_of

SQUARE = "x: Param[N], W: Data[N, N]"
# (arguments, statements, key of a chain, arguments of the expected form, the expected form, the facts it rests on)
FORMS = [
    (
        SQUARE,
        ("assert W == W.T", "return x @ W @ x"),
        "x_bar",
        "x: Data[N], W: Data[N, N]",
        "r[m] = 2 * sum(W[m, n] * x[n] for n in N)",
        ("F1",),
    ),
    (
        SQUARE,
        ("assert W[i, j] == W[j, i]", "return sum(W[i, j] * (x[i] - x[j]) ** 2 for i in N for j in N) / 2"),
        "x_bar",
        "x: Data[N], W: Data[N, N]",
        "r[i] = 2 * sum(W[i, j] * (x[i] - x[j]) for j in N)",
        ("F1",),
    ),
    (  # by the fact a column's sum is a row's
        SQUARE,
        ("assert W[i, j] == W[j, i]", "assert sum(W[i, j] for j in N) == 1", "return sum(W @ x) ** 2 / 2"),
        "x_bar",
        "x: Data[N], W: Data[N, N]",
        "r[m: N] = sum(W[n, k] * x[k] for n in N for k in N)",
        ("F1", "F2"),
    ),
    (
        "x: Param[D], S: Data[N, D, D]",
        ("assert S[n, i, j] == S[n, j, i]", "return sum(x[i] * S[n, i, j] * x[j] for n in N for i in D for j in D)"),
        "x_bar",
        "x: Data[D], S: Data[N, D, D]",
        "r[i] = 2 * sum(S[n, i, j] * x[j] for n in N for j in D)",
        ("F1",),
    ),
    (
        "x: Param[N], T3: Data[N, N, N]",
        (
            "assert T3[i, j, k] == T3[j, k, i]",
            "return sum(T3[i, j, k] * x[i] * x[j] * x[k] for i in N for j in N for k in N)",
        ),
        "x_bar",
        "x: Data[N], T3: Data[N, N, N]",
        "r[i] = 3 * sum(T3[i, j, k] * x[j] * x[k] for j in N for k in N)",
        ("F1",),
    ),
    (SQUARE, ("assert W == -W.T", "return x @ W @ x"), "x_bar", "x: Data[N]", "r[m] = 0 * x[m]", ("F1",)),
    (
        SQUARE,
        ("assert W + W.T == 0", "return x @ W @ x + sum(x)"),
        "x_bar",
        "x: Data[N]",
        "r[m] = 1 + 0 * x[m]",
        ("F1",),
    ),
    (  # what an equation has computed is not computed again
        SQUARE,
        ("assert W == W.T", "z = W @ x", "return x @ z"),
        "x_bar",
        "z: Data[N]",
        "r[m] = 2 * z[m]",
        ("F1",),
    ),
    (
        "x: Param[N], y: Param[D], A: Data[N, D], B: Data[D, N]",
        ("assert A == B.T", "return x @ A @ y + y @ B @ x"),
        "y_bar",
        "x: Data[N], A: Data[N, D]",
        "r[d] = 2 * sum(A[n, d] * x[n] for n in N)",
        ("F1",),
    ),
    (
        "x: Param[N], w: Data[N]",
        ("assert w[i] == w[N - 1 - i]", "return sum(w[i] * x[i] * x[N - 1 - i] for i in N)"),
        "x_bar",
        "x: Data[N], w: Data[N]",
        "r[i: N] = 2 * x[N - i - 1] * w[i]",
        ("F1",),
    ),
    (  # nothing to join: the fact is left alone
        "x: Param[N], y: Data[N], W: Data[N, N]",
        ("assert W == W.T", "return x @ W @ y"),
        "x_bar",
        "y: Data[N], W: Data[N, N]",
        "r[m] = sum(W[m, n] * y[n] for n in N)",
        (),
    ),
    (  # symmetric in two of three axes says nothing of the others
        "x: Param[N], S: Data[N, N, N]",
        (
            "assert S[n, i, j] == S[n, j, i]",
            "return sum(S[i, j, k] * x[i] * x[j] * x[k] for i in N for j in N for k in N)",
        ),
        "x_bar",
        "x: Data[N], S: Data[N, N, N]",
        "r[i] = sum(S[i, j, k] * x[j] * x[k] for j in N for k in N)"
        " + 2 * sum(S[h, i, k] * x[h] * x[k] for h in N for k in N)",
        ("F1",),
    ),
]


@pytest.mark.parametrize(("arguments", "lines", "key", "declared", "form", "facts"), FORMS)
def test_terms_are_joined_by_the_fact(
    arguments: str, lines: tuple[str, ...], key: str, declared: str, form: str, facts: tuple[str, ...]
) -> None:
    derivation = derive(network_of(arguments, *lines))
    steps = chain(derivation, key).steps
    assert same(steps[-1].value, expression(declared, form)), steps[-1].value
    assert derivation.facts == facts
    assert check_steps(derivation).passed


def test_the_step_names_the_fact_and_the_equation() -> None:
    arguments, lines, key, *_ = FORMS[7]
    steps = chain(derive(network_of(arguments, *lines)), key).steps
    assert [(s.rule.facts, s.rule.equations) for s in steps if s.rule.name == "fact"] == [(("F1",), ("z",))]


def test_without_the_fact_both_terms_stay() -> None:
    found = chain(derive(network_of(SQUARE, "return x @ W @ x")), "x_bar").result
    form = "r[m] = sum(W[m, n] * x[n] for n in N) + sum(W[k, m] * x[k] for k in N)"
    assert same(found, expression("x: Data[N], W: Data[N, N]", form))
