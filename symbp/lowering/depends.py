"""Whether something depends on a size or an index anywhere in it: in a subscript, a range, `D[l]`, a quotient."""

from __future__ import annotations

from symbp.core.expr import Read
from symbp.core.integers import Atom, DimAt, Index, Node, Poly, Quotient
from symbp.core.traverse import indices_of, polys, walk
from symbp.core.views import bound_by


def mentions(poly: Poly, atom: Atom) -> bool:
    """Does an integer expression depend on a size, anywhere in it?"""
    return any(a == atom or any(mentions(p, atom) for p in _inner(a)) for a in poly.atoms())


def _inner(atom: Atom) -> tuple[Poly, ...]:
    match atom:
        case DimAt(_, at):
            return (at,)
        case Quotient(top, bottom):
            return top, bottom
        case Index(_, stop, start):
            return stop, start
        case Read(_, subs):
            return subs
    return ()


def holds(node: Node, atom: Atom) -> bool:
    """Does an expression depend on a size, in its subscripts or in a range?"""
    for part in walk(node):
        if any(mentions(p, atom) for p in polys(part)):
            return True
        if any(mentions(Poly.of(i), atom) for i in bound_by(part)):
            return True
    return False


def has_plain_indices(poly: Poly) -> bool:
    """Does it depend on no index but those that stand in it as such: on none through a label, a size or a quotient?"""
    return sum(1 for _ in indices_of(poly)) == len(poly.atoms_of(Index))
