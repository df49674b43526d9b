"""Random data for a network: every input, biases and scales too, obeying the facts and inside the functions' domains.

The generator is Python's own, seeded by the seed alone, so that the same check is made everywhere. What is drawn
outside a domain (the logarithm of a negative number) is drawn again, positive, then between 0 and 1, and that is
said.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from symbp.core.expr import Fn, Num, Pow
from symbp.core.integers import Node
from symbp.core.network import DATA, LABELS, Network, Tensor
from symbp.core.traverse import free_indices, reads, walk
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.equal_entries import can_tie
from symbp.verify.facts import Demands, broken, classes, demands, keys_of
from symbp.verify.interpret import integer
from symbp.verify.precise import precise_with_steps
from symbp.verify.scope import Key, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.steps import FAST, Steps
from symbp.verify.systems import DOMAIN_ERRORS, LANES, NoValue, Numbers, Value
from symbp.verify.world import World, is_finite

Drawn = dict[str, dict[Key, Value]]
MOST_TRIES = 5000
MOST_ROUNDS, SETTLED = 2000, 1e-15
GRID = 4096
FREE = Demands()

Number = Callable[[random.Random], float]
Manner = tuple[str, Number]
# How to draw what no fact restricts, from the widest to the tamest.
MANNERS: tuple[Manner, ...] = (
    ("", lambda r: r.gauss(0, 0.8)),
    ("drawn positive", lambda r: r.uniform(0.2, 1.6)),
    ("drawn between 0 and 1", lambda r: r.uniform(0.05, 0.6)),
    ("drawn near 0", lambda r: r.gauss(0, 0.2)),
)
# One draw in three starts small: of large numbers a softmax saturates, and what is 0 to six digits tells little.
# Where that makes entries tie, a second is on a grid: what is taken at a tie, and at 0, is a matter of convention.
TIED: Manner = ("", lambda r: r.randrange(-2, 3) / 2)
SMALL: Manner = ("", lambda r: r.gauss(0, 0.25))
# A variance is positive, and nothing else need be: of positive numbers alone deep networks make large ones.
ROOTS: tuple[Manner, ...] = (
    ("what stands under a root or a logarithm drawn positive", lambda r: r.gauss(0, 0.8)),
    ("drawn near 0, and positive under a root or a logarithm", lambda r: r.gauss(0, 0.2)),
)
# The last resort: 1e30 (1 - m) has a meaning in an exponent for an m of 0 and 1 alone.
MOST_MASKS = 40  # some of which leave something of each row
MASKS: Manner = ("data drawn 0 or 1", lambda r: r.gauss(0, 0.8))


class NoData(NoTrial):
    """No data were found at which the loss is a number."""


@dataclass(frozen=True, slots=True)
class Draw:
    """The entries of every input, and how they had to be drawn where that is worth saying."""

    inputs: Drawn
    manner: str = ""


def draw(world: World, loss: str, seed: int, tamer: int = 0) -> Draw:
    """Data at which the loss is a finite number; the tables of `world` are left filled with them.

    `tamer` leaves out so many of the wider ways to draw them.
    """
    reason = tensor = ""
    first = (SMALL,) if seed % 3 == 2 else (TIED,) if seed % 3 == 1 and can_tie(world.network) else ()
    positive = _under_roots(world.network)
    usual = (MANNERS[0], *(ROOTS if positive else ()), *MANNERS[1:], MASKS)
    for manner, number in (*first, *usual)[tamer:]:
        own = _masks(world.network) if manner == MASKS[0] else positive if (manner, number) in ROOTS else {}
        for attempt in range(MOST_MASKS if manner == MASKS[0] and own else 3):
            inputs = draw_inputs(world, random.Random(1000 * seed + attempt), number, own)
            try:
                world.fill(inputs)
                value = world.value(loss)
            except DOMAIN_ERRORS as error:
                reason, tensor = str(error), error.tensor if isinstance(error, NoValue) else loss
                continue
            if is_finite(value):
                return Draw(inputs, manner)
            reason, tensor = f"the loss is {value}", loss
    raise NoData(f"no data found at which {world.network.name} has a value: {reason}", tensor)


TAMEST = len(MANNERS) - 1


def is_beyond_floats(error: BaseException | None) -> bool:
    """Did it come of a value that floats have no room for? The loss may have one where a slope written out has not."""
    while error is not None and not isinstance(error, OverflowError):
        error = error.__cause__
    return error is not None


def _masks(network: Network) -> dict[str, Number]:
    return {t.name: lambda r: float(r.randrange(2)) for t in network.inputs if t.kind == DATA}


@lru_cache(maxsize=16)
def _under_roots(network: Network) -> dict[str, Number]:
    """The inputs of which alone a root or a logarithm is taken, 1 / sqrt(v + eps), where there are others too."""
    inputs = {t.name for t in network.inputs}
    found: dict[str, Number] = {}
    for node in (n for e in network.equations for n in walk(e.body)):
        match node:
            case Pow(base, exponent) if not isinstance(exponent, Num) or exponent.value.denominator != 1:
                under: Node = base
            case Fn("log", (under,)):
                pass
            case _:
                continue
        names = {r.tensor for r in reads(under)}
        if names <= inputs:
            found |= dict.fromkeys(sorted(names), MANNERS[1][1])
    return found if any(t.kind != LABELS and t.name not in found for t in network.inputs) else {}


@lru_cache(maxsize=16)
def numbers_with_values(network: Network, sizes: Sizes, loss: str) -> tuple[Numbers, Steps]:
    """Floats; mpmath's numbers where no data have a value in floats, as where all that a logarithm sums underflows.

    NoData where those have none either.
    """
    try:
        draw(World(network, sizes, LANES), loss, 0)
    except NoData as none:
        numbers, steps = precise_with_steps()
        try:
            draw(World(network, sizes, numbers), loss, 0)
        except NoData:
            raise none from None
        return numbers, steps
    return LANES, FAST


def draw_inputs(
    world: World,
    generator: random.Random,
    number: Number,
    own: Mapping[str, Number] | None = None,
) -> Drawn:
    """Every input once, as the facts demand; CheckFailed where the facts cannot be met by drawing.

    What no fact restricts is drawn by `number`, or in its `own` way.
    """
    network = world.network
    asked = demands(network, world.scope)
    inputs = {
        t.name: _draw_tensor(t, world, generator, (own or {}).get(t.name, number), asked.get(t.name, FREE))
        for t in network.inputs
    }
    _make_equal(inputs, network, world.scope, asked, generator)
    return obeying(world, inputs)


def obeying(world: World, inputs: Drawn) -> Drawn:
    """The same, if it obeys the facts; the tables of `world` are left filled with it."""
    network = world.network
    world.fill(inputs)
    for fact in broken(network, world.scope):
        raise CheckFailed(f"no data could be drawn that obey fact {fact}")
    return inputs


def shortened(world: World, inputs: Drawn) -> Drawn:
    """The same in numbers that float32 holds. Of entries whose sum is given the last one makes up for it exactly."""
    asked = demands(world.network, world.scope)
    short: Drawn = {}
    for tensor in world.network.inputs:
        entries, own = inputs[tensor.name], asked.get(tensor.name, FREE)
        if tensor.kind == LABELS:
            short[tensor.name] = entries
        elif own.sums and not own.choices:
            short[tensor.name] = _in_steps(entries, own)
        else:
            short[tensor.name] = {key: float(np.float32(value)) for key, value in entries.items()}
    return obeying(world, short)


def _in_steps(entries: Mapping[Key, Value], asked: Demands) -> dict[Key, Value]:
    """Multiples of a power of two, of which sums are exact."""
    values = {
        key: max(1.0, round(value * GRID)) / GRID if asked.bounded else round(value * GRID) / GRID
        for key, value in entries.items()
    }
    for axes, total in asked.sums:
        for fibre in fibres(list(values), axes):
            values[fibre[-1]] = total - sum(values[key] for key in fibre[:-1])
    return values


def _draw_tensor(
    tensor: Tensor, world: World, generator: random.Random, number: Callable[[random.Random], float], asked: Demands
) -> dict[Key, Value]:
    keys = world.keys(tensor.name)
    if tensor.kind == LABELS and tensor.classes is not None:
        classes = integer(tensor.classes, world.scope)
        return {key: _draw_label(generator, classes, tensor.absent) for key in keys}
    values = {key: _draw_number(generator, number, asked) for key in keys}
    _meet_sums(values, asked, generator)
    return values


def _draw_label(generator: random.Random, classes: int, absent: int | None) -> int:
    """One of the classes, or none, as often as each of them."""
    drawn = generator.randrange(classes if absent is None else classes + 1)
    return drawn if drawn < classes or absent is None else absent


def _meet_sums(values: dict[Key, Value], asked: Demands, generator: random.Random) -> None:
    """Change the entries so that the sums are what they must be, in place."""
    for axes, total in asked.sums:
        for fibre in fibres(list(values), axes):
            values.update(_meet(fibre, values, total, asked, generator))


def _make_equal(
    inputs: Drawn, network: Network, scope: Scope, asked: Mapping[str, Demands], generator: random.Random
) -> None:
    """Make those entries equal that the facts equate, and put those in place that they name, in place; where there are
    sums to meet too, by turns with these, whereupon all of it comes true.
    """
    equal = classes(network, scope)
    settled = {tensor for members in equal.members.values() for tensor, _ in members}
    settled |= {t for t, demand in asked.items() if demand.places}
    bound = [t for t in inputs if t in settled and asked.get(t, FREE).sums]
    equal.spread(inputs)
    _put_in_place(inputs, scope, asked)
    for _ in range(MOST_ROUNDS if bound else 0):
        before = {t: dict(inputs[t]) for t in bound}
        for t in bound:
            _meet_sums(inputs[t], asked[t], generator)
        equal.average(inputs)
        equal.spread(inputs)
        _put_in_place(inputs, scope, asked)
        if all(abs(inputs[t][k] - v) < SETTLED for t in bound for k, v in before[t].items()):
            break


def _put_in_place(inputs: Drawn, scope: Scope, asked: Mapping[str, Demands]) -> None:
    for t, demand in asked.items():
        for read, value in demand.places:
            inputs[t].update(dict.fromkeys(keys_of(read, free_indices(read), scope), value))


def _draw_number(generator: random.Random, number: Callable[[random.Random], float], asked: Demands) -> float:
    if asked.choices:
        return generator.choice(asked.choices)
    low, high = asked.lower, asked.upper
    if low is not None and high is not None:
        return generator.uniform(low + 0.05 * (high - low), high - 0.05 * (high - low))
    if low is not None:
        return low + generator.uniform(0.1, 1.6)
    if high is not None:
        return high - generator.uniform(0.1, 1.6)
    return number(generator)


def fibres(keys: list[Key], axes: tuple[int, ...]) -> list[list[Key]]:
    """The entries that are summed together."""
    groups: dict[Key, list[Key]] = {}
    for key in keys:
        groups.setdefault(tuple(v for k, v in enumerate(key) if k not in axes), []).append(key)
    return list(groups.values())


def _meet(
    fibre: list[Key], values: Mapping[Key, float], total: float, asked: Demands, generator: random.Random
) -> dict[Key, float]:
    """The entries of a fibre, changed so that their sum is `total`: scaled where bounded, else shifted."""
    if asked.choices:
        return dict(zip(fibre, _choose(len(fibre), total, asked.choices, generator), strict=True))
    low = (asked.lower or 0.0) if asked.bounded else 0.0
    have = sum(values[key] for key in fibre)
    if asked.bounded and have != low * len(fibre):
        stretch = (total - low * len(fibre)) / (have - low * len(fibre))
        return {key: low + (values[key] - low) * stretch for key in fibre}
    return {key: values[key] + (total - have) / len(fibre) for key in fibre}


def _choose(count: int, total: float, choices: tuple[float, ...], generator: random.Random) -> list[float]:
    """So many of the choices with that sum. Of two choices it is known how often each is taken."""
    if len(choices) == 2:
        low, high = sorted(choices)
        highs = max(0, min(count, round((total - low * count) / (high - low))))
        chosen = [high] * highs + [low] * (count - highs)
        generator.shuffle(chosen)
        return chosen
    for _ in range(MOST_TRIES):
        chosen = [generator.choice(choices) for _ in range(count)]
        if abs(sum(chosen) - total) < 1e-12:
            return chosen
    return chosen
