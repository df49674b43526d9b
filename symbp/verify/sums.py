"""Sums by arrays: an axis for each index but those that have one value; what is known to be nought is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from symbp.core.expr import Partial, Sum
from symbp.core.integers import Index
from symbp.core.traverse import free_indices
from symbp.verify.dense import ZERO, Dense, Way, value
from symbp.verify.extents import is_plain, value_of
from symbp.verify.frame import BLOCK, Frame, axis, blocks, is_nowhere
from symbp.verify.grid import Array
from symbp.verify.paths import own_indices, path_of
from symbp.verify.places import integer, slots
from symbp.verify.scope import Scope
from symbp.verify.ties import Tie, ties


def total_of(node: Sum, frame: Frame, d: Dense) -> Array:
    total = ZERO
    for inner, lengths in summed(node, frame, d):
        if is_nowhere(inner.mask):
            continue
        body = value(node.body, inner, d)
        if inner.mask is not None and inner.mask is not frame.mask:
            body = np.where(inner.mask, body, ZERO)
        total = total + _add_up(body, lengths, frame.rank)
    return total


def _add_up(body: Array, lengths: Sequence[int], rank: int) -> Array:
    """The sum over the axes in front; along one on which a body does not depend it is a multiple."""
    present = max(0, np.ndim(body) - rank)
    absent = len(lengths) - present
    times = 1
    for place, length in enumerate(lengths):
        if place < absent or body.shape[place - absent] == 1:
            times *= length
    total = body.sum(axis=tuple(range(present))) if present else body
    return total if times == 1 else total * float(times)


def summed(node: Sum, frame: Frame, d: Dense) -> Iterator[tuple[Frame, Sequence[int]]]:
    if node not in d.sums:
        d.sums[node] = _way(node, d)
    way = d.sums[node]
    if way.path:
        yield from _along_path(node, way.path, frame, d)
        return
    for inner, lengths in bound(way.indices, free_indices(node.body), frame, d):
        yield tie_down(way.tied, inner, d), lengths


def _way(node: Sum, d: Dense) -> Way:
    if path := path_of(node, Scope(d.sizes, d.tables, partials=d.partials)):  # type: ignore[arg-type]
        return Way(path, (), ())
    tied = ties(node, lambda i: length_of(i, d))
    known = [t.index for t in tied]
    return Way(None, tied, tuple(i for i in node.indices if i not in known))


def length_of(index: Index, d: Dense) -> int:
    return max(0, value_of(index.stop, d.sizes) - value_of(index.start, d.sizes))


def bound(
    indices: tuple[Index, ...], free: tuple[Index, ...], frame: Frame, d: Dense
) -> Iterator[tuple[Frame, Sequence[int]]]:
    """The frame with an axis for each index, the first in front, block by block, and how long the axes are.

    `free` are the indices on which what is evaluated there depends.
    """
    rank = frame.rank + len(indices)
    whole, ends = frame, list[tuple[int, int]]()
    for place, index in enumerate(indices):
        start, stop = (integer(p, whole, d) for p in (index.start, index.stop))
        low, high = int(np.min(start)), int(np.max(stop))
        ends.append((low, max(low, high)))
        values = axis(np.arange(low, max(low, high)), rank - 1 - place)
        if len(indices) > 1:
            whole = whole.with_values({index: values}, rank)
    lengths = [b - a for a, b in ends]
    outer = frame.size_of([i for i in free if i not in indices], d.keys if d.moved else ()) * d.lanes
    for block in blocks(lengths, max(1, BLOCK // max(1, outer))):
        inner = frame
        for place, (index, (low, _), (a, b)) in enumerate(zip(indices, ends, block, strict=True)):
            ranged = not (is_plain(index.start) and is_plain(index.stop))
            start, stop = (integer(p, inner, d) if ranged else 0 for p in (index.start, index.stop))
            values = axis(np.arange(low + a, low + b), rank - 1 - place)
            inner = inner.with_values({index: values}, rank, {index: (low + a, low + b - 1)})
            if ranged:
                inner = inner.where((values >= start) & (values < stop))
        yield inner, [b - a for a, b in block]


def tie_down(tied: tuple[Tie, ...], frame: Frame, d: Dense) -> Frame:
    """The one v in its range with coefficient * v = total, where there is one."""
    for tie in tied:
        total = np.asarray(integer(tie.value, frame, d))[()]
        v = total // tie.coefficient
        start, stop = (value_of(p, d.sizes) for p in (tie.index.start, tie.index.stop))
        fits = (v >= start) & (v < stop)
        if tie.coefficient != 1:
            fits = fits & (tie.coefficient * v == total)
        last = max(start, stop - 1)
        inside, ends = {tie.index: np.clip(v, start, last)}, {tie.index: (start, last)}
        frame = frame.with_values(inside, frame.rank, ends).where(fits)
    return frame


def _along_path(node: Sum, path: Partial, frame: Frame, d: Dense) -> Iterator[tuple[Frame, Sequence[int]]]:
    """Over the entries of `of` that read the entry `by`: by any other the derivative is nought."""
    assert d.partials is not None
    local, own = d.partials(path.of.tensor, path.by.tensor), own_indices(path)
    by = slots(path.by, frame, d)
    first, count = local.readers_of(by)
    if frame.mask is not None:
        count = np.where(frame.mask, count, 0)
    most = int(np.max(count))
    room = max(1, BLOCK // max(1, np.size(count)))
    for a in range(0, most, room):
        r = axis(np.arange(a, min(a + room, most)), frame.rank)
        counted = r < count
        place = np.where(counted, first + r, 0)
        grid = d.table(path.of.tensor).grid
        subscripts = grid.subscripts(local.readers_in_order[place])
        for index, v in zip(own, subscripts, strict=True):
            counted = counted & (v >= value_of(index.start, d.sizes)) & (v < value_of(index.stop, d.sizes))
        ends = {i: (low, low + n - 1) for i, low, n in zip(own, grid.low, grid.shape, strict=True)}
        inner = frame.with_values(dict(zip(own, subscripts, strict=True)), frame.rank + 1, ends).where(counted)
        slopes = local.slopes_in_order[place]
        d.refuse(np.isnan(slopes), inner)
        inner = replace(inner, slopes={**inner.slopes, path: slopes})
        rest = tuple(i for i in node.indices if i not in own)
        for innermost, lengths in bound(rest, free_indices(node.body), inner, d):
            yield innermost, [*lengths, r.shape[0]]
