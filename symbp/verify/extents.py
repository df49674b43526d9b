"""Integer expressions made of named sizes alone: what they are worth at given sizes."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from symbp.core.integers import Dim, Poly, Quotient
from symbp.core.traverse import dims_of


class ByName(Protocol):
    """The value of each named size."""

    def __getitem__(self, name: str, /) -> int: ...


@lru_cache(maxsize=1 << 14)
def is_plain(poly: Poly) -> bool:
    """Is it made of named sizes alone? (`D[l]` is not, nor is what holds an index.)"""
    return all(
        isinstance(a, Dim) or (isinstance(a, Quotient) and is_plain(a.top) and is_plain(a.bottom)) for a in poly.atoms()
    )


def value_of(poly: Poly, chosen: ByName) -> int:
    """Its value."""
    total = 0
    for coefficient, names, quotients in terms(poly):
        for name in names:
            coefficient *= chosen[name]
        for top, bottom in quotients:
            coefficient *= value_of(top, chosen) // value_of(bottom, chosen)
        total += coefficient
    return total


@lru_cache(maxsize=1 << 14)
def names_of(poly: Poly) -> tuple[str, ...]:
    """The named sizes in it."""
    return tuple(dict.fromkeys(d.name for d in dims_of(poly)))


Quotients = tuple[tuple[Poly, Poly], ...]


@lru_cache(maxsize=1 << 14)
def terms(poly: Poly) -> tuple[tuple[int, tuple[str, ...], Quotients], ...]:
    """Its terms: the coefficient, the names of the sizes, the quotients. The same is asked at many sizes."""
    return tuple(
        (
            coefficient,
            tuple(a.name for a in monomial if isinstance(a, Dim)),
            tuple((a.top, a.bottom) for a in monomial if isinstance(a, Quotient)),
        )
        for monomial, coefficient in poly.terms
    )
