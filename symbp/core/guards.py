"""Conditions: which are always true or never (`0 <= t + 1` where t starts at 0), and which follow from which."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, And, Compare, Cond, Expr, Extreme, First, Or, Sum, Where
from symbp.core.integers import ONE, Atom, Index, Poly
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import free_indices, indices_of, map_values, substitute
from symbp.core.views import conjuncts, integers_compared

Given = tuple[Cond, ...]


def settle(expr: Expr) -> Expr:
    """The expression with every choice made whose condition is known from the ranges of its indices."""
    done = map_values(expr, settle)
    match done:
        case Where(cond, then, other):
            return build.where(settle_condition(cond), then, other)
    return done


def settle_condition(cond: Cond) -> Cond:
    """The condition without the parts that are always true; false where a part never is."""
    match cond:
        case And(args):
            return build.both(*map(settle_condition, args))
        case Or(args):
            return build.either(*map(settle_condition, args))
    margin = slack(cond)
    if margin is None:
        return cond
    if _surely_nonnegative(margin):
        return TRUE
    return FALSE if _surely_nonnegative(-margin - 1) else cond


def slack(cond: Cond) -> Poly | None:
    """The integer that is at least 0 exactly where a comparison of integers by their order holds."""
    sides = integers_compared(cond)
    if sides is None:
        return None
    a, b = sides
    match cond:
        case Compare("<" | "<=" as op):
            return b - a - (op == "<")
        case Compare(">" | ">=" as op):
            return a - b - (op == ">")
    return None


def follows(cond: Cond, given: Sequence[Cond]) -> bool | None:
    """Whether a condition holds where all the given ones do: True, False or, where they do not say, None."""
    if cond in given:
        return True
    if build.negate(cond) in given:
        return False
    margin = slack(cond)
    margins = [m for g in given if (m := slack(g)) is not None] if margin is not None else []
    if margin is not None and any(_surely_nonnegative(margin - m) for m in margins):
        return True
    if margin is not None and any(_surely_nonnegative(-margin - 1 - m) for m in margins):
        return False
    return None


def holds(cond: Cond, given: Sequence[Cond]) -> bool:
    """Is it known that a condition holds where all the given ones do?"""
    return settle_condition(cond) == TRUE or bool(follows(cond, given))


def told(cond: Cond) -> Given:
    """What holds where a condition does, one by one; of a place that is a hit what its own condition says."""
    found: list[Cond] = []
    for part in conjuncts(cond):
        found.append(part)
        match part:
            case First(_, indices, _, own, at):
                place: dict[Atom, Poly] = dict(zip(indices, at, strict=True))
                found += conjuncts(substitute(own, place))
    return tuple(found)


def within(value: Poly, index: Index) -> Given:
    """That a value is in the range of an index."""
    return at_most(index.start, value), below(value, index.stop)


def under(expr: Expr, given: Given) -> Expr:
    """The expression where the given conditions hold: choices that they decide are made."""
    match expr:
        case Where():
            return _choice_under(expr, given)
        case Sum(indices) | Extreme(_, indices):  # what is bound inside has nothing to do with what it is outside
            given = tuple(g for g in given if not any(i in indices for i in free_indices(g)))
    return map_values(expr, lambda c: under(c, given))


def _choice_under(choice: Where, given: Given) -> Expr:
    left = []
    for part in conjuncts(choice.cond):
        known = follows(part, given)
        if known is False:
            return under(choice.other, given)
        if known is None:
            left.append(part)
    cond = build.both(*left)
    other = tuple(opposite(c) for c in left) if len(left) == 1 else ()
    return build.where(cond, under(choice.then, (*given, *left)), under(choice.other, (*given, *other)))


def at_most(a: Poly, b: Poly) -> Cond:
    """a <= b, every term on the side where it is positive: 0 <= t - 1 is 1 <= t."""
    return _arranged("<=", a, b)


def below(a: Poly, b: Poly) -> Cond:
    """a < b, arranged in the same way."""
    return _arranged("<", a, b)


def arranged(cond: Cond) -> Cond:
    """The condition with its inequalities of integers arranged so."""
    match cond:
        case And(args):
            return build.both(*map(arranged, args))
        case Compare("<" | "<=" as op) if (sides := integers_compared(cond)) is not None:
            return _arranged(op, *sides)
    return cond


def _arranged(op: str, a: Poly, b: Poly) -> Cond:
    difference = b - a
    above = Poly(tuple((m, c) for m, c in difference.terms if c > 0))
    return build.compare(op, build.integer(above - difference), build.integer(above))


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def opposite(cond: Cond) -> Cond:
    """Not that; of an order of integers the order the other way round."""
    match cond:
        case Compare(op, a, b) if slack(cond) is not None:
            return Compare(_OPPOSITE[op], a, b)
    return build.negate(cond)


def _surely_nonnegative(poly: Poly) -> bool:
    least = lowest(poly)
    return least is not None and is_nonnegative(least)


def bound_on(test: Cond, c: Index) -> tuple[Poly, bool] | None:
    """A comparison as `c < bound` (and True) or as `bound <= c` (and False)."""
    margin = slack(test)
    if margin is None:
        return None
    coefficient = margin.coefficient(c)
    rest = margin - coefficient * c
    if any(i == c for i in indices_of(rest)):
        return None
    if coefficient == -ONE:
        return rest + 1, True
    return (-rest, False) if coefficient == ONE else None
