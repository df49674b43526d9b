"""Conditions: which are always true or never (`0 <= t + 1` where t starts at 0), and which follow from which."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, And, Binder, Compare, Cond, Expr, First, Int, Num, Or, Where
from symbp.core.integers import ONE, Atom, Index, Poly
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import free_indices, indices_of, map_children, substitute
from symbp.core.views import conjuncts, integers_equated

Given = tuple[Cond, ...]


def settle(expr: Expr) -> Expr:
    """The expression with every choice made whose condition is known from the ranges of its indices."""
    done = map_children(expr, lambda c: settle(c) if isinstance(c, Expr) else c)
    if isinstance(done, Where):
        return build.where(settle_condition(done.cond), done.then, done.other)
    return done


def settle_condition(cond: Cond) -> Cond:
    """The condition without the parts that are always true; false where a part never is."""
    if isinstance(cond, And):
        return build.both(*(settle_condition(c) for c in cond.args))
    if isinstance(cond, Or):
        return build.either(*(settle_condition(c) for c in cond.args))
    return _decide(cond) if isinstance(cond, Compare) else cond


def _decide(cond: Compare) -> Cond:
    margin = slack(cond)
    if margin is None:
        return cond
    if _surely_nonnegative(margin):
        return TRUE
    return FALSE if _surely_nonnegative(-margin - 1) else cond


def slack(cond: Cond) -> Poly | None:
    """The integer that is at least 0 exactly where a comparison of integers by their order holds."""
    if not isinstance(cond, Compare) or cond.op not in ("<", "<=", ">", ">="):
        return None
    a, b = _poly(cond.a), _poly(cond.b)
    if a is None or b is None:
        return None
    return b - a - (cond.op == "<") if cond.op in ("<", "<=") else a - b - (cond.op == ">")


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
        if isinstance(part, First):
            at: dict[Atom, Poly] = dict(zip(part.indices, part.at, strict=True))
            found += conjuncts(substitute(part.cond, at))
    return tuple(found)


def without_equations(cond: Cond) -> tuple[Cond, tuple[Expr, ...]]:
    """What a condition says beside equating integers, and a delta for each two that it equates."""
    found = [(c, integers_equated(c)) for c in conjuncts(cond)]
    deltas = tuple(build.delta(*sides) for _, sides in found if sides is not None)
    return build.both(*(c for c, sides in found if sides is None)), deltas


def within(value: Poly, index: Index) -> Given:
    """That a value is in the range of an index."""
    return at_most(index.start, value), below(value, index.stop)


def under(expr: Expr, given: Given) -> Expr:
    """The expression where the given conditions hold: choices that they decide are made."""
    if isinstance(expr, Where):
        return _choice_under(expr, given)
    if isinstance(expr, Binder):  # what is bound inside has nothing to do with what it is outside
        given = tuple(g for g in given if not any(i in expr.indices for i in free_indices(g)))
    return map_children(expr, lambda c: under(c, given) if isinstance(c, Expr) else c)


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
    if isinstance(cond, And):
        return build.both(*(arranged(c) for c in cond.args))
    if isinstance(cond, Compare) and cond.op in ("<", "<="):
        a, b = _poly(cond.a), _poly(cond.b)
        return cond if a is None or b is None else _arranged(cond.op, a, b)
    return cond


def _arranged(op: str, a: Poly, b: Poly) -> Cond:
    difference = b - a
    above = Poly(tuple((m, c) for m, c in difference.terms if c > 0))
    return build.compare(op, build.integer(above - difference), build.integer(above))


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def opposite(cond: Cond) -> Cond:
    """Not that; of an order of integers the order the other way round."""
    if isinstance(cond, Compare) and slack(cond) is not None:
        return Compare(_OPPOSITE[cond.op], cond.a, cond.b)
    return build.negate(cond)


def _surely_nonnegative(poly: Poly) -> bool:
    least = lowest(poly)
    return least is not None and is_nonnegative(least)


def _poly(expr: Expr) -> Poly | None:
    if isinstance(expr, Int):
        return expr.value
    if isinstance(expr, Num) and expr.value.denominator == 1:
        return Poly.of(int(expr.value))
    return None


def bound_on(test: Cond, c: Index) -> tuple[Poly, bool] | None:
    """A comparison as `c < bound` (and True) or as `bound <= c` (and False)."""
    if not isinstance(test, Compare) or test.op not in ("<", "<=", ">", ">="):
        return None
    a, b = build.as_integer(test.a), build.as_integer(test.b)
    if a is None or b is None:
        return None
    if test.op in (">", ">="):
        a, b = b, a
    distance = b - a  # of a < b or a <= b: at least 1, or at least 0
    least = 1 if test.op in ("<", ">") else 0
    coefficient = distance.coefficient(c)
    rest = distance - coefficient * c
    if any(i == c for i in indices_of(rest)):
        return None
    if coefficient == -ONE:
        return rest - least + 1, True
    return (Poly.of(least) - rest, False) if coefficient == ONE else None
