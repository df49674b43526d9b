"""Is one network's derivation another's with other numbers in it?

Two expressions are alike where they are the same trees of the same tensors, letter for letter, and each two numbers
that stand in the same place are the same, or the same combination of the literal sizes that `smaller` changed: 784 and
11, 783 and 10, 1/784 and 1/11, 28 * 28 and 13 * 13. Then what was found right for the one is right for the other: a
formula that holds at sizes of no relation to each other is no accident of these.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations
from typing import Any

from symbp.core.equality import Equality
from symbp.core.expr import Binder, Extreme, First, Fn, Num, Read, Sum
from symbp.core.integers import Atom, Dim, DimAt, Index, Monomial, Node, Poly, Quotient
from symbp.core.traverse import children, polys

# By so much may two sizes or their sums differ from what stands there, and so many times be taken.
NEAR, TIMES = 8, 8


@dataclass(slots=True)
class Numbers:
    """Which numbers stand for which: pairs of sizes, and what has been found of others."""

    pairs: tuple[tuple[int, int], ...]
    known: dict[tuple[Fraction, Fraction], bool] = field(default_factory=dict)

    def agree(self, one: Fraction | int, other: Fraction | int) -> bool:
        """May they stand in the same place?"""
        if one == other:
            return True
        a, b = Fraction(one), Fraction(other)
        pair = (a, b)
        if pair not in self.known:
            whole = self._whole(a.numerator, b.numerator) and self._whole(a.denominator, b.denominator)
            self.known[pair] = whole or self._in_proportion(a, b)
        return self.known[pair]

    def _in_proportion(self, one: Fraction, other: Fraction) -> bool:
        """The same part or multiple of a size, or of a product of sizes: 1/384 and 2/5 of 1/768 and 1/5."""
        sizes = (*self.pairs, *((a * c, b * d) for a, b in self.pairs for c, d in self.pairs))
        return any(one * a == other * b or one / a == other / b for a, b in sizes)

    def _whole(self, one: int, other: int) -> bool:
        return one == other or self._near(one, other) or self._near(-one, -other)

    def _near(self, one: int, other: int) -> bool:
        """k v + c for one or two sizes v, or the same of a product."""
        sizes = self.pairs
        products = [(a * c, b * d) for a, b in sizes for c, d in sizes]
        sums = [(k * a + m * c, k * b + m * d) for a, b in sizes for c, d in sizes for k in (1, 2) for m in (1, -1)]
        multiples = [(k * a, k * b) for a, b in (*sizes, *products) for k in range(1, TIMES + 1)]
        return any(one - a == other - b and abs(one - a) <= NEAR for a, b in (*multiples, *sums))


def alike_equalities(one: Iterable[Equality], other: Iterable[Equality], numbers: Numbers) -> bool:
    """Are they the same equalities in the same order?"""
    pairs = list(zip(one, other, strict=False))
    same_length = len(list(one)) == len(list(other))
    return same_length and all(_same_claim(a, b, numbers) for a, b in pairs)


def _same_claim(a: Equality, b: Equality, numbers: Numbers) -> bool:
    match = Match(numbers)
    return match.same(a.lhs, b.lhs) and match.same(a.rhs, b.rhs)


def alike(one: Node, other: Node, numbers: Numbers) -> bool:
    """Are these the same but for the numbers in them and for the letters?"""
    return Match(numbers).same(one, other)


@dataclass(slots=True)
class Match:
    """Two trees side by side: which letter of the other stands for which, whatever its name."""

    numbers: Numbers
    letters: dict[Index, Index] = field(default_factory=dict)

    def same(self, one: Node, other: Node) -> bool:
        """Are these the same?"""
        if type(one) is not type(other) or _label(one) != _label(other):
            return False
        match one, other:
            case Num(a), Num(b):
                return self.numbers.agree(a, b)
            case ((Sum() | Extreme() | First()), (Sum() | Extreme() | First())):
                return self._binders(one, other)
        return self._parts(one, other)

    def _parts(self, one: Node, other: Node) -> bool:
        return self._all(self._poly, polys(one), polys(other)) and self._all(self.same, children(one), children(other))

    def _all(self, rule: Callable[[Any, Any], bool], ones: Sequence[Any], others: Sequence[Any]) -> bool:
        return len(ones) == len(others) and all(map(rule, ones, others))

    def _binders(self, one: Binder, other: Binder) -> bool:
        """Bound indices stand for each other inside; outside what they hide does again."""
        outer = dict(self.letters)
        if len(one.indices) != len(other.indices):
            return False
        for a, b in zip(one.indices, other.indices, strict=True):
            self.letters.pop(a, None)
            if not self._range(a, b):
                return False
            self.letters = {i: j for i, j in self.letters.items() if j != b} | {a: b}
        same = self._parts(one, other)
        hidden = (*one.indices, *outer)
        self.letters = {**outer, **{i: j for i, j in self.letters.items() if i not in hidden}}
        return same

    def _range(self, a: Index, b: Index) -> bool:
        return self._poly(a.stop, b.stop) and self._poly(a.start, b.start)

    def _poly(self, a: Poly, b: Poly) -> bool:
        """Term by term, in whatever order: it depends on letters."""
        waiting = list(b.terms)
        for term in a.terms:
            found = next((t for t in waiting if self._term(term, t)), None)
            if found is None:
                return False
            waiting.remove(found)
        return not waiting

    def _term(self, one: tuple[Monomial, int], other: tuple[Monomial, int]) -> bool:
        (m, c), (k, d) = one, other
        if len(m) != len(k) or not self.numbers.agree(c, d):
            return False
        before = dict(self.letters)
        for order in permutations(k):
            if all(map(self._atom, m, order)):
                return True
            self.letters = dict(before)
        return False

    def _atom(self, a: Atom, b: Atom) -> bool:
        match a, b:
            case Index(), Index():
                return self._letter(a, b)
            case Read(), Read():
                return a.tensor == b.tensor and self._all(self._poly, a.subs, b.subs)
            case DimAt(), DimAt():
                return a.name == b.name and self._poly(a.at, b.at)
            case Quotient(), Quotient():
                return self._poly(a.top, b.top) and self._poly(a.bottom, b.bottom)
            case Dim(), Dim():
                return a == b
        return False

    def _letter(self, a: Index, b: Index) -> bool:
        if a in self.letters or b in self.letters.values():
            return self.letters.get(a) == b
        if not self._range(a, b):
            return False
        self.letters[a] = b
        return True


def _label(node: Node) -> object:
    match node:
        case Read(tensor):
            return tensor
        case Fn(name, _, orders):
            return name, orders
    return getattr(node, "op", getattr(node, "kind", None))


def alike_texts(one: str, other: str, numbers: Numbers) -> bool:
    """The same of two Python texts, statement by statement; numbers within texts are numbers too."""
    return _same_syntax(ast.parse(one), ast.parse(other), numbers)


def _same_syntax(a: object, b: object, numbers: Numbers) -> bool:
    if (one := _fraction(a)) is not None and (other := _fraction(b)) is not None:
        return numbers.agree(one, other)
    first, second = _scaled(a), _scaled(b)
    if first is not None and second is not None:
        return numbers.agree(first[0], second[0]) and _same_syntax(first[1], second[1], numbers)
    match a, b:
        case ast.Constant(x), ast.Constant(y):
            return _same_constant(x, y, numbers)
        case ast.AST(), ast.AST():
            return type(a) is type(b) and all(_same_syntax(getattr(a, f), getattr(b, f), numbers) for f in a._fields)
        case list(), list():
            return len(a) == len(b) and all(_same_syntax(x, y, numbers) for x, y in zip(a, b, strict=True))
    return a == b


def _fraction(node: object) -> Fraction | None:
    """A number, or a quotient of two: 1 / 768 is as good as 0.2."""
    match node:
        case ast.Constant(value) if type(value) in (int, float):
            return Fraction(repr(value))
        case ast.BinOp(left, ast.Div(), right):
            top, bottom = _fraction(left), _fraction(right)
            return None if top is None or not bottom else top / bottom
    return None


def _scaled(node: object) -> tuple[Fraction, ast.expr] | None:
    """A number times the rest, in whichever way it is written: x / 16 is 2 / 32 of x as 2 / 3 * x is of 3 examples."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            if number := _fraction(right):
                return number, left
            return (number, right) if (number := _fraction(left)) else None
        case ast.BinOp(left, ast.Div(), right):
            return (1 / number, left) if (number := _fraction(right)) else None
    return None


def _same_constant(a: object, b: object, numbers: Numbers) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, str) and isinstance(b, str):
        ones, others = _WORD.findall(a), _WORD.findall(b)
        return len(ones) == len(others) and all(map(lambda x, y: _same_word(x, y, numbers), ones, others))
    return a == b


def _same_word(a: str, b: str, numbers: Numbers) -> bool:
    return a == b or (a.isdecimal() and b.isdecimal() and numbers.agree(int(a), int(b)))


# A number that is part of a name is no number.
_WORD = re.compile(r"\d+|\w+|\W", re.DOTALL)
