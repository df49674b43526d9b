"""The rows of rewrites and their driver: some network needs every row, and rows that undo one another are told."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from symbp.calculus import chains
from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.known import known_of
from symbp.calculus.phases import ARRANGED, Context, Row, append, run
from symbp.calculus.rows import LOCAL, RESULT, TANGENT
from symbp.calculus.simplify import expand, factor
from symbp.calculus.steps import RULES, Rule, Step
from symbp.core.canonical import same
from symbp.core.expr import Add, Expr, Read
from tests.calculus.forms import expression, network_of

NETWORKS = (
    # softmax under cross-entropy: a fact, a sign, cancelled fractions
    (
        "x: Data[N, D], W: Param[D, K], y: Data[N, K]",
        "assert sum(y[n, k] for k in K) == 1",
        "p = softmax(x @ W)",
        "return -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N",
    ),
    # a norm over rows: the sums and products that equations define
    (
        "x: Param[N, H], c: Data[N, H]",
        "mu[n] = sum(x[n, h] for h in H) / H",
        "v[n] = sum((x[n, h] - mu[n]) ** 2 for h in H) / H",
        "r[n] = 1 / sqrt(v[n] + 0.001)",
        "u[n, h] = (x[n, h] - mu[n]) * r[n]",
        "return sum(c * u ** 2)",
    ),
    ("x: Param[N, D], c: Data[N, D]", "m[n] = sqrt(sum(x[n, d] ** 2 for d in D))", "y[n, d] = x[n, d] / m[n]",
     "return sum(c * y)"),
    # a defined sum that the chain rule makes
    ("x: Param[N]", "mu = mean(x)", "z[n, k: N] = x[n] * x[k]", "return mu ** 2 + sum(z)"),
    # attention under a mask: guards
    (
        "q: Param[T, D], k: Param[T, D], v: Data[T, D], w: Data[T, T], c: Data[T, D]",
        "s[i, j] = sum(q[i, d] * k[j, d] for d in D) / sqrt(D)",
        "a[i, j] = exp(s[i, j]) / sum(exp(s[i, m]) for m in T if w[i, m] > 0) if w[i, j] > 0 else 0",
        "return sum(c * (a @ v))",
    ),
    ("x: Param[N, H], c: Data[N]", "m[n] = max(x[n, h] for h in H)", "return sum(c * relu(m))"),
    # a recurrence, its start learned: cases, single terms
    ("x: Data[T, D], h0: Param[D], W: Param[D, D]", "h[-1] = h0", "for t in T:", "    h[t] = tanh(h[t - 1] @ W + x[t])",
     "return sum(h[T - 1] ** 2)"),
    ("x: Data[T, D], s: Param[D]", "return sum((s[d] if t < 1 else x[t, d]) * x[t, d] for t in T for d in D)"),
    ("x: Data[T, D], s: Param[D]", "p[t, d] = x[t, d] if t != T - 1 else s[d] * x[t, d]", "return sum(p ** 2)"),
    # entries that facts equate
    ("x: Param[N], w: Data[N]", "assert w[i] == w[N - i - 1]", "return sum(w[i] * x[i] * x[N - i - 1] for i in N)"),
    ("x: Param[N], W: Data[N, N]", "assert W[n, m] == W[m, n]", "z = W @ x", "return sum(x * z)"),
    # sums with nothing of their index
    ("x: Param[N], c: Data[N, K]", "y[n] = sum(x[n] + c[n, k] for k in K)", "return sum(y ** 2)"),
    ("w: Param[H, H]", "u[n, h] = w[n, h] * w[h, h]", "v[n] = u[n] - mean(u[n])", "return sum(v)"),
    ("y: Data[N], w: Param[D], x: Data[N, D]", "z = 0 * (x @ w)", "v[n: N] = mean(z[m] for m in N if not m > n)",
     "return sum((v - y + sum(w)) ** 2)"),
    # a softplus, whose exponential stands above and below
    ("x: Data[N, D], w: Param[D, H]", "a = softplus(x @ w)", "return sum(tanh(a) * a)"),
)  # fmt: skip


PHASES = {"LOCAL": LOCAL, "RESULT": RESULT, "TANGENT": TANGENT}
Place = tuple[str, int, int]


def test_every_row_changes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    needed: set[Place] = set()
    names: dict[Place, str] = {}
    for name, found in PHASES.items():
        watched = tuple(
            tuple(_watched(row, (name, k, j), needed) for j, row in enumerate(phase)) for k, phase in enumerate(found)
        )
        monkeypatch.setattr(chains, name, watched)
        names |= {(name, k, j): row.name for k, phase in enumerate(found) for j, row in enumerate(phase)}
    for arguments, *lines in NETWORKS:
        differentiate_along(derive(network_of(arguments, *lines)))
    assert {place: name for place, name in names.items() if place not in needed} == {}


def _watched(row: Row, place: Place, needed: set[Place]) -> Row:
    """The row, which tells where it has changed more than the order of things, or that if it is its work."""

    def rewrite(expr: Expr, context: Context) -> Iterable[Step]:
        for step in row.rewrite(expr, context):
            if step.value != expr and (row.name == ARRANGED or not same(step.value, expr)):
                needed.add(place)
            yield step

    return replace(row, rewrite=rewrite)


def test_every_name_is_one_of_a_rule() -> None:
    assert {row.name for found in PHASES.values() for phase in found for row in phase} <= {*RULES, ARRANGED}


def start() -> tuple[list[Step], Context]:
    network = network_of("x: Param[N], c: Data", "return sum(c * x + c)")
    return [Step(expression("c: Data, d: Data", "r = c * d + c"), Rule("derive"))], Context(known_of(network))


def plainly(name: str, function: Callable[[Expr], Expr]) -> Row:
    return Row(name, lambda expr, _: (Step(function(expr), Rule(name)),))


def test_rows_that_undo_one_another_are_told() -> None:
    steps, context = start()
    rows = (plainly("factor", factor), plainly("expand", expand))
    with pytest.raises(AssertionError, match="factor, expand undo one another"):
        run((rows,), steps, context)


def test_a_phase_is_run_again_where_a_later_row_has_made_work_for_an_earlier_one() -> None:
    steps, context = start()
    names = {"one": "two", "three": "four", "two": "three"}
    reads = {n: Read(n) for n in ("one", "two", "three", "four")}
    rows = tuple(plainly(a, lambda e, a=a: reads[names[a]] if e == reads[a] else e) for a in ("three", "one", "two"))  # type: ignore[misc]
    steps[:] = [Step(reads["one"], Rule("derive"))]
    run((rows,), steps, context)
    assert [s.rule.name for s in steps] == ["derive", "one", "two", "three"]
    assert steps[-1].value == reads["four"]


def test_a_line_that_says_nothing_new_takes_the_place_of_the_last() -> None:
    steps, _ = start()
    assert not append(steps, Step(Add(tuple(reversed(steps[0].value.args))), Rule("factor")))  # type: ignore[attr-defined]
    assert not append(steps, Step(factor(steps[0].value), Rule(ARRANGED)))
    assert [s.rule.name for s in steps] == ["derive"]
    assert append(steps, Step(expand(steps[0].value), Rule("expand")))
    assert [s.rule.name for s in steps] == ["derive", "expand"]
