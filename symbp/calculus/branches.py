"""What an equation says in each case of a choice by its indices: what a recurrence is at its first step, and after it.

From `mu[l] = sum(a[l - 1, d] if 1 <= l else x[d] for d in D) / D` follow `mu[l] = sum(a[l - 1, d] for d in D) / D`
where 1 <= l, and `mu[0] = sum(x[d] for d in D) / D`. An expression in which the choice is already made is an instance
of one of these, and not of the equation as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbp.calculus.single import Conds, refuted, single
from symbp.core import build
from symbp.core.expr import Binder, Cond, Expr, Or, Read, Where
from symbp.core.guards import settle, settle_condition, under, within
from symbp.core.integers import Atom, Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, map_values, reads, substitute, substitute_poly, walk
from symbp.core.views import conjuncts

MOST_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Branch:
    """That an entry is what a body says where some conditions hold, for all values of the indices."""

    indices: tuple[Index, ...]
    entry: Read
    body: Expr
    when: Conds = ()


def branches(equation: Equation) -> tuple[Branch, ...]:
    """The equation as it stands, and in each case of its choices by its own indices."""
    whole = Branch(equation.letters, equation.entry, equation.body)
    conds = tuple(dict.fromkeys(_choices(equation)))
    return (whole, *_cases(whole, conds)) if 0 < len(conds) <= MOST_CHOICES else (whole,)


def _choices(equation: Equation) -> Iterator[Cond]:
    """The conditions on the equation's own indices between which it chooses."""
    for node in walk(equation.body):
        if isinstance(node, Where) and not reads(node.cond) and set(free_indices(node.cond)) <= set(equation.indices):
            yield node.cond


def _cases(branch: Branch, conds: tuple[Cond, ...]) -> Iterator[Branch]:
    """A branch for each way in which the conditions hold or fail together."""
    if not conds:
        yield branch
        return
    first, *rest = conds
    for case in (conjuncts(first), refuted(first)):
        body = under(branch.body, case)
        if body != branch.body and not any(isinstance(c, Or) for c in case):
            found = Branch(branch.indices, branch.entry, body, (*branch.when, *case))
            yield from _cases(_pinned(found), tuple(rest))


def _pinned(branch: Branch) -> Branch:
    """The branch with the one value in the place of an index that its conditions leave no other."""
    for index in branch.indices:
        value = single(branch.when, index)
        if value is not None:
            table: dict[Atom, Poly] = {index: value}
            when = (settle_condition(substitute(c, table)) for c in (*branch.when, *within(value, index)))
            left = (substitute_poly(Poly.of(i), table).index for i in branch.indices if i != index)
            indices = tuple(i for i in left if i is not None)
            entry = substitute(branch.entry, table)
            return Branch(indices, entry, settle(substitute(branch.body, table)), tuple(when))
    return branch


def reads_once(equation: Equation, tensor: str) -> bool:
    """Does the equation read a tensor at a single value of an index alone, as a recurrence its start?"""
    found = list(_places(equation.body, tensor, ()))
    return bool(found) and all(any(single(c, i) is not None for i in equation.indices) for c in found)


def _places(expr: Expr, tensor: str, given: Conds) -> list[Conds]:
    """What holds at each read of a tensor."""
    found = [given] if isinstance(expr, Read) and expr.tensor == tensor else []

    def visit(part: Expr, inner: Conds) -> Expr:
        found.extend(_places(part, tensor, inner))
        return part

    map_under(expr, given, visit)
    return found


def map_under(node: Expr, given: Conds, function: Callable[[Expr, Conds], Expr]) -> Expr:
    """The expression with `function` of each part and of what holds where that part counts."""
    if isinstance(node, Where):
        then = function(node.then, (*given, *conjuncts(node.cond)))
        return build.where(node.cond, then, function(node.other, (*given, *refuted(node.cond))))
    if isinstance(node, Binder):  # what is bound inside has nothing to do with what it is outside
        given = tuple(g for g in given if not any(i in node.indices for i in free_indices(g)))
    return map_values(node, lambda c: function(c, given))
