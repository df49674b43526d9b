"""The literal sizes of a network as unknowns, and what its equations ask of them.

In comes a network, out go `Unknowns`: for each place at which a number above `KEPT` stands (an axis of an input, the
range of an index, a coefficient or a constant in a subscript, a number in a value) a size of its own, equations that
these sizes obey, and differences whose signs are to stay. The equations are read off the structure: a subscript goes as
far as its axis, a bound of a condition lies where its read ends. All hold of the numbers as they were written; a
network at other numbers for which they hold as well is of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import prod

from symbp.core import build
from symbp.core.expr import Binder, Compare, Delta, Expr, Num, Read
from symbp.core.integers import Atom, Dim, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network, Tensor
from symbp.core.traverse import children, reads, walk

# Sizes and constants up to this are what they are; so are numbers among values up to the next.
KEPT, FEW = 2, 7
# Two numbers that differ by no more belong together.
NEAR = 7
Place = tuple[object, ...]


@dataclass(slots=True)
class Unknowns:
    """`at` has the unknown of each place, `real` what it was written as; `zero` are equations, `signs` differences."""

    at: dict[Place, Dim] = field(default_factory=dict)
    real: dict[Atom, int] = field(default_factory=dict)
    zero: list[Poly] = field(default_factory=list)
    signs: list[Poly] = field(default_factory=list)
    kept: dict[Atom, None] = field(default_factory=dict)

    def number(self, place: Place, value: int) -> Poly:
        """What stands at a place: its unknown, or the number where that is kept."""
        if abs(value) <= KEPT:
            return Poly.of(value)
        if place not in self.at:
            self.at[place] = Dim(f"size{len(self.at)}")
            self.real[self.at[place]] = abs(value)
        return Poly.of(self.at[place]) if value > 0 else -Poly.of(self.at[place])

    def equate(self, one: Poly, other: Poly) -> None:
        """They differ by a constant, which stays."""
        difference = one - other
        self.zero.append(difference - self.value(difference))

    def keep(self, poly: Poly) -> None:
        """Every unknown in it stays what it is."""
        for atom in poly.atoms():
            self.kept[atom] = None
            self.equate(Poly.of(atom), Poly())

    def by_value(self) -> Iterator[Poly]:
        """That equal numbers stay equal, small ones first: others are made of them."""
        first: dict[int, Atom] = {}
        for atom, value in sorted(self.real.items(), key=lambda item: item[1]):
            yield Poly.of(atom) - first.setdefault(value, atom)

    def value(self, poly: Poly) -> int:
        """What it was with the numbers that were written."""
        return poly.value(self.real)


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


def axis(network: Network, unknowns: Unknowns, name: str, place: int) -> Poly | None:
    """How long an axis of an input, or of what an equation defines, is; None where that is no number."""
    extent = network.shape(name)[place]
    if extent.constant is None:
        return None
    equation = network.equation(name)
    where = ("axis", name, place) if equation is None else stop_of(name, equation.indices[place])
    return unknowns.number(where, extent.constant)


def classes(tensor: Tensor, unknowns: Unknowns) -> Poly | None:
    """What the entries of labels count."""
    if tensor.classes is None or tensor.classes.constant is None:
        return None
    return unknowns.number(("classes", tensor.name), tensor.classes.constant)


def stop_of(equation: str, index: Index) -> Place:
    """The place of an index's end."""
    return ("stop", equation, index)


def start_of(equation: str, index: Index) -> Place:
    """The place of an index's start."""
    return ("start", equation, index)


def term_of(equation: str, poly: Poly, place: int) -> Place:
    """The place of the coefficient of a term in an integer expression."""
    return ("term", equation, poly, place)


def number_of(equation: str, value: int) -> Place:
    """The place of a number among the values of an equation: equal ones are one."""
    return ("number", equation, value)


def bound_of(equation: str, value: int) -> Place:
    """The place of a number that an index expression is compared with."""
    return ("bound", equation, value)


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
        if (divided := self._divided(sub, extent)) is not None:
            self.found.equate(*divided)
            return
        self._radix(sub)
        end = self._extreme(sub, True)
        if end is None:
            self._apart(sub)
            self.found.keep(extent)
        elif abs(self.found.value(end + 1 - extent)) <= NEAR:
            self.found.equate(end + 1, extent)
        else:
            self.found.signs.append(end + 1 - extent)

    def _divided(self, sub: Poly, extent: Poly) -> tuple[Poly, Poly] | None:
        """Of j // b that the range of j is b times the axis; of j - b (j // b), the rest, that the axis is b."""
        quotients = [a for a in sub.atoms() if isinstance(a, Quotient)]
        if len(quotients) != 1 or quotients[0].top.index is None or quotients[0].bottom.constant is None:
            return None
        index, bottom = quotients[0].top.index, quotients[0].bottom.constant
        if index is None or index.stop.constant is None:
            return None
        size = self.found.number(term_of(self.equation.name, quotients[0].bottom, 0), bottom)
        if sub == Poly.of(quotients[0]):
            pair = self._stop(index), size * extent
        elif sub == Poly.of(index) - Poly.of(quotients[0]) * bottom:
            place = next(k for k, (m, _) in enumerate(sub.terms) if quotients[0] in m)
            self.found.equate(-self.found.number(term_of(self.equation.name, sub, place), -bottom), size)
            pair = size, extent
        else:
            return None
        return pair if self.found.value(pair[0] - pair[1]) == 0 else None

    def _radix(self, sub: Poly) -> None:
        """In 64 h + d with d below 64 the 64 is the range of d; in 128 + h as well, and 256 is twice that."""
        stops = [(a, self._stop(a)) for a in sub.atoms() if isinstance(a, Index) and a.stop.constant is not None]
        for place, (monomial, value) in enumerate(sub.terms):
            if abs(value) <= KEPT:
                continue
            others = [stop for index, stop in stops if index not in monomial]
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

    def _equal(self, a: Poly, b: Poly) -> None:
        """28 i + j goes as far in the range of k as a subscript in its axis, where 28 i + j == k is asked of them."""
        for one, other in ((a, b), (b, a)):
            index = next((i for i in one.atoms() if isinstance(i, Index)), None)
            if index is None or index.stop.constant is None or index.start != Poly():
                continue
            shift = one - Poly.of(index)
            if shift.constant is not None and abs(shift.constant) <= KEPT and other.atoms():
                self._subscript(other, self._stop(index) + shift)
                return
        self._apart(a - b)

    def _extreme(self, poly: Poly, high: bool) -> Poly | None:
        """Its largest or smallest value, in unknowns; None where a size from dims is in it."""
        total = Poly()
        for place, (monomial, value) in enumerate(poly.terms):
            number = self.found.number(term_of(self.equation.name, poly, place), value)
            if not monomial:
                total = total + number
                continue
            if len(monomial) != 1:
                return None
            end = self._end(monomial[0], high == (value > 0))
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
        if all(abs(c) <= KEPT for _, c in poly.terms):
            return
        for place, (_, value) in enumerate(poly.terms):
            self.found.keep(self.found.number(term_of(self.equation.name, poly, place), value))
        for index in (a for a in poly.atoms() if isinstance(a, Index) and a.stop.constant is not None):
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
    if isinstance(node, Num):
        yield from (n for n in _whole(node.value) if n > FEW)
    if not isinstance(node, Compare) or build.as_integer(node.a) is None or build.as_integer(node.b) is None:
        for child in children(node):
            yield from _large(child)


def _sums(node: Node) -> Iterator[Poly]:
    """The values that count from a large number or by one: whether i - 500 is positive is up to the range of i."""
    value = build.as_integer(node) if isinstance(node, Expr) else None
    if value is not None:
        yield from (value,) if value.atoms() and any(abs(c) > FEW for _, c in value.terms) else ()
    elif not isinstance(node, Compare) or build.as_integer(node.a) is None or build.as_integer(node.b) is None:
        for child in children(node):
            yield from _sums(child)


def _whole(value: Fraction) -> tuple[int, int]:
    return abs(value.numerator), value.denominator
