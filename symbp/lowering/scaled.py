"""A value as exp(L) * product of powers of sums of exponentials * an ordinary rest.

The one representation that the stability pass works with. Products add exponents, powers multiply them, and a sum of
exponentials is a factor of its own, so that it cancels against itself wherever it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Expr, Fn, Num
from symbp.lowering.linear import NOTHING, Linear, write


@dataclass(frozen=True, slots=True)
class Scaled:
    """exp(exponent) * product of sums ** power * rest."""

    rest: Expr
    exponent: Linear = NOTHING
    sums: tuple[tuple[Expr, Fraction], ...] = ()

    @property
    def plain(self) -> bool:
        """Is there nothing exponential in it?"""
        return not self.exponent.terms and not self.sums

    def __mul__(self, other: Scaled) -> Scaled:
        both = self.sums and other.sums
        sums = Linear.collect((*self.sums, *other.sums)).terms if both else self.sums or other.sums
        return Scaled(build.mul(self.rest, other.rest), self.exponent + other.exponent, sums)

    def power(self, q: Fraction) -> Scaled:
        """A power of it."""
        if q == 1:
            return self
        return Scaled(build.power(self.rest, Num(q)), self.exponent * q, tuple((e, p * q) for e, p in self.sums))

    def size(self) -> int:
        """How much there is to compute, roughly."""
        return len(self.exponent.terms) + sum(int(abs(p) + Fraction(1, 2)) for _, p in self.sums)

    def shares(self, other: Scaled) -> bool:
        """Have the two a sum or a part of the exponent in common?"""
        mine = {key(e) for e, _ in (*self.sums, *self.exponent.terms)}
        return any(key(e) in mine for e, _ in (*other.sums, *other.exponent.terms))


def unit() -> Scaled:
    """1."""
    return Scaled(build.UNIT)


def product_of(factors: Iterable[Scaled]) -> Scaled:
    """The product of several."""
    result = unit()
    for f in factors:
        result = result * f
    return result


def raw(value: Scaled) -> Expr:
    """The value as an expression, just as it is represented."""
    factors = [build.power(e, Num(p)) for e, p in value.sums]
    if value.exponent.terms:
        factors.append(Fn("exp", (write(value.exponent),)))
    return build.mul(value.rest, *factors)
