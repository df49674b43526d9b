"""A sum with a delta of summed indices, `sum over o, u of g[o] * w[u] * delta(2*o + u, n)`: slices added up.

One product makes all that is to be added; then a loop over the kernel's offsets u adds a strided slice for each.
Which of the indices is the offset shows in their ranges: a number, or what the other's range is made with (I - U + 1
and U).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Delta, Expr
from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import dims_of, free_indices, substitute
from symbp.core.views import among
from symbp.lowering.depends import has_plain_indices
from symbp.lowering.labelled import Contract, Entries, Labelled
from symbp.lowering.merging import reduced
from symbp.lowering.pooling import first_hit_of, positions, shares
from symbp.lowering.program import Operand, Statement


@dataclass(frozen=True, slots=True)
class Target:
    """Where a delta puts things: entry `place` of `index`, an array from `start` to `stop` holding all of them."""

    index: Index
    place: Poly
    window: Index
    offsets: tuple[Index, ...]
    start: Poly
    stop: Poly


def _targets(indices: tuple[Index, ...], factors: list[Expr]) -> dict[Expr, Target]:
    """The targets of a sum's deltas; none where two of them have an index in common."""
    targets: dict[Expr, Target] = {d: t for d in among(factors, Delta) if (t := _target(d, indices))}
    involved = [i for t in targets.values() for i in _involved(t)]
    return targets if len(set(involved)) == len(involved) else {}


def pooled(at: Entries, indices: tuple[Index, ...], factors: list[Expr], contract: Contract) -> Labelled | None:
    """The adjoint of the largest of each window, or None where it is no such sum."""
    targets = _targets(indices, factors)
    rest = [f for f in factors if f not in targets]
    if not targets or any(t.index in free_indices(f) for t in targets.values() for f in rest):
        return None
    return _pooled(at, indices, tuple(targets.values()), rest, contract)


def scatter(at: Entries, indices: tuple[Index, ...], factors: list[Expr], contract: Contract) -> Labelled | None:
    """The sum as slices added up, or None where no delta asks for it."""
    targets = _targets(indices, factors)
    if not targets:
        return None
    rest = [f for f in factors if f not in targets]
    if any(t.index in free_indices(f) for t in targets.values() for f in rest):
        if any((t.start, t.stop) != (Poly(), t.index.stop) for t in targets.values()):
            return None  # there is no entry for a place outside
        places: dict[Atom, Poly] = {t.index: t.place for t in targets.values()}
        rest = [substitute(f, places) for f in rest]
    involved = {i for t in targets.values() for i in (t.window, *t.offsets)}
    before, at.order = at.order, _order(tuple(targets.values()), at.order)
    part = at.number(contract(at, tuple(i for i in indices if i not in involved), build.mul(*rest)))
    at.order = before
    if not all(i in part.axes for i in involved):
        return None
    return _added(at, part, tuple(targets.values()))


def _pooled(
    at: Entries, indices: tuple[Index, ...], targets: tuple[Target, ...], rest: list[Expr], contract: Contract
) -> Labelled | None:
    """The adjoint of the largest of each window: a share for each offset, added where it came from."""
    offsets = tuple(i for t in targets for i in t.offsets)
    found = next(((f, hit) for f in rest if (hit := first_hit_of(f, indices)) is not None), None)
    if found is None or positions(found[1][1]) is None or set(found[1][1]) != set(offsets):
        return None
    factor, (extreme, own) = found
    windows = {t.index: t.window for t in targets}
    before, at.order = at.order, [windows.get(i, i) for i in at.order]
    involved = {*offsets, *windows.values()}
    others = build.mul(*(f for f in rest if f is not factor))
    apart = tuple(i for i in indices if i not in involved)
    largest = at.value(extreme)
    held = tuple(i for i in apart if i in largest.axes)  # each of its values has a largest of its own
    given = at.number(contract(at, tuple(i for i in apart if i not in held), others))
    parts = [(place, reduced(at, share, held)) for place, share in shares(at, given, extreme)]
    at.order = before
    axes = next(p.axes for _, p in parts)
    if not all(w in axes for w in windows.values()) or any(i in offsets for i in axes):
        return None
    by_window = {t.window: t for t in targets}
    table = dict(zip(extreme.indices, own, strict=True))
    spans = []
    for place, _ in parts:
        moved = {table[i]: p for i, p in place.items()}  # type: ignore[index]
        spans.append(tuple(_fixed_span(by_window[i], moved) if i in by_window else None for i in axes))
    values = tuple(at.aligned(p, axes) for _, p in parts)
    ends = tuple(_tiled(by_window[i]) if i in by_window else None for i in axes)
    tiled = all(e is not None for e, i in zip(ends, axes, strict=True) if i in by_window)
    return _cut(
        at, "added", values, (tuple(spans), all(map(_apart, targets)), ends if tiled else None), axes, by_window
    )


def _apart(t: Target) -> bool:
    """Do windows next to each other share nothing, so that each entry is written at most once?"""
    step = t.place.coefficient(t.window).constant
    if step is None or len(t.offsets) != 1:
        return False
    size = t.offsets[0].extent.constant
    return size is not None and size <= step and t.place.coefficient(t.offsets[0]) == Poly.of(1)


def _tiled(t: Target) -> Poly | None:
    """Up to where windows next to each other leave nothing out, from the start on; None where they leave gaps."""
    step = t.place.coefficient(t.window)
    base = t.place.replace(lambda a: Poly() if a == t.window or a in t.offsets else None) - t.start
    return step * t.window.extent if _apart(t) and t.offsets[0].extent == step and base == Poly() else None


def _fixed_span(t: Target, moved: Mapping[Index, Poly]) -> tuple[Poly, Poly, Poly]:
    start = t.place.replace(lambda a: Poly() if a == t.window else moved.get(a)) - t.start  # type: ignore[call-overload]
    step = t.place.coefficient(t.window)
    return start, start + step * (t.window.extent - 1) + 1, step


def _cut(
    at: Entries,
    op: str,
    values: tuple[Operand, ...],
    detail: tuple[object, ...],
    kept: tuple[Index, ...],
    by_window: Mapping[Index, Target],
) -> Labelled:
    """The statement that adds the slices, and the view of what was asked for."""
    shape = tuple(by_window[i].stop - by_window[i].start if i in by_window else i.extent for i in kept)
    found = at.builder.emit(op, values, shape, detail=detail)
    axes = tuple(by_window[i].index if i in by_window else i for i in kept)
    whole = tuple(_whole(by_window[i]) if i in by_window else None for i in kept)
    if any(w is not None for w in whole):
        found = at.builder.emit("slice", (found,), tuple(i.extent for i in axes), detail=whole)
    return Labelled(found, axes)


def _involved(t: Target) -> tuple[Index, ...]:
    return (t.index, t.window, *t.offsets)


def _target(delta: Delta, indices: tuple[Index, ...]) -> Target | None:
    difference = delta.a - delta.b
    if not has_plain_indices(difference):
        return None  # a label, say
    free = [i for i in difference.atoms_of(Index) if i not in indices]
    summed = [i for i in difference.atoms_of(Index) if i in indices]
    if len(free) != 1 or not summed or difference.coefficient(free[0]).constant not in (1, -1):
        return None
    index = free[0]
    sign = difference.coefficient(index).constant or 0
    place = (Poly.of(index) * sign - difference) * sign
    if any(not is_nonnegative(place.coefficient(i) - 1) or i.start != Poly() for i in summed) or index.start != Poly():
        return None
    window = _window(summed)
    ends = _ends(index, place)
    if ends is None:
        return None
    return Target(index, place, window, tuple(i for i in summed if i != window), *ends)


def _window(summed: list[Index]) -> Index:
    """The one that runs over positions; the others are offsets in the kernel."""
    symbolic = [i for i in summed if i.extent.constant is None]
    if len(symbolic) == 1:
        return symbolic[0]
    for i in symbolic or summed:
        others = [d for j in summed if j != i for d in dims_of(j.extent)]
        if others and all(d in dims_of(i.extent) for d in others):
            return i
    return max(summed, key=lambda i: len(i.extent.terms))


def _ends(index: Index, place: Poly) -> tuple[Poly, Poly] | None:
    """From where to where things are put, the whole range of the target's index included."""
    low, high = lowest(place), highest(place)
    return None if low is None or high is None else around(index, low, high)


def around(index: Index, low: Poly, high: Poly) -> tuple[Poly, Poly] | None:
    """The start and the stop of an array with room for the range of an index from 0 and for places from `low` to
    `high`; where sizes decide which of two ends is further out, one that is behind both.
    """
    last = index.stop - 1
    before, behind = _excess(-low), _excess(high - last)
    return None if before is None or behind is None else (-before, last + behind + 1)


def _excess(distance: Poly) -> Poly | None:
    """How far something reaches beyond an end, 0 where it does not; at least so far where sizes decide."""
    if is_nonnegative(-distance):
        return Poly()
    if is_nonnegative(distance):
        return distance
    if distance.atoms_of(Dim) != distance.atoms():
        return None
    return Poly(tuple((m, c) for m, c in distance.terms if c > 0))


def _order(targets: tuple[Target, ...], order: list[Index]) -> list[Index]:
    """The offsets along the outermost axis first, since it is added along first; the others as columns have them."""
    by_index = {t.index: t for t in targets}
    first = next((by_index[i] for i in order if i in by_index), targets[0])
    result = list(first.offsets)
    for i in order:
        t = by_index.get(i)
        result += [i] if t is None else [t.window] if t is first else [*t.offsets, t.window]
    return list(dict.fromkeys(result))


def _added(at: Entries, part: Labelled, targets: tuple[Target, ...]) -> Labelled:
    """The slices added along one axis after the other: whole rows first, so that few long runs are added."""
    for t in sorted(targets, key=lambda t: part.axes.index(t.window)):
        part = _product_added(at, part, t) or _along(at, part, t)
    return part


def _along(at: Entries, part: Labelled, t: Target) -> Labelled:
    kept = tuple(i for i in part.axes if i not in t.offsets)
    value = at.ordered(part, (*t.offsets, *kept)).value
    spans = tuple(_span(t) if i == t.window else None for i in kept)
    detail = (tuple(i.name for i in t.offsets), tuple(i.extent for i in t.offsets), spans)
    return _cut(at, "scatter", (value,), detail, kept, {t.window: t})


def _product_added(at: Entries, part: Labelled, t: Target) -> Labelled | None:
    """Where what is added is a product, its rows for one offset after the other: all at once were U times as much."""
    made = at.builder.made
    spread = made(part.value)
    product = made(spread.args[0]) if spread is not None and spread.op == "reshape" else None
    flat = made(product.args[0]) if product is not None and product.op == "matmul" else None
    if product is None or flat is None or flat.op != "reshape" or len(t.offsets) != 1:
        return None
    kernel, right = flat.args[0], product.args[1]
    (offset,) = t.offsets
    row = len(product.target.shape) - 2
    if part.axes[:row] not in ((), (t.window,)) or part.axes[row] != offset:
        return None
    others = _others(part.axes[row + 1 :], offset, product.target.shape[row])
    shape = (*product.target.shape[:row], others, product.target.shape[-1])
    room = at.builder.fresh(shape)
    at.builder.append(Statement(room, "empty", ()))
    kept = tuple(i for i in part.axes if i != offset)
    added = at.builder.reshape(room, tuple(i.extent for i in kept))
    spans = tuple(_span(t) if i == t.window else None for i in kept)
    detail = ((offset.name,), (offset.extent,), spans)
    return _cut(at, "scatter", (kernel, right, room, added), detail, kept, {t.window: t})


def _others(axes: tuple[Index, ...], offset: Index, rows: Poly) -> Poly:
    """How many rows of a product there are for one offset, whose axis is the first of those that make the rows."""
    count = Poly.of(1)
    for i in axes:
        if count * offset.extent == rows:
            break
        count = count * i.extent
    return count


def _span(t: Target) -> tuple[object, ...]:
    """Where a slice begins (a number and a coefficient for each offset), how many entries it has, and its step."""
    base = t.place - sum((Poly.of(i) * t.place.coefficient(i) for i in (t.window, *t.offsets)), Poly()) - t.start
    moves = tuple((i.name, t.place.coefficient(i)) for i in t.offsets)
    return base, moves, t.window.extent, t.place.coefficient(t.window)


def _whole(t: Target) -> object:
    if t.start == Poly() and t.stop == t.index.stop:
        return None
    return -t.start, t.index.stop - t.start, Poly.of(1)
