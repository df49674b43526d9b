"""Words for shapes: the same entries under other subscripts. Names, order and meaning of the arguments are NumPy's.

No array is made by them: what a word returns asks its argument for the entry that an entry comes from.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import ONE, ZERO, Poly, quotient
from symbp.errors import ShapeError
from symbp.notation.context import Context
from symbp.notation.integers import integer
from symbp.notation.values import Shape, Subs, Value, shape_text
from symbp.notation.vocabulary import FORMS

Given = dict[str, ast.expr]
MOST_PARTS = 64


def given(context: Context, node: ast.Call, *names: str, many: bool = False) -> Given:
    """The arguments of a call by their names, those that end in `?` optional; with `many` the first takes all given by
    position but the last ones that have names.
    """
    wanted = [n.removesuffix("?") for n in names]
    word = ast.unparse(node.func)
    if any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(wanted):
        context.fail(node, f"`{word}` takes {', '.join(wanted)}: it is written `{FORMS[word]}`")
    found: Given = dict(zip(wanted, node.args, strict=False))
    for k in node.keywords:
        if k.arg not in wanted or k.arg in found:
            context.fail(k, f"`{k.arg or '**'}` is no argument of `{word}`, which has {', '.join(wanted)}")
        found[k.arg] = k.value
    for name in names:
        if not name.endswith("?") and name not in found:
            context.fail(node, f"`{word}` needs `{name}`: it is written `{FORMS[word]}`")
    return found


def axis_of(context: Context, node: ast.expr, rank: int) -> int:
    """An axis as NumPy counts it, from the end where it is negative."""
    axis = integer(context, node, "an axis").constant
    if axis is None or not -rank <= axis < rank:
        context.fail(node, f"expected an axis from {-rank} to {rank - 1}" if rank else "a scalar has no axis")
    return axis % rank


def _axes(context: Context, node: ast.expr, rank: int) -> tuple[int, ...]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    axes = tuple(axis_of(context, p, rank) for p in parts)
    if len(set(axes)) < len(axes):
        context.fail(node, "an axis is named twice")
    return axes


def _sizes(context: Context, nodes: Sequence[ast.expr]) -> list[tuple[ast.expr, Poly]]:
    """Sizes given one by one or as a tuple."""
    if len(nodes) == 1 and isinstance(nodes[0], (ast.Tuple, ast.List)):
        nodes = nodes[0].elts
    return [(n, integer(context, n, "a size")) for n in nodes]


def moved(value: Value, shape: Shape, of: Callable[[Subs], Subs]) -> Value:
    """The array of that shape whose entry at `subs` is the value's at `of(subs)`."""
    return Value(shape, lambda subs: value.at(of(subs)), value.size, value.truth)


# --- the same entries in another order


def reshape(context: Context, node: ast.Call, value: Value, dims: Sequence[ast.expr]) -> Value:
    """The entries in row-major order, counted by other dimensions; one of them may be -1."""
    sizes = _sizes(context, dims)
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
    axes = _axes(context, args["axes"], rank) if "axes" in args else tuple(reversed(range(rank)))
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
        _axes(context, args["axis"], rank)
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
    axes = _axes(context, args["axis"], rank) if "axis" in args else tuple(range(rank))
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


def one_axis(context: Context, node: ast.Call, args: Given, value: Value) -> int:
    """The axis that is named, or the only one."""
    if "axis" in args:
        return axis_of(context, args["axis"], len(value.shape))
    if len(value.shape) != 1:
        context.fail(node, f"`{ast.unparse(node.func)}` of {shape_text(value.shape)} needs an axis")
    return 0


def _repeat(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "repeats", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)
    times = integer(context, args["repeats"], "how often it is repeated")
    return along(value, axis, value.shape[axis] * times, lambda s: quotient(s, times))


def _tile(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "x", "reps")
    value = context.value(args["x"])
    times = [p for _, p in _sizes(context, [args["reps"]])]
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


def _several(context: Context, node: ast.Call, args: Given) -> list[Value]:
    parts = args["arrays"]
    if not isinstance(parts, (ast.Tuple, ast.List)) or not parts.elts:
        context.fail(node, f"`{ast.unparse(node.func)}` takes arrays in parentheses, as in ((a, b), axis=1)")
    if len(parts.elts) > MOST_PARTS:
        context.fail(parts, f"more than {MOST_PARTS} arrays")
    return [context.value(p) for p in parts.elts]


def _concatenate(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "arrays", "axis?")
    parts = _several(context, node, args)
    rank = len(parts[0].shape)
    axis = axis_of(context, args["axis"], rank) if "axis" in args else 0
    for part in parts:
        if len(part.shape) != rank or any(
            a != b for k, (a, b) in enumerate(zip(part.shape, parts[0].shape, strict=True)) if k != axis
        ):
            shapes = ", ".join(shape_text(p.shape) for p in parts)
            raise context.error(node, f"these do not go side by side along axis {axis}: {shapes}", ShapeError)
    starts = [ZERO]
    for part in parts:
        starts.append(starts[-1] + part.shape[axis])
    moves = [lambda s, start=start: s - start for start in starts[:-1]]
    return _pieces(parts, axis, starts[-1], starts[1:-1], moves)


def _stack(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "arrays", "axis?")
    parts = _several(context, node, args)
    if any(p.shape != parts[0].shape for p in parts):
        shapes = ", ".join(shape_text(p.shape) for p in parts)
        raise context.error(node, f"these are not of one shape: {shapes}", ShapeError)
    axis = axis_of(context, args["axis"], len(parts[0].shape) + 1) if "axis" in args else 0
    wide = [moved(p, (*p.shape[:axis], ONE, *p.shape[axis:]), lambda s: (*s[:axis], *s[axis + 1 :])) for p in parts]
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
    if not isinstance(node, (ast.Tuple, ast.List)):
        return [(integer(context, node, "a width"),) * 2] * rank
    if all(not isinstance(e, (ast.Tuple, ast.List)) for e in node.elts):
        ends = [integer(context, e, "a width") for e in node.elts]
        if len(ends) != 2:
            context.fail(node, "expected two widths, before and behind, or a pair for each axis")
        return [(ends[0], ends[1])] * rank
    if len(node.elts) != rank:
        context.fail(node, f"expected a pair of widths for each of {rank} axes")
    return [pair for e in node.elts for pair in _widths(context, e, 1)]


# --- arrays of numbers


def _filled(entry: Expr) -> Callable[[Context, ast.Call], Value]:
    def rule(context: Context, node: ast.Call) -> Value:
        if not node.args or node.keywords:
            context.fail(node, f"`{ast.unparse(node.func)}` takes sizes")
        return Value(tuple(p for _, p in _sizes(context, node.args)), lambda _: entry)

    return rule


def _eye(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "N", "M?")
    rows = integer(context, args["N"], "a size")
    columns = integer(context, args["M"], "a size") if "M" in args else rows
    return Value((rows, columns), lambda subs: build.delta(subs[0], subs[1]))


def _arange(context: Context, node: ast.Call) -> Value:
    args = given(context, node, "stop")
    return Value((integer(context, args["stop"], "a size"),), lambda subs: build.integer(subs[0]))


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
    "roll": _roll,
    "pad": _pad,
    "concatenate": _concatenate,
    "stack": _stack,
    "zeros": _filled(build.NIL),
    "ones": _filled(build.UNIT),
    "eye": _eye,
    "arange": _arange,
}
