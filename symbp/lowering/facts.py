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
    facts = [f for f in network.facts if f.label in labels and not f.differences]
    equations = tuple(e for f in facts if (e := _difference(f)) is not None)
    if not equations:
        return None
    names = dict.fromkeys(r.tensor for e in equations for r in reads(e.body))
    data = Network(network.name, Prose(), network.dims, network.inputs, equations, ())
    statements, values = lower_equations(data)
    inputs = tuple(t.name for t in network.inputs if t.name in names and t.kind == DATA)
    return Routine("facts", inputs, statements, tuple((e.name, values[e.name]) for e in equations))


def _difference(fact: Fact) -> Equation | None:
    """`label[indices] = a - b` of a fact that says a == b; None of any other."""
    match fact.statement:
        case Compare("==", a, b) as statement:
            return Equation(f"{fact.label}_gap", free_indices(statement), build.sub(a, b))
    return None
