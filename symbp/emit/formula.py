"""Python text of scalars and of nested operations, with no more parentheses than Python needs.

A `Text` is a piece of source and how tightly its outermost operator binds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symbp.core import build
from symbp.core.expr import Add, Expr, Int, Mul, Num, Pi, Pow
from symbp.core.integers import Atom, DimAt, Poly, Quotient, write_poly
from symbp.core.views import factors_of
from symbp.lowering.program import OF_EXPONENT, Reach

LARGE = 10**15  # from here on an integer is written as a float

CHOICE, OR, AND, NOT, COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(12)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of Python and how tightly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """As an operand of something that binds at `level`: in parentheses if it binds less tightly."""
        return self.code if self.level >= level else f"({self.code})"


def size(poly: Poly) -> Text:
    """An integer expression of sizes: `4 * H`."""
    if poly.atom is not None:
        return _atom(poly.atom)
    code = write_poly(poly, lambda atom: _atom(atom).within(ATOM), " * ")
    if poly.constant is not None:
        return Text(code, ATOM if not code.startswith("-") else SIGN)
    return Text(code, SUM if len(poly.terms) > 1 else PRODUCT)


def _atom(atom: Atom) -> Text:
    match atom:
        case Quotient(top, bottom):
            return Text(f"{size(top).within(PRODUCT)} // {size(bottom).within(SIGN)}", PRODUCT)
        case DimAt(name, at):
            return Text(f"{name}[{size(at).code}]")
    return Text(str(atom))


def number(value: Fraction) -> Text:
    """A number: as an integer or decimal where that is the same float, else as a quotient; a large one as `1e+30`."""
    if value < 0:
        return Text(f"-{number(-value).within(POWER)}", SIGN)
    if value.denominator == 1 and value.numerator < LARGE:
        return Text(str(value.numerator))
    decimal = repr(float(value))
    if Fraction(decimal) == value:
        return Text(decimal)
    return Text(f"{value.numerator} / {value.denominator}", PRODUCT)


def scalar(expr: Expr) -> Text:
    """A scalar of numbers and sizes: `1 / N`."""
    match expr:
        case Num(value):
            return number(value)
        case Pi():
            return Text("np.pi")
        case Reach():
            return Text(f"{OF_EXPONENT} * np.finfo(dtype).maxexp", PRODUCT)
        case Int(poly):
            return size(poly)
        case Add(args):
            return _sum(args)
        case Mul():
            return product((), expr)
        case Pow(base, Num(e)) if e < 0:
            return product((), expr)
        case Pow(base, exponent):
            return Text(f"{scalar(base).within(ATOM)} ** {scalar(exponent).within(SIGN)}", POWER)
    raise TypeError(f"{type(expr).__name__} is not a scalar of numbers and sizes")


def _sum(args: tuple[Expr, ...]) -> Text:
    code = ""
    for a in args:
        negative = build.split_number(a)[0] < 0
        part = scalar(build.neg(a) if negative else a).within(PRODUCT)
        code += f"{' - ' if negative else ' + '}{part}" if code else scalar(a).within(SUM)
    return Text(code, SUM)


def product(factors: tuple[Text, ...], constant: Expr) -> Text:
    """Factors times a scalar, as one writes it: a sign in front, what divides behind a stroke."""
    value, rest = build.split_number(constant)
    above = list(factors)
    below: list[Text] = []
    for f in factors_of(rest):
        base, exponent = build.split_power(f)
        if f == build.UNIT:
            continue
        (below if exponent < 0 else above).append(scalar(build.power(base, Num(abs(exponent)))))
    if abs(value).denominator != 1 and abs(value).numerator == 1:
        below.insert(0, number(Fraction(abs(value).denominator)))
    elif abs(value) != 1:
        above.insert(0, number(abs(value)))
    return _quotient(above, below, "-" if value < 0 else "")


def _quotient(above: list[Text], below: list[Text], sign: str) -> Text:
    code = " * ".join(a.within(PRODUCT if k == 0 else SIGN) for k, a in enumerate(above)) or "1"
    for b in below:
        code += f" / {b.within(SIGN)}"
    level = PRODUCT if len(above) + len(below) > 1 or below else (above[0].level if above else ATOM)
    if sign:
        return Text(sign + (code if level >= PRODUCT else f"({code})"), PRODUCT if level == PRODUCT else SIGN)
    return Text(code, level)
