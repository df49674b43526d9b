"""Loops over layers: what the steps of a recurrence have of their own, and what can be computed in a step along with it.

A step of a loop over time multiplies by the weights that all steps share: what many steps read or make is best
multiplied at once, before the loop or after it. A layer has weights of its own, so that nothing is gained by waiting
for the others, and an array of all layers at once costs the more memory the larger they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from symbp.core.expr import Read, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import reads, walk
from symbp.core.views import factors_of
from symbp.lowering.depends import mentions
from symbp.lowering.recurrence import Part, is_recurrent


def has_layers(part: Part) -> bool:
    """Is each product over a sum one with what a step has of its own, and is there one with what it has from outside?"""
    found = [_is_own(read, index) for index, read in _multipliers(part)]
    return bool(found) and all(found)


def _multipliers(part: Part) -> Iterator[tuple[Index, Read]]:
    """What sums multiply values of the loop by that is none of them, with the index of the loop."""
    names = frozenset(e.name for e in part)
    for e in part:
        for node in walk(e.body):
            if not isinstance(node, Sum):
                continue
            read = [reads(f) for f in factors_of(node.body)]
            outer = [r for rs in read for r in rs if not any(q.tensor in names for q in rs)]
            if any(q.tensor in names for rs in read for q in rs):
                yield from (
                    (e.indices[0], r) for r in outer if any(mentions(s, i) for s in r.subs for i in node.indices)
                )


def _is_own(read: Read, index: Index) -> bool:
    return any(mentions(s, index) for s in read.subs)


def followers(part: Part, later: Sequence[Part], known: Collection[str]) -> Part:
    """The equations among those that come later that a step can compute when it has computed its own.

    They read of the loop what this step makes, and beside it what is `known` before the loop.
    """
    first, names = part[0].indices[0], {e.name for e in part}
    found: list[Equation] = []
    for one in later:
        if not is_recurrent(one) and _follows(one[0], first, names, known):
            found.append(one[0])
            names.add(one[0].name)
    return tuple(found)


def _follows(e: Equation, first: Index, names: Collection[str], known: Collection[str]) -> bool:
    if e.indices[:1] != (first,):
        return False
    inside = [r for r in reads(e.body) if r.tensor in names]
    here = all(r.subs[0] == Poly.of(first) for r in inside)
    return bool(inside) and here and all(r.tensor in names or r.tensor in known for r in reads(e.body))
