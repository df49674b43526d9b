"""What a place of the backward pass is meant to hold: the derivative by a forward place, or a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symbp.review.probe import Place


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A part of a derivative: which entries, at each draw by the draw's id, and by what they are multiplied."""

    entries: Mapping[int, np.ndarray]
    factor: float
    reader: int  # the number of the statement that puts the parts together

    def of(self, whole: np.ndarray, draw: int) -> np.ndarray:
        """The part of a whole."""
        return np.asarray(np.ravel(whole)[self.entries[draw]] / self.factor)


@dataclass(frozen=True, slots=True)
class Truth:
    """The hypothesis that a place should hold the derivative by a forward place.

    Step k of `count` goes with step k of the other, or backwards with the last but k; a shift of 1 is a carry to the
    step before.
    """

    place: Place
    of: Place
    backwards: bool
    count: int
    steps: int  # of the other
    shift: int = 0
    scale: float = 1.0
    cut: Cut | None = None

    def step(self, k: int) -> int | None:
        """The step of the forward place that goes with the k-th of this one."""
        at = self.steps - 1 - k - self.shift if self.backwards else k - self.shift
        return at if 0 <= at < self.steps else None

    def at(self, count: int, steps: int) -> Truth:
        """The same where there are as many steps, as at another draw."""
        return Truth(self.place, self.of, self.backwards, count, steps, self.shift, self.scale, self.cut)

    def part(self, place: Place, cut: Cut) -> Truth:
        """A part of it, at another place."""
        return Truth(place, self.of, self.backwards, self.count, self.steps, self.shift, self.scale, cut)

    def scaled(self, scale: float) -> Truth:
        """The same times a number."""
        return Truth(self.place, self.of, self.backwards, self.count, self.steps, self.shift, scale, self.cut)
