"""Where the entries of a tensor lie in a flat array: row by row in the smallest box that holds them all.

A tensor whose range depends on an index (`D[l]`) leaves places of its box unused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbp.verify.scope import Key

Array = Any  # an array, or the scalar that NumPy makes of one without dimensions


@dataclass(frozen=True)
class Grid:
    """The box: where each dimension starts, how long it is. `keys` are the entries in row-major order."""

    keys: Sequence[Key]
    low: Key
    shape: tuple[int, ...]

    @staticmethod
    def of(keys: Sequence[Key]) -> Grid:
        """The box of these entries."""
        columns = list(zip(*keys, strict=True))
        low = tuple(min(c) for c in columns)
        if not keys:
            return Grid(keys, (), (0,))
        return Grid(keys, low, tuple(max(c) + 1 - a for c, a in zip(columns, low, strict=True)))

    @cached_property
    def size(self) -> int:
        """How many places the box has."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def columns(self) -> tuple[Array, ...]:
        """The subscripts of the entries, an array for each dimension."""
        if not self.keys or not self.low:
            return ()
        return tuple(np.array(self.keys, np.int64).T)

    @cached_property
    def slots(self) -> Array:
        """The place of each entry."""
        place = np.zeros(len(self.keys), np.int64)
        for column, low, length in zip(self.columns, self.low, self.shape, strict=False):
            place = place * length + (column - low)
        return place

    @cached_property
    def inside(self) -> Array | None:
        """Which places are entries; None where all are."""
        if len(self.keys) == self.size:
            return None
        used = np.zeros(self.size, bool)
        used[self.slots] = True
        return used

    def key(self, slot: int) -> Key:
        """The entry at a place."""
        if not self.low:
            return ()
        return tuple(int(k) + a for k, a in zip(np.unravel_index(slot, self.shape), self.low, strict=True))

    def subscripts(self, slots: Array) -> tuple[Array, ...]:
        """The subscripts of the entries at places, an array for each dimension."""
        if not self.low:
            return ()
        return tuple(k + a for k, a in zip(np.unravel_index(slots, self.shape), self.low, strict=True))

    def holds(self, key: Key) -> bool:
        """Is there such an entry?"""
        if not self.keys or not all(0 <= k - a < n for k, a, n in zip(key, self.low, self.shape, strict=True)):
            return False
        return self.inside is None or bool(self.inside[self.slot(key)])

    def slot(self, key: Key) -> int:
        """The place of an entry that is inside."""
        place = 0
        for k, low, length in zip(key, self.low, self.shape, strict=False):
            place = place * length + k - low
        return place
