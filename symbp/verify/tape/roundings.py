"""How each operation rounds: what of its value is lost, and where rounding decides what is computed.

To first order an error goes through an operation as a small change does, and each operation adds its own. What 24 bits
hold has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import cycle

from symbp.verify.tape.arithmetic import DIGITS, Arithmetic, Limits
from symbp.verify.tape.errors import SMALLEST, Array, Error, Number, largest, plus, signs_of_trials, times

# Where floats begin to lose digits, and what makes that matter.
FAINT, STRONG = 1e-290, 1e25
CANCELLED = 1e-9


class Unclear(ArithmeticError):
    """Rounding decides what is computed: at a kink, at a pole, or beyond the range of float32."""


class NoRoom(ArithmeticError):
    """Floats have no room for a value that is an exponential."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An exponential, or a product of powers of such, with its error beside its value."""

    value: Number
    relative: Error

    def times(self, other: Scale | None) -> Scale:
        return self if other is None else Scale(self.value * other.value, plus(self.relative, other.relative))


# Where a product rounds: a factor that is 1 up to less than float32, or float64, can tell rounds nothing there. The
# rounding of a product of several is the least of theirs. (Numbers, for millions of them are compared.)
Rounds = int
NOWHERE, IN_FLOAT64, EVERYWHERE = range(3)


@lru_cache(maxsize=1 + len(DIGITS))
def _roundings(error: Callable[[Array], Error]) -> tuple[tuple[Error, Error], ...]:
    """How each of many operations rounds, as errors of a kind."""
    return tuple((error(both), error(double)) for both, double in signs_of_trials())


@dataclass(slots=True)
class Roundings:
    """What rounding makes of one operation after the other, and what floats have no room for."""

    arithmetic: Arithmetic
    limits: Limits = field(init=False)
    signs: Iterator[tuple[Error, Error]] = field(init=False)

    def __post_init__(self) -> None:
        self.limits = self.arithmetic.limits
        self.signs = cycle(_roundings(self.arithmetic.error))

    def of(self, value: Number, wide: bool = False, rounds: Rounds = EVERYWHERE) -> Error:
        """Of a number so small that float32 holds few of its digits it makes more; not where exponents have room."""
        both, double = next(self.signs)
        size = value if wide or abs(value) > self.limits.smallest else SMALLEST
        return (double if rounds == IN_FLOAT64 else both) * size

    def next_signs(self) -> tuple[Error, Error]:
        """How the next operation rounds, and how it does in float64 alone."""
        return next(self.signs)

    def rounded_sum(self, a: Number, b: Number) -> Error:
        """No more than the smaller term: the larger one is a number to be had."""
        total, less = abs(a + b), min(abs(a), abs(b))
        both, double = self.next_signs()
        unit = self.limits.unit
        if less >= unit * total:
            return times(both, total) if total else None
        more = less / unit
        return plus(times(both, more), times(double, min(total, less / self.limits.double) - more))

    def demand_digits(self, a: Number, b: Number) -> None:
        """Where exponentials cancel, floats leave nothing of what may be far smaller than they are."""
        if self.arithmetic.narrow and abs(a + b) < CANCELLED * abs(a):
            raise NoRoom

    def rounds(self, value: Number, error: Error, scale: Scale | None) -> Rounds:
        """What a factor does to a product; what holds an exponential is looked at as a multiple of that one."""
        if scale is not None:
            if not scale.value:
                return EVERYWHERE
            value, error = value / scale.value, times(error, 1 / scale.value)
            error = plus(error, times(scale.relative, -value))
        limits = self.limits
        off = abs(abs(value) - limits.one)
        if off > limits.near_one:
            return EVERYWHERE
        if error is None:
            return IN_FLOAT64 if off > limits.nearer_one else NOWHERE
        if largest(error) > 1 / 4:
            return EVERYWHERE
        return IN_FLOAT64 if off > limits.nearer_one or largest(error, double=True) > 1 / 4 else NOWHERE

    def demand_wide(self, wide: bool) -> None:
        if not wide:
            raise Unclear("a value beyond float32")

    def demand_room(self, a: Number, b: Number) -> None:
        """A small number that lost digits or is gone, times a large one, is none to go by."""
        if self.arithmetic.narrow and min(abs(a), abs(b)) < FAINT and max(abs(a), abs(b)) > STRONG:
            raise NoRoom
