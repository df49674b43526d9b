"""The checked code as it stands in the search: rewritten statements, places that hold the truth, and what a run gives.

A hypothesis edits statements or puts values at places; `Runs` keeps those that are accepted, and remembers every run of
the program with them. Edits leave the forward pass as it is, so the true derivative by a forward quantity, which comes
from moving it inside the user's own forward pass, stays the same.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.review.meant import Truth
from symbp.review.probe import Event, Place, Put
from symbp.review.program import INNER, MARK, Edits, Holed, Statement, fits_hole
from symbp.review.putting import moving, nudge, putting, slices
from symbp.review.trial import Array, Draw, Outcome, Trial, central, fits_along

ROUGH = 1e-5  # to which gradients are compared first, so that a rounding hides no other mistake
FINE = 2e-6  # to which a truth by central differences agrees
KNOWN = 1e-7  # to which a slope along a direction does

HEADS = (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.Try)


@dataclass(slots=True)
class Runs:
    """What is known so far: statements rewritten, places that hold the truth instead."""

    trial: Trial
    edits: dict[int, ast.stmt] = field(default_factory=dict)
    truths: list[Truth] = field(default_factory=list)
    end: float = 0.0  # of this search, in seconds of work
    latest: float = float("inf")  # of all, in seconds on the wall
    asked: int = 0
    over: bool = False
    cache: dict[Any, Any] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)  # what holds for any edits of the backward pass

    def copy(self, seconds: float) -> Runs:
        """Another that starts from the text as it is, and knows what this one knows of the forward pass."""
        return Runs(self.trial, end=time.process_time() + seconds, latest=self.latest, shared=self.shared)

    def accept(self, edits: Edits, truth: Truth | None = None) -> None:
        """Go on with these."""
        self.edits.update(edits)
        if truth:
            self.truths.append(truth)

    @property
    def is_late(self) -> bool:
        """Is the time over? The clock is asked now and then, for that takes as long as a small run."""
        self.asked += 1
        if self.asked % 8 == 0:
            self.over = self.over or time.process_time() > self.end or time.monotonic() > self.latest
        return self.over

    @property
    def first(self) -> Draw:
        """The draw at which hypotheses are tried first."""
        return self.trial.draws[0]

    @property
    def state(self) -> tuple[Any, ...]:
        """What has been accepted, as a key."""
        return tuple(id(n) for n in self.edits.values()), len(self.truths)

    # --- runs

    def namespace(self, more: Edits | None = None) -> dict[str, Any]:
        """The program with the accepted edits and more."""
        return self.trial.program.variant({**self.edits, **(more or {})})

    def base(self, draw: Draw) -> tuple[dict[str, Any], Outcome]:
        """The program as it stands now, and a run of it that is noted."""
        key = ("base", id(draw), self.state)
        if key not in self.cache:
            namespace = self.namespace()
            self.cache[key] = namespace, self.trial.run(namespace, draw, self._puts_now(draw), record=True)
        return self.cache[key]  # type: ignore[no-any-return]

    def run(self, edits: Edits, truth: Truth | None, draw: Draw, record: bool = False) -> Outcome | None:
        """A run with more edits, or the truth at one more place; None where it cannot be compiled."""
        put = {**self._puts_now(draw), **(self.puts(draw, [truth]) if truth else {})}
        try:
            if len(edits) == 1 and (filled := self._filled(*next(iter(edits.items())))) is not None:
                outcome = self.trial.run(filled, draw, put, record)
                if not isinstance(outcome.error, NameError):
                    return outcome
            namespace = self.namespace(edits)
        except (SyntaxError, ValueError, RecursionError):
            return None
        return self.trial.run(namespace, draw, put, record)

    def forced(self, edits: Edits, truths: list[Truth], places: frozenset[Place], draw: Draw) -> Outcome | None:
        """A run with the truth at places, that notes what some are given; None where it cannot be compiled."""
        key = ("forced", id(draw), self.state, tuple(truths))
        if key not in self.cache:
            self.cache[key] = {**self._puts_now(draw), **self.puts(draw, truths)}
        try:
            namespace = None
            if len(edits) == 1:
                namespace = self._filled(*next(iter(edits.items())))
            if namespace is None:
                namespace = self.namespace(edits)
        except (SyntaxError, ValueError, RecursionError):
            return None
        return self.trial.run(namespace, draw, self.cache[key], record=True, given=places)

    def _filled(self, number: int, node: ast.stmt) -> dict[str, Any] | None:
        """The program with another right side alone, where that is what is other."""
        if not fits_hole(self.trial.program.statements[number].node, node):
            return None
        key = ("hole", number, self.state)
        if key not in self.cache:
            self.cache[key] = Holed(self.trial.program, self.edits, number)
        return self.cache[key].fill(ast.fix_missing_locations(node))  # type: ignore[no-any-return]

    def keeps_loss(self, outcome: Outcome, draw: Draw) -> bool:
        """Is the loss of a run what it is without?"""
        loss = self.base(draw)[1].loss
        return not np.isfinite(loss) or abs(outcome.loss - loss) <= 1e-12 * max(1.0, abs(loss))

    def _puts_now(self, draw: Draw) -> dict[Place, Put]:
        if not self.truths:
            return {}
        key = ("puts", id(draw), self.state)
        if key not in self.cache:
            self.cache[key] = self.puts(draw, self.truths)
        return self.cache[key]  # type: ignore[no-any-return]

    def puts(self, draw: Draw, truths: list[Truth]) -> dict[Place, Put]:
        """The truth at places, at a draw."""
        found: dict[Place, Put] = {}
        for t in truths:
            count = len(self.forward_events(draw).get(t.of, ()))  # steps differ from draw to draw
            mine = t.count + (count - t.steps if t.count > 1 else 0)
            steps = [t.at(mine, count).step(k) for k in range(mine)]
            found[t.place] = putting([None if s is None else self.wanted(draw, t, s) for s in steps])
        return found

    def wanted(self, draw: Draw, truth: Truth, step: int) -> Array:
        """What a place should hold, that goes with a step of the forward one."""
        whole = self.slope(draw, truth.of, step) * truth.scale
        return truth.cut.of(whole, id(draw)) if truth.cut else whole

    # --- the forward pass

    def forward_events(self, draw: Draw) -> Mapping[Place, list[Event]]:
        """What a run of the text as it is passes, at a draw, by places."""
        key = ("forward events", id(draw))
        if key not in self.shared:
            namespace = self.trial.program.variant(self.trial.forward)
            outcome = self.trial.run(namespace, draw, record=True)
            self.shared[key] = namespace, by_place(outcome.events)
        return self.shared[key][1]  # type: ignore[no-any-return]

    def slope(self, draw: Draw, of: Place, step: int) -> Array:
        """The derivative of the user's loss by a forward quantity."""
        key = ("slope", id(draw), of, step)
        if key not in self.shared:
            value = self.forward_events(draw)[of][step].value
            known = self._known_slope(draw, of, step)
            if known is None:
                known = central(lambda moved: self._loss(draw, of, step, moved, frozenset()), value)
            self.shared[key] = known
        return self.shared[key]  # type: ignore[no-any-return]

    def _known_slope(self, draw: Draw, of: Place, step: int) -> Array | None:
        """An adjoint of the pages' that has the same slope along a random direction: it saves a run for each entry."""
        value = self.forward_events(draw)[of][step].value
        steps = len(self.forward_events(draw)[of])
        fitting = [a for p in draw.pages if p.is_adjoint for a in slices(p.value, step, steps, value.shape)]
        if not fitting:
            return None
        direction, slope = self.along(draw, of, step)
        return next((a for a in fitting if fits_along(a, direction, slope, KNOWN)), None)

    def along(self, draw: Draw, of: Place, step: int, held: frozenset[Place] = frozenset()) -> tuple[Array, float]:
        """A direction of a forward quantity, and the derivative of the loss along it: cheap to compare with."""
        key = ("along", id(draw), of, step, held)
        if key not in self.shared:
            value = self.forward_events(draw)[of][step].value
            direction = np.random.default_rng(step).normal(size=value.shape)
            line = central(lambda s: self._loss(draw, of, step, value + s * direction, held), np.zeros(()))
            self.shared[key] = direction, float(line)
        return self.shared[key]  # type: ignore[no-any-return]

    def _loss(self, draw: Draw, of: Place, step: int, moved: Array, held: frozenset[Place]) -> float:
        events = self.forward_events(draw)
        namespace = self.shared["forward events", id(draw)][0]
        frozen = {p: putting([e.value for e in events[p]]) for p in held}
        put = {**frozen, of: moving(step, moved, frozen.get(of))}
        outcome = self.trial.run(namespace, draw, put, loss_of=draw)
        return outcome.loss

    def events(self) -> Mapping[Place, list[Event]]:
        """The events of the first draw by their places."""
        key = ("events", id(self.first), self.state)
        if key not in self.cache:
            self.cache[key] = by_place(self.base(self.first)[1].events)
        return self.cache[key]  # type: ignore[no-any-return]

    def forward_places(self) -> list[Place]:
        """The places of forward quantities that are numbers with a derivative."""
        key = ("forward", id(self.first))
        if key not in self.shared:
            self.shared[key] = [
                p for p, events in self.forward_events(self.first).items() if self._is_forward(p, events)
            ]
        return self.shared[key]  # type: ignore[no-any-return]

    def _is_forward(self, place: Place, events: list[Event]) -> bool:
        return (
            place[1] != MARK
            and (self.is_own(self.statement(place)) or not isinstance(self.statement(place).node, HEADS))
            and self.base(self.first)[1].has_loss
            and all(e.value is not None and e.value.dtype.kind == "f" for e in events)
            and self._moves(place)
        )

    def _moves(self, place: Place) -> bool:
        key = ("moves", place)
        if key not in self.shared:
            events = self.forward_events(self.first)
            namespace = self.shared["forward events", id(self.first)][0]
            if place not in events:
                self.shared[key] = False
            else:
                still = self.trial.run(namespace, self.first, loss_of=self.first)
                moved = self.trial.run(namespace, self.first, {place: nudge}, loss_of=self.first)
                same = abs(moved.loss - still.loss) <= 1e-13 * max(1.0, abs(still.loss))
                self.shared[key] = moved.error is not None or not same
        return bool(self.shared[key])

    # --- statements

    def statement(self, place: Place) -> Statement:
        """The statement of a place."""
        return self.trial.program.statements[place[0]]

    def name(self, place: Place) -> str:
        """What is assigned at a place, as written; nothing for a part of a formula."""
        return self.statement(place).names[place[1]] if place[1] < INNER else ""

    def is_own(self, statement: Statement) -> bool:
        """Is it in what is checked, and not in a function that is called there?"""
        return statement.function.partition(".")[0] in self.trial.entry.names

    def is_backward(self, statement: Statement) -> bool:
        """Does the loss stay as it is whatever the statement computes?"""
        if isinstance(statement.node, HEADS):
            return False
        if isinstance(statement.node, ast.Return) and self.is_forward_function(statement.function):
            return False
        if not self.base(self.first)[1].has_loss:
            return True
        return all(not self._moves((statement.number, k)) for k in range(len(statement.names)))

    def is_forward_function(self, function: str) -> bool:
        """Does it run before the backward pass, as the first of a pair does, and `forward`?"""
        entry = self.trial.entry
        return (function == entry.names[0] and len(entry.names) > 1) or function.endswith((".forward", ".__init__"))


def first_other(runs: Runs, one: Outcome, other: Outcome) -> Statement | None:
    """The first statement that gives something else in another run."""
    for a, b in zip(one.events, other.events, strict=False):
        if a.place != b.place:
            return None
        if a.value is not None and (b.value is None or not np.array_equal(a.value, b.value, equal_nan=True)):
            statement = runs.statement(a.place)
            return None if isinstance(statement.node, HEADS) else statement
    return None


def by_place(events: list[Event]) -> dict[Place, list[Event]]:
    """Events by the places that they passed."""
    found: dict[Place, list[Event]] = {}
    for event in events:
        found.setdefault(event.place, []).append(event)
    return found
