"""From where to where in a function each scratch array is in use, read off its own text.

Arrays that are never in use at the same time can stand in the same memory. A name is in use from the first statement
that mentions it to the last one that mentions it, or another name that may show the same memory; a loop is one
statement. Where it is not plain that a result is an array of its own, it may show every array that it is made from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations

from symbp.emit.words import BUILTIN, MARK

# Calls that return a number or an array of their own, and methods that do.
OWN = {"_dot", *(f"mark_{word}" for word in BUILTIN)} - {"mark_zip", "mark_reversed"}
OWN_METHODS = {"sum", "max", "min", "argmax", "argmin", "item", "astype"}


def lifetimes(lines: Sequence[str], names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each of these arrays the first and the last statement that it is in use in, counted along the lines."""
    shows: dict[str, set[str]] = {name: {name} for name in names}
    spans: dict[str, tuple[int, int]] = {}
    for k, statement in enumerate(ast.parse("\n".join(lines).replace(MARK, "mark_")).body):
        _note_names(statement, shows)
        for name in _mentioned(statement):
            for array in shows.get(name, ()):
                spans[array] = (spans.get(array, (k, k))[0], k)
    return spans


def are_apart(spans: dict[str, tuple[int, int]]) -> bool:
    """Are two of them never in use at once?"""
    return any(a[1] < b[0] or b[1] < a[0] for a, b in combinations(spans.values(), 2))


def _note_names(statement: ast.stmt, shows: dict[str, set[str]]) -> None:
    """What each name that a statement binds may show; twice in a loop, whose steps hand names on."""
    for _ in range(2):
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign):
                _bind(node, shows)
            elif isinstance(node, ast.For):
                _add(node.target, set(_shown(node.iter, shows)), shows)


def _bind(node: ast.Assign, shows: dict[str, set[str]]) -> None:
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        for place, value in pairs:
            _add(place, set(_shown(value, shows)), shows)


def _add(target: ast.expr, arrays: set[str], shows: dict[str, set[str]]) -> None:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            shows.setdefault(node.id, set()).update(arrays)


def _shown(value: ast.expr, shows: dict[str, set[str]]) -> Iterator[str]:
    """The arrays whose memory a value may show."""
    if isinstance(value, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Constant)):
        return
    if isinstance(value, ast.Call):
        out = [keyword.value for keyword in value.keywords if keyword.arg == "out"]
        function = value.func
        if out:
            yield from _shown(out[0], shows)
            return
        if isinstance(function, ast.Name) and function.id in OWN:
            return
        if isinstance(function, ast.Attribute) and function.attr in OWN_METHODS:
            return
    for name in _mentioned(value):
        yield from shows.get(name, ())


def _mentioned(node: ast.AST) -> Iterator[str]:
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
