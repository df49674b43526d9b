"""What a line that puts others together says of each: the parts of a derivative that is known.

`dz = np.concatenate([dzi, dzf], axis=1)` says what `dzi` and `dzf` should be where it is known what `dz` should, and so
does `dz[:, :H] = ...`. Which entries a part has is found by trying numbers, whatever the function is called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symbp.review.flow import readers, sources
from symbp.review.meant import Cut, Truth
from symbp.review.probe import Place
from symbp.review.program import Statement
from symbp.review.runs import Runs
from symbp.review.standing import names_at
from symbp.review.trees import clone
from symbp.review.trial import Array, Draw
from symbp.review.values import PART, value_of

Force = Mapping[Place, Truth]


def cuts(runs: Runs, truth: Truth, free: Sequence[Statement], force: Force) -> Iterator[Truth]:
    """The truths of the names that a line reads once, and no more than puts beside each other."""
    reader = runs.statement(truth.place)
    value = getattr(runs.edits.get(reader.number, reader.node), "value", None)
    if not isinstance(reader.node, ast.Assign) or value is None or len(reader.names) != 1:
        return
    for name in dict.fromkeys(ast.unparse(n) for n in ast.walk(value) if isinstance(n, ast.Name)):
        behind = sources(runs.trial.program, reader, name)
        if len(behind) == 1 and any(behind[0] is s for s in free) and _is_read_once(runs, reader, behind[0], name):
            yield from _cut(runs, truth, reader, name, behind[0], force)


def _is_read_once(runs: Runs, reader: Statement, source: Statement, name: str) -> bool:
    """Is a name read there alone, as often as it is assigned?"""
    events = runs.events()
    times = {len(events.get((s.number, 0), ())) for s in (reader, source)}
    return source.names == (name,) and len(times) == 1 and readers(runs.trial.program, source) == {reader.number: 1}


def _cut(
    runs: Runs, truth: Truth, reader: Statement, name: str, source: Statement, force: Force
) -> Iterator[Truth]:  # fmt: skip
    others = [t for p, t in force.items() if p[0] != reader.number]
    entries: dict[int, Array] = {}
    factors: set[float] = set()
    for draw in runs.trial.draws:
        placed = _placed(runs, draw, truth, reader, name, others)
        if placed is None:
            return
        entries[id(draw)], factor = placed
        factors.add(factor)
    if len(factors) == 1:
        yield truth.part((source.number, 0), Cut(entries, factors.pop(), reader.number))


def _placed(
    runs: Runs, draw: Draw, truth: Truth, reader: Statement, name: str, others: list[Truth]
) -> tuple[Array, float] | None:  # fmt: skip
    """Which entries of the whole those of a part are, and what they are multiplied by; None where that is not all."""
    names = names_at(runs, reader, 0, others, draw)
    if names is None:
        return None
    value: ast.expr = runs.edits.get(reader.number, reader.node).value  # type: ignore[attr-defined]
    (part,) = (n for n in ast.walk(value) if isinstance(n, ast.Name) and n.id == name)
    now, holed = value_of(part, names), clone(value, {id(part): ast.Name(PART, ast.Load())})
    whole = _whole(runs, draw, truth)
    if now is None or whole is None or not now.ndim or now.size >= whole.size:
        return None
    return placed(now.shape, holed, names, whole)


def _whole(runs: Runs, draw: Draw, truth: Truth) -> Array | None:
    """Which entries of the derivative the line's own are."""
    if truth.cut is not None:
        return truth.cut.entries[id(draw)]
    shape = runs.forward_events(draw)[truth.of][0].value.shape
    return np.arange(int(np.prod(shape))).reshape(shape)


def placed(
    shape: tuple[int, ...], holed: ast.expr, names: Mapping[str, Any], whole: Array
) -> tuple[Array, float] | None:
    """Where the entries of a part of that shape go in a whole."""
    order = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    drawn = np.random.default_rng(0).normal(size=shape)
    none, ones, counted, other = (value_of(holed, {**names, PART: t}) for t in (order * 0, order * 0 + 1, order, drawn))
    if any(g is None or g.shape != whole.shape or not np.all(np.isfinite(g)) for g in (none, ones, counted, other)):
        return None
    slope = ones - none
    there = slope != 0
    if not np.any(there) or np.any(none[there] != 0) or np.ptp(slope[there]) > 0:
        return None
    factor = float(slope[there][0])
    at = np.rint(counted[there] / factor).astype(int) - 1
    if len(at) != order.size or not np.array_equal(np.sort(at), np.arange(order.size)):
        return None
    if not np.allclose(other[there], factor * np.ravel(drawn)[at], rtol=1e-12, atol=0):
        return None
    found = np.empty(order.size, dtype=int)
    found[at] = whole[there]
    return found.reshape(shape), factor
