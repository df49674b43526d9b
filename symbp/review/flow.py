"""Who reads whom: the statements whose values flow into one, as their names tell."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from symbp.review.names import is_pair, leaf
from symbp.review.program import Program, Statement, in_place
from symbp.review.runs import HEADS
from symbp.review.truths import reads, reads_in

Ordered = tuple[int, Statement]  # when it is first run


def sources(program: Program, reader: Statement, name: str) -> list[Statement]:
    """Where a name was last assigned before, and changed since; in a loop that may stand behind."""
    mine = [s for s in program.statements.values() if name in _bases(s) and not isinstance(s.node, HEADS)]
    own = sorted((s for s in mine if s.function == reader.function), key=lambda s: s.number)
    before = [s for s in own if s.number < reader.number]
    behind = [s for s in own if s.number >= reader.number and s.loop and reader.loop]
    found: list[Statement] = []
    for s in reversed(before):
        found.append(s)
        if not in_place(s.node) and name in s.names and (s.loop or not reader.loop):
            return found
    return [*found, *behind] or mine


def _bases(statement: Statement) -> set[str]:
    return {n.partition("[")[0] for n in statement.names}


def flowing(program: Program, goals: Sequence[Statement], free: Sequence[Ordered]) -> set[int]:
    """The numbers of those whose values statements read, or that one of them reads, as far as they are free."""
    found: set[int] = set()
    new = list(goals)
    while new:
        behind = [s for one in new for name in sorted(reads(one)) for s in sources(program, one, name)]
        new = [s for s in behind if s.number not in found and any(s is f for _, f in free)]
        found |= {s.number for s in new}
    return found


def giving(known: Sequence[Ordered], parameter: str) -> list[Statement]:
    """The statements whose names say that they give the gradient of a parameter."""
    return [s for _, s in known if any(leaf(n) == parameter or is_pair(n, parameter) for n in s.names)]


def called(program: Program, readers: Sequence[Ordered]) -> list[Statement]:
    """The statements of functions that these call."""
    read = {name for _, s in readers for name in reads(s)}
    return [s for s in program.statements.values() if s.function in read]


def writes_into(statement: Statement) -> bool:
    """Does it change an array that others may have?"""
    keywords = {k.arg for n in ast.walk(statement.node) if isinstance(n, ast.Call) for k in n.keywords}
    return "out" in keywords or isinstance(statement.node, ast.AugAssign)


def is_unread(program: Program, statement: Statement) -> bool:
    """Is its name assigned anew before anything reads it?"""
    own = [s for s in program.statements.values() if s.function == statement.function]
    later = sorted((s for s in own if s.number > statement.number), key=lambda s: s.number)
    for s in () if statement.loop or len(statement.names) != 1 else later:
        if statement.names[0] in reads(s):
            is_anew = isinstance(s.node, ast.Assign) and statement.names[0] in s.names
            return is_anew and statement.names[0] not in reads_in(s.node.value)  # type: ignore[attr-defined]
    return False


def readers(program: Program, statement: Statement) -> Mapping[int, int]:
    """How often each statement of the function reads its name."""
    found: dict[int, int] = {}
    for s in program.statements.values():
        if s.function == statement.function and not isinstance(s.node, HEADS):
            names = [n for n in ast.walk(s.node) if isinstance(n, (ast.Name, ast.Attribute))]
            count = sum(isinstance(n.ctx, ast.Load) and ast.unparse(n) in statement.names for n in names)
            found |= {s.number: count} if count else {}
    return found
