"""Which equations a statement completes, and their form to be written above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.network import Equation, Network
from symbp.escape import Prose
from symbp.lowering.program import Operand, Statement, Value, every_statement
from symbp.matrix import MatrixNames, slice_form, write_form


def annotate(
    statements: tuple[Statement, ...],
    values: dict[str, Operand],
    network: Network,
    derivation: Derivation | HessianProduct,
    ways: Mapping[str, tuple[str, ...]],
) -> tuple[Statement, ...]:
    """The statements with the numbers and forms of the equations of the network whose values they are.

    `ways` names, for an equation that is computed by way of others, those.
    """
    names, roots = MatrixNames(network), _roots(statements)
    notes: dict[str, list[_Note]] = {}
    for equation in network.equations:
        number, completed = derivation.number(equation.name), _completed(equation, values, network, roots)
        if completed is not None and number is not None:
            by = [n for way in ways.get(equation.name, ()) if (n := derivation.number(way)) is not None]
            form = _form(network, equation, names)
            note = _Note(number, form + f", by way of {by}" * bool(form and by), network.called(equation.name))
            notes.setdefault(completed, []).append(note)

    def noted(s: Statement) -> Statement:
        loop = s.loop and replace(s.loop, statements=tuple(map(noted, s.loop.statements)))
        own = notes.get(s.target.name)
        if own is None:
            return replace(s, loop=loop)
        comment, words = "; ".join(n.form for n in own if n.form), tuple(n.words for n in own if n.words)
        return replace(s, loop=loop, numbers=tuple(n.number for n in own), comment=comment, words=words)

    return tuple(map(noted, statements))


@dataclass(frozen=True, slots=True)
class _Note:
    """What stands above the statement that completes an equation: its number, its form, what the user calls it."""

    number: int
    form: str
    words: Prose


def _completed(equation: Equation, values: dict[str, Operand], network: Network, roots: dict[str, Value]) -> str | None:
    """The name of the array with which an equation is complete; None where its value is a number of sizes."""
    step = values.get(f"{equation.name}.step")
    match values.get(equation.name) if step is None else step:
        case Value() as value:
            # A gradient that is a view is filled in, which is what completes it; not so one that a loop stores.
            filled = step is None and equation.name in network.outputs
            return value.name if filled else roots.get(value.name, value).name
    return None


def _roots(statements: tuple[Statement, ...]) -> dict[str, Value]:
    """Of what shows the whole of an array in another order or shape, that array: there its equation is complete."""
    made = {s.target.name for s in every_statement(statements)}
    roots: dict[str, Value] = {}
    for s in every_statement(statements):
        for shown in s.arrays if s.op in ("transpose", "reshape", "broadcast") else ():
            if shown.name in made:
                roots[s.target.name] = roots.get(shown.name, shown)
    return roots


def _form(network: Network, equation: Equation, names: MatrixNames) -> str:
    """The matrix form of an equation as text, or nothing where it has none."""
    form = slice_form(equation, network.extents, network.steps)
    return "" if form is None else write_form(equation.name, form, names)
