"""Masks moved to where the largest of a window is known: what is seen at the first hit is the largest itself.

In `z_bar[i] = a_bar[i] * (1 if z[i] > 0 else 0)`, where a_bar brings the adjoint of a window's largest to its first
hit, `a = max(z, 0)` at that entry is the largest. So the mask is one of the largest, computed once for each window, and
neither z nor a mask of its size need be kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbp.core import build
from symbp.core.expr import Compare, Delta, Expr, Extreme, Mul, Read, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Equation, Network
from symbp.core.traverse import apply, free_indices, map_children, reads, rename_bound, substitute
from symbp.core.views import among, factors_of
from symbp.lowering.pooling import Hit, first_hit_of


def masks_at_hits(network: Network) -> Network:
    """The network with such products as sums over hits, without the adjoints that nothing else reads."""
    defined = {e.name: e for e in network.equations}
    count: dict[str, int] = {}
    for e in network.equations:
        for r in reads(e.body):
            count[r.tensor] = count.get(r.tensor, 0) + 1
    once = frozenset(n for n in defined if count.get(n) == 1 and n not in network.outputs)
    moved = {e.name: found for e in network.equations if (found := _at_hits(e, defined, once)) is not None}
    gone = {adjoint for adjoint, _ in moved.values()}
    return replace(
        network,
        equations=tuple(moved[e.name][1] if e.name in moved else e for e in network.equations if e.name not in gone),
    )


def _at_hits(equation: Equation, defined: dict[str, Equation], once: frozenset[str]) -> tuple[str, Equation] | None:
    """The adjoint that is no longer needed, and the equation without it."""
    factors = factors_of(equation.body)
    own = tuple(Poly.of(i) for i in equation.indices)
    adjoint = next((r for r in among(factors, Read) if r.tensor in once and r.subs == own), None)
    if adjoint is None or len(factors) == 1:
        return None
    rest = build.mul(*(f for f in factors if f is not adjoint))
    moved = _moved(equation, defined[adjoint.tensor], rest, defined)
    return None if moved is None else (adjoint.tensor, replace(equation, body=moved))


def _moved(equation: Equation, adjoint: Equation, rest: Expr, defined: dict[str, Equation]) -> Expr | None:
    """The adjoint's sum with `rest` inside, as a function of the largest; None where it is no such sum."""
    total = apply(adjoint.body, adjoint.indices, tuple(Poly.of(i) for i in equation.indices))
    match rename_bound(total, {i.name for i in free_indices(rest)}):
        case Sum(indices, Mul(factors)):
            hit = next((hit for f in factors if (hit := first_hit_of(f, indices)) is not None), None)
            largest = None if hit is None else _at_hit(rest, equation.indices, hit, factors, defined)
            return None if largest is None else Sum(indices, build.mul(*factors, largest))
    return None


def _at_hit(
    rest: Expr, indices: tuple[Index, ...], hit: Hit, factors: tuple[Expr, ...], defined: dict[str, Equation]
) -> Expr | None:
    """`rest` at the entry that is seen at the hit, as a function of the largest alone; None where it is none."""
    extreme, offsets = hit
    table: dict[Atom, Poly] = {i: Poly.of(o) for i, o in zip(extreme.indices, offsets, strict=True)}
    match substitute(extreme.body, table):
        case Read() as seen if _stands_at(seen, indices, factors):
            there = substitute(rest, dict(zip(indices, seen.subs, strict=True)))
            largest: Expr = _of_largest(there, seen, extreme, defined)
            return None if any(i in offsets for i in free_indices(largest)) else largest
    return None


def _stands_at(seen: Read, indices: tuple[Index, ...], factors: tuple[Expr, ...]) -> bool:
    """Do the deltas put what is seen in a window at these indices?"""
    equal = [d.a - d.b for d in among(factors, Delta)]
    apart = [s - Poly.of(i) for s, i in zip(seen.subs, indices, strict=True)] if len(seen.subs) == len(indices) else []
    return len(apart) == len(indices) and all(d == Poly() or d in equal or -d in equal for d in apart)


def _of_largest(node: Node, seen: Read, extreme: Extreme, defined: dict[str, Equation]) -> Any:
    """The expression with the entry seen as the largest; `z > c` is `a > c` where a is max(z, c)."""
    match node:
        case Read() if node == seen:
            return extreme
        case Compare(op, a, b) if seen.tensor in defined:
            equation = defined[seen.tensor]
            if apply(equation.body, equation.indices, seen.subs) == Where(node, a, b):
                return Compare(op, extreme, b) if op in (">", "<") else node
    return map_children(node, lambda child: _of_largest(child, seen, extreme, defined))
