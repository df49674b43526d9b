"""The driver of rewrites: rows, each with the rule that it goes by, in phases, each run until none of its rows changes.

Comes in: the lines of a derivation so far. Goes out: the same with a line for everything that a row made of the last
one. What the rows do is said in `calculus.rows`; nothing is known of it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symbp.calculus.guards import NOTHING, Early, sheltered
from symbp.calculus.known import Known
from symbp.calculus.steps import Step
from symbp.core.canonical import same
from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.core.network import Equation

MOST_ROUNDS = 12  # a phase that needs more has rows that undo one another
ARRANGED = ""  # the name of no rule: such a line takes the place of the last, of which it is an arrangement


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
    """A rewrite, and the name of its rule, which is the reason that the document prints.

    It gives the lines from an expression to an equal one, by way of others where a reader needs them; none where it
    has nothing to say.
    """

    name: str
    rewrite: Rewrite


Phase = tuple[Row, ...]


def run(phases: tuple[Phase, ...], steps: list[Step], context: Context) -> None:
    """Go on from the last step, by each phase until it changes nothing more."""
    for phase in phases:
        _settle(phase, steps, context)


def _settle(phase: Phase, steps: list[Step], context: Context) -> None:
    """A row does all that it can at once: it is given again what others have changed, not what it has made itself."""
    seen: list[Expr | None] = [None] * len(phase)  # what each row has left
    for _ in range(MOST_ROUNDS):
        changed = False
        for place, row in enumerate(phase):
            start = steps[-1].value
            if start != seen[place]:
                for step in row.rewrite(start, context):
                    changed |= append(steps, step, context.known.early)
                seen[place] = steps[-1].value
        if not changed:
            return
    rows = ", ".join(row.name for row in phase)
    raise AssertionError(f"the rows {rows} undo one another at {steps[-1].value}")


def append(steps: list[Step], step: Step, early: Early = NOTHING) -> bool:
    """Add a step; whether it says anything new. Where it only arranges the last one anew, it takes that one's place."""
    last, value = steps[-1], sheltered(step.value, early)
    if same(last.value, value) or step.rule.name == ARRANGED:
        steps[-1] = Step(value, last.rule)
        return False
    steps.append(Step(value, step.rule))
    return True
