"""Which equations a statement completes, and their form to be written above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
    names = MatrixNames(network)
    numbers: dict[str, list[int]] = {}
    comments: dict[str, list[str]] = {}
    words: dict[str, list[Prose]] = {}
    roots, results = _roots(statements), frozenset(network.outputs)
    for equation in network.equations:
        step, number = values.get(f"{equation.name}.step"), derivation.number(equation.name)
        value = values.get(equation.name) if step is None else step
        if isinstance(value, Value) and number is not None:
            # A gradient that is a view is filled in, which is what completes it; not so one that a loop stores.
            if step is not None or equation.name not in results:
                value = roots.get(value.name, value)
            numbers.setdefault(value.name, []).append(number)
            words.setdefault(value.name, []).append(network.called(equation.name))
            by = [n for way in ways.get(equation.name, ()) if (n := derivation.number(way)) is not None]
            form = _form(network, equation, names)
            comments.setdefault(value.name, []).append(form + f", by way of {by}" * bool(form and by))

    def noted(s: Statement) -> Statement:
        loop = s.loop and replace(s.loop, statements=tuple(map(noted, s.loop.statements)))
        s = replace(s, loop=loop)
        if s.target.name not in numbers:
            return s
        name = s.target.name
        comment, called = "; ".join(filter(None, comments[name])), tuple(filter(None, words[name]))
        return replace(s, numbers=tuple(numbers[name]), comment=comment, words=called)

    return tuple(map(noted, statements))


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
