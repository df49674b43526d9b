"""Sums in which something cancels, brought over a common denominator: 1 - 1/(1 + e^-z) is e^-z/(1 + e^-z)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Expr, Fn, Int, Num, Sum
from symbp.core.functions import elementary
from symbp.core.integers import Atom, Poly
from symbp.core.traverse import free_indices, reads, rename_bound, substitute
from symbp.core.views import among, argument_of, factors_of, terms_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import NOTHING
from symbp.lowering.scaled import Scaled, raw
from symbp.lowering.stability.division import quotient
from symbp.lowering.stability.known import Known, outside
from symbp.lowering.stability.named import Named
from symbp.lowering.stability.quotients import ranges_of

# So many terms may be left of two that nearly cancel.
MOST_ADDED = 4


class Cancelling(Named):
    """What is left of a sum of values where terms cancel."""

    __slots__ = ()

    def complement(self, total: Expr) -> Expr | None:
        """c + c erf(u), c less that, and 1 less either by its name, as a number times what 1 less erf is; None of any
        other sum."""
        match total:
            case Add((Num(value), term)) | Add((term, Num(value))):
                c, rest = build.split_number(term)
            case _:
                return None
        match rest:
            case Fn(name, (u,), ()) if other := elementary(name).complement:
                same = abs(c) == abs(value)
                return build.mul(Num(value), Fn(other, (u if c == -value else build.neg(u),))) if same else None
        times, tail = build.split_number(self._tail_of(rest))
        match tail:
            case Fn(name, (u, *_)) if -2 * c * times == value:
                return build.mul(Num(-c * times), Fn(name, (build.neg(u),)))
        return None

    def _tail_of(self, expr: Expr) -> Expr:
        """A tensor as a number times what 1 less erf is, if it is that; 0 of any other."""
        body = self.defined(expr, ())
        times, rest = build.split_number(body) if body is not None else (Fraction(0), expr)
        c, tail = build.split_number(self.complement(rest) or rest)
        match tail:
            case Fn(name, _, ()) if elementary(name).tail:
                return build.mul(Num(times * c), tail)
        return build.NIL

    def shortened(self, terms: tuple[Expr, ...], known: Known) -> Expr | None:
        """The sum with the definition of a named sum in its place where terms cancel: 1 - p with p = 1 - exp(u)."""
        for k, a in enumerate(terms):
            c, rest = build.split_number(a)
            match self.defined(rest, known):
                case Add(inner):
                    found = build.add(*terms[:k], *(build.mul(Num(c), t) for t in inner), *terms[k + 1 :])
                    if len(terms_of(found)) < len(terms):
                        return found
        return None

    def cancelled(self, terms: list[Scaled], known: Known) -> Scaled | None:
        """The sum over its common denominator, if terms cancel there and what remains does not; brackets in it
        are opened where they hold quotients."""
        found = self._over_one(terms, known)
        if found is None:
            opened = [u for t in terms for u in self._opened_bracket(t, known)]
            found = self._over_one(opened, known) if len(opened) > len(terms) else None
        return found

    def _opened_bracket(self, value: Scaled, known: Known) -> list[Scaled]:
        """The terms of a bracket, each times what that is times, if one is a quotient of exponentials."""
        match value.sums:
            case ((Add() as bracket, 1),):
                inside = [self.form(a, known) for a in opened_terms(bracket)]
                if any(p < 0 for t in inside for _, p in t.sums):
                    return [replace(value, sums=()) * t for t in inside]
        return [value]

    def _over_one(self, terms: list[Scaled], known: Known) -> Scaled | None:
        below: dict[str, tuple[Expr, Fraction]] = {}
        for t in terms:
            for e, p in t.sums:
                if p < min(Fraction(0), below.get(key(e), (e, Fraction(0)))[1]):
                    below[key(e)] = (e, p)
        common = Scaled(build.UNIT, NOTHING, tuple((e, -p) for e, p in below.values()))
        spread = [u for t in terms for u in self._spread(t * common, known)]
        kept = self._left_out(_collected(spread), known)
        shorter = self._divided(kept, common, known) or self._factored(kept, common, known)
        if shorter is not None:
            return shorter
        if len(kept) == len(spread):  # nothing cancels
            return None
        if len(kept) > len(terms) and (len(kept) > MOST_ADDED or not _are_positive(kept)):
            return None  # there is more to add than before, and something may cancel in it again
        if len(kept) > 1 and any(build.split_number(t.rest)[0] < 0 for t in kept) and not _is_difference(kept):
            return None
        return _as_one(kept) * common.power(Fraction(-1))

    def _divided(self, terms: list[Scaled], common: Scaled, known: Known) -> Scaled | None:
        """The terms over what they are divided by without the sums in that which divide theirs; None if none does.

        What is left is a sum of quotients. Brought together their exponents would be taken from each other, which are
        large, where those of each are nearly 0.
        """
        for k, (e, p) in enumerate(common.sums):
            if p > 0 and isinstance(e, Add) and len(terms) > 1:
                found = quotient(terms, [self.form(a, known) for a in opened_terms(e)])
                if found is not None and len(found) < len(terms):
                    fewer = ((e, p - 1),) if p > 1 else ()
                    left = Scaled(common.rest, common.exponent, (*common.sums[:k], *fewer, *common.sums[k + 1 :]))
                    below = left.power(Fraction(-1))
                    return self._divided(found, left, known) or _as_one([t * below for t in found])
        return None

    def _factored(self, terms: list[Scaled], common: Scaled, known: Known) -> Scaled | None:
        """Four terms over what they are divided by as a difference in which nothing is lost, over half of it, times two
        quotients over the other half, which have a name; None where they are no such product."""
        below = Scaled(build.UNIT, NOTHING, tuple((e, p / 2) for e, p in common.sums if p % 2 == 0))
        for pair in combinations(terms, 2) if len(terms) == 4 and below.sums else ():
            found = quotient(terms, list(pair)) if _is_difference(list(pair)) else None
            if found is not None and len(found) == 2:
                quotients = build.add(*(raw(t * below.power(Fraction(-1))) for t in found))
                bracket = self.named(self.plain(quotients, known), known)
                return _as_one(list(pair)) * (common * below.power(Fraction(-1))).power(Fraction(-1)) * Scaled(bracket)
        return None

    def _left_out(self, terms: list[Scaled], known: Known) -> list[Scaled]:
        """The terms, a sum less one of its own terms as the sum of all the others."""
        for t in terms:
            for total, rest in _single_sums(t):
                for other in (u for u in terms if u is not t):
                    place = self._place_of(other, rest, total, known)
                    if place is not None:
                        left = (u for u in terms if u is not t and u is not other)
                        return self._left_out([rest * _without_one(total, place), *left], known)
        return terms

    def _place_of(self, term: Scaled, rest: Scaled, total: Sum, known: Known) -> Poly | None:
        """The value of its index for which the term of a sum, times the rest, is the other term but for its sign."""
        (i,) = total.indices
        for mine in reads(total.body):
            for theirs in (r for e, _ in (*term.exponent.terms, *term.sums) for r in reads(e)):
                if mine.tensor == theirs.tensor and Poly.of(i) in mine.subs:
                    place = theirs.subs[mine.subs.index(Poly.of(i))]
                    own = rest * self.form(substitute(total.body, {i: place}), outside(known, total.indices))
                    if self.is_in_range(i, place) and not _collected([own, term]):
                        return place
        return None

    def _spread(self, value: Scaled, known: Known) -> list[Scaled]:
        """Multiplied out: small whole powers of sums of a few terms."""
        for k, (e, p) in enumerate(value.sums):
            if isinstance(e, Sum) or p.denominator != 1 or not 0 < p <= 2:
                continue
            if (opened := opened_terms(e)) != (e,) and len(opened) <= 4:
                others = Scaled(value.rest, value.exponent, value.sums[:k] + value.sums[k + 1 :])
                lower = others * Scaled(build.UNIT, NOTHING, ((e, p - 1),) if p > 1 else ())
                return [u for a in opened for u in self._spread(lower * self.form(a, known), known)]
        return [value]


def _are_positive(terms: list[Scaled]) -> bool:
    """Are they all certain to be positive?"""
    return all(is_positive(t.rest) and all(is_positive(e) for e, _ in t.sums) for t in terms)


def _single_sums(value: Scaled) -> Iterator[tuple[Sum, Scaled]]:
    """The sums over one index that a value has as factors, each with what it is times."""
    for k, power in enumerate(value.sums):
        match power:
            case Sum((_,)) as total, 1:
                yield total, Scaled(value.rest, value.exponent, value.sums[:k] + value.sums[k + 1 :])


def _without_one(total: Sum, place: Poly) -> Scaled:
    """The sum over all values of its index but one."""
    (i,) = total.indices
    mask = build.where(build.compare("!=", Int(Poly.of(i)), Int(place)), build.UNIT, build.NIL)
    return Scaled(build.UNIT, NOTHING, ((Sum((i,), build.mul(mask, total.body)), Fraction(1)),))


def as_one_sum(one: Expr, other: Expr) -> Expr | None:
    """Two sums over the same indices, times the same, as one; None of anything else."""
    match _sum_among(one), _sum_among(other):
        case (Sum(mine, body), times), (Sum(theirs, _) as total, others) if ranges_of(mine) == ranges_of(theirs):
            c, times = build.split_number(times)
            d, others = build.split_number(others)
            if times == others:
                taken = {i.name for i in mine} | {i.name for i in free_indices(one)}
                renamed = rename_bound(total, taken)
                table: dict[Atom, Poly] = {j: Poly.of(i) for i, j in zip(mine, renamed.indices, strict=True)}
                both = build.add(build.scale(c, body), build.scale(d, substitute(renamed.body, table)))
                return build.mul(times, build.total(mine, both))
    return None


def _sum_among(expr: Expr) -> tuple[Expr, Expr]:
    """The one sum among the factors, and the others."""
    factors = factors_of(expr)
    sums = among(factors, Sum)
    return (sums[0], build.mul(*(f for f in factors if f is not sums[0]))) if len(sums) == 1 else (build.NIL, expr)


def opened_terms(expr: Expr) -> tuple[Expr, ...]:
    """The terms, expm1 as two, as are functions that are sums of exponentials."""
    match expr:
        case Fn(name, (u,)) if made_of := elementary(name).exponentials:
            powers = ((c, Fn("exp", (build.scale(Fraction(s), u),))) for c, s in made_of)
            return tuple(build.mul(Num(c), power) for c, power in powers)
    return tuple(t for a in terms_of(expr) for t in _without_expm1(a))


def _without_expm1(term: Expr) -> tuple[Expr, ...]:
    c, rest = build.split_number(term)
    exponent = argument_of(rest, "expm1")
    return (term,) if exponent is None else (build.scale(c, Fn("exp", (exponent,))), Num(-c))


def _collected(terms: list[Scaled]) -> list[Scaled]:
    """Like terms added; what cancels is gone."""
    table: dict[str, list[Scaled]] = {}
    for t in terms:
        _, rest = build.split_number(t.rest)
        table.setdefault(key(raw(replace(t, rest=rest))), []).append(t)
    kept = []
    for like in table.values():
        total = sum((build.split_number(t.rest)[0] for t in like), Fraction(0))
        if total:
            kept.append(replace(like[0], rest=build.mul(Num(total), build.split_number(like[0].rest)[1])))
    return kept


def _is_difference(terms: list[Scaled]) -> bool:
    """Are they c exp(a) - c exp(b) of exponents a number apart or one of them 0, so that `expm1` has all digits? Or is
    more common to both than what they are apart?"""
    if len(terms) != 2 or any(t.sums for t in terms):
        return False
    (c, one), (d, other) = (build.split_number(t.rest) for t in terms)
    apart = (terms[0].exponent - terms[1].exponent).terms
    near = all(e == build.UNIT for e, _ in apart) or not all(t.exponent.terms for t in terms)
    common = len(apart) < max(len(t.exponent.terms) for t in terms)
    return c == -d and one == other and (near or common)


def _as_one(terms: list[Scaled]) -> Scaled:
    if not terms:
        return Scaled(build.NIL)
    if len(terms) == 1:
        return terms[0]
    return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in terms)), Fraction(1)),))
