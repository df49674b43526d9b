"""`stop_gradient` has done its work once everything is derived: what is computed is its argument."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from symbp.core.functions import STOPPED
from symbp.core.integers import Node
from symbp.core.network import Network
from symbp.core.traverse import map_children
from symbp.core.views import argument_of

T = TypeVar("T", bound=Node)


def let_pass(network: Network) -> Network:
    """The network with what `stop_gradient` is applied to in its place."""
    return replace(network, equations=tuple(replace(e, body=_passed(e.body)) for e in network.equations))


def _passed(node: T) -> T:
    argument = argument_of(node, STOPPED)
    return map_children(node, _passed) if argument is None else _passed(argument)  # type: ignore[return-value]
