"""Fixed smooth functions in the place of unknown ones, with every partial derivative in closed form.

f(u) = c + a sin(v.u + r) + b exp(w.u), where v and w are vectors: deriving by an argument multiplies a term by that
argument's coefficient and turns the sine by a quarter. Positive everywhere, so that a logarithm of it exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from symbp.verify.systems import Numbers, Value


@dataclass(frozen=True, slots=True)
class Smooth:
    """The stand-in for the unknown function at `place` in the network's list of them, of `arity` arguments."""

    place: int
    arity: int

    def sine(self) -> tuple[Fraction, ...]:
        """v: different for each function and argument."""
        return tuple(Fraction(7 + 4 * i + 3 * self.place, 10) for i in range(self.arity))

    def rise(self) -> tuple[Fraction, ...]:
        """w: small, so that the exponential stays near 1; one negative sign in two."""
        return tuple(Fraction((-1) ** i * (3 + 2 * i + self.place), 20) for i in range(self.arity))

    def value(self, orders: Sequence[int], args: Sequence[Value], numbers: Numbers) -> Value:
        """The partial derivative of the given orders at `args`."""
        number, call = numbers.number, numbers.functions
        along = _dot(self.sine(), args, numbers) + number(Fraction(self.place, 3))
        wave, sign = [("sin", 1), ("cos", 1), ("sin", -1), ("cos", -1)][sum(orders) % 4]
        turned = number(_powers(self.sine(), orders) * sign * Fraction(1, 2)) * call[wave](along)
        grown = number(_powers(self.rise(), orders)) * call["exp"](_dot(self.rise(), args, numbers))
        return turned + grown if any(orders) else turned + grown + number(Fraction(2, 3))

    def terms(self, orders: Sequence[int]) -> dict[str, object]:
        """The numbers of a partial derivative: a sine or a cosine, an exponential, a constant."""
        sign = [1, 1, -1, -1][sum(orders) % 4]
        return {
            "along": [float(v) for v in self.sine()],
            "phase": float(Fraction(self.place, 3)),
            "cosine": sum(orders) % 2 == 1,
            "wave": float(_powers(self.sine(), orders) * sign * Fraction(1, 2)),
            "up": [float(w) for w in self.rise()],
            "rise": float(_powers(self.rise(), orders)),
            "constant": 0.0 if any(orders) else float(Fraction(2, 3)),
        }


def _dot(weights: tuple[Fraction, ...], args: Sequence[Value], numbers: Numbers) -> Value:
    total = numbers.number(Fraction(0))
    for weight, u in zip(weights, args, strict=True):
        total = total + numbers.number(weight) * u
    return total


def _powers(base: tuple[Fraction, ...], orders: Sequence[int]) -> Fraction:
    return prod((b**k for b, k in zip(base, orders, strict=True)), start=Fraction(1))


def for_module(keyword: str, functions: dict[str, Smooth]) -> dict[str, object] | None:
    """What a module is given for its keyword `f`, `f_d1`, `f_d2`, `f_d12`, or None where that names no function.

    It is told by numbers, which `child.smooth` makes the function of.
    """
    match = re.fullmatch(r"(\w+?)((?:_d\d+)*)", keyword)
    if not match or match[1] not in functions:
        return None
    smooth = functions[match[1]]
    by = [int(k) for k in match[2] if k.isdigit()]
    if any(not 1 <= k <= smooth.arity for k in by):
        return None
    return smooth.terms([by.count(i + 1) for i in range(smooth.arity)])
