"""Where a condition does not keep a read inside: a place at which the condition holds and the subscript is outside.

Sizes are tried in turn, and a read is refused where each of them has such a place. Conditions on data may hold.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

from symbp.core import build
from symbp.core.expr import And, Compare, Delta, Not, Or
from symbp.core.integers import Atom, Dim, Index, Node, Poly, Quotient
from symbp.core.traverse import dims_of, free_indices, indices_of, with_ranges
from symbp.core.views import conjuncts
from symbp.notation.context import Access

MOST_PLACES = 4_000
_OPS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
Place = Mapping[Atom, int]


def place_outside(a: Access) -> Place | None:
    """A place that is read outside although the conditions around it may hold; None where some sizes have none."""
    conds, indices = _relevant(a)
    polys = [a.sub, a.extent, *(p for i in indices for p in (i.start, i.stop)), *_integers(conds)]
    ranges = (p for i in indices for p in (i.start, i.stop))
    if not all(isinstance(atom, (Dim, Index, Quotient)) for p in (a.sub, a.extent, *ranges) for atom in p.atoms()):
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
    left = [c for cond in a.conds for c in (conjuncts(cond) if not isinstance(cond, Delta) else (cond,))]
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
        if isinstance(cond, (And, Or)):
            yield from _integers(cond.args)
        elif isinstance(cond, Not):
            yield from _integers((cond.arg,))
        else:
            yield from _sides(cond) or ()


def _sides(cond: Node) -> tuple[Poly, Poly] | None:
    if isinstance(cond, Delta):
        return cond.a, cond.b
    if isinstance(cond, Compare):
        a, b = build.as_integer(cond.a), build.as_integer(cond.b)
        return None if a is None or b is None else (a, b)
    return None


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
    if isinstance(cond, Not):
        inner = _holds(cond.arg, place)
        return None if inner is None else not inner
    if isinstance(cond, (And, Or)):
        decisive = isinstance(cond, Or)
        found = [_holds(c, place) for c in cond.args]
        return decisive if decisive in found else None if None in found else not decisive
    sides = _sides(cond)
    if sides is None or not all(isinstance(x, (Dim, Index, Quotient)) for p in sides for x in p.atoms()):
        return None
    a, b = (p.value(place) for p in sides)
    return bool(_OPS[cond.op if isinstance(cond, Compare) else "=="](a, b))
