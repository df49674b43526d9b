"""The equations of the document, by their numbers on the page: what each is of, and as a text.

The numbers are the derivation's own, so a check without a network has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.calculus.steps import Derivation
from symbp.core.network import Equation, Network
from symbp.notation.text import write_expr


@dataclass(frozen=True, slots=True)
class Numbered:
    """An equation of a quantity's, or of its adjoint's."""

    number: int
    quantity: str
    is_adjoint: bool
    text: str


@dataclass(frozen=True, slots=True)
class Pages:
    """The network as the derivation has it, what the adjoints are called, and the numbered equations."""

    network: Network
    adjoints: tuple[tuple[str, str], ...]
    equations: tuple[Numbered, ...]

    def text(self, number: int) -> str:
        """An equation by its number."""
        return next(e.text for e in self.equations if e.number == number)


def pages_of(derivation: Derivation) -> Pages:
    """The forward equations in their order, then the adjoints in the order of the way back."""
    numbered: list[Numbered] = []
    for e in derivation.network.equations:
        if number := derivation.number(e.name):
            numbered.append(Numbered(number, e.name, False, _written(e)))
    for section in derivation.sections:
        if number := derivation.number(section.adjoint):
            text = f"{write_expr(section.main.lhs)} = {write_expr(section.main.result)}"
            numbered.append(Numbered(number, section.quantity, True, text))
    return Pages(derivation.network, derivation.adjoints, tuple(numbered))


def _written(equation: Equation) -> str:
    letters = ", ".join(i.name for i in equation.indices)
    return f"{equation.name}{f'[{letters}]' if letters else ''} = {write_expr(equation.body)}"
