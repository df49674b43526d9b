"""Products of windows as a stack of matrices that overlap.

Of windows over height and width only the width is copied: what then lies in memory for one row of the array, its
channels by the kernel's width by positions and batch, is a block, and the U blocks from row i on are the matrix of the
windows at height i. So the matrices of neighbouring heights share all but one block, and the copy is U times smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core.integers import ONE, Index, Poly
from symbp.lowering.builder import extent
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.program import FLOAT, Statement, Value
from symbp.lowering.windows import by_axis, window_statement, with_position_first


@dataclass(frozen=True, slots=True)
class Stack:
    """For each value of `over` a matrix whose rows and columns are the values of some indices."""

    value: Value
    over: Index
    rows: tuple[Index, ...]
    columns: tuple[Index, ...]


def stacked_product(at: Entries, a: Labelled, b: Labelled, summed: tuple[Index, ...]) -> Labelled | None:
    """The product of windows and another array, summed over indices that no other holds; None where it is none."""
    for windows, other in ((a, b), (b, a)):
        stack = _stack(at, windows, summed)
        if stack is None:
            continue
        free = tuple(i for i in other.axes if i not in summed)
        if not free or any(i in windows.axes for i in free):
            return None
        if set(summed) == set(stack.rows) and set(summed) <= set(other.axes):
            return _forward(at, stack, other, free)
        if set(summed) == {stack.over, *stack.columns} and set(summed) <= set(other.axes):
            return _backward(at, stack, other, free)
    return None


def _forward(at: Entries, stack: Stack, other: Labelled, free: tuple[Index, ...]) -> Labelled:
    """other (free, rows) times each matrix."""
    ordered = at.ordered(other, (*free, *stack.rows)).array
    left = at.builder.reshape(ordered, (_count(free), _count(stack.rows)))
    shape = (stack.over.extent, _count(free), _count(stack.columns))
    value = at.builder.emit("matmul", (left, stack.value), shape)
    axes = (stack.over, *free, *stack.columns)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _backward(at: Entries, stack: Stack, other: Labelled, free: tuple[Index, ...]) -> Labelled:
    """Each matrix times that of other (columns, free), all added up."""
    ordered = at.ordered(other, (stack.over, *stack.columns, *free)).array
    right = at.builder.reshape(ordered, (stack.over.extent, _count(stack.columns), _count(free)))
    shape = (stack.over.extent, _count(stack.rows), _count(free))
    value = at.builder.reduce("sum", at.builder.emit("matmul", (stack.value, right), shape), (0,))
    axes = (*stack.rows, *free)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _stack(at: Entries, a: Labelled, summed: tuple[Index, ...]) -> Stack | None:
    """A view of windows over two axes or more as a stack over the first of them; the offsets along it go by one."""
    maker = window_statement(at, a)
    if maker is None:
        return None
    axes = by_axis(a, maker)
    moving = {k: with_position_first(a, row) for k, row in axes.items() if len(row) > 1}
    if len(moving) < 2 or any(len(row) != 2 for row in moving.values()):
        return None
    first = next(iter(moving))
    over, offset = moving[first]
    if _step(a, maker, offset) != ONE:
        return None
    plain = [row[0] for row in axes.values() if len(row) == 1]
    others = [row for k, row in moving.items() if k != first]
    rows = [i for i in plain if (i in summed) == (offset in summed)]
    columns = [i for i in plain if i not in rows]
    rows += [v for _, v in others]
    columns = [*(j for j, _ in others), *columns]
    if any((i in summed) != (offset in summed) for i in rows):
        return None
    if any((i in summed) == (offset in summed) for i in (over, *columns)):
        return None
    return _overlapping(at, a, maker, first, (over, offset), tuple(rows), tuple(columns))


def _overlapping(
    at: Entries,
    a: Labelled,
    maker: Statement,
    first: int,
    pair: tuple[Index, Index],
    rows: tuple[Index, ...],
    columns: tuple[Index, ...],
) -> Stack:
    """All rows of the array, the other axes copied as columns, and the view of U blocks from each position on."""
    over, offset = pair
    step = _step(a, maker, over)
    whole = Index(f"{over.name} {offset.name}", step * (over.extent - 1) + offset.extent)
    starts, steps = maker.detail
    kept = tuple((i, s) for i, s in zip(a.axes, steps, strict=True) if i != offset)  # type: ignore[call-overload]
    axes = tuple(whole if i == over else i for i, _ in kept)
    moves = tuple((k, ONE if i == over else s) for i, (k, s) in kept)
    view = at.builder.emit("windows", maker.args, _extents(axes), FLOAT, (starts, moves))
    order = (whole, *rows, *columns)
    blocks = at.ordered(Labelled(view, axes), order).value
    copied = at.builder.emit("copy", (blocks,), _extents(order))
    shown = (over, offset, *rows, *columns)
    again = ((0, step), (0, ONE), *((k, ONE) for k in range(1, len(order))))
    zeros = tuple(Poly() for _ in order)
    matrices = at.builder.emit("windows", (copied,), _extents(shown), FLOAT, (zeros, again))
    shape = (over.extent, _count((offset, *rows)), _count(columns))
    return Stack(at.builder.reshape(matrices, shape), over, (offset, *rows), columns)


def _step(a: Labelled, maker: Statement, index: Index) -> Poly:
    """By how much an index moves the window along its axis."""
    return maker.detail[1][a.axes.index(index)][1]  # type: ignore[no-any-return, index]


def _count(indices: tuple[Index, ...]) -> Poly:
    return extent(_extents(indices))


def _extents(indices: tuple[Index, ...]) -> tuple[Poly, ...]:
    return tuple(i.extent for i in indices)
