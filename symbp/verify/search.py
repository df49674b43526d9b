"""The cheapest sizes: branch and bound over small primes.

In come names, what must be at least 2, what must differ and the loops whose lengths are the cost; out goes the
assignment that makes the loops shortest in all, the first in order of candidates among equals. A branch is left where
what is known of its sizes already rules it out or makes it dearer than the best found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from symbp.core.integers import Poly
from symbp.verify.extents import names_of, terms

MOST_NODES = 500
Ranges = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Problem:
    """`apart` holds pairs of extents that must differ; `beside` the names that must differ from a name."""

    names: tuple[str, ...]
    candidates: tuple[int, ...]
    limits: tuple[Poly, ...]
    apart: tuple[tuple[Poly, Poly], ...]
    beside: Mapping[str, tuple[str, ...]]
    loops: tuple[tuple[tuple[Poly, ...], int], ...]  # each with how often it occurs


@dataclass(slots=True)
class Best:
    """The cheapest assignment so far, and how many have been looked at."""

    cost: float
    sizes: dict[str, int] | None = None
    nodes: int = field(default=0)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the sizes: between which numbers each lies, and so each extent that a problem asks about.

    `holding` says which of these hold a name.
    """

    ranges: Ranges
    bounds: Mapping[Poly, tuple[int, int]]
    holding: Mapping[str, tuple[Poly, ...]]
    known: dict[tuple[object, ...], tuple[int, int]]  # bounds, by the extent and the ranges of what it holds

    def at(self, name: str, value: int) -> State:
        """The same with one size known; what does not hold it is as it was."""
        ranges = {**self.ranges, name: (value, value)}
        changed = {p: self._bounds(p, ranges) for p in self.holding[name]}
        return State(ranges, {**self.bounds, **changed}, self.holding, self.known)

    def _bounds(self, poly: Poly, ranges: Ranges) -> tuple[int, int]:
        key = (poly, *[ranges[n] for n in names_of(poly)])
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = bounds(poly, ranges)
        return found


def _anything(problem: Problem) -> State:
    ranges = dict.fromkeys(problem.names, (min(problem.candidates), max(problem.candidates)))
    asked = dict.fromkeys((*problem.limits, *(p for pair in problem.apart for p in pair), *extents_of(problem)))
    holding = {name: tuple(p for p in asked if name in names_of(p)) for name in problem.names}
    return State(ranges, {p: bounds(p, ranges) for p in asked}, holding, {})


def cheapest(problem: Problem, cost: float = math.inf) -> dict[str, int] | None:
    """The sizes with the least cost below `cost`; None where none are found in so many steps."""
    best, state = Best(cost), _anything(problem)
    _branch(problem, state, sorted(problem.names, key=lambda name: _rank(problem, state, name)), best)
    if best.nodes > MOST_NODES and best.sizes is not None:
        _improve(problem, state, best)
    return best.sizes


def _improve(problem: Problem, state: State, best: Best) -> None:
    """Where the search was cut off: two sizes change places, or one is another, as long as that makes loops shorter."""
    assert best.sizes is not None
    for name, value in best.sizes.items():
        state = state.at(name, value)
    shorter: State | None = state
    while shorter is not None:
        state, sizes = shorter, {name: low for name, (low, _) in shorter.ranges.items()}
        best.cost, best.sizes = least_cost(problem, state.bounds), sizes
        changes = (c for c in _changes(problem, sizes) if _are_apart(problem, {**sizes, **c}))
        states = (_with(state, change) for change in changes)
        shorter = next((s for s in states if _possible(problem, s.bounds) and _is_less(problem, s, best.cost)), None)


def _changes(problem: Problem, sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    yield from ({a: sizes[b], b: sizes[a]} for a, b in combinations(problem.names, 2))
    yield from ({name: value} for name in problem.names for value in problem.candidates if value < sizes[name])


def _with(state: State, change: Mapping[str, int]) -> State:
    for name, value in change.items():
        state = state.at(name, value)
    return state


def _are_apart(problem: Problem, sizes: Mapping[str, int]) -> bool:
    apart = all(sizes[name] != sizes[other] for name, others in problem.beside.items() for other in others)
    return apart and sizes[problem.names[0]] > 2


def _is_less(problem: Problem, state: State, cost: float) -> bool:
    return least_cost(problem, state.bounds) < cost


def _rank(problem: Problem, state: State, name: str) -> tuple[int, bool]:
    """First the sizes whose growth makes limits tighter: a kernel's before its image's. Last what costs nothing."""
    small, large = (state.at(name, value) for value in state.ranges[name])
    tighter = sum(small.bounds[p][1] > large.bounds[p][1] for p in problem.limits)
    return -tighter, least_cost(problem, small.bounds) == least_cost(problem, large.bounds)


def _branch(problem: Problem, state: State, left: Sequence[str], best: Best) -> None:
    best.nodes += 1
    if best.nodes > MOST_NODES or not _possible(problem, state.bounds):
        return
    cost = least_cost(problem, state.bounds)
    if cost >= best.cost:
        return
    if not left:
        best.cost, best.sizes = cost, {name: state.ranges[name][0] for name in problem.names}
        return
    name, *others = left
    for value in _values(problem, state.ranges, name, others):
        if best.nodes > MOST_NODES:
            return
        _branch(problem, state.at(name, value), others, best)


def _values(problem: Problem, ranges: Ranges, name: str, others: Sequence[str]) -> Iterator[int]:
    """The first size of all is, as a rule, the batch: never 2."""
    taken = [ranges[other][0] for other in problem.beside[name] if other not in others]
    yield from (v for v in problem.candidates if v not in taken and (v > 2 or name != problem.names[0]))


def _possible(problem: Problem, bound: Mapping[Poly, tuple[int, int]]) -> bool:
    if not all(bound[p][1] >= 2 for p in problem.limits):
        return False
    return not any(_alike(bound[p], bound[q]) for p, q in problem.apart)


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one == other and one[0] == one[1]


def least_cost(problem: Problem, bound: Mapping[Poly, tuple[int, int]]) -> int:
    """How long the loops are at least, in all, where each of their extents lies between such numbers."""
    return sum(count * math.prod([max(2, bound[p][0]) for p in loop]) for loop, count in problem.loops)


def extents_of(problem: Problem) -> tuple[Poly, ...]:
    """The extents of all loops."""
    return tuple(dict.fromkeys(p for loop, _ in problem.loops for p in loop))


def bounds(poly: Poly, ranges: Ranges) -> tuple[int, int]:
    """Between which numbers it lies while each size lies in its range."""
    low = high = 0
    for coefficient, names, quotients in terms(poly):
        least = most = coefficient
        for name in names:
            a, b = ranges[name]
            least, most = (least * a, most * b) if coefficient > 0 else (least * b, most * a)
        for top, bottom in quotients:
            a, b = _quotient(top, bottom, ranges)
            ends = (least * a, least * b, most * a, most * b)
            least, most = min(ends), max(ends)
        low, high = low + least, high + most
    return low, high


def _quotient(above: Poly, below: Poly, ranges: Ranges) -> tuple[int, int]:
    (low, high), (small, large) = bounds(above, ranges), bounds(below, ranges)
    ends = [top // bottom for top in (low, high) for bottom in (max(1, small), max(1, large))]
    return min(ends), max(ends)
