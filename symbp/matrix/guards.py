"""Conditions on letters in matrix forms: ranges of columns, letters that are known, the border of a recurrence."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core import build
from symbp.core.expr import Compare, Cond, Expr, Read, Sum, Where
from symbp.core.guards import bound_on
from symbp.core.integers import ONE, ZERO, Atom, Index, Poly
from symbp.core.traverse import free_indices, indices_of, map_values, substitute_poly
from symbp.core.views import conjuncts, factors_of, integers_compared, is_guarded
from symbp.matrix.nodes import Matrix, Named, Transpose

Block = tuple[Expr, Poly, Poly]
Bounds = tuple[Poly, Poly]


def columns_of(terms: Sequence[Expr], c: Index) -> tuple[Block, ...] | None:
    """Each term with its range of columns, where the ranges follow each other from 0 to the last column."""
    found = [_ranged(t, c) for t in terms]
    blocks = [b for b in found if b is not None]
    if len(blocks) < len(terms):
        return None
    ordered: list[Block] = []
    at = ZERO
    while at != c.stop:
        following = next((b for b in blocks if b[1] == at and b not in ordered), None)
        if following is None:
            return None
        ordered.append(following)
        at = following[2]
    return tuple(ordered) if len(ordered) == len(blocks) > 1 else None


def _ranged(term: Expr, c: Index) -> Block | None:
    """A term that is nothing outside a range of c: what it is inside, and the range."""
    factors = factors_of(term)
    for k, f in enumerate(factors):
        if is_guarded(f) and (bounds := _bounds(f.cond, c)):
            return build.mul(*factors[:k], f.then, *factors[k + 1 :]), *bounds
    return None


def _bounds(cond: Cond, c: Index) -> Bounds | None:
    """The range of c that a condition on c alone says: 0 <= c - H and c - H < H is from H to 2H."""
    sides: dict[bool, Poly] = {}
    for test in conjuncts(cond):
        side = bound_on(test, c)
        if side is None or side[1] in sides:
            return None
        sides[side[1]] = side[0]
    return sides.get(False, ZERO), sides.get(True, c.stop)


def by_cases(expr: Expr) -> Expr:
    """A product with a choice by letters for a factor as the choice between the products; anything else as it is."""
    factors = factors_of(expr)
    for k, f in enumerate(factors if len(factors) > 1 else ()):
        match f:
            case Where(cond, then, other) if _is_choice(f):
                rest = (*factors[:k], *factors[k + 1 :])
                first, second = (build.mul(*_ordered(branch, rest)) for branch in (then, other))
                return build.where(cond, first, _at_last(second, missed(cond)))
    return expr


def _at_last(expr: Expr, table: dict[Atom, Poly]) -> Expr:
    """Entries at what a letter is where a condition fails; the other letters keep their ranges."""
    match expr:
        case Read(tensor, subs):
            return Read(tensor, tuple(s.replace(table.get) for s in subs))
    return map_values(expr, lambda c: _at_last(c, table))


def _is_choice(f: Where) -> bool:
    """Between two things, of which the second is there for a single value of a letter; not what a recurrence reads at
    its border, which has a name.
    """
    match f:
        case Where(_, Read(), Read()) | Where(_, build.NIL) | Where(_, _, build.NIL):
            return False
    return bool(missed(f.cond))


def _ordered(value: Expr, rest: Sequence[Expr]) -> tuple[Expr, ...]:
    """What came back before what it is multiplied by; a sum behind that, where it needs no parentheses."""
    return (*rest, value) if isinstance(value, Sum) else (value, *rest)


def known(cond: Cond) -> dict[Atom, Poly]:
    """What a letter is where the condition holds: l = L - 1."""
    match cond:
        case Compare("==") if (sides := integers_compared(cond)) is not None:
            for letter, value in (sides, sides[::-1]):
                if (i := letter.index) and i not in tuple(indices_of(value)):
                    return {i: value}
    return {}


def missed(cond: Cond) -> dict[Atom, Poly]:
    """What a letter is where the condition fails, if that is a single value: 0 for 1 <= t."""
    letters = free_indices(cond)
    if len(letters) != 1:
        return {}
    side = bound_on(cond, letters[0])
    if side == (ONE, False):
        return {letters[0]: ZERO}
    return {letters[0]: letters[0].stop - 1} if side == (letters[0].stop - 1, True) else {}


def border(cond: Cond, then: Matrix, other: Matrix) -> tuple[Poly, ...]:
    """The subscripts of the slice that only the step where the condition fails would read, H[-1]; else nothing."""
    match then, other:
        case (Named(lead=lead), Named()) | (Transpose(Named(lead=lead)), Transpose(Named())):
            subs = tuple(substitute_poly(s, missed(cond)) for s in lead)
            return subs if subs != lead else ()
    return ()
