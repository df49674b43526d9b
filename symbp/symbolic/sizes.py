"""A network at small sizes: what integer expressions are worth, which values indices take, which sizes are smallest.

In scalars a swapped axis shows by itself, w_01 is not w_10, so that sizes may be alike: 2 wherever that goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from symbp.core.expr import BINDERS, Binder
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network, Tensor
from symbp.core.traverse import children, dims_of, indices_of, nodes
from symbp.errors import MissingRule, NoTrial

Key = tuple[int, ...]
At = Mapping[Atom, int]  # the value of each index
NOWHERE: At = {}
SMALL = 2
MOST_GROWTH = 24


class Outside(Exception):
    """A read of an entry that a tensor does not have, or of an index that nothing binds."""


class Undefined(Outside):
    """What the definition itself has no value for, as log|g| at g = 0: of a derivative there nothing can be wrong."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The value of each named size; those that differ by layer (`D[l]`) have their `widths` in turn, or 2."""

    values: Mapping[str, int] = field(default_factory=dict)
    widths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def of(self, atom: Atom, at: At) -> int:
        """The value of an atom that is no label."""
        match atom:
            case Dim(name):
                return self.values[name]
            case DimAt(name, place):
                widths = self.widths.get(name, (SMALL,))
                return widths[self.integer(place, at) % len(widths)]
            case Index(name):
                if atom not in at:
                    raise Outside(f"nothing says what {name} is")
                return at[atom]
            case Quotient(top, bottom):
                return self.integer(top, at) // self.integer(bottom, at)
        raise MissingRule(f"symbolic/sizes.py has no rule for {type(atom).__name__}")

    def integer(self, poly: Poly, at: At = NOWHERE) -> int:
        """The value of an integer expression without labels."""
        total = 0
        for monomial, coefficient in poly.terms:
            for atom in monomial:
                coefficient *= self.of(atom, at)
            total += coefficient
        return total

    def reach(self, index: Index, at: At = NOWHERE) -> range:
        """The values of an index."""
        return range(self.integer(index.start, at), self.integer(index.stop, at))

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.values.items())


def places(indices: tuple[Index, ...], sizes: Sizes, at: At = NOWHERE) -> Iterator[dict[Atom, int]]:
    """Every combination of values of the indices; a later one's range may hold an earlier one."""
    if not indices:
        yield dict(at)
        return
    first, *rest = indices
    for value in sizes.reach(first, at):
        yield from places(tuple(rest), sizes, {**at, first: value})


def keys(indices: tuple[Index, ...], sizes: Sizes) -> list[Key]:
    """The subscripts of every entry."""
    return [tuple(at[i] for i in indices) for at in places(indices, sizes)]


def axes(tensor: Tensor) -> tuple[Index, ...]:
    """An index for each dimension of an input. In `Param[l: L, D[l]]` the first is the l that the others depend on."""
    outer = next((i for p in tensor.shape for i in indices_of(p)), None)
    named = [Index(f"_{place}", extent) for place, extent in enumerate(tensor.shape)]
    if outer is not None and named:
        named[0] = outer
    return tuple(named)


def least_sizes(network: Network, room: int = 1, given: Mapping[str, int] | None = None) -> Sizes:
    """2 for each named size, or what is `given`, and more where an extent would be less than `room`.

    NoTrial where no such sizes are found.
    """
    sizes = Sizes({d.name: max(SMALL, d.least) for d in network.dims} | dict(given or {}))
    for _ in range(MOST_GROWTH):
        short = list(_short(network, sizes, room))
        if not short:
            return sizes
        sizes = _larger(network, sizes, short[0], room)
    raise NoTrial(f"no small sizes found at which {network.name} can be written out in scalars")


def _short(network: Network, sizes: Sizes, room: int) -> Iterator[Poly]:
    """The extents made of sizes that are too small."""
    for extent in extents(network):
        if extent.constant is None and not any(True for _ in indices_of(extent)) and sizes.integer(extent) < room:
            yield extent
    yield from (p + room for p in network.orders if sizes.integer(p) < 0)


def _larger(network: Network, sizes: Sizes, short: Poly, room: int) -> Sizes:
    """With the one size larger by 1 that leaves the fewest extents without room; a tie goes to the first."""
    names = list(dict.fromkeys(d.name for d in dims_of(short)))
    trials = [replace(sizes, values={**sizes.values, name: sizes.values[name] + 1}) for name in names]
    if not trials:
        raise NoTrial(f"no small sizes found at which {network.name} can be written out in scalars")
    return min(trials, key=lambda s: (sum(room - s.integer(p) for p in _short(network, s, room)), -s.integer(short)))


def extents(network: Network) -> Iterator[Poly]:
    """Every extent of a network."""
    for tensor in network.inputs:
        yield from tensor.shape
    for equation in network.equations:
        yield from equation.shape
        yield from (i.extent for binder in nodes(equation.body, *BINDERS) for i in binder.indices)


def count(indices: tuple[Index, ...], sizes: Sizes) -> int:
    """How many combinations of values the indices have; those that depend on others at the last of these."""
    return _product(indices, sizes, {})[0]


def work(network: Network, sizes: Sizes) -> int:
    """How many terms all equations have when they are written out in scalars."""
    return sum(_terms(e, sizes) for e in network.equations)


def _terms(equation: Equation, sizes: Sizes) -> int:
    count, at = _product(equation.indices, sizes, {})
    return count * _size(equation.body, sizes, at)


def _product(indices: tuple[Index, ...], sizes: Sizes, at: dict[Atom, int]) -> tuple[int, dict[Atom, int]]:
    """How many combinations; a range that depends on an index is counted where that is at its last value."""
    count = 1
    for i in indices:
        reach = sizes.reach(i, at)
        count *= max(1, len(reach))
        at = {**at, i: reach[-1] if reach else 0}
    return count, at


def _size(node: Node, sizes: Sizes, at: dict[Atom, int]) -> int:
    count = 1
    if isinstance(node, Binder):
        count, at = _product(node.indices, sizes, at)
    return count * max(1, sum(_size(c, sizes, at) for c in children(node)))
