"""What is never more than a largest value: its terms, at whatever places they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

from symbp.core.expr import TRUE, Cond, Expr, Read
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import free_indices, fresh_name, nodes, substitute
from symbp.lowering.linear import Linear

# So many ways are tried to take indices for others.
MOST_PLACES = 32


@dataclass(frozen=True, slots=True)
class Below:
    """What is never more than a largest value: its terms over the indices `over`, where the condition holds.

    `read` is the tensor that these terms are computed as, if they are.
    """

    terms: Linear
    over: tuple[Index, ...] = ()
    cond: Cond = TRUE
    read: Expr | None = None

    def beside(self, names: set[str]) -> Below:
        """The same over indices of other names than these."""
        if not any(i.name in names for i in self.over):
            return self
        taken = names | {i.name for e, _ in self.terms.terms for i in free_indices(e)} | {i.name for i in self.over}
        new: dict[Index, Index] = {}
        for i in self.over:
            new[i] = replace(i, name=fresh_name(i.name, taken)) if i.name in names else i
            taken = taken | {new[i].name}
        table: dict[Atom, Poly] = {i: Poly.of(n) for i, n in new.items() if n != i}
        return replace(self.at(table), over=tuple(new.values()))

    def at(self, table: dict[Atom, Poly]) -> Below:
        """The same for other indices."""
        if not table:
            return self
        terms = Linear.collect((substitute(e, table), c) for e, c in self.terms.terms)
        read = self.read and substitute(self.read, table)
        return Below(terms, self.over, substitute(self.cond, table), read)


def entries_below(m: Linear, below: Below) -> Iterator[Below]:
    """The terms below a largest value for those of its indices for which they may be terms of the exponent."""
    if not below.over:
        yield below
        return
    ours = [r for part in (below.read, *(e for e, _ in below.terms.terms)) if part for r in nodes(part, Read)]
    theirs = [r for e, _ in m.terms for r in nodes(e, Read)]
    pairs = [(mine, other) for mine in ours for other in theirs if mine.tensor == other.tensor]
    tried = []
    for places in (*_places_of_all(below.over, pairs), *_places_of_each(below.over, pairs)):
        if places not in tried:
            tried.append(places)
            yield below.at(dict(zip(below.over, places, strict=True)))


def _places_of_all(over: tuple[Index, ...], pairs: list[tuple[Read, Read]]) -> Iterator[tuple[Poly, ...]]:
    """What stands for the indices in a read of the same tensor as one that has them all."""
    for mine, other in pairs:
        if all(Poly.of(i) in mine.subs for i in over):
            yield tuple(other.subs[mine.subs.index(Poly.of(i))] for i in over)


def _places_of_each(over: tuple[Index, ...], pairs: list[tuple[Read, Read]]) -> Iterator[tuple[Poly, ...]]:
    """What stands for them where each is in a read of its own, as in the distance of two."""
    if len(over) == 1:
        return
    found = [
        dict.fromkeys(other.subs[k] for mine, other in pairs for k, s in enumerate(mine.subs) if s == Poly.of(i))
        for i in over
    ]
    yield from islice(product(*found), MOST_PLACES)
