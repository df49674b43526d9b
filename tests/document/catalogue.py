"""Reads the source for what it says: the sentences that it names, with their slots, and words that stand in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

# A word of two letters or more with a space beside it, or words set within a formula.
_WORDS = re.compile(r"[A-Za-z]{2,}[,;:.]? |[ ][A-Za-z]{2,}|\\text\{ ?[A-Za-z]")
_COMMAND = re.compile(r"\\(?!text\{)[A-Za-z]+\*?")


@dataclass(frozen=True)
class Use:
    """A call of `said`: which sentences it may name, or how their names begin; its slots; whether it gives a count."""

    line: int
    names: tuple[str, ...]
    prefix: str
    slots: frozenset[str]
    counted: bool


def uses(text: str) -> Iterator[Use]:
    """Every call of a function or method `said`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _name(node.func) == "said":
            first, *more = node.args
            names = tuple(_constants(first))
            prefix = _prefix(first)
            assert names or prefix, f"line {node.lineno}: the name of a sentence is not to be seen"
            assert all(k.arg for k in node.keywords), f"line {node.lineno}: the slots are not to be seen"
            slots = frozenset(k.arg for k in node.keywords if k.arg)
            yield Use(node.lineno, names, prefix, slots, len(more) == 1)


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from (*_constants(node.body), *_constants(node.orelse))


def _prefix(node: ast.expr) -> str:
    """`"rule." + name` begins with `rule.`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
        return str(node.left.value)
    return ""


def kinds_of_list(text: str) -> Iterator[str]:
    """Every kind of list that is asked for by its name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _name(node.func) in ("Listed", "_listed", "_joined", "joined", "between"):
            yield from _constants(node.args[0])
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "lists":
            yield from _constants(node.slice)


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Every string that holds words, but for docstrings and messages of errors."""
    tree = ast.parse(text)
    passed = {id(n) for part in _apart(tree) for n in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            passed.update(id(n) for n in node.values)
            inner = "".join(str(v.value) if isinstance(v, ast.Constant) else "" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            inner = node.value
        else:
            continue
        if _WORDS.search(_COMMAND.sub("", inner)):
            yield node.lineno, inner


def _apart(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings and what is raised or asserted."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first
        if isinstance(node, (ast.Raise, ast.Assert)):
            yield node


def rules(text: str) -> Iterator[str]:
    """The names of the rules that a source makes: first in `Rule`, in `differentiation` or in a row."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _name(node.func) in ("Rule", "differentiation", "_plainly"):
            yield from _constants(node.args[0])
