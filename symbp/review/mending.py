"""What each of the lines that were found wrong should be: a rewriting by which it gives that, else the truth."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from symbp.review.chains import Both, Chain, chain, edits_of
from symbp.review.finding import Finding, Hit, finding, held_still, numbers
from symbp.review.flow import called, flowing, giving, writes_into
from symbp.review.forced import Forced, Goal
from symbp.review.meant import Truth
from symbp.review.probe import Place
from symbp.review.program import Edits, Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import KNOWN, ROUGH, Runs
from symbp.review.search import COSTS, KEPT, NEAR, Search
from symbp.review.solved import solved
from symbp.review.standing import rewritings
from symbp.review.trial import Draw
from symbp.review.truths import first_wrong, truths_of

LAST = 1_000
EACH = 1.5  # seconds for a goal at the least
EXACT = 2 * KNOWN  # to which a goal is reached by what is right there, and not by what is near it by chance

Tries = Iterator[tuple[int, Statement, Rewrite]]
Ordered = Sequence[tuple[int, Statement]]
Rights = frozenset[Goal]


@dataclass(slots=True)
class Mending:
    """What is found, of the lines that `forced` says are wrong."""

    forced: Forced
    findings: list[Finding] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # of the statements that are rewritten
    rough: list[Hit] = field(default_factory=list)  # what reaches a goal nearly, and may be near by chance
    links: Chain | None = None
    is_explained: bool = False
    is_right: bool = False  # with the truth in the place of what no rewriting explains

    @property
    def runs(self) -> Runs:
        """The runs of the search."""
        return self.forced.runs

    def mend(self) -> bool:
        """Is all explained, each wrong line by itself?"""
        rights, tried = self._rights(), dict[Goal, list[int]]()
        while goals := [g for g in self.forced.goals(rights) if g not in rights and self._is_new(tried.get(g, []))]:
            self.runs.end, self.runs.over = max(self.runs.end, time.process_time() + EACH), False
            tried.setdefault(goals[0], []).append(len(self.numbers))
            self._one(goals[0], rights)
            rights = self._rights()
        for place in [p for p in self.forced.wrong if p not in rights and not self._is_told(p)]:
            self._tell(place)
        return self._finish()

    def _is_new(self, tried: Sequence[int]) -> bool:
        """Has a goal not been tried, or once, since when another line was put right?"""
        return not tried or (len(tried) == 1 and tried[0] < len(self.numbers))

    def _is_told(self, place: Place) -> bool:
        return any(f.truth is not None and f.truth.place == place for f in self.findings)

    def _rights(self) -> Rights:
        return self.forced.rights({}, self.runs.first)[0]

    def _finish(self) -> bool:
        rest = Search(self.runs, list(self.findings))
        rest.search()
        self.findings = rest.findings
        for f in self.findings:
            if f.statement is not None and (f.truth or f.statement.number in self.numbers):
                f.mended = tuple(sorted(self._wrong_without(f)))
                f.numbers = f.numbers or numbers(self.runs.copy(0), frozenset(f.mended))
        self.is_right = not rest.wrong() and all(f.mended for f in self.findings)
        self.is_explained = rest.is_explained() and self.is_right
        return self.is_explained

    def _wrong_without(self, f: Finding) -> frozenset[str]:
        """The gradients that are wrong as long as a statement stands as it is."""
        number = f.statement.number if f.statement and not f.truth else None
        edits = {n: s for n, s in self.runs.edits.items() if n != number}
        fewer = Runs(self.runs.trial, edits, [t for t in self.runs.truths if t is not f.truth])
        fewer.shared = self.runs.shared
        return Search(fewer).wrong()

    # --- one goal

    def _one(self, goal: Goal, rights: Rights) -> None:
        """Make one goal right by a rewriting, if that can be."""
        if not isinstance(goal, str) and self._is_told(goal):
            return None
        pending, others = self._pending(goal)
        self.rough, self.links = [], self._links(goal, pending)
        own = self._best(goal, rights, self._rewritings(pending[-1:], COSTS[0]))
        if own is None and not isinstance(goal, str) and self.forced.cut(goal):
            return None  # each of its parts is a goal now
        if hit := self._near(goal, rights, pending, others):
            return self._accept(hit, goal)
        if truth := self._between(goal, rights, [*others, *pending]):
            place, forced = truth.place, self.forced
            forced.truths[place], forced.wrong[place], forced.force[place] = [truth], truth, truth
            return self._one(place, self._rights())
        solutions = iter(()) if isinstance(goal, str) else self._solutions(goal, pending)
        if hit := self._best(goal, rights, solutions, simplest=True):
            return self._accept(hit, goal)
        if not isinstance(goal, str) and held_still(self.runs, self.forced.wrong[goal])[0] == "constant":
            return self._tell(goal)
        if (hit := self._far(goal, rights, pending)) or (hit := next(iter(self.rough), None)):
            return self._accept(hit, goal)
        if not isinstance(goal, str) and not self._chained(goal, rights, pending, self.links):
            self._together(goal, rights, pending)
        return None

    def _tell(self, goal: Place) -> None:
        """Go on with the truth in its place."""
        truth = self.forced.wrong[goal]
        self.findings.append(finding(self.runs, Hit(frozenset(), 0, self.runs.statement(truth.place), truth=truth)))
        self.runs.accept({}, truth)

    def _near(self, goal: Goal, rights: Rights, pending: Ordered, others: Ordered) -> Hit | None:
        """The least that can be wrong with what flows into a goal, then with the rest, then with what is called."""
        for known in (pending, others):
            if hit := self._best(goal, rights, self._rewritings(known, COSTS[0])):
                return self._undone_inside(goal, rights, hit) or hit
        inside = self._called([*others, *pending])
        for known, cost in ((inside, COSTS[0]), (pending, NEAR), (inside, NEAR)):
            if isinstance(goal, str) and inside:
                self.runs.end, self.runs.over = max(self.runs.end, time.process_time() + EACH), False
            elif known is pending:
                continue  # its turn comes
            if hit := self._best(goal, rights, self._rewritings(known, cost)):
                return hit
        return None

    def _undone_inside(self, goal: Goal, rights: Rights, hit: Hit) -> Hit | None:
        """A sign that is taken away in a function that the line calls, where the line would take one more."""
        assert hit.rewrite is not None
        if hit.rewrite.kind != "sign" or hit.growth < 0:
            return None
        tried = self._rewritings(self._called([(hit.order, hit.statement)]), COSTS[0])
        fewer = (t for t in tried if t[2].kind == "sign" and Hit(frozenset(), *t).growth < 0)
        return self._best(goal, rights, fewer)

    def _far(self, goal: Goal, rights: Rights, pending: Ordered) -> Hit | None:
        """What costs more."""
        for cost in COSTS[1:]:
            if hit := self._best(goal, rights, self._rewritings(pending, cost)):
                return hit
        return None

    def _chained(self, goal: Goal, rights: Rights, pending: Ordered, links: Chain | None) -> bool:
        """Is the goal reached by rewritings of two of the lines that flow into it?"""
        self.runs.end, self.runs.over = time.process_time() + EACH, False
        for both in self._twos(links, pending) if links else ():
            edits = edits_of(both)
            after = self._after(edits, goal, self.runs.first, EXACT)
            if goal in after and rights <= after and all(goal in self._after(edits, goal, d) for d in self._others):
                for statement, rewrite in both:
                    self._accept(Hit(frozenset(), 0, statement, rewrite), goal)
                return True
            if self.runs.is_late:
                break
        return False

    def _twos(self, links: Chain, pending: Ordered) -> Iterator[Both]:
        """Two lines of a chain, or the last, as it is right when first wrong, and one whose value comes to it later."""
        yield from links.both(COSTS[:1])
        first, own = links.first, pending[-1][1]
        for mine in (r for cost in COSTS[:NEAR] for r in rewritings(self.runs, own, cost) if first.may(own, r)):
            for _, statement, rewrite in self._rewritings(pending[:-1], COSTS[0]):
                yield (statement, rewrite), (own, mine)
        yield from links.both(COSTS[:NEAR])

    def _together(self, goal: Place, rights: Rights, pending: Ordered) -> bool:
        """Is the goal reached by a rewriting once another line is right too, which is so by a rewriting of its own?"""
        forced, runs = self.forced, self.runs
        for place, truth in self._guessed(pending):
            before = len(self.findings), dict(runs.edits), list(runs.truths), list(self.numbers)
            forced.force[place] = truth
            hit = self._best(goal, rights - {place}, self._rewritings(pending, COSTS[0]))
            if hit is not None and hit.statement is not runs.statement(place):
                forced.truths[place], forced.wrong[place] = [truth], truth
                self._accept(hit, goal)
                self._one(place, self._rights())
                if all(f.mend for f in self.findings[before[0] :]):
                    return True
                del self.findings[before[0] :], forced.truths[place], forced.wrong[place]
                runs.edits, runs.truths, self.numbers = before[1:]
            del forced.force[place]
        return False

    def _guessed(self, pending: Ordered) -> Iterator[tuple[Place, Truth]]:
        """What lines may be the derivative by of which nothing tells: those with a name that says so first."""
        places = [(s.number, k) for _, s in reversed(pending) for k in range(len(s.names))]
        free = [p for p in places if p not in self.forced.force]
        yield from ((p, t) for p in free for t in self.forced.truths.get(p, ()))
        for place in free:
            if place not in self.forced.truths:
                yield from ((place, t) for t in truths_of(self.runs, place, self.forced.given(place), named=False))

    def _between(self, goal: Goal, rights: Rights, pending: Ordered) -> Truth | None:
        """A truth at a place without a name that says so, by which the goal and others are reached: the most."""
        best, most = None, len(rights) + 1
        for _, statement in pending if isinstance(goal, str) else pending[:-1]:
            for at in range(len(statement.names)):
                place = statement.number, at
                for truth in truths_of(self.runs, place, self.forced.given(place), named=False, masks=True):
                    if self.runs.is_late:
                        return best
                    self.forced.force[place] = truth
                    after, _ = self.forced.rights({}, self.runs.first)
                    del self.forced.force[place]
                    if goal in after and rights <= after and len(after) > most:
                        best, most = truth, len(after)
        return best

    def _accept(self, hit: Hit, goal: Goal) -> None:
        assert hit.rewrite is not None
        made = finding(self.runs, hit)
        truth = self.forced.wrong.get(goal) if not isinstance(goal, str) else None
        if made.kind in ("path", "term") and truth and truth.place[0] == hit.statement.number:
            kind, why = held_still(self.runs, truth)
            made.kind, made.why = (kind, why) if kind == "constant" else (made.kind, made.why)
        self.findings.append(made)
        self.numbers.append(hit.statement.number)
        self.runs.accept({hit.statement.number: hit.rewrite.statement})

    # --- what may be at fault, and what may stand there

    def _pending(self, goal: Goal) -> tuple[Ordered, Ordered]:
        """The statements that may be at fault, the nearest last: those whose values nothing has shown to be right.

        Of a gradient those first whose values flow into it as their names tell, then the others.
        """
        known, free, program = self.forced.known, self.forced.free(), self.runs.trial.program
        if isinstance(goal, str):
            may = [(o, s) for o, s in known if any(s is f for _, f in free) or writes_into(s)]
            ends = giving(known, goal)
            numbers = flowing(program, ends, free) | {s.number for s in ends}
            near = [(o, s) for o, s in may if s.number in numbers]
            return near or may, [pair for pair in may if pair not in near] if near else []
        own = self.runs.statement(goal)
        order = next(o for o, s in known if s is own)
        numbers = flowing(program, [own], free)
        return [*((o, s) for o, s in free if s.number in numbers), (order, own)], []

    def _called(self, pending: Ordered) -> Ordered:
        """The statements of functions that these call, where the loss does not depend on them."""
        others = called(self.runs.trial.program, pending)
        return [(s.number, s) for s in others if not self.runs.is_own(s) and self.runs.is_backward(s)]

    def _rewritings(self, pending: Ordered, cost: int) -> Tries:
        for order, statement in reversed(pending):
            if cost > NEAR and statement is not pending[-1][1]:
                continue
            kept = self.runs.is_forward_function(statement.function)
            for rewrite in rewritings(self.runs, statement, cost):
                if not kept or rewrite.kind in KEPT:
                    yield order, statement, rewrite

    def _solutions(self, place: Place, pending: Ordered) -> Tries:
        truth = self.forced.wrong[place]
        mine = self.forced.given(place)
        if mine:
            count = first_wrong(self.runs, mine, truth)
            found = solved(self.runs, truth, count, [s for _, s in pending], self.forced.force)
            for order, (statement, rewrite) in enumerate(found):
                is_carry = truth.shift and rewrite.kind in ("term", "path")
                yield order, statement, replace(rewrite, kind="step") if is_carry else rewrite

    # --- of all that is tried the best

    def _best(self, goal: Goal, rights: Rights, tried: Tries, simplest: bool = False) -> Hit | None:
        """Of those that reach the goal, that by which most comes right, the first or that of the fewest letters."""
        hits: list[tuple[int, Hit]] = []
        seen: set[tuple[int, Rights]] = set()  # of one line the first, for the rules stand in their order
        for order, statement, rewrite in tried:
            if self.runs.is_late:
                break
            if self.links and not self.links.may(statement, rewrite):
                continue
            after, _ = self.forced.rights({statement.number: rewrite.statement}, self.runs.first, goal)
            if goal in after and rights <= after and (simplest or (statement.number, after) not in seen):
                mended = frozenset(g for g in after - rights if isinstance(g, str))
                hit = Hit(mended, order, statement, rewrite)
                if self._holds(hit, goal):
                    seen.add((statement.number, after))
                    hits.append((len(after), hit))
        return min(hits, key=lambda pair: (-pair[0], self._worth(pair[1], goal, simplest)), default=(0, None))[1]

    def _links(self, goal: Goal, pending: Ordered) -> Chain | None:
        """The lines that flow into a place, to be tried by themselves: when it is first wrong, and the last time."""
        truth = None if isinstance(goal, str) else self.forced.wrong.get(goal)
        mine = self.forced.given(truth.place) if truth else ()
        if truth is None or not mine:
            return None
        steps = {count: truth.step(count) for count in (first_wrong(self.runs, mine, truth), len(mine) - 1)}
        targets = {c: self.runs.wanted(self.runs.first, truth, s) for c, s in steps.items() if s is not None}
        return chain(self.runs, [s for _, s in pending], list(self.forced.force.values()), targets)

    def _worth(self, hit: Hit, goal: Goal, simplest: bool) -> tuple[bool, int, bool, int]:
        """The end is last, for what comes before could be put right there as well; of equals that whose value is wrong,
        unless it is a name alone that is put right there, then the first that is run.
        """
        assert hit.rewrite is not None
        own = not isinstance(goal, str) and hit.statement.number == goal[0] and not hit.rewrite.old.isidentifier()
        growth = hit.order if simplest else hit.growth
        if hit.rewrite.kind == "overwrite" and hit.rewrite.new == "pass":
            growth = LAST  # where one line alone reads it, that is told
        is_end = isinstance(hit.statement.node, ast.Return) and (growth >= 0 or self.runs.is_own(hit.statement))
        return is_end, growth, not own, hit.order

    def _holds(self, hit: Hit, goal: Goal) -> bool:
        """Is the goal reached exactly, and at one more draw? At a third a kink may be near, where no truth is told."""
        assert hit.rewrite is not None
        edits = {hit.statement.number: hit.rewrite.statement}
        if self._others and not any(goal in self._after(edits, goal, d) for d in self._others):
            return False
        if goal in self._after(edits, goal, self.runs.first, EXACT):
            return True
        self.rough.append(hit)
        return False

    @property
    def _others(self) -> Sequence[Draw]:
        return self.runs.trial.draws[1:]

    def _after(self, edits: Edits, goal: Goal, draw: Draw, bound: float = ROUGH) -> Rights:
        return self.forced.rights(edits, draw, goal, bound)[0]
