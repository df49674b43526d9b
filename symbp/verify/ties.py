"""Which indices of a sum its deltas tie to the others: in `sum over o, u of f[o, u] * delta(2*o + u, n)` u gives o.

Where the delta is 0 the term is, so the sum goes, for each u, to the one o with 2*o = n - u, if there is one. The delta
itself stays in the product and is evaluated like everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbp.core.expr import Delta, Expr, Mul, Sum
from symbp.core.integers import Index, Poly
from symbp.core.traverse import indices_of
from symbp.verify.extents import is_plain


@dataclass(frozen=True, slots=True)
class Tie:
    """coefficient * index = value, where the value holds no index that is tied later."""

    index: Index
    coefficient: int
    value: Poly


def ties(node: Sum, length: Callable[[Index], int]) -> tuple[Tie, ...]:
    """A tie for each delta that is a factor of the whole body, each of another index: the longest that it can."""
    if not have_plain_ranges(node):
        return ()
    found: list[Tie] = []
    for delta in (f for f in factors(node.body) if isinstance(f, Delta)):
        difference = delta.a - delta.b
        used = {j for t in found for j in (t.index, *indices_of(t.value))}
        free = [i for i in node.indices if i not in used and _is_linear(difference, i)]
        if free:
            found.append(_tie(difference, max(free, key=length)))
    return tuple(found)


def factors(body: Expr) -> tuple[Expr, ...]:
    """What a body is the product of."""
    return tuple(f for a in body.args for f in factors(a)) if isinstance(body, Mul) else (body,)


def have_plain_ranges(node: Sum) -> bool:
    """Does no range depend on another index?"""
    return all(is_plain(i.start) and is_plain(i.stop) for i in node.indices)


def _is_linear(poly: Poly, index: Index) -> bool:
    """Does the index occur in it, once and with a number before it?"""
    times = poly.coefficient(index).constant or 0
    return times != 0 and index not in indices_of(poly - Poly.of(index) * times)


def _tie(difference: Poly, index: Index) -> Tie:
    times = difference.coefficient(index).constant or 0
    rest = Poly.of(index) * times - difference
    return Tie(index, times, rest) if times > 0 else Tie(index, -times, -rest)
