"""A number that depends on what numbers are computed in."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core.expr import Expr

OF_EXPONENT = 0.63  # of the exponent of 2 that is the first too large; log(2) is 0.693


@dataclass(frozen=True, slots=True, eq=False)
class Reach(Expr):
    """The exponent where exponentials end: e^80 in float32, e^645 in float64, so that a sum of a thousand has room."""
