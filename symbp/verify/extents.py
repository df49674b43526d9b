"""Integer expressions made of named sizes alone: what they are worth at given sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from symbp.core.integers import Dim, Poly, Quotient
from symbp.core.traverse import dims_of


class ByName(Protocol):
    """The value of each named size."""

    def __getitem__(self, name: str, /) -> int: ...


def is_plain(poly: Poly) -> bool:
    """Is it made of named sizes alone? (`D[l]` is not, nor is what holds an index.)"""
    return all(
        isinstance(a, Dim) or (isinstance(a, Quotient) and is_plain(a.top) and is_plain(a.bottom)) for a in poly.atoms()
    )


def is_known(poly: Poly, chosen: Mapping[str, int]) -> bool:
    """Has every size in it been chosen?"""
    return all(d.name in chosen for d in dims_of(poly))


def value_of(poly: Poly, chosen: ByName) -> int:
    """Its value."""
    return poly.value({d: chosen[d.name] for d in dims_of(poly)})
