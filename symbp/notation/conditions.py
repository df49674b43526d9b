"""Conditions and choices: comparisons, `and`, `or`, `in`, `a if condition else b`.

A test of an option of a function, `scale is None` or `mode == "same"`, is decided while the function is inlined.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from symbp.core import build
from symbp.core.expr import Compare, Cond, Delta, Expr
from symbp.core.views import integers_compared
from symbp.notation.builtins import places
from symbp.notation.context import Context
from symbp.notation.integers import integer, is_label, static
from symbp.notation.places import KINDS, compared, is_call
from symbp.notation.syntax import called
from symbp.notation.values import Constant, Value, decided, elementwise, literal, scalar, shape_text

_OPS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def compare(context: Context, node: ast.Compare) -> Value | Constant:
    """`a < b <= c`, of arrays entry by entry."""
    match node.ops:
        case [ast.Is() | ast.IsNot(), *_]:
            return _of_option(context, node, context.read(node.left))
    if tuples := _of_tuple(context, node):
        return tuples
    match _side(context, node.left):
        case Value() as first:
            conds = list(_links(context, node, first))
            return conds[0] if len(conds) == 1 else elementwise(build.both, *conds, truth=True)
        case option:
            return _of_option(context, node, option)


def _links(context: Context, node: ast.Compare, left: Value) -> Iterator[Value]:
    """The comparisons of a chain, each with what stands before it."""
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In):
            yield _member(context, left, right_node)
            continue
        if type(op) not in _OPS:
            context.fail(node, "expected one of < <= > >= == !=")
        right = _side(context, right_node)
        if isinstance(right, Constant):
            right = context.value(right_node)  # which says what is wrong with it
        yield elementwise(_comparison(context, _OPS[type(op)]), left, right, truth=True)
        left = right


def _side(context: Context, node: ast.expr) -> Value | Constant:
    """A side of a comparison, where a label may stand: `1 if t[n] == k else 0`."""
    if is_label(context, node):
        return scalar(build.integer(integer(context, node, "a label")))
    return context.read(node)


def _comparison(context: Context, op: str) -> Callable[[Expr, Expr], Cond]:
    return lambda a, b: compared(context, op, a, b)


def _member(context: Context, left: Value, node: ast.expr) -> Value:
    """`y[n] in (0, 1)`."""
    parts = _elements(node)
    if not parts:
        context.fail(node, "expected numbers in parentheses after `in`, such as (0, 1)")
    options = [elementwise(_comparison(context, "=="), left, context.value(e), truth=True) for e in parts]
    return elementwise(build.either, *options, truth=True)


def _elements(node: ast.expr) -> list[ast.expr] | None:
    """What stands in brackets after `in`; None where there are none."""
    return node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else None


# --- places


def _of_tuple(context: Context, node: ast.Compare) -> Value | None:
    """`(u, v) == argmax(... for u_ in U for v_ in V)`."""
    match node:
        case ast.Compare(ops=[ast.In() | ast.NotIn(), *_]):
            return None
        case ast.Compare(left=ast.Tuple() as at, ops=[op], comparators=[ast.Call() as call]):
            pass
        case ast.Compare(left=ast.Call() as call, ops=[op], comparators=[ast.Tuple() as at]):
            pass
        case _:
            if any(isinstance(side, ast.Tuple) for side in (node.left, *node.comparators)):
                context.fail(node, _NO_PLACE)
            return None
    if not is_call(context, call) or not isinstance(op, (ast.Eq, ast.NotEq)):
        context.fail(node, _NO_PLACE)
    subs = tuple(integer(context, e, "a place") for e in at.elts)
    hit = places(context, call, KINDS[called(call)], subs)
    return scalar(hit if isinstance(op, ast.Eq) else build.negate(hit))


_NO_PLACE = "a tuple is compared with a place, `(u, v) == argmax(...)`, and with nothing else"


# --- options of a function


def _of_option(context: Context, node: ast.Compare, left: Value | Constant) -> Constant:
    """A comparison of an option of a function, decided while it is inlined: `scale is None`, `mode in ("a", "b")`."""
    if len(node.ops) != 1:
        context.fail(node, "expected one comparison here")
    op, right_node = node.ops[0], node.comparators[0]
    match op:
        case ast.In() | ast.NotIn():
            return Constant((left in _texts(context, right_node)) == isinstance(op, ast.In))
    right = static(context, right_node) or context.read(right_node)
    if isinstance(left, Value) and right != Constant(None):
        context.fail(node, "`is` asks whether an option is None; expected one of < <= > >= == !=")
    same = isinstance(right, Constant) and isinstance(left, Constant) and right.value == left.value
    return Constant(same == isinstance(op, (ast.Is, ast.Eq)))


def _texts(context: Context, node: ast.expr) -> list[Constant]:
    """The texts, or True, False and None, that an option may be."""
    parts = _elements(node)
    options = [found for e in parts or () if (found := static(context, e)) is not None]
    if parts is None or len(options) < len(parts):
        context.fail(node, "expected texts in parentheses after `in`")
    return options


# --- choices


def boolean(context: Context, node: ast.BoolOp) -> Value | Constant:
    """`1 <= t and x[t - 1] > 0`: a part is looked at only where those before it do not decide."""
    make: Any = build.both if isinstance(node.op, ast.And) else build.either
    decides, parts = Constant(isinstance(node.op, ast.Or)), []
    for value in node.values:
        part = context.read(value)
        match part:
            case Constant(bool()) if context.results is not None:
                if part == decides:
                    return part
                continue  # an option of a function that leaves it to the others
        parts.append(part if isinstance(part, Value) and part.truth else context.cond(value))
        entry = _entry(context, parts[-1])
        context = context.guard(entry if make is build.both else build.negate(entry))
    return elementwise(make, *parts, truth=True) if parts else Constant(not decides.value)


def _entry(context: Context, value: Value) -> Cond:
    return value.cond(context.work.somewhere(value.shape))


def choice(context: Context, node: ast.IfExp) -> Value | Constant:
    """`a if condition else b`, of one condition."""
    test = context.read(node.test)
    if (known := decided(test)) is not None:
        branch = node.body if known else node.orelse
        return context.read(branch) if isinstance(test, Constant) else context.value(branch)
    cond = test if isinstance(test, Value) and test.truth else context.cond(node.test)
    if cond.shape:
        text = f"one condition is expected here, and this is {shape_text(cond.shape)} of them; use where"
        context.fail(node.test, text)
    entry = cond.cond()
    then = context.guard(entry).value(node.body)
    other = context.guard(build.negate(entry)).value(node.orelse)
    if (literal(then), literal(other)) == (build.UNIT, build.NIL) and (found := _delta(entry)) is not None:
        return scalar(found)
    return elementwise(build.where, cond, then, other)


def _delta(cond: Cond) -> Expr | None:
    """`1 if i == j else 0` is Kronecker's delta."""
    match cond:
        case Compare("==") if (sides := integers_compared(cond)) is not None:
            return Delta(*sides)
    return None
