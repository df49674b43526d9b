"""A derivation's chains as the document shows them: line by line with the rules in words, then in matrix form."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import Derivation, HessianProduct, Step
from symbp.core import build
from symbp.core.expr import Expr, Mul, Where
from symbp.core.network import Equation
from symbp.document.looks import whole_form
from symbp.document.model import Chain, Entry, Row
from symbp.document.rules import why
from symbp.document.said import Figure, Said, said
from symbp.document.wholes import form_words, whole_chain
from symbp.matrix import by_cases


def chain_of(d: Derivation | HessianProduct, steps: Steps, where: Said | None = None) -> Chain:
    """A chain of steps, its number at the last; `where` it stands is by its number if nothing is said."""
    number = d.number(steps.key)
    shown = _without_reordering(steps.steps)
    last = len(shown) - 1
    before = (None, *(s.value for s in shown))
    rows = (Row(Entry(s.value), why(s.rule, d, before[k]), number if k == last else None) for k, s in enumerate(shown))
    if where is None:
        assert number is not None
        where = said("place.equation", number=Figure(number))
    return Chain(Entry(steps.lhs), tuple(rows), where)


def _without_reordering(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps without those that only write the factors of the line before in another order."""
    shown: list[Step] = []
    for step in steps:
        if shown and not step.rule.renamed and _factors(shown[-1].value) == _factors(step.value):
            shown[-1] = Step(step.value, shown[-1].rule)
        else:
            shown.append(step)
    return tuple(shown)


def _factors(e: Expr) -> Counter[Expr]:
    """The factors; of something or nothing, the bracket and what stands beside it."""
    match e:
        case Mul(args):
            return sum((_factors(a) for a in args), Counter())
        case Where(cond, then, other) if other == build.NIL != then and then != build.UNIT:
            return Counter([Where(cond, build.UNIT, build.NIL)]) + _factors(then)
    return Counter([e])


def with_matrix_form(d: Derivation | HessianProduct, chain: Chain, equation: Equation) -> tuple[Chain, ...]:
    """The chain that ends in an equation, and the matrix form of that where it has one."""
    form = whole_form(d, equation)
    chain = _by_cases(chain, equation.body)
    if form is None:
        return (chain,)
    return chain, whole_chain(equation, form, said("place.matrix", place=chain.where), form_words(form))


def _by_cases(chain: Chain, body: Expr) -> Chain:
    """The chain with its result case by case, where a factor of it is a choice."""
    cases = by_cases(body)
    if cases == body or not chain.rows:
        return chain
    last = chain.rows[-1]
    row = Row(Entry(cases), (said("form.cases"),), last.number)
    return replace(chain, rows=(*chain.rows[:-1], replace(last, number=None), row))
