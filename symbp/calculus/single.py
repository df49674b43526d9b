"""Conditions that a single value of a summed index meets: `t < 1`, where t starts at 0, is t = 0.

Of a sum over t under such a condition one term is left, so the condition is written as a delta of t and that value,
which `calculus.contract` then solves like any other. That is how the start of a recurrence, which the first step alone
reads, gets its gradient from that step.
"""

from __future__ import annotations

from itertools import product

from symbp.core import build
from symbp.core.expr import And, Compare, Cond, Delta, Expr, Mul, Not, Or, Where
from symbp.core.guards import arranged, bound_on, opposite, settle_condition
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import free_indices, indices_of, substitute
from symbp.core.views import conjuncts, integers_compared

Conds = tuple[Cond, ...]


def single(conds: Conds, index: Index) -> Poly | None:
    """The one value of the index that can meet all the conditions, or None where that is not known.

    Whether it is in the index's range is another question: of 1 <= t < 2 it is 1, also where t ends at 1.
    """
    about = [c for c in conds if index in free_indices(c)]
    equal = [value for c in about if (value := _equal(c, index)) is not None]
    if equal:
        return equal[0]
    sides = [bound_on(c, index) for c in about]
    ends = [s for s in sides if s is not None]
    lows = [index.start, *(bound for bound, is_upper in ends if not is_upper)]
    highs = [index.stop - 1, *(bound - 1 for bound, is_upper in ends if is_upper)]
    pairs = [low for (k, low), (j, high) in product(enumerate(lows), enumerate(highs)) if k + j and low == high]
    return pairs[0] if pairs else None


def _equal(cond: Cond, index: Index) -> Poly | None:
    """What an equation says that the index is."""
    sides = integers_compared(cond)
    if sides is None or not isinstance(cond, Compare) or cond.op != "==":
        return None
    a, b = sides
    step = (a - b).coefficient(index)
    value = (a - b - step * index) * -step
    return value if step.constant in (1, -1) and index not in tuple(indices_of(value)) else None


def guarded(expr: Expr) -> tuple[Conds, Expr] | None:
    """A value that is 0 unless some conditions hold, as these and the value; None where it is no such thing."""
    if isinstance(expr, Mul):
        found = [guarded(f) or ((), f) for f in expr.args]
        conds = tuple(c for part, _ in found for c in part)
        return (conds, build.mul(*(value for _, value in found))) if conds else None
    if not isinstance(expr, Where) or build.NIL not in (expr.then, expr.other):
        return None
    conds, value = (conjuncts(expr.cond), expr.then) if expr.other == build.NIL else (refuted(expr.cond), expr.other)
    inner = guarded(value)
    return (conds, value) if inner is None else ((*conds, *inner[0]), inner[1])


def refuted(cond: Cond) -> Conds:
    """What holds where a condition fails, as conditions that all hold."""
    match cond:
        case Not(arg):
            return conjuncts(arg)
        case Or(args):
            return tuple(c for a in args for c in refuted(a))
        case Compare("!=", a, b):
            return (Compare("==", a, b),)
        case And(args) if len(args) != 1:
            return (build.negate(cond),)
    return (opposite(cond),)


def as_delta(expr: Expr, index: Index) -> tuple[Delta, Expr] | None:
    """A value that is 0 but for one value of the index: the delta that says so, and the value there."""
    found = guarded(expr)
    value = None if found is None else single(found[0], index)
    if found is None or value is None or index in tuple(indices_of(value)):
        return None
    conds, then = found
    table: dict[Atom, Poly] = {index: value}
    rest = tuple(arranged(settle_condition(substitute(c, table))) for c in conds)
    delta = build.delta(Poly.of(index), value)
    if not isinstance(delta, Delta):
        return None
    return delta, build.where(build.both(*rest), then, build.NIL)
