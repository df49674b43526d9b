"""Reads at affine subscripts as views: a slice where each subscript has one index, strided windows where one has more.

Only for reads that are certain to stay inside; what a guard alone keeps inside is gathered.
"""

from __future__ import annotations

from symbp.core.integers import ONE, Index, Poly
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import indices_of, substitute_poly
from symbp.lowering.depends import has_plain_indices
from symbp.lowering.digits import Digits, digits_of
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.program import FLOAT, LIST, Shape, Value
from symbp.lowering.windows import turned


def affine_view(at: Entries, value: Value, subs: tuple[Poly, ...], shape: Shape) -> Labelled | None:
    """The view that these subscripts show, or None where there is none."""
    indices = [i for s in subs for i in s.atoms_of(Index)]
    if value.kind == LIST or len(set(indices)) != len(indices) or not indices:
        return None
    if not all(_is_affine(s) and _stays(s, e) for s, e in zip(subs, shape, strict=True)):
        return None
    for i in indices:
        at.place(i)
    axes = tuple(indices)
    extents = tuple(i.extent for i in axes)
    if all(len(s.atoms_of(Index)) <= 1 for s in subs):
        detail: tuple[object, ...] = tuple(_slice(s, e) for s, e in zip(subs, shape, strict=True))
        return Labelled(at.builder.emit("slice", (value,), extents, value.kind, detail), axes)
    split = _split(at, value, subs, shape)
    if split is not None:
        return split
    value, order = turned(at, value)
    subs = tuple(subs[k] for k in order)
    axes = tuple(i for s in subs for i in s.atoms_of(Index))
    extents = tuple(i.extent for i in axes)
    starts = tuple(_start(s) for s in subs)
    steps = tuple((k, s.coefficient(i)) for k, s in enumerate(subs) for i in s.atoms_of(Index))
    return Labelled(at.builder.emit("windows", (value,), extents, FLOAT, (starts, steps)), axes)


def _split(at: Entries, value: Value, subs: tuple[Poly, ...], shape: Shape) -> Labelled | None:
    """A slice whose axes are split, `x[n, B*a + b]` being x in the shape (N, A, B); None where windows overlap."""
    places = [digits_of(s) for s in subs]
    if any(p is None and any(True for _ in indices_of(s)) for p, s in zip(places, subs, strict=True)):
        return None
    cut = tuple(_slice_of(p, s, e) for p, s, e in zip(places, subs, shape, strict=True))
    found = [p for p in places if p is not None]
    counts = tuple(p.count for p in found)
    if any(d is not None for d in cut):
        value = at.builder.emit("slice", (value,), counts, value.kind, cut)
    axes = tuple(i for p in found for i in p.digits)
    return Labelled(at.builder.reshape(value, tuple(i.extent for i in axes)), axes)


def _slice_of(place: Digits | None, sub: Poly, extent: Poly) -> object:
    """None for the whole axis, a position, or start, stop and step."""
    if place is None:
        return sub
    if (place.start, place.step, place.count) == (Poly(), ONE, extent):
        return None
    return place.start, place.stop, place.step


def _is_affine(sub: Poly) -> bool:
    """Is it a combination of indices with coefficients that are positive numbers or sizes?"""
    for i in sub.atoms_of(Index):
        coefficient = sub.coefficient(i)
        if any(True for _ in indices_of(coefficient)) or not is_nonnegative(coefficient - 1):
            return False
        if any(m.count(i) > 1 for m, _ in sub.terms):
            return False
    return has_plain_indices(sub)


def _stays(sub: Poly, extent: Poly) -> bool:
    """Is it certain to stay inside?"""
    if not sub.atoms_of(Index):
        return True
    low, high = lowest(sub), highest(sub)
    return low is not None and high is not None and is_nonnegative(low) and is_nonnegative(extent - 1 - high)


def _start(sub: Poly) -> Poly:
    """Where the indices are at their first values."""
    for i in sub.atoms_of(Index):
        sub = substitute_poly(sub, {i: i.start})
    return sub


def _slice(sub: Poly, extent: Poly) -> object:
    """None for the whole axis, a position, or start, stop and step."""
    if not sub.atoms_of(Index):
        return sub
    (index,) = sub.atoms_of(Index)
    start, step = _start(sub), sub.coefficient(index)
    stop = start + step * (index.extent - 1) + 1
    if (start, step) == (Poly(), Poly.of(1)) and stop == extent:
        return None
    return start, stop, step
