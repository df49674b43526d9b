"""What passes a probe: an event for each assignment, its value as it was then, and what may stand in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_EVENTS = 50_000
Place = tuple[int, int]  # the number of a statement, and which of what it assigns
Put = Callable[[int, Any], Any]  # from how often a place has been passed and its value to another value


@dataclass(frozen=True, slots=True)
class Event:
    """A probe that was passed: where, for which time, and a copy of the value; None where it is no number."""

    place: Place
    count: int
    value: Any


class Stop(BaseException):
    """A run has come to what it was made for; no `except Exception` of the user's catches it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Probe:
    """What every assignment calls: it may note the value, and put another in its place."""

    def __init__(self) -> None:
        self.put: Mapping[Place, Put] = {}
        self.events: list[Event] | None = None
        self.counts: dict[Place, int] = {}
        self.busy = False
        self.stop: tuple[Place, int] | None = None  # where a run may end, passed so often
        self.kept: dict[Place, str] = {}  # names that are written over later, of which the value is kept
        self.before: dict[str, Any] = {}
        self.given: frozenset[Place] | None = None

    def begin(
        self,
        put: Mapping[Place, Put],
        record: bool,
        stop: tuple[Place, int] | None = None,
        given: frozenset[Place] | None = None,
    ) -> None:
        """Get ready for a call. Noted is what comes of each place, or what some are given, whatever is put there."""
        self.put, self.events, self.counts, self.stop = put, [] if record else None, {}, stop
        self.given = given
        self.busy = bool(put) or record or stop is not None

    def __call__(self, statement: int, leaf: int, value: Any) -> Any:
        """The value, or another."""
        place = statement, leaf
        if place in self.kept and isinstance(value, np.ndarray):
            self.before[self.kept[place]] = value.copy()
        if not self.busy:
            return value
        count = self.counts.get(place, 0)
        self.counts[place] = count + 1
        if self.given is not None and self.events is not None and place in self.given:
            self.events.append(Event(place, count, snapshot(value)))
        if place in self.put:
            value = self.put[place](count, value)
        if self.given is None and self.events is not None and len(self.events) < MOST_EVENTS:
            self.events.append(Event(place, count, snapshot(value)))
        if self.stop == (place, count):
            raise Stop(value)
        return value


def is_tensor(value: Any) -> bool:
    """Is it PyTorch's? That library is imported by whoever has written the code, if at all."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def alike(value: Any, new: np.ndarray) -> Any:
    """An array as what a value is: a list, a tensor, a number, an array."""
    if isinstance(value, list):
        return new.tolist()
    if is_tensor(value):
        return value.new_tensor(new)
    return new.copy() if new.ndim else float(new)


def snapshot(value: Any) -> Any:
    """A copy of numbers as an array; None of anything else."""
    if is_tensor(value):
        value = value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic, float, int, list)):
        try:
            array = np.array(value)
        except (ValueError, TypeError):
            return None
        return array if array.dtype.kind in "fiubc" else None
    return None
