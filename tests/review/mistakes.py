"""The usual mistakes as changes of a right statement: what might have been written, and the kinds that name it.

Nothing here is shared with `symbp.review.rewrites`, which goes the other way; a kind is a word of `check --json`, and
several stand where a mistake can be told in several ways.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

import numpy as np

Values = Mapping[str, np.ndarray]
Spoilt = Iterator[tuple[str, ast.expr | ast.stmt]]

MULTIPLIED, ADDED = (ast.Mult, ast.Div), (ast.Add, ast.Sub)


def expression(text: str, **parts: ast.expr) -> ast.expr:
    """A formula with expressions in the place of its names."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copy.deepcopy(parts.get(node.id, node))

    return Put().visit(ast.parse(text, mode="eval").body)


def is_number(node: ast.expr, values: Values) -> bool:
    """Is it one number, as a size is, or the root of one?"""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("np.sqrt", "len") and all(is_number(a, values) for a in node.args)
    if isinstance(node, ast.BinOp):
        return is_number(node.left, values) and is_number(node.right, values)
    if ast.unparse(node).endswith(".size"):
        return True
    value = values.get(ast.unparse(node))
    return value is not None and value.ndim == 0


# --- of the right side as a whole


def turned_round(node: ast.expr, values: Values) -> Spoilt:
    yield "sign", expression("-(a)", a=node)


def doubled(node: ast.expr, values: Values) -> Spoilt:
    yield "factor path", expression("2 * a", a=node)
    yield "factor", expression("a / 2", a=node)


def averaged(node: ast.expr, values: Values) -> Spoilt:
    for name in sorted(n for n, v in values.items() if v.ndim == 0 and v > 1 and not n.startswith("_")):
        yield "factor mean", expression("a / n", a=node, n=ast.Name(name, ast.Load()))


def rounded(node: ast.expr, values: Values) -> Spoilt:
    yield "dtype", expression("np.float32(a)", a=node)


# --- of a part of it


def other_sign(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ADDED):
        kinds = "sign step" if ast.unparse(node.left) == "t" else "sign"  # of `h[t + 1]`
        yield kinds, ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", node.operand


def without_factor(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, MULTIPLIED):
        number = is_number(node.right, values)
        yield "factor mean" if number else "derivative term factor path", node.left
        if isinstance(node.op, ast.Mult):
            yield "factor" if is_number(node.left, values) else "derivative term factor path", node.right


def other_number(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, MULTIPLIED) and is_number(node.right, values):
        for name in sorted(n for n, v in values.items() if v.ndim == 0 and v > 1 and n != ast.unparse(node.right)):
            yield "factor mean wrong_tensor", ast.BinOp(node.left, node.op, ast.Name(name, ast.Load()))
        if isinstance(node.right, ast.Call):
            yield "factor", ast.BinOp(node.left, node.op, node.right.args[0])


def without_term(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ADDED) and not is_number(node.left, values):
        yield "path constant term softmax step", node.left
        if isinstance(node.op, ast.Add):
            yield "path constant term softmax step", node.right


def term_twice(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield "path factor term", expression("a + b + b", a=node.left, b=node.right)
        yield "factor term path", expression("a + 0.5 * b", a=node.left, b=node.right)


def other_power(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
        less = ast.Constant(node.right.value - 1)
        lower = node.left if less.value == 1 else ast.BinOp(node.left, ast.Pow(), less)
        yield "derivative term factor", lower


def other_slope(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) in ("1", "1.0"):
        yield "derivative term", node.right
        if isinstance(node.right, ast.Name):
            yield "derivative term", expression("1 - a ** 2", a=node.right)
    if isinstance(node, ast.Compare):
        other = {ast.Gt: ast.Lt, ast.LtE: ast.Gt}.get(type(node.ops[0]))
        if other:
            yield "derivative", ast.Compare(node.left, [other()], node.comparators)


def mean_for_sum(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
        other = copy.deepcopy(node)
        other.func.attr = "mean" if node.func.attr == "sum" else "sum"
        yield "mean factor", other


def without_sum(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sum":
        is_np = ast.unparse(node.func.value) == "np"
        yield "sum shape", node.args[0] if is_np else node.func.value
        axis = next((k for k in node.keywords if k.arg == "axis"), None)
        if axis and ast.unparse(axis.value) in ("0", "1"):
            other = copy.deepcopy(node)
            next(k for k in other.keywords if k.arg == "axis").value = ast.Constant(1 - axis.value.value)
            yield "sum shape", other


def not_transposed(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose shape", node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "transpose":
        yield "transpose shape", node.func.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and not ast.unparse(node.right).endswith(".T"):
        value = values.get(ast.unparse(node.right))
        if value is not None and value.ndim == 2 and len(set(value.shape)) == 1:
            yield "transpose", expression("a @ b.T", a=node.left, b=node.right)


def another_tensor(node: ast.expr, values: Values) -> Spoilt:
    text = ast.unparse(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and text in values and values[text].ndim:
        for name, value in sorted(values.items()):
            if name != text and value.shape == values[text].shape and value.dtype == values[text].dtype:
                yield "wrong_tensor step transpose derivative", ast.parse(name, mode="eval").body


def another_step(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("t", "t + 1"):
        other = "t" if ast.unparse(node.slice) == "t + 1" else "t + 1"
        yield "step wrong_tensor", expression(f"a[{other}]", a=node.value)


def another_order(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.List) and len(node.elts) > 2:
        for k in range(len(node.elts) - 1):
            elements = list(node.elts)
            elements[k], elements[k + 1] = elements[k + 1], elements[k]
            yield "order wrong_tensor", ast.List(elements, ast.Load())


def entry_by_entry(node: ast.expr, values: Values) -> Spoilt:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.right, ast.BinOp):
        inner = node.right
        if isinstance(inner.op, ast.Sub) and "sum" in ast.unparse(inner.right) and isinstance(node.left, ast.Name):
            yield "softmax path constant term derivative", expression("p * (1 - p) * d", p=node.left, d=inner.left)
            yield "softmax path constant term derivative", expression("p * d - p ** 2 * d", p=node.left, d=inner.left)


# --- of the statement


def overwritten(node: ast.stmt, values: Values) -> Spoilt:
    if isinstance(node, ast.AugAssign):
        target = copy.deepcopy(node.target)
        if isinstance(node.op, ast.Add):
            yield "overwrite path constant step", ast.Assign([target], node.value)
            yield "sign", ast.AugAssign(target, ast.Sub(), node.value)


def counted_once(node: ast.stmt, values: Values) -> Spoilt:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "np.add.at":
        array, index, value = node.value.args
        for sign in ("+=", "="):
            text = f"{ast.unparse(array)}[{ast.unparse(index)}] {sign} {ast.unparse(value)}"
            yield "index_add overwrite", ast.parse(text).body[0]


def carry_lost(node: ast.stmt, values: Values) -> Spoilt:
    """In a loop what goes on to the next step is forgotten."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        if name in ("dh", "dc"):
            nothing = expression("np.zeros_like(a)", a=ast.Name(name, ast.Load()))
            yield "step path wrong_tensor term", ast.Assign(node.targets, nothing)


Part = Callable[[ast.expr, Values], Spoilt]
Whole = Callable[[ast.stmt, Values], Spoilt]
OF_VALUES: tuple[Part, ...] = (turned_round, doubled, averaged, rounded)
OF_PARTS: tuple[Part, ...] = (
    *(other_sign, without_factor, other_number, without_term, term_twice, other_power, other_slope, mean_for_sum),
    *(without_sum, not_transposed, another_tensor, another_step, another_order, entry_by_entry),
)
OF_STATEMENTS: tuple[Whole, ...] = (overwritten, counted_once, carry_lost)


def mistakes(statement: ast.stmt, values: Values) -> Iterator[tuple[str, str, ast.stmt]]:
    """Each with the name of its row, the kinds that name it, and the statement with it."""
    for whole in OF_STATEMENTS:
        yield from ((whole.__name__, kinds, new) for kinds, new in whole(statement, values))
    value = getattr(statement, "value", None)
    if not isinstance(statement, (ast.Assign, ast.AugAssign)) or value is None:
        return
    for row in OF_VALUES:
        for kinds, new in row(value, values):
            yield row.__name__, kinds, _with(statement, value, new)
    for row in OF_PARTS:
        for part in ast.walk(value):
            if isinstance(part, ast.expr):
                for kinds, new in row(part, values):
                    yield row.__name__, kinds, _with(statement, part, new)


def _with(statement: ast.stmt, old: ast.expr, new: ast.expr | ast.stmt) -> ast.stmt:
    at = list(ast.walk(statement)).index(old)
    changed = copy.deepcopy(statement)
    target = list(ast.walk(changed))[at]

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(new) if node is target else self.generic_visit(node)

    return Put().visit(changed)
