"""From where to where in a function each scratch array is in use, read off its own text.

Arrays that are never in use at the same time can stand in the same memory. A name is in use from the first statement
that mentions it to the last one that mentions it, or another name that may show the same memory. A loop is one
statement for what is mentioned outside of it too, and for what a step may find there from the step before; what each
step fills anew before it is read is in use from there to its last mention in the step. Where it is not plain that a
result is an array of its own, it may show every array that it is made from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

from symbp.emit.words import BUILTIN, MARK

# Calls that return a number or an array of their own, and methods that do.
OWN = {"_dot", *(f"mark_{word}" for word in BUILTIN)} - {"mark_zip", "mark_reversed"}
WHOLE = {"reshape", "transpose"}  # methods that show all of an array
OWN_METHODS = {"sum", "max", "min", "argmax", "argmin", "item", "astype"}


Shows = dict[str, set[str]]  # the arrays whose memory a name may show
N = TypeVar("N", bound=ast.AST)


@dataclass(slots=True, eq=False)
class _For:
    """A loop: at which place it begins, and the last one in its body."""

    first: int
    last: int = 0


@dataclass(frozen=True, slots=True)
class _Mention:
    """The place of a statement that mentions an array, the loops around it, and whether it fills the array anew."""

    place: int
    loops: tuple[_For, ...]
    fills: bool


@dataclass(slots=True)
class _Places:
    """The mentions of each array in the order of the text; every statement and every loop's head has a place."""

    shows: Shows
    mentions: dict[str, list[_Mention]] = field(default_factory=dict)
    count: int = 0

    def read(self, statements: Sequence[ast.stmt], loops: tuple[_For, ...] = ()) -> None:
        for s in statements:
            if not loops:
                _note_names(s, self.shows)
            match s:
                case ast.For(iter=steps, body=body):
                    loop = _For(self.count)
                    self._mention(steps, loops)
                    self.read(body, (*loops, loop))
                    loop.last = self.count - 1
                case _:
                    self._mention(s, loops)

    def _mention(self, node: ast.AST, loops: tuple[_For, ...]) -> None:
        for array in dict.fromkeys(a for name in _mentioned(node) for a in sorted(self.shows.get(name, ()))):
            fills = _fills(node, array, self.shows)
            self.mentions.setdefault(array, []).append(_Mention(self.count, loops, fills))
        self.count += 1


def lifetimes(lines: Sequence[str], names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each of these arrays the first and the last statement that it is in use in, counted along the lines."""
    places = _Places({name: {name} for name in names})
    places.read(ast.parse("\n".join(lines).replace(MARK, "mark_")).body)
    return {array: _span(found) for array, found in places.mentions.items()}


def _span(mentions: list[_Mention]) -> tuple[int, int]:
    first, last = mentions[0].place, mentions[-1].place
    for loop in dict.fromkeys(loop for m in mentions for loop in m.loops):
        inside = [m for m in mentions if loop in m.loops]
        fresh = inside[0].fills and inside[0].loops[-1] is loop
        if not fresh or len(inside) < len(mentions):
            first, last = min(first, loop.first), max(last, loop.last)
    return first, last


def _fills(statement: ast.AST, array: str, shows: Shows) -> bool:
    """Is all that a statement does with an array to write all of it?"""
    bound = [n for t in getattr(statement, "targets", ()) for n in _bound(t)]
    read = [n for n in _nodes(statement, ast.Name) if array in shows.get(n.id, ()) and n not in bound]
    calls = list(_nodes(statement, ast.Call))
    whole = [_whole(k.value) for c in calls if not _has(c, "where") for k in c.keywords if k.arg == "out"]
    return len(read) == 1 and read[0].id == array and read[0] in whole


def _has(call: ast.Call, keyword: str) -> bool:
    return any(k.arg == keyword for k in call.keywords)


def _whole(node: ast.expr) -> ast.expr:
    """The array of which this is another view of all."""
    match node:
        case ast.Call(ast.Attribute(array, method)) if method in WHOLE:
            return _whole(array)
    return node


def are_apart(spans: dict[str, tuple[int, int]]) -> bool:
    """Are two of them never in use at once?"""
    return any(a[1] < b[0] or b[1] < a[0] for a, b in combinations(spans.values(), 2))


def _note_names(statement: ast.stmt, shows: dict[str, set[str]]) -> None:
    """What each name that a statement binds may show; twice in a loop, whose steps hand names on."""
    for _ in range(2):
        for node in ast.walk(statement):
            match node:
                case ast.Assign():
                    _bind(node, shows)
                case ast.For(target, steps):
                    _add(target, set(_shown(steps, shows)), shows)


def _bind(node: ast.Assign, shows: dict[str, set[str]]) -> None:
    for target in node.targets:
        match target, node.value:
            case ast.Tuple(places), ast.Tuple(values):
                pairs = list(zip(places, values, strict=True))
            case _:
                pairs = [(target, node.value)]
        for place, value in pairs:
            _add(place, set(_shown(value, shows)), shows)


def _add(target: ast.expr, arrays: set[str], shows: dict[str, set[str]]) -> None:
    for name in _bound(target):
        shows.setdefault(name.id, set()).update(arrays)


def _shown(value: ast.expr, shows: dict[str, set[str]]) -> Iterator[str]:
    """The arrays whose memory a value may show."""
    match value:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Constant():
            return
        case ast.Call(keywords=[*_, ast.keyword("out", array)]):
            yield from _shown(array, shows)
            return
        case ast.Call(ast.Name(name)) if name in OWN:
            return
        case ast.Call(ast.Attribute(attr=name)) if name in OWN_METHODS:
            return
    for name in _mentioned(value):
        yield from shows.get(name, ())


def _mentioned(node: ast.AST) -> Iterator[str]:
    return (n.id for n in _nodes(node, ast.Name))


def _bound(target: ast.AST) -> Iterator[ast.Name]:
    """The names that a target binds: not that of an array of which it fills a part."""
    for name in _nodes(target, ast.Name):
        match name.ctx:
            case ast.Store():
                yield name


def _nodes(node: ast.AST, kind: type[N]) -> Iterator[N]:
    """The nodes of a kind in a tree."""
    return (n for n in ast.walk(node) if isinstance(n, kind))
