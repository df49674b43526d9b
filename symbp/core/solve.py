"""Sizes from the extents that shapes give: `S`, `S + M` and `2 * M - K` say S, M and K.

Extents are linear equations for the sizes in them. One with a single unknown size is solved for it, whatever its
factor; of several unknown sizes those follow that a combination of the equations holds alone. Nothing here knows of
tensors: an extent is its place in the list.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TypeVar

from symbp.core.integers import ONE, ZERO, Dim, DimAt, Poly, Quotient
from symbp.core.traverse import dims_of

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Solution:
    """`dim` is (the sum of factor * extent[place] - rest) // divisor, of sizes found before."""

    dim: Dim
    terms: tuple[tuple[int, int], ...]  # (place, factor)
    rest: Poly = ZERO
    divisor: Poly = ONE


def solve_sizes(extents: Sequence[Poly], given: Collection[Dim] = ()) -> tuple[Solution, ...]:
    """A solution for each size that follows, in an order in which each needs only those before it, and the given."""
    found: dict[Dim, Solution] = {}
    for place, e in enumerate(extents):
        if isinstance(e.atom, Dim) and e.atom not in found and e.atom not in given:
            found[e.atom] = Solution(e.atom, ((place, 1),))
    known = {*found, *given}
    while (solution := _single(extents, known) or _combined(extents, known)) is not None:
        found[solution.dim] = solution
        known.add(solution.dim)
    return tuple(found.values())


def sizes_to_give(dims: Sequence[Dim], extents: Sequence[Poly]) -> tuple[Dim, ...]:
    """The sizes that have to be said, since no extent tells them: of A and E in A * E the first."""
    given: list[Dim] = []
    while True:
        known = {s.dim for s in solve_sizes(extents, given)}
        missing = next((d for d in dims if d not in known and d not in given), None)
        if missing is None:
            return tuple(given)
        given.append(missing)


def _unknown(extent: Poly, known: Collection[Dim]) -> tuple[Dim, ...] | None:
    """The sizes in an extent that are not known yet; None where it is not linear in them."""
    unknown = tuple(d for d in dict.fromkeys(dims_of(extent)) if d not in known)
    hidden = [d for a in extent.atoms_of(Quotient, DimAt) for d in dims_of(Poly.of(a))]
    linear = all(sum(a in unknown for a in m) <= 1 for m, _ in extent.terms)
    return unknown if linear and not extent.atoms_of(DimAt) and not set(unknown) & set(hidden) else None


def _single(extents: Sequence[Poly], known: Collection[Dim]) -> Solution | None:
    """The first extent with one unknown size, solved for it: its factor may be of other sizes."""
    for place, e in enumerate(extents):
        unknown = _unknown(e, known)
        if unknown is not None and len(unknown) == 1:
            (dim,) = unknown
            factor = e.coefficient(dim)
            return Solution(dim, ((place, 1),), e - factor * dim, factor)
    return None


@dataclass(frozen=True, slots=True)
class _Row:
    """A combination of extents: its factor of each unknown size, and of each extent in it."""

    factors: dict[Dim, Fraction]
    terms: dict[int, Fraction]

    def without(self, dim: Dim, pivot: _Row) -> _Row:
        """This one less as much of another as makes the factor of a size 0."""
        share = self.factors.get(dim, Fraction(0)) / pivot.factors[dim]
        return _Row(_less(self.factors, pivot.factors, share), _less(self.terms, pivot.terms, share))


def _less(a: dict[K, Fraction], b: dict[K, Fraction], share: Fraction) -> dict[K, Fraction]:
    difference = {k: a.get(k, Fraction(0)) - share * b.get(k, Fraction(0)) for k in (*a, *b)}
    return {k: v for k, v in difference.items() if v}


def _combined(extents: Sequence[Poly], known: Collection[Dim]) -> Solution | None:
    """A size that is alone in a combination of extents, by elimination."""
    rows = [row for place, e in enumerate(extents) if (row := _row(place, e, known)) is not None]
    pivots: list[_Row] = []
    for dim in dict.fromkeys(d for row in rows for d in row.factors):
        pivot = next((r for r in rows if dim in r.factors), None)
        if pivot is not None:
            rows = [r.without(dim, pivot) for r in rows if r is not pivot]
            pivots = [*(p.without(dim, pivot) for p in pivots), pivot]
    alone = next((r for r in pivots if len(r.factors) == 1), None)
    return None if alone is None else _solution(alone, extents)


def _row(place: int, extent: Poly, known: Collection[Dim]) -> _Row | None:
    unknown = _unknown(extent, known)
    factors = {d: extent.coefficient(d).constant for d in unknown or ()}
    if not factors or None in factors.values():
        return None
    return _Row({d: Fraction(f or 0) for d, f in factors.items()}, {place: Fraction(1)})


def _solution(row: _Row, extents: Sequence[Poly]) -> Solution:
    """The same in whole numbers, the divisor positive and as small as it can be."""
    ((dim, factor),) = row.factors.items()
    shares = {place: f / factor for place, f in row.terms.items()}
    divisor = lcm(*(s.denominator for s in shares.values()))
    terms = tuple((place, int(s * divisor)) for place, s in sorted(shares.items()))
    rest = sum((extents[place] * f for place, f in terms), ZERO) - Poly.of(dim) * divisor
    return Solution(dim, terms, rest, Poly.of(divisor))
