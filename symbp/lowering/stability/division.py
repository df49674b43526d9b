"""Sums of exponentials divided by one another: (x - y) (x y - 1) by x - y is x y - 1, where x and y are exponentials.

Such sums are polynomials whose exponents are combinations of expressions, which are ordered by their coefficients as
words are by their letters. So the division of polynomials in one letter carries over, leading term by leading term.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Expr, Num
from symbp.lowering.linear import Linear
from symbp.lowering.scaled import Scaled

MOST_STEPS = 8

# The exponent's coefficients in one order of the letters, and with them the number before the exponential.
Word = tuple[Fraction, ...]


def quotient(terms: list[Scaled], divisor: list[Scaled]) -> list[Scaled] | None:
    """The terms of their sum divided by another; None where it does not divide, or what they are times differs."""
    rests, times = ({build.split_number(t.rest)[1] for t in some} for some in (terms, divisor))
    if len(rests) != 1 or len(divisor) < 2 or times not in ({build.UNIT}, rests):
        return None
    if any(t.sums for t in (*terms, *divisor)):
        return None
    rest = build.UNIT if times == rests else rests.pop()
    letters = {key(e): e for t in (*terms, *divisor) for e, _ in t.exponent.terms}
    names = sorted(letters)
    found = _divided(_polynomial(terms, names), _polynomial(divisor, names))
    return None if found is None else [_scaled(c, word, [letters[n] for n in names], rest) for word, c in found.items()]


def _polynomial(terms: Iterable[Scaled], names: list[str]) -> dict[Word, Fraction]:
    table: dict[Word, Fraction] = {}
    for t in terms:
        powers = {key(e): c for e, c in t.exponent.terms}
        word = tuple(powers.get(n, Fraction(0)) for n in names)
        table[word] = table.get(word, Fraction(0)) + build.split_number(t.rest)[0]
    return {word: c for word, c in table.items() if c}


def _divided(left: dict[Word, Fraction], by: dict[Word, Fraction]) -> dict[Word, Fraction] | None:
    leading = max(by)
    found: dict[Word, Fraction] = {}
    for _ in range(MOST_STEPS):
        if not left:
            return found
        first = max(left)
        word = tuple(a - b for a, b in zip(first, leading, strict=True))
        c = found[word] = left[first] / by[leading]
        for other, d in by.items():
            place = tuple(a + b for a, b in zip(word, other, strict=True))
            left[place] = left.get(place, Fraction(0)) - c * d
        left = {w: d for w, d in left.items() if d}
    return None if left else found


def _scaled(c: Fraction, word: Word, letters: list[Expr], rest: Expr) -> Scaled:
    exponent = Linear(tuple((e, p) for e, p in zip(letters, word, strict=True) if p))
    return Scaled(build.mul(Num(c), rest), exponent)
