"""A sum over a single value is its term: a kernel of one column has no index of its columns to be summed over."""

from __future__ import annotations

from dataclasses import replace

from symbp.core import build
from symbp.core.expr import Expr, Sum
from symbp.core.integers import Atom, Node, Poly
from symbp.core.network import Network
from symbp.core.traverse import map_children, substitute, substitute_poly


def single_terms(network: Network) -> Network:
    """The network whose sums run over indices of several values alone."""
    return replace(network, equations=tuple(replace(e, body=_expr(e.body)) for e in network.equations))


def _expr(body: Expr) -> Expr:
    found = _term(body)
    assert isinstance(found, Expr)
    return found


def _term(node: Node) -> Node:
    node = map_children(node, _term)
    if not isinstance(node, Sum):
        return node
    values: dict[Atom, Poly] = {i: i.start for i in node.indices if i.extent.constant == 1}
    if not values:
        return node
    rest = []
    for i in node.indices:
        if i not in values:
            rest.append(replace(i, stop=substitute_poly(i.stop, values), start=substitute_poly(i.start, values)))
            values |= {i: Poly.of(rest[-1])} if rest[-1] != i else {}
    return build.total(rest, substitute(node.body, values))
