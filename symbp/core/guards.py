"""Conditions on indices that are always true or never: `0 <= t + 1` says nothing where t starts at 0."""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, And, Compare, Cond, Expr, Int, Num, Or, Where
from symbp.core.integers import Poly
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import map_children


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
    a, b = _poly(cond.a), _poly(cond.b)
    if a is None or b is None:
        return cond
    if cond.op in ("<", "<=", ">", ">="):
        small, large = (a, b) if cond.op in ("<", "<=") else (b, a)
        slack = 1 if cond.op in ("<", ">") else 0
        if _surely_nonnegative(large - small - slack):
            return TRUE
        if _surely_nonnegative(small - large - (1 - slack)):
            return FALSE
    return cond


def _surely_nonnegative(poly: Poly) -> bool:
    least = lowest(poly)
    return least is not None and is_nonnegative(least)


def _poly(expr: Expr) -> Poly | None:
    if isinstance(expr, Int):
        return expr.value
    if isinstance(expr, Num) and expr.value.denominator == 1:
        return Poly.of(int(expr.value))
    return None
