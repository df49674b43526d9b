"""What rounding makes of a number: an error, in several trials at once.

An operation adds to it its value, times the unit of roundoff, times what chance gives. Where floats have no room for it
an error has an exponent without end.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

Number = Any  # a float, or a number of mpmath
Array = np.ndarray[Any, np.dtype[Any]]
Error = Any  # an array, in each trial, or one of class Far; to be multiplied by the unit of roundoff; None: exact
TRIALS = 8  # in float32, and as many in float64
# What chance gives is as large as this at most, and of variance 1. Were it a sign, two operations whose results cancel
# would often have the same one in every trial, and what is lost there would not show.
WIDEST = math.sqrt(3)
UNIT, DOUBLE = 2.0**-24, 2.0**-53  # what float32 and float64 round by
SMALLEST, LARGEST = 2.0**-126, 1e37  # where float32 begins to lose digits, and where a sum of ten has no room
# What is less by so many powers of two is no matter; from 1 errors are so many away at most.
OUT_OF_SIGHT, NEAR = 400, 100
LEAST_NEAR, MOST_NEAR = 2.0**-NEAR, 2.0**NEAR
HALVES = slice(TRIALS), slice(TRIALS, 2 * TRIALS)
# An error in some trials: an array with an exponent, None where all are 0.
Half = tuple[Array, int | None]


class Far:
    """An error with an exponent without end, one for the trials in float32 and one for those in float64.

    A few digits of it are enough, however many the values have.
    """

    __slots__ = ("halves", "shifted")

    def __init__(self, halves: tuple[Half, Half], shifted: Callable[[float, int], Number]):
        self.halves, self.shifted = halves, shifted

    def __add__(self, other: Far) -> Far:
        (a, b), (c, d) = self.halves, other.halves
        return Far((_sum_of(a, c), _sum_of(b, d)), self.shifted)

    def __mul__(self, number: Number) -> Far:
        mantissa, exponent = _parts(number)
        single, double = ((a, e) if e is None else near(a * mantissa, e + exponent) for a, e in self.halves)
        return Far((single, double), self.shifted)

    def largest(self, double: bool) -> Number:
        """Of the trials of a type."""
        array, exponent = self.halves[double]
        return 0.0 if exponent is None else self.shifted(_largest(array), exponent)

    def exceeds(self, other: Far, double: bool) -> bool:
        """Of the trials of a type the largest that of another."""
        return _size(self.halves[double]) > _size(other.halves[double])


def _size(half: Half) -> tuple[float, float]:
    """The largest of some trials, as a power of two and what it is multiplied by: pairs compare as numbers do."""
    array, exponent = half
    if exponent is None:
        return -math.inf, 0.0
    mantissa, power = math.frexp(_largest(array))
    return (power + exponent, mantissa) if mantissa else (-math.inf, 0.0)


def _sum_of(one: Half, other: Half) -> Half:
    if one[1] is None or other[1] is None:
        return other if one[1] is None else one
    apart = one[1] - other[1]
    if apart < 0:
        return _sum_of(other, one)
    if apart > OUT_OF_SIGHT:
        return one
    return near(one[0] + other[0] * 2.0**-apart, one[1])


def near(array: Array, exponent: int) -> Half:
    """With that exponent, or one that the array is near to."""
    if not LEAST_NEAR < abs(array.item(-1)) < MOST_NEAR:
        by = math.frexp(_largest(array))[1]
        if not array.any():
            return array, None
        array, exponent = array * 2.0**-by, exponent + by
    return array, exponent


def _parts(number: Number) -> tuple[float, int]:
    """A number as one of size 1/2 to 1 and a power of two."""
    if isinstance(number, (int, float)):
        return math.frexp(number)
    sign, digits, exponent, bits = number._mpf_
    first = float(digits >> (bits - 53)) * 2.0**-53 if bits > 53 else math.ldexp(float(digits), -bits)
    return (-first if sign else first), exponent + bits


def plus(a: Error, b: Error) -> Error:
    return b if a is None else a if b is None else a + b


def times(error: Error, number: Number) -> Error:
    return None if error is None else error * number


def largest(error: Error, *, double: bool = False) -> Number:
    """Of all trials in float32 the largest, or of those in float64, in units of roundoff."""
    if error is None:
        return 0.0
    return error.largest(double) if isinstance(error, Far) else _largest(error[HALVES[double]])


def _largest(array: Array) -> float:
    """Of a few numbers; NumPy's way takes longer."""
    values: list[float] = array.tolist()
    return max(map(abs, values))


def at_least(error: Error, other: Error) -> Error:
    """The error, or the other one where that is larger.

    Errors that cancel without the numbers that they are of do so by luck, or by how the definition happens to be
    spelled: the gradient of a softmax less its label, where the maximum subtracted is differentiated too, is as
    exact as its smallest terms, which it is nowhere else.
    """
    if other is None or error is None:
        return plus(error, other)
    larger = [_exceeds(other, error, double) for double in (False, True)]
    return other if all(larger) else plus(error, other) if any(larger) else error


def _exceeds(one: Error, other: Error, double: bool) -> bool:
    if isinstance(one, Far):
        return one.exceeds(other, double)
    half = HALVES[double]
    return _largest(one[half]) > _largest(other[half])


@lru_cache(maxsize=1)
def signs_of_trials() -> tuple[tuple[Array, Array], ...]:
    """How each of many operations rounds, in every trial; the second for the trials in float64 alone."""
    generator = random.Random(0)
    both = [np.array([generator.uniform(-WIDEST, WIDEST) for _ in range(2 * TRIALS)]) for _ in range(1009)]
    return tuple((signs, np.concatenate([np.zeros(TRIALS), signs[TRIALS:]])) for signs in both)
