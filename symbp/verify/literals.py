"""What the equations of a network ask of its literal sizes.

In comes a network, out go `Unknowns`: for each place at which a number above `KEPT` stands (an axis of an input, the
range of an index, a coefficient or a constant in a subscript, a number in a value) a size of its own, equations that
these sizes obey, and differences whose signs are to stay. The equations are read off the structure: a subscript goes as
far as its axis (`reach` says how far that is), a bound of a condition lies where its read ends. All hold of the numbers
that were written; a network at other numbers for which they hold as well is of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod

from symbp.core import build
from symbp.core.expr import Compare, Delta, Expr, Read
from symbp.core.integers import Atom, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, reads, walk
from symbp.core.views import bound_by, integers_compared, value_of
from symbp.verify.reach import NEAR, Reach
from symbp.verify.unknowns import FEW, KEPT, Unknowns, axis, bound_of, number_of, term_of


def unknowns_of(network: Network) -> Unknowns:
    """The unknowns of a network, and what is asked of them."""
    found = Unknowns()
    for equation in network.equations:
        Scan.of(network, found, equation).run()
    for place, fact in enumerate(network.facts):
        equation = Equation(f"fact {place}", (), build.where(fact.statement, build.UNIT, build.NIL))
        Scan.of(network, found, equation).run()
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
class Scan:
    """One equation read for what it asks of the sizes in it."""

    network: Network
    found: Unknowns
    equation: Equation
    reach: Reach

    @staticmethod
    def of(network: Network, found: Unknowns, equation: Equation) -> Scan:
        """The equation's, with how far its own expressions go."""
        return Scan(network, found, equation, Reach(network, found, equation.name))

    def run(self) -> None:
        body = self.equation.body
        for index in self._indices():
            self._range(index)
        for read in reads(body):
            self._read(read)
        for node in walk(body):
            match node:
                case Compare():
                    self._compare(node)
                case Delta(a, b):
                    self._equal(a, b)
        self._numbers()

    def _indices(self) -> Iterator[Index]:
        yield from self.equation.indices
        for node in walk(self.equation.body):
            yield from bound_by(node)

    def _range(self, index: Index) -> None:
        """An index's start stays before its end."""
        if index.stop.constant is not None and index.start.constant is not None:
            self.found.signs.append(self.reach.stop(index) - self.reach.start(index))

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
        counted = self.reach.counted(label.tensor)
        if counted is not None and self.found.value(counted - extent) == 0:
            self.found.equate(counted, extent)

    def _subscript(self, sub: Poly, extent: Poly) -> None:
        """It ends as far from its axis's end as it does; where that is far, both ends keep their order."""
        self.reach.radix(sub)
        end = self.reach.extreme(sub, True)
        if end is None:
            self._apart(sub)
            self.found.keep(extent)
        elif abs(self.found.value(end + 1 - extent)) <= NEAR:
            self.found.equate(end + 1, extent)
        else:
            self.found.signs.append(end + 1 - extent)

    def _equal(self, a: Poly, b: Poly) -> None:
        """28 i + j goes as far in the range of k as a subscript in its axis, where 28 i + j == k is asked of them."""
        for one, other in ((a, b), (b, a)):
            index = next(iter(one.atoms_of(Index)), None)
            if index is None or index.stop.constant is None or index.start != Poly():
                continue
            shift = one - Poly.of(index)
            if shift.constant is not None and abs(shift.constant) <= KEPT and other.atoms():
                self._subscript(other, self.reach.stop(index) + shift)
                return
        self._apart(a - b)

    def _apart(self, poly: Poly) -> None:
        """What is not understood stays as it is, with the ranges of its indices where numbers are in it."""
        quotients = list(poly.atoms_of(Quotient))
        if all(abs(c) <= KEPT for _, c in poly.terms) and not quotients:
            return
        for place, (_, value) in enumerate(poly.terms):
            self.found.keep(self.found.number(term_of(self.equation.name, poly, place), value))
        for part in (p for q in quotients for p in (q.top, q.bottom)):
            for place, (_, value) in enumerate(part.terms):
                self.found.keep(self.found.number(term_of(self.equation.name, part, place), value))
        for index in (a for a in _inside(poly) if isinstance(a, Index) and a.stop.constant is not None):
            self.found.keep(self.reach.stop(index))

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
            end = self.reach.extreme(moving, high)
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
        at = bound + (self.reach.constant(sub) - self.reach.constant(moving))
        for end in (extent, Poly()):
            if abs(self.found.value(at - end)) <= NEAR:
                self.found.equate(at, end)

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
            stops = [self.reach.stop(i) for i in bound_by(node) if i.stop.constant is not None]
            yield from (prod(c[1:], start=c[0]) for n in range(len(stops), 0, -1) for c in combinations(stops, n))


def _large(node: Node) -> Iterator[int]:
    """Those above `FEW` among values: what indices are compared with is no value."""
    yield from (n for n in _whole(value_of(node) or Fraction(0)) if n > FEW)
    for child in _without_subscripts(node):
        yield from _large(child)


def _sums(node: Node) -> Iterator[Poly]:
    """The values that count from a large number or by one: whether i - 500 is positive is up to the range of i."""
    value = build.as_integer(node) if isinstance(node, Expr) else None
    if value is not None:
        yield from (value,) if value.atoms() and any(abs(c) > FEW for _, c in value.terms) else ()
        return
    for child in _without_subscripts(node):
        yield from _sums(child)


def _without_subscripts(node: Node) -> tuple[Node, ...]:
    """What stands below a node; nothing below a comparison of integers."""
    match node:
        case Compare() if integers_compared(node) is not None:
            return ()
    return children(node)


def _whole(value: Fraction) -> tuple[int, int]:
    return abs(value.numerator), value.denominator


def _inside(poly: Poly) -> Iterator[Atom]:
    """The atoms of a subscript, and those of the quotients among them."""
    for atom in poly.atoms():
        yield atom
        match atom:
            case Quotient(top, bottom):
                yield from (*_inside(top), *_inside(bottom))
