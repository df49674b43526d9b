"""Complex steps: how a number system moves an entry and tells how fast something moves with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbp.verify.systems import STEP, Value

Array = np.ndarray[Any, np.dtype[Any]]
# The least step: a smaller one times a small derivative would be 0.
LEAST = 1e-290
# The step of an entry of 0, which may be 1e-400 beside others of 1e-60: half of what floats have room for.
OF_NOUGHT = 1e-150


@dataclass(frozen=True, slots=True)
class Steps:
    """`most` entries move at a time, each in a lane of its own.

    `lanes` gives the steps of entries with these values, `moved` adds them, and `slopes` gives the derivative by each
    of them. `along` is the step of an entry that moves that far in the one lane of all, `slope` the derivative there.
    """

    most: int
    lanes: Callable[[list[Value]], Sequence[Value]]
    moved: Callable[[list[Value]], Sequence[Value]]
    slopes: Callable[[Value, list[Value]], list[Value]]
    along: Callable[[Value], Value]
    slope: Callable[[Value], Value]


def step_of(at: Array) -> Array:
    """A step so small that its square vanishes beside what is moved, and no smaller than floats can tell."""
    return np.where(at == 0, OF_NOUGHT, np.maximum(STEP * np.minimum(1.0, np.abs(at)), LEAST))


def _lanes(values: list[Value]) -> Sequence[Value]:
    return list(np.diag(1j * step_of(np.array(values, float))))


def _moved(values: list[Value]) -> Sequence[Value]:
    """All in one matrix, of which a value is a row."""
    at = np.array(values, float)
    rows = np.zeros((len(at), len(at)), complex)
    rows[...] = at[:, None]
    rows.imag[np.diag_indices(len(at))] = step_of(at)
    return list(rows)


def _slopes(value: Value, values: list[Value]) -> list[Value]:
    if np.ndim(value) == 0:
        return [0.0] * len(values)
    return (value.imag / step_of(np.array(values, float))).tolist()  # type: ignore[no-any-return]


def _slope(value: Value) -> Value:
    return 0.0 if np.ndim(value) == 0 else float(value[0].imag / STEP)


FAST = Steps(512, _lanes, _moved, _slopes, lambda length: np.array([1j * STEP * length]), _slope)
