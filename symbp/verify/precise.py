"""mpmath as a number system, for what cancels too much to be told in floats.

A value is real or, where a step is in it, complex with an imaginary part so small that its square vanishes: then, as
with floats, comparisons, `abs` and `sign` go by the real part.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath  # type: ignore[import-untyped]

from symbp.verify.functions import KNOWN
from symbp.verify.steps import Steps
from symbp.verify.systems import Numbers, OutsideDomain, Value, whole_power

DIGITS = 50
# Far below what any other digits hold; exponents in mpmath have no end, so a step may be so small beside any value.
SMALL = -200


def precise(digits: int = DIGITS) -> Numbers:
    """Numbers of that many digits."""
    return _numbers(_context(digits))


def precise_with_steps(digits: int = DIGITS) -> tuple[Numbers, Steps]:
    """The same, and steps of one entry at a time: an array of mpmath's numbers would be no faster."""
    context = _context(digits)
    small = context.mpf(10) ** SMALL

    def step(at: Value) -> Value:
        return small * min(1, abs(at) or 1)

    steps = Steps(
        most=1,
        lanes=lambda values: [context.mpc(0, step(at)) for at in values],
        moved=lambda values: [at + context.mpc(0, step(at)) for at in values],
        slopes=lambda value, values: [value.imag / step(at) for at in values],
        along=lambda length: context.mpc(0, small * length),
        slope=lambda value: value.imag / small,
    )
    return _numbers(context), steps


def _context(digits: int) -> Any:
    context = mpmath.mp.clone()
    context.dps = digits
    return context


def _numbers(context: Any) -> Numbers:
    def number(q: Fraction) -> Value:
        return context.mpf(q.numerator) / q.denominator

    functions = {name: _function(context, name) for name in KNOWN}
    return Numbers("mpmath", number, +context.pi, functions, _power(context), lambda v: v.real)


def _function(context: Any, name: str) -> Callable[[Value], Value]:
    row = KNOWN[name]

    def function(value: Value) -> Value:
        x = value.real
        if row.above is not None and x <= row.above:
            raise OutsideDomain(f"{name}({float(x)})")
        if row.analytic or not value.imag:
            return row.value(context, value if row.analytic else x)
        return context.mpc(row.value(context, x), row.slope(context, x) * value.imag)

    return function


def _power(context: Any) -> Callable[[Value, Value], Value]:
    def power(base: Value, exponent: Value) -> Value:
        e = exponent.real
        if base.real < 0 and (exponent.imag or e != int(e)):
            raise OutsideDomain(f"({float(base.real)}) ** {float(e)}")
        return context.power(base, exponent) if exponent.imag or e != int(e) else whole_power(base, int(e))

    return power
