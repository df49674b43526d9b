"""Which equations a statement completes, and their form to be written above it."""

from __future__ import annotations

from dataclasses import replace

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.matrix import MatrixNames, equation_form, write_equation
from symbp.core.network import Equation, Network
from symbp.lowering.program import Operand, Statement, Value


def annotate(
    statements: tuple[Statement, ...],
    values: dict[str, Operand],
    network: Network,
    derivation: Derivation | HessianProduct,
) -> tuple[Statement, ...]:
    """The statements with the numbers and forms of the equations of the network whose values they are."""
    names = MatrixNames(network)
    numbers: dict[str, list[int]] = {}
    comments: dict[str, list[str]] = {}
    for equation in network.equations:
        value, number = values.get(f"{equation.name}.step", values[equation.name]), derivation.number(equation.name)
        if isinstance(value, Value) and number is not None:
            numbers.setdefault(value.name, []).append(number)
            comments.setdefault(value.name, []).append(_form(network, equation, names))

    def noted(s: Statement) -> Statement:
        loop = s.loop and replace(s.loop, statements=tuple(map(noted, s.loop.statements)))
        s = replace(s, loop=loop)
        if s.target.name not in numbers:
            return s
        return replace(
            s, numbers=tuple(numbers[s.target.name]), comment="; ".join(filter(None, comments[s.target.name]))
        )

    return tuple(map(noted, statements))


def _form(network: Network, equation: Equation, names: MatrixNames) -> str:
    """The matrix form of an equation as text, or nothing where it has none."""
    matrix = equation_form(network, equation)
    return "" if matrix is None else write_equation(equation, matrix, names)
