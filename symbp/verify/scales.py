"""Whether a module is as accurate as its definition at every scale, at exact zeros and under masks.

In come a network and a way to run the module, out go errors. At each draw the module's loss and gradients, in float32
and in float64, are held against the definition differentiated operation by operation (`tape`). An error is counted in
what rounding makes of that, so a re-expression that cancels where the definition does not, or has a pole or an overflow
of its own, stands out by orders of magnitude, while what is ill-conditioned in itself is asked for no more than it can
give. Where the definition has a pole or a kink, or float32 no room, nothing is asked; such draws are counted.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbp.core.network import DATA, LABELS, PARAM, Network, Tensor
from symbp.errors import CheckFailed
from symbp.verify.arrays import Parts, arguments, flat
from symbp.verify.draw import Drawn, draw_inputs, shortened
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes, choose_sizes, least_sizes, loop_length
from symbp.verify.subject import Subject, Wrong
from symbp.verify.systems import DOMAIN_ERRORS
from symbp.verify.tape.errors import DOUBLE, UNIT
from symbp.verify.tape.network import Slope, Slopes, slopes
from symbp.verify.tape.roundings import Unclear
from symbp.verify.world import World, said

BOUND = 8.0  # how many times the definition's own rounding
FLOOR = 1e-6  # what is never too much beside the largest entry, in float32
LOOSER = 16  # in float64, where elementary functions are exact to fewer units than in float32
NOUGHT = 1e-30  # what is nothing beside 1 and beside the largest gradient of all
TYPES = ("float32", "float64")
# Loops no longer than this are no matter; so long they may be in all, though a few draws are made in any case.
SHORT_WORK, ALL_WORK, FEWEST = 100, 1_600, 4
MOST_WORK = 40_000  # where loops are longer, nothing is asked
DEAR, MOST_DEAR = 2, 4_000  # what mpmath costs to what floats cost

Number = Callable[[random.Random], float]
Run = Callable[[Mapping[str, Parts]], tuple[Any, dict[str, Any]]]
# What a definition may be about: numbers of both signs, positive ones, fractions (which no scale makes more than 1).
BASES: tuple[Number, ...] = (
    lambda r: r.gauss(0, 1),
    lambda r: r.uniform(0.2, 1.6),
    lambda r: r.uniform(0.05, 0.6),
)
FRACTIONS = 2
MIXTURES = 4
ROUNDS = 3  # each with other data


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data, in words, with how an entry of each input is drawn from a base; `large` where it is beyond 1."""

    words: str
    number: Callable[[Tensor, Number], Number]
    large: bool = False


def _scaled(data: float, parameters: float) -> Kind:
    words = f"everything at {data:g}" if data == parameters else f"data at {data:g}, parameters at {parameters:g}"
    return Kind(words, lambda t, base: _times(parameters if t.kind == PARAM else data, base), max(data, parameters) > 1)


def _times(scale: float, base: Number) -> Number:
    return lambda r: scale * base(r)


def _zero_or_one(r: random.Random) -> float:
    return float(r.randrange(2))


def _nought(r: random.Random) -> float:
    return 0.0


def _without(name: str, data: float) -> Kind:
    words = f"{name} = 0" if data == 1 else f"{name} = 0, other data at {data:g}"

    def number(t: Tensor, base: Number) -> Number:
        return _nought if t.name == name else base if t.kind == PARAM else _times(data, base)

    return Kind(words, number, data > 1)


def _kinds_for(network: Network) -> list[Kind]:
    """What a function that stands for an unknown one does at large numbers says nothing about any other."""
    return [k for k in _kinds(network) if not (network.functions and k.large)]


def _kinds(network: Network) -> Iterator[Kind]:
    """The telling ones first: of a large network the others are left out."""
    yield _scaled(1e3, 1e3)
    yield Kind("masks of 0 and 1 as data", lambda t, base: base if t.kind == PARAM else _zero_or_one)
    yield _scaled(30.0, 30.0)
    yield _scaled(1.0, 1e3)
    yield _scaled(1e3, 1.0)
    yield _scaled(1.0, 1.0)
    yield _scaled(1e-3, 1e-3)
    yield Kind("zeros and ones", lambda t, base: _zero_or_one)
    yield _scaled(1.0, 30.0)
    yield Kind("zeros among the parameters", lambda t, base: _some_noughts(base) if t.kind == PARAM else base)
    yield from (_without(t.name, 100.0) for t in network.inputs if t.kind == DATA and not t.shape)
    yield from (_mixed(network, place) for place in range(MIXTURES))
    yield from (_without(t.name, 100.0) for t in network.inputs if t.kind == DATA and t.shape)
    yield from (_without(t.name, 1.0) for t in network.inputs if t.kind != LABELS)


def _mixed(network: Network, place: int) -> Kind:
    """Each input at a scale of its own, or a mask; which, chance says."""
    generator = random.Random(place)
    scales = {t.name: generator.choice((0.0, 1e-3, 1.0, 30.0, 1e3)) for t in network.inputs}
    words = ", ".join(f"{name} at {scale:g}" if scale else f"{name} 0 or 1" for name, scale in scales.items())
    large = max(scales.values(), default=0.0) > 1
    return Kind(words, lambda t, base: _times(scales[t.name], base) if scales[t.name] else _zero_or_one, large)


def _some_noughts(base: Number) -> Number:
    return lambda r: base(r) * r.randrange(2)


class TooMuch(Exception):
    """More than one is willing to spend on data of a kind."""


@dataclass(slots=True)
class Effort:
    """How long loops may be, in all: a few draws are made in any case, but in mpmath only where it is affordable."""

    work: int
    draws: int = 0
    done: int = 0

    @property
    def spent(self) -> bool:
        """Is it enough?"""
        return self.work > MOST_WORK or (self.draws >= FEWEST and self.done + self.work > ALL_WORK)

    def draw(self) -> None:
        """One more in floats."""
        self.draws, self.done = self.draws + 1, self.done + self.work

    def again(self) -> None:
        """The same in mpmath."""
        if DEAR * self.work > MOST_DEAR:
            self.draws -= 1
            raise TooMuch
        self.done += DEAR * self.work


@dataclass(slots=True)
class Outcome:
    """What was found of one tensor: the worst error, in units of the definition's own rounding, and where it was."""

    count: int = 0
    error: float = 0.0
    note: str = ""
    nought: bool = True

    def add(self, error: float, note: str) -> None:
        """One more comparison."""
        error = math.inf if math.isnan(error) else error
        if error > self.error:
            self.error, self.note = error, note


@dataclass(slots=True)
class Outcomes:
    """Those of the loss (named ""), of each parameter, and of the module as a whole; how many draws told nothing."""

    by_name: dict[str, Outcome]
    failure: str = ""
    skipped: int = 0


def at_every_scale(network: Network, loss: str, subject: Subject, run: Run, needed: Sequence[Any] = ()) -> Outcomes:
    """The module at each kind of data, as many of them as its loops let it."""
    sizes = _sizes(network, tuple(needed))
    world = World(network, sizes)
    outcomes = Outcomes({name: Outcome() for name in ("", *network.parameters)})
    effort = Effort(loop_length(network, sizes))
    dear = set[str]()  # the kinds for which floats have no room, and mpmath is too much
    for place, kind in enumerate(_kinds_for(network) * ROUNDS):
        if effort.spent:
            break
        found = None if kind.words in dear else _draw(world, loss, kind, place, effort, dear)
        if found is None:
            outcomes.skipped += 1
            continue
        for dtype in TYPES:
            _compare(network, sizes, subject, run, found, kind, dtype, outcomes)
    return outcomes


def _sizes(network: Network, needed: tuple[Any, ...]) -> Sizes:
    usual = choose_sizes(network, needed)
    return usual if loop_length(network, usual) <= SHORT_WORK else least_sizes(network, needed)


def _draw(
    world: World, loss: str, kind: Kind, place: int, effort: Effort, dear: set[str]
) -> tuple[Drawn, Slopes] | None:
    """Data of a kind at which the definition has a value and a derivative, with both; None where none are found."""
    for attempt, base in enumerate((*BASES, BASES[0])):
        own = {t.name: kind.number(t, base) for t in world.network.inputs}
        if attempt == FRACTIONS:
            own = {name: _fraction(number) for name, number in own.items()}
        try:
            inputs = shortened(world, draw_inputs(world, random.Random(100 * place + attempt), base, own))
            effort.draw()
            return inputs, slopes(world.network, loss, world.scope.sizes, inputs, effort.again)
        except TooMuch:
            dear.add(kind.words)
            return None
        except (CheckFailed, Unclear, *DOMAIN_ERRORS):
            continue
    return None


def _fraction(number: Number) -> Number:
    return lambda r: min(1.0, number(r))


def _compare(
    network: Network,
    sizes: Sizes,
    subject: Subject,
    run: Run,
    drawn: tuple[Drawn, Slopes],
    kind: Kind,
    dtype: str,
    outcomes: Outcomes,
) -> None:
    inputs, right = drawn
    where = f"in {dtype}, {kind.words}"
    try:
        value, found = run(arguments(network, sizes, inputs, dtype))
        most = max([1.0, *(abs(s.value) for g in right.gradients.values() for s in g.values())])
        _add(outcomes.by_name[""], "the loss", {(): float(value)}, {(): right.loss}, dtype, where, most)
        for tensor in network.inputs:
            if tensor.kind == PARAM:
                got = flat(subject.gradient(tensor, found))
                _add(outcomes.by_name[tensor.name], tensor.name, got, right.gradients[tensor.name], dtype, where, most)
    except Wrong as wrong:
        outcomes.failure = outcomes.failure or f"{where}: {wrong}"


def _add(
    outcome: Outcome,
    name: str,
    got: Mapping[Key, float],
    right: Mapping[Key, Slope],
    dtype: str,
    where: str,
    most: float,
) -> None:
    """The worst entry, to the largest of what rounding makes of any: a tensor is as exact as its norm.

    `most` is the largest gradient of all. One that is 0 may be what is left of terms as large.
    """
    single = dtype == "float32"
    rounding = max(slope.single if single else LOOSER * slope.double for slope in right.values())
    largest = max(abs(slope.value) for slope in right.values())
    floor = FLOOR if single else LOOSER * FLOOR * DOUBLE / UNIT
    allowed = max(rounding, floor * (largest or most) / BOUND, NOUGHT * most)
    errors = {key: abs(got.get(key, math.inf) - slope.value) / allowed for key, slope in right.items()}
    worst = max(errors, key=lambda key: math.inf if math.isnan(errors[key]) else errors[key])
    outcome.count += len(errors)
    outcome.nought = outcome.nought and largest == 0
    values = f"{got.get(worst, math.nan):.9g}, by its definition {right[worst].value:.9g}"
    outcome.add(errors[worst], f"{where}: {name}{said(worst)} is {values}")
