"""The product of two arrays, summed over what no other array holds: one matrix product, or a dot product.

Axes of a kind (those of a batch, those of one factor alone, those that are summed) are merged into one, which is a view
where they lie side by side in memory.
"""

from __future__ import annotations

from symbp.core.integers import Index, Poly
from symbp.lowering.builder import extent
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.merging import reduced, side_by_side
from symbp.lowering.program import Operand, array_of
from symbp.lowering.stacks import stacked_product
from symbp.lowering.windows import columns as window_columns


def pair(at: Entries, a: Labelled, b: Labelled, summed: tuple[Index, ...]) -> Labelled:
    """The product of two arrays, summed over indices that no other holds."""
    shared = [i for i in a.axes if i in b.axes]
    batch = tuple(sorted((i for i in shared if i not in summed), key=at.place))
    free_a = tuple(i for i in a.axes if i not in shared)
    free_b = tuple(i for i in b.axes if i not in shared)
    if not summed or (batch and not free_a and not free_b):
        return reduced(at, at.apply("mul", *sorted((a, b), key=lambda g: len(g.axes))), summed)
    a, b = at.number(a), at.number(b)
    if at.windows:
        free_a, free_b = _as_wanted(at, a, free_a), _as_wanted(at, b, free_b)
    stacked = stacked_product(at, a, b, summed)
    if stacked is not None:
        return stacked
    inner = tuple(i for i in (a if len(a.axes) >= len(b.axes) else b).axes if i in summed)
    if not batch and not free_a and not free_b:
        return _dot(at, a, b, inner)
    if free_a and free_b and _comes_first(at, free_b, free_a, batch):
        a, b, free_a, free_b = b, a, free_b, free_a
    return _matmul(at, a, b, (batch, free_a, inner, free_b))


def _comes_first(at: Entries, one: tuple[Index, ...], other: tuple[Index, ...], batch: tuple[Index, ...]) -> bool:
    """Should one factor stand left of the other? What is summed later together with the batch stands beside it, so that
    both are merged as they lie; else what stands innermost comes from the right."""
    if batch and all(i in at.later for i in batch):
        mine, theirs = (all(i in at.later for i in free) for free in (one, other))
        if mine != theirs:
            return mine
    return max(map(at.place, one)) < max(map(at.place, other))


def _as_wanted(at: Entries, a: Labelled, free: tuple[Index, ...]) -> tuple[Index, ...]:
    """The axes that are not summed, in the order wanted where that costs nothing: an input is turned as a whole."""
    return tuple(sorted(free, key=at.place)) if at.builder.made(a.value) is None else free


def _dot(at: Entries, a: Labelled, b: Labelled, inner: tuple[Index, ...]) -> Labelled:
    values = (at.ordered(a, inner).value, at.ordered(b, inner).value)
    return Labelled(at.builder.emit("vdot", values, ()))


def _matmul(at: Entries, a: Labelled, b: Labelled, parts: tuple[tuple[Index, ...], ...]) -> Labelled:
    """`a` as (batch, free, inner) times `b` as (batch, inner, free), several axes of a kind merged into one."""
    batch, free_a, inner, free_b = parts
    a, b = window_columns(at, a), window_columns(at, b)
    if at.windows and not batch and (_around(a, inner) is None) != (_around(b, inner) is None):
        return _stacked(at, *((a, b) if _around(a, inner) is None else (b, a)), inner)
    left = _merged(at, a, (batch, free_a, inner))
    right = _merged(at, b, (batch, inner, free_b))
    if batch and not free_a:
        left = at.builder.expand(left, (len(batch),))
    if batch and not free_b:
        right = at.builder.expand(right, (len(batch) + 1,))
    rows = (extent(_extents(free_a)),) if free_a or batch else ()
    columns = (extent(_extents(free_b)),) if free_b or batch else ()
    axes = (*batch, *free_a, *free_b)
    if rows and columns and not batch:
        turned = (at.builder.transpose(right, (1, 0)), at.builder.transpose(left, (1, 0)))
        found = at.builder.known("matmul", turned, columns + rows)
        if found is not None:  # the same product, computed the other way round
            back = array_of(at.builder.transpose(found, (1, 0)))
            return Labelled(at.builder.reshape(back, _extents(axes)), axes)
    value = at.builder.emit("matmul", (left, right), _extents(batch) + rows + columns)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _around(a: Labelled, inner: tuple[Index, ...]) -> tuple[tuple[Index, ...], ...] | None:
    """The axes before, of and after summed ones that stand together in the middle."""
    places = sorted(a.axes.index(i) for i in inner)
    first, end = places[0], places[-1] + 1
    if end - first > len(places) or first == 0 or end == len(a.axes):
        return None
    return a.axes[:first], a.axes[first:end], a.axes[end:]


def _stacked(at: Entries, a: Labelled, b: Labelled, inner: tuple[Index, ...]) -> Labelled:
    """`b` has summed axes in the middle: a matrix for each value of those before them, as it lies in memory."""
    around = _around(b, inner)
    assert around is not None
    before, summed, after = around
    free = _as_wanted(at, a, tuple(i for i in a.axes if i not in inner))
    left, right = _merged(at, a, ((), free, summed)), at.ordered(b, (*before, *summed, *after)).array
    parts = tuple(extent(_extents(part)) for part in (before, summed, after))
    shape = (parts[0], *((extent(_extents(free)),) if free else ()), parts[2])
    value = at.builder.emit("matmul", (left, at.builder.reshape(right, parts)), shape)
    axes = (*before, *free, *after)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _merged(at: Entries, a: Labelled, parts: tuple[tuple[Index, ...], ...]) -> Operand:
    """The array with its axes in that order, the batch kept apart and each later part merged into one axis."""
    a = side_by_side(at, a, parts[1:])
    merged = tuple(extent(_extents(part)) for part in parts[1:] if part)
    if len(merged) == 2 and not parts[0] and a.axes == (*parts[2], *parts[1]):
        return at.builder.transpose(at.builder.reshape(a.array, (merged[1], merged[0])), (1, 0))
    value = at.ordered(a, tuple(i for part in parts for i in part)).array
    return at.builder.reshape(value, _extents(parts[0]) + merged)


def _extents(indices: tuple[Index, ...]) -> tuple[Poly, ...]:
    return tuple(i.extent for i in indices)
