"""What stands where a statement is run: the names that it may use, their values, and what may be written instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from symbp.review.meant import Truth
from symbp.review.program import BEFORE, INNER, MARK, Statement, Watched, fits_hole
from symbp.review.putting import reads_known
from symbp.review.rewrites import Rewrite, rewrites
from symbp.review.runs import Runs
from symbp.review.scope import Scope
from symbp.review.trial import Array, Draw


def rewritings(runs: Runs, statement: Statement, cost: int) -> Sequence[Rewrite]:
    """What may stand in the place of a statement, of that cost."""
    known = runs.cache if runs.edits or runs.truths else runs.shared
    key = ("rewritings", statement.number, cost, runs.state)
    if key not in known:
        known[key] = list(rewrites(statement, scope_of(runs, statement), cost))
    return known[key]  # type: ignore[no-any-return]


def scope_of(runs: Runs, statement: Statement) -> Scope:
    """The names that a statement may use, with their values when it is last run."""
    key = ("scope", statement.number, runs.state)
    if key not in runs.cache:
        runs.cache[key] = _scope(runs, statement)
    return runs.cache[key]  # type: ignore[no-any-return]


def _scope(runs: Runs, statement: Statement) -> Scope:
    program = runs.trial.program
    values, earlier = _seen(runs, statement)
    for text in program.entries(statement.function):
        base = text.partition("[")[0]
        if base in values and base in program.lists:
            values[text] = values[base]
    for name in program.lists & set(values):
        del values[name]
    values |= _in_tables(runs, statement)
    forward = frozenset(map(runs.name, runs.forward_places() if isinstance(statement.node, ast.AugAssign) else ()))
    before = {n: f"{BEFORE}[{n!r}]" for n in program.written_over if n in values}
    bounds = tuple(t for t in program.bounds if reads_known(t, values))
    return Scope(values, before, forward, frozenset(earlier), bounds)


def _seen(runs: Runs, statement: Statement) -> tuple[dict[str, Array], set[str]]:
    """The values that have passed a probe until a statement is last run, and the names that others have assigned."""
    events = runs.base(runs.first)[1].events
    last = max((k for k, e in enumerate(events) if e.place[0] == statement.number), default=len(events))
    values: dict[str, Array] = {}
    earlier: set[str] = set()
    for event in events[: last + 1]:
        number, at = event.place
        if at == MARK or at >= INNER or event.value is None:
            continue
        own = runs.trial.program.statements[number]
        name = own.names[at]
        is_seen = own.function == statement.function or name.startswith("self.")
        if is_seen and all(part.isidentifier() for part in name.split(".")) and not name.startswith("_"):
            values[name] = event.value
            earlier |= {name} if number != statement.number else set()
    return values, earlier


def _in_tables(runs: Runs, statement: Statement) -> dict[str, Array]:
    """The arrays in the dictionaries that are read where a statement stands: `cache["h"]`."""
    texts = [t for t in runs.trial.program.entries(statement.function) if re.fullmatch(r"\w+\['\w+'\]", t)]
    tables = {t.partition("[")[0] for t in texts}
    names = (names_at(runs, statement, -1, []) or {}) if tables else {}
    found = {n: v for n, v in names.items() if n in tables and isinstance(v, dict)}
    entries = {f"{n}[{k!r}]": v for n, table in found.items() for k, v in table.items() if isinstance(k, str)}
    return {n: v.copy() for n, v in entries.items() if isinstance(v, np.ndarray)}


def names_at(
    runs: Runs, statement: Statement, count: int, truths: list[Truth], draw: Draw | None = None
) -> dict[str, Any] | None:
    """All names as a statement is run for that time, the truth at places."""
    if not fits_hole(statement.node, statement.node):
        return None
    try:
        watched = Watched(runs.trial.program, runs.edits, statement.number)
    except (SyntaxError, ValueError, AttributeError):
        return None
    at = draw or runs.first
    watched.count = count
    runs.trial.run(watched.namespace, at, runs.puts(at, [*runs.truths, *truths]))
    return watched.names
