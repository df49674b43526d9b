"""What is told of a claim: the proof, or the numbers at which it is false."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.claims.prove import Verdict
from symbp.symbolic.prove import EVALUATED, PROVED

MOST_NUMBERS = 12  # of the inputs at which a claim is false


def as_text(verdict: Verdict) -> str:
    """A line with the verdict, then the numbers."""
    at = f" at {verdict.sizes}" if verdict.sizes else ""
    if verdict.outcome == PROVED:
        count = f", {verdict.entries} entries" if verdict.entries > 1 else ""
        first = f"proved: {verdict.claim} (both sides have one normal form{at}{count})"
        return "\n".join([first, *(f"  {line}" for line in _proof(verdict))])
    if not verdict.is_false:
        how = "to fifty digits wherever it was evaluated" if verdict.outcome == EVALUATED else "nowhere that was tried"
        return f"not proved: {verdict.claim} holds {how}{at}"
    return "\n".join(_false_lines(verdict, at))


def _proof(verdict: Verdict) -> Iterator[str]:
    """The derivation's steps, and the normal form of an entry."""
    yield from verdict.steps
    if len(verdict.forms) == 1:
        of = "of the last entry, " if verdict.entries > 1 else ""
        yield f"the normal form {of}of either side: {verdict.forms[0]}"
    elif verdict.forms:
        yield f"left {verdict.forms[0]}, right {verdict.forms[1]}, their difference in normal form 0"


def _false_lines(verdict: Verdict, at: str) -> Iterator[str]:
    yield f"false: {verdict.claim}"
    if verdict.why:
        yield f"  {verdict.why}"
    if verdict.left:
        where = f" at {verdict.entry}" if verdict.entry else ""
        numbers = ", ".join(f"{name} = {value}" for name, value in verdict.at[:MOST_NUMBERS])
        numbers += f" and {len(verdict.at) - MOST_NUMBERS} more" if len(verdict.at) > MOST_NUMBERS else ""
        yield f"  the left side{where} is {verdict.left}, the right side {verdict.right}{at}, where {numbers}"
    if verdict.instead:
        yield f"  right would be {verdict.instead}"
