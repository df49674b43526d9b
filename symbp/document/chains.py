"""A derivation's chains as the document shows them: line by line with the rules in words, then in matrix form."""

from __future__ import annotations

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.network import Equation
from symbp.document.looks import whole_form
from symbp.document.model import Chain, Entry, Row
from symbp.document.rules import why
from symbp.document.wholes import form_words, whole_chain


def chain_of(d: Derivation | HessianProduct, steps: Steps) -> Chain:
    """A chain of steps, its number at the last."""
    number = d.number(steps.key)
    last = len(steps.steps) - 1
    before = (None, *(s.value for s in steps.steps))
    rows = (
        Row(Entry(s.value), why(s.rule, d, before[k]), number if k == last else None) for k, s in enumerate(steps.steps)
    )
    return Chain(Entry(steps.lhs), tuple(rows), f"equation ({number})" if number else _spelt(steps))


def _spelt(steps: Steps) -> str:
    return f"the paths of {steps.key.split('|')[0]}"


def with_matrix_form(d: Derivation | HessianProduct, chain: Chain, equation: Equation) -> tuple[Chain, ...]:
    """The chain that ends in an equation, and the matrix form of that where it has one."""
    form = whole_form(d, equation)
    if form is None:
        return (chain,)
    return chain, whole_chain(equation, form, f"{chain.where}, matrix form", form_words(form))
