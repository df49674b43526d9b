"""Extents that are not certain to be at least 1 for all sizes, such as `(I - U) // 2 + 1`: the module checks them."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core.expr import Extreme, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation, Network
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import indices_of, walk


def doubtful_extents(network: Network) -> tuple[tuple[str, str, Poly], ...]:
    """Of each such extent the first equation that has it, the index and the extent."""
    found: dict[Poly, tuple[str, str, Poly]] = {}
    for equation in network.equations:
        for i in _ranges(equation):
            fixed = not any(True for _ in indices_of(i.extent))
            if fixed and not is_nonnegative(i.extent - 1):
                found.setdefault(i.extent, (equation.name, i.name, i.extent))
    return tuple(found.values())


def _ranges(equation: Equation) -> Iterator[Index]:
    yield from equation.indices
    for node in walk(equation.body):
        if isinstance(node, (Sum, Extreme)):
            yield from node.indices
