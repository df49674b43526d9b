"""The sizes at which a network is checked: the smallest distinct primes, so that a swapped axis cannot pass.

Every extent that holds a size is at least 2, and the first size, as a rule the batch, at least 3, so that N - 1, N
and 2 differ. Literal sizes stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from symbp.core import build
from symbp.core.expr import Compare, Extreme, Read, Sum, Where
from symbp.core.integers import Dim, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.ranges import highest
from symbp.core.traverse import children, dims_of, free_indices, walk
from symbp.errors import CheckFailed

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
WIDTHS = (3, 5, 2, 7)
MOST_TRIES = 20_000
MUCH_WORK = 5_000
REPEATED = PRIMES[:9]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The value of each named size, and of those that differ by layer (`D[l]`), which take turns."""

    values: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        if name not in self.values:
            raise CheckFailed(f"nothing says how large {name} is")
        return self.values[name]

    def along(self, name: str, position: int) -> int:
        """The value of `name[position]`; neighbours differ."""
        return WIDTHS[position % len(WIDTHS)]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.values.items())


def choose_sizes(network: Network) -> Sizes:
    """The first assignment of small distinct primes under which every extent is at least 2.

    Where that makes loops too long, sizes change places as long as that makes them shorter; where they still are, sizes
    that meet in no tensor may be the same.
    """
    names = tuple(d.name for d in network.dims)
    limits = [
        p for p in dict.fromkeys((*_extents(network), *room_for_reads(network))) if p.constant is None and _plain(p)
    ]
    tries = [0]
    for count in range(max(1, len(names)), len(PRIMES) + 1):
        candidates = (*PRIMES[1:count], PRIMES[0])
        found = _assign(names, candidates, limits, {}, tries)
        if found is not None:
            short = _shortened(found, candidates, limits, _loops(network))
            return Sizes(_repeated(short, limits, _loops(network), _meetings(network)))
        if tries[0] > MOST_TRIES:
            break
    raise CheckFailed(f"no small sizes found for which every extent of {network.name} is at least 2")


def without_two(network: Network, sizes: Sizes) -> Sizes:
    """The sizes with a larger prime in the place of 2, where a centred row is c, -c; the same where loops get long."""
    limits = [p for p in _extents(network) if p.constant is None and _plain(p)]
    spare = [p for p in PRIMES if p > 2 and p not in sizes.values.values()]
    larger = {name: spare.pop(0) if value == 2 else value for name, value in sizes.values.items()}
    fits = all(_value(p, larger) >= 2 for p in (*limits, *(q for q in room_for_reads(network) if _plain(q))))
    return Sizes(larger) if fits and _work(larger, _loops(network)) <= MUCH_WORK else sizes


def _shortened(
    chosen: dict[str, int], candidates: tuple[int, ...], limits: list[Poly], loops: list[list[Poly]]
) -> dict[str, int]:
    """Two sizes are exchanged, or one takes an unused prime, while the work is too much and gets less."""
    work = _work(chosen, loops)
    while work > MUCH_WORK:
        allowed = [t for t in _neighbours(chosen, candidates) if all(_value(p, t) >= 2 for p in limits)]
        better = min(allowed, key=lambda t: _work(t, loops), default=chosen)
        if _work(better, loops) >= work:
            break
        chosen, work = better, _work(better, loops)
    return chosen


def _repeated(
    chosen: dict[str, int], limits: list[Poly], loops: list[list[Poly]], meetings: frozenset[tuple[str, str]]
) -> dict[str, int]:
    """One size after the other takes a smaller prime that no size beside it in a tensor has."""
    work = _work(chosen, loops)
    while work > MUCH_WORK:
        allowed = [t for t in _replaced(chosen, meetings) if all(_value(p, t) >= 2 for p in limits)]
        better = min(allowed, key=lambda t: _work(t, loops), default=chosen)
        if _work(better, loops) >= work:
            break
        chosen, work = better, _work(better, loops)
    return chosen


def _replaced(chosen: dict[str, int], meetings: frozenset[tuple[str, str]]) -> Iterator[dict[str, int]]:
    for place, name in enumerate(chosen):
        beside = [chosen[other] for other in chosen if (name, other) in meetings]
        yield from ({**chosen, name: v} for v in REPEATED if v not in beside and (place or v > 2))


def _meetings(network: Network) -> frozenset[tuple[str, str]]:
    """The pairs of sizes that are two dimensions of one tensor; membership is all that is asked of it."""
    shapes = [t.shape for t in network.inputs] + [e.shape for e in network.equations]
    named = [[str(p) for p in shape if isinstance(p.atom, Dim)] for shape in shapes]
    return frozenset((a, b) for names in named for a in names for b in names if a != b)


def _neighbours(chosen: dict[str, int], candidates: tuple[int, ...]) -> Iterator[dict[str, int]]:
    names = list(chosen)
    for place, name in enumerate(names):
        for other in names[place + 1 :]:
            if chosen[other] != 2 or place:
                yield {**chosen, name: chosen[other], other: chosen[name]}
        for value in candidates:
            if value not in chosen.values() and (place or value > 2):
                yield {**chosen, name: value}


def _work(chosen: Mapping[str, int], loops: list[list[Poly]]) -> int:
    return sum(prod(_value(p, chosen) for p in loop) for loop in loops)


def _loops(network: Network) -> list[list[Poly]]:
    """The extents over which each equation loops in all, its sums included."""
    return [[p for p in _ranges(equation) if _plain(p)] for equation in network.equations]


def _ranges(equation: Equation) -> Iterator[Poly]:
    yield from equation.shape
    for node in walk(equation.body):
        if isinstance(node, (Sum, Extreme)):
            yield from (i.extent for i in node.indices)


def _assign(
    names: tuple[str, ...], candidates: tuple[int, ...], limits: list[Poly], chosen: dict[str, int], tries: list[int]
) -> dict[str, int] | None:
    """Depth first, each size the earliest candidate that keeps every extent known so far at 2 or more."""
    if len(chosen) == len(names):
        return chosen
    for value in candidates:
        if value in chosen.values() or (not chosen and value < 3):
            continue
        tries[0] += 1
        if tries[0] > MOST_TRIES:
            return None
        trial = {**chosen, names[len(chosen)]: value}
        if all(_value(p, trial) >= 2 for p in limits if _known(p, trial)):
            found = _assign(names, candidates, limits, trial, tries)
            if found is not None:
                return found
    return None


def _extents(network: Network) -> Iterator[Poly]:
    for tensor in network.inputs:
        yield from tensor.shape
        if tensor.classes is not None:
            yield tensor.classes
    for equation in network.equations:
        yield from _ranges(equation)


def room_for_reads(network: Network) -> Iterator[Poly]:
    """What must be at least 2 so that no read goes beyond the end: `x[n, 2*i + k]` may need more than its own range.

    A read in a branch that indices decide has its condition to keep it inside.
    """
    for equation in network.equations:
        for read in _unguarded(equation.body):
            for sub, extent in zip(read.subs, network.shape(read.tensor), strict=True):
                largest = highest(sub)
                if largest is not None and sub.index is None and _plain(extent - largest):
                    yield extent - largest + 1


def _unguarded(node: Node) -> Iterator[Read]:
    if isinstance(node, Read):
        yield node
    if isinstance(node, (Where, Extreme)) and any(_on_indices(c) for c in walk(node.cond)):
        yield from _unguarded(node.cond)
        return
    for child in children(node):
        yield from _unguarded(child)


def _on_indices(node: Node) -> bool:
    """Is it a comparison of integers that vary?"""
    if not isinstance(node, Compare) or not free_indices(node):
        return False
    return build.as_integer(node.a) is not None and build.as_integer(node.b) is not None


def _plain(poly: Poly) -> bool:
    """Is it made of named sizes alone?"""
    return all(
        isinstance(a, Dim) or (isinstance(a, Quotient) and _plain(a.top) and _plain(a.bottom)) for a in poly.atoms()
    )


def _known(poly: Poly, chosen: Mapping[str, int]) -> bool:
    return all(d.name in chosen for d in dims_of(poly))


def _value(poly: Poly, chosen: Mapping[str, int]) -> int:
    return poly.value({d: chosen[d.name] for d in dims_of(poly)})
