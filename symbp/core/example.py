"""A network at tiny sizes with numbers that can be read: what `verify` works out and `document` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from symbp.core.expr import Expr
from symbp.core.integers import Index

Key = tuple[int, ...]
DIGITS = 9  # to which machines agree: what is chosen by numbers is so by these, and all choose the same


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry of a parameter that was moved up and down by `step`, with the loss at both places.

    `slope` is the central difference, `gradient` what the gradient has there.
    """

    tensor: str
    key: Key
    step: float
    up: float
    down: float
    slope: float
    gradient: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An entry of an adjoint at which, with the parameters `scale` times as large, a difference in it is that of two
    numbers, `more` and `less`, that agree in so many digits, which are `lost`.
    """

    adjoint: str
    key: Key
    scale: int
    more: float
    less: float
    lost: int


class Evaluate(Protocol):
    """The value of an expression about the network, at values of its letters; None where it has none."""

    def __call__(self, expr: Expr, letters: Mapping[Index, int]) -> float | None: ...


class Everywhere(Protocol):
    """The values of an expression at all values of its letters; None where one has none, or there are too many."""

    def __call__(self, expr: Expr, letters: Sequence[Index]) -> Sequence[float] | None: ...


@dataclass(frozen=True, slots=True)
class Example:
    """`values` are those of every tensor by its name: inputs, quantities, adjoints, entry by entry in row-major order.

    `moved` has an entry of each parameter. `descent` is a learning rate, and the loss after a step with it, which is
    less than before. `zero_sums` are the adjoints that sum to 0 along a dimension, with that; they did so wherever they
    were tried, which was at other sizes too; `unit_sums` are those that sum to 1 or one part in a size, with a sign.
    `cancelled` are entries that rounding would harm with larger parameters.
    """

    sizes: tuple[tuple[str, int], ...]
    values: Mapping[str, Mapping[Key, float]]
    evaluate: Evaluate
    everywhere: Everywhere
    moved: tuple[Moved, ...] = ()
    descent: tuple[float, float] | None = None
    zero_sums: tuple[tuple[str, int], ...] = ()
    cancelled: tuple[Cancelled, ...] = ()
    unit_sums: tuple[tuple[str, int, Expr], ...] = ()
