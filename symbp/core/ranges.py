"""How large and how small an integer expression gets over the ranges of its indices, and what is known to be positive.

Every size is at least 1, or what it says. Nothing else is known of a size, so `T - 2 >= 0` is not provable and N is
not comparable to D.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod

from symbp.core.integers import Atom, Dim, DimAt, Index, Poly, Quotient, quotient

_ROUNDS = 16


def is_nonnegative(poly: Poly) -> bool:
    """Is it at least 0 for all sizes that the facts allow?"""
    return _is_nonnegative(poly) or any(map(_is_nonnegative, _over_bounds(poly)))


def _over_bounds(poly: Poly) -> Iterator[Poly]:
    """With every size that another bounds as that one and what it is more, P as T + more for T <= P, and one that a
    number bounds as that number and what it is less; and, since a
    product of sizes is no less than one of them, with all as the least they can be and more: A * E - E is a * (e + 1).
    """
    dims = poly.atoms_of(Dim)
    for dim in dims:
        for low in dim.above:
            wider = _put(poly, dim, _more(dim) + low)
            yield wider
            yield from _over_bounds(wider)
    for dim in dims:
        if dim.most is not None:
            fewer = Dim(f"{dim.name} fewer", 0)
            yield _put(poly, dim, Poly.of(dim.most) - fewer)
    if any(len(m) > 1 for m, _ in poly.terms):
        yield poly.replace(lambda a: _more(a) + a.least if isinstance(a, Dim) and a.least else None)


def _put(poly: Poly, atom: Atom, value: Poly) -> Poly:
    """The expression with a value in the place of an atom."""
    return poly.replace(lambda a: value if a == atom else None)


def _more(dim: Dim) -> Poly:
    """What a size is more than the least that is known of it."""
    return Poly.of(Dim(f"{dim.name} more", 0))


def _is_nonnegative(poly: Poly) -> bool:
    return _at_least(poly) >= 0 or (bool(poly.atoms_of(Quotient)) and _at_least(without_quotients(poly)) >= 0)


def _at_least(poly: Poly) -> float:
    """A number that a sum of products of sizes is never below, -inf where none is known."""
    total = 0
    for monomial, coefficient in poly.terms:
        if monomial and (coefficient < 0 or not all(map(_is_count, monomial))):
            return -math.inf
        total += coefficient * prod(map(_least, monomial))
    return total


def _least(atom: Atom) -> int:
    """What a size, or how often one goes into another, is never below."""
    match atom:
        case Dim():
            return atom.least
        case DimAt():
            return 1
    return 0


def _is_count(atom: Atom) -> bool:
    """Is it a size, or how often one goes into what is at least 0?"""
    match atom:
        case Dim() | DimAt():
            return True
        case Quotient(top, bottom):
            return is_nonnegative(top) and is_nonnegative(bottom - 1)
    return False


def without_quotients(poly: Poly) -> Poly:
    """One without quotients that is at least 0 only where `poly` is: a - b + 1 <= b * (a // b) <= a, for b > 0."""
    for _ in range(_ROUNDS):
        found = _outermost(poly.atoms_of(Quotient))
        if found is None or any(m.count(found) > 1 for m, _ in poly.terms):
            return poly
        factor = poly.coefficient(found)
        rest = poly - factor * found
        if is_nonnegative(-factor):
            poly = rest * found.bottom + factor * found.top
        elif is_nonnegative(factor):
            poly = rest * found.bottom + factor * (found.top - found.bottom + 1)
        else:
            return poly
    return poly


def _outermost(quotients: Sequence[Quotient]) -> Quotient | None:
    """The first that no other holds: what holds another bounds it together with it."""
    inner = [b for q in quotients for p in (q.top, q.bottom) for b in p.atoms()]
    return next((q for q in quotients if q not in inner), None)


def may_be_nonnegative(poly: Poly) -> bool:
    """Is it at least 0 as soon as the sizes are large enough? (`D - 2` is, `D - K` and `-1` are not known to be.)"""
    return _may_be_nonnegative(poly) or any(map(_may_be_nonnegative, _over_bounds(poly)))


def _may_be_nonnegative(poly: Poly) -> bool:
    poly = without_quotients(poly)
    grows = any(m for m, _ in poly.terms)
    named = all(c > 0 and all(isinstance(a, (Dim, DimAt)) for a in m) for m, c in poly.terms if m)
    return named and (grows or (poly.constant or 0) >= 0)


def highest(poly: Poly, keep: tuple[Index, ...] = ()) -> Poly | None:
    """Its largest value over the ranges of its indices except `keep`; None where that is not known."""
    return _bound(poly, True, keep)


def lowest(poly: Poly, keep: tuple[Index, ...] = ()) -> Poly | None:
    """Its smallest value over the ranges of its indices except `keep`; None where that is not known."""
    return _bound(poly, False, keep)


@lru_cache(maxsize=1 << 14)  # a network has few subscripts, which are asked about again and again
def _bound(poly: Poly, high: bool, keep: tuple[Index, ...]) -> Poly | None:
    """Inner indices go first: the range of an inner one may hold an outer one, never the other way round."""
    for _ in range(_ROUNDS):
        held = [q for q in poly.atoms_of(Quotient) if _varies(q, keep)]
        if held:
            digits = (rest for q in held for rest in _remainders(poly, q))
            digit = next(digits, None)
            return _of_digit(*digit, high, keep) if digit else _of_quotient(poly, held, high, keep)
        indices = [i for i in poly.atoms_of(Index) if i not in keep]
        if not indices:
            return poly
        inner = next((i for i in indices if not any(_mentions(j, i) for j in indices if j != i)), indices[0])
        coefficient = poly.coefficient(inner)
        if coefficient.atoms_of(Index):
            return None
        up = is_nonnegative(coefficient)
        if not up and not is_nonnegative(-coefficient):
            return None
        end = inner.stop - 1 if up == high else inner.start
        poly = _put(poly, inner, end)
    return None


def _varies(q: Quotient, keep: tuple[Index, ...]) -> bool:
    """Does it depend on indices, and on none that is kept?"""
    own = [i for p in (q.top, q.bottom) for i in p.atoms_of(Index)]
    deeper = [d for p in (q.top, q.bottom) for d in p.atoms_of(Quotient)]
    return not any(i in keep for i in own) and (bool(own) or any(_varies(d, keep) for d in deeper))


def _of_digit(rest: Poly, count: Poly, times: int, high: bool, keep: tuple[Index, ...]) -> Poly | None:
    """The bound of a digit, which is from 0 to `count` - 1, added `times` to the rest."""
    other = _bound(rest, high, keep)
    return other if other is None or (times > 0) != high else other + (count - 1) * times


def _of_quotient(poly: Poly, held: list[Quotient], high: bool, keep: tuple[Index, ...]) -> Poly | None:
    """The bound of what holds quotients that make no digits: that of the first at its end."""
    q = _outermost(held)
    assert q is not None
    number = poly.coefficient(q).constant
    ends = None if number is None else _bound(q.top, (number > 0) == high, keep)
    if number is None or ends is None or not may_be_nonnegative(q.bottom - 1):
        return None
    return _bound(poly - Poly.of(q) * number + quotient(ends, q.bottom) * number, high, keep)


def _remainders(poly: Poly, q: Quotient) -> Iterator[tuple[Poly, Poly, int]]:
    """Digits that a quotient makes with what it is taken from: k - b (k // b), and k // 2 - 2 (k // 4) of k.

    For each what is left without it, how many values it has, and how often it is
    added: in 16 k - 224 (k // 14) 16 times.
    """
    factor, wholes = poly.coefficient(q), [(q.top, q.bottom)]
    for other in poly.atoms_of(Quotient):
        if other != q and other.top == q.top:
            count = quotient(q.bottom, other.bottom)
            if count * other.bottom == q.bottom:
                wholes.append((Poly.of(other), count))
    for whole, count in wholes:
        times = quotient(-factor, count).constant
        if times and factor == count * -times and may_be_nonnegative(count - 1):
            rest = poly - (whole - Poly.of(q) * count) * times
            if q not in rest.atoms():
                yield rest, count, times


def _mentions(outer: Index, inner: Index) -> bool:
    return any(inner in p.atoms() for p in (outer.start, outer.stop))
