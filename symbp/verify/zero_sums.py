"""Which adjoints sum to 0 along a dimension: in all draws of an example, and in others at the sizes of the checks."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence

from symbp.core.network import Network
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.draw import draw, draw_inputs, fibres
from symbp.verify.sizes import choose_sizes
from symbp.verify.systems import DOMAIN_ERRORS, LANES
from symbp.verify.tiny import BOUND, Values, floats
from symbp.verify.witness import Witness
from symbp.verify.world import World

VISIBLE, LEAST = 1e-6, 1e-13  # an adjoint that is not 0, and rounding
AGAIN = 1, 1, 30, 30, 300  # the scales of further draws: with large data another branch may be taken
ZeroSums = tuple[tuple[str, int], ...]


def zero_sums(network: Network, loss: str, names: Mapping[str, str], found: Sequence[Values]) -> ZeroSums:
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
            values = {name: floats(witness.adjoints[name], keys[name]) for name in {name for name, _ in own}}
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
