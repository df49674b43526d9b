"""Words that put arrays one behind the other, `concatenate`, `stack`, `roll`, `pad`, or make them of numbers, `eye`.

An entry asks, by its place, the array that it comes from.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import ZERO, Poly
from symbp.errors import ShapeError
from symbp.notation.arguments import axis_of, given, one_axis, several, sizes_of
from symbp.notation.context import Context
from symbp.notation.integers import integer
from symbp.notation.shapes import with_axis
from symbp.notation.syntax import is_listed, listed
from symbp.notation.values import Shape, Subs, Value, shape_text


def _roll(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "shift", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)
    steps, extent = integer(context, args["shift"], "a shift").constant, value.shape[axis]
    if steps is None:
        context.fail(args["shift"], "a shift is a whole number")
    round_ = extent + steps if steps < 0 else Poly.of(steps)  # so many come from the end
    return _pieces((value, value), axis, extent, (round_,), (lambda s: s - round_ + extent, lambda s: s - round_))


def _pieces(
    parts: Sequence[Value], axis: int, extent: Poly, ends: Sequence[Poly], of: Sequence[Callable[[Poly], Poly]]
) -> Value:
    """Arrays one behind the other along an axis: each but the last up to its end."""
    first = parts[0]

    def at(subs: Subs) -> Expr:
        entries = [p.number((*subs[:axis], f(subs[axis]), *subs[axis + 1 :])) for p, f in zip(parts, of, strict=True)]
        result = entries[-1]
        for entry, end in zip(reversed(entries[:-1]), reversed(ends), strict=True):
            inside = build.compare("<", build.integer(subs[axis]), build.integer(end))
            result = build.where(inside, entry, result)
        return result

    shape = (*first.shape[:axis], extent, *first.shape[axis + 1 :])
    return Value(shape, at, 1 + sum(p.size for p in parts))


def _concatenate(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "arrays", "axis?")
    parts = several(context, node, args)
    rank = len(parts[0].shape)
    if not rank:
        context.fail(node, "numbers have no axis to go along; `stack` makes an array of them")
    axis = axis_of(context, args["axis"], rank) if "axis" in args else 0
    for part in parts:
        if len(part.shape) != rank or _without(part.shape, axis) != _without(parts[0].shape, axis):
            shapes = ", ".join(shape_text(p.shape) for p in parts)
            raise context.error(node, f"these do not go side by side along axis {axis}: {shapes}", ShapeError)
    starts = [ZERO]
    for part in parts:
        starts.append(starts[-1] + part.shape[axis])
    moves = [lambda s, start=start: s - start for start in starts[:-1]]
    return _pieces(parts, axis, starts[-1], starts[1:-1], moves)


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _stack(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "arrays", "axis?")
    parts = several(context, node, args)
    if any(p.shape != parts[0].shape for p in parts):
        shapes = ", ".join(shape_text(p.shape) for p in parts)
        raise context.error(node, f"these are not of one shape: {shapes}", ShapeError)
    axis = axis_of(context, args["axis"], len(parts[0].shape) + 1) if "axis" in args else 0
    wide = [with_axis(p, axis) for p in parts]
    ends = [Poly.of(k) for k in range(1, len(parts))]
    return _pieces(wide, axis, Poly.of(len(parts)), ends, [lambda s: ZERO] * len(parts))


def _pad(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "pad_width", "constant_values?")
    value = context.value(args["x"])
    filling = context.value(args["constant_values"]) if "constant_values" in args else Value((), lambda _: build.NIL)
    if filling.shape:
        context.fail(args["constant_values"], "expected a number here")
    widths = _widths(context, args["pad_width"], len(value.shape))
    shape = tuple(e + a + b for e, (a, b) in zip(value.shape, widths, strict=True))

    def at(subs: Subs) -> Expr:
        inside = []
        for s, e, (a, b) in zip(subs, value.shape, widths, strict=True):
            inside += [build.compare("<=", build.integer(a), build.integer(s))] if a != ZERO else []
            inside += [build.compare("<", build.integer(s), build.integer(e + a))] if b != ZERO else []
        entry = value.number(tuple(s - a for s, (a, _) in zip(subs, widths, strict=True)))
        return build.where(build.both(*inside), entry, filling.number())

    return Value(shape, at, value.size + 2 * len(shape))


def _widths(context: Context, node: ast.expr, rank: int) -> list[tuple[Poly, Poly]]:
    """`2`, `(1, 2)` or `((0, 0), (1, 1))`: how many entries go before and behind."""
    if not is_listed(node):
        return [(integer(context, node, "a width"),) * 2] * rank
    parts = listed(node)
    if not any(map(is_listed, parts)):
        ends = [integer(context, e, "a width") for e in parts]
        if len(ends) != 2:
            context.fail(node, "expected two widths, before and behind, or a pair for each axis")
        return [(ends[0], ends[1])] * rank
    if len(parts) != rank:
        context.fail(node, f"expected a pair of widths for each of {rank} axes")
    return [pair for e in parts for pair in _widths(context, e, 1)]


# --- arrays of numbers


def _filled(entry: Expr) -> Callable[[Context, ast.Call], Value]:
    def rule(context: Context, node: ast.Call) -> Value:
        if not node.args or node.keywords:
            context.fail(node, f"`{ast.unparse(node.func)}` takes sizes")
        return Value(tuple(p for _, p in sizes_of(context, node.args)), lambda _: entry)

    return rule


def _eye(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "N", "M?")
    rows = integer(context, args["N"], "a size")
    columns = integer(context, args["M"], "a size") if "M" in args else rows
    return Value((rows, columns), lambda subs: build.delta(subs[0], subs[1]))


def _arange(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "stop")
    return Value((integer(context, args["stop"], "a size"),), lambda subs: build.integer(subs[0]))


JOINED_RULES: dict[str, Callable[[Context, ast.Call], Value]] = {
    "roll": _roll,
    "pad": _pad,
    "concatenate": _concatenate,
    "stack": _stack,
    "zeros": _filled(build.NIL),
    "ones": _filled(build.UNIT),
    "eye": _eye,
    "arange": _arange,
}
