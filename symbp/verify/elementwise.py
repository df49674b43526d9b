"""Arrays as numbers: real ones, and complex ones with steps in them, of which some are arrays and some scalars.

An operation never changes a real part by a step: it is the very number that the same operation on reals gives, so
that a tie is one with steps in it too. Where an operation has no value is said by a mask and raises nothing: at places
that do not count it may be asked for anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from symbp.verify.functions import KNOWN, known
from symbp.verify.grid import Array
from symbp.verify.systems import MANY, Numbers


def real(value: Array) -> Array:
    """The real part."""
    return value.real if value.dtype.kind == "c" else value


def is_complex(value: Array) -> bool:
    """May it hold a step?"""
    return bool(value.dtype.kind == "c")


def with_real(x: Array, value: Array) -> Array:
    """The steps of a fresh value with the real part x."""
    if isinstance(value, np.ndarray):
        value.real = x
        return value
    return np.complex128(complex(x, value.imag))


def times(a: Array, b: Array) -> Array:
    """The product."""
    product = a * b
    return with_real(a.real * b.real, product) if is_complex(a) and is_complex(b) else product


def inverse(value: Array) -> Array:
    """One by the value."""
    return with_real(1 / value.real, 1 / value) if is_complex(value) else 1 / value


def whole_power(base: Array, n: int) -> Array:
    """base ** n; of a complex number by products, since its polar form loses so small a step."""
    if not is_complex(base):
        return base ** float(n) if abs(n) >= MANY else base**n
    if n < 0:
        return with_real(base.real ** float(n), inverse(_products(base, -n)))
    return with_real(base.real ** float(n), _products(base, n))


def _products(base: Array, n: int) -> Array:
    if n == 0:
        return base * 0 + 1
    if n == 1:
        return base * 1
    half = _products(base, n // 2)
    return half * half * base if n % 2 else half * half


def power(base: Array, exponent: Array) -> tuple[Array, Array]:
    """base ** exponent among the reals, and where it has no value."""
    x, e = real(base), real(exponent)
    whole = e == np.floor(e)
    value = np.power(x, e)
    none = ((x < 0) & ~whole) | ((x == 0) & (e < 0)) | (np.isinf(value) & np.isfinite(x))
    if not is_complex(base) and not is_complex(exponent):
        return value, none
    curved = (x <= 0) if is_complex(exponent) else (x <= 0) & ~whole
    safe = np.where(x > 0, base, 1.0)
    result = np.exp(exponent * np.log(safe))
    if not is_complex(exponent):
        for n in np.unique(np.broadcast_to(e, result.shape)[np.broadcast_to((x <= 0) & whole, result.shape)]):
            result = np.where((x <= 0) & (e == n), whole_power(base, int(n)), result)
    return with_real(value, np.array(result, complex)), none | curved


def function(name: str, value: Array) -> Array:
    """An elementary function, whatever it makes of what it has no value for."""
    row, x = known(name), real(value)
    y = np.asarray(row.value(np, x))[()]
    if not is_complex(value):
        return y
    if row.analytic:
        return with_real(y, row.value(np, value))
    return y + 1j * (row.slope(np, x) * value.imag)


def no_value(name: str, x: Array, y: Array) -> Array | None:
    """Where the function has no value at the real x, of which it made y; None where it always has one."""
    row = known(name)
    if row.bounded:
        return None
    none = (np.isinf(y) & np.isfinite(x)) | (np.isnan(y) & ~np.isnan(x))
    return none if row.above is None else none | (x <= row.above)


def _named(name: str) -> Callable[[Array], Array]:
    return lambda value: function(name, np.asarray(value)[()])


def _number(value: Fraction) -> Array:
    return np.float64(float(value))


# What the stand-ins for unknown functions are computed with.
ARRAYS = Numbers("arrays", _number, math.pi, {n: _named(n) for n in KNOWN}, lambda a, b: power(a, b)[0], real)
