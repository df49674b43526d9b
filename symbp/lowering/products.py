"""Sums of products as matrix products, dot products and plain sums.

A factor that does not depend on a summed index leaves the sum. What remains is grouped by the indices it depends on;
groups are multiplied two at a time, smallest result first, and an index is summed as soon as no other group holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from symbp.core import build
from symbp.core.expr import Cond, Delta, Expr, Num, Pow, Sum, Where
from symbp.core.guards import under
from symbp.core.integers import Dim, Index, Poly
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import free_indices, indices_of, rename_bound, substitute
from symbp.core.views import among, factors_of, terms_of
from symbp.lowering.boxes import pieces_of
from symbp.lowering.digits import equations, merged
from symbp.lowering.labelled import Contract, Entries, Labelled
from symbp.lowering.matmul import pair
from symbp.lowering.merging import reduced
from symbp.lowering.multiply import mask_factors, multiply, scales, times
from symbp.lowering.onehot import added_rows
from symbp.lowering.padding import padded
from symbp.lowering.pooling import picked
from symbp.lowering.scatters import pooled, scatter


def contract(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled:
    """The sum of `body` over `indices`."""
    for i in indices:
        at.place(i)
    return next(found for way in WAYS if (found := way(at, indices, body)) is not None)


def _of_products(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled:
    """Any sum: what does not depend on a summed index times the sum of the rest, multiplied two at a time."""
    factors = mask_factors(body)
    outside = [f for f in factors if not _depends(f, indices)]
    inside = [f for f in factors if _depends(f, indices)]
    unused = [i for i in indices if not _depends(build.mul(*inside), (i,))]
    outside += [build.integer(i.extent) for i in unused]
    within = [f for f in outside if scales(at, f, indices, inside)]
    outside = [f for f in outside if f not in within]
    summed = _sum_of_product(at, tuple(i for i in indices if i not in unused), inside + within)
    if not outside and summed is not None:
        return summed
    return times(at, outside, summed)


def _placed(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled | None:
    """A sum whose deltas, or conditions that equate indices, say where each term belongs; None where none does."""
    indices, factors = _flat(indices, list(mask_factors(body)))
    opened = [g for f in factors for g in equations(f)]
    left, solved = _without_deltas(indices, opened)
    if len(left) < len(indices):
        return at.value(build.total(left, build.mul(*solved)))
    deltas = among(opened, Delta)
    if not deltas:
        return None
    given = tuple(c for d in deltas for c in _said_by(d))
    certain = [f if f in deltas else under(f, given) for f in opened]  # where each term has its one place
    rows = added_rows(at, indices, certain, contract)
    if rows is not None:
        return rows
    outside = [f for f in opened if not _depends(f, indices)]
    inside = [f for f in opened if f not in outside]
    placings = (place(at, indices, inside, contract) for place in PLACINGS)
    found = next((p for p in placings if p is not None), None)
    return None if found is None else times(at, outside, found)


def _said_by(delta: Delta) -> tuple[Cond, ...]:
    """What holds where a delta is 1, as a condition may spell it."""
    a, b = build.integer(delta.a), build.integer(delta.b)
    return build.compare("==", a, b), build.compare("==", b, a)


def _flat(indices: tuple[Index, ...], factors: list[Expr]) -> tuple[tuple[Index, ...], list[Expr]]:
    """One sum in the place of two, where the inner one has a delta that an outer index is in: both are then solved."""
    for f in among(factors, Sum):
        deltas = among((g for h in mask_factors(f.body) for g in equations(h)), Delta)
        if any(_depends(d, indices) for d in deltas):
            rest = [g for g in factors if g is not f]
            f = rename_bound(f, {i.name for g in rest for i in free_indices(g)} | {i.name for i in indices})
            return _flat((*indices, *f.indices), [*rest, *mask_factors(f.body)])
    return indices, factors


def _by_ranges(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled | None:
    """A sum of a choice by the range of a summed index as a sum over each part of the range."""
    factors = factors_of(body)
    for f in among(factors, Where):
        pieces = pieces_of(f)
        if pieces is None or pieces[0].box.index not in indices or _depends_in_range(indices, pieces[0].box.index):
            continue
        rest = build.mul(*(g for g in factors if g is not f))
        over = (tuple(p.box.inner if i == p.box.index else i for i in indices) for p in pieces)
        bodies = (build.mul(p.body, p.box.inside(rest)) for p in pieces)
        return at.value(build.add(*map(build.total, over, bodies)))
    return None


def _by_terms(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled | None:
    """A sum of a sum as the sum of the sums, where that is less to compute."""
    terms = terms_of(body)
    if not _splits(body, terms):
        return None
    return at.value(build.add(*(build.total(indices, term) for term in terms)))


def _depends_in_range(indices: tuple[Index, ...], index: Index) -> bool:
    return any(index in indices_of(p) for i in indices for p in (i.start, i.stop))


def _picked(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled | None:
    """What stands at the first hit of each window."""
    return picked(at, indices, list(mask_factors(body)))


# How a sum is computed: by the first of these that can.
WAYS: tuple[Callable[[Entries, tuple[Index, ...], Expr], Labelled | None], ...] = (
    _by_ranges,  # first, for a part of a range may need another way than the rest of it
    _by_terms,  # each term then has a way of its own
    _placed,  # a delta that is left is an array of zeros and ones: what it picks is never multiplied by it
    _picked,  # after the deltas, which say by which offsets a hit is reached
    _of_products,  # always
)
# Where a delta has left no index to be solved for, and no labels say the rows: the first that can place the terms.
PLACINGS: tuple[Callable[[Entries, tuple[Index, ...], list[Expr], Contract], Labelled | None], ...] = (
    pooled,  # first, for `scatter` would take its deltas and leave the hits as masks
    merged,  # digits tile an axis: a reshape, where `scatter` would add up slices one by one
    scatter,
    padded,  # an index whose value may lie outside its range: what the others do not take
)


def _depends(expr: Expr, indices: tuple[Index, ...]) -> bool:
    return any(i in indices for i in free_indices(expr))


def _splits(body: Expr, terms: tuple[Expr, ...]) -> bool:
    """Is a term a product of factors with different indices, so that its own sum is a smaller computation?

    A term without an index splits nothing, nor does a difference: what cancels in each entry is added up there.
    """
    if len(terms) == 1 or len({build.split_number(term)[0] < 0 for term in terms}) == 2:
        return False
    everything = free_indices(body)
    for term in terms:
        inner = [f for f in mask_factors(term) if free_indices(f)]
        if inner and all(len(free_indices(f)) < len(everything) for f in inner):
            return True
    return False


def _without_deltas(indices: tuple[Index, ...], factors: list[Expr]) -> tuple[tuple[Index, ...], list[Expr]]:
    """A summed index that a delta says the value of is that value: that of another of the same range, or one that its
    range always holds, as that of p in delta(p, 2*i + u) is 2*i + u.
    """
    for delta in among(factors, Delta):
        for old, new in _solutions(delta, indices):
            rest = [substitute(g, {old: new}) for g in factors if g is not delta]
            return _without_deltas(tuple(i for i in indices if i != old), rest)
    return indices, factors


def _solutions(delta: Delta, indices: tuple[Index, ...]) -> Iterator[tuple[Index, Poly]]:
    """The summed indices that a delta fixes, and their values."""
    difference = delta.a - delta.b
    for i in indices:
        factor = difference.coefficient(i).constant
        value = (Poly.of(i) * (factor or 0) - difference) * (factor or 0)
        if factor in (1, -1) and i not in tuple(indices_of(value)) and _holds_always(i, value):
            yield i, value


def _holds_always(index: Index, value: Poly) -> bool:
    """Is the value of an integer expression in the range of an index for all values of its own indices?"""
    other = value.index
    if other is not None and (other.start, other.stop) == (index.start, index.stop):
        return True
    if value.atoms_of(Index, Dim) != value.atoms():
        return False
    low, high = lowest(value), highest(value)
    return low is not None and high is not None and all(map(is_nonnegative, (low - index.start, index.stop - 1 - high)))


def _sum_of_product(at: Entries, indices: tuple[Index, ...], factors: list[Expr]) -> Labelled | None:
    if not factors:
        return None
    around, at.later = at.later, (*at.later, *indices)
    groups = _groups(at, indices, factors)
    # a tensor may be the same along an index that it is written with (all ones, say): that index is counted, not summed
    same = [i for i in indices if not any(i in g.axes for g in groups)]
    groups = _each_reduced(at, groups, indices)
    while len(groups) > 1:
        a, b = min(combinations(groups, 2), key=lambda pair: _cost(at, pair, groups, indices))
        rest = [g for g in groups if g is not a and g is not b]
        groups = [*rest, pair(at, a, b, _exclusive((a, b), rest, indices))]
        groups = _each_reduced(at, groups, indices)
    at.later = around
    summed = reduced(at, groups[0], indices)
    return times(at, [build.integer(i.extent) for i in same], summed) if same else summed


def _each_reduced(at: Entries, groups: list[Labelled], indices: tuple[Index, ...]) -> list[Labelled]:
    """The groups, each summed over what it alone holds."""
    return [reduced(at, g, _exclusive((g,), [h for h in groups if h is not g], indices)) for g in groups]


def _groups(at: Entries, indices: tuple[Index, ...], factors: list[Expr]) -> list[Labelled]:
    """Factors with the same indices multiplied entry by entry."""
    table: dict[frozenset[Index], list[Expr]] = {}
    for f in factors:
        table.setdefault(frozenset(free_indices(f)), []).append(f)
    if len(table) == 1:
        return _square(at, indices, factors)
    return [multiply(at, tuple(fs)) for fs in table.values()]


def _square(at: Entries, indices: tuple[Index, ...], factors: list[Expr]) -> list[Labelled]:
    """A full sum of one product is a dot product of two halves: x**2 is x times x."""
    whole = set(free_indices(build.mul(*factors))) == set(indices)
    split = [g for f in factors for g in _halves(f)]
    if not whole or len(split) < 2 or among(split, Where, Delta):
        return [multiply(at, tuple(factors))]
    return [multiply(at, (split[0],)), multiply(at, tuple(split[1:]))]


def _halves(f: Expr) -> tuple[Expr, ...]:
    match f:
        case Pow(base, Num(e)) if e == 2:
            return base, base
    return (f,)


def _exclusive(mine: tuple[Labelled, ...], others: list[Labelled], indices: tuple[Index, ...]) -> tuple[Index, ...]:
    """The summed indices that these groups hold and no other does."""
    held = [i for g in mine for i in g.axes]
    return tuple(i for i in indices if i in held and not any(i in o.axes for o in others))


def _cost(
    at: Entries, pair: tuple[Labelled, Labelled], groups: list[Labelled], indices: tuple[Index, ...]
) -> tuple[int, int]:
    a, b = pair
    union = {*a.axes, *b.axes}
    gone = _exclusive(pair, [g for g in groups if g is not a and g is not b], indices)
    return len(union) - len(gone), len(union)
