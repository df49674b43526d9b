"""The facts that the gradients rely on, as a routine that measures how far data are from them."""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import Compare
from symbp.core.network import DATA, Equation, Fact, Network
from symbp.core.traverse import free_indices, reads
from symbp.escape import Prose
from symbp.lowering.equations import lower_equations
from symbp.lowering.program import Routine


def fact_routine(network: Network, labels: tuple[str, ...]) -> Routine | None:
    """For each of those facts that state an equality, the difference of its sides at every entry."""
    facts = [f for f in network.facts if f.label in labels and _is_equality(f)]
    if not facts:
        return None
    equations = tuple(_difference(f) for f in facts)
    names = dict.fromkeys(r.tensor for e in equations for r in reads(e.body))
    data = Network(network.name, Prose(), network.dims, network.inputs, equations, ())
    statements, values = lower_equations(data)
    inputs = tuple(t.name for t in network.inputs if t.name in names and t.kind == DATA)
    return Routine("facts", inputs, statements, tuple((e.name, values[e.name]) for e in equations))


def _is_equality(fact: Fact) -> bool:
    """Does it equate values? What it says of sizes is looked at where these are found."""
    return isinstance(fact.statement, Compare) and fact.statement.op == "==" and not fact.differences


def _difference(fact: Fact) -> Equation:
    """`label[indices] = a - b`."""
    statement = fact.statement
    assert isinstance(statement, Compare)
    return Equation(f"{fact.label}_gap", free_indices(statement), build.sub(statement.a, statement.b))
