"""Integer formulas with names for other formulas: with `I1 = I + 1 - U`, `N*I + N - N*U` is `N*I1`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbp.core.integers import Dim, Poly, Quotient


def multiple(p: Poly, of: Poly) -> Poly | None:
    """What `of`, a sum, is to be multiplied with to give `p`: one product of sizes and a number."""
    if len(of.terms) < 2 or len(of.terms) != len(p.terms):
        return None
    (head, c), (first, d) = p.terms[0], of.terms[0]
    rest = list(head)
    for atom in first:
        if atom not in rest:
            return None
        rest.remove(atom)
    factor = Poly.collect([(tuple(rest), c // d)])
    return factor if factor * of == p else None


@dataclass(frozen=True, slots=True)
class Shortener:
    """Formulas written with the names of lengths."""

    names: Mapping[Poly, Dim]

    def of(self, p: Poly) -> Poly:
        """The formula with names for itself, for what it is a multiple of, or for quotients in it."""
        if p in self.names:
            return Poly.of(self.names[p])
        whole = ((multiple(p, q), dim) for q, dim in self.names.items())
        return next((factor * dim for factor, dim in whole if factor is not None), self.inside(p))

    def inside(self, p: Poly) -> Poly:
        """The formula with names for what stands in its quotients."""
        match p.atom:
            case Quotient(top, bottom):
                return Poly.of(Quotient(self.of(top), self.of(bottom)))
        return p.replace(lambda a: self.of(Poly.of(a)) if isinstance(a, Quotient) else None)
