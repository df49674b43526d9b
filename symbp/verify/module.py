"""A module against its witnesses: the loss by the interpreter, each gradient by complex steps and central differences.

In come a network and a module (its text, or a file of any module of the interface), out go checks. A check that fails
says which tensor, which entry, both values and what the mistake looks like.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from symbp.core.equality import ROUNDING, Check
from symbp.core.integers import Poly
from symbp.core.network import PARAM, Network, Tensor
from symbp.errors import CheckFailed, NoTrial
from symbp.verify import gradients, scales
from symbp.verify.again import Again
from symbp.verify.arrays import Parts, arguments, flat, to_parts
from symbp.verify.diagnose import Case, Look, agreed, diagnose, diagnose_number, diagnose_shape, undecided
from symbp.verify.draw import TAMEST, Draw, draw, is_beyond_floats, numbers_with_values
from symbp.verify.gradients import Flips, compare_central
from symbp.verify.kinks import Branches, Held, has_kinks, has_stops
from symbp.verify.needs import needs
from symbp.verify.scales import at_every_scale
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes, choose_sizes, other_sizes, without_two
from symbp.verify.steps import Steps
from symbp.verify.subject import OPTIONAL, Subject, Wrong, demand_shape, load
from symbp.verify.systems import DOMAIN_ERRORS, Numbers, Value
from symbp.verify.tape import Slopes, slopes
from symbp.verify.witness import Witness
from symbp.verify.world import World, plain, said

LOSS_BOUND = 1e-12
GRADIENT_BOUND = 1e-9
SINGLE_BOUND = 1e-3
# So many times what rounding makes of a definition that is differentiated plainly is no mistake.
PLAIN = 8
# Gradients smaller than this beside the loss are compared absolutely: rounding in them comes from terms of order 1.
SMALLEST_SCALE = 1e-3
INTERPRETER, COMPLEX, CENTRAL, INTERFACE = "interpreter", "complex step", "central difference", "interface"


@dataclass(slots=True)
class Tally:
    """One check in the making, over all seeds."""

    name: str
    witness: str
    bound: float
    count: int = 0
    error: float = 0.0
    note: str = ""
    vacuous: bool = True
    skipped: int = 0
    remark: str = ""  # what is worth saying of a check that passes
    looks: list[tuple[Look, ...]] = field(default_factory=list)  # what the mistake looks like at each draw

    def add(self, error: float, note: str = "") -> None:
        """One more comparison; the worst one's note is kept where it is beyond the bound."""
        error = math.inf if math.isnan(error) else error
        if error > self.error:
            self.error = error
            self.note = note if error > self.bound else ""

    def check(self, manner: str) -> Check:
        notes = [": ".join(filter(None, (self.note, agreed(self.looks))))] if self.note else []
        if self.error <= self.bound:
            notes = [manner] if manner else []
            notes += ["vacuous: 0 on both sides"] if self.vacuous and self.count else []
            notes += [f"{self.skipped} skipped at kinks"] if self.skipped else []
            notes += [self.remark] if self.remark else []
        return Check(self.name, self.witness, self.count, self.error, self.bound, "; ".join(notes))


@dataclass(slots=True)
class Terms:
    """What rounding makes of the loss and of each gradient at a draw, worked out when it is first asked for."""

    slopes: Callable[[], Slopes] | None = None
    found: Slopes | None = None

    def left(self, value: float, name: str = "", *, single: bool = False) -> float:
        """What may be left of terms that cancel, where a value is no larger than that; else 0: it has digits to ask."""
        rounding = PLAIN * self._rounding(name, single)
        return rounding if value <= rounding else 0.0

    def _rounding(self, name: str, single: bool) -> float:
        """That of a gradient, or of the loss, where it is computed plainly; 0 where nothing is known."""
        if self.slopes is not None:
            compute, self.slopes = self.slopes, None
            try:
                self.found = compute()
            except (ArithmeticError, ValueError):  # at a kink, or at a pole
                self.found = None
        if self.found is None:
            return 0.0
        found = self.found.gradients[name].values() if name else (self.found.loss,)
        return max(s.single if single else s.double for s in found)


@dataclass(slots=True)
class Trial:
    """A module and its witness at one draw after the other."""

    network: Network
    loss: str
    subject: Subject
    witness: Witness
    again: Again
    branches: Branches | None
    backward: Mapping[str, str] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    manner: str = ""
    terms: Terms = field(default_factory=lambda: Terms())
    looks: dict[object, tuple[Look, ...]] = field(default_factory=dict)  # those of this draw, by the gradient
    given: bool = False  # a module of someone's own, of which the mathematics is asked

    def tally(self, name: str, witness: str, bound: float) -> Tally:
        """The check of that name against that witness."""
        return self.tallies.setdefault((name, witness), Tally(name, witness, bound))


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
        _interface(trial, one, two)
        if (exact or trial.given) and not any(t.error > t.bound for t in trial.tallies.values()):
            _scales(trial, needed)
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
    trial.terms = _terms(trial, drawn)
    parts = _arguments(trial, drawn)
    loss, found = _run(trial.subject, parts)
    _check_loss(trial, loss, parts)
    trial.subject.hold(parts)
    _check_names(trial, found)
    for tensor in trial.network.inputs:
        if tensor.kind == PARAM:
            try:
                _check_tensor(trial, tensor, found, parts, drawn)
            except Wrong as wrong:
                trial.tally(tensor.name, INTERFACE, 0.0).add(math.inf, str(wrong))


def _arguments(trial: Trial, drawn: Draw, dtype: str = "float64") -> dict[str, Parts]:
    return arguments(trial.network, trial.witness.world.scope.sizes, drawn.inputs, dtype)


def _terms(trial: Trial, drawn: Draw) -> Terms:
    network, sizes = trial.network, trial.witness.world.scope.sizes
    return Terms(lambda: slopes(network, trial.loss, sizes, drawn.inputs))


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
    demand_shape(tensor, got, to_parts(tensor, right), lambda a, b: diagnose_shape(_case(trial), a, b))
    _check_gradient(trial, tensor, flat(got), right, parts, drawn)


def _run(subject: Subject, parts: Mapping[str, Parts], **options: Any) -> tuple[Any, dict[str, Any]]:
    """A call in which a warning is an error: the interface promises none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return subject.run(parts, **options)


def _case(trial: Trial) -> Case:
    world = trial.witness.world
    names = [t.name for t in trial.network.inputs] + [e.name for e in trial.network.equations]
    values = {name: {key: plain(world.tables[name][key]) for key in world.keys(name)} for name in names}
    return Case(trial.network, trial.loss, world.scope.sizes, values)


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
            tally.looks.append(diagnose_number(_case(trial), value, right))
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
    scale = _scale((*right.values(), *got.values()), plain(trial.witness.world.value(trial.loss)))
    errors = {key: _distance(got[key], value) / scale for key, value in right.items()}
    if max(errors.values()) > tally.bound:
        scale = max(scale, trial.terms.left(max(map(abs, right.values())), name) / tally.bound)
        errors = {key: _distance(got[key], value) / scale for key, value in right.items()}
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
        trial.looks[which] = diagnose(_case(trial), name, got, right)
    return trial.looks[which]


def _scale(values: Sequence[float], loss: float) -> float:
    """What the error of a gradient is divided by: its largest entry, which is no less than a part of the loss."""
    return max([abs(v) for v in values if math.isfinite(v)] + [SMALLEST_SCALE * max(1.0, abs(loss))])


def _distance(a: float, b: float) -> float:
    return abs(a - b) if math.isfinite(a) and math.isfinite(b) else math.inf


# As exact as the definition, at every scale.


def _scales(trial: Trial, needed: Sequence[Poly]) -> None:
    """Of a given module it is only said where it is less exact, for it is judged on its mathematics."""
    found = at_every_scale(
        trial.network, trial.loss, trial.subject, lambda parts: _run(trial.subject, parts), tuple(needed)
    )
    for name, outcome in found.by_name.items():
        tally = trial.tally(name or "loss", ROUNDING, scales.BOUND)
        tally.count, tally.vacuous = outcome.count, outcome.nought
        if outcome.error <= scales.BOUND or not trial.given:
            tally.add(outcome.error, outcome.note)
        else:
            tally.remark = f"{outcome.note}, off by more than rounding"
    if found.failure and trial.given:
        trial.tally("loss", ROUNDING, scales.BOUND).remark = found.failure
    elif found.failure:
        trial.tally("module", ROUNDING, 0.0).add(math.inf, found.failure)
    if found.skipped:
        tally = trial.tally("loss", ROUNDING, scales.BOUND)
        draws = "kinds of data" if found.skipped > 1 else "kind of data"
        tally.remark = "; ".join(filter(None, (tally.remark, f"{found.skipped} {draws} skipped at poles and kinks")))


# What the interface promises besides right numbers.


def _interface(trial: Trial, one: Draw, two: Draw) -> None:
    if any((t.name, INTERFACE) in trial.tallies for t in trial.network.inputs):
        return
    options = [o for o in OPTIONAL if trial.subject.accepts(o)]
    if options:
        _reuse(trial, one, two, options)
    _single(trial, one)
    tally = trial.tally("inputs unchanged", INTERFACE, 0.0)
    tally.vacuous, tally.count = False, len(trial.network.inputs)
    if trial.subject.changed:
        tally.add(math.inf, f"a call changes {', '.join(trial.subject.changed)}")


def _reuse(trial: Trial, one: Draw, two: Draw, options: list[str]) -> None:
    """A second call that gets the first one's dictionaries gives what a fresh one gives."""
    said = " and ".join(options)
    tally = trial.tally(f"{said} reused", INTERFACE, LOSS_BOUND)
    tally.vacuous = False
    first, second = (_arguments(trial, d) for d in (one, two))
    kept: dict[str, Any] = {o: {} for o in options}
    _run(trial.subject, first, **kept)
    loss, again = _run(trial.subject, second, **kept)
    right, fresh = _run(trial.subject, second)
    tally.add(abs(loss - right) / max(1.0, abs(right)), f"with {said} of an earlier call the loss is {loss:.9g}")
    for tensor, a, b in _both(trial, again, fresh):
        tally.count += 1
        scale = max([abs(v) for v in b.values() if math.isfinite(v)] + [1.0])
        note = f"with {said} of an earlier call the gradient of {tensor.name} differs from a fresh one"
        tally.add(max(_distance(a.get(key, math.inf), v) for key, v in b.items()) / scale, note)


def _single(trial: Trial, one: Draw) -> None:
    """float32 parameters give gradients near those in float64: in float32, or else that is said of a given module."""
    tally = trial.tally("float32", INTERFACE, SINGLE_BOUND)
    tally.vacuous = False
    trial.terms = _terms(trial, one)
    _, single = _run(trial.subject, _arguments(trial, one, "float32"))
    loss, double = _run(trial.subject, _arguments(trial, one))
    other: dict[str, str] = {}
    for tensor, a, b in _both(trial, single, double):
        tally.count += 1
        dtypes = {array.dtype.name for _, array in trial.subject.gradient(tensor, single)}
        if dtypes != {"float32"}:
            other[tensor.name] = ", ".join(sorted(dtypes))
        scale = _scale(tuple(b.values()), loss)
        off = max(_distance(a.get(key, math.inf), v) for key, v in b.items())
        if off > SINGLE_BOUND * scale:
            left = trial.terms.left(max(map(abs, b.values())), tensor.name, single=True)
            scale = max(scale, left / SINGLE_BOUND)
        tally.add(off / scale, f"in float32 the gradient of {tensor.name} differs from that in float64")
    if other:
        names = " and ".join(other)
        said = f"float32 parameters give {'gradients' if len(other) > 1 else 'a gradient'} of {names} in"
        note = f"{said} {', '.join(dict.fromkeys(other.values()))}"
        if trial.given:
            tally.remark = note
        else:
            tally.add(math.inf, note)


def _both(
    trial: Trial, one: Mapping[str, Any], two: Mapping[str, Any]
) -> Iterator[tuple[Tensor, dict[Key, float], dict[Key, float]]]:
    for tensor in trial.network.inputs:
        if tensor.kind == PARAM:
            yield tensor, flat(trial.subject.gradient(tensor, one)), flat(trial.subject.gradient(tensor, two))
