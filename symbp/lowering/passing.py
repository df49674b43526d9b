"""`stop_gradient` has done its work once everything is derived: what is computed is its argument."""

from __future__ import annotations

from dataclasses import replace

from symbp.core.expr import Expr, Fn
from symbp.core.functions import STOPPED
from symbp.core.integers import Node
from symbp.core.network import Network
from symbp.core.traverse import map_children, walk


def let_pass(network: Network) -> Network:
    """The network with what `stop_gradient` is applied to in its place."""
    return replace(network, equations=tuple(replace(e, body=_passed(e.body)) for e in network.equations))


def _passed(body: Expr) -> Expr:
    if not any(map(_stops, walk(body))):
        return body
    passed = _without(body)
    assert isinstance(passed, Expr)
    return passed


def _without(node: Node) -> Node:
    return _without(node.args[0]) if isinstance(node, Fn) and _stops(node) else map_children(node, _without)


def _stops(node: Node) -> bool:
    return isinstance(node, Fn) and node.name == STOPPED
