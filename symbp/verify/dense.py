"""What an expression is evaluated in by arrays: at many entries at once.

Each node has a rule (`rules`) that says what it is at every place of a frame (`frame`). A condition is a mask that
travels down to the reads and functions: at a place where it does not hold nothing is read and nothing raised. What an
evaluation comes upon that has no value, or reads outside, it refuses with the first entry for which that is so, and the
plain loops (`interpret`) say there what is wrong. It knows no rule of the calculus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, Protocol

import numpy as np

from symbp.core.expr import Cond, Expr, Partial, Read, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.errors import CheckFailed, MissingRule
from symbp.verify.frame import Frame
from symbp.verify.grid import Array, Grid
from symbp.verify.scope import Key, Paths
from symbp.verify.sizes import Sizes
from symbp.verify.ties import Tie
from symbp.verify.unknown import Smooth

ONE, ZERO = np.float64(1.0), np.float64(0.0)
YES: Array = np.bool_(True)
NO: Array = np.bool_(False)


class Refused(Exception):
    """There is no value; `place` says for which of the entries that were asked for, the first in their order."""

    def __init__(self, place: int):
        super().__init__(place)
        self.place = place


class LocalTable(Paths, Protocol):
    """Local derivatives by place: of all entries of one tensor by all of another that they read."""

    def at(self, of: Array, by: Array) -> Array:
        """The derivatives of the entries at places by those at others; nan where there is none."""
        ...

    def readers_of(self, by: Array) -> tuple[Array, Array]:
        """Where in `readers_in_order` those of an entry start, and how many they are."""
        ...

    @property
    def readers_in_order(self) -> Array: ...

    @property
    def slopes_in_order(self) -> Array: ...


@dataclass(slots=True)
class Held:
    """The values of a tensor in the places of its grid; with lanes a row for each place."""

    grid: Grid
    values: Array

    def __contains__(self, key: Key) -> bool:
        return self.grid.holds(key)


@dataclass(slots=True)
class Waiting:
    """What of a recurrence is known already; of the entries asked for those that need what is not, and one such."""

    known: Mapping[str, Array]
    number: Mapping[str, int]
    dead: Array
    on: Array
    place: Array


@dataclass(frozen=True, slots=True)
class Way:
    """How a sum goes: along a path, or over the indices that are not tied to others."""

    path: Partial | None
    tied: tuple[Tie, ...]
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A tensor, and at each entry asked for the one place of it that takes a complex step.

    Entries asked for are pairs: `first` says where each different one stands first, `inverse` which of these each is.
    """

    tensor: str
    at: Array
    first: Array | None = None
    inverse: Array | None = None


@dataclass(slots=True)
class Dense:
    """What an expression is read in. The entries asked for are the last axes of every frame, `keys` their lengths.

    `moved` says what takes a complex step. `record` hears of every read: tensor, places, mask. `decisions` collects
    which way comparisons and extremes went.
    """

    sizes: Sizes
    tables: Mapping[str, Held]
    functions: Mapping[str, Smooth]
    partials: Callable[[str, str], LocalTable] | None = None
    keys: tuple[int, ...] = ()
    moved: Moved | None = None
    record: Callable[[str, Array, Array | None], None] | None = None
    decisions: list[object] | None = None
    waiting: Waiting | None = None
    lanes: int = 1
    polys: dict[Poly, tuple[int, tuple[tuple[int, tuple[Atom, ...]], ...]]] = field(default_factory=dict)
    sums: dict[Sum, Way] = field(default_factory=dict)
    depths: dict[tuple[Node, str], int] = field(default_factory=dict)
    solved: dict[tuple[Sum, Read], tuple[Tie, ...]] = field(default_factory=dict)

    def table(self, name: str) -> Held:
        """The values of a tensor."""
        if name not in self.tables:
            raise CheckFailed(f"nothing defines {name}")
        return self.tables[name]

    def refuse(self, bad: Array, frame: Frame) -> None:
        """Raise Refused where one of the places that count is bad."""
        if not bad.any():
            return
        if frame.mask is not None:
            bad = bad & frame.mask
        if self.waiting is not None:
            bad = bad & ~self.waiting.dead
        if bad.any():
            inner = max(0, bad.ndim - len(self.keys))
            asked = np.broadcast_to(bad.any(axis=tuple(range(inner))), self.keys)
            raise Refused(int(np.argmax(asked)))

    def decide(self, decision: Array, frame: Frame) -> None:
        """Note a decision."""
        if self.decisions is not None:
            counted = decision if frame.mask is None else np.where(frame.mask, decision, -1)
            self.decisions.extend(np.ravel(counted).astype(np.int64).tolist())


Rule = Callable[[Any, Frame, "Dense"], Array]


class _Rules(dict[type[Node], Rule]):
    """The rule for each type of node: what `rule` dispatches to, looked up once."""

    def __missing__(self, kind: type[Node]) -> Rule:
        self[kind] = found = rule.dispatch(kind)
        return found


_rules = _Rules()


def value(node: Expr, frame: Frame, d: Dense) -> Array:
    """The values of an expression, on as many axes of the frame as they depend on."""
    return _rules[type(node)](node, frame, d)


def holds(node: Cond, frame: Frame, d: Dense) -> Array:
    """Where a condition holds."""
    return _rules[type(node)](node, frame, d)


@singledispatch
def rule(node: Node, frame: Frame, d: Dense) -> Array:
    """A rule for each node."""
    raise MissingRule(f"verify/rules.py has no rule for {type(node).__name__}; have you added a new node?")
