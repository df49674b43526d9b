"""Whether a step crosses a kink: the comparisons and extremes of the network go another way."""

from __future__ import annotations

from collections.abc import Mapping

from symbp.core.expr import Fn
from symbp.core.network import Network
from symbp.core.traverse import nodes
from symbp.verify.draw import draw
from symbp.verify.equal_entries import chooses
from symbp.verify.functions import STOPPED
from symbp.verify.gradients import Flips, Steps
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS, Value
from symbp.verify.world import World


def has_kinks(network: Network) -> bool:
    """Does what is computed depend on a comparison of values?"""
    return any(map(chooses, network.equations))


def has_stops(network: Network) -> bool:
    """Does something in it count as a constant that is none?"""
    return any(f.name == STOPPED for e in network.equations for f in nodes(e.body, Fn))


class Held:
    """The loss with what `stop_gradient` is applied to held where it was before anything moved."""

    def __init__(self, network: Network, loss: str, sizes: Sizes, inputs: Mapping[str, Mapping[Key, Value]]):
        stops = has_stops(network)
        self.world = World(network, sizes, FLOATS, by_arrays=not stops, held={} if stops else None)
        self.loss, self.inputs = loss, inputs
        self.at("", {})

    def at(self, name: str, entries: Mapping[Key, float]) -> float:
        """The loss where these entries of a parameter have these values."""
        self.world.fill({n: {**values, **entries} if n == name else values for n, values in self.inputs.items()})
        return float(self.world.value(self.loss))


class Branches:
    """Tells how a network's comparisons go at data near those that were drawn."""

    def __init__(self, network: Network, loss: str, sizes: Sizes):
        self.decisions: list[object] = []
        self.world = World(network, sizes, FLOATS, self.decisions)
        self.loss = loss

    def at(self, inputs: Mapping[str, Mapping[Key, Value]], name: str, steps: Steps) -> list[object]:
        """Every decision, in order, with the entries of `name` moved."""
        return self.taken({**inputs, name: {key: value + steps.get(key, 0.0) for key, value in inputs[name].items()}})

    def taken(self, inputs: Mapping[str, Mapping[Key, Value]]) -> list[object]:
        """Every decision at these data, in order."""
        self.world.fill(inputs)
        self.world.value(self.loss)
        return list(self.decisions)

    def drawn(self, seed: int) -> list[object]:
        """Every decision at the data of a seed: drawing them has computed the loss."""
        draw(self.world, self.loss, seed)
        return list(self.decisions)

    def flips(self, inputs: Mapping[str, Mapping[Key, Value]], name: str) -> Flips:
        """For one tensor at given data: do two steps lead to different decisions, or to others than no step at all?"""

        def flip(one: Steps, other: Steps) -> bool:
            return self.at(inputs, name, one) != self.at(inputs, name, other)

        return flip
