"""What not all sizes allow: extents such as `(I - U) // 2 + 1`, divisors such as `N - 1`, reads such as `x[5]`.

The module checks them.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.expr import TRUE, Delta, Expr, Extreme, Mul, Read, Where
from symbp.core.integers import Index, Node, Poly
from symbp.core.network import Equation, Network
from symbp.core.ranges import highest, is_nonnegative, lowest
from symbp.core.traverse import children, indices_of, labels_of, walk
from symbp.core.views import among, bound_by, is_divisor

Doubtful = tuple[str, str, Poly]


def doubtful_extents(network: Network) -> tuple[Doubtful, ...]:
    """Of each such extent the first equation that has it, the index and the extent; of a divisor no index.

    Of a read, in the place of the index, the read, and what has to be at least 1 for it to stay inside.
    """
    found: dict[Poly, Doubtful] = {}
    for equation in network.equations:
        for i in _ranges(equation):
            _add(found, (equation.name, i.name, i.extent))
        for divisor in _divisors(equation):
            if divisor.constant is None:
                _add(found, (equation.name, "", divisor))
        for read in _unguarded(equation.body):
            for room in _rooms(network, read):
                _add(found, (equation.name, _text(read), room))
    return tuple(found.values())


def _add(found: dict[Poly, Doubtful], doubtful: Doubtful) -> None:
    """Notes it, once, where some sizes make it 0 and no index is in it."""
    extent = doubtful[2]
    if not any(True for _ in indices_of(extent)) and not is_nonnegative(extent - 1):
        found.setdefault(extent, doubtful)


def _divisors(equation: Equation) -> Iterator[Poly]:
    """The integer expressions of sizes that it divides by."""
    for node in walk(equation.body):
        if is_divisor(node):
            divisor = build.as_integer(node.base)
            if divisor is not None:
                yield divisor


def _ranges(equation: Equation) -> Iterator[Index]:
    yield from equation.indices
    for node in walk(equation.body):
        yield from bound_by(node)


def _unguarded(node: Node) -> Iterator[Read]:
    """The reads under no condition: a condition may be what keeps a read inside."""
    match node:
        case Read():
            yield node
        case Where():
            return
        case Extreme(cond=cond) if cond != TRUE:
            return
        case Mul(factors) if among(factors, Delta):
            return
    for child in among(children(node), Expr):
        yield from _unguarded(child)


def _rooms(network: Network, read: Read) -> Iterator[Poly]:
    """What is at least 1 where a read stays below the end of a dimension, and where it is not before the start."""
    for sub, extent in zip(read.subs, network.extents(read), strict=True):
        high, low = highest(sub), lowest(sub)
        if high is not None and not any(True for _ in labels_of(high)):
            yield extent - high
        if low is not None and not any(True for _ in labels_of(low)):
            yield low + 1


def _text(read: Read) -> str:
    return f"{read.tensor}[{', '.join(map(str, read.subs))}]"
