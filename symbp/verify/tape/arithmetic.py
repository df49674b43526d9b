"""What values are: floats or, where those have no room, mpmath's numbers; and which of them float32 holds exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from symbp.verify.functions import KNOWN
from symbp.verify.precise import precise
from symbp.verify.systems import FLOATS, Numbers, OutsideDomain
from symbp.verify.tape.errors import DOUBLE, HALVES, LARGEST, SMALLEST, UNIT, Array, Far, Number, near

DIGITS = (80, 600)  # the second for what is 0 in the first, as 1 - p of a p near 1 is
SPARE = 20  # digits that a number is to have left
MOST_BITS = 2000  # of an exponent's exponent


class Limits(NamedTuple):
    """What values are compared with, as one of them: mpmath would convert a float each time."""

    unit: Number = UNIT
    double: Number = DOUBLE
    smallest: Number = SMALLEST
    largest: Number = LARGEST
    one: Number = 1
    near_one: Number = UNIT / 4
    nearer_one: Number = DOUBLE / 4


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What values are, and which of them float32 holds exactly."""

    numbers: Numbers
    short: Callable[[Number], bool]
    narrow: bool  # do values have the range of floats alone?
    formulas: Any = math  # what the formulas of elementary functions are computed with
    least: Number = 0.0  # what is left of a number by less than that is rounding
    writable: Callable[[Number], bool] = lambda x: True  # can the exponential of that number be written down?
    error: Callable[[Array], Any] = lambda array: array  # an error, from what it is in each trial
    limits: Limits = Limits()


def _is_short(value: float) -> bool:
    """Has it no more than 24 bits? (What it loses when its last 29 are rounded away is nothing.)"""
    big = value * 536870913.0
    return big - (big - value) == value


IN_FLOATS = Arithmetic(FLOATS, _is_short, True)


@lru_cache(maxsize=len(DIGITS))
def in_digits(digits: int) -> Arithmetic:
    """So many digits, and exponents without end."""
    numbers = precise(digits)
    wide = {name: _bounded(name, numbers.functions[name]) for name, row in KNOWN.items() if row.wide}
    numbers = replace(numbers, functions={**numbers.functions, **wide})
    least = numbers.number(Fraction(1, 10 ** (digits - SPARE)))
    shifted = numbers.pi.context.ldexp
    limits = Limits(*map(numbers.pi.context.mpf, Limits()))

    def is_short(value: Number) -> bool:
        return isinstance(value, (int, float)) or value._mpf_[3] <= 24

    def error(array: Array) -> Far:
        return Far((near(array[HALVES[0]], 0), near(array[HALVES[1]], 0)), shifted)

    return Arithmetic(numbers, is_short, False, numbers.pi.context, least, _is_writable, error, limits)


def _is_writable(x: Number) -> bool:
    """Has its exponential an exponent of no more than some bits?"""
    return isinstance(x, (int, float)) or not x or x._mpf_[2] + x._mpf_[3] <= MOST_BITS


def _bounded(name: str, call: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """The function, of arguments whose exponential can be written down."""

    def function(x: Number) -> Number:
        if not _is_writable(x):
            if name != "exp" or x > 0:
                raise OutsideDomain(f"{name} of a number without end")
            return x * 0
        return call(x)

    return function
