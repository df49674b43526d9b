"""The equations of a network by arrays: in which order, and what a recurrence knows at which time.

An equation that only reads what stands before it is evaluated at all entries at once. Equations that read one another
(a recurrence) go by waves: all entries are asked for, those that come upon something that is not known yet wait for
it, and are asked for again once it is. What was evaluated together is a `Batch`; their order is one in which a step
goes through the network, and backwards the one in which derivatives are chained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from symbp.core.integers import Index
from symbp.core.network import Equation, Network
from symbp.core.traverse import reads
from symbp.errors import CheckFailed
from symbp.verify.dense import Dense, Held, Refused, Waiting, value
from symbp.verify.elementwise import is_complex
from symbp.verify.frame import BLOCK, Frame, axis, blocks
from symbp.verify.grid import Array, Grid
from symbp.verify.scope import Key


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one equation that were evaluated together: where they stand in `Grid.keys`, None for all."""

    equation: Equation
    which: Array | None


class NoEntry(Exception):
    """An equation has no value at an entry."""

    def __init__(self, name: str, key: Key):
        super().__init__(name, key)
        self.name, self.key = name, key


@dataclass(slots=True)
class Forward:
    """The values of all tensors, equation by equation, each when first asked for."""

    network: Network
    grids: Mapping[str, Grid]
    downstream: Mapping[str, Sequence[str]]
    dense: Callable[[], Dense]
    values: dict[str, Array] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    groups: tuple[tuple[Equation, ...], ...] = ()
    upstream: dict[str, tuple[int, ...]] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups = tuple(_in_order(self.network, self.downstream))
        for e in self.network.equations:
            self.reads[e.name] = tuple(dict.fromkeys(r.tensor for r in reads(e.body) if r.tensor in self.grids))

    def fill(self, inputs: Mapping[str, Array]) -> None:
        """New data."""
        self.values.clear()
        self.batches.clear()
        self.values.update(inputs)

    def held(self, name: str) -> Held:
        """The values of a tensor, which are computed where they are missing, with all that they depend on."""
        if name not in self.values:
            for place in self._before(name):
                self._compute(self.groups[place])
        if name not in self.values:  # an input of which not all is given
            raise NoEntry(name, next(iter(self.grids[name].keys), ()))
        return Held(self.grids[name], self.values[name])

    def _before(self, name: str) -> tuple[int, ...]:
        """The groups that a tensor depends on, in order, its own the last of them."""
        if name not in self.upstream:
            self.upstream[name] = tuple(
                place
                for place, group in enumerate(self.groups)
                if any(e.name == name or name in self.downstream[e.name] for e in group)
            )
        return self.upstream[name]

    def _compute(self, group: tuple[Equation, ...]) -> None:
        if group[0].name in self.values:
            return
        d = self.dense()
        if len(group) > 1 or group[0].name in self.downstream[group[0].name]:
            self._in_waves(group, d)
            return
        (equation,) = group
        try:
            self.values[equation.name] = at_all(equation, self.grids[equation.name], d)
        except NoEntry as error:
            raise self._first(equation, error, replace(d, decisions=None)) from None
        self.batches.append(Batch(equation, None))

    def _first(self, equation: Equation, error: NoEntry, d: Dense) -> NoEntry:
        """The first entry without a value: of one before it another part of the equation may have none."""
        grid = self.grids[equation.name]
        while place := int(np.searchsorted(grid.slots, grid.slot(error.key))):
            try:
                at_some(equation, grid, np.arange(place), d)
                break
            except NoEntry as earlier:
                error = earlier
        return error

    def _in_waves(self, group: tuple[Equation, ...], d: Dense) -> None:
        try:
            self._all_waves(group, d)
        except BaseException:
            for equation in group:
                self.values.pop(equation.name, None)
            raise

    def _all_waves(self, group: tuple[Equation, ...], d: Dense) -> None:
        names = [e.name for e in group]
        kind = complex if any(is_complex(a) for a in self.values.values()) else float
        self.values.update({n: np.zeros(self.grids[n].size, kind) for n in names})
        known = {n: np.zeros(self.grids[n].size, bool) for n in names}
        pending = {n: np.arange(len(self.grids[n].keys)) for n in names}
        on = {n: np.full(len(self.grids[n].keys), -1) for n in names}
        place = {n: np.zeros(len(self.grids[n].keys), np.int64) for n in names}
        number = {n: k for k, n in enumerate(names)}
        while any(map(len, pending.values())):
            progress = False
            for equation in group:
                name = equation.name
                ready = _ready(pending[name], on[name], place[name], [known[n] for n in names])
                ready = ready[:BLOCK]
                if not len(ready):
                    continue
                progress = True
                waiting = Waiting(known, number, *_blank(len(ready)))
                found = at_some(equation, self.grids[name], ready, replace(d, waiting=waiting))
                alive = ~waiting.dead
                on[name][ready], place[name][ready] = waiting.on, waiting.place
                done = ready[alive]
                if len(done):
                    slots = self.grids[name].slots[done]
                    self.values[name][slots], known[name][slots] = found[alive], True
                    self.batches.append(Batch(equation, done))
                    pending[name] = np.setdiff1d(pending[name], done, assume_unique=True)
            if not progress:
                raise CheckFailed(f"{', '.join(n for n in names if len(pending[n]))} needs itself")


def _blank(count: int) -> tuple[Array, Array, Array]:
    return np.zeros(count, bool), np.full(count, -1), np.zeros(count, np.int64)


def _ready(pending: Array, on: Array, place: Array, known: Sequence[Array]) -> Array:
    """Those of the entries that wait for nothing that is not known."""
    free = np.ones(len(pending), bool)
    for number, have in enumerate(known):
        waits = on[pending] == number
        free[waits] = have[place[pending[waits]]]
    return pending[free]


def _in_order(network: Network, downstream: Mapping[str, Sequence[str]]) -> Iterator[tuple[Equation, ...]]:
    """Groups of equations that depend on one another, each after those that it reads."""
    group_of: dict[str, tuple[Equation, ...]] = {}
    after = {name: frozenset(names) for name, names in downstream.items()}
    for e in network.equations:
        if e.name not in group_of:
            mutual = [f for f in network.equations if f.name in after[e.name] and e.name in after[f.name]]
            group = tuple(mutual) or (e,)
            group_of.update({f.name: group for f in group})
    left = {id(g): g for g in group_of.values()}
    needs = {
        key: {id(group_of[r.tensor]) for e in g for r in reads(e.body) if r.tensor in group_of} - {key}
        for key, g in left.items()
    }
    users: dict[int, list[int]] = {key: [] for key in left}
    for key, others in needs.items():
        for other in others:
            users[other].append(key)
    waiting = [key for key in left if not needs[key]]
    while waiting:
        key = waiting.pop(0)
        yield left[key]
        for user in users[key]:
            needs[user].discard(key)
            if not needs[user]:
                waiting.append(user)


def at_all(equation: Equation, grid: Grid, d: Dense, lanes: int = 0) -> Array:
    """An equation at all entries, in the places of its grid: an axis for each index, and one for lanes."""
    behind = 1 if lanes else 0
    shape = (*grid.shape, *((lanes,) if lanes else ()))
    rank = len(equation.indices)
    result: Array | None = None
    inside = None if grid.inside is None else grid.inside.reshape(grid.shape)
    if not grid.keys:
        return np.zeros((0, lanes) if lanes else 0)
    for block in blocks(grid.shape if rank else (), max(1, BLOCK // max(1, lanes))):
        values = {
            index: axis(np.arange(low + a, low + b), rank - 1 - k + behind)
            for k, (index, low, (a, b)) in enumerate(zip(equation.indices, grid.low, block, strict=True))
        }
        box = tuple(slice(a, b) for a, b in block)
        mask = None if inside is None else inside[box].reshape(*(b - a for a, b in block), *(1,) * behind)
        lengths = tuple(b - a for a, b in block)
        here = replace(d, keys=(*lengths, *((lanes,) if lanes else ())), lanes=max(1, lanes))
        try:
            found = value(equation.body, Frame(values, mask, rank + behind), here)
        except Refused as refused:
            first = np.unravel_index(refused.place // max(1, lanes), lengths)
            raise NoEntry(
                equation.name, tuple(int(k) + a + low for k, (a, _), low in zip(first, block, grid.low, strict=True))
            ) from None
        if result is None:
            result = np.zeros(shape, found.dtype)
        elif is_complex(found) and not is_complex(result):
            result = result.astype(complex)
        result[box] = found if mask is None else np.where(mask, found, 0)
    assert result is not None
    return result.reshape((grid.size, lanes) if lanes else grid.size)


def at_some(equation: Equation, grid: Grid, which: Array, d: Dense, lanes: int = 0) -> Array:
    """An equation at some entries, one axis for all of them, and one for lanes."""
    found = []
    step = max(1, BLOCK // max(1, lanes))
    for start in range(0, len(which), step):
        part = which[start : start + step]
        columns = {i: c[part] for i, c in zip(equation.indices, grid.columns, strict=False)}
        try:
            found.append(at_columns(equation, columns, len(part), d, lanes))
        except Refused as refused:
            raise NoEntry(equation.name, grid.keys[int(part[refused.place // max(1, lanes)])]) from None
    return np.concatenate(found) if len(found) > 1 else found[0]


def at_columns(equation: Equation, columns: Mapping[Index, Array], count: int, d: Dense, lanes: int = 0) -> Array:
    """An equation where its indices have these values."""
    values = {i: c[:, None] if lanes else c for i, c in columns.items()}
    here = replace(d, keys=(count, lanes) if lanes else (count,), lanes=max(1, lanes))
    found = value(equation.body, Frame(values, None, 2 if lanes else 1), here)
    return np.broadcast_to(found, (count, lanes) if lanes else (count,))
