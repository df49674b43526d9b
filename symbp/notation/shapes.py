"""Words for shapes: the same entries under other subscripts. Names, order and meaning of the arguments are NumPy's.

No array is made by them: what a word returns asks its argument for the entry that an entry comes from.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence

from symbp.core.integers import ONE, ZERO, Poly, quotient
from symbp.errors import ShapeError
from symbp.notation.arguments import axes_of, axis_of, given, one_axis, sizes_of
from symbp.notation.context import Context
from symbp.notation.integers import integer
from symbp.notation.values import Shape, Subs, Value, shape_text


def moved(value: Value, shape: Shape, of: Callable[[Subs], Subs]) -> Value:
    """The array of that shape whose entry at `subs` is the value's at `of(subs)`."""
    return Value(shape, lambda subs: value.at(of(subs)), value.size, value.truth)


def reshape(context: Context, node: ast.Call, value: Value, dims: Sequence[ast.expr]) -> Value:
    """The entries in row-major order, counted by other dimensions; one of them may be -1."""
    sizes = sizes_of(context, dims)
    shape = _with_rest(context, node, value, sizes)
    groups = _groups(value.shape, shape)
    if groups is None:
        text = (
            f"{shape_text(value.shape)} cannot be reshaped to {shape_text(shape)}: the sizes multiply to other numbers"
        )
        raise context.error(node, text, ShapeError)
    return moved(value, shape, lambda subs: _regrouped(groups, value.shape, shape, subs))


def _with_rest(context: Context, node: ast.Call, value: Value, sizes: list[tuple[ast.expr, Poly]]) -> Shape:
    free = [n for n, p in sizes if p == -ONE]
    if len(free) > 1:
        context.fail(free[1], "only one size can be -1")
    if not free:
        return tuple(p for _, p in sizes)
    others = math.prod((p for n, p in sizes if n is not free[0]), start=ONE)
    rest = _divided(math.prod(value.shape, start=ONE), others)
    if rest is None:
        context.fail(free[0], f"this size does not follow from {shape_text(value.shape)}; write it")
    return tuple(rest if n is free[0] else p for n, p in sizes)


def _divided(top: Poly, bottom: Poly) -> Poly | None:
    """The quotient of two sizes where it comes out even term by term."""
    if len(bottom.terms) != 1:
        return ONE if top == bottom else None
    (atoms, number), terms = bottom.terms[0], []
    for monomial, coefficient in top.terms:
        rest = list(monomial)
        for a in atoms:
            if a not in rest:
                return None
            rest.remove(a)
        if coefficient % number:
            return None
        terms.append((tuple(rest), coefficient // number))
    return Poly.collect(terms)


Groups = list[tuple[range, range]]


def _groups(old: Shape, new: Shape) -> Groups | None:
    """Runs of dimensions, as short as they can be, that have equally many entries before and after."""
    found: Groups = []
    i = j = 0
    while i < len(old) or j < len(new):
        ends = ((a, b) for n in range(1, len(old) + len(new) + 1) for a in range(i, len(old) + 1)
                if j <= (b := j + n - (a - i)) <= len(new))  # fmt: skip
        run = next(((a, b) for a, b in ends if math.prod(old[i:a], start=ONE) == math.prod(new[j:b], start=ONE)), None)
        if run is None:
            return None
        found.append((range(i, run[0]), range(j, run[1])))
        i, j = run
    return found


def _regrouped(groups: Groups, old: Shape, new: Shape, subs: Subs) -> Subs:
    result: list[Poly] = []
    for before, after in groups:
        place = ZERO
        for k in after:
            place = place * new[k] + subs[k]
        stride, digits = ONE, []
        for k in reversed(before):
            whole, stride = quotient(place, stride), stride * old[k]
            digits.append(whole if k == before[0] else whole - quotient(place, stride) * old[k])
        result += reversed(digits)
    return tuple(result)


def _reshape(context: Context, node: ast.Call) -> Value:
    if not node.args or node.keywords:
        context.fail(node, "expected reshape(x, SIZE, ...)")
    return reshape(context, node, context.value(node.args[0]), node.args[1:])


def _flatten(context: Context, node: ast.Call) -> Value:
    """All but the first dimension as one."""
    value = context.value(given(context, node, "x")["x"])
    if not value.shape:
        context.fail(node, "a scalar has nothing to flatten")
    shape = (value.shape[0], math.prod(value.shape[1:], start=ONE))
    groups = _groups(value.shape, shape)
    assert groups is not None
    return moved(value, shape, lambda subs: _regrouped(groups, value.shape, shape, subs))


def _transpose(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "axes?")
    value = context.value(args["x"])
    rank = len(value.shape)
    axes = axes_of(context, args["axes"], rank) if "axes" in args else tuple(reversed(range(rank)))
    if len(axes) != rank:
        context.fail(node, f"expected all of the {rank} axes, in an order")
    return _permuted(value, axes)


def _permuted(value: Value, axes: tuple[int, ...]) -> Value:
    return moved(
        value, tuple(value.shape[a] for a in axes), lambda subs: tuple(subs[axes.index(k)] for k in range(len(axes)))
    )


def _swapaxes(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "axis1", "axis2")
    value = context.value(args["x"])
    order = list(range(len(value.shape)))
    a, b = (axis_of(context, args[n], len(order)) for n in ("axis1", "axis2"))
    order[a], order[b] = order[b], order[a]
    return _permuted(value, tuple(order))


def _squeeze(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "axis?")
    value = context.value(args["x"])
    rank = len(value.shape)
    axes = (
        axes_of(context, args["axis"], rank)
        if "axis" in args
        else tuple(k for k, e in enumerate(value.shape) if e == ONE)
    )
    if any(value.shape[a] != ONE for a in axes):
        context.fail(node, f"only a dimension of size 1 can be squeezed, and this is {shape_text(value.shape)}")

    def of(subs: Subs) -> Subs:
        rest = iter(subs)
        return tuple(ZERO if k in axes else next(rest) for k in range(rank))

    return moved(value, tuple(e for k, e in enumerate(value.shape) if k not in axes), of)


def with_axis(value: Value, place: int) -> Value:
    """The same with one more axis of size 1."""
    shape = (*value.shape[:place], ONE, *value.shape[place:])
    return moved(value, shape, lambda subs: (*subs[:place], *subs[place + 1 :]))


def _expand_dims(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "axis")
    value = context.value(args["x"])
    return with_axis(value, axis_of(context, args["axis"], len(value.shape) + 1))


def _flip(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "axis?")
    value = context.value(args["x"])
    rank = len(value.shape)
    axes = axes_of(context, args["axis"], rank) if "axis" in args else tuple(range(rank))
    return moved(
        value,
        value.shape,
        lambda subs: tuple(
            e - 1 - s if k in axes else s for k, (s, e) in enumerate(zip(subs, value.shape, strict=True))
        ),
    )


def along(value: Value, axis: int, extent: Poly, of: Callable[[Poly], Poly]) -> Value:
    """Another subscript along one axis, which gets another extent."""
    shape = (*value.shape[:axis], extent, *value.shape[axis + 1 :])
    return moved(value, shape, lambda subs: (*subs[:axis], of(subs[axis]), *subs[axis + 1 :]))


def _repeat(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "repeats", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)
    times = integer(context, args["repeats"], "how often it is repeated")
    return along(value, axis, value.shape[axis] * times, lambda s: quotient(s, times))


def _tile(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "reps")
    value = context.value(args["x"])
    times = [p for _, p in sizes_of(context, [args["reps"]])]
    more = len(times) - len(value.shape)
    if more > 0:
        old = value
        value = moved(old, ((ONE,) * more + old.shape), lambda subs: subs[more:])
    for axis, count in enumerate(times, start=max(0, -more)):
        if count != ONE:
            value = along(value, axis, value.shape[axis] * count, _round(value.shape[axis]))
    return value


def _round(extent: Poly) -> Callable[[Poly], Poly]:
    """A place counted round from the start, k % extent."""
    return lambda s: s - quotient(s, extent) * extent if extent != ONE else ZERO


SHAPE_RULES: dict[str, Callable[[Context, ast.Call], Value]] = {
    "reshape": _reshape,
    "flatten": _flatten,
    "transpose": _transpose,
    "swapaxes": _swapaxes,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "flip": _flip,
    "repeat": _repeat,
    "tile": _tile,
}
