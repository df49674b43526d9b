"""The sizes at which a network is checked: the smallest distinct primes, so that a swapped axis cannot pass.

Every extent that holds a size is at least 2, and the first size, as a rule the batch, at least 3, so that N - 1, N
and 2 differ. Literal sizes stay what they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

from symbp.core.expr import And, Binder, Compare, Extreme, First, Or, Read, Sum, Where
from symbp.core.integers import Dim, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.ranges import highest
from symbp.core.traverse import children, free_indices, walk
from symbp.core.views import integers_compared
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.extents import is_plain, names_of, value_of
from symbp.verify.search import Problem, bounds, cheapest, extents_of, least_cost
from symbp.verify.ties import ties

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
ALL = tuple(range(2, 30))
WIDTHS = (3, 5, 2, 7)
MOST_TRIES = 20_000
MUCH_WORK = 5_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """The value of each named size, and of those that differ by layer (`D[l]`), which take turns."""

    values: Mapping[str, int] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(tuple(self.values.items()))

    def __getitem__(self, name: str) -> int:
        if name not in self.values:
            raise CheckFailed(f"nothing says how large {name} is")
        return self.values[name]

    def along(self, name: str, position: int) -> int:
        """The value of `name[position]`; neighbours differ."""
        return WIDTHS[position % len(WIDTHS)]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.values.items())


@lru_cache(maxsize=16)
def choose_sizes(network: Network, more: tuple[Poly, ...] = ()) -> Sizes:
    """The first assignment of small distinct primes under which every extent is at least 2, and each of `more`.

    Where that makes loops too long, the distinct primes that make them shortest; where those still do, sizes that
    meet in no tensor may be the same.
    """
    names = tuple(d.name for d in network.dims)
    limits = (*limits_of(network), *more)
    problem = Problem(names, _candidates(names, more), limits, _apart(network), _others(names), _loops(network))
    found = _first(problem) or _first(replace(problem, apart=())) or _first(replace(problem, apart=()), ALL)
    if found is None:
        raise NoTrial(f"no small sizes found for which every extent of {network.name} is at least 2")
    for beside in (problem.beside, _neighbours(network)):
        if (work := _work(problem, found)) > MUCH_WORK:
            found = cheapest(replace(problem, beside=beside), work) or found
    return Sizes(found)


@lru_cache(maxsize=16)
def least_sizes(network: Network, more: tuple[Poly, ...] = ()) -> Sizes:
    """Sizes that make loops shortest, alike or not: for what an axis taken for another cannot spoil."""
    usual = choose_sizes(network, more)
    names = tuple(usual.values)
    alone: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    problem = Problem(names, ALL, (*limits_of(network), *more), (), alone, _loops(network))
    found = cheapest(problem, _work(problem, usual.values))
    return usual if found is None else Sizes(found)


@lru_cache(maxsize=16)
def other_sizes(
    network: Network, sizes: Sizes, longer: int, moving: bool = False, needed: tuple[Poly, ...] = ()
) -> Sizes:
    """Sizes of which those differ that are the same in `sizes`, so that taking one for another shows.

    The same ones where there are none such, or where loops would be more than so many times longer; four times as long
    where windows are to have room for moving. Each of `needed` is to be at least 2.
    """
    values = sizes.values
    alike = {n: tuple(m for m in values if m != n and values[m] == values[n]) for n in values}
    if not any(alike.values()):
        return sizes
    beside = {n: (*others, *alike[n]) for n, others in _neighbours(network).items()}
    names = tuple(values)
    room = tuple(_room_for_steps(network)) if moving else ()
    for more, times in ((room, 4 * longer if room else longer), ((), longer)):
        limits = (*limits_of(network), *needed, *more)
        problem = Problem(names, _candidates(names, needed), limits, _apart(network), beside, _loops(network))
        found = cheapest(problem, times * _work(problem, values))
        if found is not None:
            return Sizes(found)
    return sizes


def _candidates(names: tuple[str, ...], more: tuple[Poly, ...]) -> tuple[int, ...]:
    return PRIMES if more else PRIMES[: len(names) + 2]


def _room_for_steps(network: Network) -> Iterator[Poly]:
    """At least 2 where a quotient is at least 2, so that another step than that of a window leads elsewhere."""
    for p in dict.fromkeys(_extents(network)):
        yield from (q.top - q.bottom * 2 + 2 for q in p.atoms_of(Quotient) if is_plain(q.top))


def _first(problem: Problem, candidates: tuple[int, ...] = PRIMES) -> dict[str, int] | None:
    """Where no primes will do, since a fact makes one size a multiple of another, any numbers."""
    tries, asked = [0], _asked(problem)
    for count in range(max(1, len(problem.names)), len(candidates) + 1):
        found = _assign(problem, asked, (*candidates[1:count], candidates[0]), {}, tries)
        if found is not None or tries[0] > MOST_TRIES:
            return found
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What can be asked once a size is known, and not before."""

    limits: tuple[Poly, ...]
    apart: tuple[tuple[Poly, Poly], ...]


def _asked(problem: Problem) -> tuple[_Asked, ...]:
    """For each size, in the order in which they are chosen. An extent of numbers alone is asked with the first."""
    order = {name: place for place, name in enumerate(problem.names)}

    def last(*polys: Poly) -> int:
        return max((order[n] for p in polys for n in names_of(p)), default=0)

    return tuple(
        _Asked(
            tuple(p for p in problem.limits if last(p) == place), tuple(q for q in problem.apart if last(*q) == place)
        )
        for place in range(len(problem.names))
    )


def _assign(
    problem: Problem, asked: tuple[_Asked, ...], candidates: tuple[int, ...], chosen: dict[str, int], tries: list[int]
) -> dict[str, int] | None:
    """Depth first, each size the earliest candidate that keeps every extent known so far at 2 or more."""
    if len(chosen) == len(problem.names):
        return chosen
    for value in candidates:
        if value in chosen.values() or (not chosen and value < 3):
            continue
        tries[0] += 1
        if tries[0] > MOST_TRIES:
            return None
        trial = {**chosen, problem.names[len(chosen)]: value}
        if _fits(asked[len(chosen)], trial):
            found = _assign(problem, asked, candidates, trial, tries)
            if found is not None:
                return found
    return None


def _fits(asked: _Asked, chosen: Mapping[str, int]) -> bool:
    if not all(value_of(p, chosen) >= 2 for p in asked.limits):
        return False
    return all(value_of(p, chosen) != value_of(q, chosen) for p, q in asked.apart)


def without_two(network: Network, sizes: Sizes) -> Sizes:
    """The sizes with a larger prime in the place of 2, where a centred row is c, -c; the same where loops get long."""
    names = tuple(sizes.values)
    problem = Problem(names, PRIMES, limits_of(network), (), _others(names), _loops(network))
    spare = [p for p in PRIMES if p > 2 and p not in sizes.values.values()]
    larger = {name: spare.pop(0) if value == 2 else value for name, value in sizes.values.items()}
    fits = all(value_of(p, larger) >= 2 for p in problem.limits)
    return Sizes(larger) if fits and _work(problem, larger) <= MUCH_WORK else sizes


def loop_length(network: Network, sizes: Sizes) -> int:
    """How long all loops are together."""
    return _work(Problem((), (), (), (), {}, _loops(network)), sizes.values)


def _work(problem: Problem, chosen: Mapping[str, int]) -> int:
    ranges = {name: (value, value) for name, value in chosen.items()}
    return least_cost(problem, {p: bounds(p, ranges) for p in extents_of(problem)})


# What the search goes by.


def limits_of(network: Network) -> tuple[Poly, ...]:
    """What must be at least 2 and is more than a size, which always is."""
    orders = (p + 2 for p in network.orders)
    found = dict.fromkeys((*_extents(network), *room_for_reads(network), *orders))
    return tuple(p for p in found if p.constant is None and is_plain(p) and not isinstance(p.atom, Dim))


def _others(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(other for other in names if other != name) for name in names}


def _shapes(network: Network) -> Iterator[tuple[Poly, ...]]:
    yield from (t.shape for t in network.inputs)
    yield from (e.shape for e in network.equations)


def _neighbours(network: Network) -> dict[str, tuple[str, ...]]:
    """For each size those that are another dimension of the same tensor."""
    found: dict[str, dict[str, None]] = {d.name: {} for d in network.dims}
    for shape in _shapes(network):
        named = [str(p) for p in shape if isinstance(p.atom, Dim)]
        for name in named:
            found[name].update(dict.fromkeys(n for n in named if n != name))
    return {name: tuple(others) for name, others in found.items()}


def _apart(network: Network) -> tuple[tuple[Poly, Poly], ...]:
    """Extents that sizes give, of one tensor: a height (I - U)//2 and a width (J - V)//2 are to differ as well."""
    found: dict[tuple[Poly, Poly], None] = {}
    for shape in _shapes(network):
        derived = [
            p for p in dict.fromkeys(shape) if is_plain(p) and p.constant is None and not isinstance(p.atom, Dim)
        ]
        found.update(dict.fromkeys(combinations(derived, 2)))
    return tuple(found)


def _loops(network: Network) -> tuple[tuple[tuple[Poly, ...], int], ...]:
    """The extents over which each equation loops, with those of each innermost sum in it, and how often each occurs."""
    found: Counter[tuple[Poly, ...]] = Counter()
    for equation in network.equations:
        shape = tuple(p for p in equation.shape if is_plain(p))
        found.update(list(_chains(equation.body, shape)) or [shape])
    return tuple(found.items())


def _chains(node: Node, outer: tuple[Poly, ...]) -> Iterator[tuple[Poly, ...]]:
    binds = isinstance(node, Binder)
    if isinstance(node, Binder):
        tied = [t.index for t in ties(node, lambda i: 0)] if isinstance(node, Sum) else []
        outer = (*outer, *(i.extent for i in node.indices if is_plain(i.extent) and i not in tied))
    inner = [chain for child in children(node) for chain in _chains(child, outer)]
    yield from inner or ([outer] if binds else [])


def _ranges(equation: Equation) -> Iterator[Poly]:
    yield from equation.shape
    for node in walk(equation.body):
        if isinstance(node, Binder):
            yield from (i.extent for i in node.indices)


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
        for read in unguarded(equation.body):
            for sub, extent in zip(read.subs, network.shape(read.tensor), strict=True):
                largest = highest(sub)
                if largest is not None and sub.index is None and is_plain(extent - largest):
                    yield extent - largest + 1


def unguarded(node: Node) -> Iterator[Read]:
    if isinstance(node, Read):
        yield node
    if isinstance(node, (Where, Extreme, First)) and any(on_indices(c) for c in walk(node.cond)):
        yield from unguarded(node.cond)
        return
    for child in children(node):
        yield from unguarded(child)
        if isinstance(node, (And, Or)) and any(on_indices(c) for c in walk(child)):
            return  # the other parts of a condition are looked at only where this one does not decide


def on_indices(node: Node) -> bool:
    """Is it a comparison of integers that vary?"""
    return isinstance(node, Compare) and bool(free_indices(node)) and integers_compared(node) is not None
