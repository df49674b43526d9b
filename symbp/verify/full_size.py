"""A module at the literal sizes that were written, once: it is checked at smaller ones, and this shows that it runs.

In random directions, one for each parameter, its loss changes as its gradients say. A module of someone's own, whose
sizes are too large for the witnesses, is held against one that they have found right, entry by entry. Where a run
would take long, or no data are known to do, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from symbp.core.equality import Check
from symbp.core.network import LABELS, PARAM, Network, Tensor
from symbp.core.traverse import reads
from symbp.errors import CheckFailed
from symbp.verify.arrays import Array, Parts, to_parts, told
from symbp.verify.draw import draw_inputs
from symbp.verify.extents import is_plain, value_of
from symbp.verify.kinks import has_stops
from symbp.verify.lengths import entries, most_terms
from symbp.verify.needs import needs
from symbp.verify.sizes import Sizes, choose_sizes
from symbp.verify.subject import Subject, Wrong, load
from symbp.verify.systems import DOMAIN_ERRORS, LANES
from symbp.verify.world import World

DIRECTION, MODULE = "random directions", "symbp's module"
DIRECTION_BOUND, MODULE_BOUND = 1e-4, 1e-9
# Where a step crosses the kink of one entry of thousands a shorter one does not; a wrong gradient is wrong at each.
STEPS = (1e-6, 1e-7, 1e-8)
ABSENT = 0.2  # of labels that may name no class
NOISE = 16 * float(np.finfo(float).eps)
# With so many entries in all, and so many terms of one equation, a run takes a moment.
MOST_ENTRIES, MOST_TERMS = 8_000_000, 30_000_000
# So many entries that facts speak of are drawn in a moment, one after the other.
MOST_TIED = 50_000


def check_full_size(
    network: Network, small: Network, module: str | Path, right: str | None = None
) -> tuple[Check, ...]:
    """The module, a text or a file, at its own literal sizes; `small` is the same network at those that were checked.

    `right` is the text of a module that is right, which the given one is held against; without data nothing can be
    said of that, which is a failure.
    """
    if right is None and has_stops(network):  # its loss moves what its gradients take for a constant
        return ()
    sizes = choose_sizes(small, needs(small, small.outputs[0]))
    try:
        with closing(load(module, network)) as subject:
            found = _run(network, sizes, subject)
            if found is None:
                return () if right is None else (_failed("no data are known at which it could be run in short time"),)
            parts, loss, gradients = found
            if right is None:
                return tuple(_along(network, subject, parts, gradients))
            with closing(load(right, network)) as other:
                return _beside(network, other, parts, loss, gradients)
    except (Wrong, CheckFailed) as error:
        return (_failed(str(error)),)


def _failed(note: str) -> Check:
    return Check("module", "at its own sizes", 1, math.inf, 0.0, note)


Run = tuple[dict[str, Parts], float, dict[str, Parts]]


def _run(network: Network, sizes: Sizes, subject: Subject) -> Run | None:
    """Data with the loss and the gradients there: of either sign, or else positive."""
    values = dict(sizes.values)
    if any(t.each is not None or not all(map(is_plain, t.shape)) for t in network.inputs):
        return None
    if sum(entries(t.shape, values) for t in network.inputs) > MOST_ENTRIES:
        return None
    if most_terms(network, values) > MOST_TERMS:
        return None
    tied = _tied(network)
    if sum(entries(t.shape, values) for t in tied.inputs) > MOST_TIED:
        return None
    for positive in (False, True):
        generator = np.random.default_rng(0)
        parts = {t.name: _draw(t, sizes, generator, positive) for t in network.inputs} | told(network, sizes)
        try:
            parts |= _obeying(tied, sizes, positive)
        except (CheckFailed, *DOMAIN_ERRORS):
            continue
        try:
            loss, gradients = subject.run(parts)
        except Wrong:
            if positive:
                raise
            continue
        if math.isfinite(loss):
            return parts, loss, _gradients(network, subject, gradients)
    return None


def _tied(network: Network) -> Network:
    """The inputs of which facts are stated, with these, and nothing else."""
    named = {r.tensor for f in network.facts for r in reads(f.statement)}
    return replace(network, inputs=tuple(t for t in network.inputs if t.name in named), equations=(), outputs=())


def _obeying(tied: Network, sizes: Sizes, positive: bool) -> dict[str, Parts]:
    """Entries as the facts demand, one after the other; CheckFailed where none are found."""
    if not tied.inputs:
        return {}
    plain = Random.random if positive else lambda generator: generator.gauss(0, 1)
    small = {
        t.name: lambda generator, t=t: generator.gauss(0, 1) / math.sqrt(max(value_of(p, sizes) for p in t.shape))
        for t in tied.inputs
        if t.kind == PARAM and t.shape and not positive
    }
    drawn = draw_inputs(World(tied, sizes, LANES), Random(0), plain, small)
    return {t.name: to_parts(t, drawn[t.name]) for t in tied.inputs}


def _gradients(network: Network, subject: Subject, gradients: Mapping[str, Any]) -> dict[str, Parts]:
    return {t.name: subject.gradient(t, gradients) for t in network.inputs if t.kind == PARAM}


def _draw(tensor: Tensor, sizes: Sizes, generator: np.random.Generator, positive: bool) -> Parts:
    """Parameters are small, so that sums of many terms are of order 1."""
    shape = tuple(value_of(p, sizes) for p in tensor.shape)
    if tensor.kind == LABELS:
        assert tensor.classes is not None
        drawn: Array = generator.integers(0, value_of(tensor.classes, sizes), shape)
        if tensor.absent is not None:
            drawn = np.where(generator.random(shape) < ABSENT, tensor.absent, drawn)
    else:
        drawn = generator.uniform(0.1, 1.1, shape) if positive else generator.normal(size=shape)
        if tensor.kind == PARAM and not positive:
            drawn = drawn / math.sqrt(max(1, max(shape, default=1)))
    return [((), drawn)]


def _along(network: Network, subject: Subject, parts: dict[str, Parts], gradients: dict[str, Parts]) -> list[Check]:
    generator = np.random.default_rng(1)
    return [_direction(subject, t.name, parts, gradients[t.name], generator) for t in network.inputs if t.kind == PARAM]


def _direction(
    subject: Subject, name: str, parts: dict[str, Parts], gradient: Parts, generator: np.random.Generator
) -> Check:
    """The slope of the loss along a random direction, to what a direction at random gives on the whole."""
    (head, array), (_, slope) = parts[name][0], gradient[0]
    if slope.shape != array.shape:
        return Check(name, DIRECTION, 1, math.inf, DIRECTION_BOUND, f"its shape is {slope.shape}, not {array.shape}")
    direction = generator.normal(size=array.shape)
    found, error, note = float(np.vdot(slope, direction)), math.inf, ""
    for step in STEPS:
        ends = [subject.loss({**parts, name: [(head, array + sign * step * direction)]}) for sign in (1, -1)]
        right = (ends[0] - ends[1]) / (2 * step)
        scale = max(float(np.linalg.norm(slope)), abs(right), 1e-3 * max(1.0, abs(ends[0])))
        if step < STEPS[0] and NOISE * abs(ends[0]) / step > DIRECTION_BOUND * scale:
            break
        off = abs(found - right) / scale
        if not off >= error:
            error, note = off, f"along a random direction {found:.9g}, the losses give {right:.9g}"
        if error <= DIRECTION_BOUND:
            return Check(name, DIRECTION, 1, error, DIRECTION_BOUND)
    return Check(name, DIRECTION, 1, error if math.isfinite(error) else math.inf, DIRECTION_BOUND, note)


def _beside(
    network: Network, other: Subject, parts: dict[str, Parts], loss: float, gradients: dict[str, Parts]
) -> tuple[Check, ...]:
    right, table = other.run(parts)
    checks = [_close("loss", np.asarray(loss), np.asarray(right))]
    for name, expected in _gradients(network, other, table).items():
        checks.append(_close(name, gradients[name][0][1], expected[0][1]))
    return tuple(checks)


def _close(name: str, got: Array, right: Array) -> Check:
    if got.shape != right.shape:
        note = f"the gradient of {name} has the shape {got.shape}, expected was {right.shape}"
        return Check(name, MODULE, 1, math.inf, MODULE_BOUND, note)
    off = np.abs(got - right)
    error = float(np.max(off, initial=0.0)) / max(float(np.max(np.abs(right), initial=0.0)), 1e-3)
    worst = np.unravel_index(int(np.argmax(off)), off.shape)
    where = f"{name}{list(map(int, worst))}" if off.ndim else name
    note = "" if error <= MODULE_BOUND else f"{where} is {got[worst]:.9g}, {MODULE} gives {right[worst]:.9g}"
    return Check(name, MODULE, right.size, error if math.isfinite(error) else math.inf, MODULE_BOUND, note)
