"""Which adjoints sum to one number along a dimension: in all draws of an example, and at the sizes of the checks."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import Dim, Poly
from symbp.core.network import Network
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.draw import draw, draw_inputs, fibres
from symbp.verify.sizes import Sizes, choose_sizes
from symbp.verify.systems import DOMAIN_ERRORS, LANES
from symbp.verify.tiny import BOUND, Values, floats
from symbp.verify.witness import Witness
from symbp.verify.world import World

VISIBLE, LEAST = 1e-6, 1e-13  # an adjoint that is not 0, and rounding
AGAIN = 1, 1, 30, 30, 300  # the scales of further draws: with large data another branch may be taken


@dataclass(frozen=True, slots=True)
class Total:
    """What the entries of an adjoint sum to along a dimension: 0, or with a sign 1 or one part in a size."""

    name: str
    axis: int
    sign: int
    size: Dim | None = None

    @property
    def expr(self) -> Expr:
        """It as a formula."""
        part = build.UNIT if self.size is None else build.power(build.integer(Poly.of(self.size)), build.num(-1))
        return build.mul(build.num(self.sign), part)

    def holds(self, sizes: Sizes, values: Values) -> bool:
        """Are the sums that, of several entries each?"""
        entries = values[self.name]
        wanted = self.sign / (1 if self.size is None else sizes[self.size.name])
        bound = max(BOUND * max(map(abs, entries.values()), default=0.0), LEAST)
        summed = [[entries[key] for key in keys] for keys in fibres(list(entries), (self.axis,))]
        return all(len(row) > 1 and abs(math.fsum(row) - wanted) <= bound for row in summed)


def constant_sums(
    network: Network, loss: str, names: Mapping[str, str], found: Sequence[Values], sizes: Sizes
) -> tuple[Total, ...]:
    """What sums to one number in all the draws, and in others at the sizes of the checks, where it can be seen that it
    is not 0 itself: of two normalised numbers the adjoint is.
    """
    own = [z for z in _candidates(network, names, found[0]) if all(z.holds(sizes, values) for values in found)]
    if not own:
        return ()
    chosen = choose_sizes(network)
    witness = Witness(World(network, chosen, LANES), loss, names)
    keys = {name: witness.world.keys(q) for q, name in names.items()}
    for seed, scale in enumerate(AGAIN):
        try:
            if scale == 1:
                inputs = draw(witness.world, loss, seed).inputs
            else:
                inputs = draw_inputs(witness.world, random.Random(seed), lambda r, s=scale: s * r.gauss(0, 1))  # type: ignore[misc]
            witness.fill(inputs)
            values = {name: floats(witness.adjoints[name], keys[name]) for name in {z.name for z in own}}
        except (CheckFailed, NoTrial, *DOMAIN_ERRORS):
            if scale == 1:
                return ()
            continue
        own = [z for z in own if z.holds(chosen, values)]
        if scale == 1:
            own = [z for z in own if max(map(abs, values[z.name].values())) > VISIBLE]
    return _unlike(own)


def _unlike(own: Sequence[Total]) -> tuple[Total, ...]:
    """One of each adjoint and dimension; what two of them fit is told by neither."""
    many = Counter((z.name, z.axis) for z in own)
    return tuple(z for z in own if many[z.name, z.axis] == 1)


def _candidates(network: Network, names: Mapping[str, str], values: Values) -> Iterator[Total]:
    for name in names.values():
        for axis in range(len(next(iter(values[name]), ()))):
            yield Total(name, axis, 0)
            yield from (Total(name, axis, sign, d) for sign in (1, -1) for d in (None, *network.dims))
