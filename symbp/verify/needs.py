"""What sizes a network needs to have a value: a mean over `d in D if d > 1` has none at D = 2.

In comes a network, out go polynomials that are to be at least 2, beside those that its extents give. They are found by
trying: where a condition on indices leaves nothing at the usual sizes, one size after the other grows, then all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from symbp.core.integers import Poly
from symbp.core.network import Network
from symbp.core.traverse import walk
from symbp.errors import CheckFailed
from symbp.verify.draw import NoData, numbers_with_values
from symbp.verify.sizes import MUCH_WORK, choose_sizes, loop_length, on_indices

# By how much more than 2 a size is.
MORE = (1, 3, 5, 9, 20, 50)


@lru_cache(maxsize=16)
def needs(network: Network, loss: str) -> tuple[Poly, ...]:
    """What is to be at least 2 besides; nothing where the usual sizes do, or where no sizes help."""
    if not _lacks_value(network, loss, ()):
        return ()
    return next((more for more in _growths(network) if not _lacks_value(network, loss, more)), ())


def _growths(network: Network) -> Iterator[tuple[Poly, ...]]:
    if not any(on_indices(node) for equation in network.equations for node in walk(equation.body)):
        return
    for more in MORE:
        grown = tuple(Poly.of(d) - more for d in network.dims)
        yield from ((p,) for p in grown)
        if len(grown) > 1:
            yield grown


def _lacks_value(network: Network, loss: str, more: tuple[Poly, ...]) -> bool:
    """Is there none at these sizes? What else is wrong is not for sizes to mend, and too long is as good as none."""
    try:
        sizes = choose_sizes(network, more)
        if more and loop_length(network, sizes) > 4 * MUCH_WORK:
            return True
        numbers_with_values(network, sizes, loss)
    except NoData:
        return True
    except CheckFailed:
        return bool(more)
    return False
