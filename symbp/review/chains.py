"""The lines on the way to one value, run by themselves with the names of one run of all: a few microseconds each time.

What is written otherwise in one of them, or in two, and gives another value than the one that is wanted is no way out;
what may give it is then run as a whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import CodeType
from typing import Any

from symbp.review.meant import Truth
from symbp.review.program import BEFORE, Statement, fits_hole
from symbp.review.rewrites import Rewrite
from symbp.review.runs import ROUGH, Runs
from symbp.review.standing import names_at, rewritings
from symbp.review.trial import Array, close
from symbp.review.truths import but_ones, reads
from symbp.review.values import compiled, number_of, whole_of

Names = dict[str, Any]
Both = tuple[tuple[Statement, Rewrite], tuple[Statement, Rewrite]]
MOST = 250  # rewritings of a line


@dataclass(slots=True)
class Chain:
    """Lines in the order in which they are run, the last of which gives a value, and that which is wanted."""

    runs: Runs
    lines: Sequence[Statement]
    times: Sequence[tuple[Names, Array]]  # the names as the first is run, and what is wanted then

    @property
    def first(self) -> Chain:
        """The last line by itself, the first of the times."""
        before = self._on(dict(self.times[0][0]), self._codes()[:-1], 0)
        return Chain(self.runs, self.lines[-1:], [(before or self.times[0][0], self.times[0][1])])

    def may(self, statement: Statement, rewrite: Rewrite) -> bool:
        """May a rewriting of a line give what is wanted? So it is said too where that cannot be told."""
        at = next((k for k, s in enumerate(self.lines) if s is statement), None)
        if at is None or not fits_hole(statement.node, rewrite.statement) or _is_more(rewrite):
            return True
        codes = self._codes()
        codes[at] = self._code(rewrite.statement)
        return None in codes or all(self._gives(self._on(dict(n), codes, 0), target) for n, target in self.times)

    def both(self, costs: tuple[int, ...]) -> Iterator[Both]:
        """The rewritings of two of the lines that give what is wanted, the last line and those next to it first."""
        codes, ways = self._codes(), [list(self._ways(s, costs)) for s in self.lines]
        names, target = self.times[0]
        if None in codes:
            return
        for j, i in sorted(combinations(range(len(self.lines) - 1, -1, -1), 2), key=lambda p: (-p[0], -p[1])):
            for other, code in ways[i]:
                begun = self._on(dict(names), [*codes[:i], code], 0)
                before = begun and self._on(begun, codes[i + 1 : j], i + 1)
                for own, last in ways[j] if before is not None else ():
                    if self.runs.is_late:
                        return
                    if self._gives(self._on(dict(before or {}), [last, *codes[j + 1 :]], j), target):
                        yield (self.lines[i], other), (self.lines[j], own)

    def _codes(self) -> list[CodeType | None]:
        return [self._code(self.runs.edits.get(s.number, s.node)) for s in self.lines]

    def _gives(self, names: Names | None, target: Array) -> bool:
        if names is None:
            return False
        found = names[self.lines[-1].names[0]]
        same = but_ones(found.shape) == but_ones(target.shape)
        return same and close(found.reshape(target.shape), target, 3 * ROUGH)

    def _on(self, names: Names, codes: Sequence[CodeType | None], first: int) -> Names | None:
        """The names once these lines have been run; None where one gives no number."""
        for k, code in enumerate(codes, first):
            value = number_of(code, names) if code is not None else None
            if value is None:
                return None
            names[self.lines[k].names[0]] = value
        return names

    def _code(self, node: ast.stmt) -> CodeType | None:
        whole = whole_of(node)
        return compiled(whole) if whole is not None else None

    def _ways(self, statement: Statement, costs: tuple[int, ...]) -> Iterator[tuple[Rewrite, CodeType]]:
        found = [r for cost in costs for r in rewritings(self.runs, statement, cost)]
        for rewrite in found[:MOST]:
            code = None if _is_more(rewrite) else self._code(rewrite.statement)
            if code is not None and fits_hole(statement.node, rewrite.statement):
                yield rewrite, code


def chain(runs: Runs, lines: Sequence[Statement], truths: list[Truth], targets: Mapping[int, Array]) -> Chain | None:
    """The chain of lines as they are run for some times; the last by itself where others lie between."""
    own, events = lines[-1], runs.events()
    times = len(events.get((own.number, 0), ()))
    if len(own.names) != 1:
        return None
    kept = [s for s in lines if _is_beside(s, own) and len(events.get((s.number, 0), ())) == times]
    made = {s.names[0] for s in kept}
    others = [s for s in runs.trial.program.statements.values() if s not in kept]
    between = [s for s in others if kept and kept[0].number < s.number < own.number and s.function == own.function]
    read = {n for s in lines if s not in kept for n in reads(s) - set(s.names)}
    if own not in kept or made & (read | {n.partition("[")[0] for s in between for n in s.names}):
        kept, made = [own], set(own.names)
    found = [(_names(runs, kept, made, count, truths), target) for count, target in targets.items()]
    known = [(names, target) for names, target in found if names is not None]
    return Chain(runs, kept, known) if known else None


def _names(runs: Runs, kept: Sequence[Statement], made: set[str], count: int, truths: list[Truth]) -> Names | None:
    """The names as the last of the lines is run, but what they assign as it was before them."""
    first, last = (names_at(runs, s, count, truths) for s in (kept[0], kept[-1]))
    return None if first is None or last is None else last | {n: v for n, v in first.items() if n in made}


def _is_more(rewrite: Rewrite) -> bool:
    """Is there more to it than a value?"""
    writes = {k.arg for n in ast.walk(rewrite.statement) if isinstance(n, ast.Call) for k in n.keywords}
    return BEFORE in rewrite.new or "out" in writes


def _is_beside(one: Statement, own: Statement) -> bool:
    is_value = whole_of(one.node) is not None and len(one.names) == 1 and one.names[0].isidentifier()
    return is_value and (one.function, one.loop) == (own.function, own.loop) and one.number <= own.number


def edits_of(both: Both) -> Mapping[int, ast.stmt]:
    """What stands in the place of which statements."""
    return {statement.number: rewrite.statement for statement, rewrite in both}
