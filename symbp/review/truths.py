"""What a place of the backward pass may be the derivative by, and whether it is.

Names pair a gradient with a forward quantity, `dz` with `z`; without such a name the shape does. Whether two arrays are
equal is asked along a random direction, which takes a few runs however large they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from symbp.review.meant import Truth
from symbp.review.names import pairs_with
from symbp.review.probe import Event, Place
from symbp.review.program import Statement, in_place
from symbp.review.runs import HEADS, ROUGH, Runs
from symbp.review.trial import Draw, Outcome, close, fits_along


def truths_of(
    runs: Runs, place: Place, mine: Sequence[Event], named: bool, masks: bool = False
) -> Iterator[Truth]:  # fmt: skip
    """What a place may be the derivative by: of the same shape; with a name that says so, or run through as often."""
    if not mine or any(e.value is None or (e.value.dtype.kind == "b" and not (named or masks)) for e in mine):
        return
    forward = runs.forward_places()
    meant = pairs_with(runs.name(place), [runs.name(p) for p in forward]) if named else frozenset()
    for of in forward:
        if (named and runs.name(of) not in meant) or (
            not named and isinstance(runs.statement(of).node, ast.FunctionDef)
        ):
            continue  # data too have a derivative, which no backward pass is after
        theirs = runs.forward_events(runs.first)[of]
        if named and np.array_equal(theirs[-1].value, mine[-1].value):
            continue  # it is kept under its own name
        if not runs.is_own(runs.statement(of)) and not (named and len(mine) == len(theirs)):
            continue  # in a function that is called, only what is run through as often
        for truth in _pairings(place, of, len(mine), len(theirs), named):
            steps = [(k, truth.step(k)) for k in range(len(mine))]
            fits = all(s is None or theirs[s].value.shape == mine[k].value.shape for k, s in steps)
            if fits or (named and len(mine) == 1):
                yield from map(truth.scaled, scales(runs))


def _pairings(place: Place, of: Place, mine: int, theirs: int, named: bool) -> Iterator[Truth]:
    """Which step goes with which: in a loop back through steps the last first, or a step before that."""
    if mine == theirs == 1:
        yield Truth(place, of, False, 1, 1)
    elif mine == theirs:
        for shift, backwards in product((0, 1) if named else (0,), (True, False)):
            yield Truth(place, of, backwards, mine, theirs, shift)
    elif mine == 1 and named:
        yield Truth(place, of, True, 1, theirs)
        yield Truth(place, of, False, 1, theirs)


def scales(runs: Runs) -> tuple[float, ...]:
    """1, and the number by which gradients differ that are scaled at the end alone, as by the examples."""
    key = ("scales", id(runs.first))
    if key not in runs.shared:
        found = [1.0]
        events = runs.forward_events(runs.first)
        for place in [p for p in runs.forward_places() if events[p][-1].value.ndim == 0]:
            slope = float(runs.slope(runs.first, place, len(events[place]) - 1))
            if abs(slope) > 1e-9 and all(abs(1 / slope - s) > 1e-6 for s in found) and len(found) < 4:
                found.append(round(1 / slope, 6) if abs(1 / slope - round(1 / slope, 6)) < 1e-8 else 1 / slope)
        runs.shared[key] = tuple(found)
    return runs.shared[key]  # type: ignore[no-any-return]


def agrees(runs: Runs, mine: Sequence[Event], truth: Truth, draw: Draw | None = None, bound: float = ROUGH) -> bool:
    """Is what a place holds that derivative, every time?"""
    at = draw or runs.first
    theirs = len(runs.forward_events(at).get(truth.of, ()))
    here = truth.at(len(mine), theirs)
    steps = [(k, here.step(k)) for k in range(len(mine) - 1, -1, -1)]
    known = [(k, s) for k, s in steps if s is not None]
    return bool(known) and all(_is_slope(runs, at, mine[k], here, s, bound) for k, s in known)


def first_wrong(runs: Runs, mine: Sequence[Event], truth: Truth) -> int:
    """Which time a place first holds something else; 0 where it cannot be told."""
    draw = runs.first
    for k, event in enumerate(mine):
        step = truth.step(k)
        if step is not None and not _is_slope(runs, draw, event, truth, step, ROUGH):
            return k
    return 0


def _is_slope(runs: Runs, draw: Draw, event: Event, truth: Truth, step: int, bound: float) -> bool:
    value = event.value
    if truth.cut is not None:
        return close(value, runs.wanted(draw, truth, step), bound)
    direction, slope = runs.along(draw, truth.of, step)
    if value is not None and value.shape != direction.shape and but_ones(value.shape) == but_ones(direction.shape):
        value = value.reshape(direction.shape)
    if (
        value is None
        or value.shape != direction.shape
        or value.dtype.kind not in "fiu"
        or not np.all(np.isfinite(value))
    ):
        return False
    return abs(slope) > 1e-11 and fits_along(value, direction, slope * truth.scale, bound)


def but_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape but for axes of one entry, which make no difference to what is computed with it."""
    return tuple(size for size in shape if size > 1)


def is_confirmed(runs: Runs, statement: Statement) -> bool:
    """Is what it assigns the true derivative by something of the forward pass, every time?

    Of a mask that lets everything pass that says nothing: the array has been right before it, by its name.
    """
    if isinstance(statement.node, ast.Assign) and in_place(statement.node):
        return False
    key = ("confirmed", statement.number, id(runs.base(runs.first)[1]))
    if key not in runs.cache:
        places = [(statement.number, k) for k in range(len(statement.names))]
        runs.cache[key] = bool(places) and all(_is_true(runs, p) for p in places)
    return bool(runs.cache[key])


def _is_true(runs: Runs, place: Place) -> bool:
    mine = runs.events().get(place, [])
    named = list(truths_of(runs, place, mine, named=True))
    node = runs.statement(place).node
    is_copy = isinstance(getattr(node, "value", None), (ast.Name, ast.Attribute))
    others = () if named or is_copy else truths_of(runs, place, mine, named=False)
    return any(agrees(runs, mine, t) for t in (*named, *others))


def backward(runs: Runs, confirmed_too: bool = False, run: Outcome | None = None) -> list[tuple[int, Statement]]:
    """The statements on which the loss does not depend, in the order in which they are first run, less those that
    are known to be right. Where a run raises, the one that does.
    """
    base = run or runs.base(runs.first)[1]
    statements = runs.trial.program.statements
    order: dict[int, int] = {}
    for k, event in enumerate(base.events):
        order.setdefault(event.place[0], k)
    found = [(k, statements[n]) for n, k in order.items()]
    known = [(k, s) for k, s in found if runs.is_own(s) and runs.is_backward(s)]
    if base.error is not None:
        here = [s for s in statements.values() if s.line <= (base.line or 0) <= (s.node.end_lineno or 0)]
        raising = [(len(base.events), s) for s in here if not isinstance(s.node, HEADS)]
        return [*known, *(pair for pair in raising if pair not in known)] if confirmed_too else raising
    return known if confirmed_too else [(k, s) for k, s in known if not is_confirmed(runs, s)]


def named_truths(
    runs: Runs, events: Mapping[Place, list[Event]], statement: Statement
) -> list[tuple[Place, list[Truth]]]:
    """The places of a statement with a name that says what they are the derivative by."""
    places = [(statement.number, k) for k in range(len(statement.names))]
    found = [(p, list(truths_of(runs, p, events.get(p, []), named=True))) for p in places]
    return [(p, truths) for p, truths in found if truths]


def is_begun(runs: Runs, statement: Statement) -> bool:
    """Is what it assigns changed in place before its name is assigned again, or added to in a loop behind it? Then it
    is no more than a part.
    """
    for s in runs.trial.program.statements.values():
        later = s.number > statement.number and s.function == statement.function
        if later and set(s.names) & set(statement.names):
            adds = (
                s.loop
                and not statement.loop
                and bool(set(statement.names) & reads_in(getattr(s.node, "value", s.node)))
            )
            return in_place(s.node) or adds
        if later and any(n.startswith(f"{own}[") for n in s.names for own in statement.names):
            return True
    return False


def flowing_into(goal: Statement, pending: list[tuple[int, Statement]]) -> list[tuple[int, Statement]]:
    """Those whose values a statement reads, or that others read whose values it reads; itself the last."""
    needed, found = reads(goal), {goal.number}
    while more := [s for _, s in pending if s.number not in found and needed & {n.split("[")[0] for n in s.names}]:
        found |= {s.number for s in more}
        needed |= {name for s in more for name in reads(s)}
    return [(order, s) for order, s in pending if s.number in found]


def reads(statement: Statement) -> set[str]:
    """What it reads, attributes of an object too."""
    return reads_in(statement.node)


def reads_in(node: ast.AST) -> set[str]:
    """The names in a formula or a statement, those that it assigns too."""
    parts = [n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))]
    return {ast.unparse(n) for n in parts}
