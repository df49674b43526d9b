"""A sum over a single value is its term: a kernel of one column has no index of its columns to be summed over."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from symbp.core import build
from symbp.core.expr import Expr, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Network
from symbp.core.traverse import map_children, substitute, substitute_poly

T = TypeVar("T", bound=Node)


def single_terms(network: Network) -> Network:
    """The network whose sums run over indices of several values alone."""
    return replace(network, equations=tuple(replace(e, body=_term(e.body)) for e in network.equations))


def _term(node: T) -> T:
    done = map_children(node, _term)
    match done:
        case Sum(indices, body) if any(i.extent.constant == 1 for i in indices):
            return _without_single(indices, body)  # type: ignore[return-value]
    return done  # type: ignore[return-value]


def _without_single(indices: tuple[Index, ...], body: Expr) -> Expr:
    """The sum over the indices of several values, the others at their only one."""
    values: dict[Atom, Poly] = {i: i.start for i in indices if i.extent.constant == 1}
    rest = []
    for i in indices:
        if i not in values:
            rest.append(replace(i, stop=substitute_poly(i.stop, values), start=substitute_poly(i.start, values)))
            values |= {i: Poly.of(rest[-1])} if rest[-1] != i else {}
    return build.total(rest, substitute(body, values))
