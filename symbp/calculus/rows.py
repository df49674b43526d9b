"""The rewrites of a derivation in rows, and the phases in which they are run: of a local derivative, of a result, of a
tangent.

Each takes an expression and gives lines, each the same value in another form with the rule that made it. A line that
says nothing new is left out by the driver (`calculus.phases`), which runs a phase until it changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from symbp.calculus.brackets import opens
from symbp.calculus.contract import Style, contract, contract_apart, count_free_sums
from symbp.calculus.cost import cost
from symbp.calculus.equal import use_equal
from symbp.calculus.facts import use_facts
from symbp.calculus.guards import cases
from symbp.calculus.known import counted, use_products, use_sums
from symbp.calculus.letters import alike
from symbp.calculus.local import entries_to_deltas
from symbp.calculus.phases import Context, Phase, Rewrite, Row
from symbp.calculus.reexpress import reexpress
from symbp.calculus.simplify import (
    arrange,
    cancel,
    cheapest,
    divide_through,
    factor,
    factor_deep,
    gather,
    group,
    open_fractions,
    split_sums,
    tidy,
    under_deltas,
)
from symbp.calculus.steps import Rule, Step
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Expr
from symbp.core.traverse import normal


def plainly(name: str, function: Callable[[Expr], Expr], why: str) -> Row:
    """A row of a function that needs nothing but the expression."""
    return Row(name, lambda expr, _: (Step(function(expr), Rule(name)),), why)


# Contraction


def _entries(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(entries_to_deltas(expr, at.by), Rule("entry"))


def _contracted(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract(expr, at.known.style)
    yield Step(value, Rule("contract", renamed=renamed))


def _cancelled(expr: Expr, at: Context) -> Iterable[Step]:
    plain = normal(expr)
    if cost(plain) < cost(expr):
        yield Step(plain, Rule("cancel"))


def _style(at: Context) -> Style:
    return replace(at.known.style, steps=at.order) if at.recursive else at.known.style


def _contracted_apart(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract_apart(normal(expr), _style(at))
    if renamed:
        yield Step(value, Rule("contract", renamed=renamed))
        yield Step(normal(value), Rule("cancel"))


def _contracted_within(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract(normal(expr), _style(at))
    if not renamed:
        yield Step(value, Rule("pull"))
        return
    common = factor_deep(value)
    also = () if same(common, value) else ("factor",)
    yield Step(common, Rule("contract", renamed=renamed, also=also))


def _contracted_plainly(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract(expr, at.known.style)
    yield Step(value, Rule("contract", renamed=renamed) if renamed else Rule("pull"))


def _single_terms(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract(expr, replace(at.known.style, single=True))
    if renamed:
        yield Step(value, Rule("single", renamed=renamed))


# The value of an equation in its derivative


def _reexpressed(expr: Expr, at: Context) -> Iterable[Step]:
    assert at.equation is not None
    form, values = reexpress(at.equation, expr)
    yield Step(form, Rule("re-express", (at.equation.name,), values=values))


# What is known of the network


def _without_guards(expr: Expr, at: Context) -> Iterable[Step]:
    value, names = at.known.guards.simplified(expr)
    yield Step(value, Rule("zero", names) if names else Rule("guard"))


def _by_facts(expr: Expr, at: Context) -> Iterable[Step]:
    value, labels = use_facts(expr, at.known.facts)
    yield Step(value, Rule("fact", facts=labels))


def _by_equal_entries(expr: Expr, at: Context) -> Iterable[Step]:
    value, labels, names = use_equal(expr, at.known.same)
    yield Step(value, Rule("fact", names, facts=labels))


def _by_sums(expr: Expr, at: Context) -> Iterable[Step]:
    """Sums that equations define, split or multiplied out where they hide in a bracket."""
    opened, result, names = use_sums(expr, at.known.sums)
    if not names:
        return
    split = split_sums(expr)
    used, same_names = use_facts(split, at.known.sums)
    if same_names and result == build.NIL == normal(count_free_sums(used)):
        yield Step(split, Rule("split"))
        yield Step(counted(used), Rule("re-express", same_names, also=("copies",)))
        yield Step(result, Rule("collect"))
        return
    yield Step(opened, Rule("expand"))
    yield Step(result, Rule("re-express", names))


def _by_products(expr: Expr, at: Context) -> Iterable[Step]:
    for name, product, factored in use_products(expr, at.known.products):
        yield Step(arrange(product, at.order), Rule("re-express", (name,)))
        yield Step(factored, Rule("factor"))


# Shorter forms


def _factored_unless_brief(expr: Expr, at: Context) -> Iterable[Step]:
    if not at.brief:
        yield Step(tidy(factor_deep(expr)), Rule("factor"))


def _cheaper(expr: Expr, at: Context) -> Iterable[Step]:
    """Multiplied out and factored where that pays; where denominators cancel on the way, that is a line of its own.

    A difference is not multiplied out to stand apart: z_n sum(d) - sum(d z_m) has fewer digits than sum(d (z_n - z_m)).
    """
    form = cancel(expr)
    if opens(expr, form):
        form = cheapest(expr, factor(expr))
    if same(form, factor(expr)):
        yield Step(form, Rule("factor"))
    elif not same(form, expr):
        yield Step(open_fractions(expr), Rule("expand"))
        yield Step(form, Rule("collect"))


def _arranged(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(arrange(expr, at.order), Rule("sign"))


def _grouped(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(arrange(group(expr), at.order), Rule("factor"))


def _as_cases(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(arrange(cases(expr), at.order), Rule("cases"))

COPIES = plainly("copies", count_free_sums, "")
LOCAL: tuple[Phase, ...] = (
    (Row("entry", _entries, ""), Row("contract", _contracted, ""), Row("single", _single_terms, ""), COPIES,
     Row("factor", _factored_unless_brief, "")),
    (Row("re-express", _reexpressed, ""), plainly("divide", divide_through, "")),
    (Row("guard", _without_guards, ""), plainly("factor", lambda e: tidy(factor_deep(e)), ""),
     Row("fact", _by_equal_entries, ""), Row("re-express", _by_sums, "")),
)
RESULT = (
    (Row("cancel", _cancelled, ""), Row("contract", _contracted_apart, ""), Row("contract", _contracted_within, ""), Row("single", _single_terms, ""), plainly("delta", under_deltas, ""),
    plainly("alike", alike, ""), Row("guard", _without_guards, "")),
    (COPIES, Row("collect", _cheaper, ""), Row("fact", _by_facts, ""),
     Row("fact", _by_equal_entries, ""), Row("re-express", _by_sums, ""), Row("re-express", _by_products, "")),
    (plainly("factor", gather, ""), Row("sign", _arranged, ""), Row("cases", _as_cases, "")),
)
TANGENT = ((Row("contract", _contracted_plainly, ""), COPIES, Row("factor", _grouped, "")),)
