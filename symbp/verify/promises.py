"""What a module promises besides right numbers: exactness at every scale, dictionaries used again, float32, its inputs.

Of a module of someone's own, which is judged on its mathematics, some of it is only said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symbp.core.equality import ROUNDING
from symbp.core.integers import Poly
from symbp.core.network import PARAM, Tensor
from symbp.verify import scales
from symbp.verify.arrays import flat
from symbp.verify.draw import Draw
from symbp.verify.scales import at_every_scale
from symbp.verify.scope import Key
from symbp.verify.subject import OPTIONAL
from symbp.verify.tally import INTERFACE, LOSS_BOUND, SINGLE_BOUND, distance, scale_of
from symbp.verify.trial import Trial, arguments_of, run, terms_of


def check_scales(trial: Trial, needed: Sequence[Poly]) -> None:
    """Of a given module it is only said where it is less exact, for it is judged on its mathematics."""
    found = at_every_scale(
        trial.network, trial.loss, trial.subject, lambda parts: run(trial.subject, parts), tuple(needed)
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


def check_interface(trial: Trial, one: Draw, two: Draw) -> None:
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
    first, second = (arguments_of(trial, d) for d in (one, two))
    kept: dict[str, Any] = {o: {} for o in options}
    run(trial.subject, first, **kept)
    loss, again = run(trial.subject, second, **kept)
    right, fresh = run(trial.subject, second)
    tally.add(abs(loss - right) / max(1.0, abs(right)), f"with {said} of an earlier call the loss is {loss:.9g}")
    for tensor, a, b in _both(trial, again, fresh):
        tally.count += 1
        scale = max([abs(v) for v in b.values() if math.isfinite(v)] + [1.0])
        note = f"with {said} of an earlier call the gradient of {tensor.name} differs from a fresh one"
        tally.add(max(distance(a.get(key, math.inf), v) for key, v in b.items()) / scale, note)


def _single(trial: Trial, one: Draw) -> None:
    """float32 parameters give gradients near those in float64: in float32, or else that is said of a given module."""
    tally = trial.tally("float32", INTERFACE, SINGLE_BOUND)
    tally.vacuous = False
    trial.terms = terms_of(trial, one)
    _, single = run(trial.subject, arguments_of(trial, one, "float32"))
    loss, double = run(trial.subject, arguments_of(trial, one))
    other: dict[str, str] = {}
    for tensor, a, b in _both(trial, single, double):
        tally.count += 1
        dtypes = {array.dtype.name for _, array in trial.subject.gradient(tensor, single)}
        if dtypes != {"float32"}:
            other[tensor.name] = ", ".join(sorted(dtypes))
        scale = scale_of(tuple(b.values()), loss)
        off = max(distance(a.get(key, math.inf), v) for key, v in b.items())
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
