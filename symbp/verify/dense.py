"""The interpreter once more, by arrays: an expression at many entries at once.

Each node has a rule that says what it is at every place of a frame (`frame`). A condition is a mask that travels down
to the reads and functions: at a place where it does not hold nothing is read and nothing raised. What an evaluation
comes upon that has no value, or reads outside, it refuses with the first entry for which that is so, and the plain
loops (`interpret`) say there what is wrong. It knows no rule of the calculus.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Protocol

import numpy as np

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Network
from symbp.core.traverse import children, free_indices, polys
from symbp.errors import CheckFailed, MissingRule
from symbp.verify import elementwise
from symbp.verify.elementwise import is_complex, real
from symbp.verify.extents import is_plain, value_of
from symbp.verify.frame import BLOCK, Frame, axis, blocks, both, is_nowhere
from symbp.verify.grid import Array, Grid
from symbp.verify.paths import own_indices, path_of
from symbp.verify.scope import Key, Paths, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.systems import STEP
from symbp.verify.ties import Tie, have_plain_ranges, ties
from symbp.verify.unknown import Smooth

BIG = 1 << 40
ONE, ZERO = np.float64(1.0), np.float64(0.0)
YES, NO = np.bool_(True), np.bool_(False)


class Refused(Exception):
    """There is no value; `place` says for which of the entries that were asked for, the first in their order."""

    def __init__(self, place: int):
        super().__init__(place)
        self.place = place


class LocalTable(Paths, Protocol):
    """Local derivatives by place: of all entries of one tensor by all of another that they read."""

    def at(self, of: Array, by: Array) -> Array:
        """The derivatives of the entries at places by those at others; nan where there is none."""
        ...

    def readers_of(self, by: Array) -> tuple[Array, Array]:
        """Where in `readers_in_order` those of an entry start, and how many they are."""
        ...

    @property
    def readers_in_order(self) -> Array: ...

    @property
    def slopes_in_order(self) -> Array: ...


@dataclass(slots=True)
class Held:
    """The values of a tensor in the places of its grid; with lanes a row for each place."""

    grid: Grid
    values: Array

    def __contains__(self, key: Key) -> bool:
        return self.grid.holds(key)


@dataclass(slots=True)
class Waiting:
    """What of a recurrence is known already; of the entries asked for those that need what is not, and one such."""

    known: Mapping[str, Array]
    number: Mapping[str, int]
    dead: Array
    on: Array
    place: Array


@dataclass(frozen=True, slots=True)
class Way:
    """How a sum goes: along a path, or over the indices that are not tied to others."""

    path: Partial | None
    tied: tuple[Tie, ...]
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A tensor, and at each entry asked for the one place of it that takes a complex step.

    Entries asked for are pairs: `first` says where each different one stands first, `inverse` which of these each is.
    """

    tensor: str
    at: Array
    first: Array | None = None
    inverse: Array | None = None


# How what stands under a sum reads a tensor: nowhere, not under a further sum, or under one.
NOWHERE, HERE, DEEPER = range(3)


@dataclass(slots=True)
class Dense:
    """What an expression is read in. The entries asked for are the last axes of every frame, `keys` their lengths.

    `moved` says what takes a complex step. `record` hears of every read: tensor, places, mask. `decisions` collects
    which way comparisons and extremes went.
    """

    sizes: Sizes
    tables: Mapping[str, Held]
    functions: Mapping[str, Smooth]
    partials: Callable[[str, str], LocalTable] | None = None
    keys: tuple[int, ...] = ()
    moved: Moved | None = None
    record: Callable[[str, Array, Array | None], None] | None = None
    decisions: list[object] | None = None
    waiting: Waiting | None = None
    lanes: int = 1
    polys: dict[Poly, tuple[int, tuple[tuple[int, tuple[Atom, ...]], ...]]] = field(default_factory=dict)
    sums: dict[Sum, Way] = field(default_factory=dict)
    depths: dict[tuple[Node, str], int] = field(default_factory=dict)
    solved: dict[tuple[Sum, Read], tuple[Tie, ...]] = field(default_factory=dict)

    def table(self, name: str) -> Held:
        """The values of a tensor."""
        if name not in self.tables:
            raise CheckFailed(f"nothing defines {name}")
        return self.tables[name]

    def refuse(self, bad: Array, frame: Frame) -> None:
        """Raise Refused where one of the places that count is bad."""
        if not bad.any():
            return
        if frame.mask is not None:
            bad = bad & frame.mask
        if self.waiting is not None:
            bad = bad & ~self.waiting.dead
        if bad.any():
            inner = max(0, bad.ndim - len(self.keys))
            asked = np.broadcast_to(bad.any(axis=tuple(range(inner))), self.keys)
            raise Refused(int(np.argmax(asked)))

    def decide(self, decision: Array, frame: Frame) -> None:
        """Note a decision."""
        if self.decisions is not None:
            counted = decision if frame.mask is None else np.where(frame.mask, decision, -1)
            self.decisions.extend(np.ravel(counted).astype(np.int64).tolist())


def can_evaluate(node: Node) -> bool:
    """Is there a rule for each of its nodes and for what its subscripts are made of?"""
    return (
        rule.dispatch(type(node)) is not rule.dispatch(object)
        and all(map(_is_known, (*polys(node), *_ranges(node))))
        and all(map(can_evaluate, children(node)))
    )


def _ranges(node: Node) -> Iterator[Poly]:
    if isinstance(node, (Sum, Extreme)):
        yield from (p for i in node.indices for p in (i.start, i.stop))


def _is_known(poly: Poly) -> bool:
    for atom in poly.atoms():
        parts: tuple[Poly, ...] = ()
        match atom:
            case DimAt(_, at):
                parts = (at,)
            case Quotient(top, bottom):
                parts = (top, bottom)
            case Read(_, subs):
                parts = subs
            case _ if not (isinstance(atom, Index) or is_plain(Poly.of(atom))):
                return False
        if not all(map(_is_known, parts)):
            return False
    return True


def value(node: Expr, frame: Frame, d: Dense) -> Array:
    """The values of an expression, on as many axes of the frame as they depend on."""
    return rule(node, frame, d)


def holds(node: Cond, frame: Frame, d: Dense) -> Array:
    """Where a condition holds."""
    return rule(node, frame, d)


@singledispatch
def rule(node: Node, frame: Frame, d: Dense) -> Array:
    """A rule for each node."""
    raise MissingRule(f"verify/dense.py has no rule for {type(node).__name__}; have you added a new node?")


@rule.register
def _number(node: Num, frame: Frame, d: Dense) -> Array:
    return np.float64(float(node.value))


@rule.register
def _pi(node: Pi, frame: Frame, d: Dense) -> Array:
    return np.float64(np.pi)


@rule.register
def _integer(node: Int, frame: Frame, d: Dense) -> Array:
    return np.float64(1.0) * integer(node.value, frame, d)


@rule.register
def _read(node: Read, frame: Frame, d: Dense) -> Array:
    held = d.table(node.tensor)
    places = slots(node, frame, d)
    if d.record is not None:
        d.record(node.tensor, places, frame.mask)
    if d.waiting is not None and node.tensor in d.waiting.known:
        _await(node.tensor, places, frame, d.waiting)
    if held.values.ndim == 2:  # a row of lanes for each place
        return held.values[places[..., 0] if np.ndim(places) else places]
    found = held.values[places]
    if d.moved is not None and d.moved.tensor == node.tensor:
        hit = places == d.moved.at
        if hit.any():
            stepped = np.empty(hit.shape, complex)
            stepped.real = found
            np.multiply(step_of(held.values[d.moved.at]), hit, out=stepped.imag)
            return stepped
    return found


def step_of(at: Array) -> Array:
    """A step so small that its square vanishes beside what is moved."""
    return STEP * np.where(at == 0, 1.0, np.minimum(1.0, np.abs(at)))


def _await(tensor: str, places: Array, frame: Frame, waiting: Waiting) -> None:
    """Note which of the entries asked for read what is not known yet."""
    missing = ~waiting.known[tensor][places]
    if frame.mask is not None:
        missing = missing & frame.mask
    if not missing.any():
        return
    keys = len(waiting.dead)
    missing, places = np.broadcast_arrays(missing, places, np.empty((keys,)))[:2]
    missing, places = missing.reshape(-1, keys), places.reshape(-1, keys)
    fresh = missing.any(axis=0) & ~waiting.dead
    waiting.place[fresh] = np.take_along_axis(places, missing.argmax(axis=0)[None], 0)[0][fresh]
    waiting.on[fresh] = waiting.number[tensor]
    waiting.dead |= fresh


@rule.register
def _add(node: Add, frame: Frame, d: Dense) -> Array:
    total = value(node.args[0], frame, d)
    for arg in node.args[1:]:
        total = total + value(arg, frame, d)
    return total


@rule.register
def _multiply(node: Mul, frame: Frame, d: Dense) -> Array:
    """Deltas come first: where one is 0 the product is, and the rest need not exist."""
    guards = [alike(a, frame, d) for a in node.args if isinstance(a, Delta)]
    inner = frame
    for guard in guards:
        inner = inner.where(guard)
    if guards and is_nowhere(inner.mask):
        return ZERO
    product = ONE
    for place, arg in enumerate(a for a in node.args if not isinstance(a, Delta)):
        factor = value(arg, inner, d)
        product = elementwise.times(product, factor) if place else factor
    return product if not guards else np.where(np.logical_and.reduce(np.broadcast_arrays(*guards)), product, ZERO)


@rule.register
def _power(node: Pow, frame: Frame, d: Dense) -> Array:
    base = value(node.base, frame, d)
    if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
        n, x = int(node.exponent.value), real(base)
        if n < 0:
            d.refuse(x == 0, frame)
        result = elementwise.inverse(base) if n == -1 else elementwise.whole_power(base, n)
        if abs(n) > 1:
            d.refuse(np.isinf(real(result)) & np.isfinite(x), frame)
        return result
    result, none = elementwise.power(base, value(node.exponent, frame, d))
    d.refuse(none, frame)
    return result


@rule.register
def _function(node: Fn, frame: Frame, d: Dense) -> Array:
    args = [value(a, frame, d) for a in node.args]
    if node.orders:
        return np.asarray(d.functions[node.name].value(node.orders, args, elementwise.ARRAYS))[()]
    (arg,) = args
    if node.name in ("abs", "sign"):
        d.decide(real(arg) > 0, frame)
    result = elementwise.function(node.name, arg)
    none = elementwise.no_value(node.name, real(arg), real(result))
    if none is not None:
        d.refuse(none, frame)
    return result


@rule.register
def _choose(node: Where, frame: Frame, d: Dense) -> Array:
    cond = holds(node.cond, frame, d)
    yes, no = frame.where(cond), frame.where(~cond)
    if is_nowhere(no.mask):
        return value(node.then, frame, d)
    if is_nowhere(yes.mask):
        return value(node.other, frame, d)
    return np.where(cond, value(node.then, yes, d), value(node.other, no, d))


@rule.register
def _delta(node: Delta, frame: Frame, d: Dense) -> Array:
    return np.float64(1.0) * alike(node, frame, d)


def alike(node: Delta, frame: Frame, d: Dense) -> Array:
    """Where a delta is 1."""
    return np.equal(integer(node.a, frame, d), integer(node.b, frame, d))


# Sums: an axis for each index, but for those that have one value; what is known to be nought is passed over.


@rule.register
def _sum(node: Sum, frame: Frame, d: Dense) -> Array:
    if d.moved is not None and (depth := _depth(node, d.moved.tensor, d)) != DEEPER:
        still = _standing_still(node, frame, d, d.moved)
        return still if depth == NOWHERE else still + 1j * _steps_of_terms(node, frame, d, d.moved)
    return _total(node, frame, d)


def _total(node: Sum, frame: Frame, d: Dense) -> Array:
    total = ZERO
    for inner, lengths in _summed(node, frame, d):
        if is_nowhere(inner.mask):
            continue
        body = value(node.body, inner, d)
        if inner.mask is not frame.mask:
            body = np.where(inner.mask, body, ZERO)
        total = total + _add_up(body, lengths, frame.rank)
    return total


def _depth(node: Sum | Extreme, tensor: str, d: Dense) -> int:
    if (node, tensor) not in d.depths:
        d.depths[node, tensor] = max(_depths(node.body, tensor, HERE), default=NOWHERE)
    return d.depths[node, tensor]


def _depths(node: Node, tensor: str, depth: int) -> Iterator[int]:
    """How deep each read of a tensor stands; one in a subscript is never moved."""
    if isinstance(node, Read) and node.tensor == tensor:
        yield depth
    for child in children(node):
        yield from _depths(child, tensor, DEEPER if isinstance(node, (Sum, Extreme)) else depth)


def _standing_still(node: Sum, frame: Frame, d: Dense, moved: Moved) -> Array:
    """A sum without the step: the same for all pairs of one entry asked for."""
    if moved.first is None or moved.inverse is None:
        return _total(node, frame, replace(d, moved=None))
    first = moved.first
    values = {i: _taken(a, first) for i, a in frame.values.items()}
    mask = None if frame.mask is None else _taken(frame.mask, first)
    try:
        total = _total(node, Frame(values, mask, frame.rank), replace(d, moved=None, keys=(len(first),)))
    except Refused as refused:
        raise Refused(int(first[refused.place])) from None
    return _taken(total, moved.inverse)


def _taken(array: Array, places: Array) -> Array:
    """Some places along the last axis, where there is one."""
    return array[..., places] if np.ndim(array) and array.shape[-1] > 1 else array


def _steps_of_terms(node: Sum, frame: Frame, d: Dense, moved: Moved) -> Array:
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
        yield from (inner for inner, _ in _summed(node, frame, d))
        return
    entry = d.table(read.tensor).grid.subscripts(moved.at)
    letters = tuple(Index(f"moved {k}", Poly.of(1)) for k in range(len(entry)))
    key = (node, read)
    if key not in d.solved:
        equal = tuple(Delta(sub, Poly.of(letter)) for sub, letter in zip(read.subs, letters, strict=True))
        d.solved[key] = ties(Sum(node.indices, Mul(equal)), lambda i: _length(i, d))
    tied = d.solved[key]
    known = [t.index for t in tied]
    outer = frame.with_values(dict(zip(letters, entry, strict=True)), frame.rank)
    free = tuple(i for i in node.indices if i not in known)
    for inner, _ in bound(free, free_indices(node.body), outer, d):
        yield _tie(tied, inner, d)


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
        if not isinstance(child, (Sum, Extreme)):
            yield from _reads_here(child)


def _anywhere(read: Read, frame: Frame, d: Dense) -> Array:
    """Which place is read, and none (-1) where that is outside: under which condition it is read is not asked here."""
    grid = d.table(read.tensor).grid
    place, outside = _placed(read, grid, frame, d)
    return place if outside is None else np.where(outside, -1, place)


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


def _summed(node: Sum, frame: Frame, d: Dense) -> Iterator[tuple[Frame, Sequence[int]]]:
    if node not in d.sums:
        d.sums[node] = _way(node, d)
    way = d.sums[node]
    if way.path:
        yield from _along_path(node, way.path, frame, d)
        return
    for inner, lengths in bound(way.indices, free_indices(node.body), frame, d):
        yield _tie(way.tied, inner, d), lengths


def _way(node: Sum, d: Dense) -> Way:
    if path := path_of(node, Scope(d.sizes, d.tables, partials=d.partials)):  # type: ignore[arg-type]
        return Way(path, (), ())
    tied = ties(node, lambda i: _length(i, d))
    known = [t.index for t in tied]
    return Way(None, tied, tuple(i for i in node.indices if i not in known))


def _length(index: Index, d: Dense) -> int:
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
            inner = inner.with_values({index: values}, rank)
            if ranged:
                inner = inner.where((values >= start) & (values < stop))
        yield inner, [b - a for a, b in block]


def _tie(tied: tuple[Tie, ...], frame: Frame, d: Dense) -> Frame:
    """The one v in its range with coefficient * v = total, where there is one."""
    for tie in tied:
        total = np.asarray(integer(tie.value, frame, d))[()]
        v = total // tie.coefficient
        start, stop = (value_of(p, d.sizes) for p in (tie.index.start, tie.index.stop))
        fits = (v >= start) & (v < stop)
        if tie.coefficient != 1:
            fits = fits & (tie.coefficient * v == total)
        frame = frame.with_values({tie.index: np.clip(v, start, max(start, stop - 1))}, frame.rank).where(fits)
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
        subscripts = d.table(path.of.tensor).grid.subscripts(local.readers_in_order[place])
        for index, v in zip(own, subscripts, strict=True):
            counted = counted & (v >= value_of(index.start, d.sizes)) & (v < value_of(index.stop, d.sizes))
        inner = frame.with_values(dict(zip(own, subscripts, strict=True)), frame.rank + 1).where(counted)
        slopes = local.slopes_in_order[place]
        d.refuse(np.isnan(slopes), inner)
        inner = replace(inner, slopes={**inner.slopes, path: slopes})
        rest = tuple(i for i in node.indices if i not in own)
        for innermost, lengths in bound(rest, free_indices(node.body), inner, d):
            yield innermost, [*lengths, r.shape[0]]


@rule.register
def _extreme(node: Extreme, frame: Frame, d: Dense) -> Array:
    """The first of the largest (or smallest), by the real part."""
    found, best, first = ZERO, None, None
    seen, before = NO, 0
    sign = 1.0 if node.kind == "max" else -1.0
    for inner, lengths in bound(node.indices, (*free_indices(node.body), *free_indices(node.cond)), frame, d):
        if node.cond != TRUE:
            inner = inner.where(holds(node.cond, inner, d))
        if is_nowhere(inner.mask):
            before += int(np.prod(lengths))
            continue
        body = value(node.body, inner, d)
        narrowed = inner.mask if inner.mask is not frame.mask and inner.mask is not None else YES
        shape = np.broadcast_shapes(np.shape(body), np.shape(narrowed), (*lengths, *(1,) * frame.rank))
        flat = (int(np.prod(lengths)), *shape[len(lengths) :])
        body, counts = (np.broadcast_to(a, shape).reshape(flat) for a in (body, narrowed))
        reals = np.where(counts, sign * real(body), -np.inf)
        where = reals.argmax(axis=0)[None]
        largest, taken = (np.take_along_axis(a, where, 0)[0] for a in (reals, body))
        counted = counts.any(axis=0)
        if best is None or first is None:
            found, best, first, seen = taken, largest, where[0] + before, counted
        else:
            better = counted & ((largest > best) | ~seen)
            found, best = np.where(better, taken, found), np.where(better, largest, best)
            first, seen = np.where(better, where[0] + before, first), seen | counted
        before += flat[0]
    d.refuse(np.logical_not(seen), frame)
    if first is not None:
        d.decide(first, frame)
    return found


@rule.register
def _partial(node: Partial, frame: Frame, d: Dense) -> Array:
    """Looked up in the table of the equation's derivatives, which `partials` makes by steps."""
    if d.partials is None:
        raise MissingRule("verify/dense.py: a partial derivative needs `partials`")
    if node in frame.slopes:
        return frame.slopes[node]
    local = d.partials(node.of.tensor, node.by.tensor)
    found = local.at(slots(node.of, frame, d), slots(node.by, frame, d))
    d.refuse(np.isnan(found), frame)
    return found


# Conditions.

COMPARE: Mapping[str, Callable[[Array, Array], Array]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@rule.register
def _comparison(node: Compare, frame: Frame, d: Dense) -> Array:
    one, other = build.as_integer(node.a), build.as_integer(node.b)
    if one is not None and other is not None:
        return np.bool_(True) & COMPARE[node.op](integer(one, frame, d), integer(other, frame, d))
    a, b = (real(value(side, frame, d)) for side in (node.a, node.b))
    decision = COMPARE[node.op](a, b)
    d.decide(decision, frame)
    return decision


@rule.register
def _and(node: And, frame: Frame, d: Dense) -> Array:
    """A part is looked at only where those before it hold."""
    found = YES
    for arg in node.args:
        found = found & holds(arg, frame, d)
        frame = frame.where(found)
        if is_nowhere(frame.mask):
            break
    return found


@rule.register
def _or(node: Or, frame: Frame, d: Dense) -> Array:
    """A part is looked at only where none before it holds."""
    found = NO
    for arg in node.args:
        found = found | holds(arg, frame, d)
        frame = frame.where(~found)
        if is_nowhere(frame.mask):
            break
    return found


@rule.register
def _not(node: Not, frame: Frame, d: Dense) -> Array:
    return ~holds(node.arg, frame, d)


# Integers: a size is a number here, an index an array.


def slots(read: Read, frame: Frame, d: Dense) -> Array:
    """The places of the entries that are read; any place where one does not count."""
    grid = d.table(read.tensor).grid
    place, outside = _placed(read, grid, frame, d)
    if outside is not None:
        d.refuse(outside, frame)
    return place


def _placed(read: Read, grid: Grid, frame: Frame, d: Dense) -> tuple[Array, Array | None]:
    """The places of what is read, and where that is outside: there it is any place."""
    if grid.size == 0:
        return np.int64(0), YES
    outside: Array | None = None
    stride, offset = grid.size, 0
    parts: list[Array] = []
    for sub, low, length in zip(read.subs, grid.low, grid.shape, strict=True):
        stride //= length
        start, terms = _terms(sub, frame, d)
        start -= low
        least, most = start, start
        for term in terms:
            least, most = least + int(term.min(initial=BIG)), most + int(term.max(initial=-BIG))
        if 0 <= least and most < length:
            offset += start * stride
            parts += terms if stride == 1 else [term * stride for term in terms]
            continue
        k = sum(terms, np.int64(start))
        beyond = (k < 0) | (k >= length)
        if beyond.any():
            outside = beyond if outside is None else outside | beyond
            k = np.clip(k, 0, length - 1)
        parts.append(k * stride)
    place: Array = np.int64(offset)
    for part in sorted(parts, key=np.size):  # the smallest first: few sums are as large as the last
        place = place + part
    if grid.inside is not None:
        unused = ~grid.inside[place]
        outside = unused if outside is None else outside | unused
    return place, outside


def _terms(poly: Poly, frame: Frame, d: Dense) -> tuple[int, list[Array]]:
    """An integer expression as the sum of a number and arrays."""
    if poly not in d.polys:
        d.polys[poly] = _parts(poly, d.sizes)
    total, moving = d.polys[poly]
    found = []
    for coefficient, atoms in moving:
        term: Array = _atom(atoms[0], frame, d)
        for atom in atoms[1:]:
            term = term * _atom(atom, frame, d)
        found.append(np.asarray(term if coefficient == 1 else coefficient * term))
    return total, found


def integer(poly: Poly, frame: Frame, d: Dense) -> Array:
    """The values of an integer expression."""
    total, terms = _terms(poly, frame, d)
    found: Array = total
    for term in terms:
        found = found + term
    return found


def _parts(poly: Poly, sizes: Sizes) -> tuple[int, tuple[tuple[int, tuple[Atom, ...]], ...]]:
    """The sum of what is a number at these sizes, and the other terms."""
    total, moving = 0, list[tuple[int, tuple[Atom, ...]]]()
    for monomial, coefficient in poly.terms:
        atoms = []
        for atom in monomial:
            if is_plain(Poly.of(atom)):
                coefficient *= value_of(Poly.of(atom), sizes)
            else:
                atoms.append(atom)
        if atoms:
            moving.append((coefficient, tuple(atoms)))
        else:
            total += coefficient
    return total, tuple(moving)


def _atom(atom: Atom, frame: Frame, d: Dense) -> Array:
    match atom:
        case Index():
            if atom not in frame.values:
                raise CheckFailed(f"nothing says what the index {atom.name} is")
            return frame.values[atom]
        case DimAt(name, at):
            return _along(name, integer(at, frame, d), d.sizes)
        case Read():
            return real(np.asarray(value(atom, frame, d))[()]).astype(np.int64)
        case Quotient(top, bottom):
            over, by = integer(top, frame, d), np.asarray(integer(bottom, frame, d))[()]
            d.refuse(np.equal(by, 0), frame)
            return over // np.where(by == 0, 1, by)
    raise MissingRule(f"verify/dense.py has no rule for {type(atom).__name__} as an integer")


def _along(name: str, positions: Array, sizes: Sizes) -> Array:
    """Sizes that differ by layer."""
    low, high = int(np.min(positions)), int(np.max(positions))
    table = np.array([sizes.along(name, p) for p in range(low, high + 1)])
    return table[positions - low]


def supports(network: Network) -> bool:
    """Can all of a network's equations be evaluated by arrays?"""
    return all(
        can_evaluate(e.body) and all(_is_known(p) for i in e.indices for p in (i.start, i.stop))
        for e in network.equations
    )


__all__ = ["Dense", "Held", "LocalTable", "Refused", "Waiting", "both", "can_evaluate", "supports", "value"]
