"""Several mistakes that hide each other: one statement after the other as they are run, each made right in its turn.

A goal is a gradient, or a value of the user's own whose name says what it is the derivative by. The first goal that is
missed is reached by a rewriting of its statement, or of one before it that no goal has shown to be right; nothing that
was right may be missed after it. What is found so counts if all gradients are right in the end and each part is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbp.review.finding import Finding, Hit, finding
from symbp.review.meant import Truth
from symbp.review.probe import Place
from symbp.review.program import Statement, in_place
from symbp.review.rewrites import Rewrite
from symbp.review.runs import ROUGH, Runs, by_place
from symbp.review.search import COSTS, NEAR, Search
from symbp.review.standing import rewritings
from symbp.review.trial import Draw, Outcome
from symbp.review.truths import agrees, backward, flowing_into, is_confirmed, named_truths

Goal = Place | str  # a gradient by its parameter's name
Stage = tuple[Sequence[Goal], list[tuple[int, Statement]]]
MOST_STEPS = 5


@dataclass(slots=True)
class Steps:
    """What is found so far, and what the rewritings of a statement reach as things stand."""

    runs: Runs
    findings: list[Finding] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # of the statements that are rewritten
    truths: dict[Place, list[Truth]] = field(default_factory=dict)
    is_seen: bool = False  # has a value that lies between shown one of the findings?
    is_explained: bool = False
    reached: dict[tuple[int, int], list[tuple[Rewrite, frozenset[Goal]]]] = field(default_factory=dict)

    def search(self) -> bool:
        """Is all explained by what is found?"""
        while len(self.findings) < MOST_STEPS and not self.runs.is_late:
            if self._all_right():
                return self._finish()
            hit = self._first()
            if hit is None:
                return False
            self.findings.append(finding(self.runs, hit))
            assert hit.rewrite is not None
            self.numbers.append(hit.statement.number)
            self.runs.accept({hit.statement.number: hit.rewrite.statement})
        return False

    def _finish(self) -> bool:
        """What is left may be wrong by rounding; and no finding may be there for nothing."""
        rest = Search(self.runs, list(self.findings))
        rest.search()
        self.findings = rest.findings
        self.is_explained = rest.is_explained() and all(self._is_needed(n) for n in self.numbers)
        return self.is_explained

    def _is_needed(self, number: int) -> bool:
        fewer = Runs(self.runs.trial, {n: s for n, s in self.runs.edits.items() if n != number}, self.runs.truths)
        fewer.shared = self.runs.shared
        return bool(Search(fewer).wrong())

    def _wrong(self) -> frozenset[str]:
        return Search(self.runs).wrong()

    def _all_right(self) -> bool:
        return not self._wrong()

    # --- one step

    def _first(self) -> Hit | None:
        self.reached.clear()
        known = backward(self.runs, confirmed_too=True)
        events = self.runs.events()
        self.truths = {p: t for _, s in known for p, t in named_truths(self.runs, events, s)}
        before = self._rights(self.runs.base(self.runs.first)[1], self.runs.first)
        stages = self._stages(known, before)
        for goals, pending in stages:
            for cost in COSTS:
                hit = self._reaching(goals, pending, self._must(goals, before), cost)
                if hit is not None:
                    self.is_seen |= any(not isinstance(g, str) for g in goals)
                    return hit
        return None

    def _must(self, goals: Sequence[Goal], before: frozenset[Goal]) -> frozenset[Goal]:
        """What must stay right: all that is run before, for what comes after may be right by two mistakes."""
        places = [g for g in goals if not isinstance(g, str)]
        if not places:
            return before
        order = list(self.truths)
        return frozenset(g for g in before if not isinstance(g, str) and order.index(g) < order.index(places[0]))

    def _stages(self, known: list[tuple[int, Statement]], before: frozenset[Goal]) -> list[Stage]:
        """The goals that are missed, in the order of the run, each with the statements that may be at fault."""
        stages: list[Stage] = []
        pending: list[tuple[int, Statement]] = []
        added = {n for _, s in known if in_place(s.node) for n in s.names}
        done: set[str] = set()  # names that have been right: what is assigned to them later is something else
        for order, statement in known:
            again = done & set(statement.names)
            if is_confirmed(self.runs, statement):
                done |= set(statement.names)
                continue
            pending.append((order, statement))
            if again or (not in_place(statement.node) and added & set(statement.names)):
                continue  # no more than a part of what it comes to be
            goals = [p for p in self.truths if p[0] == statement.number and p not in before]
            if goals:
                stages.append((goals, flowing_into(statement, pending)))
        return [*stages, ([n for n in self.runs.first.gradients if n not in before], pending)]

    def _reaching(
        self, goals: Sequence[Goal], pending: list[tuple[int, Statement]], before: frozenset[Goal], cost: int
    ) -> Hit | None:
        """The rewriting that reaches most goals, one of these among them, of the last statement first."""
        hits: list[tuple[int, Hit]] = []
        before_all = self._rights(self.runs.base(self.runs.first)[1], self.runs.first)
        for order, statement in reversed(pending):
            if cost > NEAR and statement is not pending[-1][1]:
                continue
            for rewrite, after in self._tried(statement, cost):
                if before <= after and any(g in after for g in goals):
                    mended = frozenset(g for g in after - before_all if isinstance(g, str))
                    hits.append((len(after), Hit(mended, order, statement, rewrite)))
        for _, hit in sorted(hits, key=lambda pair: -pair[0]):
            if all(self._holds(hit, goals, d) for d in self.runs.trial.draws[1:]):
                return hit
        return None

    def _tried(self, statement: Statement, cost: int) -> list[tuple[Rewrite, frozenset[Goal]]]:
        key = statement.number, cost
        if key not in self.reached:
            self.reached[key] = []
            for rewrite in rewritings(self.runs, statement, cost):
                if self.runs.is_late:
                    break
                outcome = self.runs.run({statement.number: rewrite.statement}, None, self.runs.first, record=True)
                if outcome is not None:
                    self.reached[key].append((rewrite, self._rights(outcome, self.runs.first)))
        return self.reached[key]

    def _holds(self, hit: Hit, goals: Sequence[Goal], draw: Draw) -> bool:
        """Is one of the goals reached at another draw too?"""
        assert hit.rewrite is not None
        outcome = self.runs.run({hit.statement.number: hit.rewrite.statement}, None, draw, record=True)
        return outcome is not None and bool(self._rights(outcome, draw) & frozenset(goals))

    def _rights(self, outcome: Outcome, draw: Draw) -> frozenset[Goal]:
        """The goals that a run reaches."""
        events = by_place(outcome.events)
        places = [
            p
            for p, truths in self.truths.items()
            if p in events and any(agrees(self.runs, events[p], t, draw) for t in truths)
        ]
        rights = self.runs.trial.right(outcome, draw, ROUGH) if outcome.error is None else frozenset[str]()
        return frozenset([*places, *rights])
