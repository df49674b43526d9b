"""Which dimension of a recurrence's tensors stands innermost: as a rule the batch.

A step multiplies what it carries by a matrix. Features by batch is the faster side of that product, and each gate, a
range of features, is then one piece of memory. The dimension is found, not named: one along which no step mixes
entries, every read of the loop's tensors taking the entry of the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from symbp.core.expr import Sum
from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import indices_of, nodes, reads

Order = tuple[int, ...]


def axis_orders(part: Sequence[Equation]) -> dict[str, Order]:
    """For each equation its dimensions in the order of memory, the loop's first; empty where nothing is gained."""
    if not any(_mixes(e, part) for e in part):
        return {}
    found = (_places(part, k) for k in range(1, len(part[0].indices)))
    places = next((p for p in found if p is not None), {})
    if any(_multiplies_each(e, e.indices[places[e.name]]) for e in part if e.name in places):
        return {}
    ranks = {e.name: len(e.indices) for e in part}
    return {name: (*(d for d in range(ranks[name]) if d != k), k) for name, k in places.items()}


def in_order(indices: tuple[Index, ...], order: Order | None) -> tuple[Index, ...]:
    """The indices in an order of dimensions, or as they stand where there is none."""
    return indices if order is None else tuple(indices[k] for k in order)


def _mixes(equation: Equation, part: Sequence[Equation]) -> bool:
    """Does it sum over an entry of the loop's tensors: is there a matrix product in a step?"""
    names = {e.name for e in part}
    sums = nodes(equation.body, Sum)
    return any(
        i in s.indices for s in sums for r in reads(s.body) if r.tensor in names for p in r.subs for i in indices_of(p)
    )


def _multiplies_each(equation: Equation, index: Index) -> bool:
    """Does it multiply two matrices for each value of an index, as attention does for each example?

    These are taken one by one, and each lies in one piece where that index stands outermost.
    """
    for s in nodes(equation.body, Sum):
        held = [{i for p in r.subs for i in indices_of(p)} for r in reads(s.body)]
        pairs = ((a, b) for a, b in combinations(held, 2) if index in a and index in b)
        if any(a & b & set(s.indices) and (a - b) - set(s.indices) and (b - a) - set(s.indices) for a, b in pairs):
            return True
    return False


def _places(part: Sequence[Equation], first: int) -> dict[str, int] | None:
    """The dimension of each tensor that goes along with dimension `first` of the first one; None where one has none."""
    table = {e.name: e for e in part}
    places = {part[0].name: first}
    work = [part[0].name]
    while work:
        equation = table[work.pop()]
        index = equation.indices[places[equation.name]]
        for r in reads(equation.body):
            if r.tensor not in table:
                continue
            held = [k for k, p in enumerate(r.subs) if any(i == index for i in indices_of(p))]
            if len(held) != 1 or r.subs[held[0]].index != index or places.get(r.tensor, held[0]) != held[0]:
                return None
            if r.tensor not in places:
                places[r.tensor] = held[0]
                work.append(r.tensor)
    return places
