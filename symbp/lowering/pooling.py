"""The largest of a window and its adjoint, offset by offset over slices.

The adjoint goes to the first entry that attains the largest. With g what is left to give, in
row-major order:  g_0 = g * (x_0 == m),  g = g - g_0,  g_1 = g * (x_1 == m),  ...;  the last gets what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from symbp.core import build
from symbp.core.expr import TRUE, Cond, Expr, Extreme, First
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import polys, substitute, walk
from symbp.core.views import is_bracket
from symbp.lowering.digits import adds_indices
from symbp.lowering.labelled import Entries, Labelled

Hit = tuple[Extreme, tuple[Index, ...]]  # an extreme, and the summed indices that run over its window
MOST = 64  # offsets that are written out, one after the other


def positions(indices: tuple[Index, ...]) -> list[dict[Atom, Poly]] | None:
    """The values of indices with constant ranges in row-major order, unless they are too many."""
    ranges = []
    for i in indices:
        start, stop = i.start.constant, i.stop.constant
        if start is None or stop is None:
            return None
        ranges.append(range(start, stop))
    found = list(product(*ranges))
    return [dict(zip(indices, map(Poly.of, at), strict=True)) for at in found] if 0 < len(found) <= MOST else None


def window_extreme(at: Entries, node: Extreme) -> Labelled | None:
    """The extreme over a window as a chain of `maximum` over slices, or None where it is no such extreme."""
    places = positions(node.indices)
    if places is None or node.cond != TRUE or not _is_window(node.body, node.indices):
        return None
    op = "maximum" if node.kind == "max" else "minimum"
    result = at.number(at.value(substitute(node.body, places[0])))
    for place in places[1:]:
        result = at.apply(op, result, at.number(at.value(substitute(node.body, place))))
    return result


def _is_window(body: Expr, indices: tuple[Index, ...]) -> bool:
    """Does a subscript add one of the indices to another index?"""
    return any(adds_indices(p) and any(i in p.atoms() for i in indices) for n in walk(body) for p in polys(n))


def first_hit_of(factor: Expr, indices: tuple[Index, ...]) -> Hit | None:
    """The extreme whose first hit a factor marks, and those of the summed indices that run over its window."""
    return hit_of(factor.cond, indices) if is_bracket(factor) else None


def hit_of(cond: Cond, indices: tuple[Index, ...]) -> Hit | None:
    """The same of a condition: each of the extreme's indices has one of `indices` of its range that stands for it."""
    match cond:
        case First(kind, window, body, counts, at) if counts == TRUE:
            own = tuple(i for p in at if (i := p.index) is not None and i in indices)
            ranges = [(i.start, i.stop) for i in own]
            if len(set(own)) == len(window) and ranges == [(i.start, i.stop) for i in window]:
                return Extreme(kind, window, body, counts), own
    return None


def picked(at: Entries, indices: tuple[Index, ...], factors: list[Expr]) -> Labelled | None:
    """sum_w [w is the first hit] y_w, offset by offset, or None where it is no such sum: the tangent of an extreme."""
    found = next(((f, marked) for f in factors if (marked := first_hit_of(f, indices)) is not None), None)
    places = None if found is None or set(found[1][1]) != set(indices) else positions(found[1][0].indices)
    if found is None or places is None:
        return None
    factor, (extreme, own) = found
    table = dict(zip(extreme.indices, own, strict=True))
    others = build.mul(*(f for f in factors if f is not factor))
    result = missed = None
    for place, hit in zip(places, [*_hits(at, extreme, places[:-1]), None], strict=True):
        first = missed if hit is None else hit if missed is None else at.apply("and", missed, hit, kind="bool")
        moved: dict[Atom, Poly] = {table[i]: p for i, p in place.items()}  # type: ignore[index]
        value = at.number(at.value(substitute(others, moved)))
        part = value if first is None else at.apply("mul", value, first)
        result = part if result is None else at.apply("add", result, part)
        if hit is not None:
            other = at.apply("not", hit, kind="bool")
            missed = other if missed is None else at.apply("and", missed, other, kind="bool")
    return result


def _hits(at: Entries, extreme: Extreme, places: list[dict[Atom, Poly]]) -> Iterator[Labelled]:
    """Where each offset attains the extreme."""
    largest = at.value(extreme)
    for place in places:
        yield at.apply("==", at.value(substitute(extreme.body, place)), largest, kind="bool")


def shares(at: Entries, given: Labelled, extreme: Extreme) -> list[tuple[dict[Atom, Poly], Labelled]]:
    """What each offset of the window gets of `given`, in row-major order."""
    places = positions(extreme.indices)
    assert places is not None
    result = []
    left = given
    for place, hit in zip(places[:-1], _hits(at, extreme, places[:-1]), strict=True):
        share = at.apply("mul", left, hit)
        result.append((place, share))
        left = at.apply("sub", left, share)
    return [*result, (places[-1], left)]
