"""Products as LaTeX: the sign, a fraction of what is small, and the factors that stand beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from symbp.core.expr import (
    BINDERS,
    Add,
    Cond,
    Delta,
    Expr,
    Extreme,
    Int,
    Mul,
    Num,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.guards import at_most, below, follows
from symbp.core.integers import Node
from symbp.core.traverse import free_indices, indices_of, nodes, reads
from symbp.core.views import conjuncts, is_bracket, is_divisor, is_guarded
from symbp.document.tex.numbers import number
from symbp.document.tex.pieces import ADD, MUL, POWER, Piece, Text, atom, group

NIL, UNIT = Num(Fraction(0)), Num(Fraction(1))


class Prints(Protocol):
    """What a product asks of the printer of its factors."""

    def text(self, node: Node, small: bool = False) -> Text: ...

    def at(self, node: Node, level: int, small: bool = False, last: bool = True) -> Text: ...

    def tex(self, node: Node, level: int = ADD, small: bool = False) -> str: ...


class Product:
    """Prints a product: its sign, a fraction of what is small, and the factors that stand beside it."""

    def __init__(self, printer: Prints, small: bool) -> None:
        self.printer, self.small = printer, small

    def of(self, node: Mul) -> Text:
        negative, number_up, number_down, factors = _sort_factors(node.args)
        plain_down: list[Expr] = [f for f in factors if is_divisor(f) and not reads_entries(f)]
        down: list[Expr] = [f for f in factors if is_divisor(f) and reads_entries(f)]
        up = [f for f in factors if not is_divisor(f)]
        if self.small and (plain_down or down or number_down is not None):
            return self._slashed(negative, number_up, number_down, up, [*plain_down, *down])
        constants = [f for f in up if _is_plain(f)] if (plain_down or number_down) else []
        rest = [f for f in up if f not in constants]
        parts: list[Text] = []
        if number_up is not None or plain_down or number_down is not None or constants:
            parts.append(self._coefficient(number_up, number_down, constants, plain_down))
        if down:
            above = [f for f in rest if _may_stand_above(f)] or [f for f in rest if isinstance(f, Delta)]
            rest = [f for f in rest if f not in above]
            parts.append(self._fraction(above, down))
        texts = parts + [self._factor(f, last=k == len(rest) - 1) for k, f in enumerate(rest)]
        return self._side_by_side(texts, [*([None] * len(parts)), *rest], negative)

    def _coefficient(self, up: int | None, down: int | None, above: list[Expr], below: list[Expr]) -> Text:
        """3/2, \\lambda/N: numbers, sizes and scalars."""
        numbers_up = [Num(Fraction(up))] if up is not None else []
        numbers_down = [Num(Fraction(down))] if down is not None else []
        tops: list[Expr] = [*numbers_up, *above]
        bottoms: list[Expr] = [*numbers_down, *map(_turned, below)]
        if not bottoms:
            if len(tops) == 1:
                return self.printer.at(tops[0], MUL, self.small)
            return self._row(tops)
        return self._over(tops, bottoms)

    def _fraction(self, above: list[Expr], below: list[Expr]) -> Text:
        return self._over(above, [_turned(f) for f in below])

    def _over(self, tops: list[Expr], bottoms: list[Expr]) -> Text:
        up = (self._whole(tops[0]) if len(tops) == 1 else self._row(tops).tex) if tops else "1"
        down = self._whole(bottoms[0]) if len(bottoms) == 1 else self._row(bottoms).tex
        return Text((Piece(f"\\frac{{{up}}}{{{down}}}"),), MUL, height=2)

    def _slashed(self, negative: bool, up: int | None, down: int | None, above: list[Expr], below: list[Expr]) -> Text:
        """-x/(2N): everything above before the slash, everything below behind it, for the small print."""
        tops = [*([Num(Fraction(up))] if up is not None else []), *above]
        bottoms = [*([Num(Fraction(down))] if down is not None else []), *map(_turned, below)]
        row = self._row(tops).tex if tops else "1"
        under = self.printer.at(bottoms[0], POWER, small=True) if len(bottoms) == 1 else group(self._row(bottoms))
        tex = f"{row}/{under.tex}"
        return Text((Piece(("-" if negative else "") + tex),), MUL, negative)

    def _whole(self, e: Expr) -> str:
        return self.printer.tex(e, ADD, self.small)

    def _row(self, factors: list[Expr]) -> Text:
        texts = [self._factor(f, last=k == len(factors) - 1) for k, f in enumerate(factors)]
        return self._side_by_side(texts, list(factors), negative=False)

    def _factor(self, f: Expr, last: bool) -> Text:
        if isinstance(f, Mul):
            text = self.printer.text(f, self.small)
            return group(text) if text.negative or (text.open and not last) else text
        return self.printer.at(f, MUL, self.small, last)

    def _side_by_side(self, texts: Sequence[Text], factors: Sequence[Expr | None], negative: bool) -> Text:
        """Factors beside each other, with a dot where digits or an inserted product would run into what precedes."""
        if not texts:
            return atom("-1" if negative else "1", level=MUL)
        pieces: list[Piece] = []
        for k, (text, factor) in enumerate(zip(texts, factors, strict=True)):
            glue = "" if k == 0 else self._glue(text, factors[k - 1], factor)
            first = text.pieces[0]
            start = "" if k == 0 or glue.strip() == "\\cdot" else "\\cdot "
            pieces.append(replace(first, tex=glue + first.tex, depth=1, start=start))
            pieces.extend(replace(p, depth=p.depth + 1) for p in text.pieces[1:])
        pieces[0] = replace(pieces[0], tex=("-" if negative else "") + pieces[0].tex, depth=0)
        height = max(t.height for t in texts)
        if len(texts) == 1 and not negative:
            return replace(texts[0], level=min(texts[0].level, MUL) if factors[0] is None else texts[0].level)
        return Text(tuple(pieces), MUL, negative, height, texts[-1].open)

    def _glue(self, after: Text, left: Expr | None, right: Expr | None) -> str:
        dot = after.tex[:1].isdigit() or isinstance(left, Mul) or isinstance(right, Mul)
        if isinstance(left, Num) and isinstance(right, Int) and after.tex[:1].isalpha():
            return ""
        return " \\cdot " if dot else "\\,"


def _sort_factors(args: Sequence[Expr]) -> tuple[bool, int | None, int | None, list[Expr]]:
    """Sign, numerator and denominator of the number in front (None for 1), and the other factors in their order."""
    value = Fraction(1)
    factors: list[Expr] = []
    for f in _unguarded(args):
        if isinstance(f, Num) and _as_fraction(f.value):
            value *= f.value
        elif isinstance(f, Num) and f.value < 0:
            value = -value
            factors.append(Num(-f.value))
        else:
            factors.append(f)
    up, down = abs(value.numerator), value.denominator
    return value < 0, up if up != 1 or not (factors or down != 1) else None, down if down != 1 else None, factors


def _unguarded(args: Sequence[Expr]) -> Iterator[Expr]:
    """The factors, a choice between something and nothing as that thing times a bracket."""
    for f in args:
        if is_guarded(f) and f.then != UNIT and len(args) > 1:
            yield from (f.then, *(() if said_by_a_delta(f.cond, args) else (Where(f.cond, UNIT, NIL),)))
        elif not (is_bracket(f) and said_by_a_delta(f.cond, args)):
            yield f


def said_by_a_delta(cond: Cond, factors: Sequence[Expr]) -> bool:
    """Is a delta among the factors 0 where the condition fails, and does nothing read outside there?

    Of t - 1 and s it is, for 1 <= t, since s counts from 0.
    """
    flat = [g for f in factors for g in _parts(f)]
    given = [c for f in flat if isinstance(f, Delta) for c in _inside(f)]
    letters = free_indices(cond)
    shifted = (s for f in flat for r in reads(f) for s in r.subs if not s.index)
    outside = any(i in letters for s in shifted for i in indices_of(s))
    return not outside and not reads(cond) and all(follows(c, given) for c in conjuncts(cond))


def _parts(f: Expr) -> Iterator[Expr]:
    """The factors of a factor."""
    inner = f.args if isinstance(f, Mul) else (f.then,) if is_guarded(f) else ()
    yield from (g for part in inner for g in _parts(part)) if inner else (f,)


def _inside(delta: Delta) -> Iterator[Cond]:
    """Where a delta is not 0, what is on one side is in the range of the letter on the other."""
    for a, b in ((delta.a, delta.b), (delta.b, delta.a)):
        if b.index:
            yield from (at_most(b.index.start, a), below(a, b.index.stop))


def _as_fraction(value: Fraction) -> bool:
    """Is it written with digits and a fraction bar, not as a decimal?"""
    return value.denominator == 1 or "\\frac" in number(abs(value), False)[0]


def _turned(f: Expr) -> Expr:
    """What stands in the denominator for a factor of negative power."""
    assert isinstance(f, Pow)
    assert isinstance(f.exponent, Num)
    value = -f.exponent.value
    return f.base if value == 1 else Pow(f.base, Num(value))


def reads_entries(e: Expr) -> bool:
    """Does it read an entry of a tensor that has any (not only scalars)?"""
    return any(r.subs for r in reads(e)) or any(nodes(e, *BINDERS))


def _is_plain(f: Expr) -> bool:
    """A number, a size or a scalar: what a coefficient is made of."""
    match f:
        case Num() | Int() | Pi() | Read(_, ()):
            return True
        case Pow(base, Num(value)):
            return value > 0 and _is_plain(base)
    return False


def _may_stand_above(f: Expr) -> bool:
    """May the factor stand in a numerator? Sums, deltas and choices read better beside the fraction."""
    match f:
        case Sum() | Extreme() | Delta() | Where() | Partial() | Mul():
            return False
        case Add():
            return len(f.args) <= 3 and all(_may_stand_above(a) or isinstance(a, Mul) for a in f.args)
    return True
