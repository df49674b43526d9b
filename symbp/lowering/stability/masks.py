"""Exponents that count only where a condition holds: elsewhere they are so small that their exponential is 0.

The largest of masked exponents needs no condition, and an exponential of `masked - largest` needs none around it:
exp(-10^37) is 0. Where no exponent counts, the largest is LEAST, and every exponential is 1, so that a sum of them is
never 0; taken times exp(LEAST), as it always is, it is.
"""

from __future__ import annotations

from typing import Any

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import TRUE, Compare, Cond, Delta, Expr, Extreme, Int, Mul, Where
from symbp.core.integers import Node
from symbp.core.traverse import free_indices, indices_of, map_children, reads, substitute
from symbp.core.views import among, argument_of, factors_of, is_bracket
from symbp.lowering.guard import guarded
from symbp.lowering.linear import Linear, parts, places
from symbp.lowering.stability.known import Known, holds, surely_some

# Below every exponent in float32 (`Reach`), and a sum of some dozens of them is within its range.
LEAST = build.num(-(10**37))
LARGEST = build.num(10**37)


def masked(cond: Cond, exponent: Expr) -> Expr:
    """The exponent where the condition holds, else LEAST; as the smaller of two where that is a smaller array."""
    if cond == TRUE:
        return exponent
    if set(free_indices(cond)) < set(free_indices(exponent)) and not keeps_inside(cond, exponent):
        bound = Where(cond, LARGEST, LEAST)
        return Where(Compare("<", exponent, bound), exponent, bound)
    return Where(cond, exponent, LEAST)


def keeps_inside(cond: Cond, exponent: Expr) -> bool:
    """Is something read at a place that depends on the condition's indices and may lie outside where it fails?"""
    own = set(free_indices(cond))
    subs = (s for r in reads(exponent) for s in r.subs)
    return any(s.index is None and not own.isdisjoint(indices_of(s)) for s in subs)


def masks_around(node: Node) -> Any:
    """The expression with a mask that keeps a read inside around it, not beside it as a factor."""
    match done := map_children(node, masks_around):
        case Mul(factors):
            for bracket in filter(is_bracket, factors):
                rest = build.mul(*(f for f in factors if f is not bracket))
                if keeps_inside(bracket.cond, rest):
                    return build.where(bracket.cond, masks_around(rest), build.NIL)
    return done


def unmasked(expr: Expr) -> tuple[Cond, Expr]:
    """When a masked exponent counts, and the exponent; TRUE of one that is not masked."""
    match expr:
        case Where(Compare("<", a, Where(cond, high, low)), b, _) if (a, high, low) == (b, LARGEST, LEAST):
            return cond, a
        case Where(cond, a, low) if low == LEAST:
            return cond, a
    return TRUE, expr


def with_masks(m: Linear, known: Known) -> Linear:
    """The exponent with a masked one in the place of its own where the mask is known to hold: so that it is written
    as the sum over all of them writes it."""
    for largest in among((e for e, _ in m.terms), Extreme):
        if unmasked(largest.body)[0] != TRUE:
            m = Linear.collect((_with_mask(a, largest, known), d) for a, d in m.terms)
    return m


def _with_mask(a: Expr, largest: Extreme, known: Known) -> Expr:
    for table in places(largest, a):
        own = substitute(largest.body, table)
        cond, exponent = unmasked(own)
        if key(exponent) == key(a) and holds(cond, known):
            return own
    return a


def is_zero_elsewhere(then: Expr, cond: Cond) -> bool:
    """Is what is to be computed where `cond` holds 0 elsewhere by itself, and harmless to compute?"""
    exponents = (argument_of(f, "exp") for f in factors_of(then))
    if any(e is not None and _is_zero_elsewhere(parts(e), cond) for e in exponents):
        return guarded(then, cond) == then
    return False


def _is_zero_elsewhere(exponent: Linear, cond: Cond) -> bool:
    """Is it a masked exponent less the largest, the mask `cond` itself, and is one of them sure to count?"""
    match sorted(exponent.terms, key=lambda t: t[1] < 0):
        case (a, p), (Extreme() as largest, q) if p == -q:
            (mask, _), (inner, _) = unmasked(a), unmasked(largest.body)
            same = any(key(substitute(largest.body, table)) == key(a) for table in places(largest, a))
            return mask != TRUE and same and holds(cond, ((mask, True),)) and surely_some(inner, largest.indices)
    return False


def counting(v: Expr) -> tuple[Cond, list[Expr]]:
    """The masks among the factors as one condition, and the other factors."""
    factors = factors_of(v)
    conds = [_mask(f) for f in factors]
    return build.both(*(c for c in conds if c is not None)), [
        f for f, c in zip(factors, conds, strict=True) if c is None
    ]


def _mask(f: Expr) -> Cond | None:
    """The condition where a factor is 1; elsewhere it is 0."""
    match f:
        case Where(cond, build.UNIT, build.NIL):
            return cond
        case Delta(a, b):
            return Compare("==", Int(a), Int(b))
    return None
