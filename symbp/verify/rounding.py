"""How much rounding an expression may hold: a value together with the size of the terms that it is the difference of.

1e9 + 1 - 1e9 is 1 with terms of size 1e9, so its rounding error is some 1e-16 * 1e9 and not 1e-16. To first order
the size of a sum is the sum of the sizes, that of a product their product, and a function multiplies it by its slope.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symbp.verify.functions import KNOWN
from symbp.verify.systems import REAL_FUNCTIONS, Numbers, OutsideDomain, Value

# What rounding may make of terms of size 1: a few dozen operations' worth.
ROUNDING = 64 * sys.float_info.epsilon


@dataclass(slots=True)
class Sized:
    """A value, and the size of the terms that went into it (never less than the value's own)."""

    value: float
    size: float

    def __add__(self, other: Sized) -> Sized:
        return Sized(self.value + other.value, self.size + other.size)

    def __mul__(self, other: Sized) -> Sized:
        return Sized(self.value * other.value, self.size * other.size)

    def __truediv__(self, other: Sized) -> Sized:
        return self * other**-1

    def __pow__(self, n: float) -> Sized:
        return _raise(self, n)


def exact(value: float) -> Sized:
    """A value that holds no rounding but its own."""
    return Sized(value, abs(value))


def _raise(base: Sized, n: float) -> Sized:
    if base.value == 0:
        return Sized(0.0**n if n else 1.0, base.size)
    if base.value < 0 and n != int(n):
        raise OutsideDomain(f"({base.value}) ** {n}")
    power = base.value**n
    return Sized(power, abs(power) * (1 + abs(n) * base.size / abs(base.value)))


def _power(base: Sized, exponent: Sized) -> Sized:
    power = _raise(base, exponent.value)
    return Sized(power.value, power.size * (1 + exponent.size))


def _function(name: str) -> Callable[[Value], Value]:
    call, slope = REAL_FUNCTIONS[name], KNOWN[name].slope

    def function(a: Sized) -> Sized:
        value = call(a.value)
        return Sized(value, abs(value) + abs(slope(math, a.value)) * a.size)

    return function


SIZED = Numbers(
    "sized",
    lambda q: exact(float(Fraction(q))),
    exact(math.pi),
    {name: _function(name) for name in REAL_FUNCTIONS},
    _power,
    lambda a: a.value,
)
