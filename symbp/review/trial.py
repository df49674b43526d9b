"""The checked code at data: every run bounded in time, told by the loss, the gradients and what was raised."""

from __future__ import annotations

import copy
import random
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from symbp.review.entry import FUNCTION, Entry, Unmatched, call
from symbp.review.probe import Event, Place, Put, Stop
from symbp.review.program import Program
from symbp.review.returned import Names, Result, returned_names_of

FIRST_RUN, OTHER_RUNS = 20.0, 3.0  # seconds
STEP, INNER_STEP = 2e-4, 3e-5  # of central differences by what is given, and by what comes of it, near kinks perhaps
Array = np.ndarray[Any, Any]
End = tuple[Place, int] | None  # the last place that the loss passes, and for which time


class TooLong(BaseException):
    """A run has taken more time than is due; no `except Exception` of the user's catches it."""


@dataclass(frozen=True, slots=True)
class PageValue:
    """The value of an equation of the pages: its number, what it is of, whether of its adjoint."""

    number: int
    quantity: str
    is_adjoint: bool
    value: Array


@dataclass(frozen=True, slots=True)
class Draw:
    """Data, and the truth there: the loss (None: the user's own is), the gradients, the network's tensors."""

    inputs: Mapping[str, Any]
    loss: float | None
    gradients: Mapping[str, Array]
    tensors: Mapping[str, Array] = field(default_factory=dict)
    pages: tuple[PageValue, ...] = ()
    sizes: str = ""


@dataclass(slots=True)
class Outcome:
    """What a run gave."""

    loss: float = float("nan")
    gradients: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    error: BaseException | None = None
    line: int | None = None
    changed: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()  # of what stands for the loss
    has_loss: bool = True


@dataclass(slots=True)
class Trial:
    """A program, how it is called, and the draws."""

    program: Program
    entry: Entry
    names: Names
    draws: list[Draw]
    bound: float
    first: bool = True
    forward: dict[int, Any] = field(default_factory=dict)  # what was wrong with the forward pass, mended
    ends: dict[int, End] = field(default_factory=dict)  # where the loss of a draw is known, by the draw's id

    def run(
        self,
        namespace: dict[str, Any],
        draw: Draw,
        put: Mapping[Place, Put] | None = None,
        record: bool = False,
        loss_of: Draw | None = None,
        chance: int = 0,
        given: frozenset[Place] | None = None,
        anew: bool = True,
    ) -> Outcome:
        """Call it once, with inputs of its own; for the loss alone, at a draw like another, no further than needed.

        Of some places what they are given is recorded, if that is asked for, whatever is put there.
        """
        end = self._end(loss_of) if loss_of else None
        inputs = {n: copied(v) for n, v in draw.inputs.items()}
        out, probe = Outcome(), self.program.probe
        probe.begin(put or {}, record, end, given)
        result = Result(only_loss=loss_of is not None and self.entry.kind != FUNCTION)
        probe.before.clear()
        if anew:
            self.program.renew(namespace)
        seed(chance)
        try:
            with seconds(FIRST_RUN if self.first else OTHER_RUNS), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                call(self.entry, namespace, inputs, self.names, result)
        except Unmatched:
            raise
        except Stop as stop:
            result.loss = stop.value
        except BaseException as error:
            out.error, out.line = error, line_of(error, self.program.path)
        self.first = False
        out.events = probe.events or []
        if out.error is not None and result.loss is None:
            result.loss = self._loss_before(out.events)
        out.loss, out.has_loss = _number(result.loss), result.loss is not None
        out.gradients, out.shape = result.gradients, np.shape(result.loss)
        out.changed = tuple(n for n, v in inputs.items() if not _same(v, draw.inputs[n]))
        return out

    def _end(self, draw: Draw) -> End:
        """Where in a run the loss is assigned for the last time, so that others may end there."""
        if id(draw) not in self.ends:
            self.ends[id(draw)] = None
            outcome = self.run(self.program.variant(self.forward), draw, record=True)
            for name in self._loss_names():
                mine = [e for e in outcome.events if self._assigns(e, name)]
                if mine and np.ndim(mine[-1].value) == 0 and _number(mine[-1].value) == outcome.loss:
                    self.ends[id(draw)] = mine[-1].place, mine[-1].count
        return self.ends[id(draw)]

    def _assigns(self, event: Event, name: str) -> bool:
        statement, at = self.program.statements[event.place[0]], event.place[1]
        own = statement.function == self.entry.names[0]
        return own and 0 <= at < len(statement.names) and statement.names[at] == name

    def _loss_names(self) -> tuple[str, ...]:
        """What a function returns first, or last, by its name."""
        written = returned_names_of(self.entry.names[0]) if self.entry.kind == FUNCTION else ()
        return tuple(n for n in (*written[:1], *written[-1:]) if n.isidentifier())

    def _loss_before(self, events: list[Event]) -> Any:
        """The loss of a run that has raised after it was known."""
        for name in self._loss_names():
            mine = [e for e in events if self._assigns(e, name)]
            if mine and mine[-1].value is not None and np.ndim(mine[-1].value) == 0:
                return mine[-1].value
        return None

    def right(self, outcome: Outcome, draw: Draw, bound: float = 0.0) -> frozenset[str]:
        """The gradients that are what they should be."""
        return frozenset(
            n for n, g in draw.gradients.items() if close(outcome.gradients.get(n), g, bound or self.bound)
        )

    def is_loss(self, outcome: Outcome, draw: Draw) -> bool:
        """Is the loss what it should be? Where the user's own loss is the truth it always is."""
        return (
            draw.loss is None
            or not outcome.has_loss
            or abs(outcome.loss - draw.loss) <= 1e-9 * max(1.0, abs(draw.loss))
        )

    def own_gradient(self, namespace: dict[str, Any], draw: Draw, name: str) -> Array:
        """The derivative of the user's own loss by an input, by central differences."""
        value = np.asarray(draw.inputs[name], dtype=float)

        def loss(moved: Array) -> float:
            return self.run(namespace, Draw({**draw.inputs, name: moved}, None, {}), loss_of=draw).loss

        return central(loss, value, STEP)

    def is_own_gradient(self, namespace: dict[str, Any], draw: Draw, name: str, gradient: Any, bound: float) -> bool:
        """Is it the derivative of the user's own loss by an input? Asked along a random direction."""
        value = np.asarray(draw.inputs[name], dtype=float)
        try:
            found = np.asarray(gradient, dtype=float)
        except (TypeError, ValueError):
            return False
        if found.shape != value.shape or not np.all(np.isfinite(found)):
            return False
        direction = np.random.default_rng(1).normal(size=value.shape)

        def loss(s: Array) -> float:
            return self.run(namespace, Draw({**draw.inputs, name: value + s * direction}, None, {}), loss_of=draw).loss

        return fits_along(found, direction, float(central(loss, np.zeros(()), STEP)), bound)


def fits_along(value: Array, direction: Array, slope: float, bound: float) -> bool:
    """Has a derivative this slope along a random direction? One that is another has not."""
    size = float(np.max(np.abs(value), initial=0.0)) * float(np.sqrt(direction.size))
    return abs(float(np.sum(value * direction)) - slope) <= bound * max(size, 1e-3)


def central(loss: Callable[[Array], float], value: Array, wide: float = INNER_STEP) -> Array:
    """The derivative of a function of an array, entry by entry, of fourth order in the step."""
    slopes = np.zeros(value.shape)
    for key in np.ndindex(*value.shape):
        step = wide * max(1.0, abs(float(value[key])))
        at = []
        for k in (1, -1, 2, -2):
            moved = np.array(value, dtype=float)
            moved[key] += k * step
            at.append(loss(moved))
        one, two = (at[0] - at[1]) / (2 * step), (at[2] - at[3]) / (4 * step)
        slopes[key] = (4 * one - two) / 3
    return slopes


def close(got: Any, truth: Any, bound: float) -> bool:
    """Do two arrays agree, beside the largest entry?"""
    try:
        a = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        return False
    b = np.asarray(truth)
    if a.shape != b.shape or not np.all(np.isfinite(a)):
        return False
    scale = max(float(np.max(np.abs(b), initial=0.0)), 1e-3)
    return bool(np.max(np.abs(a - b), initial=0.0) <= bound * scale)


def copied(value: Any) -> Any:
    """A copy of an input."""
    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b)) if not isinstance(a, list) else all(map(np.array_equal, a, b))


def _number(value: Any) -> float:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return float("nan")
    return float(array) if array.ndim == 0 else float(array.sum()) if array.size == 1 else float("nan")


def line_of(error: BaseException, path: str) -> int | None:
    """The line of a file in which something was raised, or in which what raised it was called."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == path]
    return lines[-1] if lines else None


def seed(number: int) -> None:
    """What is drawn at random is the same in every run."""
    np.random.seed(number)
    random.seed(number)
    np.random.default_rng = partial(_generator, number)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)


_DEFAULT_RNG = np.random.default_rng


def _generator(number: int, seed: Any = None) -> np.random.Generator:
    return _DEFAULT_RNG(number if seed is None else seed)


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """Raise TooLong in what is still at work then, again and again should that be caught."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise TooLong(f"it has not returned after {most:g} seconds")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, most, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
