"""One step of a loop: how far from it something is that an expression reads, and what its conditions say of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from symbp.core import build
from symbp.core.expr import Cond, Expr, Read, Where
from symbp.core.guards import slack
from symbp.core.integers import Atom, Dim, Index, Node, Poly
from symbp.core.traverse import (
    reads,
    substitute_poly,
)

MARK = "@"


@dataclass(frozen=True, slots=True)
class Carried:
    """A value from the step before: what it is at the first step, and how a step makes it for the next one.

    The three lists of indices are the same ones, as they stand where it is read, at the first step, and where it is
    made. `next` is `made`, what a step computes, or what it was handed itself.
    """

    name: str
    indices: tuple[Index, ...]
    first: tuple[Index, ...]
    start: Expr
    last: tuple[Index, ...]
    next: Expr
    made: Expr


@dataclass(slots=True)
class Step:
    """One step: `variable` counts from 0 to `count` - 1, downwards where `backward`."""

    variable: Dim
    count: Poly
    names: frozenset[str]
    backward: bool = False
    carried: dict[str, Carried] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)  # loop tensors that are read at another step than this
    ranged: dict[str, None] = field(default_factory=dict)  # those that are read at any of the steps before it


def first_step(step: Step, after: int = 0) -> Poly:
    """The first step, or the one so many steps after it."""
    return step.count - 1 - after if step.backward else Poly.of(after)


def steps_behind(poly: Poly, step: Step) -> int | None:
    """How many steps before this one a subscript is; None where that is no number."""
    t = Poly.of(step.variable)
    return (poly - t if step.backward else t - poly).constant


def loop_reads(node: Node, step: Step) -> Iterator[tuple[Read, int | None]]:
    """The reads of the loop's tensors, each with how many steps ahead it is; None where that is no number."""
    for r in reads(node):
        if r.tensor in step.names:
            yield r, (r.subs[0] - Poly.of(step.variable)).constant


def steps_before(cond: Cond, step: Step) -> int:
    """How many steps before this one a condition says that there are, k for k <= t or t + k < T; 0 if it does not."""
    margin = slack(cond)
    here = step.count - step.variable - 1 if step.backward else Poly.of(step.variable)
    found = (here - margin).constant if margin is not None else None
    return max(found or 0, 0)


def reaches_back(behind: int, step: Step) -> Cond:
    """That there are so many steps before this one: 1 <= t, or t + 1 < T."""
    t = Poly.of(step.variable)
    if step.backward:
        return build.compare("<", build.integer(t + behind), build.integer(step.count))
    return build.compare("<=", build.integer(behind), build.integer(t))


def looks_back(node: Where, step: Step) -> bool:
    """Is it a choice between a step before, of this loop or the last one of what was computed earlier, and a start?"""
    if not steps_before(node.cond, step):
        return False
    behind = [(r.tensor, steps_behind(r.subs[0], step)) for r in reads(node.then) if r.subs]
    return any(k == 1 or (k is not None and k > 1 and name in step.names) for name, k in behind)


def is_start_choice(node: Where, step: Step) -> bool:
    """Is it such a choice between the step just before and a start?"""
    return looks_back(node, step) and steps_before(node.cond, step) == 1


def later(step: Step, steps: int) -> dict[Atom, Poly]:
    """What the step's variable is so many steps later."""
    return {step.variable: Poly.of(step.variable) + (-steps if step.backward else steps)}


def moved_to(index: Index, table: dict[Atom, Poly]) -> Index:
    """The index with its range at another step."""
    return Index(index.name, substitute_poly(index.stop, table), substitute_poly(index.start, table))
