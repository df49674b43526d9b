"""The search for what is wrong: hypotheses about statements, each tried by running the code with it.

A hypothesis is a statement written otherwise (`rewrites`), or a value put in the place of another: the true derivative
of the loss by one of the user's own forward quantities, which comes from moving that quantity inside the forward pass.
It counts only if gradients that were wrong are right with it at every draw, and none that was right is wrong.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.check.names import is_pair, leaf, pairs_with, quantities
from symbp.check.program import BEFORE, MARK, Edits, Event, Place, Put, Statement
from symbp.check.rewrites import Rewrite, Scope, rewrites
from symbp.check.trial import Array, Draw, Outcome, Trial, central, close

ROUGH = 1e-6  # to which a truth by central differences agrees
SECONDS = 25.0
MOST_FINDINGS = 8
COSTS = (1, 2, 3, 4)
KEPT = ("wrong_tensor", "overwrite", "step")  # what may be wrong with what a forward function keeps for later
NEAR = 2  # what costs more is tried only at a place that is known to be wrong


@dataclass(slots=True)
class Finding:
    """One mistake: where it is, of what kind, what is written there and what should be."""

    kind: str
    statement: Statement | None
    quantity: str
    found: str = ""
    expected: str = ""
    old: str = ""
    new: str = ""
    numbers: str = ""
    mended: tuple[str, ...] = ()
    why: str = ""
    part: ast.AST | None = None  # what of the statement is at fault


@dataclass(frozen=True, slots=True)
class Truth:
    """The hypothesis that a place should hold the derivative by a forward place, run through in this order."""

    place: Place
    of: Place
    backwards: bool
    count: int
    scale: float = 1.0


@dataclass(slots=True)
class Hit:
    """A hypothesis that mends gradients: how many, and where it stands in the order of the run."""

    mended: frozenset[str]
    order: int
    statement: Statement
    rewrite: Rewrite | None = None
    truth: Truth | None = None


@dataclass(slots=True)
class Search:
    """What is known so far: statements rewritten, places that hold the truth instead."""

    trial: Trial
    edits: dict[int, ast.stmt] = field(default_factory=dict)
    truths: list[Truth] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    end: float = 0.0
    cache: dict[Any, Any] = field(default_factory=dict)  # edits that `search` makes leave the forward pass as it is

    # --- runs

    def namespace(self, more: Edits | None = None) -> dict[str, Any]:
        return self.trial.program.variant({**self.edits, **(more or {})})

    def puts(self, draw: Draw, truths: list[Truth]) -> dict[Place, Put]:
        """The truth at places, at a draw."""
        found: dict[Place, Put] = {}
        for t in truths:
            count = sum(1 for e in self.base(draw)[1].events if e.place == t.of)  # steps differ from draw to draw
            values = [self.slope(draw, t.of, k) for k in range(count)]
            order = values[::-1] if t.backwards else values
            found[t.place] = _putting([v * t.scale for v in order])
        return found

    def slope(self, draw: Draw, of: Place, count: int, held: frozenset[Place] = frozenset()) -> Array:
        """The derivative of the user's loss by a forward quantity, where some others stand still."""
        key = (id(draw), of, count, held)
        if key not in self.cache:
            namespace, base = self.base(draw)
            events = {(e.place, e.count): e.value for e in base.events}
            frozen = {p: _putting([events[p, k] for k in range(sum(1 for q, _ in events if q == p))]) for p in held}
            value = events[of, count]

            def loss(moved: Array) -> float:
                put = {**frozen, of: _moving(count, moved, frozen.get(of))}
                return self.trial.run(namespace, draw, put).loss

            self.cache[key] = central(loss, value, quick=True)
        return self.cache[key]  # type: ignore[no-any-return]

    def base(self, draw: Draw) -> tuple[dict[str, Any], Outcome]:
        """The program as it stands now, and a run of it that is noted."""
        key = ("base", id(draw), len(self.edits), len(self.truths))
        if key not in self.cache:
            namespace = self.namespace()
            self.cache[key] = namespace, self.trial.run(namespace, draw, self._puts_now(draw), record=True)
        return self.cache[key]  # type: ignore[no-any-return]

    def _puts_now(self, draw: Draw) -> dict[Place, Put]:
        if not self.truths:
            return {}
        key = ("puts", id(draw), len(self.edits), len(self.truths))
        if key not in self.cache:
            kept, self.truths = self.truths, []
            self.cache[key] = self.puts(draw, kept)
            self.truths = kept
        return self.cache[key]  # type: ignore[no-any-return]

    def mended(self, hit: Hit, draw: Draw, bound: float = 0.0) -> frozenset[str] | None:
        """The gradients that a hypothesis mends at a draw; None where it spoils one, or the loss."""
        before = self.trial.right(self.base(draw)[1], draw, bound)
        edits = {hit.statement.number: hit.rewrite.statement} if hit.rewrite else {}
        put = {**self._puts_now(draw), **(self.puts(draw, [hit.truth]) if hit.truth else {})}
        try:
            namespace = self.namespace(edits)
        except (SyntaxError, ValueError, RecursionError):
            return None
        outcome = self.trial.run(namespace, draw, put)
        if outcome.error is not None or not self._keeps_loss(outcome, draw):
            return None
        after = self.trial.right(outcome, draw, bound)
        return after - before if before <= after else None

    def _keeps_loss(self, outcome: Outcome, draw: Draw) -> bool:
        loss = self.base(draw)[1].loss
        return not np.isfinite(loss) or abs(outcome.loss - loss) <= 1e-12 * max(1.0, abs(loss))

    def holds(self, hit: Hit) -> bool:
        """Does it mend the same at the other draws?"""
        bound = ROUGH if hit.truth or self.truths else 0.0
        return all(
            hit.mended <= (self.mended(hit, d, bound) or frozenset()) | self._right_before(d, bound)
            for d in self.trial.draws[1:]
        )

    def _right_before(self, draw: Draw, bound: float) -> frozenset[str]:
        return self.trial.right(self.base(draw)[1], draw, bound)

    # --- what is wrong

    @property
    def first(self) -> Draw:
        """The draw at which hypotheses are tried first."""
        return self.trial.draws[0]

    def wrong(self) -> frozenset[str]:
        """The gradients that are wrong at some draw."""
        bound = ROUGH if self.truths else 0.0
        return frozenset(n for d in self.trial.draws for n in d.gradients if n not in self._right_before(d, bound))

    def search(self) -> None:
        """Find one mistake after the other."""
        self.end = time.monotonic() + SECONDS
        while (wrong := self.wrong()) and len(self.findings) < MOST_FINDINGS:
            bound = ROUGH if self.truths else 0.0
            self.trial.draws.sort(key=lambda d: len(self._right_before(d, bound)))
            if self._right_given():
                return
            hit = self.best()
            if hit is None:
                self.findings.append(self._unexplained(sorted(wrong)))
                return
            self.findings.append(self._finding(hit))
            if hit.rewrite:
                self.edits[hit.statement.number] = hit.rewrite.statement
            if hit.truth:
                self.truths.append(hit.truth)

    def reconsider(self) -> None:
        """Two mistakes may hide each other: one that undoes another, or one below which nothing gets right.

        So the first value that has the name of a gradient and another value is made right first; what is found then is
        taken where all gradients get right with it, by no more mistakes than two or than were found before.
        """
        most = len(self.findings) if self.is_explained() else max(2, len(self.findings))
        if most < 2:
            return
        first = min((f.statement.number for f in self.findings if f.statement), default=0)
        other = Search(self.trial, end=time.monotonic() + SECONDS / 2)
        hit = other.early(first)
        if hit is None or hit.rewrite is None:
            return
        finding = other._finding(hit)
        other.edits[hit.statement.number] = hit.rewrite.statement
        other.search()
        if other.is_explained() and len(other.findings) < most and other.needs(hit.statement.number):
            self.findings = [finding, *other.findings]

    def is_explained(self) -> bool:
        """Is all right by what was found, and each finding named?"""
        return not self.wrong() and all(f.kind != "unknown" for f in self.findings)

    def needs(self, number: int) -> bool:
        """Would something be wrong without one of the edits?"""
        fewer = {n: node for n, node in self.edits.items() if n != number}
        return bool(Search(self.trial, fewer, self.truths).wrong())

    def early(self, before: int) -> Hit | None:
        """A rewriting of the first such value, no matter what becomes of the gradients."""
        if self.base(self.first)[1].error is not None:
            return None
        for order, statement in self.backward():
            place = (statement.number, 0)
            mine = self.events().get(place, [])
            if statement.number >= before or statement.loop or len(statement.names) != 1 or len(mine) != 1:
                continue
            truths = list(self._truths_of(place, mine, named=True)) if mine[0].value is not None else []
            if not truths:
                continue
            for cost in COSTS[:NEAR]:
                for rewrite in rewrites(statement, self.scope(statement), cost):
                    hit = Hit(frozenset(), order, statement, rewrite)
                    if time.monotonic() < self.end and any(self._becomes(hit, t) for t in truths):
                        hit.mended = self.wrong()
                        return hit
            return None
        return None

    def _becomes(self, hit: Hit, truth: Truth) -> bool:
        """Does the value get to be the truth at every draw?"""
        assert hit.rewrite is not None
        for draw in self.trial.draws:
            try:
                namespace = self.namespace({hit.statement.number: hit.rewrite.statement})
            except (SyntaxError, ValueError):
                return False
            outcome = self.trial.run(namespace, draw, record=True)
            values = [e.value for e in outcome.events if e.place == truth.place]
            if len(values) != 1 or not close(values[0], self.slope(draw, truth.of, 0) * truth.scale, ROUGH):
                return False
        return True

    def _right_given(self) -> Hit | None:
        """Is all right where the rows of some data sum to one? Then that is what the code takes for granted."""
        for name in () if self.is_inexact() else self.trial.names.data:
            value = self.first.inputs[name]
            if not (isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim > 1):
                continue
            if np.allclose(value.sum(-1), 1) or self.findings:
                continue
            if all(self._right_with(name, d) for d in self.trial.draws):
                known = self.backward()
                place = self.localised(known)
                order, statement = (place.order, place.statement) if place else known[0]
                self.findings.append(self._taken_for_granted(name, order, statement))
                return Hit(self.wrong(), order, statement)
        return None

    def _right_with(self, name: str, draw: Draw) -> bool:
        """Are the gradients those of the user's own loss where the rows of an input sum to one?"""
        value = np.abs(draw.inputs[name]) + 0.1
        given = Draw({**draw.inputs, name: value / value.sum(-1, keepdims=True)}, None, {})
        namespace, _ = self.base(draw)
        outcome = self.trial.run(namespace, given)
        return outcome.error is None and all(
            close(outcome.gradients.get(n), self.trial.own_gradient(namespace, given, n), ROUGH)
            for n in self.trial.names.parameters
        )

    def _taken_for_granted(self, name: str, order: int, statement: Statement) -> Finding:
        made = Finding("fact", statement, self.quantity(statement, self.wrong()), mended=tuple(sorted(self.wrong())))
        made.found, made.numbers = ast.unparse(statement.node), self.numbers(Hit(self.wrong(), order, statement))
        made.why = f"right only where every row of {name} sums to one, which nothing says: state it, or do without it"
        return made

    def best(self) -> Hit | None:
        """The hypothesis that mends most, the nearest at hand first."""
        known = self.backward()
        place = self.localised(known)
        if place is not None:
            known = [(o, s) for o, s in known if o <= place.order]
            known.sort(key=lambda pair: (pair[1] is not place.statement, -pair[0]))
        enough = place.mended if place else self.wrong()
        hits: list[Hit] = []
        for cost in COSTS:
            for order, statement in known:
                if place is not None and cost > NEAR and statement is not place.statement:
                    continue
                hits.extend(self.rewritten(order, statement, cost))
            full = [h for h in hits if h.mended >= enough]
            if full:
                most = max(len(h.mended) for h in full)
                own = [h for h in full if place is not None and h.statement is place.statement]
                return (
                    own[0]
                    if own and len(own[0].mended) == most
                    else min((h for h in full if len(h.mended) == most), key=lambda h: h.order)
                )
        for cost in COSTS[:NEAR]:
            for order, statement in self.helpers():
                helped = [h for h in self.rewritten(order, statement, cost) if h.mended >= enough]
                if helped:
                    return helped[0]
        if place is not None:
            return place
        return max(hits, key=lambda h: (len(h.mended), -(h.rewrite.cost if h.rewrite else 0), -h.order), default=None)

    def rewritten(self, order: int, statement: Statement, cost: int) -> Iterator[Hit]:
        """The rewritings of a statement that mend something everywhere."""
        scope = self.scope(statement)
        tried: set[frozenset[str]] = set()
        for rewrite in rewrites(statement, scope, cost):
            if time.monotonic() > self.end:
                return
            if self._is_forward_function(statement.function) and rewrite.kind not in KEPT:
                continue
            hit = Hit(frozenset(), order, statement, rewrite)
            hit.mended = self.mended(hit, self.first, ROUGH if self.truths else 0.0) or frozenset()
            if hit.mended and hit.mended not in tried and self.holds(hit):
                tried.add(hit.mended)
                yield hit

    def backward(self) -> list[tuple[int, Statement]]:
        """The statements on which the loss does not depend, in the order in which they are first run, less those that
        are known to be right.
        """
        _, base = self.base(self.first)
        statements = self.trial.program.statements
        if base.error is not None:
            found = [s for s in statements.values() if s.line <= (base.line or 0) <= (s.node.end_lineno or 0)]
            found = [s for s in found if not isinstance(s.node, (ast.FunctionDef, ast.For, ast.While, ast.If))]
            return [(len(base.events), s) for s in found]
        order: dict[int, int] = {}
        for k, event in enumerate(base.events):
            order.setdefault(event.place[0], k)
        return [
            (k, statements[n])
            for n, k in order.items()
            if self.is_own(statements[n]) and self.is_backward(statements[n]) and not self.is_confirmed(statements[n])
        ]

    def is_own(self, statement: Statement) -> bool:
        """Is it in what is checked, and not in a function that is called there?"""
        return statement.function.partition(".")[0] in self.trial.entry.names

    def helpers(self) -> list[tuple[int, Statement]]:
        """The statements of the functions that are called there."""
        known = self.trial.program.statements.values()
        return [(s.number, s) for s in known if not self.is_own(s) and self.is_backward(s)]

    def is_backward(self, statement: Statement) -> bool:
        """Does the loss stay as it is whatever the statement computes?"""
        if isinstance(statement.node, (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.Try)):
            return False
        if isinstance(statement.node, ast.Return) and self._is_forward_function(statement.function):
            return False
        if not self.base(self.first)[1].has_loss:
            return True
        key = ("backward", statement.number)
        if key not in self.cache:
            self.cache[key] = all(not self._moves(statement.number, k) for k in range(len(statement.names)))
        return bool(self.cache[key])

    def _is_forward_function(self, function: str) -> bool:
        """Does it run before the backward pass, as the first of a pair does, and `forward`?"""
        entry = self.trial.entry
        return (function == entry.names[0] and len(entry.names) > 1) or function.endswith((".forward", ".__init__"))

    def _moves(self, number: int, at: int) -> bool:
        namespace, base = self.base(self.first)
        moved = self.trial.run(namespace, self.first, {(number, at): _nudge})
        return moved.error is not None or not abs(moved.loss - base.loss) <= 1e-13 * max(1.0, abs(base.loss))

    def events(self) -> dict[Place, list[Event]]:
        """The events of the first draw by their places."""
        key = ("events", id(self.first), len(self.edits), len(self.truths))
        if key not in self.cache:
            found: dict[Place, list[Event]] = {}
            for event in self.base(self.first)[1].events:
                found.setdefault(event.place, []).append(event)
            self.cache[key] = found
        return self.cache[key]  # type: ignore[no-any-return]

    def name(self, place: Place) -> str:
        """What is assigned at a place, as written."""
        return self.trial.program.statements[place[0]].names[place[1]]

    def forward_places(self) -> list[Place]:
        """The places of forward quantities that are numbers with a derivative."""
        key = ("forward", id(self.first))
        if key not in self.cache:
            self.cache[key] = [
                p
                for p, events in self.events().items()
                if p[1] != MARK
                and self.is_own(self.trial.program.statements[p[0]])
                and self.base(self.first)[1].has_loss
                and all(e.value is not None and e.value.dtype.kind == "f" for e in events)
                and self._moves(*p)
            ]
        return self.cache[key]  # type: ignore[no-any-return]

    def is_inexact(self) -> bool:
        """Is all that is wrong wrong by rounding?"""
        draw = self.first
        return self.trial.bound < ROUGH and self._right_before(draw, 100 * ROUGH) == frozenset(draw.gradients)

    def is_confirmed(self, statement: Statement) -> bool:
        """Is what it assigns the true derivative by something of the forward pass, every time?"""
        if self.is_inexact():
            return False
        key = ("confirmed", id(self.first), statement.number, len(self.edits), len(self.truths))
        if key not in self.cache:
            places = [(statement.number, k) for k in range(len(statement.names))]
            self.cache[key] = bool(places) and all(self._is_true(p) for p in places)
        return bool(self.cache[key])

    def _is_true(self, place: Place) -> bool:
        mine = self.events().get(place, [])
        if not mine or any(e.value is None for e in mine):
            return False
        named = list(self._truths_of(place, mine, named=True))
        node = self.trial.program.statements[place[0]].node
        is_copy = isinstance(getattr(node, "value", None), (ast.Name, ast.Attribute))
        others = () if named or is_copy else self._truths_of(place, mine, named=False)
        return any(self._agrees(mine, t) for t in (*named, *others))

    def _agrees(self, mine: list[Event], truth: Truth) -> bool:
        values = [e.value for e in mine]
        for k in range(len(values) - 1, -1, -1):
            other = len(values) - 1 - k if truth.backwards else k
            right = self.slope(self.first, truth.of, other) * truth.scale
            if not np.any(right) or not close(values[k], right, ROUGH):
                return False
        return True

    def _truths_of(self, place: Place, mine: list[Event], named: bool) -> Iterator[Truth]:
        """What a place may be the derivative by: of the same shape, run through as often; with a name that says so."""
        meant = pairs_with(self.name(place), [self.name(p) for p in self.forward_places()])
        for of in self.forward_places():
            theirs = self.events()[of]
            if named and self.name(of) not in meant:
                continue
            if not named and isinstance(self.trial.program.statements[of[0]].node, ast.FunctionDef):
                continue  # data too have a derivative, which no backward pass is after
            shapes = [e.value.shape for e in theirs]
            if len(theirs) == len(mine) and (
                named or all(e.value.shape == s for e, s in zip(mine, shapes, strict=True))
            ):
                for backwards in (True, False) if len(mine) > 1 else (False,):
                    for scale in self.scales():
                        yield Truth(place, of, backwards, len(mine), scale)

    def scales(self) -> tuple[float, ...]:
        """1, and the number by which gradients differ that are scaled at the end alone, as by the examples."""
        key = ("scales", id(self.first))
        if key not in self.cache:
            found = [1.0]
            for place in [p for p in self.forward_places() if self.events()[p][-1].value.ndim == 0]:
                slope = float(self.slope(self.first, place, len(self.events()[place]) - 1))
                if abs(slope) > 1e-9 and all(abs(1 / slope - s) > 1e-6 for s in found) and len(found) < 4:
                    found.append(round(1 / slope, 6) if abs(1 / slope - round(1 / slope, 6)) < 1e-8 else 1 / slope)
            self.cache[key] = tuple(found)
        return self.cache[key]  # type: ignore[no-any-return]

    def localised(self, known: list[tuple[int, Statement]]) -> Hit | None:
        """The first place at which the truth, put there, mends most."""
        if self.base(self.first)[1].error is not None or self.is_inexact():
            return None
        best = self._located(known, named=True)
        before = [(o, s) for o, s in known if best is None or o < best.order]
        other = self._located(before, named=False, enough=best.mended if best else frozenset())
        return other or best

    def _located(
        self, known: list[tuple[int, Statement]], named: bool, enough: frozenset[str] = frozenset()
    ) -> Hit | None:
        hits: list[Hit] = []
        events = self.events()
        for order, statement in known:
            for at in range(len(statement.names)):
                place = (statement.number, at)
                mine = events.get(place, [])
                if not mine or any(e.value is None for e in mine):
                    continue
                for truth in self._truths_of(place, mine, named=named):
                    if time.monotonic() > self.end or (named and self._agrees(mine, truth)):
                        break
                    hit = Hit(frozenset(), order, statement, truth=truth)
                    hit.mended = self.mended(hit, self.first, ROUGH) or frozenset()
                    if hit.mended and hit.mended >= enough and self.holds(hit):
                        hits.append(hit)
                        break
                if hits and not named and enough:
                    return hits[0]
        return max(hits, key=lambda h: (len(h.mended), -h.order), default=None)

    def scope(self, statement: Statement) -> Scope:
        """The names that a statement may use, with their values when it is last run."""
        events = self.base(self.first)[1].events
        last = max((k for k, e in enumerate(events) if e.place[0] == statement.number), default=len(events))
        values: dict[str, Array] = {}
        for event in events[: last + 1]:
            number, at = event.place
            if at == MARK or event.value is None:
                continue
            own = self.trial.program.statements[number]
            name = own.names[at]
            is_seen = own.function == statement.function or name.startswith("self.")
            if is_seen and name.replace(".", "").isidentifier() and not name.startswith("_"):
                values[name] = event.value
        for text in self.trial.program.entries(statement.function):
            base = text.partition("[")[0]
            if base in values and base in self.trial.program.lists:
                values[text] = values[base]
        for name in self.trial.program.lists & set(values):
            del values[name]
        return Scope(values, {n: f"{BEFORE}[{n!r}]" for n in self.trial.program.written_over if n in values})

    # --- findings

    def _finding(self, hit: Hit) -> Finding:
        name = self.quantity(hit.statement, hit.mended)
        made = Finding("", hit.statement, name, mended=tuple(sorted(hit.mended)))
        made.found = ast.unparse(hit.statement.node)
        made.numbers = self.numbers(hit)
        if hit.rewrite:
            made.kind, made.old, made.new = hit.rewrite.kind, hit.rewrite.old, hit.rewrite.new
            made.expected, made.part = ast.unparse(hit.rewrite.statement), hit.rewrite.part
            if BEFORE in made.expected:
                made.expected, made.why = "", f"{made.old} has been written over: what it held before is meant"
            if made.kind == "overwrite" and not any(
                is_pair(n, p) for n in hit.statement.names for p in self.trial.names.parameters
            ):
                made.kind = "step"
        elif hit.truth:
            made.kind, made.why = self.held_still(hit.truth)
        return made

    def quantity(self, statement: Statement, mended: frozenset[str]) -> str:
        """What a statement computes, by its name."""
        return leaf(statement.names[0]) if statement.names else ", ".join(sorted(mended))

    def numbers(self, hit: Hit) -> str:
        """The smallest numbers that show it: an entry of the first gradient that it mends."""
        draw = self.first
        for name in sorted(hit.mended):
            got, right = self.base(draw)[1].gradients.get(name), draw.gradients[name]
            if got is None:
                return ""
            if np.shape(got) != right.shape:
                return f"the gradient of {name} has the shape {np.shape(got)}, it should be {right.shape}"
            off = np.abs(np.asarray(got, dtype=float) - right)
            digits = 6 if np.max(off) > 1e-4 * np.max(np.abs(right)) else 12
            key = np.unravel_index(int(np.argmax(off)), right.shape) if right.ndim else ()
            where = f"[{', '.join(map(str, key))}]" if key else ""
            is_, should = float(np.asarray(got)[key]), float(right[key])
            return f"the gradient of {name}{where} is {is_:.{digits}g}, it should be {should:.{digits}g}"
        return ""

    def held_still(self, truth: Truth) -> tuple[str, str]:
        """Is the wrong value the derivative with something of the forward pass held constant, or a multiple?"""
        mine = self.events()[truth.place]
        for k in range(len(mine)):
            other = truth.count - 1 - k if truth.backwards else k
            right = self.slope(self.first, truth.of, other) * truth.scale
            if close(mine[k].value, right, ROUGH):
                continue
            for held in self._stills(truth.of):
                slope = self.slope(self.first, truth.of, other, held) * truth.scale
                if close(mine[k].value, slope, ROUGH):
                    return self._held_kind(held)
            break
        return (
            "unknown",
            f"it should be the derivative of the loss by {self.name(truth.of)} (line {self._line(truth.of)})",
        )

    def _line(self, place: Place) -> int:
        return self.trial.program.statements[place[0]].line

    def _stills(self, of: Place) -> Iterator[frozenset[Place]]:
        """What may have been held constant: one quantity that comes later, or two."""
        places = self.forward_places()
        later = [
            p
            for p in places
            if p != of
            and self.events()[p][0].value is not None
            and self.trial.program.statements[p[0]].node is not None
        ]
        later = [
            p for p in later if not isinstance(self.trial.program.statements[p[0]].node, (ast.FunctionDef, ast.For))
        ]
        yield from (frozenset({p}) for p in later)
        for k, p in enumerate(later):
            if time.monotonic() > self.end:
                return
            yield from (frozenset({p, q}) for q in later[:k])

    def _held_kind(self, held: frozenset[Place]) -> tuple[str, str]:
        statements = [self.trial.program.statements[p[0]] for p in sorted(held)]
        words = " and ".join(f"{self.name(p)} (line {self.trial.program.statements[p[0]].line})" for p in sorted(held))
        reduced = all(any(w in ast.unparse(s.node) for w in ("mean", "sum", "var", "std")) for s in statements)
        if reduced:
            them, verb = ("it", "is") if len(held) == 1 else ("them", "are")
            return "constant", f"{words} {verb} held constant: what flows through {them} is missing"
        copied = all(isinstance(getattr(s.node, "value", None), (ast.Name, ast.Tuple)) for s in statements)
        return "step" if copied else "path", f"the path through {words} is missing"

    def _unexplained(self, wrong: list[str]) -> Finding:
        """The gradients that are wrong and that no hypothesis mends: told at the line that gives them."""
        found = None
        for name in wrong:
            for s in self.trial.program.statements.values():
                own = any(name in quantities(n) for n in s.names)
                if own and self.is_own(s) and self.is_backward(s):
                    found = s
            if found:
                break
        _, base = self.base(self.first)
        if base.error is not None:
            found = next((s for _, s in self.backward()), None)
        made = Finding("unknown", found, wrong[0], mended=tuple(wrong))
        if base.error is not None:
            made.kind = "shape" if isinstance(base.error, ValueError) else "raises"
            made.quantity = self.quantity(found, frozenset(wrong)) if found else wrong[0]
            made.why = f"it raises {type(base.error).__name__}: {base.error}"
        made.found = ast.unparse(found.node) if found else ""
        made.numbers = self.numbers(Hit(frozenset(wrong), 0, found)) if found else ""
        return made


def _putting(values: list[Array]) -> Put:
    def put(count: int, value: Any) -> Any:
        if count >= len(values):
            return value
        new = values[count]
        return new.tolist() if isinstance(value, list) else new.copy() if new.ndim else float(new)

    return put


def _moving(count: int, moved: Array, otherwise: Put | None) -> Put:
    def put(at: int, value: Any) -> Any:
        if at != count:
            return otherwise(at, value) if otherwise else value
        return moved.tolist() if isinstance(value, list) else moved if moved.ndim else float(moved)

    return put


def _nudge(count: int, value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * 1.01 + 0.003
    if isinstance(value, (float, np.floating)):
        return value * 1.01 + 0.003
    if isinstance(value, list) and value and all(isinstance(v, (float, int, np.generic)) for v in value):
        return [v * 1.01 + 0.003 for v in value]
    return value
