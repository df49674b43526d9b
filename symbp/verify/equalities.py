"""Every `=` of a derivation, evaluated on both sides.

The value of an adjoint is the witness's: dL/d(entry) by a complex step through everything downstream. No equation of
the backward network defines it, so a wrong chain rule cannot agree with itself. `error` is |a - b| to the larger of 1,
|a|, |b|; where floats make that too large, both sides are worked out again in mpmath, which tells what cancels from
what is wrong (`again`). The 1 is safe because the data are drawn near 1 and an equality whose sides stay below
`VISIBLE` is not counted as tested but as vacuous.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from symbp.core.equality import Check, Equality
from symbp.core.example import Example
from symbp.core.expr import Expr, Partial, Read
from symbp.core.integers import Index
from symbp.core.network import LABELS, Network
from symbp.core.traverse import free_indices
from symbp.errors import CheckFailed, NoTrial
from symbp.verify.again import Again
from symbp.verify.coverage import covering
from symbp.verify.draw import TAMEST, Draw, Drawn, draw, is_beyond_floats, numbers_with_values
from symbp.verify.grid import Array
from symbp.verify.needs import needs
from symbp.verify.sample import (
    Box,
    Entries,
    Rows,
    affordable,
    by_turns,
    combinations,
    in_order,
    inner,
    some_of,
    telling_entries,
)
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes, choose_sizes, other_sizes, without_two
from symbp.verify.steps import Steps
from symbp.verify.systems import DOMAIN_ERRORS, Numbers, Value
from symbp.verify.tangents import Moved
from symbp.verify.witness import Witness
from symbp.verify.world import World

BOUND = 1e-12
VISIBLE = 1e-6
# Of a chain that starts with an expression, that is looked at where it may be 0: so many times as often as is checked.
LOOKED_AT = 4
# What the name of a backward network ends in, which no user wrote.
BACKWARD = "_backward"


@dataclass(frozen=True, slots=True)
class Instance:
    """Sizes, and inputs that are not drawn: with labels, what an entry reads changes."""

    sizes: Sizes
    held: Drawn = field(default_factory=dict)


def instance_of(network: Network, example: Example) -> Instance:
    """The sizes and the labels of an example."""
    labels = [t.name for t in network.inputs if t.kind == LABELS]
    held: Drawn = {name: {key: int(v) for key, v in example.values[name].items()} for name in labels}
    return Instance(Sizes(dict(example.sizes)), held)


class Side:
    """One side of an equality. It remembers its values at one draw: a chain a = b = c evaluates b once."""

    def __init__(self, expr: Expr, indices: tuple[Index, ...], witness: Witness, where: str):
        self.expr, self.indices, self.witness, self.where = expr, indices, witness, where
        self.known: dict[Entries, Array] = {}

    def at(self, entries: Entries, count: int) -> Array:
        """Its values at the first of the entries; what is wrong with them is said with the place of the equality."""
        known = self.known.get(entries, np.zeros(0))
        if len(known) < count:
            try:
                more = self.witness.values(self.expr, self.indices, entries.rows[len(known) : count])
            except (CheckFailed, *DOMAIN_ERRORS) as error:
                raise CheckFailed(f"{self.where}: {error}") from error
            self.known[entries] = known = np.concatenate((known, np.asarray(more).astype(float)))
        return known[:count]


@dataclass(slots=True)
class Finding:
    """What is known of one equality so far: its worst error and where, and the largest value it took.

    `start` is the left side of the chain that it belongs to; of all its entries, `keys`, it is evaluated at `most`.
    """

    equality: Equality
    start: Expr
    indices: tuple[Index, ...]
    lhs: Side
    rhs: Side
    keys: Rows | Box
    most: int
    error: float = 0.0
    worst: str = ""
    largest: float = 0.0


def check_equalities(
    network: Network,
    loss: str,
    adjoints: Sequence[tuple[str, str]],
    equalities: Sequence[Equality],
    seeds: int = 3,
    tangents: Sequence[tuple[str, str]] = (),
    at: Instance | None = None,
) -> Check:
    """All equalities at `seeds` draws, and at more where branches are chosen by values.

    The note names the first that fails, with the entry and both values.

    `network` holds the forward equations; equations of it that define an adjoint are set aside. `adjoints` pairs each
    quantity with the name of its adjoint, `tangents` with that of its tangent: the parameters' are inputs, the others
    come from the equations of `network`, those of adjoints among them, by a step of all parameters. Equalities of
    single entries hold `at` an instance.
    """
    names = dict(adjoints)
    kept = tuple(e for e in network.equations if e.name not in names.values())
    forward = replace(network, name=network.name.removesuffix(BACKWARD), equations=kept)
    try:
        findings, notes = list[Finding](), dict[str, None]()
        for sizes, some in _sizes(network, forward, loss, range(seeds), at):

            def build(numbers: Numbers, steps: Steps, most: float = math.inf, sizes: Sizes = sizes) -> Witness:
                moved = Moved(network, sizes, tangents, numbers, steps) if tangents else None
                return Witness(World(forward, sizes, numbers), loss, names, moved, steps, most)

            witness = build(*numbers_with_values(forward, sizes, loss))
            found = _evaluate_all(witness, Again(build), equalities, some, notes, at.held if at else {})
            findings = [_worse(a, b) for a, b in zip(findings, found, strict=True)] if findings else found
    except NoTrial:
        raise
    except (CheckFailed, *DOMAIN_ERRORS) as error:
        return Check("equalities", "interpreter", len(equalities), math.inf, BOUND, str(error))
    return _conclude(findings, list(notes))


def _sizes(
    network: Network, forward: Network, loss: str, seeds: range, at: Instance | None
) -> Iterator[tuple[Sizes, Sequence[int]]]:
    """The sizes with the draws at which they are used: where some sizes are the same, the last is at others."""
    if at is not None:
        yield at.sizes, seeds
        return
    needed = needs(network, loss)
    usual = without_two(network, choose_sizes(network, needed))
    others = other_sizes(network, usual, 2, needed=needed)
    if others == usual:
        yield usual, covering(forward, loss, usual, seeds)
    else:
        yield from ((usual, seeds[:-1]), (others, seeds[-1:]))


def _worse(a: Finding, b: Finding) -> Finding:
    """The finding with the larger error, and the largest value of both."""
    chosen = a if b.error <= a.error else b
    chosen.largest = max(a.largest, b.largest)
    return chosen


def _evaluate_all(
    witness: Witness,
    again: Again,
    equalities: Sequence[Equality],
    seeds: Sequence[int],
    notes: dict[str, None],
    held: Drawn,
) -> list[Finding]:
    findings = _prepare(equalities, witness)
    for seed in seeds:
        drawn = _evaluate_at(witness, again, findings, seed, held)
        if drawn.manner:
            notes[drawn.manner] = None
    return findings


def _evaluate_at(
    witness: Witness, again: Again, findings: list[Finding], seed: int, held: Drawn, tamer: int = 0
) -> Draw:
    """All of them at one draw; at a tamer one where floats have no room for what some equality shows."""
    drawn = draw(witness.world, witness.loss, seed, tamer)
    witness.fill(drawn.inputs | held)
    again.fill(drawn.inputs | held)
    try:
        for finding, entries in _with_entries(findings, witness, seed):
            _evaluate(finding, entries, again)
    except (CheckFailed, *DOMAIN_ERRORS) as error:
        if tamer == TAMEST or not is_beyond_floats(error):
            raise
    else:
        return drawn
    finally:
        for finding in findings:
            finding.lhs.known.clear()
            finding.rhs.known.clear()
    return _evaluate_at(witness, again, findings, seed, held, tamer + 1)


def _prepare(equalities: Sequence[Equality], witness: Witness) -> list[Finding]:
    scope = witness.scope
    sides: dict[tuple[Expr, tuple[Index, ...]], Side] = {}
    findings: list[Finding] = []
    for equality in equalities:
        indices = _indices(equality)
        lhs, rhs = (
            sides.setdefault((e, indices), Side(e, indices, witness, equality.where))
            for e in (equality.lhs, equality.rhs)
        )
        chained = findings and findings[-1].equality.rhs == equality.lhs
        start = findings[-1].start if chained else equality.lhs
        keys, most = combinations(indices, scope), affordable((equality.lhs, equality.rhs), scope)
        findings.append(Finding(equality, start, indices, lhs, rhs, keys, most))
    return findings


def _with_entries(findings: list[Finding], witness: Witness, seed: int) -> Iterator[tuple[Finding, Entries]]:
    """Each with the entries at which it is evaluated; all steps of a chain go through them in the same order."""
    everywhere: dict[tuple[Index, ...], Entries] = {}
    orders: dict[tuple[Expr, tuple[Index, ...]], Entries] = {}
    for finding in findings:
        if len(finding.keys) <= finding.most:
            if finding.indices not in everywhere:
                everywhere[finding.indices] = Entries(finding.keys.all())
            yield finding, everywhere[finding.indices]
            continue
        chain = finding.start, finding.indices
        if chain not in orders:
            orders[chain] = Entries(in_order(finding.keys, _telling(finding, witness, seed), seed))
        yield finding, orders[chain]


def _telling(finding: Finding, witness: Witness, seed: int) -> Array:
    """Entries at which the start of the chain is not 0, and others by turns; for plain loops that is too much work."""
    start, indices, scope = finding.start, finding.indices, witness.scope
    if isinstance(start, (Partial, Read)) or witness.arrays is None:
        return telling_entries(start, indices, scope, seed)
    rows = some_of(finding.keys, LOOKED_AT * affordable((start,), scope), seed)
    try:
        values = np.asarray(witness.values(start, indices, rows))
    except (CheckFailed, *DOMAIN_ERRORS):  # which the equality will say, where it comes upon the same
        return rows[:0]
    return by_turns(rows[values != 0], rows[values == 0])


def _indices(equality: Equality) -> tuple[Index, ...]:
    indices = _outer_first(tuple(dict.fromkeys((*free_indices(equality.lhs), *free_indices(equality.rhs)))))
    names = [i.name for i in indices]
    if len(set(names)) < len(names):
        raise CheckFailed(f"{equality.where}: both sides use the index {_twice(names)}, but with different ranges")
    return indices


def _outer_first(indices: tuple[Index, ...]) -> tuple[Index, ...]:
    """An index whose range depends on another comes after it."""

    def depth(index: Index) -> int:
        return 1 + max((depth(i) for i in inner(index)), default=0)

    return tuple(sorted(indices, key=depth))


def _twice(names: list[str]) -> str:
    return next(n for n in names if names.count(n) > 1)


def _evaluate(finding: Finding, entries: Entries, again: Again) -> None:
    count = min(finding.most, len(entries))
    with np.errstate(all="ignore"):
        a, b = finding.lhs.at(entries, count), finding.rhs.at(entries, count)
        larger = np.maximum(np.abs(a), np.abs(b))
        finding.largest = max(finding.largest, float(np.max(larger, initial=0.0)))
        errors = np.where(a == b, 0.0, np.abs(a - b) / np.maximum(1.0, larger))
    beyond = np.flatnonzero(~(errors <= min(BOUND, finding.error)))
    for place in map(int, beyond):
        key, error = entries.key(place), float(errors[place])
        if not error <= BOUND:
            error = again.error(lambda witness, k=key: _difference(finding, k, witness), BOUND, error)  # type: ignore[misc]
        if not error <= finding.error:
            finding.error = math.inf if math.isnan(error) else error
            finding.worst = f"{_place(finding.indices, key)}{a[place]:.12g} against {b[place]:.12g}"


def _place(indices: tuple[Index, ...], key: Key) -> str:
    text = ", ".join(f"{i.name} = {v}" for i, v in zip(indices, key, strict=True))
    return f"at {text}: " if text else ""


def _difference(finding: Finding, key: Key, witness: Witness) -> Value:
    rows = np.array([key], np.int64)
    a, b = (witness.values(e, finding.indices, rows)[0] for e in (finding.equality.lhs, finding.equality.rhs))
    return abs(a - b) / max(1, abs(a), abs(b))


def _conclude(findings: list[Finding], notes: list[str]) -> Check:
    worst = max((f.error for f in findings), default=0.0)
    failed = [f for f in findings if not f.error <= BOUND]
    vacuous = [f for f in findings if f.largest < VISIBLE]
    if failed:
        more = f"; {len(failed)} of {len(findings)} equalities fail" if len(failed) > 1 else ""
        notes = [f"{failed[0].equality.where} {failed[0].worst}{more}"]
    elif vacuous:
        notes = [*notes, f"{len(vacuous)} vacuous, both sides 0: {', '.join(f.equality.where for f in vacuous[:3])}"]
    return Check("equalities", "interpreter", len(findings), worst, BOUND, "; ".join(notes))
