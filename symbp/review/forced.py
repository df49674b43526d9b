"""Several mistakes told apart: every line is judged with what it reads made right.

At each place whose name says what it is the derivative by the true value is put, while what the line itself gives is
noted. A line that is wrong on true values is wrong by itself, so two mistakes that flow into one step of a recurrence
do not hide each other. A truth whose name is no more than a guess is put only where more comes right by it.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from symbp.review.finding import Finding, Hit, finding, held_still, numbers
from symbp.review.probe import Event, Place
from symbp.review.program import Statement, in_place
from symbp.review.rewrites import Rewrite, rewrites
from symbp.review.runs import HEADS, ROUGH, Runs, Truth, by_place
from symbp.review.search import COSTS, KEPT, NEAR, Search
from symbp.review.solved import solved
from symbp.review.trial import Array, Draw, Outcome
from symbp.review.truths import agrees, backward, first_wrong, is_begun, named_truths, reads, reads_in, truths_of

Goal = Place | str  # a gradient by its parameter's name
MOST = 6
LAST = 1_000
EACH = 1.5  # seconds for a goal at the least


@dataclass(slots=True)
class Forced:
    """The truths that are put, and of which places they are not what the line itself gives."""

    runs: Runs
    findings: list[Finding] = field(default_factory=list)
    truths: dict[Place, list[Truth]] = field(default_factory=dict)
    force: dict[Place, Truth] = field(default_factory=dict)
    wrong: dict[Place, Truth] = field(default_factory=dict)
    known: list[tuple[int, Statement]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # of the statements that are rewritten
    also: frozenset[Place] = frozenset()  # places without a truth of their own that are looked at
    is_explained: bool = False

    # --- which lines are wrong

    def locate(self) -> bool:
        """Are two or more lines wrong by themselves, which explain what is?"""
        runs = self.runs
        if runs.base(runs.first)[1].error is not None:
            return False
        self.known = backward(runs, confirmed_too=True)
        events = runs.events()
        named = {p: t for _, s in self.known if not self._is_part(s) for p, t in named_truths(runs, events, s)}
        scales = self._scales(named, events)
        self.truths = {p: found for p, t in named.items() if (found := [u for u in t if u.scale in scales])}
        rights, mine = self._rights({}, runs.first)
        for place in list(self.truths):
            if self._is_again(place):
                del self.truths[place]
                continue
            if place not in rights:
                rights, mine = self._put(place, rights, mine)
            if place in rights and place not in self.force:
                self.force[place] = next(t for t in self.truths[place] if agrees(runs, mine[place], t))
            if runs.is_late or len(self.wrong) > MOST:
                return False
        self.wrong = {p: t for p, t in self.wrong.items() if p not in rights}
        return any(g not in rights for g in self._goals(rights))

    def _scales(self, named: Mapping[Place, Sequence[Truth]], events: Mapping[Place, list[Event]]) -> frozenset[float]:
        """1, and what the first of the places is scaled by, where that is put right at the end."""
        first = next(iter(named.values()), ())
        return frozenset([1.0, *(t.scale for t in first if agrees(self.runs, events[t.place], t))])

    def _is_again(self, place: Place) -> bool:
        """Has its name stood for a derivative before, close by? Then it stands for something else now."""
        name, own = self.runs.name(place), self.runs.statement(place)
        earlier = [self.runs.statement(p) for p in self.force if self.runs.name(p) == name]
        return any(s.function == own.function and s.loop == own.loop for s in earlier)

    def _is_part(self, statement: Statement) -> bool:
        """Is what it assigns no more than the start of something, or a change of it, or read by nobody?"""
        return in_place(statement.node) or is_begun(self.runs, statement) or self._is_unread(statement)

    def _is_unread(self, statement: Statement) -> bool:
        """Is its name assigned anew before anything reads it?"""
        own = [s for s in self.runs.trial.program.statements.values() if s.function == statement.function]
        later = sorted((s for s in own if s.number > statement.number), key=lambda s: s.number)
        for s in () if statement.loop or len(statement.names) != 1 else later:
            if statement.names[0] in reads(s):
                is_anew = isinstance(s.node, ast.Assign) and statement.names[0] in s.names
                return is_anew and statement.names[0] not in reads_in(s.node.value)  # type: ignore[attr-defined]
        return False

    def _put(
        self, place: Place, rights: frozenset[Goal], mine: Mapping[Place, list[Event]]
    ) -> tuple[frozenset[Goal], Mapping[Place, list[Event]]]:
        """The truth at a place by which most comes right, if any."""
        best, before = (rights, mine), len(rights)
        for truth in self.truths[place]:
            self.force[place] = truth
            after, events = self._rights({}, self.runs.first)
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
                after, _ = self._rights({}, self.runs.first)
                del self.force[place]
                if rights <= after:
                    return truth
        return None

    def _value(self, truth: Truth, k: int) -> Array | None:
        step = truth.step(k)
        return None if step is None else self.runs.slope(self.runs.first, truth.of, step)

    def _loses_none_before(self, place: Place, lost: frozenset[Goal]) -> bool:
        """Does all stay right that is run before? What comes after may have been right by two mistakes."""
        order = list(self.truths)
        return all(isinstance(g, str) or order.index(g) > order.index(place) for g in lost)

    def _goals(self, rights: frozenset[Goal]) -> list[Goal]:
        """What is missed though all that goes into it is right, in the order of the run."""
        return [*self.wrong, *(n for n in self.runs.first.gradients if n not in rights)]

    # --- what each should be

    def mend(self) -> bool:
        """Is all explained, each wrong line by itself?"""
        tried: set[Goal] = set()
        rights, _ = self._rights({}, self.runs.first)
        while goals := [g for g in self._goals(rights) if g not in rights and g not in tried]:
            self.runs.end, self.runs.over = max(self.runs.end, time.process_time() + EACH), False
            tried.add(goals[0])
            self._one(goals[0], rights)
            rights, _ = self._rights({}, self.runs.first)
        return self._finish()

    def _finish(self) -> bool:
        rest = Search(self.runs, list(self.findings))
        rest.search()
        self.findings = rest.findings
        for f in self.findings:
            if f.statement is not None and (f.truth or f.statement.number in self.numbers):
                f.mended = tuple(sorted(self._wrong_without(f)))
                f.numbers = f.numbers or numbers(self.runs.copy(0), frozenset(f.mended))
        self.is_explained = rest.is_explained() and all(f.mended for f in self.findings)
        return self.is_explained

    def _wrong_without(self, f: Finding) -> frozenset[str]:
        """The gradients that are wrong as long as a statement stands as it is."""
        number = f.statement.number if f.statement and not f.truth else None
        edits = {n: s for n, s in self.runs.edits.items() if n != number}
        fewer = Runs(self.runs.trial, edits, [t for t in self.runs.truths if t is not f.truth])
        fewer.shared = self.runs.shared
        return Search(fewer).wrong()

    def _one(self, goal: Goal, rights: frozenset[Goal]) -> None:
        """Make one goal right: by a rewriting, else by the truth in its place."""
        pending = self._pending(goal)
        if hit := self._best(goal, rights, self._rewritings(pending, COSTS[0])):
            return self._accept(hit, goal)
        for cost in COSTS[:NEAR]:
            if hit := self._best(goal, rights, self._rewritings(self._called(pending), cost)):
                return self._accept(hit, goal)
        if truth := self._between(goal, rights, pending):
            self.truths[truth.place], self.wrong[truth.place], self.force[truth.place] = [truth], truth, truth
            return self._one(truth.place, self._rights({}, self.runs.first)[0])
        solutions = iter(()) if isinstance(goal, str) else self._solutions(goal, pending)
        if hit := self._best(goal, rights, solutions, simplest=True):
            return self._accept(hit, goal)
        for cost in COSTS[1:]:
            if hit := self._best(goal, rights, self._rewritings(pending, cost)):
                return self._accept(hit, goal)
        if not isinstance(goal, str):
            if hit := self._together(goal, rights, pending):
                return self._accept(hit, goal)
            truth = self.wrong[goal]
            statement = self.runs.statement(truth.place)
            self.findings.append(finding(self.runs, Hit(frozenset(), 0, statement, truth=truth)))
            self.runs.accept({}, truth)
        return None

    def _together(self, goal: Place, rights: frozenset[Goal], pending: Sequence[tuple[int, Statement]]) -> Hit | None:
        """A rewriting that reaches the goal once another line is right too, of which nothing else tells."""
        for place, truth in self._guessed(pending):
            self.force[place] = truth
            hit = self._best(goal, rights - {place}, self._rewritings(pending, COSTS[0]))
            if hit is not None and hit.statement is not self.runs.statement(place):
                self.truths[place], self.wrong[place] = [truth], truth
                return hit
            del self.force[place]
        return None

    def _guessed(self, pending: Sequence[tuple[int, Statement]]) -> Iterator[tuple[Place, Truth]]:
        """What lines may be the derivative by of which nothing tells: those with a name that says so first."""
        places = [(s.number, k) for _, s in reversed(pending) for k in range(len(s.names))]
        free = [p for p in places if p not in self.force]
        yield from ((p, t) for p in free for t in self.truths.get(p, ()))
        for place in free:
            if place not in self.truths:
                yield from ((place, t) for t in truths_of(self.runs, place, self._given(place), named=False))

    def _given(self, place: Place) -> Sequence[Event]:
        """What a place is given that has no truth of its own."""
        self.also = frozenset([place])
        mine = self._rights({}, self.runs.first)[1].get(place, [])
        self.also = frozenset()
        return mine

    def _between(self, goal: Goal, rights: frozenset[Goal], pending: Sequence[tuple[int, Statement]]) -> Truth | None:
        """A truth at a place without a name that says so, by which the goal and others are reached: the most."""
        best, most = None, len(rights) + 1
        for _, statement in pending if isinstance(goal, str) else pending[:-1]:
            for at in range(len(statement.names)):
                place = statement.number, at
                for truth in truths_of(self.runs, place, self._given(place), named=False, masks=True):
                    if self.runs.is_late:
                        return best
                    self.force[place] = truth
                    after, _ = self._rights({}, self.runs.first)
                    del self.force[place]
                    if goal in after and rights <= after and len(after) > most:
                        best, most = truth, len(after)
        return best

    def _accept(self, hit: Hit, goal: Goal) -> None:
        assert hit.rewrite is not None
        made = finding(self.runs, hit)
        truth = self.wrong.get(goal) if not isinstance(goal, str) else None
        if made.kind in ("path", "term") and truth and truth.place[0] == hit.statement.number:
            kind, why = held_still(self.runs, truth)
            made.kind, made.why = (kind, why) if kind == "constant" else (made.kind, made.why)
        self.findings.append(made)
        self.numbers.append(hit.statement.number)
        self.runs.accept({hit.statement.number: hit.rewrite.statement})

    def _pending(self, goal: Goal) -> list[tuple[int, Statement]]:
        """The statements that may be at fault, the nearest last: those whose values nothing has shown to be right."""
        free = [(o, s) for o, s in self.known if not any(p[0] == s.number for p in self.force)]
        if isinstance(goal, str):
            return [(o, s) for o, s in self.known if any(s is f for _, f in free) or _writes_into(s)]
        own = self.runs.statement(goal)
        order = next(o for o, s in self.known if s is own)
        return [(o, s) for o, s in free if s.number in self._flowing(own, free)] + [(order, own)]

    def _flowing(self, goal: Statement, free: Sequence[tuple[int, Statement]]) -> set[int]:
        """Those whose values a statement reads, or that one of them reads, as far as nothing has shown them right."""
        found: set[int] = set()
        new = [goal]
        while new:
            sources = [s for one in new for name in sorted(reads(one)) for s in self._sources(one, name)]
            new = [s for s in sources if s.number not in found and any(s is f for _, f in free)]
            found |= {s.number for s in new}
        return found

    def _sources(self, reader: Statement, name: str) -> list[Statement]:
        """Where a name was last assigned before, and changed since; in a loop that may stand behind."""
        known = self.runs.trial.program.statements.values()
        mine = [s for s in known if name in {n.partition("[")[0] for n in s.names} and not isinstance(s.node, HEADS)]
        own = sorted((s for s in mine if s.function == reader.function), key=lambda s: s.number)
        before = [s for s in own if s.number < reader.number]
        behind = [s for s in own if s.number >= reader.number and s.loop and reader.loop]
        found: list[Statement] = []
        for s in reversed(before):
            found.append(s)
            if not in_place(s.node) and name in s.names and (s.loop or not reader.loop):
                return found
        return [*found, *behind] or mine

    def _called(self, pending: Sequence[tuple[int, Statement]]) -> list[tuple[int, Statement]]:
        """The statements of functions that these call, where the loss does not depend on them."""
        read = {name for _, s in pending for name in reads(s)}
        others = [s for s in self.runs.trial.program.statements.values() if s.function in read]
        return [(s.number, s) for s in others if not self.runs.is_own(s) and self.runs.is_backward(s)]

    def _rewritings(
        self, pending: Sequence[tuple[int, Statement]], cost: int
    ) -> Iterator[tuple[int, Statement, Rewrite]]:
        for order, statement in reversed(pending):
            if cost > NEAR and statement is not pending[-1][1]:
                continue
            kept = self.runs.is_forward_function(statement.function)
            for rewrite in rewrites(statement, self.runs.scope(statement), cost):
                if not kept or rewrite.kind in KEPT:
                    yield order, statement, rewrite

    def _solutions(
        self, place: Place, pending: Sequence[tuple[int, Statement]]
    ) -> Iterator[tuple[int, Statement, Rewrite]]:
        truth = self.wrong[place]
        mine = self._rights({}, self.runs.first)[1].get(place, [])
        if mine:
            count = first_wrong(self.runs, mine, truth)
            found = solved(self.runs, truth, count, [s for _, s in pending], self.force)
            for order, (statement, rewrite) in enumerate(found):
                is_carry = truth.shift and rewrite.kind in ("term", "path")
                yield order, statement, replace(rewrite, kind="step") if is_carry else rewrite

    def _best(
        self,
        goal: Goal,
        rights: frozenset[Goal],
        tried: Iterator[tuple[int, Statement, Rewrite]],
        simplest: bool = False,
    ) -> Hit | None:
        """Of those that reach the goal, that by which most comes right, the first or that of the fewest letters."""
        hits: list[tuple[int, Hit]] = []
        seen: set[tuple[int, frozenset[Goal]]] = set()  # of one line the first, for the rules stand in their order
        for order, statement, rewrite in tried:
            if self.runs.is_late:
                break
            after, _ = self._rights({statement.number: rewrite.statement}, self.runs.first, goal)
            if goal in after and rights <= after and (simplest or (statement.number, after) not in seen):
                seen.add((statement.number, after))
                mended = frozenset(g for g in after - rights if isinstance(g, str))
                hits.append((len(after), Hit(mended, order, statement, rewrite)))
        for _, hit in sorted(hits, key=lambda pair: (-pair[0], self._worth(pair[1], goal, simplest))):
            others = self.runs.trial.draws[
                1:
            ]  # at one a kink may be near, where a truth is not told; all is tried later
            if not others or any(self._holds(hit, goal, d) for d in others):
                return hit
        return None

    def _worth(self, hit: Hit, goal: Goal, simplest: bool) -> tuple[bool, int, bool, int]:
        """The end is last, for what comes before could be put right there as well; of equals that whose value is wrong,
        unless it is a name alone that is put right there, then the first that is run.
        """
        assert hit.rewrite is not None
        own = not isinstance(goal, str) and hit.statement.number == goal[0] and not hit.rewrite.old.isidentifier()
        growth = hit.order if simplest else hit.growth
        if hit.rewrite.kind == "overwrite" and hit.rewrite.new == "pass":
            growth = LAST  # where one line alone reads it, that is told
        return isinstance(hit.statement.node, ast.Return), growth, not own, hit.order

    def _holds(self, hit: Hit, goal: Goal, draw: Draw) -> bool:
        assert hit.rewrite is not None
        return goal in self._rights({hit.statement.number: hit.rewrite.statement}, draw, goal)[0]

    def _rights(
        self, edits: Mapping[int, ast.stmt], draw: Draw, goal: Goal | None = None
    ) -> tuple[frozenset[Goal], Mapping[Place, list[Event]]]:
        """The goals that the lines reach with the truth in what they read, and what each gives; none if not this."""
        places = frozenset(self.truths) | self.also
        outcome = self.runs.forced(edits, list(self.force.values()), places, draw)
        if outcome is None or not self.runs.keeps_loss(outcome, draw):
            return frozenset(), {}
        events = by_place(outcome.events)
        if goal is not None and not isinstance(goal, str) and not self._is_reached(goal, events.get(goal, []), draw):
            return frozenset(), events
        found = [p for p in self.truths if self._is_reached(p, events.get(p, []), draw)]
        return frozenset([*found, *self._gradients(outcome, draw)]), events

    def _gradients(self, outcome: Outcome, draw: Draw) -> frozenset[str]:
        return frozenset() if outcome.error is not None else self.runs.trial.right(outcome, draw, ROUGH)

    def _is_reached(self, place: Place, mine: Sequence[Event], draw: Draw) -> bool:
        truths = [self.force[place]] if place in self.force else self.truths[place]
        return bool(mine) and any(agrees(self.runs, mine, t, draw) for t in truths)

    def held(self) -> bool:
        """Is one of the lines explained by what it holds constant?"""
        return any(held_still(self.runs, t)[0] == "constant" for t in self.wrong.values())


def _is_multiple(pairs: Sequence[tuple[Array | None, Array]]) -> bool:
    """Are the one the others times a number that is not 1?"""
    if not pairs or any(a is None or a.shape != b.shape or a.dtype.kind != "f" for a, b in pairs):
        return False
    a, b = (np.concatenate([np.ravel(np.asarray(pair[k])) for pair in pairs]) for k in (0, 1))
    size = float(np.dot(b, b))
    factor = float(np.dot(a, b)) / size if size > 1e-20 and np.all(np.isfinite(a)) else 0.0
    close = bool(np.max(np.abs(a - factor * b), initial=0.0) <= ROUGH * np.max(np.abs(a), initial=0.0))
    return a.size > 2 and close and abs(factor) > 1e-9 and abs(factor - 1) > 1e-6


def _writes_into(statement: Statement) -> bool:
    """Does it change an array that others may have?"""
    keywords = {k.arg for n in ast.walk(statement.node) if isinstance(n, ast.Call) for k in n.keywords}
    return "out" in keywords or isinstance(statement.node, ast.AugAssign)
