"""Integer expressions: sizes in shapes, ends of ranges, subscripts. Sizes, indices, whole numbers with + - * //."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace

from symbp.core.expr import Num
from symbp.core.integers import Dim, DimAt, Index, Poly, quotient
from symbp.core.ranges import is_nonnegative, may_be_nonnegative
from symbp.core.traverse import indices_of, labels_of
from symbp.errors import ShapeError
from symbp.notation.context import Context
from symbp.notation.values import Constant, Value, part, partial
from symbp.notation.words import nearest

MAX_TERMS, MAX_INTEGER = 64, 10**9


def integer(context: Context, node: ast.expr, what: str) -> Poly:
    """The integer expression that a text is; `what` says in messages what it was to be."""
    poly = _RULES.get(type(node), _other)(context, node, what)
    if len(poly.terms) > MAX_TERMS or any(abs(c) > MAX_INTEGER for _, c in poly.terms):
        context.fail(node, f"{what} is too large")
    return poly


def _constant(context: Context, node: ast.Constant, what: str) -> Poly:
    if isinstance(node.value, bool) or not isinstance(node.value, int):
        return _other(context, node, what)
    return Poly.of(node.value)


def _name(context: Context, node: ast.Name, what: str) -> Poly:
    bound = context.scope.get(node.id)
    if isinstance(bound, (Index, Poly)):
        return Poly.of(bound)
    if isinstance(bound, Value) and (number := _whole(bound)) is not None:
        return Poly.of(number)
    if isinstance(bound, Value) and bound.classes is not None and not bound.shape:
        return Poly.of(bound.at(()))  # type: ignore[arg-type]
    if bound is not None:
        context.fail(node, f"{what} is made of sizes, indices and whole numbers, and `{node.id}` is none of them")
    known = [n for n, b in context.scope.items() if isinstance(b, (Index, Poly))]
    raise context.error(node, f"`{node.id}` is not known here as a size or an index{nearest(node.id, known)}")


def _whole(value: Value) -> int | None:
    entry = value.at(()) if not value.shape and value.size == 1 else None
    return int(entry.value) if isinstance(entry, Num) and entry.value.denominator == 1 else None


def _operation(context: Context, node: ast.BinOp, what: str) -> Poly:
    if not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)):
        context.fail(node, f"{what} is made with +, -, *, // and % alone")
    a, b = integer(context, node.left, what), integer(context, node.right, what)
    if isinstance(node.op, ast.FloorDiv):
        return _quotient(context, node, a, b)
    if isinstance(node.op, ast.Mod):
        return a - _quotient(context, node, a, b) * b
    if isinstance(node.op, ast.Mult):
        return _product(context, node, a, b)
    return a + b if isinstance(node.op, ast.Add) else a - b


def _quotient(context: Context, node: ast.BinOp, top: Poly, bottom: Poly) -> Poly:
    if not may_be_nonnegative(bottom - 1):
        context.fail(node.right, "expected a size or a whole number above 0 after // or %")
    return quotient(top, bottom)


def _product(context: Context, node: ast.BinOp, a: Poly, b: Poly) -> Poly:
    """An index times a stride; times 0 every value of the index would mean the same entry."""
    for factor, other, place in ((a, b, node.left), (b, a, node.right)):
        if not factor.terms and (index := next(indices_of(other), None)) is not None:
            letter = index.name.split("%")[0]
            context.fail(
                place, f"a stride of zero: every `{letter}` would stand for the same place; expected 1 or more"
            )
    return a * b


def _unary(context: Context, node: ast.UnaryOp, what: str) -> Poly:
    inner = integer(context, node.operand, what)
    if isinstance(node.op, ast.USub):
        return -inner
    return inner if isinstance(node.op, ast.UAdd) else _other(context, node, what)


def _labels(context: Context, node: ast.Subscript, what: str) -> Poly:
    """An entry of an integer array as a subscript, `t[n]`, or a size that differs by layer, `D[l]`."""
    name = node.value.id if isinstance(node.value, ast.Name) else ""
    size = context.file.sizes.get(name)
    if size is not None and isinstance(size.atom, Dim):
        context.work.widths.setdefault(name, node)
        return Poly.of(DimAt(name, integer(context, node.slice, "a layer")))
    if not is_label(context, node):
        return _other(context, node, what)
    value = labels(context, node)
    if value is None or value.shape:
        whole, count = context.scope[name].shape, len(_items(node))
        context.fail(node, f"`{name}` has {len(whole)} dimensions and {count} subscripts")
    return Poly.of(value.at(()))  # type: ignore[arg-type]


def _items(node: ast.Subscript) -> list[ast.expr]:
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def labels(context: Context, node: ast.expr | None) -> Value | None:
    """The array of labels that an expression names, `t` or `x[n]`; None where it is something else."""
    base = node.value if isinstance(node, ast.Subscript) else node
    bound = context.scope.get(base.id) if isinstance(base, ast.Name) else None
    if not isinstance(bound, Value) or bound.classes is None:
        return None
    items = _items(node) if isinstance(node, ast.Subscript) else []
    items = [i for i in items if not (isinstance(i, ast.Constant) and i.value is ...)]
    if len(items) > len(bound.shape):
        return None
    subs = [None if isinstance(i, ast.Slice) else integer(context, i, "a subscript") for i in items]
    for sub, item in zip(subs, items, strict=True):
        if sub is not None and any(True for _ in labels_of(sub)):
            context.fail(item, "labels of labels are not in the language; expected an index here")
    for place, (sub, extent, item) in enumerate(zip(subs, bound.shape, items, strict=False)):
        if sub is not None:
            context.note(item, sub, extent, f"dimension {place + 1} of `{ast.unparse(base) if base else ''}`")
    left = partial(bound, [*subs, *([None] * (len(bound.shape) - len(subs)))])
    return replace(
        cut(context, left, [i for i in items if isinstance(i, ast.Slice)]), classes=bound.classes, absent=bound.absent
    )


def cut(context: Context, value: Value, items: Sequence[ast.expr | None]) -> Value:
    """The array with parts of its dimensions: `x[:, 1:-1]`, `x[::2]`, `x[::-1]`."""
    for place, item in enumerate(items):
        if isinstance(item, ast.Slice) and (item.lower or item.upper or item.step):
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
    if isinstance(node, ast.BinOp):
        return is_label(context, node.left) or is_label(context, node.right)
    base = node.value if isinstance(node, ast.Subscript) else node
    bound = context.scope.get(base.id) if isinstance(base, ast.Name) else None
    if not isinstance(bound, Value) or bound.classes is None:
        return False
    return isinstance(node, ast.Subscript) or not bound.shape


def use_of(name: str, labels: Value) -> str:
    """What is said where labels stand as numbers."""
    example = f"p[n, {name}[n]]" if labels.shape else f"p[{name}]"
    return f"`{name}` holds labels, which are subscripts and not numbers: write `{example}`"


def _other(context: Context, node: ast.expr, what: str) -> Poly:
    context.fail(node, f"{what} must be made of sizes, indices and whole numbers with +, - and *")


def static(context: Context, node: ast.expr) -> Constant | None:
    """True, False, None or a text, where the node is one of them."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (bool, str))):
        return Constant(node.value)
    return None


_RULES: dict[type[ast.expr], Callable[..., Poly]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _operation,
    ast.UnaryOp: _unary,
    ast.Subscript: _labels,
}
