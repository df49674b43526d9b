"""Number systems: what the interpreter computes with.

`FLOATS` are Python's floats, `COMPLEX` its complex numbers, `EXACT` fractions, `LANES` floats of which some are
arrays of complex numbers. An array holds one complex step for each lane: all lanes have the same real part, so one
pass through a network differentiates it by as many entries as there are lanes. An imaginary part is always a step so
small that its square vanishes; comparisons, `abs` and `sign` go by the real part, and their derivative at a kink is
0.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from symbp.verify.functions import KNOWN, STOPPED

Value = Any
STEP = 1e-30
# Powers below this are products in Python, NumPy and mpmath alike.
MANY = 3


class OutsideDomain(ArithmeticError):
    """A function was asked for a value that it does not have, as log(-1)."""


class NoValue(OutsideDomain):
    """The same, with the entry of a tensor that has no value for it."""

    def __init__(self, message: str, tensor: str = ""):
        super().__init__(message)
        self.tensor = tensor


# What Python and NumPy raise when a value is not a real number.
DOMAIN_ERRORS = (OutsideDomain, ValueError, ZeroDivisionError, OverflowError, FloatingPointError)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number system: exact numbers as its values, its functions, powers, and the real part by which it compares.

    `add_up` is the sum of many values, with the value that a sum of none has.
    """

    name: str
    number: Callable[[Fraction], Value]
    pi: Value
    functions: Mapping[str, Callable[[Value], Value]]
    power: Callable[[Value, Value], Value]
    real: Callable[[Value], Value]
    add_up: Callable[[list[Value], Value], Value] = sum


def _power(base: float, exponent: float) -> float:
    """base ** exponent among the reals."""
    if base < 0 and exponent != int(exponent):
        raise OutsideDomain(f"({base}) ** {exponent}")
    return float(base**exponent)


def whole_power(base: Value, n: int) -> Value:
    """base ** n by products: large powers of complex numbers go by polar form, which loses so small a step."""
    if abs(n) < MANY or not (isinstance(base, (complex, np.ndarray)) or hasattr(base, "_mpc_")):
        return base**n
    half = whole_power(base, abs(n) // 2)
    power = half * half * base if n % 2 else half * half
    return power if n > 0 else 1 / power


REAL_FUNCTIONS: dict[str, Callable[[float], float]] = {name: partial(row.value, math) for name, row in KNOWN.items()}

FLOATS = Numbers("float", float, math.pi, REAL_FUNCTIONS, _power, lambda x: x)


def _complex_function(name: str) -> Callable[[Value], Value]:
    row, real = KNOWN[name], REAL_FUNCTIONS[name]

    def function(z: Value) -> Value:
        """f(x + ih) = f(x) + ih f'(x) where no function of complex numbers is to be trusted with so small a step."""
        x = z.real
        if row.above is not None and x <= row.above:
            raise OutsideDomain(f"{name}({x})")
        return row.value(cmath, z) if row.analytic else complex(real(x), row.slope(math, x) * z.imag)

    return function


def _complex_power(base: Value, exponent: Value) -> Value:
    e = exponent.real
    if exponent.imag == 0 and e == int(e):
        return whole_power(base, int(e))
    if base.real < 0:
        raise OutsideDomain(f"({base.real}) ** {e}")
    return base**exponent


COMPLEX = Numbers(
    "complex",
    lambda q: complex(float(q)),
    math.pi,
    {name: _complex_function(name) for name in REAL_FUNCTIONS},
    _complex_power,
    lambda z: z.real,
)


def lane_real(value: Value) -> float:
    """The real part, which all lanes share."""
    if type(value) is float:
        return value
    return value.item(0).real if type(value) is np.ndarray else value.real  # type: ignore[no-any-return]


def _lane_function(name: str) -> Callable[[Value], Value]:
    row, real = KNOWN[name], REAL_FUNCTIONS[name]

    def function(value: Value) -> Value:
        if type(value) is float:
            try:
                return real(value)
            except (ValueError, OverflowError) as error:
                raise OutsideDomain(f"{name}({value:g}): {error}") from error
        x = lane_real(value)
        if row.above is not None and x <= row.above:
            raise OutsideDomain(f"{name}({x})")
        if not row.analytic:
            return real(x) + 1j * (row.slope(math, x) * value.imag)
        return _with_real(real(x), row.value(np, value))

    return function


def _with_real(x: float, value: Value) -> Value:
    """The steps of a value with the very number that floats give, so that a tie is one with steps in it too."""
    return x + 1j * value.imag


def _lane_power(base: Value, exponent: Value) -> Value:
    if type(exponent) is float:
        if type(base) is float:
            return _power(base, exponent)
        if exponent == int(exponent):
            return _with_real(_power(lane_real(base), exponent), whole_power(base, int(exponent)))
    x = lane_real(base)
    if x <= 0:
        raise OutsideDomain(f"({x}) ** {lane_real(exponent)}")
    whole = np.exp(exponent * (math.log(base) if type(base) is float else np.log(base)))
    return _with_real(_power(x, lane_real(exponent)), whole)


LANES = Numbers(
    "lanes",
    float,
    math.pi,
    {name: _lane_function(name) for name in REAL_FUNCTIONS},
    _lane_power,
    lane_real,
)


def _inexact(name: str) -> Callable[[Value], Value]:
    def function(value: Value) -> Value:
        raise OutsideDomain(f"{name} has no exact value")

    return function


def _exact_sign(value: Value) -> Value:
    return Fraction((value > 0) - (value < 0))


def _exact_power(base: Value, exponent: Value) -> Value:
    if exponent.denominator != 1:
        raise OutsideDomain("a root has no exact value")
    return base ** int(exponent)


EXACT = Numbers(
    "exact",
    Fraction,
    None,
    {name: _inexact(name) for name in REAL_FUNCTIONS} | {"abs": abs, "sign": _exact_sign, STOPPED: lambda value: value},
    _exact_power,
    lambda q: q,
)
