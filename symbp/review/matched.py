"""Which lines of the checked code compute which equations of the pages: by their values, whatever their layout.

A place holds an equation's tensor if its entries are that tensor's, in any order of axes; of a loop all that passes
the place together, or what it has come to in the end. The data are drawn, so two tensors with the same entries are
one by the mathematics, and the names choose.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from symbp.review.finding import Finding
from symbp.review.names import is_pair, leaf
from symbp.review.probe import Event, Place
from symbp.review.program import INNER, MARK, Statement
from symbp.review.runs import HEADS, Runs, by_place
from symbp.review.trial import Array, Draw, PageValue

SAME = 1e-7
Found = dict[Place, PageValue]


def computed(runs: Runs, findings: Sequence[Finding], draw: Draw) -> Found:
    """The equations at the places of the code as it is with the findings mended, in the order of the run."""
    mended = Runs(runs.trial, {f.statement.number: f.mend for f in findings if f.mend and f.statement})
    mended.edits.update({n: s for f in findings for n, s in f.more.items()})
    mended.truths, mended.shared = [f.truth for f in findings if f.truth], runs.shared
    _, outcome = mended.base(draw)
    return dict(_matched(runs, by_place(outcome.events), draw.pages))


def _matched(
    runs: Runs, events: Mapping[Place, Sequence[Event]], pages: Sequence[PageValue]
) -> Iterator[tuple[Place, PageValue]]:
    entries = [(p, _in_order(p.value)) for p in pages if np.any(p.value)]
    for place, mine in events.items():
        statement = runs.statement(place)
        if MARK < place[1] < INNER and not isinstance(statement.node, HEADS):
            values = list(_values(mine))
            fitting = [p for p, e in entries if any(_same(v, e) for v in values)]
            if fitting:
                yield place, max(fitting, key=lambda p: (_is_called(statement.names[place[1]], p), -p.number))


def _values(mine: Sequence[Event]) -> Iterator[Array]:
    """What it is in the end, and all of it together."""
    arrays = [e.value for e in mine]
    if any(a is None or a.dtype.kind not in "fi" for a in arrays):
        return
    yield _in_order(arrays[-1])
    if len(arrays) > 1:
        yield _in_order(np.concatenate([np.ravel(a) for a in arrays]))


def _in_order(value: Array) -> Array:
    return np.sort(np.ravel(value).astype(float))


def _same(a: Array, b: Array) -> bool:
    scale = max(float(np.max(np.abs(b), initial=0.0)), 1e-3)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= SAME * scale))


def _is_called(name: str, page: PageValue) -> bool:
    if page.is_adjoint:
        return is_pair(name, page.quantity)
    return leaf(name).lower() == page.quantity.lower()


def number_of(f: Finding, found: Found, runs: Runs) -> tuple[int, bool] | None:
    """The equation that a finding's statement computes, or goes into: the first that is computed with it."""
    if f.statement is None:
        return None
    own = [found[f.statement.number, k] for k in range(len(f.statement.names)) if (f.statement.number, k) in found]
    if own:
        return own[0].number, True
    if f.kind in ("raises", "state"):
        return None
    reading = {n.partition("[")[0] for n in f.statement.names}
    statements = runs.trial.program.statements
    for number in dict.fromkeys(e.place[0] for e in runs.base(runs.first)[1].events):
        statement = statements[number]
        is_later = statement.line > f.statement.line and statement.function == f.statement.function
        if is_later and reading & _names(statement):
            here = [found[number, k] for k in range(len(statement.names)) if (number, k) in found]
            if here:
                return here[0].number, False
            reading |= {n.partition("[")[0] for n in statement.names}
    of = [p for p in found.values() if p.is_adjoint and p.quantity in f.mended]
    return (of[0].number, False) if of else None


def _names(statement: Statement) -> set[str]:
    parts = [n for n in ast.walk(statement.node) if isinstance(n, (ast.Name, ast.Attribute))]
    return {ast.unparse(n) for n in parts if isinstance(n.ctx, ast.Load)}
