"""The plain way to differentiate a network: every operation of its definition noted, then the chain rule backward.

In come equations and data, out go the loss and its derivatives, each with what rounding makes of it where it is
computed that way, operation by operation, as automatic differentiation does. That says how exact a gradient may be
asked to be. To first order an error goes through an operation as a small change does, and each operation adds its own:
its value, times the unit of roundoff, times what chance gives, in several trials at once. What 24 bits hold has
none.

Nothing of the calculus is known here: an operation is a value, and a slope by each operand. Values are floats or, where
those have no room, mpmath's numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np

from symbp.core.network import LABELS, PARAM, Network
from symbp.verify.functions import KNOWN
from symbp.verify.interpret import compile_at, entries
from symbp.verify.precise import precise
from symbp.verify.scope import Key, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS, Numbers, OutsideDomain
from symbp.verify.unknown import Smooth
from symbp.verify.world import Inputs, axes

Number = Any  # a float, or a number of mpmath
Array = np.ndarray[Any, np.dtype[Any]]
Error = Any  # an array, in each trial, or one of class Far; to be multiplied by the unit of roundoff; None: exact
TRIALS = 8  # in float32, and as many in float64
# NumPy's elementary functions are exact to 4 units in the last place, not to half a one.
ELEMENTARY = 4
# What chance gives is as large as this at most, and of variance 1. Were it a sign, two operations whose results cancel
# would often have the same one in every trial, and what is lost there would not show.
WIDEST = math.sqrt(3)
UNIT, DOUBLE = 2.0**-24, 2.0**-53  # what float32 and float64 round by
SMALLEST, LARGEST = 2.0**-126, 1e37  # where float32 begins to lose digits, and where a sum of ten has no room
# Two values are told apart where they differ by so many times what rounding may make of them.
CLEAR = 16
# Beyond this exponent of their last bits sums are not asked whether they are exact.
MOST_LOWEST = 900
# An argument that is off by more than this is no matter of a slope: exp(x) may be any number there.
BLURRED = 1 / 4
# Where floats begin to lose digits, and what makes that matter.
FAINT, STRONG = 1e-290, 1e25
DIGITS = (80, 600)  # the second for what is 0 in the first, as 1 - p of a p near 1 is
CANCELLED = 1e-9
SPARE = 20  # digits that a number is to have left
MOST_BITS = 2000  # of an exponent's exponent
# What is less by so many powers of two is no matter; from 1 errors are so many away at most.
OUT_OF_SIGHT, NEAR = 400, 100
LEAST_NEAR, MOST_NEAR = 2.0**-NEAR, 2.0**NEAR


class Unclear(ArithmeticError):
    """Rounding decides what is computed: at a kink, at a pole, or beyond the range of float32."""


class NoRoom(ArithmeticError):
    """Floats have no room for a value that is an exponential."""


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
        return Far((_near(array[HALVES[0]], 0), _near(array[HALVES[1]], 0)), shifted)

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
        single, double = ((a, e) if e is None else _near(a * mantissa, e + exponent) for a, e in self.halves)
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
    return _near(one[0] + other[0] * 2.0**-apart, one[1])


def _near(array: Array, exponent: int) -> Half:
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


@dataclass(frozen=True, slots=True)
class Scale:
    """An exponential, or a product of powers of such, with its error beside its value."""

    value: Number
    relative: Error

    def times(self, other: Scale | None) -> Scale:
        return self if other is None else Scale(self.value * other.value, _plus(self.relative, other.relative))


@dataclass(slots=True, eq=False)
class Entry:
    """What an operation gave: its value, its error, the operands with the slope by each of them.

    `traced`: a parameter is in it. `scale`: the exponential that it is a multiple of, if one is in it. `slope` is the
    loss's, once that is known.
    """

    tape: Tape
    value: Number
    error: Error
    operands: tuple[Operand, ...] = ()
    traced: bool = False
    scale: Scale | None = None
    slope: Number = 0.0
    slope_error: Error = None

    def __add__(self, other: Entry) -> Entry:
        return self.tape.total([self, other], self)

    def __mul__(self, other: Entry) -> Entry:
        return self.tape.once("*", (self, other), self.tape.product)

    def __truediv__(self, other: Entry) -> Entry:
        return self * self.tape.power(other, -1.0)

    def __pow__(self, n: int) -> Entry:
        return self.tape.power(self, float(n))

    def __lt__(self, other: Entry) -> bool:
        return self.tape.apart(self, other) and bool(self.value < other.value)

    def __le__(self, other: Entry) -> bool:
        return not other < self

    def __gt__(self, other: Entry) -> bool:
        return other < self

    def __ge__(self, other: Entry) -> bool:
        return not self < other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and not self.tape.apart(self, other)


# Where a product rounds: a factor that is 1 up to less than float32, or float64, can tell rounds nothing there. The
# rounding of a product of several is the least of theirs. (Numbers, for millions of them are compared.)
Rounds = int
NOWHERE, IN_FLOAT64, EVERYWHERE = range(3)
# An operand, the slope by it, that one's error, and how a product with it rounds.
Operand = tuple[Entry, Number, Error, Rounds]


def _plus(a: Error, b: Error) -> Error:
    return b if a is None else a if b is None else a + b


def _times(error: Error, number: Number) -> Error:
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
        return _plus(error, other)
    larger = [_exceeds(other, error, double) for double in (False, True)]
    return other if all(larger) else _plus(error, other) if any(larger) else error


def _exceeds(one: Error, other: Error, double: bool) -> bool:
    if isinstance(one, Far):
        return one.exceeds(other, double)
    half = HALVES[double]
    return _largest(one[half]) > _largest(other[half])


HALVES = slice(TRIALS), slice(TRIALS, 2 * TRIALS)


@lru_cache(maxsize=1)
def _signs() -> tuple[tuple[Array, Array], ...]:
    """How each of many operations rounds, in every trial; the second for the trials in float64 alone."""
    generator = random.Random(0)
    both = [np.array([generator.uniform(-WIDEST, WIDEST) for _ in range(2 * TRIALS)]) for _ in range(1009)]
    return tuple((signs, np.concatenate([np.zeros(TRIALS), signs[TRIALS:]])) for signs in both)


@lru_cache(maxsize=1 + len(DIGITS))
def _roundings(error: Callable[[Array], Error]) -> tuple[tuple[Error, Error], ...]:
    """The same as errors."""
    return tuple((error(both), error(double)) for both, double in _signs())


class Tape:
    """The operations in the order in which they were made; `numbers` is the system that writes them down."""

    def __init__(self, arithmetic: Arithmetic = IN_FLOATS):
        self.arithmetic, self.entries, self.limits = arithmetic, list[Entry](), arithmetic.limits
        self.signs = cycle(_roundings(arithmetic.error))
        self.known: dict[tuple[object, ...], tuple[tuple[Entry, ...], Entry]] = {}
        functions = {name: self._function(name) for name in arithmetic.numbers.functions}
        pi = self.constant(arithmetic.numbers.pi)
        self.numbers = Numbers("tape", self._number, pi, functions, self._power, lambda entry: entry, self.total)

    def _number(self, q: Fraction) -> Entry:
        return self.constant(self.arithmetic.numbers.number(Fraction(q)))

    def constant(self, value: Number) -> Entry:
        """What nothing is differentiated by."""
        return Entry(self, value, None if self.arithmetic.short(value) else self.rounding(value))

    def variable(self, value: Number) -> Entry:
        """An entry of a parameter."""
        return Entry(self, value, None, traced=True)

    def once(self, name: object, operands: tuple[Entry, ...], make: Callable[..., Entry]) -> Entry:
        """The same operation on the same operands is made once: it rounds the same way each time."""
        key = (name, *map(id, operands))
        known = self.known.get(key)
        if known is None:
            self.known[key] = known = operands, make(*operands)
        return known[1]

    def write(self, value: Number, error: Error, operands: tuple[Operand, ...], scale: Scale | None) -> Entry:
        """The next operation."""
        traced = tuple([o for o in operands if o[0].traced])
        if not abs(value) < self.limits.largest:
            self._demand_wide(scale is not None)
        entry = Entry(self, value, error, traced, bool(traced), scale)
        if traced:
            self.entries.append(entry)
        return entry

    # What rounding makes of an operation.

    def rounding(self, value: Number, wide: bool = False, rounds: Rounds = EVERYWHERE) -> Error:
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
            return _times(both, total) if total else None
        more = less / unit
        return _plus(_times(both, more), _times(double, min(total, less / self.limits.double) - more))

    def demand_digits(self, a: Number, b: Number) -> None:
        """Where exponentials cancel, floats leave nothing of what may be far smaller than they are."""
        if self.arithmetic.narrow and abs(a + b) < CANCELLED * abs(a):
            raise NoRoom

    def rounds(self, value: Number, error: Error, scale: Scale | None) -> Rounds:
        """What a factor does to a product; what holds an exponential is looked at as a multiple of that one."""
        if scale is not None:
            if not scale.value:
                return EVERYWHERE
            value, error = value / scale.value, _times(error, 1 / scale.value)
            error = _plus(error, _times(scale.relative, -value))
        limits = self.limits
        off = abs(abs(value) - limits.one)
        if off > limits.near_one:
            return EVERYWHERE
        if error is None:
            return IN_FLOAT64 if off > limits.nearer_one else NOWHERE
        if largest(error) > 1 / 4:
            return EVERYWHERE
        return IN_FLOAT64 if off > limits.nearer_one or largest(error, double=True) > 1 / 4 else NOWHERE

    def _demand_wide(self, wide: bool) -> None:
        if not wide:
            raise Unclear("a value beyond float32")

    def demand_room(self, a: Number, b: Number) -> None:
        """A small number that lost digits or is gone, times a large one, is none to go by."""
        if self.arithmetic.narrow and min(abs(a), abs(b)) < FAINT and max(abs(a), abs(b)) > STRONG:
            raise NoRoom

    def apart(self, a: Entry, b: Entry) -> bool:
        """Are they different numbers? Unclear where rounding may make them change places."""
        gap = abs(a.value - b.value)
        if a.error is None and b.error is None:
            return bool(gap)
        off = largest(_plus(a.error, _times(b.error, -1.0))) + max(abs(a.value), abs(b.value)) + SMALLEST
        if gap <= CLEAR * UNIT * off:
            raise Unclear("a kink")
        return True

    def demand_no_pole(self, x: Entry) -> None:
        """Unclear where rounding may take a value to 0 or beyond; what exponentials make is asked all the same."""
        if self.arithmetic.narrow and x.scale is not None and abs(x.value) < FAINT:
            raise NoRoom
        if x.scale is not None and 0 < abs(x.value) < self.arithmetic.least * abs(x.scale.value):
            raise OutsideDomain("too few digits for what exponentials leave of one another")
        if x.scale is None and x.error is not None and abs(x.value) <= CLEAR * UNIT * largest(x.error):
            raise Unclear("a pole")

    def power(self, x: Entry, n: Number) -> Entry:
        """x ** n for a number n; its slope is n x ** (n - 1)."""
        return self.once(n, (x,), lambda x: self._raised_to(x, n))

    def _raised_to(self, x: Entry, n: Number) -> Entry:
        if n < 0 or n != int(n):
            self.demand_no_pole(x)
        value = self._raised(x.value, n)
        slope = n * self._raised(x.value, n - 1) if n and (x.traced or x.error is not None) else 0.0
        bend = n * (n - 1) * self._raised(x.value, n - 2) if n not in (0, 1) and x.error is not None else 0.0
        wide = x.scale is not None
        scale = x.scale
        if scale is not None and scale.value:
            scale = Scale(self._raised(scale.value, n), _times(scale.relative, n))
        if x.error is None and self.arithmetic.short(value) and self.arithmetic.short(slope):
            return self.write(value, None, ((x, slope, None, EVERYWHERE),), scale)
        one = self.rounds(x.value, x.error, x.scale)
        error = self._round(_times(x.error, slope), value, wide, one)
        turned = self._round(_times(x.error, bend), slope, wide, one)
        if n == -1 and (apart := _beside_number(x)):
            turned = _plus(turned, self.rounding(slope * x.value / apart, wide))
        return self.write(value, error, ((x, slope, turned, one if abs(n) == 1 else EVERYWHERE),), scale)

    def _raised(self, x: Number, n: Number) -> Number:
        if n == int(n):
            return 1 / x ** -int(n) if n < 0 else x ** int(n)
        if x == 0 and n < 0:
            raise ZeroDivisionError
        return self.arithmetic.numbers.power(x, n)

    def product(self, a: Entry, b: Entry) -> Entry:
        """a b."""
        wide = a.scale is not None or b.scale is not None
        if wide:
            self.demand_room(a.value, b.value)
        value, error = a.value * b.value, _plus(_times(a.error, b.value), _times(b.error, a.value))
        by_a, by_b = self.rounds(b.value, b.error, b.scale), self.rounds(a.value, a.error, a.scale)
        if error is not None or not self.arithmetic.short(value):
            error = self._round(error, value, wide, by_a if by_a < by_b else by_b)
        scale = a.scale.times(b.scale) if a.scale is not None else b.scale
        return self.write(value, error, ((a, b.value, b.error, by_a), (b, a.value, a.error, by_b)), scale)

    def _round(self, error: Error, value: Number, wide: bool, rounds: Rounds) -> Error:
        return error if rounds == NOWHERE else _plus(error, self.rounding(value, wide, rounds))

    def total(self, terms: list[Entry], zero: Entry) -> Entry:
        """The sum of many, as one operation; each addition rounds what there is by then."""
        if len(terms) < 2:
            return terms[0] if terms else zero
        return self.once("+", tuple(terms), self._added)

    def _added(self, *terms: Entry) -> Entry:
        value, error, exact, unit = terms[0].value, terms[0].error, True, self.limits.unit
        worst, most = (0.0, 0.0), 0.0
        for term in terms[1:]:
            total = value + term.value
            rounded = min(abs(total), min(abs(value), abs(term.value)) / unit)
            if rounded > most:
                worst, most = (value, term.value), rounded
            value = total
            if term.error is not None:
                error = term.error if error is None else error + term.error
            exact = exact and error is None and self.arithmetic.short(value)
        if not (exact and (len(terms) < 3 or _add_up_exactly([t.value for t in terms]))):
            error = _plus(error, self.rounded_sum(*worst))
        scales = [t for t in terms if t.scale is not None]
        scale = max(scales, key=lambda t: abs(t.value)).scale if scales else None
        return self.write(value, error, tuple([(t, 1.0, None, NOWHERE) for t in terms]), scale)

    def _power(self, base: Entry, exponent: Entry) -> Entry:
        if not exponent.traced:
            return self.power(base, exponent.value)
        log, exp = (self.numbers.functions[name] for name in ("log", "exp"))
        return exp(exponent * log(base))  # type: ignore[no-any-return]

    def _function(self, name: str) -> Callable[[Entry], Entry]:
        call, row, m = self.arithmetic.numbers.functions[name], KNOWN[name], self.arithmetic.formulas

        def slope_at(x: Number) -> Number:
            """Of an exponential that cannot be written down and has a value it is as little as that."""
            return row.slope(m, x) if not row.wide or self.arithmetic.writable(x) else x * 0

        def make(x: Entry) -> Entry:
            if name in ("abs", "sign"):
                self.apart(x, self.constant(0.0))
            if row.above is not None:
                self.demand_no_pole(x + self.constant(float(-row.above)) if row.above else x)
            value = call(x.value)
            slope = value if name == "exp" else slope_at(x.value)
            by_x, by_value, cancelled = row.turn(m, x.value, value, slope)
            exact = x.error is None and not (x.value and value)
            wide = x.scale is not None or row.wide
            error = None if exact else _plus(_times(x.error, slope), self.rounding(value * ELEMENTARY, wide))
            turned = _plus(_times(x.error, by_x), _times(error, by_value))
            if largest(x.error) * UNIT > BLURRED and row.above is None:
                error = _plus(error, self._anywhere_near(call, x))
                turned = _plus(turned, self._anywhere_near(slope_at, x))
            if not exact:
                turned = _plus(turned, self.rounding(abs(slope) + cancelled, wide))
            rounds = NOWHERE if name == "exp" else EVERYWHERE
            scale = Scale(value, _times(error, 1 / value) if value else None) if row.wide else x.scale
            return self.write(value, error, ((x, slope, turned, rounds),), scale)

        return lambda x: self.once(name, (x,), make)

    def _anywhere_near(self, function: Callable[[Number], Number], x: Entry) -> Error:
        """How far the values of a function are from that at x where its argument is off by a good deal."""
        both, double = self.next_signs()
        at, found = function(x.value), None
        for signs, unit in ((_plus(both, _times(double, -1.0)), UNIT), (double, DOUBLE)):
            off = largest(x.error, double=signs is double) * unit
            if off > BLURRED:
                far = max(abs(function(x.value + k * off) - at) for k in (-1, -0.5, 0.5, 1)) / unit
                if self.arithmetic.narrow and far > LARGEST:
                    raise NoRoom
                found = _plus(found, _times(signs, far))
        return found

    def differentiate(self, loss: Entry) -> None:
        """The chain rule, from the last operation to the first; every entry then has its slope."""
        loss.slope = loss.slope + 1.0
        for entry in reversed(self.entries):
            slope, error = entry.slope, entry.slope_error
            if not slope and error is None:
                continue
            for operand, by, by_error, rounds in entry.operands:
                wide = entry.scale is not None or operand.scale is not None
                if wide:
                    self.demand_room(slope, by)
                value, off = slope * by, _plus(_times(error, by), _times(by_error, slope))
                if value or off is not None:
                    self._add_slope(operand, value, self._round(off, value, wide, rounds), wide)

    def _add_slope(self, operand: Entry, value: Number, error: Error, wide: bool) -> None:
        if not abs(value) < self.limits.largest:
            self._demand_wide(wide)
        if operand.slope:
            if wide:
                self.demand_digits(operand.slope, value)
            error = _plus(error, self.rounded_sum(operand.slope, value))
            larger, its = max((operand.slope, operand.slope_error), (value, error), key=lambda pair: abs(pair[0]))
            value, error = operand.slope + value, _plus(operand.slope_error, error)
            operand.slope, operand.slope_error = value, at_least(error, _times(its, value / larger))
        else:
            operand.slope, operand.slope_error = value, _plus(operand.slope_error, error)


def _add_up_exactly(values: list[Number]) -> bool:
    """Have float32's 24 bits room for their sum in whatever order? If only in the order written, that is luck."""
    lowest = min([_lowest_bit(v) for v in values if v], default=0)
    return abs(lowest) < MOST_LOWEST and bool(sum(map(abs, values)) <= 2.0 ** (24 + lowest))


def _lowest_bit(value: Number) -> int:
    """The exponent of the last of its bits."""
    if not isinstance(value, (int, float)):
        return int(value._mpf_[2])
    top, bottom = float(value).as_integer_ratio()
    return (top & -top).bit_length() - bottom.bit_length()


def _beside_number(x: Entry) -> Number | None:
    """What is exponential in a sum of that and a number, as in 1 + exp(-z).

    The inverse of such a sum saturates as tanh does, of which it is a multiple and a number: its derivative may be had
    from its own rounded value, r (1 - r), as that of tanh is from 1 - f^2.
    """
    exponential = [o.value for o, by, _, _ in x.operands if by == 1.0 and o.scale is not None]
    if not exponential or len(exponential) < len(x.operands):
        return None
    part = sum(exponential[1:], exponential[0])
    return part if part != x.value else None


# A whole network.


class _Table(dict[Key, Any]):
    """The entries of a tensor, each computed when first read."""

    def __init__(self, inside: list[Key], compute: Callable[[Key], Any] | None = None):
        super().__init__()
        self.inside, self.compute = frozenset(inside), compute

    def __missing__(self, key: Key) -> Any:
        if self.compute is None or key not in self.inside:
            raise OutsideDomain("a read outside")
        self[key] = value = self.compute(key)
        return value


class Slope(NamedTuple):
    """A value, with what rounding makes of it in float32 and in float64."""

    value: float
    single: float
    double: float


@dataclass(frozen=True, slots=True)
class Slopes:
    """The loss and its derivatives by every entry of each parameter."""

    loss: Slope
    gradients: Mapping[str, Mapping[Key, Slope]]


def _always() -> None:
    """No objection."""


def slopes(network: Network, loss: str, sizes: Sizes, inputs: Inputs, again: Callable[[], None] = _always) -> Slopes:
    """In floats, and in more digits where an exponential leaves their range; `again` is told, and may object.

    Unclear, or another of DOMAIN_ERRORS, where the definition has no value or no derivative at these data.
    """
    try:
        return _slopes(network, loss, sizes, inputs, IN_FLOATS)
    except (NoRoom, *DOMAIN_ERRORS):
        few, many = DIGITS
    again()
    try:
        return _slopes(network, loss, sizes, inputs, in_digits(few))
    except DOMAIN_ERRORS:
        return _slopes(network, loss, sizes, inputs, in_digits(many))


def _slopes(network: Network, loss: str, sizes: Sizes, inputs: Inputs, arithmetic: Arithmetic) -> Slopes:
    tape = Tape(arithmetic)
    tables: dict[str, _Table] = {}
    functions = {name: Smooth(place, arity) for place, (name, arity) in enumerate(network.functions)}
    scope = Scope(sizes, tables, tape.numbers, functions)
    for tensor in network.inputs:
        tables[tensor.name] = table = _Table(entries(axes(tensor), scope))
        make = tape.variable if tensor.kind == PARAM else tape.constant
        number = arithmetic.numbers.number
        exact = {k: v if tensor.kind == LABELS else make(number(Fraction(v))) for k, v in inputs[tensor.name].items()}
        table.update(exact)
    for equation in network.equations:
        keys = entries(equation.indices, scope)
        tables[equation.name] = _Table(keys, _lazily(equation, scope))
    try:
        with np.errstate(all="ignore"):
            last = tables[loss][()]
            tape.differentiate(last)
        return Slopes(
            _floats(last.value, last.error),
            {p: {k: _floats(e.slope, e.slope_error) for k, e in tables[p].items()} for p in network.parameters},
        )
    finally:
        tape.known.clear()
        tape.entries.clear()  # entries and tape hold one another


def _lazily(equation: Any, scope: Scope) -> Callable[[Key], Any]:
    compiled: list[Callable[[Key], Any]] = []

    def compute(key: Key) -> Any:
        if not compiled:
            compiled.append(compile_at(equation.body, equation.indices, scope))
        return compiled[0](key)

    return compute


def _floats(value: Number, error: Error) -> Slope:
    """All as floats; a value that float32 has no room for is none that can be asked for."""
    single, double = largest(error) * UNIT, largest(error, double=True) * DOUBLE
    if isinstance(value, float) and not (math.isfinite(value) and single < math.inf):
        raise NoRoom
    if not abs(value) < LARGEST:
        raise Unclear("a result beyond float32")
    return Slope(float(value), float(single), float(double))
