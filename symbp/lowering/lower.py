"""From a derivation to the array program of its module: the passes, in order, each with the reason for its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.build import NIL
from symbp.core.check import find_faults as faults_of_network
from symbp.core.network import Network
from symbp.lowering.again import made_again
from symbp.lowering.arrays import add_axes_back, add_slices, compare_what_stays, sum_by_products, without_unused
from symbp.lowering.blocks import products_by_blocks
from symbp.lowering.buffers import place_results
from symbp.lowering.check import find_faults
from symbp.lowering.comments import annotate
from symbp.lowering.equations import lower_equations
from symbp.lowering.extents import doubtful_extents
from symbp.lowering.factors import factors_inside
from symbp.lowering.facts import fact_routine
from symbp.lowering.gradients import fill_gradients
from symbp.lowering.guard import guard_branches
from symbp.lowering.hits import masks_at_hits
from symbp.lowering.lengths import name_lengths
from symbp.lowering.logistic import logistic_values
from symbp.lowering.names import name_values
from symbp.lowering.partial_sums import sums_of_sums
from symbp.lowering.passing import let_pass
from symbp.lowering.predictions import predictions
from symbp.lowering.program import GRADIENTS, HESSIAN, Operand, Program, Routine, Statement
from symbp.lowering.quotients import split_quotients
from symbp.lowering.ranges import box_ranges
from symbp.lowering.reuse import new_reads, reuse_sums
from symbp.lowering.rowdots import rows_by_rows
from symbp.lowering.shares import apart, shares_of, together
from symbp.lowering.single import single_terms
from symbp.lowering.stability import stabilise
from symbp.lowering.tiles import in_tiles

# Network -> Network: what the equations say stays the same for every entry.
NETWORK_PASSES = (
    let_pass,  # first: what counted as a constant in the derivation is a value like any other
    single_terms,  # before whoever asks which axes a product sums over: there is none of one entry
    box_ranges,  # ranges that depend on an index become whole ranges with a guard
    masks_at_hits,  # once ranges are whole, as the lowering of hits expects them
    stabilise,  # before the guards: it must see exp, log and sums as they were written, across named tensors
    guard_branches,  # after both, which make branches: nothing in a branch not taken may overflow or be nan
    split_quotients,  # last: what it makes of an equation is a sum, which the passes before would take for the user's
)

# Program -> Program: pure statements, complete and runnable after each of them.
PURE_PASSES = (
    without_unused,  # first, since the passes below count uses
    fill_gradients,  # gradients that are no array of their own, before the rest asks what a result is
    add_axes_back,  # a reduced axis that is wanted again is kept (keepdims)
    compare_what_stays,  # max(z, 0) > 0 is z > 0, so that z need not be kept
    add_slices,  # before the next: sums over few entries of axes that were split off are sums of slices
    logistic_values,  # before who makes arrays again, of which it leaves fewer
    sums_of_sums,  # before the next, while a sum is one
    sum_by_products,  # a sum over a leading axis is a product with ones, which is faster
    rows_by_rows,  # of those sums, the ones of products
    made_again,  # what is cheap and would wait long
    factors_inside,  # scores are the largest arrays there are
    products_by_blocks,  # after the one before, whose products are sums
)

# Program -> Program: the same statements, in blocks, and told where to write.
LAST_PASSES = (
    in_tiles,  # before the next, which gives a loop's body arrays of its own
    place_results,  # what is written in place and what into scratch arrays; after all that changes statements
    name_values,  # after places: what is written over in one go bears one name
    name_lengths,  # last: nothing after it asks whether two lengths are the same
)


def lower(derivation: Derivation, product: HessianProduct | None = None) -> Program:
    """The program of the module: predictions, loss, loss and gradients, and the Hessian times a vector if asked for."""
    return placed(pure(derivation, product))


def pure(derivation: Derivation, product: HessianProduct | None = None) -> Program:
    """The program before anyone has thought of memory."""
    return _through(PURE_PASSES, _written(derivation, product), find_faults)


def placed(program: Program) -> Program:
    """A pure program with a place for each result, and names, as NumPy would have them."""
    return _through(LAST_PASSES, program, find_faults)


T = TypeVar("T", Network, Program)


def _through(passes: Sequence[Callable[[T], T]], value: T, faults: Callable[[T], Iterable[str]]) -> T:
    """The value after all passes; with SYMBP_CHECK=1 AssertionError that names the first that broke it."""
    for one in passes:
        value = one(value)
        if os.environ.get("SYMBP_CHECK"):
            found = tuple(faults(value))
            assert not found, f"{one.__name__} broke {value.name}: {'; '.join(found)}"
    return value


def _written(derivation: Derivation, product: HessianProduct | None) -> Program:
    network = derivation.network
    hessian = () if product is None else (_hessian(product),)
    return Program(
        name=network.name,
        doc=network.doc,
        dims=network.dims,
        inputs=network.inputs,
        loss=derivation.loss,
        routines=(*_routines(derivation), *hessian),
        facts=tuple(f for f in network.facts if f.label in derivation.facts),
        functions=network.functions,
        checks=fact_routine(network, derivation.facts),
        kinks=bool(derivation.kinks),
        extents=doubtful_extents(network),
    )


def _routines(derivation: Derivation) -> tuple[Routine, ...]:
    network = derivation.network
    statements, values = _statements(derivation.backward, derivation)
    everything = tuple(t.name for t in network.inputs)
    data, predicted = predictions(network, derivation.loss)
    loss = (derivation.loss, values[derivation.loss])
    gradients = tuple((p, values[name]) for p, name in derivation.gradients)
    numbers = _numbers(derivation.gradients, derivation)
    return (
        Routine("forward", data + network.parameters, statements, tuple((n, values[n]) for n in predicted)),
        Routine("loss", everything, statements, (loss,)),
        Routine(GRADIENTS, everything, statements, (loss, *gradients), numbers),
    )


def _hessian(product: HessianProduct) -> Routine:
    network = product.gradient.network
    statements, values = _statements(product.network, product)
    parts = tuple((p, values[name]) for p, name in product.products)
    return Routine(
        name=HESSIAN,
        inputs=tuple(t.name for t in network.inputs),
        statements=statements,
        results=(("", NIL), *parts),
        numbers=_numbers(product.products, product),
        vector=tuple(dict(product.tangents)[p] for p in network.parameters),
    )


def _statements(
    network: Network, derivation: Derivation | HessianProduct
) -> tuple[tuple[Statement, ...], dict[str, Operand]]:
    """The statements of a network, annotated, and the value of each of its tensors."""
    shares = shares_of(network.facts, network.dims)
    passed = _through(NETWORK_PASSES, apart(network, shares), faults_of_network)
    shorter = reuse_sums(passed)  # after all of them: it compares what they have made of each equation
    statements, values = together(lower_equations(shorter), shares)
    return annotate(statements, values, network, derivation, new_reads(passed, shorter)), values


def _numbers(
    results: tuple[tuple[str, str], ...], derivation: Derivation | HessianProduct
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The number of the equation that gives what belongs to each parameter."""
    return tuple((p, (n,)) for p, name in results if (n := derivation.number(name)) is not None)
