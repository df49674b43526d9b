"""The driver of rewrites: rows, each with the rule that it goes by, in phases, each run until none of its rows changes.

Comes in: the lines of a derivation so far. Goes out: the same with a line for everything that a row made of the last
one. What the rows do is said in `calculus.rows`; nothing is known of it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symbp.calculus.guards import sheltered
from symbp.calculus.known import Known
from symbp.calculus.steps import Rule, Step
from symbp.core.canonical import same
from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.core.network import Equation

MOST_ROUNDS = 12  # a phase that needs more has rows that undo one another


@dataclass(frozen=True, slots=True)
class Context:
    """What rewrites may use beside the expression.

    `known` is what is known of the network, `equation` the one whose local derivative or tangent it is, `by` the tensor
    by an entry of which that is taken, `order` the indices of the result. `recursive` says that the result is one of a
    recurrence, read a number of steps away; `brief` that of long lines only the shortest way through them is shown.
    """

    known: Known
    order: tuple[Index, ...] = ()
    equation: Equation | None = None
    by: str = ""
    recursive: bool = False
    brief: bool = False


Rewrite = Callable[[Expr, Context], Iterable[Step]]


@dataclass(frozen=True, slots=True)
class Row:
    """A rewrite: the name of its rule, which is the reason that the document prints, and why it stands where it does.

    It gives the lines from an expression to an equal one, by way of others where a reader needs them; none where it
    has nothing to say.
    """

    name: str
    rewrite: Rewrite
    why: str


Phase = tuple[Row, ...]


def run(phases: tuple[Phase, ...], steps: list[Step], context: Context) -> None:
    """Go on from the last step, by each phase until it changes nothing more."""
    for phase in phases:
        _settle(phase, steps, context)


def _settle(phase: Phase, steps: list[Step], context: Context) -> None:
    seen: list[Expr | None] = [None] * len(phase)  # what each row was last given: it need not be given that again
    for _ in range(MOST_ROUNDS):
        length = len(steps)
        for place, row in enumerate(phase):
            start = steps[-1].value
            if start != seen[place]:
                seen[place] = start
                for step in row.rewrite(start, context):
                    append(steps, step.value, step.rule)
        if len(steps) == length:
            return
    rows = ", ".join(row.name for row in phase)
    raise AssertionError(f"the rows {rows} do not come to an end at {steps[-1].value}")


def append(steps: list[Step], value: Expr, rule: Rule) -> None:
    """Add a step; where it only arranges the last one anew, it takes that one's place."""
    last, value = steps[-1], sheltered(value)
    if same(last.value, value):
        steps[-1] = Step(value, last.rule)
    else:
        steps.append(Step(value, rule))
