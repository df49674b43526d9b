"""Indices that count as digits: `B*a + b` with b in B runs over the entries of one axis, each of them once.

Comes in: a sum with a delta `delta(B*a + b, k)` of summed digits and an index k that stays. Goes out: what the sum is
of with its axes a and b made one, k, which is a reshape, or a range of that axis where the digits reach no further. A
single digit with a factor, `2*i + 1`, is a slice with a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from symbp.core import build
from symbp.core.expr import Delta, Expr, Sum
from symbp.core.guards import without_equations
from symbp.core.integers import ONE, Atom, Index, Poly
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import free_indices, indices_of, rename_bound, substitute
from symbp.core.views import among, factors_of, is_bracket
from symbp.lowering.depends import has_plain_indices
from symbp.lowering.labelled import Contract, Entries, Labelled
from symbp.lowering.program import VIEWS, Operand


@dataclass(frozen=True, slots=True)
class Digits:
    """`start + step * (the number that the digits make)`, the first digit being the most significant."""

    digits: tuple[Index, ...]
    start: Poly
    step: Poly

    @property
    def count(self) -> Poly:
        """How many numbers there are."""
        count = ONE
        for i in self.digits:
            count = count * i.extent
        return count

    @property
    def stop(self) -> Poly:
        """The end of a slice that holds all of them."""
        return self.start + self.step * (self.count - 1) + 1

    @property
    def extents(self) -> tuple[Poly, ...]:
        """How many values each digit takes."""
        return tuple(i.extent for i in self.digits)


@dataclass(frozen=True, slots=True)
class Run:
    """The entries of `index` that digits count: the solutions of an equation, one for each value of them."""

    index: Index
    place: Digits

    @property
    def whole(self) -> bool:
        """Are they all entries of the index?"""
        return (self.place.start, self.place.step, self.place.count) == (Poly(), ONE, self.index.stop)


def adds_indices(poly: Poly) -> bool:
    """Does a subscript add one index to another?"""
    return len(poly.atoms_of(Index)) > 1


def digits_of(poly: Poly) -> Digits | None:
    """The digits that an integer expression counts by, or None where it counts an entry twice or leaves some out."""
    held = poly.atoms_of(Index)
    rest = poly - sum((Poly.of(i) * poly.coefficient(i) for i in held), Poly())
    if not held or any(True for _ in indices_of(rest)) or any(not _is_digit(poly, i) for i in held):
        return None
    for least in held:
        chain, step = [least], poly.coefficient(least)
        reach = step * least.extent
        while len(chain) < len(held):
            following = next((i for i in held if i not in chain and poly.coefficient(i) == reach), None)
            if following is None:
                break
            chain.append(following)
            reach = reach * following.extent
        if len(chain) == len(held):
            return Digits(tuple(reversed(chain)), rest, step)
    return None


def _is_digit(poly: Poly, index: Index) -> bool:
    """Does it start at 0, and add to the number as often as some positive size or number says?"""
    factor = poly.coefficient(index)
    linear = all(m.count(index) <= 1 for m, _ in poly.terms) and not any(True for _ in indices_of(factor))
    return linear and index.start == Poly() and is_nonnegative(factor - 1)


def run_of(factor: Expr, indices: tuple[Index, ...]) -> Run | None:
    """What a delta of summed digits and one other index says of that index, or None where it says no such thing."""
    match factor:
        case Delta(a, b) if has_plain_indices(difference := a - b) and adds_indices(difference):  # of no label, say
            free = [i for i in difference.atoms_of(Index) if i not in indices]
            if len(free) == 1 and free[0].start == Poly():
                return _run(free[0], difference)
    return None


def _run(index: Index, difference: Poly) -> Run | None:
    """The entries of an index where a difference is 0, if the other indices in it count them."""
    sign = difference.coefficient(index).constant
    if sign not in (1, -1):
        return None
    place = digits_of((Poly.of(index) * sign - difference) * sign)
    if place is None or not is_nonnegative(place.start) or not is_nonnegative(index.stop - place.stop):
        return None
    return Run(index, place)


def runs_of(indices: tuple[Index, ...], factors: Sequence[Expr]) -> dict[Expr, Run]:
    """The runs of a sum's deltas, no two of which have an index in common."""
    runs: dict[Expr, Run] = {}
    taken: set[Index] = set()
    for f in factors:
        run = run_of(f, indices)
        involved = set() if run is None else {run.index, *run.place.digits}
        if run is not None and not involved & taken:
            runs[f] = run
            taken |= involved
    return runs


@dataclass(frozen=True, slots=True)
class Part:
    """An array with digits for axes, and the runs that say where in the whole it stands."""

    array: Labelled
    runs: tuple[Run, ...]


def part_of(at: Entries, indices: tuple[Index, ...], factors: Sequence[Expr], contract: Contract) -> Part | None:
    """A sum as an array of the values of its digits; None where it has none, or more deltas of the same indices."""
    runs = runs_of(indices, factors)
    table: dict[Atom, Poly] = {r.index: _place(r) for r in runs.values()}
    rest = [substitute(f, table) for f in factors if f not in runs]
    digits = tuple(i for r in runs.values() for i in r.place.digits)
    if not runs or any(i in digits for f in among(rest, Delta) for i in free_indices(f)):
        return None
    before, at.order = at.order, _order(at.order, tuple(runs.values()))
    array = at.number(contract(at, tuple(i for i in indices if i not in digits), build.mul(*rest)))
    at.order = before
    return Part(array, tuple(runs.values()))


def _place(run: Run) -> Poly:
    return run.place.start + run.place.step * number_of(run.place.digits)


def number_of(digits: tuple[Index, ...]) -> Poly:
    """The number that digits make, the first being the most significant."""
    number = Poly()
    for i in digits:
        number = number * i.extent + Poly.of(i)
    return number


def _order(order: list[Index], runs: tuple[Run, ...]) -> list[Index]:
    """Digits stand where the index that they count stands."""
    digits = {r.index: r.place.digits for r in runs}
    inner = [i for r in runs for i in r.place.digits]
    return [j for i in order if i not in inner for j in digits.get(i, (i,))]


def merged(at: Entries, indices: tuple[Index, ...], factors: Sequence[Expr], contract: Contract) -> Labelled | None:
    """The sum with its digits made one axis, or None where no delta asks for it."""
    part = part_of(at, indices, factors, contract)
    if part is None:
        return None
    return _reshaped(at, part) or joined(at, (part,), gaps=not all(r.whole for r in part.runs))


def side_by_side(at: Entries, terms: Sequence[Expr], contract: Contract) -> Labelled | None:
    """Sums that each fill a range of one index, no two the same entry, written side by side; None for other terms.

    What three heads' adjoints add to the adjoint of the weights that they are cut from is such a sum.
    """
    sums = [_opened(t) for t in terms]
    found = [runs_of(s.indices, s_factors) for s, s_factors in (pair for pair in sums if pair is not None)]
    index = _common(found) if len(found) == len(terms) > 1 else None
    if index is None:
        return None
    runs = [next(r for r in f.values() if r.index == index) for f in found]
    if not all(_apart(a.place, b.place) for a, b in combinations(runs, 2)):
        return None
    parts = [part_of(at, s.indices, factors, contract) for s, factors in (pair for pair in sums if pair is not None)]
    if None in parts:
        return None
    gaps = sum((r.place.count for r in runs), Poly()) != index.stop
    return joined(at, [p for p in parts if p is not None], gaps)


def _opened(term: Expr) -> tuple[Sum, tuple[Expr, ...]] | None:
    """A term that is a sum as that, and the factors of the product that it sums."""
    factors = factors_of(term)
    sums = among(factors, Sum)
    if len(sums) != 1:
        return None
    outside = [f for f in factors if f is not sums[0]]
    total = rename_bound(sums[0], {i.name for f in outside for i in free_indices(f)})
    inside = factors_of(total.body)
    return total, tuple(g for f in (*outside, *inside) for g in equations(f))


def _common(found: Sequence[dict[Expr, Run]]) -> Index | None:
    """The one index that all terms fill in part, any others being filled whole by each."""
    shared = [r.index for r in found[0].values() if all(any(q.index == r.index for q in f.values()) for f in found)]
    parted = [i for i in shared if any(not r.whole for f in found for r in f.values() if r.index == i)]
    others = [r for f in found for r in f.values() if r.index not in parted]
    return parted[0] if len(parted) == 1 and all(r.whole and r.index in shared for r in others) else None


def _apart(a: Digits, b: Digits) -> bool:
    """Is no number of the one a number of the other?"""
    if a.step == b.step and (offset := (a.start - b.start).constant) is not None:
        step = a.step.constant
        if step is not None and offset % step:
            return True
    return is_nonnegative(b.start - a.stop) or is_nonnegative(a.start - b.stop)


def equations(factor: Expr) -> tuple[Expr, ...]:
    """A mask with the equations of indices in its condition as deltas: [p = 2 i + u and c] is delta(p, 2 i + u) [c]."""
    if not is_bracket(factor):
        return (factor,)
    kept, deltas = without_equations(factor.cond)
    return (build.where(kept, build.UNIT, build.NIL), *deltas) if deltas else (factor,)


def _reshaped(at: Entries, part: Part) -> Labelled | None:
    """The array in another shape, where its digits stand side by side in memory and are all that there is."""
    array = part.array
    if not all(r.whole for r in part.runs) or not array.is_array or not _is_array(at, array.value):
        return None
    axes: list[Index] = []
    rest = list(array.axes)
    first = {r.place.digits[0]: r for r in part.runs}
    while rest:
        run = first.get(rest[0])
        count = 1 if run is None else len(run.place.digits)
        if run is not None and tuple(rest[:count]) != run.place.digits:
            return None
        axes.append(rest[0] if run is None else run.index)
        rest = rest[count:]
    if not all(r.index in axes for r in part.runs):
        return None
    return Labelled(at.builder.reshape(array.array, tuple(i.extent for i in axes)), tuple(axes))


def _is_array(at: Entries, value: Operand) -> bool:
    """Does it lie in memory as its shape says, so that merging its axes is a view?"""
    maker = at.builder.made(value)
    while maker is not None and maker.op in ("reshape", "stacked"):
        maker = at.builder.made(maker.args[0])
    return maker is None or maker.op not in VIEWS


def joined(at: Entries, parts: Sequence[Part], gaps: bool) -> Labelled:
    """One array of parts, each written where its runs say, straight from the array of its digits; with gaps the rest
    is 0."""
    counted = {i: r for p in parts for r in p.runs for i in r.place.digits}
    held = [counted[i].index if i in counted else i for p in parts for i in p.array.axes]
    held += [r.index for p in parts for r in p.runs]
    axes = tuple(sorted(dict.fromkeys(held), key=at.place))
    values, spans, splits = [], [], []
    for part in parts:
        runs = {r.index: r for r in part.runs}
        inner = tuple(j for i in axes for j in (runs[i].place.digits if i in runs else (i,)))
        values.append(at.aligned(part.array, inner))
        spans.append(tuple(_span(runs[i]) if i in runs else None for i in axes))
        apart = tuple(e for i in axes for e in (runs[i].place.extents if i in runs else (i.extent,)))
        splits.append(apart if len(inner) > len(axes) else ())
    detail = (tuple(spans), gaps, tuple(splits))
    return Labelled(at.builder.emit("pieces", tuple(values), tuple(i.extent for i in axes), detail=detail), axes)


def _span(run: Run) -> tuple[Poly, ...] | None:
    """None for a whole axis; else where the entries begin and end, and how far apart they are."""
    if run.whole:
        return None
    place = run.place
    return (place.start, place.start + place.count) if place.step == ONE else (place.start, place.stop, place.step)
