"""The literal sizes of a network as unknowns: a size of its own for each place at which a number stands.

Equations between them, differences whose signs are to stay, and how the places are called; what a network asks of them
is read in `literals`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.network import Network, Tensor

# Sizes and constants up to this are what they are; so are numbers among values up to the next.
KEPT, FEW = 2, 7
Place = tuple[object, ...]


@dataclass(slots=True)
class Unknowns:
    """`at` has the unknown of each place, `real` what it was written as; `zero` are equations, `signs` differences."""

    at: dict[Place, Dim] = field(default_factory=dict)
    real: dict[Atom, int] = field(default_factory=dict)
    zero: list[Poly] = field(default_factory=list)
    signs: list[Poly] = field(default_factory=list)
    kept: dict[Atom, None] = field(default_factory=dict)

    def number(self, place: Place, value: int) -> Poly:
        """What stands at a place: its unknown, or the number where that is kept."""
        if abs(value) <= KEPT:
            return Poly.of(value)
        if place not in self.at:
            self.at[place] = Dim(f"size{len(self.at)}")
            self.real[self.at[place]] = abs(value)
        return Poly.of(self.at[place]) if value > 0 else -Poly.of(self.at[place])

    def equate(self, one: Poly, other: Poly) -> None:
        """They differ by a constant, which stays."""
        difference = one - other
        self.zero.append(difference - self.value(difference))

    def keep(self, poly: Poly) -> None:
        """Every unknown in it stays what it is."""
        for atom in poly.atoms():
            self.kept[atom] = None
            self.equate(Poly.of(atom), Poly())

    def by_value(self, most: int | None = None) -> Iterator[Poly]:
        """That equal numbers, those up to `most`, stay equal, small ones first: others are made of them."""
        first: dict[int, Atom] = {}
        for atom, value in sorted(self.real.items(), key=lambda item: item[1]):
            if most is not None and value > most:
                return
            yield Poly.of(atom) - first.setdefault(value, atom)

    def value(self, poly: Poly) -> int:
        """What it was with the numbers that were written."""
        return poly.value(self.real)


def axis(network: Network, unknowns: Unknowns, name: str, place: int) -> Poly | None:
    """How long an axis of an input, or of what an equation defines, is; None where that is no number."""
    extent = network.shape(name)[place]
    if extent.constant is None:
        return None
    equation = network.equation(name)
    where = ("axis", name, place) if equation is None else stop_of(name, equation.indices[place])
    return unknowns.number(where, extent.constant)


def classes(tensor: Tensor, unknowns: Unknowns) -> Poly | None:
    """What the entries of labels count."""
    if tensor.classes is None or tensor.classes.constant is None:
        return None
    return unknowns.number(("classes", tensor.name), tensor.classes.constant)


def stop_of(equation: str, index: Index) -> Place:
    """The place of an index's end."""
    return ("stop", equation, index)


def start_of(equation: str, index: Index) -> Place:
    """The place of an index's start."""
    return ("start", equation, index)


def term_of(equation: str, poly: Poly, place: int) -> Place:
    """The place of the coefficient of a term in an integer expression."""
    return ("term", equation, poly, place)


def number_of(equation: str, value: int) -> Place:
    """The place of a number among the values of an equation: equal ones are one."""
    return ("number", equation, value)


def bound_of(equation: str, value: int) -> Place:
    """The place of a number that an index expression is compared with."""
    return ("bound", equation, value)
