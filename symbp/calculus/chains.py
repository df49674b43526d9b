"""Chains of equalities: a local derivative from its definition, and what follows the insertion of local derivatives.

Each function takes an expression and returns steps, each the same value in another form with the rule that made it. A
form that says nothing new is left out.
"""

from __future__ import annotations

from symbp.calculus.contract import contract, count_free_sums
from symbp.calculus.cost import cost
from symbp.calculus.facts import SumFact, use_facts
from symbp.calculus.local import differentiate, entries_to_deltas, scalar_rules
from symbp.calculus.reexpress import reexpress
from symbp.calculus.simplify import cancel, factor, factor_deep, tidy
from symbp.calculus.steps import Rule, Step
from symbp.core.canonical import same
from symbp.core.expr import Expr, Read
from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import normal


def local_steps(equation: Equation, body: Expr, by: Read) -> list[Step]:
    """The derivative of an equation's right side by an entry; the bound letters of `body` are already apart from it."""
    raw = differentiate(body, by)
    steps = [Step(raw, Rule("derive", (equation.name,), detail=scalar_rules(body, by.tensor)))]
    _append(steps, entries_to_deltas(raw, by.tensor), Rule("entry"))
    contracted, pairs = contract(steps[-1].value)
    _append(steps, contracted, Rule("contract", pairs=pairs))
    _append(steps, count_free_sums(steps[-1].value), Rule("copies"))
    _append(steps, tidy(factor_deep(steps[-1].value)), Rule("factor"))
    _append(steps, reexpress(equation, steps[-1].value), Rule("re-express", (equation.name,)))
    return steps


def finish(start: Expr, facts: tuple[SumFact, ...], order: tuple[Index, ...]) -> list[Step]:
    """From the inserted form to the result: cancel, contract, count idle sums, multiply out, facts, factor.

    `order` are the indices of the result, in which its products are arranged.
    """
    steps: list[Step] = []
    plain = normal(start)
    if cost(plain) < cost(start):
        steps.append(Step(plain, Rule("cancel")))
    contracted, pairs = contract(plain)
    _append(steps, contracted, Rule("contract", pairs=pairs) if pairs else Rule("pull"), plain)
    last = contracted
    for _ in range(2):
        last = _append(steps, count_free_sums(last), Rule("copies"), last)
        last = _append(steps, *_cheaper(last), last)
        known, labels = use_facts(last, facts)
        last = _append(steps, known, Rule("fact", detail=labels), last)
    _append(steps, tidy(factor_deep(last), order), Rule("factor"), last)
    return steps


def _cheaper(expr: Expr) -> tuple[Expr, Rule]:
    """The expression multiplied out and factored where that pays, and which of the two it was."""
    form = cancel(expr)
    return form, Rule("factor" if same(form, factor(expr)) else "expand")


def _append(steps: list[Step], value: Expr, rule: Rule, before: Expr | None = None) -> Expr:
    """Add a step unless it shows nothing new; return its value."""
    last = steps[-1].value if steps else before
    if last is not None and same(last, value):
        if steps and value != last:
            steps[-1] = Step(value, steps[-1].rule)
        return value
    steps.append(Step(value, rule))
    return value
