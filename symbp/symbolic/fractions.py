"""Rational functions as fractions of polynomials, and the proof that one is 0.

The denominator is kept as a product of factors, so that no greatest common divisor is looked for: a difference is 0 if
its numerator is, once roots and sines in it are as low as their relations make them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import lcm
from typing import Any

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

MOST_TERMS = 100_000  # of the products of one multiplication: a bound on work

MOST_CANCELLED, MOST_DEGREES = 400, 40  # of the greatest common divisor of two polynomials
MOST_POWER = 60  # of a sum


class TooLarge(Exception):
    """A polynomial grows beyond what is worked out."""


@lru_cache(maxsize=256)
def ring_of(count: int) -> PolyRing:
    """The polynomials in so many variables."""
    return PolyRing([f"g{k}" for k in range(count)], sp.QQ, sp.lex)


@dataclass(slots=True)
class Ratio:
    """A numerator over a product of powers of polynomials, in a space that says what the variables stand for."""

    num: PolyElement
    den: dict[PolyElement, int]
    space: Fractions

    def plus(self, other: Ratio) -> Ratio:
        """The sum."""
        if not other.num:
            return self
        if not self.num:
            return other
        if self.den == other.den:
            return Ratio(self.num + other.num, self.den, self.space)
        den = {f: max(self.den.get(f, 0), other.den.get(f, 0)) for f in (*self.den, *other.den)}
        one, two = (times(r.num, _missing(den, r.den)) for r in (self, other))
        return Ratio(one + two, den, self.space)

    def by(self, other: Ratio) -> Ratio:
        """The product; a power that stands above and below cancels."""
        one, den_two = _without(self.num, other.den)
        two, den_one = _without(other.num, self.den)
        den = {f: den_one.get(f, 0) + den_two.get(f, 0) for f in (*den_one, *den_two)}
        return Ratio(times(one, [(two, 1)]), den, self.space)

    def inverse(self) -> Ratio:
        """1 over it."""
        if not self.num:
            raise ZeroDivisionError
        content, monomial, rest = _split(self.num)
        ring = self.num.ring
        den: dict[PolyElement, int] = {ring.gens[k]: e for k, e in enumerate(monomial) if e}
        if rest != 1:
            den[rest] = den.get(rest, 0) + 1
        num = times(ring.ground_new(1 / content), list(self.den.items()))
        num, den = _without(num, den)
        return Ratio(num, den, self.space)

    def power(self, exponent: int) -> Ratio:
        """A whole power."""
        if exponent < 0:
            return self.inverse().power(-exponent)
        num = times(self.num.ring.one, [(self.num, exponent)])
        return Ratio(num, {f: e * exponent for f, e in self.den.items()} if exponent else {}, self.space)

    def cancelled(self) -> Ratio:
        """In lowest terms."""
        num, den = self.space.reduced(self.num), times(self.num.ring.one, list(self.den.items()))
        if not den.is_ground:
            if len(num) * len(den) > MOST_CANCELLED or sum(num.degrees()) + sum(den.degrees()) > MOST_DEGREES:
                raise TooLarge
            num, den = num.cancel(den)
        return Ratio(num * (1 / den.LC), {den.monic(): 1} if not den.is_ground else {}, self.space)

    def expr(self) -> sp.Expr:
        """As SymPy's expression."""
        return sp.Mul(*(f**e for f, e in self.factors()))

    def factors(self) -> Iterator[tuple[sp.Expr, int]]:
        """Number, powers of variables, and what is a sum, each with its exponent."""
        for part, sign in ((self.num, 1), *((f, -e) for f, e in self.den.items())):
            if not part:
                yield sp.S.Zero, 1
                return
            if sign < 0 and len(part) > 1:
                yield self.space.expr(part), sign
                continue
            content, monomial, rest = _split(part)
            yield sp.Rational(content.numerator, content.denominator), sign
            yield from ((g, sign * e) for g, e in zip(self.space.powers, monomial, strict=True) if e)
            if rest != 1:
                yield self.space.expr(rest), sign


@dataclass(slots=True)
class Fractions:
    """A space of rational functions: the roots and sines whose powers have relations, and the variables.

    `powers` says what each variable of the ring stands for, a symbol or a root of an atom.
    """

    radicands: Mapping[sp.Symbol, sp.Expr]
    squares: Mapping[sp.Symbol, sp.Symbol]
    roots: dict[sp.Symbol, int] = field(default_factory=dict)
    places: dict[sp.Symbol, int] = field(default_factory=dict)
    powers: tuple[sp.Expr, ...] = ()
    ring: Any = None

    def ratio(self, expr: sp.Expr) -> Ratio:
        """The fraction that an expression of symbols and powers of atoms is."""
        self._find(expr)
        names = sorted(self.roots, key=lambda s: (len(s.name), s.name))
        self.places = {s: k for k, s in enumerate(names)}
        self.powers = tuple(s ** sp.Rational(1, self.roots[s]) for s in names)
        self.ring = ring_of(len(names))
        return self._ratio(expr)

    def _find(self, expr: sp.Expr) -> None:
        """The symbols, and of each the least common denominator of its exponents."""
        waiting, seen = [expr], set()
        while waiting:
            part = waiting.pop()
            if part in seen:
                continue
            seen.add(part)
            if part.is_Symbol or (part.is_Pow and part.base.is_Symbol):
                base, exponent = part.as_base_exp()
                self.roots[base] = lcm(self.roots.get(base, 1), int(exponent.q))
                waiting += [self.radicands[base]] if base in self.radicands else []
                waiting += [self.squares[base]] if base in self.squares else []
            elif not part.is_Rational:
                waiting += part.args

    def _ratio(self, expr: sp.Expr) -> Ratio:
        if expr.is_Rational:
            return Ratio(self.ring.ground_new(sp.QQ(int(expr.p), int(expr.q))), {}, self)
        if expr.is_Symbol:
            return Ratio(self.ring.gens[self.places[expr]] ** self.roots[expr], {}, self)
        if expr.is_Pow:
            if expr.base.is_Symbol:
                whole = int(expr.exp * self.roots[expr.base])
                return Ratio(self.ring.gens[self.places[expr.base]], {}, self).power(whole)
            return self._ratio(expr.base).power(int(expr.exp))
        parts = [self._ratio(a) for a in expr.args]
        result = parts[0]
        for part in parts[1:]:
            result = result.plus(part) if expr.is_Add else result.by(part)
        return result

    def reduced(self, num: PolyElement) -> PolyElement:
        """A numerator with the powers of roots and sines as low as can be, up to a factor that is not 0."""
        for symbol in reversed(self.places):
            if symbol in self.radicands:
                num = self._lower(num, symbol, self.roots[symbol], self._ratio(self.radicands[symbol]))
            elif symbol in self.squares:
                cosine = self._ratio(self.squares[symbol])
                one = self._ratio(sp.S.One)
                num = self._lower(num, symbol, 2, one.plus(cosine.power(2).by(self._ratio(sp.S.NegativeOne))))
        return num

    def _lower(self, num: PolyElement, symbol: sp.Symbol, degree: int, value: Ratio) -> PolyElement:
        """With `value` for the power `degree` of a variable: k^(d + r) is value^(d/degree) k^r."""
        place = self.places[symbol]
        most = max((m[place] for m in num), default=0) // degree
        if not most:
            return num
        den = times(self.ring.one, list(value.den.items()))
        parts: dict[int, PolyElement] = {}
        for monomial, coefficient in num.items():
            times_in, rest = divmod(monomial[place], degree)
            part = parts.setdefault(times_in, self.ring.zero)
            part[(*monomial[:place], rest, *monomial[place + 1 :])] = coefficient
        total = self.ring.zero
        for count, part in parts.items():
            total = total + times(part, [(value.num, count), (den, most - count)])
        return total

    def expr(self, poly: PolyElement) -> sp.Expr:
        """A polynomial as SymPy's expression."""
        terms = [
            sp.Mul(sp.Rational(c.numerator, c.denominator), *(g**e for g, e in zip(self.powers, m, strict=True) if e))
            for m, c in poly.items()
        ]
        return sp.Add(*terms)


def times(num: PolyElement, factors: list[tuple[PolyElement, int]]) -> PolyElement:
    """A polynomial times powers of others; TooLarge where that is too much work."""
    for factor, power in factors:
        if len(factor) == 1:
            num = num * factor**power
            continue
        if power > MOST_POWER:
            raise TooLarge
        for _ in range(power):
            if len(num) * len(factor) > MOST_TERMS:
                raise TooLarge
            num = num * factor
    return num


def _missing(den: dict[PolyElement, int], own: dict[PolyElement, int]) -> list[tuple[PolyElement, int]]:
    return [(f, e - own.get(f, 0)) for f, e in den.items() if e > own.get(f, 0)]


def _without(num: PolyElement, den: dict[PolyElement, int]) -> tuple[PolyElement, dict[PolyElement, int]]:
    """A numerator and a denominator without the variables, and the one sum, that they have in common."""
    if not den or not num:
        return num, {} if not num else den
    left = dict(den)
    common = [0] * num.ring.ngens
    for factor in den:
        if len(factor) == 1:
            place = next(k for k, e in enumerate(factor.LM) if e)
            common[place] = min(den[factor], min(m[place] for m in num))
            left[factor] -= common[place]
        elif len(num) >= len(factor):
            while left[factor]:
                quotient, remainder = divmod(num, factor) if _may_divide(num, factor) else (None, True)
                if remainder:
                    break
                num, left[factor] = quotient, left[factor] - 1
    if any(common):
        lowered = num.ring.zero
        for monomial, coefficient in num.items():
            lowered[tuple(a - b for a, b in zip(monomial, common, strict=True))] = coefficient
        num = lowered
    return num, {f: e for f, e in left.items() if e}


def _may_divide(num: PolyElement, factor: PolyElement) -> bool:
    """Are first and last monomial divisible? Otherwise no division needs to be tried."""
    ends = ((max(num), max(factor)), (min(num), min(factor)))
    return all(a >= b for whole, part in ends for a, b in zip(whole, part, strict=True))


def _split(poly: PolyElement) -> tuple[Any, tuple[int, ...], PolyElement]:
    """Number, common monomial, and the rest with leading coefficient 1."""
    common = tuple(map(min, *poly)) if len(poly) > 1 else next(iter(poly))
    lead = poly.LC
    rest = poly.ring.zero
    for monomial, coefficient in poly.items():
        rest[tuple(a - b for a, b in zip(monomial, common, strict=True))] = coefficient / lead
    return lead, common, rest


def is_zero(num: Ratio) -> bool:
    """Is the fraction 0, by the relations of its space?"""
    return not num.space.reduced(num.num)
