"""The sizes of an example, data that are read easily at them, and tables of values.

Two or three of everything; numbers with one decimal, none of them 0.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, product

from symbp.core.example import Key
from symbp.core.network import LABELS, Network
from symbp.verify.draw import Drawn, Manner, draw_inputs, fibres, obeying
from symbp.verify.extents import value_of
from symbp.verify.facts import demands
from symbp.verify.given import NOTHING, Given
from symbp.verify.sizes import Sizes, least_sizes, limits_of
from symbp.verify.world import World

SMALL = (2, 3, 4, 5)
MOST_GROWN = 12  # of what windows cut down
BOUND = 1e-9  # what two ways to a value may differ by
Values = Mapping[str, Mapping[Key, float]]


def floats(table: Mapping[Key, object], keys: Sequence[Key]) -> Mapping[Key, float]:
    return {key: float(table[key]) for key in keys}  # type: ignore[arg-type]


def sizes_for(network: Network, given: Given = NOTHING) -> Iterator[Sizes]:
    """Two or three of everything that is not given, neighbours in the order of appearance unlike where that can be."""
    own = dict.fromkeys(d.name for d in network.dims)
    for sizes in _free_sizes(network, given):
        if all(value_of(p, sizes) >= (1 if given else 2) for p in limits_of(network)):
            yield Sizes({name: sizes[name] for name in own})
    if not given:
        yield least_sizes(network)
        if grown := _grown(network):
            yield Sizes({name: grown[name] for name in own})


def _grown(network: Network) -> dict[str, int] | None:
    """Two of everything, and of what is cut down by windows as much as leaves one entry at least."""
    sizes = dict.fromkeys((d.name for d in network.dims), 2)
    while empty := [p for p in limits_of(network) if value_of(p, sizes) < 1]:
        larger = {
            name for p in empty for name in sizes if value_of(p, {**sizes, name: MOST_GROWN}) > value_of(p, sizes)
        }
        if not larger or max(sizes[name] for name in larger) >= MOST_GROWN:
            return None
        sizes |= {name: sizes[name] + 1 for name in larger}
    return sizes


def _free_sizes(network: Network, given: Given) -> Iterator[dict[str, int]]:
    names = [d.name for d in network.dims]
    turns = ({name: SMALL[(place + k) % 2] for place, name in enumerate(names)} for k in (0, 1))
    others = (dict(zip(names, values, strict=True)) for values in islice(product(SMALL, repeat=len(names)), 400))
    for chosen in chain(turns, (dict.fromkeys(names, 3),), others):
        yield {**chosen, **given.sizes}


def readable(world: World, generator: random.Random, manner: Manner) -> Drawn:
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


def with_given(inputs: Drawn, given: Given) -> Drawn:
    return {name: dict(given.values.get(name, entries)) for name, entries in inputs.items()}
