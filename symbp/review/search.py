"""The search for what is wrong: hypotheses about statements, each tried by running the code with it.

A hypothesis is a statement written otherwise (`rewrites`), or a value put in the place of another: the true derivative
of the loss by one of the user's own forward quantities (`truths`). It counts only if gradients that were wrong are
right with it at every draw, and none that was right is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from symbp.review.finding import Finding, Hit, finding, held_still, taken_for_granted, unexplained
from symbp.review.meant import Truth
from symbp.review.probe import Event
from symbp.review.program import Statement
from symbp.review.runs import FINE, ROUGH, Runs
from symbp.review.standing import rewritings
from symbp.review.trial import Draw
from symbp.review.truths import agrees, backward, first_wrong, flowing_into, is_begun, named_truths, truths_of

MOST_FINDINGS = 8
COSTS = (1, 2, 3, 4)
KEPT = ("wrong_tensor", "overwrite", "step")  # what may be wrong with what a forward function keeps for later
NEAR = 2  # what costs more is tried only at a place that is known to be wrong


@dataclass(slots=True)
class Search:
    """One mistake after the other, each the one that mends most; gradients are compared roughly first, then exactly."""

    runs: Runs
    findings: list[Finding] = field(default_factory=list)
    bound: float = ROUGH

    @property
    def exact(self) -> float:
        """To which gradients agree in the end."""
        return max(self.runs.trial.bound, FINE if self.runs.truths else 0.0)

    @property
    def is_exact(self) -> bool:
        """Is all that is left to find wrong by rounding?"""
        return self.bound < ROUGH

    def right(self, draw: Draw) -> frozenset[str]:
        """The gradients that are right as it stands now."""
        return self.runs.trial.right(self.runs.base(draw)[1], draw, self.bound)

    def wrong(self) -> frozenset[str]:
        """The gradients that are wrong at some draw."""
        return frozenset(n for d in self.runs.trial.draws for n in d.gradients if n not in self.right(d))

    def search(self) -> None:
        """Find one mistake after the other."""
        while len(self.findings) < MOST_FINDINGS:
            wrong = self.wrong()
            if not wrong:
                if self.bound == self.exact:
                    return
                self.bound = self.exact
                continue
            self.runs.trial.draws.sort(key=lambda d: len(self.right(d)))
            if self._right_given(wrong):
                return
            hit = self.best()
            if hit is None:
                self.findings.append(unexplained(self.runs, sorted(wrong)))
                return
            self.accept(hit)

    def accept(self, hit: Hit) -> None:
        """Tell of it, and go on as if it were mended."""
        self.findings.append(finding(self.runs, hit))
        self.runs.accept({hit.statement.number: hit.rewrite.statement} if hit.rewrite else {}, hit.truth)
        if self.is_exact:
            self.bound = self.exact

    def is_explained(self) -> bool:
        """Is all right by what was found, and each finding named?"""
        return not self.wrong() and all(f.kind != "unknown" for f in self.findings)

    # --- hypotheses

    def mended(self, hit: Hit, draw: Draw) -> frozenset[str] | None:
        """The gradients that a hypothesis mends at a draw; None where it spoils one, or the loss."""
        edits = {hit.statement.number: hit.rewrite.statement} if hit.rewrite else {}
        outcome = self.runs.run(edits, hit.truth, draw)
        if outcome is None or outcome.error is not None or not self.runs.keeps_loss(outcome, draw):
            return None
        before, after = self.right(draw), self.runs.trial.right(outcome, draw, self.bound)
        return after - before if before <= after else None

    def holds(self, hit: Hit) -> bool:
        """Does it mend the same at the other draws?"""
        others = self.runs.trial.draws[1:]
        return all(hit.mended <= (self.mended(hit, d) or frozenset()) | self.right(d) for d in others)

    def best(self) -> Hit | None:
        """The hypothesis that mends most, the nearest at hand first."""
        known = backward(self.runs, confirmed_too=self.is_exact)
        named = self._located(known, named=True) if self._can_locate() else None
        if named is not None:
            known = [(o, s) for o, s in known if o <= named.order or _in_one_loop(s, named.statement)]
        known.sort(key=lambda pair: -pair[0])
        if self.is_exact and (hit := self._rounded(known)):
            return hit
        if named is not None and (hit := self._near(named, known)):
            return hit
        if named is not None and held_still(self.runs, named.truth)[0] == "constant":
            return named
        other = self._unnamed(named, known)
        for place in (p for p in (other, named) if p is not None):
            if hit := self._at(place):
                return hit
        return self._anywhere(named or other, known)

    def _rounded(self, known: Sequence[tuple[int, Statement]]) -> Hit | None:
        """The rewriting that keeps more digits and mends most."""
        hits = [h for o, s in known for h in self.rewritten(o, s, COSTS[0], ("dtype",))]
        return max(hits, key=lambda h: (len(h.mended), -h.order), default=None)

    def _anywhere(self, place: Hit | None, known: Sequence[tuple[int, Statement]]) -> Hit | None:
        """Of all rewritings the one that mends most."""
        enough = place.mended if place else self.wrong()
        hits: list[Hit] = []
        for cost in COSTS:
            for order, statement in known:
                if place is not None and (cost > NEAR or statement is place.statement):
                    continue
                hits.extend(self.rewritten(order, statement, cost))
            if full := [h for h in hits if h.mended >= enough]:
                return max(full, key=lambda h: (len(h.mended), -h.order))
            if place is None and cost == NEAR and (doubtful := self._doubtful(known)):
                return doubtful
        found = self.helper(enough) or self._doubtful(known)
        return found or place or max(hits, key=_worth, default=None)

    def _doubtful(self, known: Sequence[tuple[int, Statement]]) -> Hit | None:
        """A rewriting of a statement that is right as the derivative by something, without a name that says so."""
        if not self._can_locate():
            return None
        seen = {s.number for _, s in known}
        others = [(o, s) for o, s in backward(self.runs, confirmed_too=True) if s.number not in seen]
        for cost in COSTS[:NEAR]:
            for order, statement in reversed(others):
                for hit in () if self._is_named(statement) else self.rewritten(order, statement, cost):
                    if hit.mended >= self.wrong():
                        return hit
        return None

    def _is_named(self, statement: Statement) -> bool:
        return bool(named_truths(self.runs, self.runs.events(), statement))

    def _near(self, place: Hit, known: list[tuple[int, Statement]]) -> Hit | None:
        """A rewriting of the statement that is known to be wrong, or of one whose values it reads and of which nothing
        is known: that which takes away most.
        """
        flowing = flowing_into(place.statement, known)
        others = [(o, s) for o, s in flowing if s is not place.statement]
        for cost in COSTS[:NEAR]:
            hits = [h for o, s in ((place.order, place.statement), *others) for h in self.rewritten(o, s, cost)]
            if full := [h for h in hits if h.mended >= place.mended]:
                return min(full, key=lambda h: (-len(h.mended), h.growth))
        return None

    def _at(self, place: Hit) -> Hit | None:
        """The rewriting of a statement that is wrong, or the truth if that says what is held constant."""
        for cost in COSTS:
            if cost > NEAR and held_still(self.runs, place.truth)[0] != "unknown":
                return place
            if full := [h for h in self.rewritten(place.order, place.statement, cost) if h.mended >= place.mended]:
                return min(full, key=lambda h: (-len(h.mended), h.growth))
        return None

    def helper(self, enough: frozenset[str]) -> Hit | None:
        """A rewriting in a function that is called."""
        known = self.runs.trial.program.statements.values()
        helpers = [s for s in known if not self.runs.is_own(s) and self.runs.is_backward(s)]
        for cost in COSTS[:NEAR]:
            hits = [h for s in helpers for h in self.rewritten(s.number, s, cost) if h.mended >= enough]
            if hits:
                return min(hits, key=lambda h: (h.growth, h.order))
        return None

    def rewritten(self, order: int, statement: Statement, cost: int, kinds: Sequence[str] = ()) -> Iterator[Hit]:
        """The rewritings of a statement that mend something everywhere."""
        tried: set[frozenset[str]] = set()
        for rewrite in rewritings(self.runs, statement, cost):
            if self.runs.is_late:
                return
            if self.runs.is_forward_function(statement.function) and rewrite.kind not in KEPT:
                continue
            if kinds and rewrite.kind not in kinds:
                continue
            hit = Hit(frozenset(), order, statement, rewrite)
            hit.mended = self.mended(hit, self.runs.first) or frozenset()
            if hit.mended and hit.mended not in tried and self.holds(hit):
                tried.add(hit.mended)
                yield hit

    def localised(self, known: list[tuple[int, Statement]]) -> Hit | None:
        """The first place at which the truth, put there, mends most."""
        if not self._can_locate():
            return None
        named = self._located(known, named=True)
        return self._unnamed(named, known) or named

    def _can_locate(self) -> bool:
        return self.runs.base(self.runs.first)[1].error is None and not self.is_exact

    def _unnamed(self, named: Hit | None, known: list[tuple[int, Statement]]) -> Hit | None:
        """A place before that, whose name says nothing, at which a truth mends as much."""
        if not self._can_locate():
            return None
        before = sorted(((o, s) for o, s in known if named is None or o < named.order), key=lambda pair: pair[0])
        found = self._located(before, named=False, enough=named.mended if named else frozenset())
        return found if found and (named is None or found.order < named.order) else None

    def _located(
        self, known: list[tuple[int, Statement]], named: bool, enough: frozenset[str] = frozenset()
    ) -> Hit | None:
        hits: list[Hit] = []
        for order, statement in known:
            if named and is_begun(self.runs, statement):
                continue
            for at in range(len(statement.names)):
                hit = self._at_place(order, statement, at, named, enough)
                if hit is not None:
                    hits.append(hit)
                if hits and not named and enough:
                    return hits[0]
        return max(hits, key=lambda h: (len(h.mended), -h.order), default=None)

    def _at_place(self, order: int, statement: Statement, at: int, named: bool, enough: frozenset[str]) -> Hit | None:
        place = (statement.number, at)
        mine = self.runs.events().get(place, [])
        for truth in truths_of(self.runs, place, mine, named=named):
            if self.runs.is_late or (named and agrees(self.runs, mine, truth)):
                return None
            hit = Hit(frozenset(), self._order(mine, truth, order), statement, truth=truth)
            hit.mended = self.mended(hit, self.runs.first) or frozenset()
            if hit.mended and hit.mended >= enough and self.holds(hit):
                return hit
        return None

    def _order(self, mine: Sequence[Event], truth: Truth, first: int) -> int:
        """Where in the run a place first holds what is wrong: in a loop that may be a step after the first."""
        wrong = mine[first_wrong(self.runs, mine, truth)]
        events = self.runs.base(self.runs.first)[1].events
        at = (k for k, e in enumerate(events[first:], first) if (e.place, e.count) == (wrong.place, wrong.count))
        return next(at, first)

    # --- what is taken for granted

    def _right_given(self, wrong: frozenset[str]) -> bool:
        """Is all right where the rows of some data sum to one? Then that is what the code takes for granted."""
        for name in () if self.is_exact or self.findings else self.runs.trial.names.data:
            value = self.runs.first.inputs[name]
            is_rows = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim > 1
            if not is_rows or np.allclose(value.sum(-1), 1):
                continue
            if all(self._right_with(name, d) for d in self.runs.trial.draws):
                known = backward(self.runs)
                place = self.localised(known)
                statement = place.statement if place else known[0][1]
                self.findings.append(taken_for_granted(self.runs, name, wrong, statement))
                return True
        return False

    def _right_with(self, name: str, draw: Draw) -> bool:
        """Are the gradients those of the user's own loss where the rows of an input sum to one?"""
        value = np.abs(draw.inputs[name]) + 0.1
        given = Draw({**draw.inputs, name: value / value.sum(-1, keepdims=True)}, None, {})
        namespace, _ = self.runs.base(draw)
        trial = self.runs.trial
        outcome = trial.run(namespace, given)
        return outcome.error is None and all(
            trial.is_own_gradient(namespace, given, n, outcome.gradients.get(n), ROUGH) for n in trial.names.parameters
        )


def _in_one_loop(one: Statement, other: Statement) -> bool:
    return one.loop and other.loop and one.function == other.function


def _worth(hit: Hit) -> tuple[int, int, int]:
    return len(hit.mended), -(hit.rewrite.cost if hit.rewrite else 0), -hit.order
