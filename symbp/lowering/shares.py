"""A size that a fact makes a multiple of another: with H % A == 0 columns h * (H // A) + e are an array of (A, H // A).

While its equations are lowered such a size is a product, A times a size of its own, so that subscripts are seen to run
over all of it once, and no more; afterwards it is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symbp.core.integers import Atom, Dim, Monomial, Poly, Quotient
from symbp.core.network import Fact, Network
from symbp.core.traverse import dims_of, substitute, substitute_poly
from symbp.lowering.lengths import rewritten


@dataclass(frozen=True, slots=True)
class Share:
    """That `whole` is `parts` times `each`; `each` is H // A."""

    whole: Dim
    parts: Poly
    each: Dim

    @property
    def quotient(self) -> Poly:
        """What `each` is in the sizes of the network."""
        return Poly.of(Quotient(Poly.of(self.whole), self.parts))


def shares_of(facts: tuple[Fact, ...], dims: tuple[Dim, ...]) -> tuple[Share, ...]:
    """What the facts say of multiples: each size once, and none that another is a multiple of."""
    found: dict[Dim, Share] = {}
    for difference in (d for f in facts for d in f.differences):
        for share in _shares(difference):
            held = {d for s in found.values() for d in dims_of(s.parts)} | {
                d for s in found.values() for d in (s.whole,)
            }
            bounded = any(share.whole in dims_of(p) for d in dims for p in d.above)
            if not bounded and share.whole not in held and not held & set(dims_of(share.parts)):
                found[share.whole] = share
    return tuple(found.values())


def _shares(difference: Poly) -> Iterator[Share]:
    for each in difference.atoms_of(Quotient):
        match each.top.atom, each.bottom:
            case Dim(name) as whole, Poly((_,)) as parts:
                if difference in (parts * each - whole, Poly.of(whole) - parts * each):
                    yield Share(whole, parts, Dim(f"{name}/{parts}"))


def apart(network: Network, shares: tuple[Share, ...]) -> Network:
    """The network in the sizes of the parts."""
    if not shares:
        return network
    table: dict[Atom, Poly] = {s.whole: s.parts * s.each for s in shares}

    def new(p: Poly) -> Poly:
        return substitute_poly(p, table)

    inputs = tuple(
        replace(t, shape=tuple(map(new, t.shape)), classes=None if t.classes is None else new(t.classes))
        for t in network.inputs
    )
    equations = tuple(
        replace(
            e, indices=tuple(new(Poly.of(i)).index or i for i in e.indices), body=substitute(e.body, table), call=None
        )
        for e in network.equations
    )
    others = {s.whole: s.each for s in shares}
    return replace(
        network, dims=tuple(others.get(d, d) for d in network.dims), inputs=inputs, equations=equations, facts=()
    )


def together(node: Any, shares: tuple[Share, ...]) -> Any:
    """Anything that statements are made of, in the sizes of the network again."""
    return rewritten(node, lambda p: _joined(p, shares)) if shares else node


def _joined(poly: Poly, shares: tuple[Share, ...]) -> Poly:
    table: Mapping[Atom, Poly] = {s.each: s.quotient for s in shares}
    for share in shares:
        poly = Poly.collect(_merged(m, c, share) for m, c in poly.terms)
    return substitute_poly(poly, table)


def _merged(monomial: Monomial, number: int, share: Share) -> tuple[Monomial, int]:
    """A term with the whole in the place of its parts."""
    ((atoms, times),) = share.parts.terms
    while share.each in monomial and number % times == 0:
        rest = list(monomial)
        for a in (share.each, *atoms):
            if a not in rest:
                return monomial, number
            rest.remove(a)
        monomial, number = tuple(sorted((*rest, share.whole), key=lambda a: a.key)), number // times
    return monomial, number
