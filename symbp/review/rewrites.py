"""The usual mistakes, as data: each a way to write a statement otherwise, by which a wrong one may become right.

A row has a kind, what it costs (the more a rewriting adds of its own the later it is tried), and a rule from a part of
a right side to what may stand there instead (`parts`, `wholes`). A rule knows the shapes of the names in scope and
nothing of the truth: whether a rewriting mends the gradients is found by running it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from symbp.review.parts import PARTS
from symbp.review.program import Statement
from symbp.review.scope import Scope, is_scalar, numbers
from symbp.review.trees import clone
from symbp.review.wholes import WHOLES

CHANGES = ("append", "insert", "extend", "at", "update", "fill", "put", "putmask", "place", "copyto")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statement written otherwise; `old` and `new` are the parts that differ."""

    kind: str
    cost: int
    statement: ast.stmt
    old: str
    new: str
    part: ast.AST | None = None  # what stands there now, with its place in the text


def rewrites(statement: Statement, scope: Scope, cost: int) -> Iterator[Rewrite]:
    """What may stand there instead, of that cost."""
    yield from (r for r in _statements(statement, scope) if r.cost == cost)
    node = statement.node
    value = getattr(node, "value", None)
    if value is None or not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)):
        return
    if isinstance(node, ast.Expr) and not is_change(node):
        return
    seen = {ast.unparse(node)}
    for kind, part, new in _values(value, statement, scope, cost):
        changed = clone(node, {id(part): new})
        text = ast.unparse(changed)
        if text not in seen:
            seen.add(text)
            yield Rewrite(kind, cost, changed, ast.unparse(part), ast.unparse(new), part)


def _values(value: ast.expr, statement: Statement, scope: Scope, cost: int) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    for price, rule in PARTS:
        if price == cost:
            for part in (p for tree in (value, *_subscripts(statement.node)) for p in ast.walk(tree)):
                if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), ast.Store):
                    for kind, new in rule(part, scope):
                        yield kind, part, new
    for price, whole in WHOLES:
        if price == cost:
            for part in _roots(value):
                target = statement.names[0] if statement.names else ast.unparse(part)
                for kind, new in whole(part, target, scope):
                    yield kind, part, new


def _subscripts(node: ast.stmt) -> Iterator[ast.expr]:
    """What is written to: `dh[h <= 0] = 0` has its mistakes there."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    yield from (t.slice for t in targets if isinstance(t, ast.Subscript))


def _roots(value: ast.expr) -> Iterator[ast.expr]:
    """The right side itself; of a display each of its parts."""
    for part in ast.walk(value):
        inside = [value]
        if isinstance(value, (ast.Tuple, ast.List)):
            inside = [*value.elts, *(v for e in value.elts for v in _entries(e))]
        elif _entries(value):
            inside = _entries(value)
        if (
            isinstance(part, ast.expr)
            and any(part is i for i in inside)
            and not isinstance(part, (ast.Tuple, ast.Dict, ast.Starred))
        ):
            yield part


def _entries(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Dict):
        return list(node.values)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict":
        return [k.value for k in node.keywords]
    return list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else []


def _statements(statement: Statement, scope: Scope) -> Iterator[Rewrite]:
    """Mistakes of the statement as a whole: `=` for `+=`, a repeated index assigned, something done once too often."""
    node = statement.node
    text = ast.unparse(node)
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = ast.unparse(node.targets[0])
        again = statement.loop or target in scope.earlier
        if again and not isinstance(node.targets[0], (ast.Tuple, ast.List)):
            yield _whole("overwrite", 1, text, f"{target} += {ast.unparse(node.value)}")
    if isinstance(node, ast.AugAssign):
        target, value = ast.unparse(node.target), ast.unparse(node.value)
        if isinstance(node.op, ast.Add):
            yield _whole("sign", 1, text, f"{target} -= {value}")
            yield _whole("overwrite", 1, text, f"{target} = {value}")
        if isinstance(node.op, ast.Sub):
            yield _whole("sign", 1, text, f"{target} += {value}")
        if isinstance(node.target, ast.Subscript) and isinstance(node.op, (ast.Add, ast.Sub)):
            array, index = _array_and_index(node.target)
            sign = "-" if isinstance(node.op, ast.Sub) else ""
            yield _whole("index_add", 1, text, f"np.add.at({array}, np.s_{index}, {sign}({value}))")
        if isinstance(node.op, (ast.Mult, ast.Div)) and is_scalar(node.value, scope):
            op = "*" if isinstance(node.op, ast.Mult) else "/"
            for number in map(ast.unparse, numbers(scope)):
                if number != value:
                    yield Rewrite("factor", 1, ast.parse(f"{target} {op}= {number}").body[0], value, number, node.value)
        kept = target in scope.forward  # of the forward pass, which others read
        yield _whole("overwrite" if kept else "path", 1 if kept else 2, text, "pass")
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and len(node.targets) == 1:
        array, index = _array_and_index(node.targets[0])
        if not isinstance(node.targets[0].slice, ast.Constant):
            yield _whole("index_add", 1, text, f"np.add.at({array}, np.s_{index}, {ast.unparse(node.value)})")
    if isinstance(node, ast.Expr) and is_change(node):
        yield _whole("path", 2, text, "pass")


def is_change(node: ast.Expr) -> bool:
    """Does it change an array or a list, as `np.add.at(dE, t, rows)` and `hs.append(h)` do?"""
    function = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in CHANGES


def _array_and_index(node: ast.Subscript) -> tuple[str, str]:
    """`a` and `[i, :]` of `a[i, :]`."""
    array = ast.unparse(node.value)
    return array, ast.unparse(node)[len(array) :]


def _whole(kind: str, cost: int, old: str, new: str) -> Rewrite:
    return Rewrite(kind, cost, ast.parse(new).body[0], old, new)
