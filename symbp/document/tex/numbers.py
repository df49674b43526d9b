"""Numbers as LaTeX: digits, a short decimal, a power of ten, or a fraction."""

from __future__ import annotations

from fractions import Fraction

from symbp.document.tex.pieces import ATOM, MUL, POWER

NUDGE = 1e-11


def number(value: Fraction, small: bool) -> tuple[str, int, int]:
    """A number that is not negative: its text, how tightly it binds, its height."""
    if value.denominator == 1:
        return str(value.numerator), ATOM, 0
    decimal = _decimal(value)
    if decimal and value.denominator > 9:
        return decimal, MUL if "\\cdot" in decimal else POWER if "^" in decimal else ATOM, 0
    if small:
        return f"{value.numerator}/{value.denominator}", MUL, 0
    return f"\\frac{{{value.numerator}}}{{{value.denominator}}}", MUL, 2


def _decimal(value: Fraction) -> str:
    """A short exact decimal, with a power of ten where it is small; nothing where there is none."""
    digits, exponent = value, 0
    while digits.denominator != 1 and exponent < 40:
        digits, exponent = digits * 10, exponent + 1
    if digits.denominator != 1 or digits.numerator >= 10**9:
        return ""
    if value < Fraction(1, 1000):
        mantissa = digits.numerator
        return f"10^{{-{exponent}}}" if mantissa == 1 else f"{mantissa}\\cdot 10^{{-{exponent}}}"
    text = str(digits.numerator).rjust(exponent + 1, "0")
    return f"{text[:-exponent]}.{text[-exponent:]}"


def in_decimals(value: float, decimals: int = 3) -> str:
    """A rounded number: .262, -1.1, 0, 1200. Half a digit goes up on every machine, whatever it computed of
    the last bits.
    """
    text = f"{value * (1 + NUDGE):.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    short = digits[1:] if digits.startswith("0.") else digits
    return "0" if short in ("", "0") else sign + short
