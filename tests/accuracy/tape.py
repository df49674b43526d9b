"""Numbers of many digits that remember how they were computed, so that a value's derivatives can be had from its end.

A `Value` is one number with the values that it was computed from and its slope by each. It knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mpmath

# Beyond this an exponential is 0 to any digits, or a number that nothing can hold.
LARGEST_EXPONENT = 10**60


class NoValue(ArithmeticError):
    """A function is asked for a value or a slope where it has none, or for one that nothing can hold."""


class Digits:
    """Arithmetic of so many digits; `widest` is the largest exponent that an exponential was taken of.

    From it follows how many digits 1 + exp(x) needs so as not to lose its smaller term.
    """

    def __init__(self, digits: int) -> None:
        self.mp: Any = mpmath.mp.clone()
        self.mp.dps = digits
        self.digits, self.widest = digits, 0.0

    def constant(self, top: float | int, bottom: int = 1) -> Value:
        return Value(self, self.mp.mpf(top) / bottom)

    @property
    def pi(self) -> Value:
        return Value(self, +self.mp.pi)

    def exponential(self, x: Any) -> Any:
        if abs(x) > LARGEST_EXPONENT:
            if x > 0:
                raise NoValue("an exponential beyond all numbers")
            return self.mp.mpf(0)
        self.widest = max(self.widest, float(abs(x)))
        return self.mp.exp(x)


class Value:
    """A number, what it was computed from, and its slope by each of these."""

    __slots__ = ("digits", "parents", "slopes", "x")

    def __init__(self, digits: Digits, x: Any, parents: tuple[Value, ...] = (), slopes: tuple[Any, ...] = ()) -> None:
        self.digits, self.x, self.parents, self.slopes = digits, x, parents, slopes

    def __add__(self, other: Value) -> Value:
        return Value(self.digits, self.x + other.x, (self, other), (1, 1))

    def __mul__(self, other: Value) -> Value:
        return Value(self.digits, self.x * other.x, (self, other), (other.x, self.x))

    def power(self, exponent: Value) -> Value:
        """A power: of a negative base only a whole one, of 0 only where it has a slope."""
        mp, b, e = self.digits.mp, self.x, exponent.x
        whole = e == int(e)
        if (b < 0 and not whole) or (b == 0 and (e < 0 or not (whole or e > 1))):
            raise NoValue(f"{mp.nstr(b, 5)} ** {mp.nstr(e, 5)}")
        value = b ** int(e) if whole else mp.power(b, e)
        by_base = e * (b ** (int(e) - 1) if whole else mp.power(b, e - 1)) if e else mp.mpf(0)
        if not exponent.parents:
            return Value(self.digits, value, (self,), (by_base,))
        if b <= 0:
            raise NoValue("a power whose exponent varies, of what is not positive")
        return Value(self.digits, value, (self, exponent), (by_base, value * mp.log(b)))

    def apply(self, name: str) -> Value:
        """An elementary function of it."""
        value, slope = FUNCTIONS[name](self.digits, self.x)
        return Value(self.digits, value, (self,), (slope,))


def total(digits: Digits, terms: Iterable[Value]) -> Value:
    """A sum."""
    kept = tuple(terms)
    return Value(digits, digits.mp.fsum(t.x for t in kept), kept, (1,) * len(kept))


def _exp(d: Digits, x: Any) -> tuple[Any, Any]:
    value = d.exponential(x)
    return value, value


def _expm1(d: Digits, x: Any) -> tuple[Any, Any]:
    value = d.exponential(x)
    return (d.mp.expm1(x) if abs(x) < 1 else value - 1), value


def _log(d: Digits, x: Any) -> tuple[Any, Any]:
    if x <= 0:
        raise NoValue(f"log({d.mp.nstr(x, 5)})")
    return d.mp.log(x), 1 / x


def _log1p(d: Digits, x: Any) -> tuple[Any, Any]:
    if x <= -1:
        raise NoValue(f"log1p({d.mp.nstr(x, 5)})")
    return d.mp.log1p(x), 1 / (1 + x)


def _tanh(d: Digits, x: Any) -> tuple[Any, Any]:
    falling = d.exponential(-2 * abs(x))
    return d.mp.sign(x) * (1 - falling) / (1 + falling), 4 * falling / (1 + falling) ** 2


def _erf(d: Digits, x: Any) -> tuple[Any, Any]:
    return d.mp.erf(x), 2 / d.mp.sqrt(d.mp.pi) * d.exponential(-x * x)


def _sinh(d: Digits, x: Any) -> tuple[Any, Any]:
    rising, falling = d.exponential(x), d.exponential(-x)
    return d.mp.sinh(x) if abs(x) < 1 else (rising - falling) / 2, (rising + falling) / 2


def _cosh(d: Digits, x: Any) -> tuple[Any, Any]:
    value, slope = _sinh(d, x)
    return slope, value


def _log2(d: Digits, x: Any) -> tuple[Any, Any]:
    value, slope = _log(d, x)
    return value / d.mp.log(2), slope / d.mp.log(2)


def _polygamma(n: int) -> Callable[[Digits, Any], tuple[Any, Any]]:
    """The derivative of order n of digamma; of order -1, the logarithm of the gamma function."""

    def function(d: Digits, x: Any) -> tuple[Any, Any]:
        if x <= 0:
            raise NoValue(f"a polygamma function of {d.mp.nstr(x, 5)}")
        return d.mp.loggamma(x) if n < 0 else d.mp.psi(n, x), d.mp.psi(n + 1, x)

    return function


FUNCTIONS: dict[str, Callable[[Digits, Any], tuple[Any, Any]]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "erf": _erf,
    "erfc": lambda d, x: (d.mp.erfc(x), -_erf(d, x)[1]),
    "sinh": _sinh,
    "cosh": _cosh,
    "tan": lambda d, x: (d.mp.tan(x), 1 / d.mp.cos(x) ** 2),
    "atan": lambda d, x: (d.mp.atan(x), 1 / (1 + x * x)),
    "log2": _log2,
    "lgamma": _polygamma(-1),
    "digamma": _polygamma(0),
    "trigamma": _polygamma(1),
    "tetragamma": _polygamma(2),
    "sin": lambda d, x: (d.mp.sin(x), d.mp.cos(x)),
    "cos": lambda d, x: (d.mp.cos(x), -d.mp.sin(x)),
    "abs": lambda d, x: (abs(x), d.mp.sign(x)),
    "sign": lambda d, x: (d.mp.sign(x), d.mp.mpf(0)),
}


def gradients(end: Value, leaves: Sequence[Value]) -> tuple[list[Any], list[Any]]:
    """The derivative of `end` by each leaf, and for each the sum of the sizes of all that it is the sum of.

    The second says how large a derivative's rounding may be that is 0 only because its terms cancel.
    """
    mp = end.digits.mp
    slope, size = {id(end): mp.mpf(1)}, {id(end): mp.mpf(1)}
    for value in reversed(_ordered(end)):
        s, z = slope[id(value)], size[id(value)]
        for parent, by in zip(value.parents, value.slopes, strict=True):
            slope[id(parent)] = slope.get(id(parent), 0) + s * by
            size[id(parent)] = size.get(id(parent), 0) + z * abs(by)
    zero = mp.mpf(0)
    return [slope.get(id(v), zero) for v in leaves], [size.get(id(v), zero) for v in leaves]


def _ordered(end: Value) -> list[Value]:
    """All that a value was computed from, each after what it was itself computed from."""
    done: set[int] = set()
    found: list[Value] = []
    stack: list[tuple[Value, bool]] = [(end, False)]
    while stack:
        value, left = stack.pop()
        if left:
            found.append(value)
        elif id(value) not in done:
            done.add(id(value))
            stack.append((value, True))
            stack.extend((p, False) for p in value.parents if id(p) not in done)
    return found
