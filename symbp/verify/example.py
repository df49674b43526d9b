"""An example that can be followed by hand: two or three of everything, numbers with one decimal.

Of several draws that one is taken whose adjoints are read best: no two far apart, none so small that three decimals
show little of it. For the choice the derived equations will do; what is shown comes from the definitions, and the
adjoints from complex steps through them: a draw at which the two differ is not used.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

import numpy as np

from symbp.core.example import DIGITS, Evaluate, Everywhere, Example, Key, Moved
from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.core.network import LABELS, Network
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.draw import MANNERS, Drawn, Manner, draw, draw_inputs, fibres, obeying
from symbp.verify.extents import value_of
from symbp.verify.facts import broken, demands
from symbp.verify.given import Given, GivenError
from symbp.verify.kinks import Held
from symbp.verify.sample import combinations
from symbp.verify.sizes import Sizes, choose_sizes, least_sizes, limits_of
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS, LANES
from symbp.verify.witness import Witness
from symbp.verify.world import World, is_finite

SMALL = (2, 3, 4, 5)
MOST_SIZES, MOST_ENTRIES, MOST_ROWS = 4, 1_500, 5_000
DRAWS = 6
STEP = 0.01
RATES = 0.1, 0.01, 0.001
BOUND = 1e-9
READABLE = 0.3
SHOWN = 0.005  # of what is smaller, three decimals show one digit or none
VISIBLE, LEAST = 1e-6, 1e-13  # an adjoint that is not 0, and rounding
AGAIN = 1, 1, 30, 30, 300  # the scales of further draws: with large data another branch may be taken

NOTHING = Given()

Values = Mapping[str, Mapping[Key, float]]
ZeroSums = tuple[tuple[str, int], ...]


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
    for sizes in islice(_sizes(network, given), MOST_SIZES):
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
    best.witness.fill(inputs)
    at, plain = Held(network, loss, best.sizes, inputs).at, World(network, best.sizes, FLOATS)
    moved = (_moved(at, inputs, p, best.values[names[p]]) for p in network.parameters if p in names)
    return Example(
        tuple((d.name, best.sizes[d.name]) for d in network.dims),
        best.values,
        _evaluator(best.witness),
        _everywhere(best.witness),
        tuple(m for m in moved if m is not None),
        _descent(plain, loss, inputs, [(p, best.values[names[p]]) for p in network.parameters if p in names]),
        _zero_sums(network, loss, names, best.all),
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


def _zero_sums(network: Network, loss: str, names: Mapping[str, str], found: Sequence[Values]) -> ZeroSums:
    """What sums to 0 in all the draws, and in others at the sizes of the checks, where it can be seen that it is not 0
    itself: of two normalised numbers the adjoint is.
    """
    own = [z for z in _candidates(names, found[0]) if all(_is_zero(z, values) for values in found)]
    if not own:
        return ()
    witness = Witness(World(network, choose_sizes(network), LANES), loss, names)
    keys = {name: witness.world.keys(q) for q, name in names.items()}
    for seed, scale in enumerate(AGAIN):
        try:
            if scale == 1:
                inputs = draw(witness.world, loss, seed).inputs
            else:
                inputs = draw_inputs(witness.world, random.Random(seed), lambda r, s=scale: s * r.gauss(0, 1))  # type: ignore[misc]
            witness.fill(inputs)
            values = {name: _floats(witness.adjoints[name], keys[name]) for name in {name for name, _ in own}}
        except (CheckFailed, NoTrial, *DOMAIN_ERRORS):
            if scale == 1:
                return ()
            continue
        own = [z for z in own if _is_zero(z, values)]
        if scale == 1:
            own = [z for z in own if max(map(abs, values[z[0]].values())) > VISIBLE]
    return tuple(own)


def _candidates(names: Mapping[str, str], values: Values) -> Iterator[tuple[str, int]]:
    for name in names.values():
        yield from ((name, axis) for axis in range(len(next(iter(values[name]), ()))))


def _is_zero(zero: tuple[str, int], values: Values) -> bool:
    """Are the sums along a dimension 0, of several entries each?"""
    name, axis = zero
    entries = values[name]
    largest = max(map(abs, entries.values()), default=0.0)
    summed = [[entries[key] for key in keys] for keys in fibres(list(entries), (axis,))]
    return all(len(row) > 1 and abs(math.fsum(row)) <= max(BOUND * largest, LEAST) for row in summed)


def _say_why(network: Network, given: Given, loss: str) -> None:
    """Why there is no example of what was given."""
    sizes = next(_sizes(network, given), None)
    if sizes is None:
        raise GivenError(f"{network.name} has no entries at these sizes: {_spelt(given)}")
    world = World(network, sizes, FLOATS)
    if sum(len(world.keys(name)) for name in _tensors(network)) > MOST_ENTRIES:
        raise GivenError(f"{network.name} has more than {MOST_ENTRIES} entries at {sizes}, too many for an example")
    try:
        world.fill(_with(_readable(world, random.Random(0), MANNERS[0]), given))
        for fact in broken(network, world.scope):
            raise GivenError(f"the data do not obey fact {fact} of {network.name}")
        value = float(world.value(loss))
    except (CheckFailed, NoTrial, *DOMAIN_ERRORS) as error:
        raise GivenError(f"{network.name} has no value at these numbers: {error}") from error
    raise GivenError(f"{network.name} has no derivative that can be checked at these numbers; its loss is {value:g}")


def _spelt(given: Given) -> str:
    return ", ".join(f"{name} = {size}" for name, size in given.sizes.items())


def _with(inputs: Drawn, given: Given) -> Drawn:
    return {name: dict(given.values.get(name, entries)) for name, entries in inputs.items()}


def _tensors(network: Network) -> list[str]:
    return [*(t.name for t in network.inputs), *(e.name for e in network.equations)]


def _sizes(network: Network, given: Given = NOTHING) -> Iterator[Sizes]:
    """Two or three of everything that is not given, neighbours in the order of appearance unlike where that can be."""
    own = dict.fromkeys(d.name for d in network.dims)
    for sizes in _free_sizes(network, given):
        if all(value_of(p, sizes) >= (1 if given else 2) for p in limits_of(network)):
            yield Sizes({name: sizes[name] for name in own})
    if not given:
        yield least_sizes(network)


def _free_sizes(network: Network, given: Given) -> Iterator[dict[str, int]]:
    names = [d.name for d in network.dims]
    turns = ({name: SMALL[(place + k) % 2] for place, name in enumerate(names)} for k in (0, 1))
    others = (dict(zip(names, values, strict=True)) for values in islice(product(SMALL, repeat=len(names)), 400))
    for chosen in chain(turns, (dict.fromkeys(names, 3),), others):
        yield {**chosen, **given.sizes}


def _tried(
    derived: World, network: Network, loss: str, seed: int, adjoints: Sequence[str], given: Given
) -> Values | None:
    """What the derived equations give at one draw; None where the network has no value there, or they have none."""
    for manner in MANNERS:
        try:
            inputs = _readable(derived, random.Random(seed), manner)
            if given.values:
                inputs = obeying(derived, _with(inputs, given))
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
        values |= {name: _floats(witness.adjoints[name], world.keys(q)) for q, name in names.items()}
    except (CheckFailed, NoTrial, *DOMAIN_ERRORS):
        return None
    return values if _agree(derived, values) else None


def _entries(world: World, name: str) -> Mapping[Key, float]:
    return _floats(world.tables[name], world.keys(name))


def _floats(table: Mapping[Key, object], keys: Sequence[Key]) -> Mapping[Key, float]:
    return {key: float(table[key]) for key in keys}  # type: ignore[arg-type]


def _readable(world: World, generator: random.Random, manner: Manner) -> Drawn:
    """Data with one decimal, none of it 0; where entries have a given sum, all of it at one of them."""
    _, number = manner

    def rounded(r: random.Random) -> float:
        value = round(number(r), 1)
        return value or 0.1 * r.choice((1, 2, 3))

    inputs = draw_inputs(world, generator, rounded)
    asked = demands(world.network, world.scope)
    for tensor in world.network.inputs:
        own = asked.get(tensor.name)
        if tensor.kind == LABELS or own is None or own.choices or not own.sums:
            continue
        ((axes, total), *_) = own.sums
        chosen = {generator.choice(keys) for keys in fibres(list(inputs[tensor.name]), axes)}
        inputs[tensor.name] = {key: float(total) if key in chosen else 0.0 for key in inputs[tensor.name]}
    return obeying(world, inputs)


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
    """The entry of a parameter with the steepest slope, moved up and down; None where the loss does not follow it."""
    key = max(adjoint, key=lambda k: round(abs(adjoint[k]), DIGITS))
    losses = []
    for step in (STEP, -STEP):
        try:
            losses.append(loss(parameter, {key: inputs[parameter][key] + step}))
        except DOMAIN_ERRORS:
            return None
    up, down = losses
    slope = (up - down) / (2 * STEP)
    return Moved(parameter, key, STEP, up, down, slope, adjoint[key])
