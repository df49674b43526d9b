"""How far a subscript goes, in the unknowns of its equation; which of its terms are the digits of an index.

Of 64 h + d with d below 64 the largest value is 64 (H - 1) + 63, whatever number of its own the 64 has become.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

from symbp.core.expr import Read
from symbp.core.integers import Atom, Index, Poly, Quotient
from symbp.core.network import Network
from symbp.verify.unknowns import KEPT, Unknowns, classes, start_of, stop_of, term_of

# Two numbers that differ by no more belong together.
NEAR = 7


@dataclass(frozen=True, slots=True)
class Digits:
    """How many values those terms of a subscript have that are digits of an index, by their places.

    `taken` are the terms that belong to others: the - b (j // (b c)) of a digit.
    """

    counts: Mapping[int, Poly]
    taken: frozenset[int] = frozenset()

    def get(self, place: int) -> Poly | None:
        """That of one term, if it is a digit."""
        return self.counts.get(place)


NO_DIGITS = Digits({})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the integer expressions of one equation go, in the unknowns that stand in it."""

    network: Network
    found: Unknowns
    name: str  # of the equation

    # Indices and labels.

    def counted(self, labels: str) -> Poly | None:
        """How many values labels have; None where that is no number."""
        tensor = self.network.tensor(labels)
        return None if tensor is None else classes(tensor, self.found)

    def stop(self, index: Index) -> Poly:
        """The end of a range that ends at a number."""
        assert index.stop.constant is not None
        return self.found.number(stop_of(self.name, index), index.stop.constant)

    def start(self, index: Index) -> Poly:
        """The start of a range that starts at a number."""
        assert index.start.constant is not None
        return self.found.number(start_of(self.name, index), index.start.constant)

    # Subscripts.

    def extreme(self, poly: Poly, high: bool) -> Poly | None:
        """Its largest or smallest value, in unknowns; None where a size from dims is in it."""
        total, digits = Poly(), self._digits(poly)
        if digits is None:
            return None
        for place, (monomial, value) in enumerate(poly.terms):
            if place in digits.taken:
                continue
            number = self.found.number(term_of(self.name, poly, place), value)
            if not monomial:
                total = total + number
                continue
            if len(monomial) != 1:
                return None
            last = high == (value > 0)
            digit = digits.get(place)
            end = self._end(monomial[0], last) if digit is None else digit - 1 if last else Poly()
            if end is None:
                return None
            total = total + number * end
        return total

    def _end(self, index: Atom, high: bool) -> Poly | None:
        match index:
            case Read(labels):
                counted = self.counted(labels)
                return None if counted is None else counted - 1 if high else Poly()
            case Index(_, stop) if high:
                last = self.stop(index) if stop.constant is not None else self.extreme(stop, True)
                return None if last is None else last - 1
            case Index(_, _, start):
                return self.start(index) if start.constant is not None else self.extreme(start, False)
        return None

    # Digits.

    def _digits(self, sub: Poly) -> Digits | None:
        """The digits of an index in a subscript, each a term with its range; None where some quotient is no digit.

        Of j below a b c the first is j // (b c), which goes to a; the next j // c - b (j // (b c)), which goes to b;
        the last j - c (j // c), which goes to c. Numbers such as b c are the products that they are.
        """
        found, rest = dict[int, Poly](), dict[int, int]()
        for place, (monomial, value) in enumerate(sub.terms):
            head = _head(monomial)
            if head is None or place in rest:
                continue
            tail = self._tail(sub, head, value)
            if tail is not None:
                times, whole = -sub.terms[tail][1] // value, self._bottom(sub.terms[tail][0][0])
                found[place] = self.found.number(("digit", self.name, head, times), times)
                self.found.equate(self._bottom(head) * found[place], whole)
                self.found.equate(self._number(sub, place) * -found[place], self._number(sub, tail))
                rest[tail] = place
            elif isinstance(head, Quotient):
                count = self._count(head)
                if count is None:
                    return None
                found[place] = count
        return Digits({k: r for k, r in found.items() if k not in rest}, frozenset(rest))

    def _tail(self, sub: Poly, head: Atom, value: int) -> int | None:
        """The term that takes the higher digits from a quotient, or from an index."""
        index, low = _divided(head)
        for place, (monomial, taken) in enumerate(sub.terms):
            other = _head(monomial)
            if not isinstance(other, Quotient):
                continue
            its, high = _divided(other)
            if its == index and high > low and taken * low == -value * high:
                return place
        return None

    def _count(self, quotient: Quotient) -> Poly | None:
        """How many values j // b has, where the range of j is that many times b."""
        index, bottom = _divided(quotient)
        if index.stop.constant is None or index.start.terms or index.stop.constant % bottom:
            return None
        times = index.stop.constant // bottom
        count = self.found.number(("count", self.name, quotient), times)
        self.found.equate(self.stop(index), self._bottom(quotient) * count)
        return count

    def _bottom(self, atom: Atom) -> Poly:
        """What a quotient is divided by; an index is so by 1."""
        if not isinstance(atom, Quotient):
            return Poly.of(1)
        return self.found.number(term_of(self.name, atom.bottom, 0), _divided(atom)[1])

    def _number(self, sub: Poly, place: int) -> Poly:
        return self.found.number(term_of(self.name, sub, place), sub.terms[place][1])

    def radix(self, sub: Poly) -> None:
        """In 64 h + d with d below 64 the 64 is the range of d; in 128 + h as well, and 256 is twice that."""
        digits = self._digits(sub) or NO_DIGITS
        ranges = {place: self._range_of(monomial, digits.get(place)) for place, (monomial, _) in enumerate(sub.terms)}
        for place, (monomial, value) in enumerate(sub.terms):
            if abs(value) <= KEPT or place in digits.taken:
                continue
            others = [r for k, r in ranges.items() if k != place and r is not None and k not in digits.taken]
            number = self.found.number(term_of(self.name, sub, place), abs(value))
            for some in (c for size in range(1, len(others) + 1) for c in combinations(others, size)):
                product = prod(some[1:], start=some[0])
                times, rest = divmod(abs(value), max(1, self.found.value(product)))
                if not rest and times <= NEAR and (times == 1 or not monomial):
                    self.found.equate(number, product * times)
                    break
            else:
                if monomial:
                    self.found.keep(number)

    def _range_of(self, monomial: tuple[Atom, ...], digit: Poly | None) -> Poly | None:
        """How many values a term has, before it is multiplied by its number."""
        if digit is not None or len(monomial) != 1:
            return digit
        index = monomial[0]
        return self.stop(index) if isinstance(index, Index) and index.stop.constant is not None else None

    def constant(self, poly: Poly) -> Poly:
        """The number that is added in an integer expression."""
        for place, (monomial, value) in enumerate(poly.terms):
            if not monomial:
                return self.found.number(term_of(self.name, poly, place), value)
        return Poly()


def _head(monomial: tuple[Atom, ...]) -> Atom | None:
    """The index, or the quotient of an index and a number, that a term is a multiple of."""
    match monomial:
        case (Index() as head,):
            return head
        case (Quotient(top, bottom) as head,) if top.index is not None and bottom.constant is not None:
            return head
    return None


def _divided(head: Atom) -> tuple[Index, int]:
    """The index, and what it is divided by."""
    match head:
        case Index():
            return head, 1
        case Quotient(top, bottom) if top.index is not None and bottom.constant is not None:
            return top.index, bottom.constant
    raise AssertionError(f"{head} is no index, nor one divided by a number")
