"""The plain way to differentiate a network: every operation of its definition noted, then the chain rule backward.

In come equations and data, out go the loss and its derivatives, each with what rounding makes of it where it is
computed that way, operation by operation, as automatic differentiation does. That says how exact a gradient may be
asked to be. To first order an error goes through an operation as a small change does, and each operation adds its own:
its value, times the unit of roundoff, with a sign that chance gives, in several trials at once. What 24 bits hold has
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
from typing import Any

import numpy as np

from symbp.core.network import LABELS, PARAM, Network
from symbp.verify.interpret import compile_at, entries
from symbp.verify.precise import precise
from symbp.verify.scope import Key, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS, Numbers, OutsideDomain
from symbp.verify.unknown import Smooth
from symbp.verify.world import Inputs, axes

Number = Any  # a float, or a number of mpmath
Array = np.ndarray[Any, np.dtype[Any]]
Error = Array | None  # in each trial, to be multiplied by the unit of roundoff; None: exact
Operands = tuple[tuple["Entry", Number, Error], ...]  # with the slope by each, and its error
TRIALS = 8
# NumPy's elementary functions are exact to 4 units in the last place, not to half a one.
ELEMENTARY = 4
UNIT = 2.0**-24  # what float32 rounds by
SMALLEST, LARGEST = 2.0**-126, 1e37  # where float32 begins to lose digits, and where a sum of ten has no room
# Two values are told apart where they differ by so many times what rounding may make of them.
CLEAR = 16
# What leaves the range of floats while its logarithm is an ordinary number, and where floats begin to lose digits.
WIDE, FAINT, STRONG = ("exp", "expm1"), 1e-290, 1e25
DIGITS = (40, 600)  # the second for what is 0 in the first, as 1 - p of a p near 1 is
MOST_BITS = 2000  # of an exponent's exponent


class Unclear(ArithmeticError):
    """Rounding decides what is computed: at a kink, at a pole, or beyond the range of float32."""


class NoRoom(ArithmeticError):
    """Floats have no room for a value that is an exponential."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What values are, and which of them float32 holds exactly."""

    numbers: Numbers
    short: Callable[[Number], bool]
    narrow: bool  # do values have the range of floats alone?


def _is_short(value: float) -> bool:
    """Has it no more than 24 bits? (What it loses when its last 29 are rounded away is nothing.)"""
    big = value * 536870913.0
    return big - (big - value) == value


IN_FLOATS = Arithmetic(FLOATS, _is_short, True)


def in_digits(digits: int) -> Arithmetic:
    """So many digits, and exponents without end."""
    numbers = precise(digits)
    exp = numbers.functions["exp"]

    def bounded(x: Number) -> Number:
        if x and x._mpf_[2] + x._mpf_[3] > MOST_BITS:
            if x > 0:
                raise OutsideDomain("exp of a number without end")
            return x * 0
        return exp(x)

    numbers = replace(numbers, functions={**numbers.functions, "exp": bounded})
    return Arithmetic(numbers, lambda v: isinstance(v, (int, float)) or v._mpf_[3] <= 24, False)


@dataclass(slots=True, eq=False)
class Entry:
    """What an operation gave: its value, its error, the operands with the slope by each of them and the slope's error.

    `traced`: a parameter is in it. `wide`: an exponential is in it. `slope` is the loss's, once that is known.
    """

    tape: Tape
    value: Number
    error: Error
    operands: Operands = ()
    traced: bool = False
    wide: bool = False
    slope: Number = 0.0
    slope_error: Error = None

    def __add__(self, other: Entry) -> Entry:
        return self.tape.total([self, other], self)

    def __mul__(self, other: Entry) -> Entry:
        return self.tape.once("*", (self, other), self._product)

    def _product(self, _: Entry, other: Entry) -> Entry:
        a, b = self.value, other.value
        error = _plus(_times(self.error, b), _times(other.error, a))
        if self.wide or other.wide:
            self.tape.demand_room(a, b)
        elif error is not None or not self.tape.arithmetic.short(a * b):
            error = _plus(error, self.tape.rounding(a * b))
        return self.tape.write(a * b, error, ((self, b, other.error), (other, a, self.error)))

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


def _plus(a: Error, b: Error) -> Error:
    return b if a is None else a if b is None else a + b


def _times(error: Error, number: Number) -> Error:
    return None if error is None else error * number


def largest(error: Error) -> Number:
    """Of all trials the largest."""
    return 0.0 if error is None else abs(error).max()


@lru_cache(maxsize=1)
def _signs() -> tuple[Array, ...]:
    """Which way each of many operations rounds, in every trial."""
    generator = random.Random(0)
    return tuple(np.array([generator.choice((-1.0, 1.0)) for _ in range(TRIALS)]) for _ in range(1009))


class Tape:
    """The operations in the order in which they were made; `numbers` is the system that writes them down."""

    def __init__(self, arithmetic: Arithmetic = IN_FLOATS):
        self.arithmetic, self.entries, self.signs = arithmetic, list[Entry](), cycle(_signs())
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
        if key not in self.known:
            self.known[key] = operands, make(*operands)
        return self.known[key][1]

    def rounding(self, value: Number, wide: bool = False) -> Array:
        """What rounding a value makes of it. A number so small that float32 holds few digits of it is rounded by more.

        A product with an exponential is not rounded: where that is carried as an exponent, it only adds exponents.
        """
        return next(self.signs) * (value if wide or abs(value) > SMALLEST else SMALLEST)

    def rounded_sum(self, a: Number, b: Number) -> Array:
        """What rounding a sum makes of it: no more than the smaller term, for the larger one is a number to be had."""
        return next(self.signs) * min(abs(a + b), min(abs(a), abs(b)) / UNIT)

    def write(self, value: Number, error: Error, operands: Operands, wide: bool = False) -> Entry:
        """The next operation."""
        traced = tuple([o for o in operands if o[0].traced])
        wide = wide or any(o[0].wide for o in operands)
        if not abs(value) < LARGEST:
            self._demand_wide(wide)
        entry = Entry(self, value, error, traced, bool(traced), wide)
        if traced:
            self.entries.append(entry)
        return entry

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
        if self.arithmetic.narrow and x.wide and abs(x.value) < FAINT:
            raise NoRoom
        if not x.wide and x.error is not None and abs(x.value) <= CLEAR * UNIT * largest(x.error):
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
        if x.error is None and self.arithmetic.short(value) and self.arithmetic.short(slope):
            return self.write(value, None, ((x, slope, None),))
        error, turned = _times(x.error, slope), _times(x.error, bend)
        if not x.wide:
            error, turned = _plus(error, self.rounding(value)), _plus(turned, self.rounding(slope))
        return self.write(value, error, ((x, slope, turned),))

    def _raised(self, x: Number, n: Number) -> Number:
        if n == int(n):
            return 1 / x ** -int(n) if n < 0 else x ** int(n)
        if x == 0 and n < 0:
            raise ZeroDivisionError
        return self.arithmetic.numbers.power(x, n)

    def total(self, terms: list[Entry], zero: Entry) -> Entry:
        """The sum of many, as one operation; each addition rounds what there is by then."""
        if len(terms) < 2:
            return terms[0] if terms else zero
        return self.once("+", tuple(terms), self._added)

    def _added(self, *terms: Entry) -> Entry:
        value, error, exact = terms[0].value, terms[0].error, True
        off = 0.0
        for term in terms[1:]:
            most = min(abs(value + term.value), min(abs(value), abs(term.value)) / UNIT)
            value, error = value + term.value, _plus(error, term.error)
            exact, off = exact and self.arithmetic.short(value), max(off, most)
        if off and not (exact and error is None):
            error = _plus(error, next(self.signs) * off)
        return self.write(value, error, tuple([(term, 1.0, None) for term in terms]))

    def _power(self, base: Entry, exponent: Entry) -> Entry:
        if not exponent.traced:
            return self.power(base, exponent.value)
        log, exp = (self.numbers.functions[name] for name in ("log", "exp"))
        return exp(exponent * log(base))  # type: ignore[no-any-return]

    def _function(self, name: str) -> Callable[[Entry], Entry]:
        calls = self.arithmetic.numbers.functions
        call, slopes_of = calls[name], SLOPES[name]

        def make(x: Entry) -> Entry:
            if name in ("abs", "sign"):
                self.apart(x, self.constant(0.0))
            if name in ("log", "log1p"):
                self.demand_no_pole(x if name == "log" else x + self.constant(1.0))
            value = call(x.value)
            slope, by_x, by_value, cancelled = slopes_of(calls, x.value, value)
            exact = x.error is None and not (x.value and value)
            wide = x.wide or name in WIDE
            error = None if exact else _plus(_times(x.error, slope), self.rounding(value * ELEMENTARY, wide))
            turned = _plus(_times(x.error, by_x), _times(error, by_value))
            if not exact:
                turned = _plus(turned, self.rounding(abs(slope) + cancelled, wide))
            return self.write(value, error, ((x, slope, turned),), wide)

        return lambda x: self.once(name, (x,), make)

    def differentiate(self, loss: Entry) -> None:
        """The chain rule, from the last operation to the first; every entry then has its slope."""
        loss.slope = loss.slope + 1.0
        for entry in reversed(self.entries):
            slope, error = entry.slope, entry.slope_error
            if not slope and error is None:
                continue
            for operand, by, by_error in entry.operands:
                wide = entry.wide or operand.wide
                if wide:
                    self.demand_room(slope, by)
                self._add_slope(operand, slope * by, _plus(_times(error, by), _times(by_error, slope)), by, wide)

    def _add_slope(self, operand: Entry, value: Number, error: Error, by: Number, wide: bool) -> None:
        if not wide and by not in (1, -1) and (value or error is not None):
            error = _plus(error, self.rounding(value))
        if not abs(value) < LARGEST:
            self._demand_wide(wide)
        if operand.slope:
            error = _plus(error, self.rounded_sum(operand.slope, value))
            value = operand.slope + value
        operand.slope, operand.slope_error = value, _plus(operand.slope_error, error)


Calls = Mapping[str, Callable[[Number], Number]]
Slope = tuple[Number, Number, Number, Number]


def _of_erf(calls: Calls, x: Number, f: Number) -> Slope:
    slope = calls["exp"](-x * x) * (2 / math.sqrt(math.pi))
    return slope, -2 * x * slope, 0.0, 0.0


# The derivative of each elementary function at x, where its value is f; how fast that changes with x and with f, as it
# is computed; and the size of the terms that it is the difference of.
SLOPES: Mapping[str, Callable[[Calls, Number, Number], Slope]] = {
    "exp": lambda calls, x, f: (f, 0.0, 1.0, 0.0),
    "expm1": lambda calls, x, f: (f + 1, 0.0, 1.0, 1.0),
    "log": lambda calls, x, f: (1 / x, -1 / (x * x), 0.0, 0.0),
    "log1p": lambda calls, x, f: (1 / (1 + x), -1 / ((1 + x) * (1 + x)), 0.0, 1 / abs(1 + x)),
    "sin": lambda calls, x, f: (calls["cos"](x), -f, 0.0, 0.0),
    "cos": lambda calls, x, f: (-calls["sin"](x), -f, 0.0, 0.0),
    "tanh": lambda calls, x, f: (1 - f * f, 0.0, -2 * f, 1.0),
    "erf": _of_erf,
    "abs": lambda calls, x, f: (calls["sign"](x), 0.0, 0.0, 0.0),
    "sign": lambda calls, x, f: (0.0, 0.0, 0.0, 0.0),
}


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


@dataclass(frozen=True, slots=True)
class Slopes:
    """The loss and its derivatives by every entry of each parameter: pairs of a value and what rounding may add to it,
    as a multiple of the unit of roundoff.
    """

    loss: tuple[float, float]
    gradients: Mapping[str, Mapping[Key, tuple[float, float]]]


def slopes(network: Network, loss: str, sizes: Sizes, inputs: Inputs) -> Slopes:
    """In floats, and in more digits where an exponential leaves their range.

    Unclear, or another of DOMAIN_ERRORS, where the definition has no value or no derivative at these data.
    """
    try:
        return _slopes(network, loss, sizes, inputs, IN_FLOATS)
    except (NoRoom, *DOMAIN_ERRORS):
        few, many = DIGITS
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


def _floats(value: Number, error: Error) -> tuple[float, float]:
    """Both as floats; a value that float32 has no room for is none that can be asked for."""
    off = largest(error)
    if isinstance(value, float) and not (math.isfinite(value) and off < math.inf):
        raise NoRoom
    if not abs(value) < LARGEST:
        raise Unclear("a result beyond float32")
    return float(value), float(off)


__all__ = ["DOMAIN_ERRORS", "LARGEST", "UNIT", "NoRoom", "Slopes", "Unclear", "slopes"]
