"""A complex step of one entry for each pair, through sums: of a sum only the terms that read the entry move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from symbp.core.expr import Binder, Delta, Mul, Read, Sum
from symbp.core.integers import Index, Node, Poly
from symbp.core.traverse import children, free_indices
from symbp.verify.dense import ZERO, Dense, Moved, Refused, value
from symbp.verify.frame import Frame, is_nowhere
from symbp.verify.grid import Array
from symbp.verify.places import placed
from symbp.verify.sums import bound, length_of, summed, tie_down, total_of
from symbp.verify.ties import have_plain_ranges, ties

# How what stands under a sum reads a tensor: nowhere, not under a further sum, or under one.
NOWHERE, HERE, DEEPER = range(3)


def depth_of(node: Binder, tensor: str, d: Dense) -> int:
    if (node, tensor) not in d.depths:
        d.depths[node, tensor] = max(_depths(node.body, tensor, HERE), default=NOWHERE)
    return d.depths[node, tensor]


def _depths(node: Node, tensor: str, depth: int) -> Iterator[int]:
    """How deep each read of a tensor stands; one in a subscript is never moved."""
    if isinstance(node, Read) and node.tensor == tensor:
        yield depth
    for child in children(node):
        yield from _depths(child, tensor, DEEPER if isinstance(node, Binder) else depth)


def standing_still(node: Sum, frame: Frame, d: Dense, moved: Moved) -> Array:
    """A sum without the step: the same for all pairs of one entry asked for."""
    if moved.first is None or moved.inverse is None:
        return total_of(node, frame, replace(d, moved=None))
    first = moved.first
    values = {i: _taken(a, first) for i, a in frame.values.items()}
    mask = None if frame.mask is None else _taken(frame.mask, first)
    try:
        total = total_of(node, Frame(values, mask, frame.rank), replace(d, moved=None, keys=(len(first),)))
    except Refused as refused:
        raise Refused(int(first[refused.place])) from None
    return _taken(total, moved.inverse)


def _taken(array: Array, places: Array) -> Array:
    """Some places along the last axis, where there is one."""
    return array[..., places] if np.ndim(array) and array.shape[-1] > 1 else array


def steps_of_terms(node: Sum, frame: Frame, d: Dense, moved: Moved) -> Array:
    """How far a sum steps: only terms that read what is moved do, and only they are evaluated with the step in them."""
    wanted = tuple(dict.fromkeys(r for r in _reads_here(node.body) if r.tensor == moved.tensor))
    total: Array = ZERO
    for place, read in enumerate(wanted):
        for inner in _reading(node, read, frame, d, moved):
            if is_nowhere(inner.mask):
                continue
            hit = _anywhere(read, inner, d) == moved.at
            for before in wanted[:place]:
                hit = hit & (_anywhere(before, inner, d) != moved.at)
            if inner.mask is not None:
                hit = hit & inner.mask
            if hit.any():
                total = total + _scattered(node, inner, frame.rank, hit, d, moved)
    return total


def _reading(node: Sum, read: Read, frame: Frame, d: Dense, moved: Moved) -> Iterator[Frame]:
    """The terms in which the entry that is read may be the one that is moved.

    Each subscript is equal to one of that entry, which leaves one value of a summed index for each of the others, as
    a delta does.
    """
    if not have_plain_ranges(node) or not read.subs:
        yield from (inner for inner, _ in summed(node, frame, d))
        return
    entry = d.table(read.tensor).grid.subscripts(moved.at)
    letters = tuple(Index(f"moved {k}", Poly.of(1)) for k in range(len(entry)))
    key = (node, read)
    if key not in d.solved:
        equal = tuple(Delta(sub, Poly.of(letter)) for sub, letter in zip(read.subs, letters, strict=True))
        d.solved[key] = ties(Sum(node.indices, Mul(equal)), lambda i: length_of(i, d))
    tied = d.solved[key]
    known = [t.index for t in tied]
    outer = frame.with_values(dict(zip(letters, entry, strict=True)), frame.rank)
    free = tuple(i for i in node.indices if i not in known)
    for inner, _ in bound(free, free_indices(node.body), outer, d):
        yield tie_down(tied, inner, d)


def _scattered(node: Sum, inner: Frame, rank: int, hit: Array, d: Dense, moved: Moved) -> Array:
    """The steps of the terms that were hit, each added to the place of its sum."""
    shapes = [np.shape(inner.values[i]) for i in (*free_indices(node.body), *node.indices) if i in inner.values]
    whole = np.broadcast_shapes(hit.shape, (1,) * inner.rank, (len(moved.at),), *shapes)
    places = np.unravel_index(np.flatnonzero(np.ascontiguousarray(np.broadcast_to(hit, whole))), whole)
    values = {i: _at_places(a, places) for i, a in inner.values.items()}
    keys = places[-1]
    slopes = {p: _at_places(a, places) for p, a in inner.slopes.items()}
    here = replace(d, keys=(len(keys),), moved=Moved(moved.tensor, moved.at[keys]))
    try:
        terms = value(node.body, Frame(values, None, 1, slopes), here)
    except Refused as refused:
        raise Refused(int(keys[refused.place])) from None
    shape = whole[inner.rank - rank :]
    steps = np.broadcast_to(terms.imag, keys.shape)
    flat = np.ravel_multi_index(places[inner.rank - rank :], shape)
    return np.bincount(flat, steps, int(np.prod(shape))).reshape(shape)


def _at_places(array: Array, places: tuple[Array, ...]) -> Array:
    """An array of the frame at some places of it, on one axis."""
    if not np.ndim(array):
        return array
    axes = places[len(places) - array.ndim :]
    return array[tuple(p if n > 1 else 0 for p, n in zip(axes, array.shape, strict=True))]


def _reads_here(node: Node) -> Iterator[Read]:
    if isinstance(node, Read):
        yield node
    for child in children(node):
        if not isinstance(child, Binder):
            yield from _reads_here(child)


def _anywhere(read: Read, frame: Frame, d: Dense) -> Array:
    """Which place is read, and none (-1) where that is outside: under which condition it is read is not asked here."""
    grid = d.table(read.tensor).grid
    place, outside = placed(read, grid, frame, d)
    return place if outside is None else np.where(outside, -1, place)
