"""The elementary functions as the witness knows them, a row each; nothing here is taken from `core/functions.py`.

A formula is written once for all numbers: `m` is `math`, `numpy` or a context of mpmath, which call most things by the
same names. What they lack, or call otherwise, is computed one number at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbp.errors import MissingRule

Number = Any  # a float, an array of floats or a number of mpmath
Formula = Callable[[Any, Number], Number]
# How a derivative is computed: how fast it changes with x and with the value f, and the size of the terms that it is
# the difference of; of m, x, f and the derivative itself.
Turn = Callable[[Any, Number, Number, Number], tuple[Number, Number, Number]]


def _by_name(name: str, of_arrays: str = "") -> Formula:
    """What `math` and mpmath call so, and NumPy too if it is not told another name."""
    return lambda m, x: getattr(m, (of_arrays or name) if m is np else name)(x)


def _one_by_one(of_floats: Callable[[float], float], name: str) -> Formula:
    """What NumPy lacks and mpmath calls `name`."""

    def formula(m: Any, x: Number) -> Number:
        if m is math:
            return of_floats(x)
        return np.vectorize(lambda v: _or_none(of_floats, v), otypes=[float])(x) if m is np else getattr(m, name)(x)

    return formula


def _or_none(function: Callable[[float], float], x: float) -> float:
    """nan where there is no value, infinity where floats have no room."""
    try:
        return function(x)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


MOST_BITS = 1000  # of an exponent's exponent
_DIGITS = mpmath.mp.clone()
_DIGITS.dps = 20


def _polygamma(n: int) -> Formula:
    """The derivative of order n + 1 of the logarithm of the gamma function, of positive numbers."""

    @lru_cache(maxsize=1 << 14)
    def of_floats(x: float) -> float:
        if not x > 0:
            raise ValueError(f"the derivative {n + 1} of log gamma at {x}")
        return float(_DIGITS.psi(n, x)) if x < math.inf else (0.0 if n else x)

    def of_digits(m: Any, x: Number) -> Number:
        with m.extradps(10):  # mpmath's is off in its last digits, not always in the same way
            value = m.psi(n, x)
        return +value

    one_by_one = _one_by_one(of_floats, "")
    return lambda m, x: one_by_one(m, x) if m is math or m is np else of_digits(m, x)


def _scaled_erfc(m: Any, x: Number) -> Number:
    """exp(x^2) erfc(x)."""
    return m.exp(x * x) * _one_by_one(math.erfc, "erfc")(m, x)


def _log_gamma(x: float) -> float:
    """Of positive numbers alone."""
    if x <= 0:
        raise ValueError(f"log gamma at {x}")
    return math.lgamma(x)


def _sign(m: Any, x: Number) -> Number:
    return np.sign(x) if m is np else (x > 0) * 1.0 - (x < 0)


def _bell(m: Any, x: Number) -> Number:
    """The derivative of erf; mpmath would take for ever to write down one that is 0 for all purposes."""
    if hasattr(m, "mag") and m.mag(x) > MOST_BITS:
        return x * 0
    return m.exp(-x * x) * 2 / m.sqrt(m.pi)


def _no_turn(m: Any, x: Number, f: Number, slope: Number) -> tuple[Number, Number, Number]:
    return 0.0, 0.0, 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """A function of one variable: its value and its derivative.

    `analytic`: the number systems have it of complex numbers, and with a small imaginary part it loses no digits.
    It has a value where its argument exceeds `above` (None: for every real), `bounded` even for an infinite one. Its
    values are `wide` where they leave the range of floats while their logarithm is an ordinary number; they go no
    further than exp of the size of the argument.
    """

    name: str
    value: Formula
    slope: Formula
    turn: Turn = _no_turn
    analytic: bool = False
    above: int | None = None
    bounded: bool = False
    wide: bool = False


# Its value is its argument's, which no step moves.
STOPPED = "stop_gradient"

_ROWS = (
    Known(
        *("exp", _by_name("exp"), _by_name("exp")),
        turn=lambda m, x, f, d: (0.0, 1.0, 0.0),
        analytic=True,
        wide=True,
    ),
    Known("expm1", _by_name("expm1"), _by_name("exp"), turn=lambda m, x, f, d: (0.0, 1.0, 1.0), wide=True),
    Known(
        *("log", _by_name("log"), lambda m, x: 1 / x),
        turn=lambda m, x, f, d: (-d / x, 0.0, 0.0),
        analytic=True,
        above=0,
    ),
    Known(
        *("log1p", _by_name("log1p"), lambda m, x: 1 / (1 + x)),
        turn=lambda m, x, f, d: (-d * d, 0.0, abs(d)),
        above=-1,
    ),
    Known(
        *("log2", lambda m, x: m.log(x) / m.log(2) if hasattr(m, "mpf") else m.log2(x), lambda m, x: 1 / x / m.log(2)),
        turn=lambda m, x, f, d: (-d / x, 0.0, 0.0),
        above=0,
    ),
    Known(
        *("sin", _by_name("sin"), _by_name("cos")),
        turn=lambda m, x, f, d: (-f, 0.0, 0.0),
        analytic=True,
    ),
    Known(
        *("cos", _by_name("cos"), lambda m, x: -m.sin(x)),
        turn=lambda m, x, f, d: (-f, 0.0, 0.0),
        analytic=True,
    ),
    Known(
        *("tan", _by_name("tan"), lambda m, x: 1 / m.cos(x) ** 2),
        turn=lambda m, x, f, d: (0.0, 2 * f, 0.0),
    ),
    Known(
        *("atan", _by_name("atan", "arctan"), lambda m, x: 1 / (1 + x * x)),
        turn=lambda m, x, f, d: (-2 * x * d * d, 0.0, 0.0),
        bounded=True,
    ),
    Known(
        *("tanh", _by_name("tanh"), lambda m, x: 1 - m.tanh(x) ** 2),
        turn=lambda m, x, f, d: (0.0, -2 * f, 1.0),
        analytic=True,
        bounded=True,
    ),
    Known(
        *("sinh", _by_name("sinh"), _by_name("cosh")),
        turn=lambda m, x, f, d: (f, 0.0, 0.0),
        wide=True,
    ),
    Known(
        *("cosh", _by_name("cosh"), _by_name("sinh")),
        turn=lambda m, x, f, d: (f, 0.0, 0.0),
        wide=True,
    ),
    Known(
        *("erf", _one_by_one(math.erf, "erf"), _bell),
        turn=lambda m, x, f, d: (-2 * x * d, 0.0, 0.0),
        bounded=True,
    ),
    Known(
        *("erfc", _one_by_one(math.erfc, "erfc"), lambda m, x: -_bell(m, x)),
        turn=lambda m, x, f, d: (-2 * x * d, 0.0, 0.0),
        bounded=True,
    ),
    Known(
        *("erfcx", _scaled_erfc, lambda m, x: 2 * x * _scaled_erfc(m, x) - 2 / m.sqrt(m.pi)),
        turn=lambda m, x, f, d: (2 * f, 2 * x, 0.0),
        above=0,
    ),
    Known(
        *("lgamma", _one_by_one(_log_gamma, "loggamma"), _polygamma(0)),
        turn=lambda m, x, f, d: (_polygamma(1)(m, x), 0.0, 0.0),
        above=0,
    ),
    Known(
        *("digamma", _polygamma(0), _polygamma(1)),
        turn=lambda m, x, f, d: (_polygamma(2)(m, x), 0.0, 0.0),
        above=0,
    ),
    Known(
        *("trigamma", _polygamma(1), _polygamma(2)),
        turn=lambda m, x, f, d: (_polygamma(3)(m, x), 0.0, 0.0),
        above=0,
    ),
    Known(
        *("tetragamma", _polygamma(2), _polygamma(3)),
        turn=lambda m, x, f, d: (_polygamma(4)(m, x), 0.0, 0.0),
        above=0,
    ),
    Known("abs", lambda m, x: abs(x), _sign, bounded=True),
    Known("sign", _sign, lambda m, x: 0 * x, bounded=True),
    Known(STOPPED, lambda m, x: x, lambda m, x: 0 * x, bounded=True),
)
KNOWN = {row.name: row for row in _ROWS}


def known(name: str) -> Known:
    """The row of a function."""
    if name not in KNOWN:
        raise MissingRule(f"no witness knows the elementary function {name}; extend symbp/verify/functions.py")
    return KNOWN[name]
