"""Sums of products as matrix products, dot products and plain sums.

A factor that does not depend on a summed index leaves the sum. What remains is grouped by the indices it depends on;
groups are multiplied two at a time, smallest result first, and an index is summed as soon as no other group holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from symbp.core import build
from symbp.core.expr import Add, Compare, Cond, Delta, Expr, Int, Mul, Num, Pi, Pow, Read, Sum, Where
from symbp.core.guards import under
from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import children, free_indices, indices_of, polys, rename_bound, substitute
from symbp.core.views import factors_of, is_divisor, is_guarded
from symbp.lowering.boxes import pieces_of
from symbp.lowering.builder import extent, is_mask
from symbp.lowering.digits import equations, merged
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.merging import reduced, side_by_side
from symbp.lowering.onehot import added_rows, scaled_rows
from symbp.lowering.padding import padded
from symbp.lowering.pooling import picked
from symbp.lowering.program import Operand, Reach, Statement, Value
from symbp.lowering.scatters import pooled, scatter
from symbp.lowering.stacks import stacked_product
from symbp.lowering.windows import columns as window_columns


def is_scalar(expr: Expr) -> bool:
    """Does it hold nothing but numbers and sizes?"""
    if not isinstance(expr, (Num, Pi, Reach, Int, Add, Mul, Pow)):
        return False
    if any(True for p in polys(expr) for _ in indices_of(p)):
        return False
    return all(is_scalar(c) for c in children(expr))  # type: ignore[arg-type]


def multiply(at: Entries, factors: tuple[Expr, ...]) -> Labelled:
    """A product: numbers and sizes at once, then from the smallest array to the largest, divisions last."""
    factors = scaled_rows(at, _scaled_within(at, factors))
    constant = build.mul(*(f for f in factors if is_scalar(f)))
    arrays = [f for f in factors if not is_scalar(f)]
    if not arrays:
        return at.scalar(constant)
    above = [at.value(f) for f in arrays if not is_divisor(f)]
    below = [at.value(build.power(f, build.MINUS)) for f in arrays if is_divisor(f)]
    return _quotient(at, constant, above, below)


def _quotient(at: Entries, constant: Expr, above: list[Labelled], below: list[Labelled]) -> Labelled:
    steps = sorted([("mul", a) for a in above] + [("div", b) for b in below], key=lambda s: len(s[1].axes))
    first = next((k for k, (op, _) in enumerate(steps) if op == "mul"), None)
    if first is None:
        result = at.scalar(constant)
    else:
        result = steps.pop(first)[1]
        count = _count_below(at, constant, result)
        if count is not None:
            result = at.apply("div", at.number(result), at.scalar(count))
        elif constant != build.UNIT:
            result = _scaled(at, constant, result)
    for op, value in steps:
        both_masks = is_mask(result.value) and is_mask(value.value)
        result = at.apply(op, at.number(result) if op == "div" or both_masks else result, value)
    return result


def _scaled(at: Entries, constant: Expr, a: Labelled) -> Labelled:
    if constant == build.MINUS:
        return at.apply("neg", at.number(a))
    return at.apply("mul", at.number(a), at.scalar(constant))


def _count_below(at: Entries, constant: Expr, a: Labelled) -> Expr | None:
    """The sizes that a sum over them is divided by: a mean of equal numbers is that number, and times 1/3 it is not.

    By sizes of other axes everything is multiplied, or what is taken from it would be rounded in another way.
    """
    maker = at.builder.made(a.value)
    while maker is not None and maker.op in ("reshape", "transpose", "expand"):
        maker = at.builder.made(maker.args[0])
    value, sizes = build.split_number(constant)
    counts = [build.split_power(f) for f in factors_of(sizes)]
    below = all(exponent < 0 and exponent.denominator == 1 for _, exponent in counts)
    if maker is None or maker.op != "sum" or value.numerator != 1 or not below:
        return None
    own = {atom for base, _ in counts for p in polys(base) for atom in p.atoms()}
    return build.power(constant, build.MINUS) if own <= set(_summed(maker)) else None


def _summed(total: Statement) -> Iterator[Atom]:
    """The sizes of the axes that a sum is over."""
    (a,) = total.args
    assert isinstance(a, Value)
    return (atom for k, extent in enumerate(a.shape) if k in total.detail for atom in extent.atoms())


def contract(at: Entries, indices: tuple[Index, ...], body: Expr) -> Labelled:
    """The sum of `body` over `indices`."""
    for i in indices:
        at.place(i)
    parts = _by_ranges(indices, body)
    if parts:
        return at.value(build.add(*parts))
    if isinstance(body, Add) and _splits(indices, body):
        return at.value(build.add(*(build.total(indices, term) for term in body.args)))
    factors = list(_factors(body))
    placed = _placed(at, indices, factors)
    if placed is not None:
        return placed
    hits = picked(at, indices, factors)
    if hits is not None:
        return hits
    outside = [f for f in factors if not _depends(f, indices)]
    inside = [f for f in factors if _depends(f, indices)]
    unused = [i for i in indices if not _depends(build.mul(*inside), (i,))]
    outside += [build.integer(i.extent) for i in unused]
    within = [f for f in outside if _scales(at, f, indices, inside)]
    outside = [f for f in outside if f not in within]
    summed = _sum_of_product(at, tuple(i for i in indices if i not in unused), inside + within)
    if not outside and summed is not None:
        return summed
    return _times(at, outside, summed)


def _placed(at: Entries, indices: tuple[Index, ...], factors: list[Expr]) -> Labelled | None:
    """A sum whose deltas, or conditions that equate indices, say where each term belongs; None where none does."""
    indices, factors = _flat(indices, factors)
    opened = [g for f in factors for g in equations(f)]
    left, solved = _without_deltas(indices, opened)
    if len(left) < len(indices):
        return at.value(build.total(left, build.mul(*solved)))
    if not any(isinstance(f, Delta) for f in opened):
        return None
    given = tuple(c for f in opened if isinstance(f, Delta) for c in _said_by(f))
    certain = [f if isinstance(f, Delta) else under(f, given) for f in opened]  # where each term has its one place
    rows = added_rows(at, indices, certain, contract)
    if rows is not None:
        return rows
    outside = [f for f in opened if not _depends(f, indices)]
    inside = [f for f in opened if f not in outside]
    for rule in (pooled, merged, scatter):
        found = rule(at, indices, inside, contract)
        if found is not None:
            return _times(at, outside, found)
    found = padded(at, indices, inside)
    return None if found is None else _times(at, outside, found)


def _said_by(delta: Delta) -> tuple[Cond, ...]:
    """What holds where a delta is 1, as a condition may spell it."""
    a, b = build.integer(delta.a), build.integer(delta.b)
    return build.compare("==", a, b), build.compare("==", b, a)


def _flat(indices: tuple[Index, ...], factors: list[Expr]) -> tuple[tuple[Index, ...], list[Expr]]:
    """One sum in the place of two, where the inner one has a delta that an outer index is in: both are then solved."""
    for f in factors:
        inner = list(_factors(f.body)) if isinstance(f, Sum) else []
        if not any(isinstance(g, Delta) and _depends(g, indices) for h in inner for g in equations(h)):
            continue
        rest = [g for g in factors if g is not f]
        f = rename_bound(f, {i.name for g in rest for i in free_indices(g)} | {i.name for i in indices})
        assert isinstance(f, Sum)
        return _flat((*indices, *f.indices), [*rest, *_factors(f.body)])
    return indices, factors


def _scaled_within(at: Entries, factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The factors, those that scale the columns of a product with an input moved to what the input is multiplied by.

    There are as many numbers in either as a rule, or less: a batch is smaller than a layer is wide.
    """
    sums = [f for f in factors if isinstance(f, Sum)]
    if len(sums) != 1:
        return factors
    (s,) = sums
    within = [f for f in factors if f is not s and _scales(at, f, s.indices, list(_factors(s.body)))]
    if not within:
        return factors
    inner = build.total(s.indices, build.mul(s.body, *within))
    return tuple(inner if f is s else f for f in factors if f not in within)


def _scales(at: Entries, factor: Expr, indices: tuple[Index, ...], inside: list[Expr]) -> bool:
    """Does it depend on the free indices of the computed one of two factors of a sum, the other being an input?"""
    held = set(free_indices(factor))
    if not held or held & set(indices) or len(inside) != 2:
        return False
    given = [f for f in inside if isinstance(f, Read) and at.builder.made(at.tensors[f.tensor].value) is None]
    made = [f for f in inside if f not in given and not isinstance(f, Read)]
    return len(given) == len(made) == 1 and held <= set(free_indices(made[0])) - set(free_indices(given[0]))


def _by_ranges(indices: tuple[Index, ...], body: Expr) -> tuple[Expr, ...]:
    """A sum of a choice by the range of a summed index as a sum over each part of the range."""
    factors = factors_of(body)
    for f in factors:
        pieces = pieces_of(f) if isinstance(f, Where) else None
        if pieces is None or pieces[0].box.index not in indices or _depends_in_range(indices, pieces[0].box.index):
            continue
        rest = build.mul(*(g for g in factors if g is not f))
        return tuple(
            build.total(
                tuple(p.box.inner if i == p.box.index else i for i in indices),
                build.mul(p.body, p.box.inside(rest)),
            )
            for p in pieces
        )
    return ()


def _depends_in_range(indices: tuple[Index, ...], index: Index) -> bool:
    return any(index in indices_of(p) for i in indices for p in (i.start, i.stop))


def _times(at: Entries, outside: list[Expr], summed: Labelled | None) -> Labelled:
    """Factors from outside the sum times the sum."""
    constant = build.mul(*(f for f in outside if is_scalar(f)))
    arrays = [f for f in outside if not is_scalar(f)]
    above = [at.value(f) for f in arrays if not is_divisor(f)]
    below = [at.value(build.power(f, build.MINUS)) for f in arrays if is_divisor(f)]
    return _quotient(at, constant, [*above, *([summed] if summed else [])], below)


def _factors(body: Expr) -> tuple[Expr, ...]:
    """The factors of a product; a choice between something and 0 is a mask times it, but not the larger of the two."""
    if isinstance(body, Mul):
        return tuple(g for f in body.args for g in _factors(f))
    if is_guarded(body) and body.then != build.UNIT and not _is_clipped(body):
        return (build.where(body.cond, build.UNIT, build.NIL), *_factors(body.then))
    return (body,)


def _is_clipped(choice: Where) -> bool:
    """Is it max(u, 0), which is one operation, and 0 where u is infinite below?"""
    cond = choice.cond
    return isinstance(cond, Compare) and cond.op in (">", ">=") and (cond.a, cond.b) == (choice.then, build.NIL)


def _depends(expr: Expr, indices: tuple[Index, ...]) -> bool:
    return any(i in indices for i in free_indices(expr))


def _splits(indices: tuple[Index, ...], body: Add) -> bool:
    """Is a term a product of factors with different indices, so that its own sum is a smaller computation?

    A term without an index splits nothing, nor does a difference: what cancels in each entry is added up there.
    """
    if len({build.split_number(term)[0] < 0 for term in body.args}) == 2:
        return False
    everything = free_indices(body)
    for term in body.args:
        inner = [f for f in _factors(term) if free_indices(f)]
        if inner and all(len(free_indices(f)) < len(everything) for f in inner):
            return True
    return False


def _without_deltas(indices: tuple[Index, ...], factors: list[Expr]) -> tuple[tuple[Index, ...], list[Expr]]:
    """A summed index that a delta says the value of is that value: that of another of the same range, or one that its
    range always holds, as that of p in delta(p, 2*i + u) is 2*i + u.
    """
    for f in factors:
        for old, new in _solutions(f, indices) if isinstance(f, Delta) else ():
            rest = [substitute(g, {old: new}) for g in factors if g is not f]
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
    if any(not isinstance(a, (Index, Dim)) for a in value.atoms()):
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
        groups = [*rest, _pair(at, a, b, _exclusive((a, b), rest, indices))]
        groups = _each_reduced(at, groups, indices)
    at.later = around
    summed = reduced(at, groups[0], indices)
    return _times(at, [build.integer(i.extent) for i in same], summed) if same else summed


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
    masks = [f for f in split if isinstance(f, (Where, Delta))]
    if not whole or len(split) < 2 or masks:
        return [multiply(at, tuple(factors))]
    return [multiply(at, (split[0],)), multiply(at, tuple(split[1:]))]


def _halves(f: Expr) -> tuple[Expr, ...]:
    if isinstance(f, Pow) and f.exponent == build.num(2):
        return f.base, f.base
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


def _pair(at: Entries, a: Labelled, b: Labelled, summed: tuple[Index, ...]) -> Labelled:
    """The product of two arrays, summed over indices that no other holds."""
    shared = [i for i in a.axes if i in b.axes]
    batch = tuple(sorted((i for i in shared if i not in summed), key=at.place))
    free_a = tuple(i for i in a.axes if i not in shared)
    free_b = tuple(i for i in b.axes if i not in shared)
    if not summed or (batch and not free_a and not free_b):
        return reduced(at, at.apply("mul", *sorted((a, b), key=lambda g: len(g.axes))), summed)
    a, b = at.number(a), at.number(b)
    if at.windows:
        free_a, free_b = _as_wanted(at, a, free_a), _as_wanted(at, b, free_b)
    stacked = stacked_product(at, a, b, summed)
    if stacked is not None:
        return stacked
    inner = tuple(i for i in (a if len(a.axes) >= len(b.axes) else b).axes if i in summed)
    if not batch and not free_a and not free_b:
        return _dot(at, a, b, inner)
    if free_a and free_b and _comes_first(at, free_b, free_a, batch):
        a, b, free_a, free_b = b, a, free_b, free_a
    return _matmul(at, a, b, (batch, free_a, inner, free_b))


def _comes_first(at: Entries, one: tuple[Index, ...], other: tuple[Index, ...], batch: tuple[Index, ...]) -> bool:
    """Should one factor stand left of the other? What is summed later together with the batch stands beside it, so that
    both are merged as they lie; else what stands innermost comes from the right."""
    if batch and all(i in at.later for i in batch):
        mine, theirs = (all(i in at.later for i in free) for free in (one, other))
        if mine != theirs:
            return mine
    return max(map(at.place, one)) < max(map(at.place, other))


def _as_wanted(at: Entries, a: Labelled, free: tuple[Index, ...]) -> tuple[Index, ...]:
    """The axes that are not summed, in the order wanted where that costs nothing: an input is turned as a whole."""
    return tuple(sorted(free, key=at.place)) if at.builder.made(a.value) is None else free


def _dot(at: Entries, a: Labelled, b: Labelled, inner: tuple[Index, ...]) -> Labelled:
    values = (at.ordered(a, inner).value, at.ordered(b, inner).value)
    return Labelled(at.builder.emit("vdot", values, ()))


def _matmul(at: Entries, a: Labelled, b: Labelled, parts: tuple[tuple[Index, ...], ...]) -> Labelled:
    """`a` as (batch, free, inner) times `b` as (batch, inner, free), several axes of a kind merged into one."""
    batch, free_a, inner, free_b = parts
    a, b = window_columns(at, a), window_columns(at, b)
    if at.windows and not batch and (_around(a, inner) is None) != (_around(b, inner) is None):
        return _stacked(at, *((a, b) if _around(a, inner) is None else (b, a)), inner)
    left = _merged(at, a, (batch, free_a, inner))
    right = _merged(at, b, (batch, inner, free_b))
    if batch and not free_a:
        left = at.builder.expand(left, (len(batch),))
    if batch and not free_b:
        right = at.builder.expand(right, (len(batch) + 1,))
    rows = (extent(_extents(free_a)),) if free_a or batch else ()
    columns = (extent(_extents(free_b)),) if free_b or batch else ()
    axes = (*batch, *free_a, *free_b)
    if rows and columns and not batch:
        turned = (at.builder.transpose(right, (1, 0)), at.builder.transpose(left, (1, 0)))
        found = at.builder.known("matmul", turned, columns + rows)
        if found is not None:  # the same product, computed the other way round
            back = at.builder.transpose(found, (1, 0))
            assert isinstance(back, Value)
            return Labelled(at.builder.reshape(back, _extents(axes)), axes)
    value = at.builder.emit("matmul", (left, right), _extents(batch) + rows + columns)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _around(a: Labelled, inner: tuple[Index, ...]) -> tuple[tuple[Index, ...], ...] | None:
    """The axes before, of and after summed ones that stand together in the middle."""
    places = sorted(a.axes.index(i) for i in inner)
    first, end = places[0], places[-1] + 1
    if end - first > len(places) or first == 0 or end == len(a.axes):
        return None
    return a.axes[:first], a.axes[first:end], a.axes[end:]


def _stacked(at: Entries, a: Labelled, b: Labelled, inner: tuple[Index, ...]) -> Labelled:
    """`b` has summed axes in the middle: a matrix for each value of those before them, as it lies in memory."""
    around = _around(b, inner)
    assert around is not None
    before, summed, after = around
    free = _as_wanted(at, a, tuple(i for i in a.axes if i not in inner))
    left, right = _merged(at, a, ((), free, summed)), at.ordered(b, (*before, *summed, *after)).value
    assert isinstance(right, Value)
    parts = tuple(extent(_extents(part)) for part in (before, summed, after))
    shape = (parts[0], *((extent(_extents(free)),) if free else ()), parts[2])
    value = at.builder.emit("matmul", (left, at.builder.reshape(right, parts)), shape)
    axes = (*before, *free, *after)
    return Labelled(at.builder.reshape(value, _extents(axes)), axes)


def _merged(at: Entries, a: Labelled, parts: tuple[tuple[Index, ...], ...]) -> Operand:
    """The array with its axes in that order, the batch kept apart and each later part merged into one axis."""
    a = side_by_side(at, a, parts[1:])
    merged = tuple(extent(_extents(part)) for part in parts[1:] if part)
    if len(merged) == 2 and not parts[0] and isinstance(a.value, Value) and a.axes == (*parts[2], *parts[1]):
        return at.builder.transpose(at.builder.reshape(a.value, (merged[1], merged[0])), (1, 0))
    value = at.ordered(a, tuple(i for part in parts for i in part)).value
    assert isinstance(value, Value)
    return at.builder.reshape(value, _extents(parts[0]) + merged)


def _extents(indices: tuple[Index, ...]) -> tuple[Poly, ...]:
    return tuple(i.extent for i in indices)
