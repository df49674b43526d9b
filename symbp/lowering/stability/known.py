"""Conditions that are known to hold where an expression is computed, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.expr import TRUE, Compare, Cond, Expr, Read, Where
from symbp.core.guards import follows, settle_condition, slack
from symbp.core.integers import Index
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import free_indices, indices_of
from symbp.core.views import conjuncts
from symbp.lowering.linear import Linear, parts

Known = tuple[tuple[Cond, bool], ...]


def outside(known: Known, indices: tuple[Index, ...]) -> Known:
    """What is known where the indices are bound anew: nothing about them."""
    return tuple((c, true) for c, true in known if not any(i in indices for i in free_indices(c)))


def about(read: Read, known: Known) -> Known:
    """What is known of an entry: nothing that is of other indices alone."""
    mine = {i for s in read.subs for i in indices_of(s)}
    return tuple((c, true) for c, true in known if not (of := free_indices(c)) or any(i in mine for i in of))


def branch(body: Expr, known: Known) -> Expr:
    """The branch taken, where the condition is known."""
    match body:
        case Where(cond, then, _) if (cond, True) in known or holds(cond, known):
            return branch(then, known)
        case Where(cond, _, other) if (cond, False) in known:
            return branch(other, known)
    return body


def holds(cond: Cond, known: Known) -> bool:
    """Does a condition hold where all those known do?"""
    given = tuple(c for k, true in known if true for c in conjuncts(k))
    return all(_follows(c, given) for c in conjuncts(cond))


def _follows(cond: Cond, given: tuple[Cond, ...]) -> bool:
    """The same, of integers that differ if the one is less or the other."""
    if follows(cond, given) or settle_condition(cond) == TRUE:
        return True
    match cond:
        case Compare("!=", a, b):
            turned = Compare("!=", b, a) in given
            return turned or any(_follows(build.compare(op, a, b), given) for op in ("<", ">"))
    return False


def nonpositives(known: Known) -> Iterator[Linear]:
    """What is 0 or less, by the comparisons that are known to hold or not to."""
    for smaller, larger, _ in ordered(known):
        yield parts(smaller) - parts(larger)


def ordered(known: Known) -> Iterator[tuple[Expr, Expr, Known]]:
    """What is no more than what, by the comparisons that are known to hold or not to; and what else is known."""
    for k, (cond, true) in enumerate(known):
        for c in conjuncts(cond) if true else (cond,):
            match c:
                case Compare("<" | "<=" | ">" | ">=" as op, a, b):
                    pair = (a, b) if (op in ("<", "<=")) == true else (b, a)
                    yield *pair, known[:k] + known[k + 1 :]


def surely_some(cond: Cond, indices: tuple[Index, ...]) -> bool:
    """Is there, whatever the other indices are, a value of one index for which the condition holds?

    Of `s <= t` there is, at s = 0: the condition is affine, so it holds for some s if it does at the better end.
    """
    margin = slack(cond)
    if margin is None or len(indices) != 1:
        return False
    others = tuple(i for i in indices_of(margin) if i not in indices)
    best = highest(margin, keep=others)
    least = None if best is None else lowest(best)
    return least is not None and is_nonnegative(least)
