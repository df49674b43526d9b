"""Complex steps: how a number system moves an entry and tells how fast something moves with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from symbp.verify.systems import STEP, Value


@dataclass(frozen=True, slots=True)
class Steps:
    """`most` entries move at a time, each in a lane of its own: `lanes` gives their steps, `moved` adds them.

    `along` is the step of an entry that moves that far in the one lane of all; `slopes` gives the derivative in each.
    """

    most: int
    lanes: Callable[[int], tuple[Value, ...]]
    moved: Callable[[list[Value]], Sequence[Value]]
    along: Callable[[Value], Value]
    slopes: Callable[[Value, int], list[Value]]


@lru_cache(maxsize=8)
def _lanes(count: int) -> tuple[Value, ...]:
    return tuple(np.eye(count) * (1j * STEP))


def _moved(values: list[Value]) -> Sequence[Value]:
    """All in one matrix, of which a value is a row."""
    count = len(values)
    rows = np.zeros((count, count), complex)
    rows[...] = np.array(values, float)[:, None]
    rows.imag[np.diag_indices(count)] = STEP
    return list(rows)


def _slopes(value: Value, count: int) -> list[Value]:
    if np.ndim(value) == 0:
        return [0.0] * count
    return (value.imag / STEP).tolist()  # type: ignore[no-any-return]


FAST = Steps(512, _lanes, _moved, lambda length: np.array([1j * STEP * length]), _slopes)
