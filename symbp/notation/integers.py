"""Integer expressions: sizes in shapes, ends of ranges, subscripts. Sizes, indices, whole numbers with + - * //."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace

from symbp.core.integers import Dim, DimAt, Index, Poly, quotient
from symbp.core.ranges import is_nonnegative, may_be_nonnegative
from symbp.core.traverse import indices_of, labels_of
from symbp.errors import ShapeError
from symbp.notation.context import Context, letter_of
from symbp.notation.syntax import base_of, is_dots, name_of, subscripts_in
from symbp.notation.values import Constant, Value, part, partial, whole
from symbp.notation.words import nearest

MAX_TERMS, MAX_INTEGER = 64, 10**9


def integer(context: Context, node: ast.expr, what: str) -> Poly:
    """The integer expression that a text is; `what` says in messages what it was to be."""
    poly = _RULES.get(type(node), _other)(context, node, what)
    if len(poly.terms) > MAX_TERMS or any(abs(c) > MAX_INTEGER for _, c in poly.terms):
        context.fail(node, f"{what} is too large")
    return poly


def _constant(context: Context, node: ast.Constant, what: str) -> Poly:
    match node.value:
        case int(number) if not isinstance(number, bool):
            return Poly.of(number)
    return _other(context, node, what)


def _name(context: Context, node: ast.Name, what: str) -> Poly:
    match context.bound(node):
        case Index() | Poly() as bound:
            return Poly.of(bound)
        case Value() as value if (number := whole(value)) is not None:
            return number
        case Value((), classes=Poly()) as label:
            return Poly.of(label.at(()))  # type: ignore[arg-type]
        case None:
            known = [n for n, b in context.scope.items() if isinstance(b, (Index, Poly))]
            context.fail(node, f"`{node.id}` is not known here as a size or an index{nearest(node.id, known)}")
    text = f"{what} is made of sizes, indices and whole numbers, and `{node.id}` is none of them"
    raise context.error(node, text)


def _operation(context: Context, node: ast.BinOp, what: str) -> Poly:
    rule = _OPERATIONS.get(type(node.op))
    if rule is None:
        context.fail(node, f"{what} is made with +, -, *, // and % alone")
    return rule(context, node, integer(context, node.left, what), integer(context, node.right, what))


def _remainder(context: Context, node: ast.BinOp, top: Poly, bottom: Poly) -> Poly:
    return top - _quotient(context, node, top, bottom) * bottom


def _quotient(context: Context, node: ast.BinOp, top: Poly, bottom: Poly) -> Poly:
    if not may_be_nonnegative(bottom - 1):
        context.fail(node.right, "expected a size or a whole number above 0 after // or %")
    return quotient(top, bottom)


def _product(context: Context, node: ast.BinOp, a: Poly, b: Poly) -> Poly:
    """An index times a stride; times 0 every value of the index would mean the same entry."""
    for factor, other, place in ((a, b, node.left), (b, a, node.right)):
        if not factor.terms and (index := next(indices_of(other), None)) is not None:
            letter = letter_of(index)
            context.fail(
                place, f"a stride of zero: every `{letter}` would stand for the same place; expected 1 or more"
            )
    return a * b


def _unary(context: Context, node: ast.UnaryOp, what: str) -> Poly:
    inner = integer(context, node.operand, what)
    match node.op:
        case ast.USub():
            return -inner
        case ast.UAdd():
            return inner
    return _other(context, node, what)


def _labels(context: Context, node: ast.Subscript, what: str) -> Poly:
    """An entry of an integer array as a subscript, `t[n]`, or a size that differs by layer, `D[l]`."""
    name = name_of(node)
    match context.file.sizes.get(name):
        case Poly(atom=Dim()):
            context.work.widths.setdefault(name, node)
            return Poly.of(DimAt(name, integer(context, node.slice, "a layer")))
    if not is_label(context, node):
        return _other(context, node, what)
    value = labels(context, node)
    if value is None or value.shape:
        given, count = context.scope[name].shape, len(subscripts_in(node))
        context.fail(node, f"`{name}` has {len(given)} dimensions and {count} subscripts")
    return Poly.of(value.at(()))  # type: ignore[arg-type]


def named_labels(context: Context, node: ast.expr) -> Value | None:
    """The labels that an expression names or subscripts, all of them; None where it is something else."""
    match context.bound(base_of(node)):
        case Value(classes=Poly()) as bound:
            return bound
    return None


def labels(context: Context, node: ast.expr | None) -> Value | None:
    """The array of labels that an expression stands for, `t` or `x[n]`; None where it is something else."""
    bound = named_labels(context, node) if node is not None else None
    if node is None or bound is None:
        return None
    items = [i for i in subscripts_in(node) if not is_dots(i)]
    if len(items) > len(bound.shape):
        return None
    subs = [_place_in_labels(context, i) for i in items]
    for place, (sub, extent, item) in enumerate(zip(subs, bound.shape, items, strict=False)):
        if sub is not None:
            context.note(item, sub, extent, f"dimension {place + 1} of `{name_of(node)}`")
    left = partial(bound, [*subs, *([None] * (len(bound.shape) - len(subs)))])
    return replace(cut(context, left, items), classes=bound.classes)


def _place_in_labels(context: Context, item: ast.expr) -> Poly | None:
    """A subscript of labels; None where it is a part, as in `t[1:]`."""
    if isinstance(item, ast.Slice):
        return None
    sub = integer(context, item, "a subscript")
    if any(True for _ in labels_of(sub)):
        context.fail(item, "labels of labels are not in the language; expected an index here")
    return sub


def cut(context: Context, value: Value, items: Sequence[ast.expr | None]) -> Value:
    """The array with parts of the dimensions that are left of those subscripted: `x[:, 1:-1]`, `x[::2]`, `x[::-1]`."""
    left = [i for i in items if i is None or isinstance(i, ast.Slice)]
    for place, item in enumerate(left):
        if item is not None and (item.lower or item.upper or item.step):
            value = _part(context, item, value, place)
    return value


def _part(context: Context, item: ast.Slice, value: Value, axis: int) -> Value:
    extent = value.shape[axis]
    step = integer(context, item.step, "a step").constant if item.step else 1
    if not step:
        context.fail(item.step or item, "a step is a whole number other than 0")
    first, last = (extent - 1, -Poly.of(1)) if step < 0 else (Poly(), extent)
    start = _end(context, item.lower, extent) if item.lower else first
    stop = _end(context, item.upper, extent) if item.upper else last
    low, high = (start, stop) if step > 0 else (stop + 1, start + 1)
    if not is_nonnegative(low) or not is_nonnegative(extent - high) or not is_nonnegative(high - low):
        text = f"this part goes from {low} to {high}, and it is not known that these lie in order within 0 and {extent}"
        raise context.error(item, text, ShapeError)
    count = quotient(high - low + abs(step) - 1, Poly.of(abs(step)))
    return part(value, axis, start, count, step)


def _end(context: Context, node: ast.expr, extent: Poly) -> Poly:
    """An end of a part; a number below 0 counts from the end."""
    end = integer(context, node, "an end of a part")
    number = end.constant
    return extent + end if number is not None and number < 0 else end


def is_label(context: Context, node: ast.expr) -> bool:
    """Is it an entry of labels, `t[n]`, a single label, `t`, or made with one, `H + t[n]`?"""
    match node:
        case ast.BinOp(left, _, right):
            return is_label(context, left) or is_label(context, right)
        case ast.Subscript():
            return named_labels(context, node) is not None
    bound = named_labels(context, node)
    return bound is not None and not bound.shape


def use_of(name: str, labels: Value) -> str:
    """What is said where labels stand as numbers."""
    example = f"p[n, {name}[n]]" if labels.shape else f"p[{name}]"
    return f"`{name}` holds labels, which are subscripts and not numbers: write `{example}`"


def _other(context: Context, node: ast.expr, what: str) -> Poly:
    context.fail(node, f"{what} must be made of sizes, indices and whole numbers with +, - and *")


def static(context: Context, node: ast.expr) -> Constant | None:
    """True, False, None or a text, where the node is one of them."""
    match node:
        case ast.Constant(value=None | bool() | str() as value):
            return Constant(value)
    return None


_OPERATIONS: dict[type[ast.operator], Callable[[Context, ast.BinOp, Poly, Poly], Poly]] = {
    ast.Add: lambda context, node, a, b: a + b,
    ast.Sub: lambda context, node, a, b: a - b,
    ast.Mult: _product,
    ast.FloorDiv: _quotient,
    ast.Mod: _remainder,
}

_RULES: dict[type[ast.expr], Callable[..., Poly]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _operation,
    ast.UnaryOp: _unary,
    ast.Subscript: _labels,
}
