"""Reading an entry: a whole axis, a fixed position, a diagonal, or a gather by integer arrays."""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import Read
from symbp.core.integers import Atom, Index, Poly, Quotient
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import indices_of
from symbp.errors import MissingRule
from symbp.lowering.depends import mentions
from symbp.lowering.labelled import Entries, Known, Labelled
from symbp.lowering.program import FLOAT, INT, LIST, Value
from symbp.lowering.views import affine_view
from symbp.lowering.windows import beside_computed


def read(at: Entries, node: Read) -> Labelled:
    """The entry of a tensor for all values of the indices in its subscripts."""
    known = beside_computed(at, at.tensors[node.tensor])
    subs = tuple(node.subs[k] for k in known.places)
    whole = known.at(node.subs[0]) if node.subs else known.shape
    shape = tuple(whole[k] for k in known.places)
    if not subs:
        return Labelled(known.value)
    if known.is_list and not _indices(subs[0]):
        first = kept_inside(at, subs[0], shape[0]) if at.unsure else subs[0]
        entry = at.builder.emit("item", (known.value,), shape[1:], FLOAT, (first, *[None] * (len(shape) - 1)))
        return _read(at, Known(entry, tuple(range(len(shape) - 1)), shape[1:]), subs[1:], shape[1:])
    return _read(at, known, subs, shape)


def _read(at: Entries, known: Known, subs: tuple[Poly, ...], shape: tuple[Poly, ...]) -> Labelled:
    if all(_is_whole(s, e) or _is_fixed(s) for s, e in zip(subs, shape, strict=True)):
        letters = [s.index for s in subs if s.index is not None]
        if len(set(letters)) == len(letters):
            return _plain(at, known.array, subs)
    direct = not (at.unsure and any(map(_is_fixed, subs)))
    view = affine_view(at, known.array, subs, shape) if direct else None
    return view or _gather(at, known, subs, shape)


def _is_fixed(sub: Poly) -> bool:
    """Is it a number, or one computed from sizes?"""
    return sub.index is None and not _indices(sub)


def _is_whole(sub: Poly, extent: Poly) -> bool:
    """Does this subscript run over the whole dimension?"""
    return sub.index is not None and sub.index.start == Poly() and sub.index.stop == extent


def _indices(sub: Poly) -> bool:
    return any(not _is_size(a) for a in sub.atoms())


def _is_size(atom: Atom) -> bool:
    match atom:
        case Quotient(top, bottom):
            return all(_is_size(a) for p in (top, bottom) for a in p.atoms())
        case Index() | Read():
            return False
    return True


def _plain(at: Entries, value: Value, subs: tuple[Poly, ...]) -> Labelled:
    """Whole axes, and positions that are numbers or sizes."""
    maker = at.builder.made(value)
    if maker is not None and maker.op == "transpose":
        base = dict(zip(maker.detail, subs, strict=True))
        return _plain(at, maker.arrays[0], tuple(base[k] for k in range(len(subs))))
    axes = tuple(s.index for s in subs if s.index is not None)
    for i in axes:
        at.place(i)
    if len(axes) == len(subs):
        return Labelled(value, axes)
    places = zip(subs, value.shape, strict=True)
    detail = tuple(None if s.index is not None else kept_inside(at, s, e) for s, e in places)
    shape = tuple(i.extent for i in axes)
    kind = FLOAT if value.kind == LIST else value.kind
    return Labelled(at.builder.emit("item", (value,), shape, kind, detail), axes)


def kept_inside(at: Entries, position: Poly, extent: Poly) -> Poly | tuple[Poly, Poly | None, Poly | None]:
    """A position; between ends that it is moved inside of, where some sizes or a step of a loop may find it beyond one,
    as only a guard can let it be.
    """
    ranges: dict[Atom, Index] = {v: Index(v.name, count) for v, count in at.counts.items()}
    if not at.unsure and not any(mentions(position, v) for v in ranges):
        return position
    over = position.replace(lambda a: Poly.of(ranges[a]) if a in ranges else None)
    low, high = lowest(over), highest(over)
    first = None if low is not None and is_nonnegative(low) else Poly()
    last = None if high is not None and is_nonnegative(extent - 1 - high) else extent - 1
    return position if first is None and last is None else (position, first, last)


def _gather(at: Entries, known: Known, subs: tuple[Poly, ...], shape: tuple[Poly, ...]) -> Labelled:
    """Every dimension by an integer array; positions outside, which only a guard can let through, are moved inside."""
    if known.is_list:
        raise MissingRule("lowering/subscripts.py reads a list of arrays one array at a time")
    alone = _alone(subs, shape)
    if alone is not None:
        return _take(at, known, subs, shape, alone)
    places = [_inside(at, integers(at, s), s, e) for s, e in zip(subs, shape, strict=True)]
    axes = at.joined(tuple(places))
    aligned = tuple(at.aligned(p, axes) for p in places)
    extents = tuple(i.extent for i in axes)
    return Labelled(at.builder.emit("gather", (known.value, *aligned), extents, known.array.kind), axes)


def _alone(subs: tuple[Poly, ...], shape: tuple[Poly, ...]) -> int | None:
    """The one dimension that is read by an integer array, where all others are whole."""
    whole = [_is_whole(s, e) for s, e in zip(subs, shape, strict=True)]
    letters = [i for s in subs for i in indices_of(s)]
    return whole.index(False) if whole.count(False) == 1 and len(set(letters)) == len(letters) else None


def _take(at: Entries, known: Known, subs: tuple[Poly, ...], shape: tuple[Poly, ...], axis: int) -> Labelled:
    """One dimension by an integer array; the others stay as they are."""
    places = _inside(at, integers(at, subs[axis]), subs[axis], shape[axis])
    before, after = (tuple(s.index for s in part if s.index) for part in (subs[:axis], subs[axis + 1 :]))
    axes = (*before, *places.axes, *after)
    for i in axes:
        at.place(i)
    args = (known.value, places.value)
    return Labelled(at.builder.emit("take", args, tuple(i.extent for i in axes), known.array.kind, (axis,)), axes)


def _inside(at: Entries, place: Labelled, sub: Poly, extent: Poly) -> Labelled:
    if _stays(at, sub, extent) and not (at.unsure and _is_fixed(sub)):
        return place
    upper = at.scalar(build.integer(extent - 1))
    lifted = at.apply("maximum", place, at.scalar(build.NIL), kind=INT)
    return at.apply("minimum", lifted, upper, kind=INT)


def _stays(at: Entries, sub: Poly, extent: Poly) -> bool:
    """Is a subscript certain to stay inside: an index whose range ends within the dimension, or a label of it?"""
    match sub.atom:
        case Read(labels):
            return labels in at.classes and is_nonnegative(extent - at.classes[labels])
        case Index(_, stop, start):
            first, rest = start.constant, (extent - stop).constant
            return first is not None and first >= 0 and rest is not None and rest >= 0
    return not _indices(sub)


def integers(at: Entries, poly: Poly) -> Labelled:
    """An integer expression for all values of its indices: a combination of `arange`s and of label arrays, rounded
    down where it is a quotient."""
    result: Labelled | None = None
    for monomial, coefficient in poly.terms:
        indices = [a for a in monomial if not _is_size(a)]
        sizes = build.integer(Poly.collect([(tuple(a for a in monomial if _is_size(a)), coefficient)]))
        term = at.scalar(sizes)
        for a in indices:
            value = _integer(at, a)
            term = value if term.value == build.UNIT else at.apply("mul", value, term, kind=INT)
        result = term if result is None else at.apply("add", result, term, kind=INT)
    return at.scalar(build.NIL) if result is None else result


def _integer(at: Entries, atom: Atom) -> Labelled:
    match atom:
        case Read():
            return at.value(atom)
        case Quotient(top, bottom):
            return at.apply("//", integers(at, top), integers(at, bottom), kind=INT)
        case Index(_, stop, start):
            at.place(atom)
            ends = (build.integer(start), build.integer(stop))
            return Labelled(at.builder.emit("arange", ends, (atom.extent,), INT), (atom,))
    raise MissingRule(f"lowering/subscripts.py has no rule for {type(atom).__name__} in a subscript")
