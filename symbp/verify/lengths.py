"""How much work the literal sizes of a network make: whether it is checked at these, at smaller ones or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from symbp.core.expr import Binder
from symbp.core.integers import Node, Poly, Quotient
from symbp.core.network import Network
from symbp.core.ranges import highest
from symbp.core.traverse import children
from symbp.errors import NoTrial
from symbp.verify.literals import why_kept

# From so many terms on smaller literal sizes save time; beyond so many a network is not checked at those it has.
LARGE, MOST = 1_000, 200_000


def is_large(network: Network) -> bool:
    """Do its literal sizes make loops so long that smaller ones save time?"""
    return any(count > LARGE for _, count in _counts(network))


def is_affordable(network: Network, most: int = MOST) -> bool:
    """Can it be checked at the literal sizes that it has, in so many terms?"""
    return all(count <= most for _, count in _counts(network))


def demand_affordable(network: Network) -> None:
    """NoTrial, with the reason why no smaller sizes do, where it is not."""
    for name, count in _counts(network):
        if count > MOST:
            why = why_kept(network)
            reason = f"and no smaller ones stand for them{f': {why}' if why else ''}"
            what = f"`{name}` has {count} terms by its literal sizes, too many to be checked, {reason}"
            raise NoTrial(f"{what}; a size from dims may be of any length", name)


def most_terms(network: Network, sizes: dict[str, int]) -> int:
    """How many terms its largest equation has at these sizes."""
    return max((count for _, count in _counts(network, sizes)), default=1)


def _counts(network: Network, sizes: dict[str, int] | None = None) -> Iterator[tuple[str, int]]:
    sizes = sizes or {}
    for tensor in network.inputs:
        yield tensor.name, entries(tensor.shape, sizes)
    for equation in network.equations:
        yield equation.name, entries(equation.shape, sizes) * _terms(equation.body, sizes)


def entries(extents: Iterable[Poly], sizes: dict[str, int]) -> int:
    """How many entries there are; a size that is not given counts as 1."""
    return prod(max(1, _least(e, sizes)) for e in extents)


def _least(extent: Poly, sizes: dict[str, int]) -> int:
    bound = highest(extent)
    return 1 if bound is None else _value(bound, sizes)


def _value(poly: Poly, sizes: dict[str, int]) -> int:
    total = 0
    for monomial, coefficient in poly.terms:
        for atom in monomial:
            if isinstance(atom, Quotient):
                coefficient *= _value(atom.top, sizes) // max(1, _value(atom.bottom, sizes))
            else:
                coefficient *= sizes.get(str(atom), 1)
        total += coefficient
    return total


def _terms(node: Node, sizes: dict[str, int]) -> int:
    own = entries((i.extent for i in node.indices), sizes) if isinstance(node, Binder) else 1
    return own * max((_terms(c, sizes) for c in children(node)), default=1)
