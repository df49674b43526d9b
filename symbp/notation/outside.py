"""Where a condition does not keep a read inside: a place at which the condition holds and the subscript is outside.

Sizes are tried in turn, and a read is refused where each of them has such a place. Conditions on data may hold.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

from symbp.core.expr import And, Compare, Not, Or
from symbp.core.integers import Atom, Dim, Index, Node, Poly, Quotient
from symbp.core.traverse import dims_of, free_indices, indices_of, with_ranges
from symbp.core.views import conjuncts, integers_compared
from symbp.notation.context import Access

MOST_PLACES = 4_000
_OPS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
Place = Mapping[Atom, int]


def place_outside(a: Access) -> Place | None:
    """A place that is read outside although the conditions around it may hold; None where some sizes have none."""
    conds, indices = _relevant(a)
    polys = [a.sub, a.extent, *(p for i in indices for p in (i.start, i.stop)), *_integers(conds)]
    ranges = (p for i in indices for p in (i.start, i.stop))
    if not all(map(_is_plain, (a.sub, a.extent, *ranges))):
        return None
    dims = tuple(dict.fromkeys(d for p in polys for d in dims_of(p)))
    found = None
    for sizes in _trials(dims):
        found = _first(a, conds, _places(indices, sizes))
        if found is None:
            return None
    return found


def place_text(place: Place) -> str:
    """`N = 7, n = 6`."""
    return ", ".join(f"{str(atom).split('%')[0]} = {value}" for atom, value in place.items())


def _relevant(a: Access) -> tuple[list[Node], list[Index]]:
    """The conditions that have to do with the indices of a subscript, and all indices in either."""
    left = [c for cond in a.conds for c in conjuncts(cond)]
    indices = list(dict.fromkeys(with_ranges(indices_of(a.sub))))
    conds: list[Node] = []
    while True:
        near = [c for c in left if c not in conds and (not free_indices(c) or set(free_indices(c)) & set(indices))]
        if not near:
            return conds, indices
        conds += near
        indices = list(dict.fromkeys([*indices, *with_ranges(i for c in near for i in free_indices(c))]))


def _integers(conds: Sequence[Node]) -> Iterator[Poly]:
    for cond in conds:
        match cond:
            case And(args) | Or(args):
                yield from _integers(args)
            case Not(arg):
                yield from _integers((arg,))
            case _:
                yield from integers_compared(cond) or ()


def _is_plain(poly: Poly) -> bool:
    """Is it made of sizes and indices alone, so that a place gives it a value?"""
    return len(poly.atoms()) == len(poly.atoms_of(Dim, Index, Quotient))


def _trials(dims: tuple[Dim, ...]) -> Iterator[dict[Atom, int]]:
    """Sizes that rise in the order of the names, that fall, and that are alike."""
    count = len(dims)
    for sizes in (range(5, 5 + 3 * count, 3), range(4 + 3 * count, 4, -3), [9] * count):
        yield dict(zip(dims, sizes, strict=False))


def _places(indices: list[Index], known: Place) -> Iterator[Place]:
    """The values of the indices, an index after those that its range holds."""
    inner = next((i for i in indices if not set(indices) & {*indices_of(i.start), *indices_of(i.stop)}), None)
    if inner is None:
        yield known
        return
    rest = [i for i in indices if i != inner]
    for value in range(inner.start.value(known), inner.stop.value(known)):
        yield from _places(rest, {**known, inner: value})


def _first(a: Access, conds: Sequence[Node], places: Iterator[Place]) -> Place | None:
    for place, _ in zip(places, range(MOST_PLACES), strict=False):
        if not 0 <= a.sub.value(place) < a.extent.value(place) and all(_holds(c, place) is not False for c in conds):
            return place
    return None


def _holds(cond: Node, place: Place) -> bool | None:
    """Whether a condition holds there; None where that depends on data."""
    match cond:
        case Not(arg):
            inner = _holds(arg, place)
            return None if inner is None else not inner
        case And(args):
            return _decided(False, [_holds(c, place) for c in args])
        case Or(args):
            return _decided(True, [_holds(c, place) for c in args])
    sides = integers_compared(cond)
    if sides is None or not all(map(_is_plain, sides)):
        return None
    a, b = (p.value(place) for p in sides)
    return bool(_OPS[cond.op if isinstance(cond, Compare) else "=="](a, b))


def _decided(decisive: bool, parts: list[bool | None]) -> bool | None:
    """Whether all hold, or any does, where one that does not, or that does, is decisive."""
    return decisive if decisive in parts else None if None in parts else not decisive
