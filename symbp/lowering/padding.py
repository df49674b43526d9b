"""A summed index that an equation fixes, at times outside its range: `sum over p of g[p] * delta(p + 1, 2*i + u)`.

Where its value, here 2*i + u - 1, is outside, there is no term. So what depends on it stands in an array of zeros that
reaches as far as the value does, and is read there without a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Delta, Expr, Read
from symbp.core.integers import Dim, Index, Poly
from symbp.core.ranges import highest, lowest
from symbp.core.traverse import free_indices, indices_of
from symbp.core.views import among
from symbp.lowering.labelled import Contract, Entries, Known, Labelled
from symbp.lowering.program import shape_of
from symbp.lowering.scatters import around


@dataclass(frozen=True, slots=True)
class Fixed:
    """The value of an index, and from where to where it may be, the whole range of the index included."""

    index: Index
    value: Poly
    start: Poly
    stop: Poly


def padded(at: Entries, indices: tuple[Index, ...], factors: Sequence[Expr], _: Contract) -> Labelled | None:
    """The sum without the indices that deltas fix, or None where what depends on them depends on their values too."""
    fixed: dict[Expr, Fixed] = {}
    for f in among(factors, Delta):
        found = _fixed(f, indices, tuple(x.index for x in fixed.values()))
        if found is not None:
            fixed[f] = found
    gone = tuple(x.index for x in fixed.values())
    rest = [f for f in factors if f not in fixed]
    mine = [f for f in rest if any(i in gone for i in free_indices(f))]
    held = {i for f in mine for i in free_indices(f)}
    if (
        not fixed
        or not all(i in held for i in gone)
        or any(i in held for x in fixed.values() for i in indices_of(x.value))
    ):
        return None
    array = _in_zeros(at, at.number(at.value(build.mul(*mine))), tuple(fixed.values()))
    if array is None:
        return None
    places = {x.index: x.value - x.start for x in fixed.values()}
    shape = shape_of(array.value)
    name = f".padded{len(at.tensors)}"
    at.tensors[name] = Known(array.value, tuple(range(len(shape))), shape)
    read = Read(name, tuple(places.get(i, Poly.of(i)) for i in array.axes))
    others = [f for f in rest if f not in mine]
    result = at.value(build.total(tuple(i for i in indices if i not in gone), build.mul(*others, read)))
    del at.tensors[name]
    return result


def _fixed(delta: Delta, indices: tuple[Index, ...], before: tuple[Index, ...]) -> Fixed | None:
    """What a delta says of a summed index of which no other delta says anything."""
    difference = delta.a - delta.b
    for i in indices:
        factor = difference.coefficient(i).constant or 0
        value = (Poly.of(i) * factor - difference) * factor
        if factor not in (1, -1) or i in before or i.start != Poly():
            continue
        if value.atoms_of(Index, Dim) != value.atoms() or any(a == i or a in before for a in value.atoms()):
            continue
        low, high = lowest(value), highest(value)
        ends = None if low is None or high is None else around(i, low, high)
        if ends is not None:
            return Fixed(i, value, *ends)
    return None


def _in_zeros(at: Entries, a: Labelled, fixed: tuple[Fixed, ...]) -> Labelled | None:
    """The array with zeros before and behind the ranges of the fixed indices."""
    by_index = {x.index: x for x in fixed}
    if not all(i in a.axes for i in by_index):
        return None
    spans, shape = [], []
    for i in a.axes:
        x = by_index.get(i)
        whole = x is None or (x.start, x.stop) == (Poly(), i.stop)
        spans.append(None if x is None or whole else (-x.start, i.stop - x.start))
        shape.append(i.extent if x is None else x.stop - x.start)
    if all(s is None for s in spans):
        return a
    return Labelled(at.builder.emit("pieces", (a.value,), tuple(shape), detail=((tuple(spans),), True, ((),))), a.axes)
