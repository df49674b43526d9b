"""Axes that are to be merged into one, and are not neighbours in memory, are made so by one copy.

NumPy's `reshape` would copy too, but into a new array each time. Here the whole tensor is copied once, into scratch,
with its innermost axis still innermost, and every product that needs those axes together reads that copy.
"""

from __future__ import annotations

from symbp.core.integers import Index
from symbp.lowering.builder import extent
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.program import FLOAT, VIEWS, Shape, Statement, Value

Slice = tuple[object, ...]


def side_by_side(at: Entries, a: Labelled, parts: tuple[tuple[Index, ...], ...], again: bool = False) -> Labelled:
    """The array, or a copy in which the axes of each part stand one after the other in memory.

    Where it is to be read `again` only, a copy that was made for a product serves; none is made.
    """
    apart = [part for part in parts if len(part) > 1]
    if not a.is_array or a.array.kind != FLOAT or len(apart) != 1:
        return a
    found = _behind(at, a.array)
    if found is None:
        return a
    root, dimensions, cut = found
    wanted = tuple(dimensions[a.axes.index(i)] for i in apart[0])
    if _follow(wanted, cut) or any(cut[d] is not None for d in wanted[1:]):
        return a
    rest = tuple(d for d in range(len(root.shape)) if d not in wanted)
    order = (*rest, *wanted)
    if again and at.builder.known("copy", (at.builder.transpose(root, order),), _shape(root, order)) is None:
        return a
    return _copied(at, a, root, dimensions, cut, order)


def _shape(root: Value, order: tuple[int, ...]) -> Shape:
    return tuple(root.shape[d] for d in order)


def reduced(at: Entries, a: Labelled, indices: tuple[Index, ...]) -> Labelled:
    """The sum over those of the indices that are axes."""
    a = at.number(a)
    summed = tuple(k for k, i in enumerate(a.axes) if i in indices)
    if not summed:
        return a
    kept = tuple(i for i in a.axes if i not in indices)
    matrix = in_two(at, a, tuple(i for i in a.axes if i in indices))
    if matrix is not None:
        value = at.builder.reduce("sum", matrix[0], (int(matrix[1]),))
        return Labelled(at.builder.reshape(value, tuple(i.extent for i in kept)), kept)
    around = sum_around(at, a, tuple(i for i in a.axes if i in indices))
    return around or Labelled(at.builder.reduce("sum", a.array, summed), kept)


def in_two(at: Entries, a: Labelled, summed: tuple[Index, ...]) -> tuple[Value, bool] | None:
    """A matrix of summed axes by the others, and whether those summed are its columns; None where it is no view."""
    kept = tuple(i for i in a.axes if i not in summed)
    if len(summed) < 2 or not kept:
        return None
    a = side_by_side(at, a, (kept, summed), again=True)
    if not _lies_as_it_says(at, a.array) or a.axes not in ((*kept, *summed), (*summed, *kept)):
        return None
    second = a.axes == (*kept, *summed)
    sizes = [extent(tuple(i.extent for i in part)) for part in ((kept, summed) if second else (summed, kept))]
    return at.builder.reshape(a.array, tuple(sizes)), second


def sum_around(at: Entries, a: Labelled, summed: tuple[Index, ...]) -> Labelled | None:
    """The sum over axes before and after those that stay, the inner ones first: both are sums over a matrix."""
    kept = tuple(i for i in a.axes if i not in summed)
    first = next((k for k, i in enumerate(a.axes) if i in kept), 0)
    before, after = a.axes[:first], a.axes[first + len(kept) :]
    if not before or not after or a.axes != (*before, *kept, *after):
        return None
    if not _lies_as_it_says(at, a.array):
        return None
    outer, middle, inner = (extent(tuple(i.extent for i in part)) for part in (before, kept, after))
    rows = at.builder.reduce("sum", at.builder.reshape(a.array, (outer * middle, inner)), (1,))
    value = at.builder.reduce("sum", at.builder.reshape(rows, (outer, middle)), (0,))
    return Labelled(at.builder.reshape(value, tuple(i.extent for i in kept)), kept)


def _lies_as_it_says(at: Entries, value: Value) -> bool:
    """Is it one piece of memory, as what was computed is? An input in another shape is, if only by a copy."""
    maker = at.builder.made(value)
    again = maker is not None and maker.op == "reshape"
    while maker is not None and maker.op == "reshape":
        maker = at.builder.made(maker.args[0])
    return again if maker is None else maker.op not in VIEWS or maker.op == "stacked"


def _follow(wanted: tuple[int, ...], cut: Slice) -> bool:
    """Are these dimensions neighbours in memory, in this order, so that merging them is a view?"""
    return wanted == tuple(range(wanted[0], wanted[0] + len(wanted))) and all(cut[d] is None for d in wanted[1:])


def _behind(at: Entries, value: Value) -> tuple[Value, tuple[int, ...], Slice] | None:
    """The array behind transposed and sliced views: which of its dimensions each axis is, and the slice of each."""
    dimensions = tuple(range(len(value.shape)))
    cut: Slice = (None,) * len(value.shape)
    maker = at.builder.made(value)
    while maker is not None and maker.op in ("transpose", "slice"):
        (value,) = maker.args  # type: ignore[assignment]
        if maker.op == "transpose":
            dimensions = tuple(maker.detail[d] for d in dimensions)  # type: ignore[misc]
            cut = tuple(cut[maker.detail.index(k)] for k in range(len(cut)))
        elif any(c is not None for c in cut) or len(maker.target.shape) < len(value.shape):  # or at one position
            return None
        else:
            cut = maker.detail
        maker = at.builder.made(value)
    return (value, dimensions, cut) if _is_computed(maker) else None


def _is_computed(maker: Statement | None) -> bool:
    """Does it lie in memory as its shape says? An input may not, and is copied for one product as a rule."""
    return maker is not None and maker.op not in ("expand", "broadcast", "windows", "reshape", "copy")


def _copied(
    at: Entries, a: Labelled, root: Value, dimensions: tuple[int, ...], cut: Slice, order: tuple[int, ...]
) -> Labelled:
    view = at.builder.transpose(root, order)
    copy = at.builder.emit("copy", (view,), _shape(root, order))
    axes = tuple(a.axes[dimensions.index(d)] for d in order)
    if all(c is None for c in cut):
        return Labelled(copy, axes)
    detail = tuple(cut[d] for d in order)
    return Labelled(at.builder.emit("slice", (copy,), tuple(i.extent for i in axes), FLOAT, detail), axes)
