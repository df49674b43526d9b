"""Which indices of a sum its deltas tie to the others: in `sum over o, u of f[o, u] * delta(2*o + u, n)` u gives o.

Where the delta is 0 the term is, so a sum over o and u goes, for each u, to the one o with 2*o = n - u, if there is
one. That is all: the delta itself stays in the product and is evaluated like everything else.
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
    if not all(is_plain(i.start) and is_plain(i.stop) for i in node.indices):
        return ()
    found: list[Tie] = []
    for delta in _deltas(node.body):
        difference = delta.a - delta.b
        free = [i for i in node.indices if i not in (t.index for t in found) and _linear(difference, i)]
        used = {j for t in found for j in indices_of(t.value)}
        free = [i for i in free if i not in used]
        if free:
            found.append(_tie(difference, max(free, key=length)))
    return tuple(found)


def _deltas(body: Expr) -> tuple[Delta, ...]:
    factors = body.args if isinstance(body, Mul) else (body,)
    return tuple(f for f in factors if isinstance(f, Delta))


def _linear(poly: Poly, index: Index) -> bool:
    """Does the index occur in it, once and with a number before it?"""
    times = poly.coefficient(index).constant or 0
    return times != 0 and index not in indices_of(poly - Poly.of(index) * times)


def _tie(difference: Poly, index: Index) -> Tie:
    times = difference.coefficient(index).constant or 0
    rest = Poly.of(index) * times - difference
    return Tie(index, times, rest) if times > 0 else Tie(index, -times, -rest)
