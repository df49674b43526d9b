"""What not all sizes allow: extents such as `(I - U) // 2 + 1`, divisors such as `N - 1`. The module checks them."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.expr import Extreme, Num, Pow, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation, Network
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import indices_of, walk


def doubtful_extents(network: Network) -> tuple[tuple[str, str, Poly], ...]:
    """Of each such extent the first equation that has it, the index and the extent; of a divisor no index."""
    found: dict[Poly, tuple[str, str, Poly]] = {}
    for equation in network.equations:
        for i in _ranges(equation):
            fixed = not any(True for _ in indices_of(i.extent))
            if fixed and not is_nonnegative(i.extent - 1):
                found.setdefault(i.extent, (equation.name, i.name, i.extent))
        for divisor in _divisors(equation):
            if divisor.constant is None and not is_nonnegative(divisor - 1):
                found.setdefault(divisor, (equation.name, "", divisor))
    return tuple(found.values())


def _divisors(equation: Equation) -> Iterator[Poly]:
    """The integer expressions of sizes that it divides by."""
    for node in walk(equation.body):
        if isinstance(node, Pow) and isinstance(node.exponent, Num) and node.exponent.value < 0:
            divisor = build.as_integer(node.base)
            if divisor is not None and not any(True for _ in indices_of(divisor)):
                yield divisor


def _ranges(equation: Equation) -> Iterator[Index]:
    yield from equation.indices
    for node in walk(equation.body):
        if isinstance(node, (Sum, Extreme)):
            yield from node.indices
