"""Every `=` of a derivation, evaluated on both sides.

The value of an adjoint is the witness's: dL/d(entry) by a complex step through everything downstream. No equation of
the backward network defines it, so a wrong chain rule cannot agree with itself. `error` is |a - b| to the larger of 1,
|a|, |b|; where that is too large, the size of the terms that cancelled is worked out (`rounding`) and what they may
leave is allowed for. The 1 is safe because the data are drawn near 1 and an equality whose sides stay below `VISIBLE`
is not counted as tested but as vacuous.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from symbp.core.equality import Check, Equality
from symbp.core.expr import Expr, Extreme, Sum
from symbp.core.integers import Index, Node
from symbp.core.network import Network
from symbp.core.traverse import children, free_indices, indices_of, reads
from symbp.errors import CheckFailed
from symbp.verify.draw import draw
from symbp.verify.interpret import Key, Scope, compile_at, entries, spans
from symbp.verify.rounding import SIZED, SizedTable
from symbp.verify.sizes import choose_sizes, without_two
from symbp.verify.systems import DOMAIN_ERRORS
from symbp.verify.witness import Witness
from symbp.verify.world import World

BOUND = 1e-12
VISIBLE = 1e-6
# What rounding may make of terms of size 1: a few dozen operations' worth.
ROUNDING = 64 * float(np.finfo(np.float64).eps)
# More work than this on one equality and its entries are sampled.
MOST_WORK = 150_000
FEWEST_ENTRIES = 6

Side = Callable[[Key], float]


@dataclass(slots=True)
class Finding:
    """What is known of one equality so far: its worst error and where, and the largest value it took."""

    equality: Equality
    indices: tuple[Index, ...]
    keys: list[Key]
    lhs: Side
    rhs: Side
    error: float = 0.0
    worst: str = ""
    largest: float = 0.0


def check_equalities(
    network: Network,
    loss: str,
    adjoints: Sequence[tuple[str, str]],
    equalities: Sequence[Equality],
    seeds: int = 3,
) -> Check:
    """All equalities at `seeds` draws. The note names the first that fails, with the entry and both values.

    `network` holds the forward equations; equations of it that define an adjoint are set aside. `adjoints` pairs each
    quantity with the name of its adjoint.
    """
    names = dict(adjoints)
    forward = replace(network, equations=tuple(e for e in network.equations if e.name not in names.values()))
    try:
        witness = Witness(World(forward, without_two(network, choose_sizes(network))), loss, names)
        findings, notes = _evaluate_all(witness, equalities, seeds)
    except (CheckFailed, *DOMAIN_ERRORS) as error:
        return Check("equalities", "interpreter", len(equalities), math.inf, BOUND, str(error))
    return _conclude(findings, notes)


def _evaluate_all(witness: Witness, equalities: Sequence[Equality], seeds: int) -> tuple[list[Finding], list[str]]:
    scope = replace(witness.world.scope, partials=witness.partials)
    sides: dict[tuple[Expr, tuple[Index, ...]], Side] = {}
    notes: dict[str, None] = {}
    findings: list[Finding] = []
    for seed in range(seeds):
        drawn = draw(witness.world, witness.loss, seed)
        witness.fill(drawn.inputs)
        if drawn.manner:
            notes[drawn.manner] = None
        findings = findings or [_prepare(e, scope, sides) for e in equalities]
        for finding in findings:
            _evaluate(finding, scope)
        for side in sides.values():
            _forget(side)
    return findings, list(notes)


class Remembered(dict[Key, float]):
    """A side's values at one draw: a chain a = b = c evaluates b once."""

    def __init__(self, compute: Side):
        super().__init__()
        self.compute = compute

    def __missing__(self, key: Key) -> float:
        self[key] = value = self.compute(key)
        return value


def _forget(side: Side) -> None:
    side.__self__.clear()  # type: ignore[attr-defined]


def _prepare(equality: Equality, scope: Scope, sides: dict[tuple[Expr, tuple[Index, ...]], Side]) -> Finding:
    indices = tuple(dict.fromkeys((*free_indices(equality.lhs), *free_indices(equality.rhs))))
    indices = _outer_first(indices)
    names = [i.name for i in indices]
    if len(set(names)) < len(names):
        raise CheckFailed(f"{equality.where}: both sides use the index {_twice(names)}, but with different ranges")

    def side(expr: Expr) -> Side:
        if (expr, indices) not in sides:
            sides[expr, indices] = Remembered(_named(equality, expr, indices, scope)).__getitem__
        return sides[expr, indices]

    keys = _combinations(indices, scope)
    return Finding(equality, indices, _sample(keys, equality, scope), side(equality.lhs), side(equality.rhs))


def _outer_first(indices: tuple[Index, ...]) -> tuple[Index, ...]:
    """An index whose range depends on another comes after it."""

    def depth(index: Index) -> int:
        return 1 + max((depth(i) for i in _inner(index)), default=0)

    return tuple(sorted(indices, key=depth))


def _twice(names: list[str]) -> str:
    return next(n for n in names if names.count(n) > 1)


def _named(equality: Equality, expr: Expr, indices: tuple[Index, ...], scope: Scope) -> Side:
    """A side, with the place of the equality in what it raises; compiled when first called."""
    compiled: list[Side] = []

    def evaluate(key: Key) -> float:
        try:
            if not compiled:
                compiled.append(compile_at(expr, indices, scope))
            return compiled[0](key)
        except (CheckFailed, *DOMAIN_ERRORS) as error:
            raise CheckFailed(f"{equality.where}: {error}") from error

    return evaluate


@dataclass(frozen=True, slots=True)
class Box:
    """Every combination of the values of independent indices, made when asked for: there may be many millions."""

    ranges: tuple[Sequence[int], ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.ranges))

    def __getitem__(self, place: int) -> Key:
        key: list[int] = []
        for values in reversed(self.ranges):
            place, k = divmod(place, len(values))
            key.append(values[k])
        return tuple(reversed(key))


def _combinations(indices: tuple[Index, ...], scope: Scope) -> list[Key] | Box:
    if any(_inner(i) for i in indices):
        return entries(indices, scope)
    return Box(tuple(list(spans(i, scope)([])) for i in indices))


def _sample(keys: list[Key] | Box, equality: Equality, scope: Scope) -> list[Key]:
    """All entries, or as many as are affordable, the first and the last among them."""
    work = _work(equality.lhs, scope) + _work(equality.rhs, scope)
    most = max(FEWEST_ENTRIES if work < MOST_WORK else 2, MOST_WORK // work)
    if len(keys) <= most:
        return [keys[k] for k in range(len(keys))]
    chosen = random.Random(len(keys)).sample(range(1, len(keys) - 1), most - 2)
    return [keys[k] for k in (0, *sorted(chosen), len(keys) - 1)]


def _work(node: Node, scope: Scope) -> int:
    """About how many nodes are visited when it is evaluated once."""
    times = 1
    if isinstance(node, (Sum, Extreme)):
        for index in node.indices:
            times *= 4 if _inner(index) else len(spans(index, scope)([]))
    return times * (1 + sum(_work(c, scope) for c in children(node)))


def _inner(index: Index) -> tuple[Index, ...]:
    return tuple(dict.fromkeys(i for p in (index.start, index.stop) for i in indices_of(p)))


def _evaluate(finding: Finding, scope: Scope) -> None:
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for key in finding.keys:
            a, b = finding.lhs(key), finding.rhs(key)
            larger = max(abs(a), abs(b))
            error = abs(a - b) / max(1.0, larger)
            if not error <= BOUND:
                error = abs(a - b) / max(1.0, larger, ROUNDING / BOUND * _terms(finding, key, scope))
            finding.largest = max(finding.largest, larger)
            if not error <= finding.error:
                finding.error = math.inf if math.isnan(error) else error
                finding.worst = f"{_place(finding.indices, key)}{a:.12g} against {b:.12g}"


def _place(indices: tuple[Index, ...], key: Key) -> str:
    text = ", ".join(f"{i.name} = {v}" for i, v in zip(indices, key, strict=True))
    return f"at {text}: " if text else ""


def _terms(finding: Finding, key: Key, scope: Scope) -> float:
    """The size of the terms that cancel in either side; 0 where it cannot be told."""
    names = [r.tensor for side in (finding.equality.lhs, finding.equality.rhs) for r in reads(side)]
    adjoint = {n: hasattr(scope.tables.get(n), "quantity") for n in names}
    tables: Mapping[str, SizedTable] = {n: SizedTable(scope.table(n), adjoint[n]) for n in dict.fromkeys(names)}

    def partials(of: str, by: str) -> SizedTable:
        assert scope.partials is not None
        return SizedTable(scope.partials(of, by), False)

    sized = replace(scope, numbers=SIZED, tables=tables, partials=partials)
    try:
        both = [compile_at(s, finding.indices, sized)(key) for s in (finding.equality.lhs, finding.equality.rhs)]
    except (CheckFailed, *DOMAIN_ERRORS):
        return 0.0
    return max(float(side.size) for side in both)


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
