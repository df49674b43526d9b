"""Loops over layers: what the steps of a recurrence have of their own, and what a step can compute along with its own.

A step of a loop over time multiplies by the weights that all steps share: what many steps read or make is best
multiplied at once, before the loop or after it. A layer has weights of its own, so that nothing is gained by waiting
for the others, and an array of all layers at once costs the more memory the larger they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from symbp.core.expr import Cond, Extreme, Fn, Partial, Read, Sum, Where
from symbp.core.functions import elementary
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.recurrence import Part, is_recurrent
from symbp.core.traverse import fresh_name, nodes, reads, replace_reads
from symbp.core.views import factors_of
from symbp.lowering.depends import holds, mentions


def has_layers(part: Part) -> bool:
    """Are there values from outside by which sums multiply the loop's, and are they all such as only one step has?"""
    found = [_is_own(read, index) for index, read in _multipliers(part)]
    return bool(found) and all(found)


def _multipliers(part: Part) -> Iterator[tuple[Index, Read]]:
    """What sums multiply values of the loop by that is none of them, with the index of the loop."""
    names = frozenset(e.name for e in part)
    for e in part:
        for total in nodes(e.body, Sum):
            read = [reads(f) for f in factors_of(total.body)]
            outer = [r for rs in read for r in rs if not any(q.tensor in names for q in rs)]
            if any(q.tensor in names for rs in read for q in rs):
                summed = (r for r in outer if any(mentions(s, i) for s in r.subs for i in total.indices))
                yield from ((e.indices[0], r) for r in summed)


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
    """Not where the first step is another than the rest: for all of them at once that is a matter of slices."""
    if e.indices[:1] != (first,) or any(holds(n, first) for n in nodes(e.body, Cond)):
        return False
    inside = [r for r in reads(e.body) if r.tensor in names]
    here = all(r.subs[0] == Poly.of(first) for r in inside)
    return bool(inside) and here and all(r.tensor in names or r.tensor in known for r in reads(e.body))


def made_in_step(part: Part, before: Mapping[str, Equation], given: Collection[str], taken: set[str]) -> Part:
    """The loop's equations, with what a loop before it made entry by entry of what this one reads anyway made again.

    An array of all layers need not be kept for it then: `a = gelu(z)` where the slope at z is needed as well. What
    stands in a loop of its own in a step is not made again: there it is little beside that loop's products. Names that
    are `taken` are not given again.
    """
    again: dict[str, Equation] = {}
    for name in () if _has_loop(part) else before:
        here = {r.tensor for e in (*again.values(), *part) for r in reads(e.body)}
        if name in here and _is_made_of(before[name], {*here, *again, *given}) and _are_at_step(name, part):
            own = _renamed(before[name], again)
            again[name] = replace(own, name=fresh_name(f"{name}_again", taken))
            taken.add(again[name].name)
            part = tuple(_renamed(e, {name: again[name]}) for e in part)
    return (*part, *again.values())


def _renamed(e: Equation, again: Mapping[str, Equation]) -> Equation:
    return replace(
        e,
        body=replace_reads(e.body, lambda r: Read(again[r.tensor].name, r.subs) if r.tensor in again else None),
    )


def _has_loop(part: Part) -> bool:
    """Does a step read of its own tensors what stands before or after, along another index than the step's?"""
    names = frozenset(e.name for e in part)
    return any(
        r.tensor in names and (s - Poly.of(i)).constant
        for e in part
        for r in reads(e.body)
        for s, i in zip(r.subs[1:], e.indices[1:], strict=False)
    )


def _is_made_of(e: Equation, there: Collection[str]) -> bool:
    """Is it made, without a sum or a choice, of entries at the same indices of what is there?"""
    if next(nodes(e.body, Sum, Extreme, Where, Partial), None) or not all(map(_is_quick, nodes(e.body, Fn))):
        return False
    return all(r.tensor in there and all(s.index in e.indices for s in r.subs) for r in reads(e.body))


def _is_quick(node: Fn) -> bool:
    """Does NumPy have the function?"""
    return not node.orders and bool(elementary(node.name).numpy)


def _are_at_step(name: str, part: Part) -> bool:
    return all(r.subs[0] == Poly.of(e.indices[0]) for e in part for r in reads(e.body) if r.tensor == name)
