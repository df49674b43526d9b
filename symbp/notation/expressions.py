"""Expressions: one rule for each kind of syntax, from an `ast` node to the array it stands for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

from symbp.core import build
from symbp.core.expr import Delta, Expr, Num, Pi
from symbp.core.integers import Index, Poly
from symbp.errors import ShapeError
from symbp.notation import values
from symbp.notation.bounds import check_number
from symbp.notation.calls import call
from symbp.notation.conditions import boolean, choice, compare
from symbp.notation.context import Context
from symbp.notation.integers import integer, use_of
from symbp.notation.recurrence import Recurrent
from symbp.notation.source import chain
from symbp.notation.subscripts import subscript
from symbp.notation.values import Clash, Constant, Value, elementwise, literal, scalar, shape_text
from symbp.notation.words import BUILTINS, nearest

MAX_BITS = 4_000


def elaborate(context: Context, node: ast.expr) -> Value | Constant:
    """What an expression stands for; shapes that do not go together become a ShapeError at the node."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise context.error(node, f"{_KINDS.get(type(node), 'this')} is not in the language")
    try:
        value = rule(context, node)
    except Clash as clash:
        raise context.error(node, str(clash), ShapeError) from None
    return value if isinstance(value, Constant) else context.bound_size(node, value)


def _constant(context: Context, node: ast.Constant) -> Value | Constant:
    match node.value:
        case None | bool() as option:
            return Constant(option)
        case int(number):
            return scalar(Num(Fraction(number)))
        case float(number):
            return scalar(Num(Fraction(repr(number))))  # which is what stands there, to the last digit
    raise context.error(node, "a text is not a number")


def _name(context: Context, node: ast.Name) -> Value | Constant:
    match context.bound(node):
        case Value(classes=Poly()) as labels:
            context.fail(node, use_of(node.id, labels))
        case Value(each=Index()):
            context.fail(node, f"`{node.id}` is a list of arrays, one for each layer; read one of them, `{node.id}[l]`")
        case Value() | Constant() as value:
            return value
        case Recurrent(letters=()):
            context.fail(node, f"only a start of `{node.id}` is given, and no loop before this defines it")
        case Recurrent(letters=letters):
            entry = f"{node.id}[{', '.join(letters)}]"
            context.fail(node, f"`{node.id}` is what a loop defines; expected an entry of it, `{entry}`")
        case Index() | Poly() as number:
            return scalar(build.integer(number))
    return scalar(Pi()) if node.id == "pi" else _unknown(context, node)


def _unknown(context: Context, node: ast.Name) -> NoReturn:
    """What is wrong with a name that stands for nothing here."""
    if context.file.declared(node.id) or node.id in BUILTINS:
        context.fail(node, f"`{node.id}` is a function; expected a call of it, `{node.id}(...)`")
    if context.results is None and node.id == context.target:
        text = f"a circular definition: `{node.id}` reads itself"
        context.fail(node, f"{text}; a recurrence is written in a loop, `for t in T:`")
    if context.results is None and node.id in context.work.taken:
        context.fail(node, f"`{node.id}` is read before it is defined; it is defined further down")
    known = [*context.scope, *BUILTINS, *context.file.functions, "pi"]
    raise context.error(node, f"`{node.id}` is not defined{nearest(node.id, known)}")


def _binary(context: Context, node: ast.BinOp) -> Value:
    match node.op:
        case ast.Add() | ast.Sub():
            return _chain(context, node, build.add)
        case ast.Mult() | ast.Div():
            return _chain(context, node, build.mul)
        case ast.MatMult():
            return _matmul(context, node)
        case ast.Pow():
            return _power(context, node)
        case ast.FloorDiv() | ast.Mod():
            return scalar(build.integer(integer(context, node, "what // and % divide")))
    raise context.error(node, "this operator is not in the language, which has + - * / ** @ // %")


def _chain(context: Context, node: ast.BinOp, make: Callable[..., Expr]) -> Value:
    """A whole sum or product at once, so that its length is no depth."""
    parts: list[Value] = []
    shape: values.Shape = ()
    operands = chain(node)
    if make is build.mul:
        context = _under_deltas(context, operands)
    for op, operand, whole in operands:
        value = context.value(operand)
        shape = _joined(context, shape, value.shape, whole, operand)
        match op:
            case ast.Sub():
                value = elementwise(build.neg, value)
            case ast.Div():
                value = elementwise(_powers(context, operand), value, scalar(build.MINUS))
        parts.append(value)
    numbers = [n for p in parts if (n := literal(p))]
    check_number(context, node, make(*numbers))
    result = elementwise(make, *parts)
    return result if result.shape or sum(p.size for p in parts) > 2 * len(parts) else _folded(result)


def _under_deltas(context: Context, operands: list[tuple[ast.operator | None, ast.expr, ast.BinOp]]) -> Context:
    """A factor `(1 if l == L - 1 else 0)` guards the others: where it is 0 they need not exist."""
    choices = [o for _, o, _ in operands if isinstance(o, ast.IfExp)]
    entries = [v.at(()) for v in (context.read(o) for o in choices) if isinstance(v, Value) and not v.shape]
    deltas = [e for e in entries if isinstance(e, Delta)]
    return context.guard(*deltas) if deltas else context


def _folded(value: Value) -> Value:
    """A number computed from numbers is a number."""
    entry = value.at(())
    return scalar(entry) if isinstance(entry, Num) else value


def _joined(
    context: Context, shape: values.Shape, more: values.Shape, whole: ast.BinOp, operand: ast.expr
) -> values.Shape:
    try:
        return values.join(shape, more)
    except Clash as clash:
        text = f"{_text(whole.left)} is {shape_text(shape)}, {_text(operand)} is {shape_text(more)}"
        hint = "; only a scalar, the trailing dimensions or a kept dimension can be stretched"
        raise context.error(whole, f"{clash}: {text}{hint}", ShapeError) from None


def _text(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"


def _powers(context: Context, node: ast.expr) -> Callable[[Expr, Expr], Expr]:
    """Powers of what a node stands for, which must not be zero under a negative exponent."""

    def power(base: Expr, exponent: Expr) -> Expr:
        if base == build.NIL and isinstance(exponent, Num) and exponent.value < 0:
            context.fail(node, "division by zero")
        return build.power(base, exponent)

    return power


def _matmul(context: Context, node: ast.BinOp) -> Value:
    a, b = context.value(node.left), context.value(node.right)
    if a.open or b.open:  # of any shape: what the other gives counts
        return a if a.open else b
    try:
        return values.matmul(a, b, context.work.index)
    except Clash as clash:
        text = f"{clash}: {_text(node.left)} is {shape_text(a.shape)}, {_text(node.right)} is {shape_text(b.shape)}"
        raise context.error(node, text, ShapeError) from None


def _power(context: Context, node: ast.BinOp) -> Value:
    base, exponent = context.value(node.left), context.value(node.right)
    b, e = literal(base), literal(exponent)
    if e is not None and e.value.denominator == 1 and abs(e.value) > 10_000:
        context.fail(node.right, "an exponent this large is no formula's")
    if b is not None and e is not None:
        bits = max(b.value.numerator.bit_length(), b.value.denominator.bit_length()) * abs(e.value)
        if bits > MAX_BITS:
            context.fail(node, "this number is too large")
        power = _powers(context, node.left)(b, e)
        check_number(context, node, power)
        return scalar(power)
    return elementwise(_powers(context, node.left), base, exponent)


def _unary(context: Context, node: ast.UnaryOp) -> Value:
    match node.op:
        case ast.USub():
            value = context.value(node.operand)
            return scalar(build.neg(n)) if (n := literal(value)) else elementwise(build.neg, value)
        case ast.UAdd():
            return context.value(node.operand)
        case ast.Not():
            return elementwise(build.negate, context.cond(node.operand), truth=True)
    raise context.error(node, "~ is not in the language; write `not`")


def _attribute(context: Context, node: ast.Attribute) -> Value:
    if isinstance(node.value, ast.Name) and node.value.id == "np":
        context.fail(node, f"write `{node.attr}` without `np.`; the language has its own functions")
    if node.attr != "T":
        context.fail(node, f"the only attribute of an array is .T; `{node.attr}` may be a function: {node.attr}(x)")
    return values.transpose(context.value(node.value))


_RULES: dict[type[ast.expr], Callable[[Context, Any], Value | Constant]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: compare,
    ast.BoolOp: boolean,
    ast.IfExp: choice,
    ast.Attribute: _attribute,
    ast.Subscript: subscript,
    ast.Call: call,
}

_KINDS: dict[type[ast.expr], str] = {
    ast.Lambda: "a lambda",
    ast.ListComp: "a list; write sum(... for ...)",
    ast.SetComp: "a set",
    ast.DictComp: "a dictionary",
    ast.GeneratorExp: "a comprehension without sum, mean, max or min around it",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.List: "a list",
    ast.Tuple: "a tuple here",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.NamedExpr: "an assignment inside an expression",
    ast.JoinedStr: "a text",
    ast.Starred: "a starred expression",
}
