"""Ranges that depend on an index become whole ranges with a guard: `for s in range(t + 1)`: s in T where s < t + 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbp.core import build
from symbp.core.expr import Cond, Extreme, First, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Network
from symbp.core.traverse import indices_of, map_children, substitute, with_bound
from symbp.core.views import bound_by


def box_ranges(network: Network) -> Network:
    """The network with no index whose range depends on another."""
    equations = tuple(replace(e, body=boxed(e.body)) for e in network.equations)
    return replace(network, equations=equations)


def boxed(node: Node) -> Any:
    done = map_children(node, boxed)
    if not any(map(_outer, bound_by(done))):
        return done
    table: dict[Atom, Poly] = {}
    guards: list[Cond] = []
    indices = tuple(_box(i, table, guards) for i in bound_by(done))
    match done:
        case Sum(_, body):
            return Sum(indices, build.where(build.both(*guards), substitute(body, table), build.NIL))
        case Extreme(_, _, body, cond) | First(_, _, body, cond):
            conds = build.both(substitute(cond, table), *guards)
            return with_bound(done, indices, (substitute(body, table), conds))
    raise TypeError(f"lowering/ranges.py has no rule for {type(done).__name__}, which binds indices")


def _outer(index: Index) -> bool:
    return any(True for p in (index.start, index.stop) for _ in indices_of(p))


def _box(index: Index, table: dict[Atom, Poly], guards: list[Cond]) -> Index:
    """The index over all values that it ever takes; `table` learns its new self, `guards` its old bounds."""
    start = index.start.replace(table.get)
    stop = index.stop.replace(table.get)
    new = Index(index.name, _bound(stop, +1), _bound(start, -1))
    if new == index:
        return index
    table[index] = Poly.of(new)
    if new.stop != stop:
        guards.append(build.compare("<", build.integer(Poly.of(new)), build.integer(stop)))
    if new.start != start:
        guards.append(build.compare(">=", build.integer(Poly.of(new)), build.integer(start)))
    return new


def _bound(poly: Poly, sign: int) -> Poly:
    """The largest (sign 1) or smallest (sign -1) value, each index at the end of its range that makes it so."""
    for i in dict.fromkeys(indices_of(poly)):
        coefficient = poly.coefficient(i).constant or 1
        end = i.stop - 1 if coefficient * sign > 0 else i.start
        if poly.index == i and sign > 0:
            end = i.stop  # one more than needed, but the whole range of the other index: no slice
        poly = poly.replace(lambda a, i=i, end=end: end if a == i else None)  # type: ignore[misc]
    return poly
