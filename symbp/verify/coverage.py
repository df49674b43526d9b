"""Draws at which comparisons go every way that they can: what is wrong in one branch alone must show somewhere."""

from __future__ import annotations

from symbp.core.network import Network
from symbp.verify.kinks import Branches, has_kinks
from symbp.verify.sizes import Sizes

# Draws that start small are looked at, of which so many are added at most: larger numbers may saturate a softmax.
LOOKED_AT, ADDED = range(5, 53, 3), 4
# Who asks for fewer draws than this gets no more.
FEW = 3


def covering(network: Network, loss: str, sizes: Sizes, seeds: range) -> tuple[int, ...]:
    """The seeds, and of the next ones those at which most decisions fall that fell otherwise at all before."""
    if len(seeds) < FEW or not has_kinks(network):
        return tuple(seeds)
    branches = Branches(network, loss, sizes)
    taken = {k: frozenset(enumerate(branches.drawn(k))) for k in (*seeds, *LOOKED_AT)}
    chosen = list(seeds)
    for _ in range(ADDED):
        seen = frozenset[tuple[int, object]]().union(*(taken[k] for k in chosen))
        best = max(taken, key=lambda k: len(taken[k] - seen))
        if taken[best] <= seen:
            break
        chosen.append(best)
    return tuple(chosen)
