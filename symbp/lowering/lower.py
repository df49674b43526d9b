"""From a derivation to the array program of its module: the passes, in order, each with the reason for its place."""

from __future__ import annotations

from symbp.calculus.steps import Derivation
from symbp.lowering.arrays import add_axes_back, sum_by_products, without_unused
from symbp.lowering.buffers import place_results
from symbp.lowering.comments import annotate
from symbp.lowering.equations import lower_equations
from symbp.lowering.extents import doubtful_extents
from symbp.lowering.facts import fact_routine
from symbp.lowering.gradients import fill_gradients
from symbp.lowering.guard import guard_branches
from symbp.lowering.names import name_values
from symbp.lowering.predictions import predictions
from symbp.lowering.program import Operand, Program, Routine, Statement
from symbp.lowering.ranges import box_ranges
from symbp.lowering.stable import stabilise

# Network -> Network: what the equations say stays the same for every entry.
NETWORK_PASSES = (
    stabilise,  # first: it must see exp, log and sums as they were written, across named tensors
    box_ranges,  # ranges that depend on an index become whole ranges with a guard
    guard_branches,  # after both, which make branches: nothing in a branch not taken may overflow or be nan
)

# Program -> Program: pure statements, complete and runnable after each of them.
PURE_PASSES = (
    without_unused,  # first, since the passes below count uses
    fill_gradients,  # gradients that are no array of their own, before the rest asks what a result is
    add_axes_back,  # a reduced axis that is wanted again is kept (keepdims)
    sum_by_products,  # a sum over a leading axis is a product with ones, which is faster
)

# Program -> Program: the same statements, told where to write.
LAST_PASSES = (
    place_results,  # what is written in place and what into scratch arrays; after all that changes statements
    name_values,  # after places: what is written over in one go bears one name
)


def lower(derivation: Derivation) -> Program:
    """The program of the module: predictions, loss, loss and gradients."""
    program = pure(derivation)
    for program_pass in LAST_PASSES:
        program = program_pass(program)
    return program


def pure(derivation: Derivation) -> Program:
    """The program before anyone has thought of memory."""
    program = _written(derivation)
    for program_pass in PURE_PASSES:
        program = program_pass(program)
    return program


def _written(derivation: Derivation) -> Program:
    network = derivation.network
    backward = derivation.backward
    for network_pass in NETWORK_PASSES:
        backward = network_pass(backward)
    statements, values = lower_equations(backward)
    statements = annotate(statements, values, derivation)
    return Program(
        name=network.name,
        doc=network.doc,
        dims=network.dims,
        inputs=network.inputs,
        loss=derivation.loss,
        routines=_routines(derivation, statements, values),
        facts=tuple(f for f in network.facts if f.label in derivation.facts),
        functions=network.functions,
        checks=fact_routine(network, derivation.facts),
        extents=doubtful_extents(network),
        gradient_numbers=tuple((p, (n,)) for p, g in derivation.gradients if (n := derivation.number(g)) is not None),
    )


def _routines(
    derivation: Derivation, statements: tuple[Statement, ...], values: dict[str, Operand]
) -> tuple[Routine, ...]:
    network = derivation.network
    everything = tuple(t.name for t in network.inputs)
    data, predicted = predictions(network, derivation.loss)
    loss = (derivation.loss, values[derivation.loss])
    gradients = tuple((p, values[name]) for p, name in derivation.gradients)
    return (
        Routine("forward", data + network.parameters, statements, tuple((n, values[n]) for n in predicted)),
        Routine("loss", everything, statements, (loss,)),
        Routine("loss_and_gradients", everything, statements, (loss, *gradients)),
    )
