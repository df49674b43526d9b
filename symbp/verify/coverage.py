"""Draws at which comparisons go every way that they can: what is wrong in one branch alone must show somewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbp.core.network import Network
from symbp.verify.grid import Array
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
    taken = {k: branches.drawn(k) for k in (*seeds, *LOOKED_AT)}
    ways = _ways(tuple(taken.values()))
    rows = dict(zip(taken, ways, strict=True))
    chosen = list(seeds)
    for _ in range(ADDED):
        seen = np.stack([rows[k] for k in chosen])
        fresh = {k: int(((row >= 0) & np.all(row != seen, axis=0)).sum()) for k, row in rows.items()}
        best = max(fresh, key=fresh.__getitem__)
        if not fresh[best]:
            break
        chosen.append(best)
    return tuple(chosen)


def _ways(taken: Sequence[Sequence[object]]) -> Array:
    """A row for each draw: which of the ways that there are each decision went, and -1 where it was not made."""
    numbers: dict[object, int] = {}
    ways = np.full((len(taken), max(map(len, taken))), -1)
    for row, decisions in zip(ways, taken, strict=True):
        row[: len(decisions)] = [numbers.setdefault(d, len(numbers)) for d in decisions]
    return ways
