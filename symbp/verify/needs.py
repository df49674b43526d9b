"""What sizes a network needs to have a value: a mean over `d in D if d > 1` has none at D = 2.

In comes a network, out go polynomials that are to be at least 2, beside those that its extents give. They are found by
trying: where no data can be drawn at the usual sizes, one size after the other grows, then all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from symbp.core.integers import Poly
from symbp.core.network import Network
from symbp.errors import CheckFailed
from symbp.verify.draw import draw
from symbp.verify.sizes import choose_sizes
from symbp.verify.world import World

# By how much more than 2 a size is.
MORE = (1, 3, 5, 9)


@lru_cache(maxsize=16)
def needs(network: Network, loss: str) -> tuple[Poly, ...]:
    """What is to be at least 2 besides; nothing where the usual sizes do, or where no sizes help."""
    return next((more for more in ((), *_growths(network)) if _has_value(network, loss, more)), ())


def _growths(network: Network) -> Iterator[tuple[Poly, ...]]:
    for more in MORE:
        grown = [Poly.of(d) - more for d in network.dims]
        yield from ((p,) for p in grown)
        if len(grown) > 1:
            yield tuple(grown)


def _has_value(network: Network, loss: str, more: tuple[Poly, ...]) -> bool:
    try:
        draw(World(network, choose_sizes(network, more)), loss, 0)
    except CheckFailed:
        return False
    return True
