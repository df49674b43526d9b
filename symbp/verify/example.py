"""An example that can be followed by hand: two or three of everything, numbers with one decimal.

Of several draws that one is taken whose adjoints are read best: no two far apart, none so small that three decimals
show little of it. For the choice the derived equations will do; what is shown comes from the definitions, and the
adjoints from complex steps through them: a draw at which the two differ is not used.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from symbp.core.example import DIGITS, Evaluate, Everywhere, Example, Key, Moved
from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.core.network import LABELS, Network
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.cancelling import cancelling
from symbp.verify.draw import MANNERS, Drawn, obeying
from symbp.verify.facts import broken
from symbp.verify.given import NOTHING, Given, GivenError
from symbp.verify.kinks import Held
from symbp.verify.sample import combinations
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS, LANES
from symbp.verify.tiny import BOUND, Values, floats, readable, sizes_for, with_given
from symbp.verify.witness import Witness
from symbp.verify.world import World, is_finite
from symbp.verify.zero_sums import VISIBLE, constant_sums

MOST_SIZES, MOST_ENTRIES, MOST_ROWS = 4, 1_500, 5_000
DRAWS = 6
STEPS = 0.01, 0.001
SEEN = 3  # decimals of a slope
RATES = 0.1, 0.01, 0.001
READABLE = 0.3
SHOWN = 0.005  # of what is smaller, three decimals show one digit or none


def example(
    network: Network, backward: Network, loss: str, adjoints: Sequence[tuple[str, str]], given: Given = NOTHING
) -> Example | None:
    """The example of a network whose backward network, with all adjoints in it, is known; None where no small one is
    found, and none of a network with unknown functions, which have no values. With what is `given` there is one, or
    GivenError says why not.
    """
    if network.functions:
        if given:
            raise GivenError(f"{network.name} has unknown functions, which have no values")
        return None
    names = dict(adjoints)
    best: _Instance | None = None
    for sizes in islice(sizes_for(network, given), MOST_SIZES):
        instance = _instance(network, backward, sizes, loss, names, given)
        if instance and (best is None or instance.unreadable < best.unreadable):
            best = instance
        if best and best.unreadable < READABLE:
            break
    if best is None:
        if given:
            _say_why(network, given, loss)
        return None
    inputs = _inputs(network, best.values)
    cancelled = cancelling(best.witness, backward, names, inputs)
    best.witness.fill(inputs)
    at, plain = Held(network, loss, best.sizes, inputs).at, World(network, best.sizes, FLOATS)
    moved = (_moved(at, inputs, p, best.values[names[p]]) for p in network.parameters if p in names)
    totals = constant_sums(network, loss, names, best.all, best.sizes)
    return Example(
        tuple((d.name, best.sizes[d.name]) for d in network.dims),
        best.values,
        _evaluator(best.witness),
        _everywhere(best.witness),
        tuple(m for m in moved if m is not None),
        _descent(plain, loss, inputs, [(p, best.values[names[p]]) for p in network.parameters if p in names]),
        tuple((z.name, z.axis) for z in totals if not z.sign),
        cancelled,
        tuple((z.name, z.axis, z.expr) for z in totals if z.sign),
    )


@dataclass(frozen=True, slots=True)
class _Instance:
    """The network at some sizes: what was derived says `all` at several draws; `values` are steps', at the best one."""

    sizes: Sizes
    witness: Witness
    all: Sequence[Values]
    values: Values
    unreadable: float


def _instance(
    network: Network, backward: Network, sizes: Sizes, loss: str, names: Mapping[str, str], given: Given
) -> _Instance | None:
    world = World(network, sizes, LANES)
    if sum(len(world.keys(name)) for name in _tensors(network)) > MOST_ENTRIES:
        return None
    witness = Witness(world, loss, names)
    derived = World(backward, sizes, FLOATS)
    own = tuple(names.values())
    tried = [values for seed in range(DRAWS) if (values := _tried(derived, network, loss, seed, own, given))]
    ranked = sorted((_unreadable([values[name] for name in own]), place) for place, values in enumerate(tried))
    for unreadable, place in ranked:
        if values := _by_steps(witness, tried[place], names):
            return _Instance(sizes, witness, tried, values, unreadable)
    return None


def _evaluator(witness: Witness) -> Evaluate:
    def evaluate(expr: Expr, letters: Mapping[Index, int]) -> float | None:
        indices = tuple(letters)
        try:
            (value,) = witness.values(expr, indices, np.array([tuple(letters.values())], np.int64))
        except (CheckFailed, *DOMAIN_ERRORS):
            return None
        return float(value)

    return evaluate


def _everywhere(witness: Witness) -> Everywhere:
    def everywhere(expr: Expr, letters: Sequence[Index]) -> Sequence[float] | None:
        indices = tuple(letters)
        rows = combinations(indices, witness.scope)
        if len(rows) > MOST_ROWS:
            return None
        try:
            return [float(v) for v in witness.values(expr, indices, rows.all())]
        except (CheckFailed, *DOMAIN_ERRORS):
            return None

    return everywhere


def _say_why(network: Network, given: Given, loss: str) -> None:
    """Why there is no example of what was given."""
    sizes = next(sizes_for(network, given), None)
    if sizes is None:
        raise GivenError(f"{network.name} has no entries at these sizes: {_spelt(given)}")
    world = World(network, sizes, FLOATS)
    if sum(len(world.keys(name)) for name in _tensors(network)) > MOST_ENTRIES:
        raise GivenError(f"{network.name} has more than {MOST_ENTRIES} entries at {sizes}, too many for an example")
    try:
        world.fill(with_given(readable(world, random.Random(0), MANNERS[0]), given))
        for fact in broken(network, world.scope):
            raise GivenError(f"the data do not obey fact {fact} of {network.name}")
        value = float(world.value(loss))
    except (CheckFailed, NoTrial, *DOMAIN_ERRORS) as error:
        raise GivenError(f"{network.name} has no value at these numbers: {error}") from error
    raise GivenError(f"{network.name} has no derivative that can be checked at these numbers; its loss is {value:g}")


def _spelt(given: Given) -> str:
    return ", ".join(f"{name} = {size}" for name, size in given.sizes.items())


def _tensors(network: Network) -> list[str]:
    return [*(t.name for t in network.inputs), *(e.name for e in network.equations)]


def _tried(
    derived: World, network: Network, loss: str, seed: int, adjoints: Sequence[str], given: Given
) -> Values | None:
    """What the derived equations give at one draw; None where the network has no value there, or they have none."""
    for manner in MANNERS:
        try:
            inputs = readable(derived, random.Random(seed), manner)
            if given.values:
                inputs = obeying(derived, with_given(inputs, given))
            derived.fill(inputs)
            if not is_finite(derived.value(loss)):
                continue
            derived.force()
            return {name: _entries(derived, name) for name in (*_tensors(network), *adjoints)}
        except (CheckFailed, NoTrial, *DOMAIN_ERRORS):
            continue
    return None


def _by_steps(witness: Witness, derived: Values, names: Mapping[str, str]) -> Values | None:
    """The same by the definitions and by steps through them, with all adjoints; None where they say another thing."""
    world = witness.world
    try:
        witness.fill(_inputs(world.network, derived))
        values = {name: _entries(world, name) for name in _tensors(world.network)}
        values |= {name: floats(witness.adjoints[name], world.keys(q)) for q, name in names.items()}
    except (CheckFailed, NoTrial, *DOMAIN_ERRORS):
        return None
    return values if _agree(derived, values) else None


def _entries(world: World, name: str) -> Mapping[Key, float]:
    return floats(world.tables[name], world.keys(name))


def _unreadable(adjoints: Sequence[Mapping[Key, float]]) -> float:
    """How badly they are read: the share of entries that three decimals show too little of, and how far apart the
    largest lies.
    """
    entries = [abs(v) for adjoint in adjoints for v in adjoint.values()]
    if not any(entries):
        return math.inf
    small = sum(v < SHOWN for v in entries) / len(entries)
    return round(small + 0.1 * max(0.0, math.log10(max(entries))), DIGITS)


def _inputs(network: Network, values: Values) -> Drawn:
    return {
        t.name: {k: int(v) for k, v in values[t.name].items()} if t.kind == LABELS else dict(values[t.name])
        for t in network.inputs
    }


def _agree(derived: Values, values: Values) -> bool:
    """Do the equations that were derived give what the steps gave?"""
    return all(
        abs(value - values[name][key]) <= BOUND * max(1.0, abs(values[name][key]))
        for name, entries in derived.items()
        for key, value in entries.items()
    )


def _descent(
    world: World, loss: str, inputs: Drawn, slopes: Sequence[tuple[str, Mapping[Key, float]]]
) -> tuple[float, float] | None:
    """The first learning rate with which a step makes the loss smaller."""
    world.fill(inputs)
    before = float(world.value(loss))
    for rate in RATES:
        stepped = {p: {key: inputs[p][key] - rate * slope for key, slope in adjoint.items()} for p, adjoint in slopes}
        try:
            world.fill({**inputs, **stepped})
            after = float(world.value(loss))
        except DOMAIN_ERRORS:
            continue
        if after < before - VISIBLE:
            return rate, after
    return None


def _moved(
    loss: Callable[[str, Mapping[Key, float]], float], inputs: Drawn, parameter: str, adjoint: Mapping[Key, float]
) -> Moved | None:
    """The entry of a parameter with the steepest slope, moved up and down, by less where the loss bends too much for
    the slope to be that of the gradient; None where the loss does not follow it.
    """
    key = max(adjoint, key=lambda k: round(abs(adjoint[k]), DIGITS))
    found: Moved | None = None
    for step in STEPS:
        losses = []
        for way in (step, -step):
            try:
                losses.append(loss(parameter, {key: inputs[parameter][key] + way}))
            except DOMAIN_ERRORS:
                return found
        up, down = losses
        found = Moved(parameter, key, step, up, down, (up - down) / (2 * step), adjoint[key])
        if round(found.slope, SEEN) == round(found.gradient, SEEN):
            break
    return found
