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
from symbp.verify.dense import Held, step_of
from symbp.verify.forward import Batch, Forward, NoEntry, at_all, at_some
from symbp.verify.grid import Array
from symbp.verify.slopes import Jacobian
from symbp.verify.systems import STEP

# So many entries of each quantity take a full step alone, and in so many directions all of them at once.
ALONE, DIRECTIONS = 4, 2
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


def full_steps(forward: Forward, loss: str, name: str, steps: Array) -> Array:
    """How far the loss moves where the entries of `name` take these small steps, a column for each lane."""
    lanes = steps.shape[1]
    moved: dict[str, Array] = {}
    downstream = {name, *forward.downstream[name]}
    shifted = forward.values[name][:, None] + 1j * steps
    itself = name in forward.downstream[name]
    moved[name] = shifted.copy()
    d = replace(forward.dense(), tables=_Moved(forward, moved))
    for batch in forward.batches:
        own = batch.equation.name
        if own not in downstream or (own == name and not itself) or not _leads_to(forward, own, loss):
            continue
        values = _again(batch, forward, d, lanes)
        if own not in moved:
            moved[own] = np.zeros((forward.grids[own].size, lanes), complex)
        where = slice(None) if batch.which is None else forward.grids[own].slots[batch.which]
        moved[own][where] = values + (1j * steps[where] if own == name else 0)
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


def agrees(forward: Forward, loss: str, name: str, derivative: Array) -> bool:
    """Do full steps say the same of a quantity?"""
    grid = forward.grids[name]
    if not np.isfinite(derivative).all():
        return False
    if not len(grid.keys):
        return True
    steps = _steps(forward.values[name], grid.slots)
    try:
        found = full_steps(forward, loss, name, steps * STEP) / STEP
    except NoEntry:
        return False
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
