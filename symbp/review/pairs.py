"""Two mistakes in one chain between which nothing is known: rewritings of two lines tried together.

That is for the end, where no line by itself explains anything: all pairs of what costs least are run, those first that
stand first among the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from symbp.review.finding import Finding, Hit, finding
from symbp.review.flow import flowing, giving
from symbp.review.program import Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import Runs
from symbp.review.search import COSTS, NEAR, Search
from symbp.review.standing import rewritings
from symbp.review.trial import Outcome
from symbp.review.truths import backward

MOST = 150  # rewritings, of all lines
Way = tuple[int, Statement, Rewrite]


def two_at_once(runs: Runs) -> list[Finding]:
    """The findings of the first two rewritings with which all is right; none where there are no such two."""
    wrong = Search(runs).wrong()
    for one, other in sorted(combinations(_ways(runs, wrong), 2), key=lambda pair: pair[0][0] + pair[1][0]):
        if runs.is_late:
            break
        if one[1] is not other[1] and _is_right(runs, one, other):
            ordered = sorted((one, other), key=lambda way: way[1].number)
            return [finding(runs, Hit(wrong, way[0], way[1], way[2])) for way in ordered]
    return []


def _ways(runs: Runs, wrong: frozenset[str]) -> list[Way]:
    """The rewritings by which a gradient that is wrong becomes another, the first of each line first."""
    known = backward(runs, confirmed_too=True)
    free = backward(runs)
    ends = [s for name in sorted(wrong) for s in giving(known, name)]
    numbers = flowing(runs.trial.program, ends, free) | {s.number for s in ends}
    lines = [list(_changing(runs, s, wrong)) for _, s in free if s.number in numbers]
    ranked = sorted((rank, k) for k, line in enumerate(lines) for rank in range(len(line)))
    return [(rank, *lines[k][rank]) for rank, k in ranked[:MOST]]


def _changing(runs: Runs, statement: Statement, wrong: frozenset[str]) -> Iterator[tuple[Statement, Rewrite]]:
    base = runs.base(runs.first)[1]
    for rewrite in (r for cost in COSTS[:NEAR] for r in rewritings(runs, statement, cost)):
        outcome = runs.run({statement.number: rewrite.statement}, None, runs.first)
        if outcome is not None and outcome.error is None and any(_is_other(outcome, base, n) for n in wrong):
            yield statement, rewrite


def _is_other(one: Outcome, other: Outcome, name: str) -> bool:
    a, b = (np.asarray(o.gradients.get(name)) for o in (one, other))
    return a.shape == b.shape and not np.array_equal(a, b)


def _is_right(runs: Runs, one: Way, other: Way) -> bool:
    edits = {way[1].number: way[2].statement for way in (one, other)}
    for draw in runs.trial.draws:
        outcome = runs.run(edits, None, draw)
        if outcome is None or outcome.error is not None or not runs.keeps_loss(outcome, draw):
            return False
        if not runs.trial.right(outcome, draw) >= frozenset(draw.gradients):
            return False
    return True
