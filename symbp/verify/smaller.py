"""A network of the same kind at smaller literal sizes, to be checked in the place of one that is large.

784, 50 and 10 become 11, 7 and 5; what belongs together stays together (28 = 2 * 14, 400 = 25 * 16). Which numbers are
free is found by elimination (`literals` has the equations), and they become the smallest distinct primes at which all
equations and orders hold. Whether what is derived from it is what is derived from the large one is not known here:
`alike` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import singledispatch
from itertools import product
from math import gcd
from typing import TypeVar

from symbp.core.build import compare, delta, integer, num, total
from symbp.core.check import find_faults
from symbp.core.expr import Compare, Cond, Delta, Expr, Extreme, First, Int, Num, Read, Sum
from symbp.core.integers import Atom, DimAt, Index, Node, Poly, Quotient, quotient
from symbp.core.network import Call, Equation, Fact, Network, Tensor
from symbp.core.ranges import highest, lowest
from symbp.core.traverse import map_children
from symbp.core.views import integers_compared
from symbp.verify.lengths import MOST, is_affordable
from symbp.verify.literals import unknowns_of
from symbp.verify.sizes import PRIMES, unguarded
from symbp.verify.unknowns import FEW, KEPT, Unknowns, bound_of, number_of, start_of, stop_of, term_of

# So many free numbers become primes, more of them the numbers from 3 on, which stay small; so many of them are looked
# for at all, and so many choices are tried.
MOST_PRIMES, MOST_FREE, MOST_TRIES = 12, 40, 3_000
# What has more terms than are checked at the sizes that it has may be checked at smaller ones with so many: strides
# make an image large, however small is what is left of it in the end.
MOST_TERMS = 2_000_000


EXTENTS = ("axis", "classes", "stop")


@dataclass(frozen=True, slots=True)
class Smaller:
    """The smaller network; `pairs` are what was written and what stands in its place."""

    network: Network
    pairs: tuple[tuple[int, int], ...]


def smaller(network: Network) -> Iterator[Smaller]:
    """The same at smaller literal sizes, the smallest first; none where none of its numbers is large or free.

    Numbers that are the same stay the same where that leaves them free, since what is derived may not tell them apart;
    then once more where that does not leave them free. Last they part: 16 channels of 16 by 16 become 5 of 12 by 12.
    """
    unknowns = unknowns_of(network)
    if max(unknowns.real.values(), default=0) <= FEW:
        return
    seen: set[tuple[tuple[int, int], ...]] = set()
    for most, alike in product((MOST, MOST_TERMS), Alike):
        found = _smaller(network, unknowns, alike, most)
        if found is not None and found.pairs not in seen:
            seen.add(found.pairs)
            yield found


class Alike(Enum):
    """Which numbers that are the same stay the same: those that leave a number free, all, the small ones."""

    WHERE_FREE = 0
    ALL = 1
    SMALL = 2


def _smaller(network: Network, unknowns: Unknowns, alike: Alike, most: int) -> Smaller | None:
    """At primes in the order of what was written; where those make too much work, at other ones and other numbers."""
    solved, left = eliminate(unknowns.zero, unknowns, {})
    few = FEW if alike is Alike.SMALL else None
    solved, left = eliminate([*left, *unknowns.by_value(few)], unknowns, solved, alike is Alike.WHERE_FREE)
    free = tuple(v for v in unknowns.real if v not in solved)
    if not 0 < len(free) <= MOST_FREE:
        return None
    forms = {v: solved.get(v, Poly.of(v)) for v in unknowns.real}
    usual = tuple(sorted(free, key=lambda v: (unknowns.real[v], _age(v))))
    dear = tuple(sorted(usual, key=lambda v: (unknowns.real[v] > FEW, -_weight(v, forms))))
    small = tuple(range(KEPT, KEPT + len(free) + 9))
    tries = ((usual, PRIMES), (dear, PRIMES), (dear, small))
    for order, numbers in tries if len(free) <= MOST_PRIMES else ((usual, small), (dear, small)):
        found = _first_of(network, unknowns, forms, left, _choices(network, order, unknowns, numbers))
        if found is not None and is_affordable(found.network, most):
            return found
    return None


def _first_of(
    network: Network,
    unknowns: Unknowns,
    forms: Mapping[Atom, Poly],
    left: list[Poly],
    choices: Iterator[dict[Atom, int]],
) -> Smaller | None:
    for chosen in choices:
        values = {v: form.value(chosen) for v, form in forms.items()}
        if _holds(values, left, unknowns):
            return _at(network, unknowns, values)
    return None


def _weight(free: Atom, forms: Mapping[Atom, Poly]) -> int:
    """How much becomes larger with it, and how fast: the half of 2 m by 2 m pixels goes before a number of classes."""
    return sum(abs(c) * m.count(free) for form in forms.values() for m, c in form.terms)


def _age(unknown: Atom) -> int:
    return int(str(unknown)[4:])


def eliminate(
    equations: list[Poly], unknowns: Unknowns, solved: dict[Atom, Poly], freely: bool = False
) -> tuple[dict[Atom, Poly], list[Poly]]:
    """Unknowns by free ones, the largest by the others, and the equations that could not be solved for any.

    `freely` leaves out equations by which a number would be what it was.
    """
    left: list[Poly] = []
    waiting = list(equations)
    while waiting:
        equation = _primitive(waiting.pop(0).replace(solved.get))
        if freely and len(equation.atoms()) == 1:
            continue
        linear = [a for a in equation.atoms() if _is_alone(equation, a)]
        if not linear:
            left += [equation] if equation.terms else []
            continue
        largest = max(linear, key=lambda a: (unknowns.real[a], -_age(a)))
        sign = equation.coefficient(largest).constant or 1
        form = (equation - Poly.of(largest) * sign) * -sign
        solved = {v: p.replace(lambda a, f=form, w=largest: f if a == w else None) for v, p in solved.items()}  # type: ignore[misc]
        solved[largest] = form
        waiting, left = [*left, *waiting], []
    return solved, left


def _primitive(equation: Poly) -> Poly:
    """The same without the factor that all its terms share: 2 a - 2 b is 0 where a - b is."""
    shared = gcd(*(c for _, c in equation.terms)) or 1
    return Poly(tuple((m, c // shared) for m, c in equation.terms))


def _is_alone(equation: Poly, atom: Atom) -> bool:
    """Does it occur in one term, as itself or with a minus?"""
    return [(m, abs(c)) for m, c in equation.terms if atom in m] == [((atom,), 1)]


def _choices(
    network: Network, free: tuple[Atom, ...], unknowns: Unknowns, numbers: tuple[int, ...]
) -> Iterator[dict[Atom, int]]:
    """Distinct small numbers in order, those of large numbers none that sizes from dims get."""
    few = sum(unknowns.real[v] <= FEW for v in free)
    skipped = max(few, min(2, len(network.dims)))
    primes = (*numbers[1 : 1 + few], *numbers[1 + skipped :])
    tries = 0
    for spread in range(6):
        candidates = [primes[k : k + 1 + spread] for k in range(len(free))]
        for values in product(*candidates):
            tries += 1
            if tries > MOST_TRIES:
                return
            if len(set(values)) == len(values):
                yield {v: min(n, unknowns.real[v]) for v, n in zip(free, values, strict=True)}


def _holds(values: Mapping[Atom, int], left: list[Poly], unknowns: Unknowns) -> bool:
    """Are all sizes small ones, different where they were, and is what is asked of them so?"""
    if any(not KEPT < n <= unknowns.real[v] for v, n in values.items()):
        return False
    extents = {(unknowns.real[v], values[v]) for place, v in unknowns.at.items() if place[0] in EXTENTS}
    if len(extents) > len({n for _, n in extents}):
        return False
    if any(p.value(values) for p in left):
        return False
    return all(_sign(p.value(values)) == _sign(unknowns.value(p)) for p in unknowns.signs)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _at(network: Network, unknowns: Unknowns, values: Mapping[Atom, int]) -> Smaller | None:
    """The network at these values; None where it is none any more."""
    pairs = tuple(dict.fromkeys((unknowns.real[v], n) for v, n in values.items()))
    if all(a == b for a, b in pairs):
        return None
    at = {place: values[v] for place, v in unknowns.at.items()}
    made = replace(
        network,
        inputs=tuple(_input(t, at) for t in network.inputs),
        equations=tuple(Rewrite(e.name, at).equation(e) for e in network.equations),
        facts=tuple(Rewrite(f"fact {k}", at).fact(f) for k, f in enumerate(network.facts)),
    )
    if any(find_faults(made)) or not all(_stays_inside(made, e) for e in made.equations):
        return None
    return Smaller(made, pairs)


def _stays_inside(network: Network, equation: Equation) -> bool:
    for read in unguarded(equation.body):
        for sub, extent in zip(read.subs, network.extents(read), strict=True):
            high, low = highest(sub), lowest(sub)
            if extent.constant is None or high is None or low is None or isinstance(sub.atom, Read):
                continue
            if (high.constant or 0) >= extent.constant or (low.constant or 0) < 0:
                return False
    return True


T = TypeVar("T", bound=Node)
At = Mapping[tuple[object, ...], int]


def _input(tensor: Tensor, at: At) -> Tensor:
    shape = tuple(_extent(p, at.get(("axis", tensor.name, k))) for k, p in enumerate(tensor.shape))
    counted = None if tensor.classes is None else _extent(tensor.classes, at.get(("classes", tensor.name)))
    return replace(tensor, shape=shape, classes=counted)


def _extent(written: Poly, value: int | None) -> Poly:
    return written if value is None else Poly.of(value)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An equation with other numbers in their places."""

    name: str
    at: At

    def equation(self, equation: Equation) -> Equation:
        indices = tuple(self.index(i) for i in equation.indices)
        call = equation.call
        if call is not None:
            call = Call(call.function, tuple(self.term(a) for a in call.args))
        return Equation(equation.name, indices, self.term(equation.body), call)

    def fact(self, fact: Fact) -> Fact:
        return Fact(fact.label, self.term(fact.statement))

    def term(self, node: T) -> T:
        return _term(node, self)  # type: ignore[return-value]

    def index(self, index: Index) -> Index:
        stop, start = self.at.get(stop_of(self.name, index)), self.at.get(start_of(self.name, index))
        return Index(
            index.name,
            self.poly(index.stop) if stop is None else Poly.of(stop),
            self.poly(index.start) if start is None else Poly.of(start),
        )

    def poly(self, poly: Poly) -> Poly:
        result = Poly()
        for place, (monomial, value) in enumerate(poly.terms):
            new = self.at.get(term_of(self.name, poly, place))
            factor = Poly.of(value if new is None else new if value > 0 else -new)
            for atom in monomial:
                factor = factor * self.atom(atom)
            result = result + factor
        return result

    def atom(self, atom: Atom) -> Poly:
        match atom:
            case Index():
                return Poly.of(self.index(atom))
            case DimAt(name, where_):
                return Poly.of(DimAt(name, self.poly(where_)))
            case Quotient(top, bottom):
                return quotient(self.poly(top), self.poly(bottom))
            case Read(name, subs):
                return Poly.of(Read(name, tuple(map(self.poly, subs))))
        return Poly.of(atom)

    def bound(self, node: Expr) -> Expr:
        """One side of a comparison of integers."""
        if isinstance(node, Num):
            value = self.at.get(bound_of(self.name, abs(int(node.value))), abs(int(node.value)))
            return num(value if node.value >= 0 else -value)
        return self.term(node)

    def fraction(self, value: Fraction) -> Fraction:
        top, bottom = (self.at.get(number_of(self.name, n), n) for n in (abs(value.numerator), value.denominator))
        return Fraction(top if value >= 0 else -top, bottom)


@singledispatch
def _term(node: Node, r: Rewrite) -> Node:
    return map_children(node, r.term)


@_term.register
def _read(node: Read, r: Rewrite) -> Expr:
    return Read(node.tensor, tuple(map(r.poly, node.subs)))


@_term.register
def _integer(node: Int, r: Rewrite) -> Expr:
    return integer(r.poly(node.value))


@_term.register
def _delta(node: Delta, r: Rewrite) -> Expr:
    return delta(r.poly(node.a), r.poly(node.b))


@_term.register
def _compare(node: Compare, r: Rewrite) -> Cond:
    if integers_compared(node) is None:
        return compare(node.op, r.term(node.a), r.term(node.b))
    return compare(node.op, r.bound(node.a), r.bound(node.b))


@_term.register
def _number(node: Num, r: Rewrite) -> Expr:
    return num(r.fraction(node.value))


@_term.register
def _sum(node: Sum, r: Rewrite) -> Expr:
    return total(tuple(map(r.index, node.indices)), r.term(node.body))


@_term.register
def _extreme(node: Extreme, r: Rewrite) -> Expr:
    return Extreme(node.kind, tuple(map(r.index, node.indices)), r.term(node.body), r.term(node.cond))


@_term.register
def _first(node: First, r: Rewrite) -> Cond:
    indices, at = tuple(map(r.index, node.indices)), tuple(map(r.poly, node.at))
    return First(node.kind, indices, r.term(node.body), r.term(node.cond), at)
