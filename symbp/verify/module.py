"""A module against its witnesses: the loss by the interpreter, each gradient by complex steps and central differences.

In come a network and a module (its text, or a file of any module of the interface), out go checks. A check that fails
says which tensor, which entry, both values and what the mistake looks like.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from symbp.core.equality import Check
from symbp.core.network import PARAM, Network, Tensor
from symbp.errors import CheckFailed, NoTrial
from symbp.verify import gradients
from symbp.verify.again import Again
from symbp.verify.arrays import Parts, flat, to_parts
from symbp.verify.diagnose import Look, diagnose, diagnose_number, diagnose_shape, undecided
from symbp.verify.draw import TAMEST, Draw, draw, is_beyond_floats, numbers_with_values
from symbp.verify.gradients import Flips, compare_central
from symbp.verify.kinks import Branches, Held, has_kinks, has_stops
from symbp.verify.needs import needs
from symbp.verify.promises import check_interface, check_scales
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes, choose_sizes, other_sizes, without_two
from symbp.verify.steps import Steps
from symbp.verify.subject import Subject, Wrong, demand_shape, load
from symbp.verify.systems import DOMAIN_ERRORS, Numbers, Value
from symbp.verify.tally import (
    CENTRAL,
    COMPLEX,
    GRADIENT_BOUND,
    INTERFACE,
    INTERPRETER,
    LOSS_BOUND,
    Tally,
    distance,
    scale_of,
)
from symbp.verify.trial import Trial, arguments_of, case_of, run, terms_of
from symbp.verify.witness import Witness
from symbp.verify.world import World, plain, said


def check_module(
    network: Network,
    module: str | Path,
    *,
    backward: Network | None = None,
    adjoints: Sequence[tuple[str, str]] = (),
    seeds: int = 3,
    exact: bool = False,
) -> tuple[Check, ...]:
    """The module, given as its text or as a file, against all witnesses.

    `exact` asks of it that it is as exact as the network's definition at every scale, as symbp's own are; where a file
    is not, that is said.

    With the backward network and the names of its gradients (`adjoints`, pairs of a parameter and its gradient) each
    gradient is also held against what the interpreter makes of the derived equations.
    """
    try:
        with closing(load(module, network)) as subject:
            return _checked(network, subject, backward, dict(adjoints), seeds, exact, isinstance(module, Path))
    except NoTrial:
        raise
    except (Wrong, CheckFailed) as error:
        return (Check("module", INTERFACE, 1, math.inf, 0.0, str(error)),)


def _checked(
    network: Network,
    subject: Subject,
    backward: Network | None,
    adjoints: Mapping[str, str],
    seeds: int,
    exact: bool,
    given: bool,
) -> tuple[Check, ...]:
    needed = needs(network, network.outputs[0])
    usual = choose_sizes(network, needed)
    trial = _start(network, usual, subject, backward, adjoints)
    others = other_sizes(network, usual, 6, True, needed)
    last = trial if others == usual else _start(network, others, subject, backward, adjoints, trial.tallies)
    trial.given = given
    try:
        world, loss = trial.witness.world, trial.loss
        one, two = (_at_a_draw(trial, s) if s < seeds - 1 else draw(world, loss, s) for s in (0, 1))
        _at_a_draw(last, seeds - 1)
        if any(undecided(t.looks) for t in trial.tallies.values()):
            larger = _start(network, without_two(network, usual), subject, backward, adjoints, trial.tallies)
            _at_a_draw(larger, 0)
        check_interface(trial, one, two)
        if (exact or trial.given) and not any(t.error > t.bound for t in trial.tallies.values()):
            check_scales(trial, needed)
    except NoTrial:
        raise
    except (Wrong, CheckFailed, *DOMAIN_ERRORS) as error:
        trial.tally("module", INTERFACE, 0.0).add(math.inf, str(error))
    return tuple(t.check(trial.manner) for t in trial.tallies.values())


def _start(
    network: Network,
    sizes: Sizes,
    subject: Subject,
    backward: Network | None,
    adjoints: Mapping[str, str],
    tallies: dict[tuple[str, str], Tally] | None = None,
) -> Trial:
    """One world for both: the backward network holds the forward equations and its own."""
    loss = network.outputs[0]
    steps = {p: f"{p} by steps" for p in network.parameters}
    both = replace(backward, name=network.name) if backward else network

    def build(numbers: Numbers, by: Steps, most: float = math.inf) -> Witness:
        return Witness(World(both, sizes, numbers), loss, steps, None, by, most)

    branches = Branches(network, loss, sizes) if has_kinks(network) else None
    derived = adjoints if backward else {}
    witness = build(*numbers_with_values(network, sizes, loss))
    return Trial(network, loss, subject, witness, Again(build), branches, derived, tallies or {})


def _at_a_draw(trial: Trial, seed: int, tamer: int = 0) -> Draw:
    """All at one draw; at a tamer one where floats have no room for what the derived equations say there."""
    drawn = draw(trial.witness.world, trial.loss, seed, tamer)
    try:
        _one_draw(trial, drawn)
    except (CheckFailed, *DOMAIN_ERRORS) as error:
        if tamer == TAMEST or not is_beyond_floats(error):
            raise
        return _at_a_draw(trial, seed, tamer + 1)
    return drawn


def _one_draw(trial: Trial, drawn: Draw) -> None:
    trial.manner = trial.manner or drawn.manner
    trial.looks.clear()
    trial.witness.fill(drawn.inputs)
    trial.again.fill(drawn.inputs)
    trial.terms = terms_of(trial, drawn)
    parts = arguments_of(trial, drawn)
    loss, found = run(trial.subject, parts)
    _check_loss(trial, loss, parts)
    trial.subject.hold(parts)
    _check_names(trial, found)
    for tensor in trial.network.inputs:
        if tensor.kind == PARAM:
            try:
                _check_tensor(trial, tensor, found, parts, drawn)
            except Wrong as wrong:
                trial.tally(tensor.name, INTERFACE, 0.0).add(math.inf, str(wrong))


def _check_names(trial: Trial, found: Mapping[str, Any]) -> None:
    extra = [str(g) for g in found if g not in trial.network.parameters]
    if extra:
        note = f"loss_and_gradients returns a gradient for {', '.join(extra)}, which is no parameter"
        trial.tally("module", INTERFACE, 0.0).add(math.inf, note)


def _check_tensor(
    trial: Trial, tensor: Tensor, found: Mapping[str, Any], parts: Mapping[str, Parts], drawn: Draw
) -> None:
    table = trial.witness.adjoints[f"{tensor.name} by steps"]
    right = {key: plain(table[key]) for key in table.keys_in_order}
    got = trial.subject.gradient(tensor, found)
    demand_shape(tensor, got, to_parts(tensor, right), lambda a, b: diagnose_shape(case_of(trial), a, b))
    _check_gradient(trial, tensor, flat(got), right, parts, drawn)


def _check_loss(trial: Trial, loss: float, parts: Mapping[str, Parts]) -> None:
    right = plain(trial.witness.world.value(trial.loss))
    for value, where in ((loss, "loss_and_gradients"), (trial.subject.loss(parts), "loss")):
        tally = trial.tally("loss", INTERPRETER, LOSS_BOUND)
        tally.count += 1
        tally.vacuous = tally.vacuous and right == 0
        error = abs(value - right) / max(1.0, abs(right))
        if LOSS_BOUND < error < math.inf:
            error = abs(value - right) / max(1.0, abs(right), trial.terms.left(abs(right)) / LOSS_BOUND)
        if LOSS_BOUND < error < math.inf:
            error = trial.again.error(lambda w, v=value: _off(w.world.value(trial.loss), v), LOSS_BOUND, error)  # type: ignore[misc]
        if not error <= LOSS_BOUND:
            tally.looks.append(diagnose_number(case_of(trial), value, right))
        tally.add(error, f"{where} gives {value:.12g}, the interpreter {right:.12g}")


def _check_gradient(
    trial: Trial,
    tensor: Tensor,
    got: Mapping[Key, float],
    right: Mapping[Key, float],
    parts: Mapping[str, Parts],
    drawn: Draw,
) -> None:
    name = tensor.name
    if name in trial.backward:
        table = trial.witness.world.tables[trial.backward[name]]
        derived = {key: plain(table[key]) for key in table.keys_in_order}
        _compare(trial, name, INTERPRETER, got, derived, trial.backward[name])
    _compare(trial, name, COMPLEX, got, right, f"{name} by steps")
    tally = trial.tally(name, CENTRAL, gradients.BOUND)
    flips: Flips | None = trial.branches.flips(drawn.inputs, name) if trial.branches else None
    where = flat(parts[name])

    held = _held(trial, drawn)

    def loss(entries: Mapping[Key, float]) -> float:
        return held.at(name, entries) if held else trial.subject.loss_at(tensor, entries)

    losses = None if held else partial(trial.subject.losses_at, tensor)
    compared = compare_central(loss, where, got, flips, losses)
    tally.count += len(compared.pairs)
    tally.skipped += compared.skipped
    tally.vacuous = tally.vacuous and compared.vacuous
    error, note, key = compared.error()
    if tally.bound < error < math.inf and key is not None:
        note += f"; {gradients.sweep(loss, where, key, got[key])}"
    tally.add(error, name + note)


def _held(trial: Trial, drawn: Draw) -> Held | None:
    """What holds constant what counts as a constant: the module's own loss moves it."""
    if not has_stops(trial.network):
        return None
    return Held(trial.network, trial.loss, trial.witness.world.scope.sizes, drawn.inputs)


def _off(right: Value, value: float) -> Value:
    return (right - value) / max(1, abs(right))


def _compare(
    trial: Trial, name: str, witness: str, got: Mapping[Key, float], right: Mapping[Key, float], table: str
) -> None:
    """Entry by entry, to the largest entry of the tensor; `table` is where the witness has it."""
    tally = trial.tally(name, witness, GRADIENT_BOUND)
    tally.count += len(right)
    scale = scale_of((*right.values(), *got.values()), plain(trial.witness.world.value(trial.loss)))
    errors = {key: distance(got[key], value) / scale for key, value in right.items()}
    if max(errors.values()) > tally.bound:
        scale = max(scale, trial.terms.left(max(map(abs, right.values())), name) / tally.bound)
        errors = {key: distance(got[key], value) / scale for key, value in right.items()}
    for key in [k for k in errors if tally.bound < errors[k] < math.inf]:
        errors[key] = trial.again.error(
            lambda w, k=key: (w.world.tables[table][k] - got[k]) / scale,  # type: ignore[misc]
            tally.bound,
            errors[key],
        )
    worst = max(errors, key=errors.__getitem__)
    tally.vacuous = tally.vacuous and not any(right.values())
    if errors[worst] > tally.bound:
        tally.looks.append(_looks(trial, name, got, right))
    tally.add(errors[worst], f"{name}{said(worst)} is {got[worst]:.9g}, the {witness} gives {right[worst]:.9g}")


def _looks(trial: Trial, name: str, got: Mapping[Key, float], right: Mapping[Key, float]) -> tuple[Look, ...]:
    """What a wrong gradient looks like: worked out once for all witnesses that say the same."""
    which = name, tuple(f"{v:.6g}" for v in right.values())
    if which not in trial.looks:
        trial.looks[which] = diagnose(case_of(trial), name, got, right)
    return trial.looks[which]
