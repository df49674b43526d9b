"""Which sizes are the same, found from the operations: each extent starts as a size of its own, and is made one with
others where an operation needs it. What an operation needs as a number becomes a number.

What is asked for are polynomials of `core.integers`; the names that they get in the end are none of its business.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from symbp.core.integers import ONE, Atom, Dim, Poly
from symbp.errors import SymbpError

Shape = tuple[Poly, ...]


class Apart(SymbpError):
    """Two extents that cannot be the same."""


class Sizes:
    """The sizes of one network. A size has the value of the export, what it is a polynomial of, and what it is for."""

    def __init__(self) -> None:
        self._values: dict[Atom, int] = {}
        self._means: dict[Atom, Poly] = {}
        self._roles: dict[Atom, str] = {}

    def fresh(self, value: int, role: str = "") -> Poly:
        """A new size of that value; 0 and 1 are numbers. `role` is the letter that it would be called."""
        if value < 2:
            return Poly.of(value)
        dim = Dim(f"s{len(self._values)}")
        self._values[dim] = value
        if role:
            self._roles[dim] = role
        return Poly.of(dim)

    def shape(self, values: Iterable[int]) -> Shape:
        """New sizes of these values."""
        return tuple(self.fresh(v) for v in values)

    def now(self, size: Poly) -> Poly:
        """The size by all that is known."""
        while any(a in self._means for a in size.atoms()):
            size = size.replace(self._means.get)
        return size

    def value(self, size: Poly) -> int:
        """What it was in the export."""
        return size.value(self._values)

    def role(self, size: Poly, letter: str, always: bool = False) -> None:
        """Say what a size is for, if nothing has been said."""
        atoms = self.now(size).atoms()
        if len(atoms) == 1 and (always or atoms[0] not in self._roles):
            self._roles[atoms[0]] = letter

    def letter(self, atom: Atom) -> str:
        """The letter that a size would be called."""
        return self._roles.get(atom, "")

    def literal(self, size: Poly) -> int:
        """The size as a number: from here on it is nothing else."""
        for atom in self.now(size).atoms():
            self._means[atom] = Poly.of(self._values[atom])
        return self.value(size)

    def same(self, a: Poly, b: Poly) -> Poly:
        """Make two sizes one."""
        a, b = self.now(a), self.now(b)
        if a == b:
            return a
        if self.value(a) != self.value(b):
            raise Apart(f"a size of {self.value(a)} against one of {self.value(b)}")
        if (rest := _cancelled(a, b)) is not None:
            self.same(*rest)
            return self.now(a)
        if not (self._is(a, b) or self._is(b, a) or self._ratio(a, b) or self._ratio(b, a)):
            self.literal(a)
            self.literal(b)
        return self.now(a)

    def all_same(self, a: Sequence[Poly], b: Sequence[Poly]) -> Shape:
        """Make two shapes one."""
        if len(a) != len(b):
            raise Apart(f"{len(a)} dimensions against {len(b)}")
        return tuple(self.same(x, y) for x, y in zip(a, b, strict=True))

    def _is(self, a: Poly, b: Poly) -> bool:
        """A plain size is whatever else it is said to be."""
        if a.atom is None or a.atom in b.atoms():
            return False
        self._mean(a.atom, b)
        return True

    def _ratio(self, a: Poly, b: Poly) -> bool:
        """Two multiples, 4 H and 2 K: one of H and K is a multiple of the other."""
        if len(a.terms) != 1 or len(b.terms) != 1:
            return False
        ((m, c),), ((k, d),) = a.terms, b.terms
        if len(m) != 1 or c % d or m[0] in k or not k:
            return False
        return len(k) == 1 and self._mean(k[0], Poly(((m, c // d),)))

    def _mean(self, atom: Atom, size: Poly) -> bool:
        self._means[atom] = size
        if (role := self._roles.get(atom)) and len(size.atoms()) == 1:
            self._roles.setdefault(size.atoms()[0], role)
        return True

    def factors(self, size: Poly, values: Sequence[int]) -> Shape:
        """Cut a size into factors of these values: those that it is a product of, else all numbers but one."""
        size = self.now(size)
        if len(values) == 1:
            return (size,)
        if size.constant is None and len(size.terms) == 1 and (found := self._known(size, values)):
            return found
        kept = max((k for k, v in enumerate(values) if v > 1), default=-1)
        others = math.prod(v for k, v in enumerate(values) if k != kept)
        rest = self._divided(size, others) if kept >= 0 else None
        if rest is None:
            self.literal(size)
            rest = Poly.of(values[kept])
        return tuple(rest if k == kept else Poly.of(v) for k, v in enumerate(values))

    def part(self, size: Poly, number: int) -> Poly:
        """What a size is so many times; where it cannot be said so, both are numbers."""
        size = self.now(size)
        found = self._divided(size, number) if self.value(size) > number else None
        return Poly.of(self.literal(size) // number) if found is None else found

    def _known(self, size: Poly, values: Sequence[int]) -> Shape | None:
        """The factors by the atoms of a product: N * T is cut into N and T."""
        ((monomial, number),) = size.terms
        left, found = list(monomial), []
        for v in values:
            atom = next((a for a in left if self._values[a] == v), None)
            if atom is not None:
                left.remove(atom)
            found.append(Poly.of(v if atom is None else atom))
        return tuple(found) if not left and math.prod(f.constant or 1 for f in found) == number else None

    def _divided(self, size: Poly, number: int) -> Poly | None:
        """A size divided by a number, its one atom being made a multiple where it has to be."""
        if len(size.terms) != 1 or size.constant is not None or len(size.atoms()) > 1 or len(size.terms[0][0]) > 1:
            return None
        ((monomial, c),) = size.terms
        need = number // math.gcd(number, c)
        if need > 1:
            atom = monomial[0]
            if self._values[atom] % need or self._values[atom] == need:
                return None
            part = self.fresh(self._values[atom] // need, self._roles.get(atom, "") if need == 1 else "E")
            self._means[atom] = part * need
            size = self.now(size)
        ((monomial, c),) = size.terms
        return Poly(((monomial, c // number),))

    def reshaped(self, old: Shape, values: Sequence[int]) -> Shape:
        """The shape that a reshape to these values has."""
        groups = self._groups(old, values)
        if groups is None:
            for size in old:
                self.literal(size)
            return tuple(Poly.of(v) for v in values)
        return tuple(part for group in groups for part in group)

    def _groups(self, old: Shape, values: Sequence[int]) -> list[Shape] | None:
        """The parts of the result, from left to right, by where cuts of the old and of the new shape meet."""
        cuts = sorted({c for side in (map(self.value, old), values) for c in _products(side)})
        if any(b % a for a, b in pairwise(cuts)):
            return None
        pieces: list[Poly] = []
        for size, (a, b) in zip(old, _between([self.value(s) for s in old]), strict=True):
            inside = [c for c in cuts if a <= c <= b]
            parts = [y // x for x, y in pairwise(inside)]
            pieces += self.factors(size, parts) if parts else ()
        pieces = [self.now(p) for p in pieces]
        ends = [math.prod(map(self.value, pieces[:k])) for k in range(len(pieces) + 1)]
        result: list[Shape] = []
        for a, b in _between(list(values)):
            product = ONE
            for k, piece in enumerate(pieces):
                product = product * piece if a <= ends[k] and ends[k + 1] <= b else product
            result.append((product,))
        return result


def _cancelled(a: Poly, b: Poly) -> tuple[Poly, Poly] | None:
    """Two products without what they share: N T against N 4 is T against 4."""
    if len(a.terms) != 1 or len(b.terms) != 1:
        return None
    ((m, c),), ((k, d),) = a.terms, b.terms
    shared = next((atom for atom in m if atom in k), None)
    if shared is None:
        return None
    left, right = list(m), list(k)
    left.remove(shared)
    right.remove(shared)
    return Poly(((tuple(left), c),)), Poly(((tuple(right), d),))


def _products(values: Iterable[int]) -> Iterator[int]:
    product = 1
    yield product
    for v in values:
        product *= v
        yield product


def _between(values: Sequence[int]) -> list[tuple[int, int]]:
    """For each value the product before it and with it."""
    ends = list(_products(values))
    return list(pairwise(ends))
