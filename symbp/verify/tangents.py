"""How fast everything changes where the parameters move along a vector: one complex step of all of them at once.

`Moved` is a network whose parameters have taken that step. It knows the equations alone, forward and backward, and no
equation of a tangent, so what it says of a gradient is the Hessian times the vector by brute force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbp.core.network import Network
from symbp.verify.interpret import Key
from symbp.verify.sizes import Sizes
from symbp.verify.steps import FAST, Steps
from symbp.verify.systems import LANES, Numbers, Value
from symbp.verify.world import Inputs, Table, World


class Tangent(Table):
    """The tangent of one quantity, entry by entry."""

    def __init__(self, moved: Moved, quantity: str, name: str):
        super().__init__(name, moved.world.keys(quantity), lambda key: moved.slope(quantity, key))
        self.quantity = quantity


class Moved:
    """A network at data whose parameters take a step; `tangents` pairs quantities with the names of their tangents.

    The tangent of an input is an input too: it is how far that one moves.
    """

    def __init__(
        self,
        network: Network,
        sizes: Sizes,
        tangents: Sequence[tuple[str, str]],
        numbers: Numbers = LANES,
        steps: Steps = FAST,
    ):
        self.world, self.steps = World(network, sizes, numbers), steps
        self.vector = {q: name for q, name in tangents if network.tensor(name) is not None}
        rest = ((q, name) for q, name in tangents if q not in self.vector)
        self.tables: Mapping[str, Tangent] = {name: Tangent(self, q, name) for q, name in rest}

    def fill(self, inputs: Inputs) -> None:
        """New data; the vector's entries are among them."""
        steps = {q: inputs[name] for q, name in self.vector.items()}
        self.world.fill(
            {**inputs, **{q: {k: v + self.steps.along(steps[q][k]) for k, v in inputs[q].items()} for q in steps}}
        )

    def slope(self, quantity: str, key: Key) -> Value:
        """How fast an entry changes."""
        value = self.world.value(quantity, key)
        return self.steps.slope(value)
