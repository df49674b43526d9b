"""Findings that explain all wrong gradients: each that mends most first, else statement after statement."""

from __future__ import annotations

import time

from symbp.review.finding import Finding, unexplained
from symbp.review.forced import Forced
from symbp.review.runs import Runs
from symbp.review.search import Search
from symbp.review.stepwise import Steps

SECONDS, APART = 8.0, 4.0  # for a search; for that which tells lines apart
# What no other right side is an answer to: the code ends here of its own will, or has met a bound of the machine's.
NO_ANSWER = (SystemExit, KeyboardInterrupt, RuntimeError, MemoryError, AssertionError, OSError, EOFError, ImportError)


def gradients(runs: Runs) -> list[Finding]:
    """What is wrong with the gradients; where two readings explain it all, the one of fewer mistakes.

    Where both have as many, the one that has looked at what lies between is nearer to what was meant.
    """
    if isinstance(runs.base(runs.first)[1].error, NO_ANSWER):
        return [unexplained(runs, sorted(runs.trial.names.parameters))]
    apart = Forced(runs.copy(APART))
    if apart.locate() and apart.mend() and (len(apart.findings) == 1 or all(f.mend for f in apart.findings)):
        return apart.findings
    runs.end = time.process_time() + SECONDS
    one = Search(runs)
    one.search()
    explained = one.is_explained()
    if not one.findings or any(f.kind == "fact" for f in one.findings) or (explained and len(one.findings) == 1):
        return one.findings
    if apart.is_explained and (not explained or len(apart.findings) <= len(one.findings)):
        return apart.findings
    other = Steps(runs.copy(SECONDS))
    if other.search() and (not explained or len(other.findings) < len(one.findings) + other.is_seen):
        return other.findings
    return one.findings
