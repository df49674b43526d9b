"""What stands on ranges of indices as an array of slices: each part computed on its own range, the rest 0."""

from __future__ import annotations

from symbp.core.expr import Expr
from symbp.lowering.boxes import Box, Piece, covers
from symbp.lowering.labelled import Entries, Labelled


def array_of_pieces(at: Entries, pieces: tuple[Piece, ...]) -> Labelled:
    """An array of slices: each part computed on its own range, the rest 0."""
    parts = [_outward(at, (p.box,), p.body) for p in pieces]
    return _joined(at, parts, [(p.box,) for p in pieces], not covers(pieces))


def array_with_margins(at: Entries, boxes: tuple[Box, ...], then: Expr) -> Labelled:
    """What stands where several indices are in their ranges, in an array of zeros: padding."""
    for box in boxes:
        then = box.inside(then)
    return _joined(at, [_outward(at, boxes, then)], [boxes], True)


def _joined(at: Entries, parts: list[Labelled], boxes: list[tuple[Box, ...]], gaps: bool) -> Labelled:
    """The array of these parts, each in its boxes; with gaps the rest is 0."""
    held = {i for p in parts for i in p.axes} | {b.index for row in boxes for b in row}
    axes = tuple(sorted(held, key=at.place))
    values = tuple(at.aligned(p, axes) for p in parts)
    ranges = [{b.index: (b.low, b.high) for b in row} for row in boxes]
    spans = tuple(tuple(table.get(i) for i in axes) for table in ranges)
    detail = (spans, gaps, ((),) * len(parts))
    return Labelled(at.builder.emit("pieces", values, tuple(i.extent for i in axes), detail=detail), axes)


def _outward(at: Entries, boxes: tuple[Box, ...], body: Expr) -> Labelled:
    """What stands in boxes, their axes bearing the indices of the whole ranges."""
    outer = {b.inner: b.index for b in boxes}
    for b in boxes:
        at.order.insert(at.place(b.index), b.inner)
    value = at.number(at.value(body))
    for inner in outer:
        at.order.remove(inner)
    return Labelled(value.value, tuple(outer.get(i, i) for i in value.axes))
