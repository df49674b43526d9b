"""Which values of a Draft get a name and a line, and which are written out in the expression that reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from symbp.importing.draft import ATOM, Define, Draft, Expr, Hole, Loop, Start, Statement, Value
from symbp.importing.names import Names
from symbp.importing.sizes import Sizes

WIDTH = 88  # of what is written out in one line


class Plan:
    """Which values are read, how often, and which of them are written out where they are read."""

    def __init__(self, draft: Draft, sizes: Sizes):
        self.uses: Counter[Value] = Counter()
        self.placed: dict[Value, Expr] = {}
        self.made = {v: (s.body, v.loop) for s in _defines(draft.statements) for v in s.values}
        self._rough = Names(sizes, set(), self.placed, rough=True)
        assert draft.result is not None
        self._count(draft.result, set())
        self._starts = {s.value: s.body for s in draft.statements if isinstance(s, Start)}
        self._count_loops(draft)
        for define in _defines(draft.statements):
            if any(v in self.uses for v in define.values):
                self._settle(define.body, define.values[0].loop)
        for start in self._starts.values():
            self._settle(start, None)
        self._settle(draft.result, None)

    def _count(self, body: Expr, seen: set[Expr]) -> None:
        """Count reads, of each expression once."""
        if body in seen:
            return
        seen.add(body)
        for hole in body.holes():
            value = hole.value.source or hole.value
            self.uses[value] += 1
            made = self.made.get(value, (value.definition, None))[0]
            if made is not None:
                self._count(made, seen)
        self._seen = seen

    def _count_loops(self, draft: Draft) -> None:
        """What a loop that is read starts with, and all that its states are made of."""
        counted: set[Value] = set()
        while fresh_ones := [v for v in self._starts if v in self.uses and v not in counted]:
            for value in fresh_ones:
                counted.add(value)
                self._count(self._starts[value], self._seen)

    def is_read(self, statement: Statement) -> bool:
        """Does the result depend on it?"""
        match statement:
            case Define(values):
                return any(v in self.uses and v not in self.placed for v in values)
            case Start(value):
                return value in self.uses
            case Loop(body=body):
                return any(self.is_read(d) for d in body)

    def _settle(self, body: Expr, loop: Loop | None) -> None:
        """Write out in an expression what it alone reads, as long as the line bears it."""
        for hole in body.holes():
            made = self._may_go(hole.value, loop)
            if made is not None:
                self.placed[hole.value] = made
                if hole.value not in self.made:
                    self._settle(made, loop)
        while len(self._rough.text(body)) > WIDTH and (movable := list(self._movable(body))):
            calls = [v for v in movable if self.placed[v].level == ATOM and isinstance(self.placed[v].parts[0], str)]
            longest = max(calls or movable, key=lambda v: len(self._rough.text(self.placed[v])))
            del self.placed[longest]

    def _movable(self, body: Expr) -> Iterator[Value]:
        """What is written out in an expression, at whatever depth, and could have a line of its own."""
        for hole in body.holes():
            made = self.placed.get(hole.value)
            if made is not None:
                if hole.value in self.made and not _is_plain(made):
                    yield hole.value
                yield from self._movable(made)

    def _may_go(self, value: Value, loop: Loop | None) -> Expr | None:
        """What can stand in a value's place."""
        if value.source is not None or value.named:
            return None
        if value not in self.made:
            return value.definition
        body, where = self.made[value]
        if value.definition is None:
            return None
        if _is_plain(body):
            return body
        return body if self.uses[value] == 1 and where is loop else None


def _is_plain(body: Expr) -> bool:
    """Is it a number, a size, or a weight transposed?"""
    if len(body.parts) == 1:
        return not isinstance(body.parts[0], Hole)
    return len(body.parts) == 2 and body.parts[1] == ".T" and _is_input(body.parts[0])


def _is_input(part: object) -> bool:
    return isinstance(part, Hole) and part.value.definition is None and part.value.loop is None


def _defines(statements: Iterable[Statement]) -> Iterator[Define]:
    for s in statements:
        if isinstance(s, Loop):
            yield from s.body
        elif isinstance(s, Define):
            yield s
