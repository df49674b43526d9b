"""mpmath as a number system, for what cancels too much to be told in floats. Only who needs it imports mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath  # type: ignore[import-untyped]

from symbp.verify.systems import Numbers, Value

DIGITS = 50


def precise(digits: int = DIGITS) -> Numbers:
    """Real numbers of that many digits."""
    context = mpmath.mp.clone()
    context.dps = digits
    names = ("exp", "log", "log1p", "expm1", "sin", "cos", "tanh", "erf", "sign")

    def number(q: Fraction) -> Value:
        return context.mpf(q.numerator) / q.denominator

    functions = {name: getattr(context, name) for name in names} | {"abs": abs}
    return Numbers("mpmath", number, +context.pi, functions, context.power, lambda x: x)
