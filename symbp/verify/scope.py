"""What an expression is read in: sizes, tables of entries, a number system."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from symbp.errors import CheckFailed
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS, Numbers, Value
from symbp.verify.unknown import Smooth

Key = tuple[int, ...]
Entries = Mapping[Any, Value]


class Paths(Protocol):
    """A table of local derivatives by (of entry, by entry)."""

    def __getitem__(self, pair: tuple[Key, Key], /) -> Value: ...

    def readers(self, by: Key) -> Sequence[Key]:
        """The entries of `of` whose definition reads the entry `by`; by no other is the derivative not 0."""

    @property
    def number_read(self) -> int:
        """How many entries of `by` there are; each has its pairs, which have numbers."""

    def pairs_of(self, place: int) -> range:
        """The numbers of the pairs of one of these entries and those that read it."""

    def pairs_at(self, numbers: Sequence[int]) -> tuple[Sequence[Value], Sequence[Key]]:
        """The derivatives of pairs, and their subscripts, those of `of` first."""


EXACTLY: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Sizes and tables of entries by tensor name; `partials` gives the table of a local derivative.

    `decisions` collects which way comparisons and extremes went, where someone asks.
    """

    sizes: Sizes
    tables: Mapping[str, Entries]
    numbers: Numbers = FLOATS
    functions: Mapping[str, Smooth] = field(default_factory=dict)
    partials: Callable[[str, str], Paths] | None = None
    decisions: list[object] | None = None
    compare: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=lambda: EXACTLY)

    def table(self, name: str) -> Entries:
        """The entries of a tensor."""
        if name not in self.tables:
            raise CheckFailed(f"nothing defines {name}")
        return self.tables[name]
