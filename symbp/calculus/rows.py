"""The rewrites of a derivation: rows in phases, for a local derivative, for a result and for a tangent.

A rewrite takes an expression and gives lines, each the same value in another form with the rule that made it. A line
that says nothing new is left out by the driver (`calculus.phases`), which runs each phase until it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symbp.calculus.arrange import arrange, tidy
from symbp.calculus.brackets import opens
from symbp.calculus.contract import Style, contract, contract_apart
from symbp.calculus.cost import cost
from symbp.calculus.equal import use_equal
from symbp.calculus.facts import use_facts
from symbp.calculus.guards import cases
from symbp.calculus.known import counted, use_products, use_sums
from symbp.calculus.letters import alike
from symbp.calculus.local import entries_to_deltas
from symbp.calculus.phases import ARRANGED, Context, Phase, Row
from symbp.calculus.reexpress import reexpress
from symbp.calculus.simplify import (
    cancel,
    cheapest,
    divide_through,
    factor,
    factor_deep,
    gather,
    group,
    open_fractions,
    split_sums,
)
from symbp.calculus.steps import Rule, Step
from symbp.calculus.sums import count_free_sums
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Expr
from symbp.core.traverse import normal, walk
from symbp.core.views import is_choice

# Deltas


def _entries(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(entries_to_deltas(expr, at.by), Rule("entry"))


def _contracted(expr: Expr, at: Context) -> Iterable[Step]:
    value, renamed = contract(expr, at.known.style)
    yield Step(value, Rule("contract", renamed=renamed))


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
    yield Step(common, Rule("contract", renamed=renamed, also=() if same(common, value) else ("factor",)))


def _style(at: Context) -> Style:
    return replace(at.known.style, steps=at.order) if at.recursive else at.known.style


def _contracted_only(expr: Expr, at: Context) -> Iterable[Step]:
    """Nothing is multiplied out: sum (x - mu) x' is what it is, and not sum x x' - mu sum x', which loses digits."""
    value, renamed = contract(expr, at.known.style)
    yield Step(value, Rule("contract", renamed=renamed) if renamed else Rule("pull"))


def _single_terms(expr: Expr, at: Context) -> Iterable[Step]:
    """Of a sum under a condition that one value of its index meets, the one term."""
    value, renamed = contract(expr, replace(at.known.style, single=True))
    if renamed:
        yield Step(value, Rule("single", renamed=renamed))


# What is known of the network


def _reexpressed(expr: Expr, at: Context) -> Iterable[Step]:
    """A local derivative in the value of the equation that it is one of."""
    assert at.equation is not None
    form, values = reexpress(at.equation, expr)
    yield Step(form, Rule("re-express", (at.equation.name,), values=values))


def _without_guards(expr: Expr, at: Context) -> Iterable[Step]:
    """Guards joined, and those dropped that say nothing beside a quantity that is 0 where they fail."""
    value, names = at.known.guards.simplified(expr)
    yield Step(value, Rule("zero", names) if names else Rule("guard"))


def _by_facts(expr: Expr, at: Context) -> Iterable[Step]:
    value, labels = use_facts(expr, at.known.facts)
    yield Step(value, Rule("fact", facts=labels))


def _by_equal_entries(expr: Expr, at: Context) -> Iterable[Step]:
    """Entries that facts equate written alike, and the sums that this makes equal."""
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
    """Products that equations define, then common factors outside."""
    for name, product, factored in use_products(expr, at.known.products):
        yield Step(arrange(product, at.order), Rule("re-express", (name,)))
        yield Step(factored, Rule("factor"))


# Shorter and better arranged


def _cancelled(expr: Expr, at: Context) -> Iterable[Step]:
    plain = normal(expr)
    if cost(plain) < cost(expr):
        yield Step(plain, Rule("cancel"))


def _factored(expr: Expr, at: Context) -> Iterable[Step]:
    if not at.brief:
        yield Step(_tidy_factored(expr), Rule("factor"))


def _tidy_factored(expr: Expr) -> Expr:
    return tidy(factor_deep(expr))


def _divided(expr: Expr) -> Expr:
    return tidy(divide_through(expr))


def _shorter(expr: Expr, at: Context) -> Iterable[Step]:
    """Multiplied out and factored where that pays; where denominators cancel on the way, that is a line of its own."""
    form = cancel(expr)
    if opens(expr, form):  # z_n sum(d) - sum(d z_m) has fewer digits than sum(d (z_n - z_m))
        form = cheapest(expr, factor(expr))
    if same(form, factor(expr)):
        yield Step(form, Rule("factor"))
    elif not same(form, expr):
        yield Step(open_fractions(expr), Rule("expand"))
        yield Step(form, Rule("collect"))


def _gathered(expr: Expr) -> Expr:
    """The factors that terms share taken out of them, until none is left that is worth it."""
    form = gather(expr)
    return form if same(form, expr) else _gathered(form)


def _arranged(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(arrange(expr, at.order), Rule("sign"))


def _grouped(expr: Expr, at: Context) -> Iterable[Step]:
    yield Step(arrange(group(expr), at.order), Rule("factor"))


def _as_cases(expr: Expr, at: Context) -> Iterable[Step]:
    new = arrange(cases(expr), at.order)
    chooses = sum(map(is_choice, walk(new))) > sum(map(is_choice, walk(expr)))
    yield Step(new, Rule("cases") if chooses else Rule("under"))


# The phases


def _plainly(name: str, function: Callable[[Expr], Expr]) -> Row:
    """A row of a function that needs nothing but the expression."""
    return Row(name, lambda expr, _: (Step(function(expr), Rule(name)),))


# A derivative of an equation's right side by an entry.
LOCAL: tuple[Phase, ...] = (
    (Row("entry", _entries),),  # first: contraction knows deltas only
    (
        # by itself: what comes after puts deltas back under guards, out of which it would take them again
        Row("contract", _contracted),  # before anything is factored, which may put a delta into a bracket
    ),
    (
        Row("single", _single_terms),  # what contraction leaves of conditions that one value of an index meets
        _plainly("copies", count_free_sums),  # a contracted delta may leave a sum with nothing of its index
        Row("factor", _factored),  # puts the deltas that are left last, so that what is before them can be recognised
    ),
    (
        Row("re-express", _reexpressed),  # as the definition stands there: a guard or sum joined would hide it
        _plainly("divide", _divided),  # what the value itself did not make shorter
    ),
    (
        Row("guard", _without_guards),  # after the value is in, which may be 0 where a guard fails
        _plainly("factor", _tidy_factored),  # joined guards and what brevity has left out so far
        Row("fact", _by_equal_entries),  # once terms are as alike as they will be
        Row("re-express", _by_sums),  # last: it multiplies out to find a sum, which hides what the rows before look for
    ),
)

# A result: what the chain rule gives, local derivatives inserted.
RESULT: tuple[Phase, ...] = (
    (Row("cancel", _cancelled),),  # what was inserted meets its inverse: less to contract
    (Row("contract", _contracted_apart),),  # deltas that stand by themselves, whereupon factors may cancel
    (Row("contract", _contracted_within),),  # then those within brackets, which this multiplies out
    (
        Row("single", _single_terms),  # what contraction leaves of conditions that one value of an index meets
        _plainly(ARRANGED, alike),  # after all contraction, which makes equal sums in different letters
    ),
    (
        # by itself: contraction takes out of a sum the guard that this puts around its terms
        Row("guard", _without_guards),  # before anything is multiplied out, while a product has its factors together
    ),
    (
        _plainly("copies", count_free_sums),  # first: a sum counted may cancel against another
        Row("collect", _shorter),  # before facts: what cancels needs none
        Row("fact", _by_facts),  # before the sums of equations, since a number is shorter than a name
        Row("fact", _by_equal_entries),  # for the same reason
        Row("re-express", _by_sums),  # then sums by their names
        Row("re-express", _by_products),  # last: a sum that has gone leaves the factors of a product alone
    ),
    (
        _plainly("factor", _gathered),  # for the reader; what it takes out, the phase before would multiply out
        Row("sign", _arranged),  # after it: a sign is left over where all terms had one
        Row("cases", _as_cases),  # last: the terms of two cases must be as short as they will be
    ),
)

# How fast a value changes along a vector.
TANGENT: tuple[Phase, ...] = (
    (Row("contract", _contracted_only),),  # the deltas of local derivatives inserted
    (_plainly("copies", count_free_sums),),  # a contracted delta may leave a sum with nothing of its index
    (Row("factor", _grouped),),  # last: it shows what the terms share as they stand then
)
