"""What the equations of a network ask of its literal sizes.

In comes a network, out go `Unknowns`: for each place at which a number above `KEPT` stands (an axis of an input, the
range of an index, a coefficient or a constant in a subscript, a number in a value) a size of its own, equations that
these sizes obey, and differences whose signs are to stay. The equations are read off the structure: a subscript goes as
far as its axis, a bound of a condition lies where its read ends. All hold of the numbers as they were written; a
network at other numbers for which they hold as well is of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod

from symbp.core import build
from symbp.core.expr import Binder, Compare, Delta, Expr, Num, Read
from symbp.core.integers import Atom, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, reads, walk
from symbp.core.views import integers_compared
from symbp.verify.unknowns import (
    FEW,
    KEPT,
    Unknowns,
    axis,
    bound_of,
    classes,
    number_of,
    start_of,
    stop_of,
    term_of,
)

# Two numbers that differ by no more belong together.
NEAR = 7


def unknowns_of(network: Network) -> Unknowns:
    """The unknowns of a network, and what is asked of them."""
    found = Unknowns()
    for equation in network.equations:
        Scan(network, found, equation).run()
    for place, fact in enumerate(network.facts):
        Scan(network, found, Equation(f"fact {place}", (), build.where(fact.statement, build.UNIT, build.NIL))).run()
    for place in range(len(network.inputs)):
        for k in range(len(network.inputs[place].shape)):
            axis(network, found, network.inputs[place].name, k)
    return found


# What keeps a size as it is; a number among values stands for none.
SAID = {
    "bound": "{value} bounds an index in `{name}`",
    "term": "{value} stands in a subscript in `{name}`",
}


def why_kept(network: Network) -> str:
    """Which number, the largest that has to stay as it is, is used as what."""
    found = unknowns_of(network)
    kept = [(found.real[v], place) for place, v in found.at.items() if v in found.kept]
    said = [(value, place) for value, place in kept if place[0] in SAID]
    if not said:
        return ""
    value, (kind, name, *_) = max(said, key=lambda pair: pair[0])
    return SAID[str(kind)].format(value=value, name=name)


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
class Scan:
    """One equation read for what it asks of the sizes in it."""

    network: Network
    found: Unknowns
    equation: Equation

    def run(self) -> None:
        body = self.equation.body
        for index in self._indices():
            self._range(index)
        for read in reads(body):
            self._read(read)
        for node in walk(body):
            if isinstance(node, Compare):
                self._compare(node)
            elif isinstance(node, Delta):
                self._equal(node.a, node.b)
        self._numbers()

    def _indices(self) -> Iterator[Index]:
        yield from self.equation.indices
        for node in walk(self.equation.body):
            if isinstance(node, Binder):
                yield from node.indices

    def _range(self, index: Index) -> None:
        """An index's start stays before its end."""
        if index.stop.constant is not None and index.start.constant is not None:
            self.found.signs.append(self._stop(index) - self._start(index))

    def _stop(self, index: Index) -> Poly:
        assert index.stop.constant is not None
        return self.found.number(stop_of(self.equation.name, index), index.stop.constant)

    def _start(self, index: Index) -> Poly:
        assert index.start.constant is not None
        return self.found.number(start_of(self.equation.name, index), index.start.constant)

    # How far subscripts go.

    def _read(self, read: Read) -> None:
        for place, sub in enumerate(read.subs):
            extent = axis(self.network, self.found, read.tensor, place)
            if extent is None:
                self._apart(sub)
            elif isinstance(sub.atom, Read):
                self._label(sub.atom, extent)
            else:
                self._subscript(sub, extent)

    def _label(self, label: Read, extent: Poly) -> None:
        tensor = self.network.tensor(label.tensor)
        counted = None if tensor is None else classes(tensor, self.found)
        if counted is not None and self.found.value(counted - extent) == 0:
            self.found.equate(counted, extent)

    def _subscript(self, sub: Poly, extent: Poly) -> None:
        """It ends as far from its axis's end as it does; where that is far, both ends keep their order."""
        self._radix(sub)
        end = self._extreme(sub, True)
        if end is None:
            self._apart(sub)
            self.found.keep(extent)
        elif abs(self.found.value(end + 1 - extent)) <= NEAR:
            self.found.equate(end + 1, extent)
        else:
            self.found.signs.append(end + 1 - extent)

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
                found[place] = self.found.number(("digit", self.equation.name, head, times), times)
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
        count = self.found.number(("count", self.equation.name, quotient), times)
        self.found.equate(self._stop(index), self._bottom(quotient) * count)
        return count

    def _bottom(self, atom: Atom) -> Poly:
        """What a quotient is divided by; an index is so by 1."""
        if not isinstance(atom, Quotient):
            return Poly.of(1)
        return self.found.number(term_of(self.equation.name, atom.bottom, 0), _divided(atom)[1])

    def _number(self, sub: Poly, place: int) -> Poly:
        return self.found.number(term_of(self.equation.name, sub, place), sub.terms[place][1])

    def _radix(self, sub: Poly) -> None:
        """In 64 h + d with d below 64 the 64 is the range of d; in 128 + h as well, and 256 is twice that."""
        digits = self._digits(sub) or NO_DIGITS
        ranges = {place: self._range_of(monomial, digits.get(place)) for place, (monomial, _) in enumerate(sub.terms)}
        for place, (monomial, value) in enumerate(sub.terms):
            if abs(value) <= KEPT or place in digits.taken:
                continue
            others = [r for k, r in ranges.items() if k != place and r is not None and k not in digits.taken]
            number = self.found.number(term_of(self.equation.name, sub, place), abs(value))
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
        return self._stop(index) if isinstance(index, Index) and index.stop.constant is not None else None

    def _equal(self, a: Poly, b: Poly) -> None:
        """28 i + j goes as far in the range of k as a subscript in its axis, where 28 i + j == k is asked of them."""
        for one, other in ((a, b), (b, a)):
            index = next(iter(one.atoms_of(Index)), None)
            if index is None or index.stop.constant is None or index.start != Poly():
                continue
            shift = one - Poly.of(index)
            if shift.constant is not None and abs(shift.constant) <= KEPT and other.atoms():
                self._subscript(other, self._stop(index) + shift)
                return
        self._apart(a - b)

    def _extreme(self, poly: Poly, high: bool) -> Poly | None:
        """Its largest or smallest value, in unknowns; None where a size from dims is in it."""
        total, digits = Poly(), self._digits(poly)
        if digits is None:
            return None
        for place, (monomial, value) in enumerate(poly.terms):
            if place in digits.taken:
                continue
            number = self.found.number(term_of(self.equation.name, poly, place), value)
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
        if isinstance(index, Read):
            tensor = self.network.tensor(index.tensor)
            counted = None if tensor is None else classes(tensor, self.found)
            return None if counted is None else counted - 1 if high else Poly()
        if not isinstance(index, Index):
            return None
        if high:
            if index.stop.constant is not None:
                return self._stop(index) - 1
            last = self._extreme(index.stop, True)
            return None if last is None else last - 1
        return self._start(index) if index.start.constant is not None else self._extreme(index.start, False)

    def _apart(self, poly: Poly) -> None:
        """What is not understood stays as it is, with the ranges of its indices where numbers are in it."""
        quotients = poly.atoms_of(Quotient)
        if all(abs(c) <= KEPT for _, c in poly.terms) and not quotients:
            return
        for place, (_, value) in enumerate(poly.terms):
            self.found.keep(self.found.number(term_of(self.equation.name, poly, place), value))
        for part in (p for q in quotients for p in (q.top, q.bottom)):
            for place, (_, value) in enumerate(part.terms):
                self.found.keep(self.found.number(term_of(self.equation.name, part, place), value))
        for index in (a for a in _inside(poly) if isinstance(a, Index) and a.stop.constant is not None):
            self.found.keep(self._stop(index))

    # Where conditions on indices turn.

    def _compare(self, node: Compare) -> None:
        a, b = (build.as_integer(side) for side in (node.a, node.b))
        if a is None or b is None or not (a.atoms() or b.atoms()):
            return
        moving, bound = (a, b) if b.constant is not None else (b, a)
        if bound.constant is None and node.op == "==":
            self._equal(a, b)
        elif bound.constant is None or any(abs(c) > KEPT for _, c in moving.terms):
            self._apart(a - b)
        elif abs(bound.constant) > KEPT:
            self._turn(moving, bound.constant)

    def _turn(self, moving: Poly, value: int) -> None:
        """A bound of an index expression: near the end of its range, or where a read begins or ends."""
        bound = self.found.number(bound_of(self.equation.name, abs(value)), value)
        for high in (True, False):
            end = self._extreme(moving, high)
            if end is None:
                self.found.keep(bound)
            elif high and abs(self.found.value(end + 1 - bound)) <= NEAR:
                self.found.equate(end + 1, bound)
            else:
                self.found.signs.append(end - bound)
        for read in reads(self.equation.body):
            for place, sub in enumerate(read.subs):
                extent = axis(self.network, self.found, read.tensor, place)
                if extent is not None:
                    self._where_read_ends(moving, bound, sub, extent)

    def _where_read_ends(self, moving: Poly, bound: Poly, sub: Poly, extent: Poly) -> None:
        shift = sub - moving
        if shift.constant is None:
            return
        at = bound + (self._constant(sub) - self._constant(moving))
        for end in (extent, Poly()):
            if abs(self.found.value(at - end)) <= NEAR:
                self.found.equate(at, end)

    def _constant(self, poly: Poly) -> Poly:
        for place, (monomial, value) in enumerate(poly.terms):
            if not monomial:
                return self.found.number(term_of(self.equation.name, poly, place), value)
        return Poly()

    # Sizes among values.

    def _numbers(self) -> None:
        """The 1/784 of a mean over 784 is the range of that sum, or of several; other numbers stay what they are."""
        products = list(self._products())
        for value in dict.fromkeys(_large(self.equation.body)):
            number = self.found.number(number_of(self.equation.name, value), value)
            product = next((p for p in products if self.found.value(p) == value), None)
            if product is not None:
                self.found.equate(number, product)
            else:
                self.found.keep(number)
        for counted in _sums(self.equation.body):
            self._apart(counted)

    def _products(self) -> Iterator[Poly]:
        for node in walk(self.equation.body):
            if isinstance(node, Binder):
                stops = [self._stop(i) for i in node.indices if i.stop.constant is not None]
                yield from (prod(c[1:], start=c[0]) for n in range(len(stops), 0, -1) for c in combinations(stops, n))


def _large(node: Node) -> Iterator[int]:
    """Those above `FEW` among values: what indices are compared with is no value."""
    match node:
        case Num(value):
            yield from (n for n in _whole(value) if n > FEW)
        case Compare() if integers_compared(node):
            return
    for child in children(node):
        yield from _large(child)


def _sums(node: Node) -> Iterator[Poly]:
    """The values that count from a large number or by one: whether i - 500 is positive is up to the range of i."""
    value = build.as_integer(node) if isinstance(node, Expr) else None
    if value is not None:
        yield from (value,) if value.atoms() and any(abs(c) > FEW for _, c in value.terms) else ()
    elif not (isinstance(node, Compare) and integers_compared(node)):
        for child in children(node):
            yield from _sums(child)


def _whole(value: Fraction) -> tuple[int, int]:
    return abs(value.numerator), value.denominator


def _head(monomial: tuple[Atom, ...]) -> Atom | None:
    """The index, or the quotient of an index and a number, that a term is a multiple of."""
    atom = monomial[0] if len(monomial) == 1 else None
    if isinstance(atom, Quotient):
        return atom if atom.top.index is not None and atom.bottom.constant is not None else None
    return atom if isinstance(atom, Index) else None


def _divided(head: Atom) -> tuple[Index, int]:
    """The index, and what it is divided by."""
    if isinstance(head, Quotient):
        index, bottom = head.top.index, head.bottom.constant
        assert index is not None
        assert bottom is not None
        return index, bottom
    assert isinstance(head, Index)
    return head, 1


def _inside(poly: Poly) -> Iterator[Atom]:
    """The atoms of a subscript, and those of the quotients among them."""
    for atom in poly.atoms():
        yield atom
        if isinstance(atom, Quotient):
            yield from (*_inside(atom.top), *_inside(atom.bottom))
