"""An index that is read by its quotient and remainder is the number that two indices make: k // B and k % B are a and b
where k = B*a + b.

`f[k] = x[k // B, k % B]` becomes `f[k] = sum over a, b of delta(k, B*a + b) * x[a, b]`, which is a reshape, and a sum
over such a k a sum over a and b. Where the range of k is no multiple of B nothing changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from symbp.core import build
from symbp.core.expr import Delta, Expr, Sum
from symbp.core.guards import settle
from symbp.core.integers import ONE, Atom, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import all_index_names, fresh_name, map_children, polys, substitute, walk
from symbp.lowering.digits import number_of


def split_quotients(network: Network) -> Network:
    """The network with digits in the place of such indices; equations of a loop, which is cut into steps by what stands
    outermost in them, stay as they are.
    """
    looped = {e.name for part in components(network.equations) if is_recurrent(part) for e in part}
    return replace(network, equations=tuple(e if e.name in looped else _split(e) for e in network.equations))


def _split(equation: Equation) -> Equation:
    body = _under_sums(equation.body)
    every: tuple[Index, ...] = ()
    places: list[Expr] = []
    for index in equation.indices:
        digits, table = _digits(index, body, {i.name for i in (*equation.indices, *every)})
        if digits:
            every += digits
            places.append(Delta(Poly.of(index), number_of(digits)))
            body = settle(substitute(body, table))
    return replace(equation, body=build.total(every, build.mul(*places, body)))


def _under_sums(node: Node) -> Any:
    match done := map_children(node, _under_sums):
        case Sum(indices, body):
            for index in indices:
                digits, table = _digits(index, body, {i.name for i in indices})
                if digits:
                    indices = tuple(j for i in indices for j in (digits if i == index else (i,)))
                    body = settle(substitute(body, table))
            return build.total(indices, body)
    return done


def _digits(index: Index, body: Node, names: set[str]) -> tuple[tuple[Index, ...], dict[Atom, Poly]]:
    """The digits of an index, and what it and its quotients are in them; none where no quotient asks for them."""
    bottoms = list(dict.fromkeys(q.bottom for q in _quotients(body) if q.top == Poly.of(index)))
    chain = _chain(bottoms, index.stop) if bottoms and index.start == Poly() else None
    if chain is None:
        return (), {}
    taken = all_index_names(body) | names
    digits = []
    for count in chain:
        digits.append(Index(fresh_name(index.name, taken), count))
        taken.add(digits[-1].name)
    table: dict[Atom, Poly] = {index: number_of(tuple(digits))}
    for bottom in bottoms:
        upper = next(k for k in range(1, len(chain) + 1) if _product(chain[k:]) == bottom)
        table[Quotient(Poly.of(index), bottom)] = number_of(tuple(digits[:upper]))
    return tuple(digits), table


def _quotients(node: Node) -> Iterator[Quotient]:
    """The quotients in the integer expressions, those within one another too."""
    work = [p for n in walk(node) for p in polys(n)]
    while work:
        for quotient in work.pop().atoms_of(Quotient):
            yield quotient
            work += [quotient.top, quotient.bottom]


def _chain(bottoms: list[Poly], stop: Poly) -> list[Poly] | None:
    """How many values each digit takes, so that every bottom is what some last ones make together; None if none do."""
    ends = [ONE]
    rest = [*bottoms, stop]
    while rest:
        following = next((p for p in rest if all(_ratio(q, p) is not None for q in rest)), None)
        if following is None:
            return None
        ends.append(following)
        rest.remove(following)
    ratios = [_ratio(b, a) for a, b in pairwise(ends)]
    return None if None in ratios else [r for r in reversed(ratios) if r is not None]


def _ratio(a: Poly, b: Poly) -> Poly | None:
    """a / b where that is an integer expression, seen term by term."""
    if a == b:
        return ONE
    if len(b.terms) != 1:
        return None
    ((atoms, factor),) = b.terms
    if any(c % factor or Counter(atoms) - Counter(m) for m, c in a.terms):
        return None
    return Poly.collect((tuple((Counter(m) - Counter(atoms)).elements()), c // factor) for m, c in a.terms)


def _product(counts: list[Poly]) -> Poly:
    product = ONE
    for count in counts:
        product = product * count
    return product
