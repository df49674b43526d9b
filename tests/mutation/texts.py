"""Mistakes in an emitted module: one change of the syntax tree of the functions that compute, a row for each kind."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Callable, Iterator
from itertools import islice

FUNCTIONS = ("loss", "loss_and_gradients")
CALLS = {
    "add": "subtract", "subtract": "add", "multiply": "divide", "divide": "multiply", "maximum": "minimum",
    "minimum": "maximum", "exp": "expm1", "expm1": "exp", "log": "log1p", "log1p": "log", "tanh": "sin",
    "sqrt": "square", "square": "negative", "negative": "square", "greater": "less", "less": "greater",
    "less_equal": "greater",
    "greater_equal": "less", "equal": "not_equal", "sin": "cos", "cos": "sin", "vdot": "dot", "abs": "negative",
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult
}  # fmt: skip
REDUCTIONS = {"sum": "mean", "max": "min", "min": "max"}

Edit = Callable[[], None]
Rule = Callable[[ast.AST, "Place"], Iterator[tuple[str, Edit]]]


class Place:
    """What is known where a node stands: the names of the arrays of its function, by what follows `# (`, and sizes."""

    def __init__(self, text: str, function: ast.FunctionDef) -> None:
        self.shapes = dict(_shapes(text, function))
        self.sizes = sorted({w for s in self.shapes.values() for w in s.strip("(),").split(", ") if w.isidentifier()})

    def twin(self, name: str) -> str | None:
        """Another array of the same shape."""
        shape = self.shapes.get(name)
        return next((n for n, s in self.shapes.items() if n != name and s == shape), None) if shape else None


def _shapes(text: str, function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    for node in ast.walk(function):
        comment = lines[node.lineno - 1].partition("# ")[2] if isinstance(node, ast.stmt) else ""
        if comment.startswith("("):
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Name):
                yield target.id, comment
            for part in ast.walk(node):
                if isinstance(part, ast.keyword) and part.arg == "out" and isinstance(part.value, ast.Name):
                    yield part.value.id, comment


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Every single mistake of `RULES` in the functions that compute loss and gradients."""
    lines = text.splitlines(keepends=True)
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef) and function.name in FUNCTIONS:
            before, after = "".join(lines[: function.lineno - 1]), "".join(lines[function.end_lineno :])
            for kind, changed in _changed(function, Place(text, function)):
                yield f"{function.name}: {kind}", f"{before}{changed}\n{after}"


def _changed(function: ast.FunctionDef, place: Place) -> Iterator[tuple[str, str]]:
    """The text of a function after each edit of each of its nodes; the tree itself stays as it is."""
    plain = ast.unparse(function)
    kept = pickle.dumps(function)  # read again it is a copy, sooner than by `copy.deepcopy`
    for k, node in enumerate(ast.walk(function)):
        for j, _ in enumerate(_edits(node, place)):
            fresh = pickle.loads(kept)
            kind, edit = _edits(next(islice(ast.walk(fresh), k, None)), place)[j]
            edit()
            changed = ast.unparse(fresh)
            if changed != plain:
                yield kind, changed


def _edits(node: ast.AST, place: Place) -> list[tuple[str, Edit]]:
    return [edit for rule in RULES for edit in rule(node, place)]


def _operator(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield "another operator", lambda: setattr(node, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield "a divisor is dropped", lambda: _become(node, node.left)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "a sign is dropped", lambda: _become(node, node.operand)


def _become(node: ast.AST, other: ast.AST) -> None:
    """The node turns into another expression in place."""
    other = copy.deepcopy(other)
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)


def _call(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    func = node.func
    if isinstance(func.value, ast.Name) and func.value.id == "np" and func.attr in CALLS:
        yield "another function", lambda: setattr(func, "attr", CALLS[func.attr])
    if func.attr == "matmul":
        yield "operands change places", lambda: node.args.reverse()
        if all(isinstance(a, (ast.Name, ast.Attribute)) for a in node.args):
            yield "a product leaves out the last entry", lambda: _shorten(node)
    if func.attr in REDUCTIONS and not (isinstance(func.value, ast.Name) and func.value.id == "np"):
        yield "another reduction", lambda: setattr(func, "attr", REDUCTIONS[func.attr])
        yield "a sum leaves out the first entry", lambda: setattr(func, "value", _sliced(func.value, lower=1))
    for keyword in node.keywords:
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            yield "another axis", lambda k=keyword: setattr(k.value, "value", 1 - k.value.value)  # type: ignore[misc]
        if keyword.arg == "out" and isinstance(keyword.value, ast.Name) and (twin := place.twin(keyword.value.id)):
            yield "written over what is still needed", lambda k=keyword, t=twin: setattr(k.value, "id", t)  # type: ignore[misc]


def _sliced(node: ast.expr, lower: int | None = None, upper: int | None = None) -> ast.expr:
    ends = (None if k is None else ast.Constant(k) for k in (lower, upper))
    return ast.Subscript(copy.deepcopy(node), ast.Slice(*ends), ast.Load())


def _shorten(node: ast.Call) -> None:
    """A B without the last column of A and the last row of B."""
    left, right = node.args
    last = ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    node.args = [
        ast.Subscript(left, ast.Tuple([ast.Constant(...), last], ast.Load()), ast.Load()),
        ast.Subscript(right, copy.deepcopy(last), ast.Load()),
    ]


def _transpose(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "a transpose is dropped", lambda: _become(node, node.value)


def _number(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            if isinstance(side, ast.Constant) and isinstance(side.value, (int, float)):
                yield "another number", lambda s=side: setattr(s, "value", s.value + 1)  # type: ignore[misc]
            if isinstance(side, ast.Name) and side.id in place.sizes and len(place.sizes) > 1:
                other = place.sizes[place.sizes.index(side.id) - 1]
                yield "another size", lambda s=side, o=other: setattr(s, "id", o)  # type: ignore[misc]


def _slice(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    """A window, a gate or a range of steps that lies one beside itself; a stride that is another."""
    if isinstance(node, ast.Slice):
        for side in ("lower", "upper", "step"):
            old = getattr(node, side)
            if old is not None:
                one = ast.BinOp(copy.deepcopy(old), ast.Add() if side == "step" else ast.Sub(), ast.Constant(1))
                kind = "another stride" if side == "step" else "a slice begins or ends elsewhere"
                yield kind, lambda s=side, o=one: setattr(node, s, o)  # type: ignore[misc]


def _loop(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    """A loop that leaves out a step, or goes the other way."""
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call):
        return
    call = node.iter
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "reversed":
        yield "a loop goes forward", lambda: setattr(node, "iter", call.args[0])
    inner = call.args[0] if name == "reversed" else call
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "range":
        if len(inner.args) == 1:
            yield "a loop begins one later", lambda: inner.args.insert(0, ast.Constant(1))
        last = inner.args[-1] if len(inner.args) < 3 else inner.args[1]
        less = ast.BinOp(copy.deepcopy(last), ast.Sub(), ast.Constant(1))
        yield "a loop ends one earlier", lambda: inner.args.__setitem__(inner.args.index(last), less)


def _permutation(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    """Two dimensions change places."""
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "transpose"
    if call and len(node.args) > 1:  # type: ignore[attr-defined]
        yield "dimensions change places", lambda: node.args.insert(0, node.args.pop())  # type: ignore[attr-defined]


def _operand(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    operands = (
        node.args if isinstance(node, ast.Call) else [node.left, node.right] if isinstance(node, ast.BinOp) else []
    )
    if isinstance(node, ast.AugAssign):
        operands = [node.value]
    for part in operands:
        if isinstance(part, ast.Name) and (twin := place.twin(part.id)):
            yield "another operand", lambda p=part, t=twin: setattr(p, "id", t)  # type: ignore[misc]


def _statement(node: ast.AST, place: Place) -> Iterator[tuple[str, Edit]]:
    """A statement that works in place is left out."""
    body = getattr(node, "body", None)
    for statement in body if isinstance(body, list) else []:
        value = getattr(statement, "value", None)
        in_place = isinstance(statement, ast.AugAssign) or (
            isinstance(statement, ast.Expr) and isinstance(value, ast.Call) and bool(value.keywords)
        )
        if in_place:
            yield "a statement is left out", lambda s=statement: body.remove(s)  # type: ignore[misc]


RULES: tuple[Rule, ...] = (_operator, _call, _transpose, _number, _slice, _loop, _permutation, _operand, _statement)
