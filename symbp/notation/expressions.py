"""Expressions: one rule for each kind of syntax, from an `ast` node to the array it stands for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Cond, Delta, Expr, Num, Pi, Read
from symbp.core.integers import Index, Poly
from symbp.errors import ShapeError
from symbp.notation import values
from symbp.notation.bounds import check_number
from symbp.notation.builtins import places
from symbp.notation.calls import call
from symbp.notation.context import Context
from symbp.notation.integers import integer, is_label, labels, static, use_of
from symbp.notation.meanings import instead
from symbp.notation.places import KINDS, compared, is_call
from symbp.notation.recurrence import Recurrent
from symbp.notation.source import chain
from symbp.notation.subscripts import subscript
from symbp.notation.values import Clash, Constant, Value, elementwise, literal, scalar, shape_text
from symbp.notation.words import BUILTINS

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
    value = node.value
    if value is None or isinstance(value, bool):
        return Constant(value)
    if isinstance(value, (int, float)):
        return scalar(Num(Fraction(value) if isinstance(value, int) else Fraction(repr(value))))
    raise context.error(node, "a text is not a number")


def _name(context: Context, node: ast.Name) -> Value | Constant:
    bound = context.scope.get(node.id)
    if isinstance(bound, (Value, Constant)):
        if isinstance(bound, Value) and bound.classes is not None:
            context.fail(node, use_of(node.id, bound))
        if isinstance(bound, Value) and bound.each is not None:
            context.fail(node, f"`{node.id}` is a list of arrays, one for each layer; read one of them, `{node.id}[l]`")
        return bound
    if isinstance(bound, Recurrent) and not bound.letters:
        context.fail(node, f"only a start of `{node.id}` is given, and no loop before this defines it")
    if isinstance(bound, Recurrent):
        letters = ", ".join(bound.letters) or "t - 1"
        context.fail(node, f"`{node.id}` is what a loop defines; expected an entry of it, `{node.id}[{letters}]`")
    if isinstance(bound, (Index, Poly)):
        return scalar(build.integer(bound))
    if node.id == "pi":
        return scalar(Pi())
    if context.file.declared(node.id) or node.id in BUILTINS:
        context.fail(node, f"`{node.id}` is a function; expected a call of it, `{node.id}(...)`")
    if context.results is None and node.id == context.target:
        text = f"a circular definition: `{node.id}` reads itself"
        context.fail(node, f"{text}; a recurrence is written in a loop, `for t in T:`")
    if context.results is None and node.id in context.work.taken:
        context.fail(node, f"`{node.id}` is read before it is defined; it is defined further down")
    known = [*context.scope, *BUILTINS, *context.file.functions, "pi"]
    raise context.error(node, f"`{node.id}` is not defined{instead(node.id, known)}")


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
        if isinstance(op, ast.Sub):
            value = elementwise(build.neg, value)
        if isinstance(op, ast.Div):
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


_OPS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def _compare(context: Context, node: ast.Compare) -> Value | Constant:
    if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
        return _same_constant(context, node, context.read(node.left))
    if tuples := _tuples(context, node):
        return tuples
    first = _side(context, node.left)
    if isinstance(node.ops[0], ast.In) and (may := _may_be(context, first, node.comparators[0])) is not None:
        return may
    if isinstance(first, Constant):
        return _same_constant(context, node, first)
    conds, left = [], first
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In):
            conds.append(_member(context, left, right_node))
            continue
        if type(op) not in _OPS:
            context.fail(node, "expected one of < <= > >= == !=")
        right = _side(context, right_node)
        if isinstance(right, Constant):
            right = context.value(right_node)  # which says what is wrong with it
        conds.append(elementwise(_comparison(context, _OPS[type(op)]), left, right, truth=True))
        left = right
    return conds[0] if len(conds) == 1 else elementwise(build.both, *conds, truth=True)


def _side(context: Context, node: ast.expr) -> Value | Constant:
    """A side of a comparison, where a label may stand: `1 if t[n] == k else 0`."""
    if is_label(context, node):
        return scalar(build.integer(integer(context, node, "a label")))
    if isinstance(node, (ast.Name, ast.Subscript)) and (found := labels(context, node)) is not None:
        return Value(found.shape, lambda subs: build.integer(Poly.of(_label(found, subs))), found.size)
    return context.read(node)


def _label(array: Value, subs: tuple[Poly, ...]) -> Read:
    entry = array.at(subs)
    assert isinstance(entry, Read)
    return entry


def _may_be(context: Context, value: Value | Constant, node: ast.expr) -> Constant | None:
    """`ignore_index in target`: may a label be that number? Decided by what it counts, while a function is inlined."""
    found = labels(context, node) if isinstance(node, ast.Name) else None
    number = literal(value) if isinstance(value, Value) else None
    if found is None or not isinstance(number, Num):
        return None
    return Constant(number.value >= 0 or number.value == found.absent)


def _comparison(context: Context, op: str) -> Callable[[Expr, Expr], Cond]:
    return lambda a, b: compared(context, op, a, b)


def _tuples(context: Context, node: ast.Compare) -> Value | None:
    """`(u, v) == argmax(... for u_ in U for v_ in V)`."""
    sides = (node.left, *node.comparators)
    at = next((s for s in sides if isinstance(s, ast.Tuple)), None)
    if at is None or isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return None
    call = next((s for s in sides if isinstance(s, ast.Call) and is_call(context, s)), None)
    if call is None or len(sides) != 2 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
        context.fail(node, "a tuple is compared with a place, `(u, v) == argmax(...)`, and with nothing else")
    assert isinstance(call.func, ast.Name)
    subs = tuple(integer(context, e, "a place") for e in at.elts)
    hit = places(context, call, KINDS[call.func.id], subs)
    return scalar(hit if isinstance(node.ops[0], ast.Eq) else build.negate(hit))


def _same_constant(context: Context, node: ast.Compare, left: Value | Constant) -> Constant:
    """A comparison of an option of a function, decided while it is inlined: `scale is None`, `mode in ("a", "b")`."""
    if len(node.ops) != 1:
        context.fail(node, "expected one comparison here")
    if isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return Constant((left in _texts(context, node.comparators[0])) == isinstance(node.ops[0], ast.In))
    right = static(context, node.comparators[0]) or context.read(node.comparators[0])
    if isinstance(left, Value) and not (isinstance(right, Constant) and right.value is None):
        context.fail(node, "`is` asks whether an option is None; expected one of < <= > >= == !=")
    same = isinstance(right, Constant) and isinstance(left, Constant) and right.value == left.value
    return Constant(same == isinstance(node.ops[0], (ast.Is, ast.Eq)))


def _texts(context: Context, node: ast.expr) -> list[Constant]:
    """The texts, or True, False and None, that an option may be."""
    options = [static(context, e) for e in node.elts] if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [None]
    if None in options:
        context.fail(node, "expected texts in parentheses after `in`")
    return [o for o in options if o is not None]


def _member(context: Context, left: Value, node: ast.expr) -> Value:
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or not node.elts:
        context.fail(node, "expected numbers in parentheses after `in`, such as (0, 1)")
    options = [elementwise(_comparison(context, "=="), left, context.value(e), truth=True) for e in node.elts]
    return elementwise(build.either, *options, truth=True)


def _boolean(context: Context, node: ast.BoolOp) -> Value | Constant:
    """`1 <= t and x[t - 1] > 0`: a part is looked at only where those before it do not decide."""
    make: Any = build.both if isinstance(node.op, ast.And) else build.either
    decides, parts = Constant(isinstance(node.op, ast.Or)), []
    for value in node.values:
        part = context.read(value)
        if isinstance(part, Constant) and isinstance(part.value, bool) and context.results is not None:
            if part == decides:
                return part
            continue  # an option of a function that leaves it to the others
        parts.append(part if isinstance(part, Value) and part.truth else context.cond(value))
        entry = _entry(context, parts[-1])
        context = context.guard(entry if make is build.both else build.negate(entry))
    return elementwise(make, *parts, truth=True) if parts else Constant(not decides.value)


def _entry(context: Context, value: Value) -> Cond:
    return value.cond(tuple(Poly.of(context.work.index(e)) for e in value.shape))


def _choice(context: Context, node: ast.IfExp) -> Value | Constant:
    test = context.read(node.test)
    if isinstance(test, Constant):
        return context.read(node.body if test.value else node.orelse)
    cond = context.cond(node.test)
    if cond.shape:
        context.fail(
            node.test, f"one condition is expected here, and this is {shape_text(cond.shape)} of them; use where"
        )
    entry = cond.cond()
    if entry in (TRUE, FALSE):
        return context.value(node.body if entry == TRUE else node.orelse)
    then = context.guard(entry).value(node.body)
    other = context.guard(build.negate(entry)).value(node.orelse)
    if (literal(then), literal(other)) == (build.UNIT, build.NIL) and (found := _delta(entry)) is not None:
        return scalar(found)
    return elementwise(build.where, cond, then, other)


def _delta(cond: Cond) -> Expr | None:
    """`1 if i == j else 0` is Kronecker's delta."""
    a, b = getattr(cond, "a", None), getattr(cond, "b", None)
    if getattr(cond, "op", "") != "==" or not isinstance(a, Expr) or not isinstance(b, Expr):
        return None
    left, right = build.as_integer(a), build.as_integer(b)
    return None if left is None or right is None else Delta(left, right)


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
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
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
