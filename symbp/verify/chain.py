"""dL/d(entry) of every tensor: local derivatives, chained backwards through the graph of entries.

Each local derivative is a complex step's (`slopes`), and the chain rule is what is being checked; so beside them some
entries of each quantity, and all of them along a random direction, take a step that goes through everything downstream
of it. What the chain says of a quantity counts only where these agree.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from symbp.core.network import LABELS, Equation
from symbp.verify.dense import Dense, Held
from symbp.verify.forward import Batch, Forward, NoEntry, at_all, at_some
from symbp.verify.grid import Array
from symbp.verify.slopes import Jacobian
from symbp.verify.steps import step_of
from symbp.verify.systems import STEP

# So many entries of each quantity take a full step alone, and in so many directions all of them at once.
ALONE, DIRECTIONS = 2, 1
# So many quantities do so in one pass through the network, each in lanes of its own.
TOGETHER = 16
# So far may the two be apart: relative to the largest entry, or to 1 where all are that small.
CLOSE = 1e-10


def chained(forward: Forward, loss: str, partials: Callable[[str, str], Jacobian]) -> Mapping[str, Array]:
    """The derivative of the loss by every tensor, in the places of its grid."""
    total = {name: np.zeros(a.shape) for name, a in forward.values.items()}
    if loss not in total:
        return total
    total[loss][...] = 1.0
    labels = [t.name for t in forward.network.inputs if t.kind == LABELS]
    split: dict[tuple[str, str], tuple[Array, Array]] = {}
    for batch in reversed(forward.batches):
        name = batch.equation.name
        if not _leads_to(forward, name, loss):
            continue
        for by in forward.reads[name]:
            if by in labels:
                continue
            pairs = partials(name, by).pairs
            of, to, slope = pairs.of, pairs.by, pairs.slopes
            if batch.which is not None:
                chosen = _of_batch(forward, batch, by, pairs.of, split)
                of, to, slope = of[chosen], to[chosen], slope[chosen]
            moving = total[name][of] * slope
            total[by] += np.bincount(to, moving, len(total[by]))
    return total


def _of_batch(
    forward: Forward, batch: Batch, by: str, of: Array, split: dict[tuple[str, str], tuple[Array, Array]]
) -> Array:
    """Which pairs belong to the entries of a batch: they are sorted by entry once, and cut out."""
    name, grid = batch.equation.name, forward.grids[batch.equation.name]
    if (name, by) not in split:
        order = np.argsort(of, kind="stable")
        split[name, by] = order, np.searchsorted(of[order], np.arange(grid.size + 1))
    order, starts = split[name, by]
    slots = grid.slots[batch.which]
    counts = starts[slots + 1] - starts[slots]
    first = np.repeat(starts[slots] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return order[first + np.arange(int(counts.sum()))]


def full_steps(forward: Forward, loss: str, steps: Mapping[str, Array]) -> Array:
    """How far the loss moves where entries take these small steps: a column for each lane, all quantities at once."""
    lanes = next(iter(steps.values())).shape[1]
    downstream = {q for name in steps for q in forward.downstream[name]}
    moved = {n: forward.values[n][:, None] + 1j * s for n, s in steps.items() if n not in downstream}
    d = replace(forward.dense(), tables=_Moved(forward, moved))
    for batch in forward.batches:
        own = batch.equation.name
        if own not in downstream or not _leads_to(forward, own, loss):
            continue
        values = _again(batch, forward, d, lanes)
        if own not in moved:
            moved[own] = np.zeros((forward.grids[own].size, lanes), complex)
        where = slice(None) if batch.which is None else forward.grids[own].slots[batch.which]
        moved[own][where] = values + (1j * steps[own][where] if own in steps else 0)
    return moved[loss][0].imag if loss in moved else np.zeros(lanes)


def _leads_to(forward: Forward, name: str, loss: str) -> bool:
    return name == loss or loss in forward.downstream[name]


def _again(batch: Batch, forward: Forward, d: Dense, lanes: int) -> Array:
    equation: Equation = batch.equation
    grid = forward.grids[equation.name]
    if batch.which is None:
        return at_all(equation, grid, d, lanes)
    return at_some(equation, grid, batch.which, d, lanes)


class _Moved(Mapping[str, Held]):
    """The tables, of which some have lanes."""

    def __init__(self, forward: Forward, moved: Mapping[str, Array]):
        self.forward, self.moved = forward, moved

    def __contains__(self, name: object) -> bool:
        return name in self.forward.grids

    def __getitem__(self, name: str) -> Held:
        if name in self.moved:
            return Held(self.forward.grids[name], self.moved[name])
        return self.forward.held(name)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.forward.grids)

    def __len__(self) -> int:
        return len(self.forward.grids)


def confirmed(forward: Forward, loss: str, derivatives: Mapping[str, Array]) -> Mapping[str, bool]:
    """Of each quantity whether full steps say what the chain does."""
    found = {name: bool(np.isfinite(a).all()) for name, a in derivatives.items()}
    place = {batch.equation.name: k for k, batch in enumerate(forward.batches)}
    asked = sorted((n for n in found if found[n] and forward.grids[n].keys), key=lambda n: place.get(n, -1))
    for start in range(0, len(asked), TOGETHER):
        found.update(_confirmed(forward, loss, {n: derivatives[n] for n in asked[start : start + TOGETHER]}))
    return found


def _confirmed(forward: Forward, loss: str, derivatives: Mapping[str, Array]) -> Mapping[str, bool]:
    alone = {n: _steps(forward.values[n], forward.grids[n].slots) for n in derivatives}
    ends = np.cumsum([0, *(s.shape[1] for s in alone.values())])
    steps = {n: np.zeros((len(s), ends[-1])) for n, s in alone.items()}
    for (n, s), a, b in zip(alone.items(), ends[:-1], ends[1:], strict=True):
        steps[n][:, a:b] = s
    try:
        moved = full_steps(forward, loss, {n: s * STEP for n, s in steps.items()}) / STEP
    except NoEntry:
        if len(derivatives) == 1:
            return dict.fromkeys(derivatives, False)
        return {n: v for name in derivatives for n, v in _confirmed(forward, loss, {name: derivatives[name]}).items()}
    return {n: _alike(moved[a:b], derivatives[n], alone[n]) for n, a, b in zip(alone, ends[:-1], ends[1:], strict=True)}


def _alike(found: Array, derivative: Array, steps: Array) -> bool:
    terms = np.abs(derivative[:, None] * steps)
    return bool(np.all(np.abs(found - derivative @ steps) <= CLOSE * np.maximum(1.0, terms.max(axis=0))))


def _steps(values: Array, slots: Array) -> Array:
    """A column for each step: of some entries alone, or all of them at once in random proportions.

    An entry near 0 moves less far, so that the square of its step vanishes beside it.
    """
    generator = random.Random(len(values))
    alone = generator.sample(range(len(slots)), min(len(slots), ALONE))
    directions = 0 if len(slots) <= ALONE else DIRECTIONS
    far = step_of(values) / STEP
    steps = np.zeros((len(values), len(alone) + directions))
    for lane, k in enumerate(alone):
        steps[slots[k], lane] = far[slots[k]]
    for lane in range(len(alone), len(alone) + directions):
        steps[slots, lane] = far[slots] * _proportions(generator, len(slots))
    return steps


def _proportions(generator: random.Random, count: int) -> Array:
    """Numbers between -1 and 1, the same on every machine."""
    return np.frombuffer(generator.randbytes(4 * count), "<i4") / 2.0**31
