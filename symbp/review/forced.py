"""Several mistakes told apart: every line is judged with what it reads made right.

At each place whose name says what it is the derivative by the true value is put, while what the line itself gives is
noted. A line that is wrong on true values is wrong by itself, so two mistakes that flow into one step of a recurrence
do not hide each other. Here the wrong lines are found; `mending` says what each should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from symbp.review.cuts import cuts
from symbp.review.flow import is_unread
from symbp.review.meant import Truth
from symbp.review.probe import Event, Place
from symbp.review.program import Edits, Statement, in_place
from symbp.review.runs import ROUGH, Runs, by_place
from symbp.review.trial import Array, Draw, Outcome
from symbp.review.truths import agrees, backward, is_begun, named_truths

Goal = Place | str  # a gradient by its parameter's name
MOST = 6


@dataclass(slots=True)
class Forced:
    """The truths that are put, and of which places they are not what the line itself gives."""

    runs: Runs
    truths: dict[Place, list[Truth]] = field(default_factory=dict)
    force: dict[Place, Truth] = field(default_factory=dict)
    wrong: dict[Place, Truth] = field(default_factory=dict)
    known: list[tuple[int, Statement]] = field(default_factory=list)
    also: frozenset[Place] = frozenset()  # places without a truth of their own that are looked at

    # --- which lines are wrong

    def locate(self) -> bool:
        """Are lines wrong by themselves, which explain what is?"""
        runs = self.runs
        outcome = self._without_error()
        if outcome.error is not None:
            return False
        self.known = backward(runs, True, outcome)
        events = by_place(outcome.events)
        named = {p: t for _, s in self.known if not self._is_part(s) for p, t in named_truths(runs, events, s)}
        scales = self._scales(named, events)
        self.truths = {p: found for p, t in named.items() if (found := [u for u in t if u.scale in scales])}
        rights, mine = self.rights({}, runs.first)
        for place in list(self.truths):
            if self._is_again(place):
                del self.truths[place]
                continue
            if place not in rights and place not in self.force:
                rights, mine = self._put(place, rights, mine)
            if place in rights and place not in self.force:
                self.force[place] = next(t for t in self.truths[place] if agrees(runs, mine[place], t))
            if runs.is_late or len(self.wrong) > MOST:
                return False
        self.wrong = {p: t for p, t in self.wrong.items() if p not in rights}
        return any(g not in rights for g in self.goals(rights))

    def _without_error(self) -> Outcome:
        """A run that goes on where one raises, with the truth in the place of a value of another shape."""
        runs = self.runs
        outcome = runs.base(runs.first)[1]
        for _, statement in backward(runs, True) if outcome.error is not None else ():
            for place, truths in named_truths(runs, runs.events(), statement):
                shape, step = runs.events()[place][0].value.shape, truths[0].step(0)
                if step is not None and runs.wanted(runs.first, truths[0], step).shape != shape:
                    after = runs.run({}, truths[0], runs.first, record=True)
                    if after is not None and after.error is None:
                        self.force[place] = self.wrong[place] = truths[0]
                        return after
        return outcome

    def _scales(self, named: Mapping[Place, Sequence[Truth]], events: Mapping[Place, list[Event]]) -> frozenset[float]:
        """1, and what the first of the places is scaled by, where that is put right at the end."""
        first = next(iter(named.values()), ())
        return frozenset([1.0, *(t.scale for t in first if agrees(self.runs, events[t.place], t))])

    def _is_again(self, place: Place) -> bool:
        """Has its name stood for a derivative before, close by? Then it stands for something else now."""
        name, own = self.runs.name(place), self.runs.statement(place)
        earlier = [self.runs.statement(p) for p in self.force if p != place and self.runs.name(p) == name]
        return any(s.function == own.function and s.loop == own.loop for s in earlier)

    def _is_part(self, statement: Statement) -> bool:
        """Is what it assigns no more than the start of something, or a part of it, or read by nobody?"""
        some = in_place(statement.node) and any("[" in n for n in statement.names)
        return some or is_begun(self.runs, statement) or is_unread(self.runs.trial.program, statement)

    def _put(
        self, place: Place, rights: frozenset[Goal], mine: Mapping[Place, list[Event]]
    ) -> tuple[frozenset[Goal], Mapping[Place, list[Event]]]:
        """The truth at a place by which most comes right, if any."""
        best, before = (rights, mine), len(rights)
        for truth in self.truths[place]:
            self.force[place] = truth
            after, events = self.rights({}, self.runs.first)
            if self._loses_none_before(place, rights - after) and len(after) > max(before, len(best[0])):
                best, self.wrong[place] = (after, events), truth
        del self.force[place]
        if place not in self.wrong and (multiple := self._multiple(place, rights, mine)):
            self.wrong[place] = multiple
        if place in self.wrong:
            self.force[place] = self.wrong[place]
        return best

    def _multiple(self, place: Place, rights: frozenset[Goal], mine: Mapping[Place, list[Event]]) -> Truth | None:
        """The only truth that a name may mean, or one that it holds a multiple of, if nothing right needs that."""
        for truth in self.truths[place]:
            held = [(e.value, self._value(truth, k)) for k, e in enumerate(mine.get(place, ()))]
            alone = len(self.truths[place]) == truth.count == truth.steps == 1
            if truth.scale == 1 and (alone or _is_multiple([(a, b) for a, b in held if b is not None])):
                self.force[place] = truth
                after, _ = self.rights({}, self.runs.first)
                del self.force[place]
                if rights <= after:
                    return truth
        return None

    def _value(self, truth: Truth, k: int) -> Array | None:
        step = truth.step(k)
        return None if step is None else self.runs.wanted(self.runs.first, truth, step)

    def _loses_none_before(self, place: Place, lost: frozenset[Goal]) -> bool:
        """Does all stay right that is run before? What comes after may have been right by two mistakes."""
        order = list(self.truths)
        return all(isinstance(g, str) or order.index(g) > order.index(place) for g in lost)

    def cut(self, place: Place) -> bool:
        """Does a wrong line put together what others give? Then each of them is judged, and some are wrong."""
        found = False
        for part in cuts(self.runs, self.wrong[place], [s for _, s in self.free()], self.force):
            if part.place not in self.truths:
                given = self.given(part.place)
                self.truths[part.place], self.force[part.place] = [part], part
                if not agrees(self.runs, given, part):
                    self.wrong[part.place], found = part, True
        order = {s.number: k for k, (_, s) in enumerate(self.known)}
        self.wrong = dict(sorted(self.wrong.items(), key=lambda row: (order[row[0][0]], row[0])))
        return found

    def given(self, place: Place) -> Sequence[Event]:
        """What a place is given that may have no truth of its own."""
        self.also = frozenset([place])
        mine = self.rights({}, self.runs.first)[1].get(place, [])
        self.also = frozenset()
        return mine

    # --- how things stand

    def goals(self, rights: frozenset[Goal]) -> list[Goal]:
        """What is missed though all that goes into it is right, in the order of the run."""
        return [*self.wrong, *(n for n in self.runs.first.gradients if n not in rights)]

    def free(self) -> list[tuple[int, Statement]]:
        """The statements of which nothing has shown whether they are right."""
        return [(o, s) for o, s in self.known if not any(p[0] == s.number for p in self.force)]

    def rights(
        self, edits: Edits, draw: Draw, goal: Goal | None = None, bound: float = ROUGH
    ) -> tuple[frozenset[Goal], Mapping[Place, list[Event]]]:
        """The goals that the lines reach with the truth in what they read, and what each gives; none if not this."""
        places = frozenset(self.truths) | self.also
        outcome = self.runs.forced(edits, list(self.force.values()), places, draw)
        if outcome is None or not self.runs.keeps_loss(outcome, draw):
            return frozenset(), {}
        events = by_place(outcome.events)
        found: frozenset[Goal] = self._gradients(outcome, draw, bound)
        missed = goal not in found if isinstance(goal, str) else not self._reaches(goal, events, draw, bound)
        if goal is not None and missed:
            return frozenset(), events
        reached = (p for p in self.truths if self._reaches(p, events, draw, bound))
        return frozenset([*reached, *found]), events

    def _gradients(self, outcome: Outcome, draw: Draw, bound: float) -> frozenset[Goal]:
        return frozenset() if outcome.error is not None else self.runs.trial.right(outcome, draw, bound)

    def _reaches(self, place: Place | None, events: Mapping[Place, list[Event]], draw: Draw, bound: float) -> bool:
        if place is None:
            return False
        mine = events.get(place, [])
        truths = [self.force[place]] if place in self.force else self.truths[place]
        return bool(mine) and any(agrees(self.runs, mine, t, draw, bound) for t in truths)


def _is_multiple(pairs: Sequence[tuple[Array | None, Array]]) -> bool:
    """Are the one the others times a number that is not 1?"""
    if not pairs or any(a is None or a.shape != b.shape or a.dtype.kind != "f" for a, b in pairs):
        return False
    a, b = (np.concatenate([np.ravel(np.asarray(pair[k])) for pair in pairs]) for k in (0, 1))
    size = float(np.dot(b, b))
    factor = float(np.dot(a, b)) / size if size > 1e-20 and np.all(np.isfinite(a)) else 0.0
    close = bool(np.max(np.abs(a - factor * b), initial=0.0) <= ROUGH * np.max(np.abs(a), initial=0.0))
    return a.size > 2 and close and abs(factor) > 1e-9 and abs(factor - 1) > 1e-6
