"""Words that make entries anew, as NumPy's: running sums, products over an axis, diagonals, `kron`, `einsum`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from symbp.core import build
from symbp.core.expr import Expr, Read
from symbp.core.integers import Poly, quotient
from symbp.core.traverse import free_indices
from symbp.errors import ShapeError
from symbp.notation.arguments import given, one_axis
from symbp.notation.context import Context, Pending, emit
from symbp.notation.values import Subs, Value, shape_text

LONGEST = 64  # of an axis whose product is written out


def _cumsum(context: Context, node: ast.Call) -> Value:
    """Each entry with all before it along an axis."""
    args = given(context, node, "x", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)

    def at(subs: Subs) -> Expr:
        before = context.work.index(subs[axis] + 1)
        return build.total((before,), value.number((*subs[:axis], Poly.of(before), *subs[axis + 1 :])))

    return Value(value.shape, at, value.size + 2)


def _cumprod(context: Context, node: ast.Call) -> Value:
    """Each entry times all before it along an axis: a recurrence, r[t] = r[t - 1] x[t], as an equation of its own."""
    args = given(context, node, "x", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)
    if context.guarded or context.nest:
        context.fail(node, "`cumprod` makes an equation of its own: give it a name before this")
    name = context.work.name(f"{context.target}_cumprod")
    step, *others = (context.work.index(value.shape[k]) for k in (axis, *_but(len(value.shape), axis)))
    own = _into([Poly.of(i) for i in others], axis, Poly.of(step))
    before = Read(name, (Poly.of(step) - 1, *map(Poly.of, others)))
    later = build.compare(">", build.integer(step), build.NIL)
    entry = value.number(tuple(own))
    if free := [i for i in free_indices(entry) if i not in (step, *others)]:
        context.fail(node, f"`cumprod` depends on `{free[0].name.split('%')[0]}` here: write it as a recurrence")
    emit(context, Pending(name, (step, *others), build.mul(build.where(later, before, build.UNIT), entry)), node)
    return Value(value.shape, lambda subs: Read(name, (subs[axis], *(subs[k] for k in _but(len(subs), axis)))))


def _but(rank: int, axis: int) -> tuple[int, ...]:
    """The other axes."""
    return tuple(k for k in range(rank) if k != axis)


def _into(subs: list[Poly], place: int, sub: Poly) -> list[Poly]:
    return [*subs[:place], sub, *subs[place:]]


def _prod(context: Context, node: ast.Call) -> Value:
    """The product along an axis of a length that is a number."""
    args = given(context, node, "x", "axis?")
    value = context.value(args["x"])
    axis = one_axis(context, node, args, value)
    count = value.shape[axis].constant
    if count is None or count > LONGEST:
        context.fail(
            node, f"`prod` goes over an axis whose length is a number up to {LONGEST}; a longer one is a recurrence"
        )

    def at(subs: Subs) -> Expr:
        return build.mul(*(value.number((*subs[:axis], Poly.of(k), *subs[axis:])) for k in range(count)))

    return Value((*value.shape[:axis], *value.shape[axis + 1 :]), at, 1 + value.size * count)


def _diag(context: Context, node: ast.Call) -> Value:
    """A vector on the diagonal of a matrix, or the diagonal of a matrix."""
    value = context.value(given(context, node, "v")["v"])
    if len(value.shape) == 1:
        (n,) = value.shape
        return Value((n, n), lambda subs: build.mul(value.number((subs[0],)), build.delta(*subs)), value.size + 2)
    if len(value.shape) != 2 or value.shape[0] != value.shape[1]:
        context.fail(node, f"`diag` takes a vector or a square matrix, and this is {shape_text(value.shape)}")
    return Value(value.shape[:1], lambda subs: value.at((subs[0], subs[0])), value.size)


def _kron(context: Context, node: ast.Call) -> Value:
    """Every entry of the one times all of the other."""
    args = given(context, node, "a", "b")
    a, b = context.value(args["a"]), context.value(args["b"])
    if len(a.shape) != len(b.shape) or not a.shape:
        context.fail(
            node, f"`kron` takes two vectors or two matrices, not {shape_text(a.shape)} and {shape_text(b.shape)}"
        )

    def at(subs: Subs) -> Expr:
        blocks = tuple(quotient(s, e) for s, e in zip(subs, b.shape, strict=True))
        inside = tuple(s - k * e for s, k, e in zip(subs, blocks, b.shape, strict=True))
        return build.mul(a.number(blocks), b.number(inside))

    return Value(tuple(m * n for m, n in zip(a.shape, b.shape, strict=True)), at, 1 + a.size + b.size)


def _einsum(context: Context, node: ast.Call) -> Value:
    """`einsum("nd,dh->nh", x, W)`: letters for the axes; those that the result lacks are summed over."""
    inputs, result = _einsum_letters(context, node)
    values = [context.value(a) for a in node.args[1:]]
    extents = _einsum_extents(context, node, inputs, values)
    if missing := [c for c in result if c not in extents]:
        context.fail(node.args[0], f"`{missing[0]}` stands in the result alone")

    def at(subs: Subs) -> Expr:
        left = ((c, e) for c, e in extents.items() if c not in result)
        summed = {c: context.work.index(e, hint=c if c.islower() else "") for c, e in left}
        places = {**dict(zip(result, subs, strict=True)), **{c: Poly.of(i) for c, i in summed.items()}}
        factors = (v.number(tuple(places[c] for c in n)) for n, v in zip(inputs, values, strict=True))
        return build.total(tuple(summed.values()), build.mul(*factors))

    return Value(tuple(extents[c] for c in result), at, 1 + sum(v.size for v in values))


def _einsum_letters(context: Context, node: ast.Call) -> tuple[list[str], str]:
    """The letters of each array and of the result, without an arrow those that stand once, in the alphabet's order."""
    match node:
        case ast.Call(args=[ast.Constant(value=str(text)), *_], keywords=[]):
            pass
        case _:
            context.fail(node, 'expected einsum("nd,dh->nh", x, W)')
    left, arrow, right = text.replace(" ", "").partition("->")
    once = "".join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    inputs, result = left.split(","), right if arrow else once
    if not all(c.isalpha() for c in "".join(inputs) + result) or len(set(result)) != len(result):
        context.fail(node.args[0], "an axis is a letter here, and a letter stands once in the result")
    return inputs, result


def _einsum_extents(context: Context, node: ast.Call, inputs: list[str], values: list[Value]) -> dict[str, Poly]:
    """How long the axis of each letter is."""
    if len(inputs) != len(values):
        context.fail(node, f"{len(inputs)} arrays are named, and {len(values)} are given")
    extents: dict[str, Poly] = {}
    for letters, value in zip(inputs, values, strict=True):
        if len(letters) != len(value.shape):
            context.fail(node, f"`{letters}` names {len(letters)} axes of {shape_text(value.shape)}")
        for letter, extent in zip(letters, value.shape, strict=True):
            if extents.setdefault(letter, extent) != extent:
                raise context.error(node, f"`{letter}` is {extents[letter]} long and {extent} long", ShapeError)
    return extents


ARRAY_RULES: dict[str, Callable[[Context, ast.Call], Value]] = {
    "cumsum": _cumsum,
    "cumprod": _cumprod,
    "prod": _prod,
    "diag": _diag,
    "kron": _kron,
    "einsum": _einsum,
}
