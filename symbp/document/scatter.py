"""Adjoints that add to the places that were read, and what they are when solved for these."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.calculus.steps import Chain, Derivation
from symbp.calculus.steps import Section as Part
from symbp.core.expr import Compare
from symbp.core.traverse import nodes
from symbp.document.chains import chain_of
from symbp.document.model import Block, Display, Paragraph
from symbp.document.ranges import division
from symbp.document.said import Figure, Letter, Ref, Said, said


def variants(d: Derivation, part: Part, last: bool = False) -> tuple[Block, ...]:
    """The adjoint with its deltas solved, where it was left as the sum with deltas in it; all ways, or the `last`."""
    if not part.variants:
        return ()
    chosen = part.variants[-1:] if last else part.variants
    number = d.number(part.main.key)
    assert number is not None
    where = said("place.solved", number=Figure(number))
    shown = (chain_of(d, c, where) for c in chosen)
    return Paragraph((_scatter(chosen, Ref(number)),)), Display(tuple(shown))


def _scatter(chains: Sequence[Chain], adjoint: Ref) -> Said:
    """What the solved forms are: windows may be read from their other end, a kernel turned round."""
    turns = max((len(s.rule.renamed) for c in chains for s in c.steps if s.rule.name == "turn"), default=0)
    divides = Letter("sign", "divides")
    match turns, _divides(chains):
        case 0, False:
            return said("scatter", adjoint=adjoint)
        case 0, True:
            return said("scatter.divides", adjoint=adjoint, divides=divides)
        case 2, False:
            return said("scatter.kernel", adjoint=adjoint)
        case 2, True:
            return said("scatter.kernel.divides", adjoint=adjoint, divides=divides)
        case _, False:
            return said("scatter.turned", adjoint=adjoint)
    return said("scatter.turned.divides", adjoint=adjoint, divides=divides)


def _divides(chains: Sequence[Chain]) -> bool:
    """Is there a condition on a remainder in the solved forms?"""
    conditions = (n for c in chains for s in c.steps for n in nodes(s.value, Compare))
    return any(division(c) is not None for c in conditions)
