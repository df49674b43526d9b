"""Findings that explain all wrong gradients: each that mends most first, else statement after statement."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from symbp.review.finding import Finding, Hit, finding, unexplained
from symbp.review.flow import called
from symbp.review.forced import Forced
from symbp.review.mending import Mending
from symbp.review.pairs import two_at_once
from symbp.review.program import Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import ROUGH, Runs
from symbp.review.search import COSTS, Search
from symbp.review.standing import rewritings
from symbp.review.stepwise import Steps
from symbp.review.truths import backward, reads

SECONDS, APART = 5.0, 4.0  # for a search; for that which tells lines apart
AGAIN, TOGETHER = 2.5, 3.0  # for a search where the wrong lines are known; for rewritings in twos
# What no other right side is an answer to: the code ends here of its own will, or has met a bound of the machine's.
NO_ANSWER = (SystemExit, KeyboardInterrupt, RuntimeError, MemoryError, AssertionError, OSError, EOFError, ImportError)


def gradients(runs: Runs) -> list[Finding]:
    """What is wrong with the gradients; where two readings explain it all, the one of fewer mistakes.

    Where both have as many, the one that has looked at what lies between is nearer to what was meant.
    """
    if isinstance(runs.base(runs.first)[1].error, NO_ANSWER):
        return [unexplained(runs, sorted(runs.trial.names.parameters))]
    raises = runs.base(runs.first)[1].error is not None
    if raises and (findings := _past_the_error(runs.copy(SECONDS))):
        return findings
    apart = Mending(Forced(runs.copy(APART)))
    if (
        Search(runs).wrong()
        and apart.forced.locate()
        and apart.mend()
        and (len(apart.findings) == 1 or all(f.mend for f in apart.findings))
    ):
        return _once_inside(runs.copy(AGAIN), len(apart.findings)) or apart.findings
    runs.end = time.process_time() + (AGAIN if apart.is_right or raises else SECONDS)
    one = Search(runs)
    one.search()
    explained = one.is_explained()
    if raises and not explained and not apart.is_explained:  # whatever raises nothing mends what comes after it
        return [unexplained(runs.copy(0), sorted(runs.trial.names.parameters))]
    if apart.is_explained and 0 < _bare(one.findings) >= _bare(apart.findings):
        return apart.findings  # no corrected line is lost, and those of the others are told
    if not one.findings or any(f.kind == "fact" for f in one.findings) or (explained and len(one.findings) == 1):
        return one.findings
    if apart.is_explained and (not explained or len(apart.findings) <= len(one.findings)):
        return apart.findings
    if not explained and (two := two_at_once(runs.copy(TOGETHER))):
        return two
    if apart.is_right and not explained:
        return apart.findings  # all wrong lines are known, if not what each should be
    other = Steps(runs.copy(SECONDS))
    if other.search() and (not explained or len(other.findings) < len(one.findings) + other.is_seen):
        return other.findings
    return one.findings


def _once_inside(runs: Runs, count: int) -> list[Finding]:
    """One mistake in a function that is called twice may look like several where its results are used."""
    search = Search(runs)
    hit = search.helper(search.wrong()) if count > 1 else None
    if hit is None:
        return []
    search.accept(hit)
    search.search()  # what is left may be rounded
    return search.findings if search.is_explained() and len(search.findings) < count else []


def _bare(findings: list[Finding]) -> int:
    """How many have no corrected line."""
    return sum(not f.mend for f in findings)


def _past_the_error(runs: Runs) -> list[Finding]:
    """What explains all once the line that raises, or one whose values it reads, is written so that nothing raises."""
    end = time.process_time() + APART
    ways = sorted(_without_error(runs), key=lambda row: row[0])
    wrong = frozenset(runs.first.gradients)
    hits = [Hit(wrong, k, statement, rewrite) for k, (_, statement, rewrite) in enumerate(ways)]
    likely = [hit for hit, (off, _, _) in zip(hits, ways, strict=True) if off == (0, 0)]
    if right := [h for h in likely if not Search(_with(runs, h)).wrong()]:
        best = min(right, key=lambda h: (h.growth, h.order))
        rest = Search(_with(runs, best), [finding(runs, best)])  # what is left may be rounded
        rest.search()
        return rest.findings
    for hit in hits:
        if time.process_time() > end:
            break
        apart = Mending(Forced(_with(runs, hit)))
        if apart.forced.locate() and apart.mend():
            if any(f.statement is hit.statement for f in apart.findings):
                return apart.findings  # it was written otherwise once more
            return [finding(runs, hit), *apart.findings]
    return []


def _with(runs: Runs, hit: Hit) -> Runs:
    """With a line written otherwise."""
    assert hit.rewrite is not None
    on = runs.copy(APART / 2)
    on.accept({hit.statement.number: hit.rewrite.statement})
    return on


def _without_error(runs: Runs) -> Iterator[tuple[tuple[int, int], Statement, Rewrite]]:
    """Rewritings of the usual kinds with which nothing raises: how many gradients have another shape, or are wrong."""
    raising = [s for _, s in backward(runs)]
    known = runs.trial.program.statements.values()
    read = {name for s in raising for name in reads(s)}
    before = [s for s in known if s.function in {r.function for r in raising} and read & set(s.names)]
    ways = [*raising, *reversed([s for s in before if s.line < raising[0].line and runs.is_backward(s)])]
    inside = called(runs.trial.program, [(s.number, s) for s in ways])
    for statement in (*ways, *reversed([s for s in inside if not runs.is_own(s) and runs.is_backward(s)])):
        for rewrite in rewritings(runs, statement, COSTS[0]):
            if runs.is_late:
                return
            outcome = runs.run({statement.number: rewrite.statement}, None, runs.first)
            if outcome is not None and outcome.error is None and runs.keeps_loss(outcome, runs.first):
                fits = [np.shape(outcome.gradients.get(n, "")) == g.shape for n, g in runs.first.gradients.items()]
                right = runs.trial.right(outcome, runs.first, ROUGH)
                yield (fits.count(False), len(fits) - len(right)), statement, rewrite
