"""The axes along which an expression is evaluated, and where on them it counts.

An index is an array of its values along an axis of its own; the axes of a sum stand in front of those around it, so
that what does not depend on them broadcasts. The last axes are those of the entries that are asked for. Where a tie or
a path gives an index a single value for each of the others, it has no axis, and a mask says where that value is in its
range; a range that depends on other indices is a mask as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from symbp.core.expr import Partial
from symbp.core.integers import Index
from symbp.core.traverse import free_indices
from symbp.verify.grid import Array

# So many numbers are in one array at most: as many as stay in a processor's cache.
BLOCK = 1 << 16
NOWHERE: Mapping[Index, tuple[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Frame:
    """`values` has the values of each index, `mask` says where they count (None: everywhere), `rank` how many axes.

    `slopes` has local derivatives that are known already: those of the path that a sum goes along. `ends` says
    between which numbers an index lies, where that has been asked for or is known.
    """

    values: Mapping[Index, Array] = field(default_factory=dict)
    mask: Array | None = None
    rank: int = 0
    slopes: Mapping[Partial, Array] = field(default_factory=dict)
    ends: dict[Index, tuple[int, int]] = field(default_factory=dict)

    def where(self, condition: Array) -> Frame:
        """Only where the condition holds too."""
        return Frame(self.values, both(self.mask, condition), self.rank, self.slopes, self.ends)

    def with_values(
        self, values: Mapping[Index, Array], rank: int, within: Mapping[Index, tuple[int, int]] = NOWHERE
    ) -> Frame:
        """With more indices, on more axes. What was known of a path may mean other indices now.

        `within` says between which numbers values lie, of those of which it is known.
        """
        slopes: Mapping[Partial, Array] = self.slopes
        if slopes:
            slopes = {p: a for p, a in slopes.items() if not any(i in values for i in free_indices(p))}
        ends = {i: e for i, e in self.ends.items() if i not in values}
        ends.update(within)
        return Frame({**self.values, **values}, self.mask, rank, slopes, ends)

    def ends_of(self, index: Index) -> tuple[int, int]:
        """Between which numbers an index lies, whether or not its values count."""
        if index not in self.ends:
            values = self.values[index]
            self.ends[index] = (int(values.min()), int(values.max())) if np.size(values) else (0, -1)
        return self.ends[index]

    def size_of(self, indices: Sequence[Index], also: tuple[int, ...] = ()) -> int:
        """How many numbers an array has that depends on these indices and the mask; `also` are axes of its own."""
        arrays = [self.values[i] for i in indices if i in self.values]
        shapes = [np.shape(a) for a in arrays] + ([] if self.mask is None else [np.shape(self.mask)])
        return math.prod(np.broadcast_shapes(also, *shapes))


def both(mask: Array | None, condition: Array) -> Array:
    """Where both hold."""
    return condition if mask is None else mask & condition


def is_nowhere(mask: Array | None) -> bool:
    """Does nothing count?"""
    return mask is not None and not mask.any()


def axis(values: Array, place: int) -> Array:
    """Values along the axis that has `place` axes behind it."""
    return values.reshape((-1,) + (1,) * place)


def blocks(lengths: Sequence[int], room: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """All of a box, by boxes of at most so many places, if one place is not already more; the last axis is cut last."""
    steps: list[int] = []
    for length in reversed(lengths):
        step = max(1, min(length, room))
        steps.insert(0, step)
        room //= step
    ends = [[(a, min(a + s, n)) for a in range(0, n, s)] for n, s in zip(lengths, steps, strict=True)]
    yield from product(*ends)
