"""Index letters: fresh ones that a reader would choose, the neighbour in the alphabet first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from symbp.core.canonical import key
from symbp.core.expr import Binder, Expr, Pow, Read
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Network
from symbp.core.traverse import (
    all_index_names,
    children,
    fresh_name,
    indices_of,
    map_children,
    map_values,
    substitute,
    substitute_poly,
    walk,
    with_bound,
)

T = TypeVar("T", bound=Node)
_AVOID = "eolf"  # e is the exponential, o and l look like numbers, f is a function


@dataclass(frozen=True, slots=True)
class Letters:
    """The supply of one network: `names` no index may bear, `letters` the range that a letter already stands for."""

    names: frozenset[str]
    letters: dict[str, Poly] = field(default_factory=dict)

    def fresh(self, index: Index, taken: set[str]) -> Index:
        """An index of the same range whose letter is not in `taken`; the letter is added to `taken`."""
        name = next((c for c in _neighbours(index.name) if self._fits(c, index, taken)), None)
        if name is None:
            name = fresh_name(f"{index.name.rstrip('0123456789')}1", taken | self.names)
        taken.add(name)
        return Index(name, index.stop, index.start)

    def rename(self, indices: tuple[Index, ...], taken: set[str]) -> tuple[Index, ...]:
        """The indices, those whose letters are taken renamed; all their letters are added to `taken`."""
        table: dict[Atom, Poly] = {}
        result = []
        for old in indices:
            moved = Index(old.name, substitute_poly(old.stop, table), substitute_poly(old.start, table))
            new = self.fresh(moved, taken) if old.name in taken else moved
            taken.add(new.name)
            table[old] = Poly.of(new)
            result.append(new)
        return tuple(result)

    def _fits(self, name: str, index: Index, taken: set[str]) -> bool:
        return name not in taken and name not in self.names and self.letters.get(name, index.stop) == index.stop


def _neighbours(name: str) -> list[str]:
    if len(name) != 1 or not name.isascii() or not name.isalpha():
        return []
    near = [chr(ord(name) + step) for step in (-1, 1, -2, 2, -3, 3)]
    return [c for c in near if c.isalpha() and c.islower() == name.islower() and c not in _AVOID]


def letters_of(network: Network) -> Letters:
    """The supply for a network: its tensors' and sizes' names are taken, its own letters keep their ranges."""
    names = [t.name for t in network.inputs] + [e.name for e in network.equations] + [d.name for d in network.dims]
    found: dict[str, Poly] = {}
    for equation in network.equations:
        indices = list(equation.indices)
        for node in walk(equation.body):
            if isinstance(node, Binder):
                indices.extend(node.indices)
        for i in indices:
            found.setdefault(i.name, i.stop)
    return Letters(frozenset((*names, *network.widths, *(n for n, _ in network.functions))), found)


def input_indices(network: Network, name: str, letters: Letters) -> tuple[Index, ...]:
    """Letters for the entries of an input: those of its first read if they are plain, else new ones."""
    shape = network.shape(name)
    for equation in network.equations:
        for node in walk(equation.body):
            if isinstance(node, Read) and node.tensor == name:
                plain = _plain(node, network.extents(node))
                if plain is not None:
                    return plain
    taken: set[str] = set(letters.names)
    result: list[Index] = []
    given = network.tensor(name)
    for place, extent in enumerate(shape):
        if given is not None and given.each is not None:
            extent = substitute_poly(extent, {given.each: Poly.of(result[0])}) if place else extent
        first = next((str(a) for a in extent.atoms()), "i")[0].lower()
        index = Index(first, extent)
        bad = first in taken or letters.letters.get(first, extent) != extent or not first.isalpha()
        result.append(letters.fresh(index, taken) if bad else index)
        taken.add(result[-1].name)
    return tuple(result)


def _plain(read: Read, shape: tuple[Poly, ...]) -> tuple[Index, ...] | None:
    indices = tuple(s.index for s in read.subs)
    if len(set(indices)) != len(indices):
        return None
    if any(i is None or i.start.constant != 0 or i.stop != extent for i, extent in zip(indices, shape, strict=True)):
        return None
    if any(j not in indices for i in indices if i is not None for j in indices_of(i.stop)):
        return None
    return tuple(i for i in indices if i is not None)


def freshen(expr: T, taken: set[str], letters: Letters) -> T:
    """The expression with its bound indices renamed where their letters are taken, as a reader would choose."""
    if isinstance(expr, Binder):
        inner = taken | (all_index_names(expr) - {i.name for i in expr.indices})
        bound = letters.rename(expr.indices, inner)
        table: dict[Atom, Poly] = {a: Poly.of(b) for a, b in zip(expr.indices, bound, strict=True) if a != b}
        expr = with_bound(expr, bound, [substitute(c, table) for c in children(expr)])  # type: ignore[assignment]
        taken = taken | {i.name for i in bound}
    return map_children(expr, lambda c: freshen(c, taken, letters))


def alike(expr: Expr) -> Expr:
    """The expression with sums and powers that differ in their letters alone, or in the order of what they are made
    of, written in one way, so that terms can share them as factors.
    """
    return _alike(expr, {}, frozenset())


def _alike(expr: Expr, first: dict[str, Expr], around: frozenset[str]) -> Expr:
    """The same where the letters `around` are bound further out, none of which a sum may take."""
    if isinstance(expr, (Binder, Pow)):
        seen = first.setdefault(key(expr), expr)
        if all_index_names(seen).isdisjoint(around):
            return seen
    if isinstance(expr, Binder):
        around |= {i.name for i in expr.indices}
    return map_values(expr, lambda c: _alike(c, first, around))
