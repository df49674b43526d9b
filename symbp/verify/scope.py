"""What an expression is read in: sizes, tables of entries, a number system."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
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

    def some(self, generator: Random, most: int) -> tuple[Any, Any]:
        """Some pairs, a few for each of so many entries that are read: derivatives, and subscripts in rows."""


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

    `decisions` collects which way comparisons and extremes went, where someone asks. What `stop_gradient` had for its
    value when it was first asked it keeps in `held`, whatever is moved afterwards.
    """

    sizes: Sizes
    tables: Mapping[str, Entries]
    numbers: Numbers = FLOATS
    functions: Mapping[str, Smooth] = field(default_factory=dict)
    partials: Callable[[str, str], Paths] | None = None
    decisions: list[object] | None = None
    compare: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=lambda: EXACTLY)
    held: dict[object, Value] | None = None

    def table(self, name: str) -> Entries:
        """The entries of a tensor."""
        if name not in self.tables:
            raise CheckFailed(f"nothing defines {name}")
        return self.tables[name]
