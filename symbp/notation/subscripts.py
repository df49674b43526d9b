"""Subscripts: `x[n, d]`, `x[t]` (the rest stays an array), `x[:, k]`, `x[..., k]`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import labels_of
from symbp.errors import ShapeError
from symbp.notation.context import Context, labels_in
from symbp.notation.integers import cut, integer, labels, use_of
from symbp.notation.places import at_place, is_place, place_of
from symbp.notation.recurrence import Recurrent, is_open, read
from symbp.notation.shapes import with_axis
from symbp.notation.syntax import is_dots, is_none, items_of
from symbp.notation.values import Shape, Value, layer, partial, scalar, shape_text


def subscript(context: Context, node: ast.Subscript) -> Value:
    """An entry, or an array of the dimensions that are left."""
    match context.bound(node.value):
        case Recurrent() as bound:
            return _recurrent(context, node, bound, items_of(node.slice))
        case Poly(atom=Dim()):  # a width as a number, `/ D[l]`
            return scalar(build.integer(integer(context, node, "a size")))
        case Value(classes=Poly()) as bound:
            context.fail(node, use_of(ast.unparse(node.value), bound))
        case Value() as bound:
            return _of_array(context, node, bound)
    return _of_array(context, node, context.value(node.value))


def _of_array(context: Context, node: ast.Subscript, value: Value) -> Value:
    items = items_of(node.slice)
    rank, given = len(value.shape), sum(not is_dots(i) and not is_none(i) for i in items)
    if given > rank:
        text = f"{_what(node)} is {shape_text(value.shape)} and has {given} subscripts"
        raise context.error(node, text, ShapeError)
    if any(map(is_none, items)):
        return _with_new_axes(context, node, items, rank - given)
    spread = _spread(context, items, rank - given)
    for place, item in enumerate(spread):
        if item is not None and is_place(context, item):
            return _at_place(context, node, value, spread, place)
    for place, item in enumerate(spread):
        if (found := labels(context, item)) is not None and found.shape:
            return _pick(context, node, value, spread, place)
    return _plain(context, node, value, spread)


def _plain(context: Context, node: ast.Subscript, value: Value, items: list[ast.expr | None]) -> Value:
    """`x[n, :, 2 * i + u]`: integers and whole dimensions."""
    ends = zip(items, value.shape, strict=False)
    subs = _for_all([_from_end(_subscript(context, item), extent) for item, extent in ends], value)
    if value.each is not None:
        if subs[0] is None:
            context.fail(node, f"{_what(node)} is a list of arrays, one for each layer; read one of them first")
        value = layer(value, subs[0])
    _note_all(context, node, subs, value.shape, items_of(node.slice))
    return cut(context, partial(value, subs), items)


def _for_all(subs: list[Poly | None], value: Value) -> list[Poly | None]:
    """A subscript for each dimension, None for those behind that have none."""
    return [*subs, *([None] * (len(value.shape) - len(subs)))]


def _from_end(sub: Poly | None, extent: Poly) -> Poly | None:
    """A subscript; a number below 0 counts from the end."""
    number = sub.constant if sub is not None else None
    return extent + number if number is not None and number < 0 else sub


def _with_new_axes(context: Context, node: ast.Subscript, items: list[ast.expr], more: int) -> Value:
    """`x[:, None]`: the same with further axes of size 1."""
    spread: list[ast.expr] = []
    for item in items:
        spread += [ast.Slice()] * more if is_dots(item) else [item]
    value = _without_new_axes(context, node, [i for i in spread if not is_none(i)])
    for place, item in enumerate(i for i in spread if is_none(i) or isinstance(i, ast.Slice)):
        if is_none(item):
            value = with_axis(value, place)
    return value


def _without_new_axes(context: Context, node: ast.Subscript, kept: list[ast.expr]) -> Value:
    if not kept:
        return context.value(node.value)
    inside = ast.Tuple(elts=kept, ctx=ast.Load()) if len(kept) != 1 else kept[0]
    return subscript(context, ast.copy_location(ast.Subscript(node.value, inside, ast.Load()), node))


def _recurrent(context: Context, node: ast.Subscript, bound: Recurrent, items: list[ast.expr]) -> Value:
    """`h[t - 1]`, `h[t - 1, n, k]`: an entry, or an array of the dimensions that are left."""
    if any(map(is_dots, items)):
        context.fail(node, "`...` cannot stand among the subscripts of what this loop defines")
    subs = [_subscript(context, item) for item in items]
    count = len(bound.letters)
    value = read(context, node, bound, subs)
    left = [s for s in subs[:count] if s is None] + [None] * (count - min(count, len(subs))) + subs[count:]
    if len(left) > len(value.shape):
        text = f"an entry of {_what(node)} is {shape_text(value.shape)} and has {len(left)} subscripts"
        raise context.error(node, text, ShapeError)
    left = _for_all(left, value)
    _note_all(context, node, left, value.shape, items, count)
    for place, (index, sub) in enumerate(zip(bound.lead, subs, strict=False)):
        if sub is not None and (index not in context.nest or sub.index not in (None, index)):
            _note(context, node, place, sub, index.extent, items)
    return partial(value, left)


def _pick(context: Context, node: ast.Subscript, value: Value, items: list[ast.expr | None], place: int) -> Value:
    """`w[x]` with an array of labels: a row for each; `p[..., t]`: of each row the entry that its label names."""
    chosen = labels(context, items[place])
    assert chosen is not None
    subs = _for_all([None if k == place else _subscript(context, item) for k, item in enumerate(items)], value)
    lead = tuple(e for e, s in zip(value.shape[:place], subs, strict=False) if s is None)
    if chosen.classes != value.shape[place] or (lead and lead != chosen.shape):
        labelled = f"labels {shape_text(chosen.shape)} of {chosen.classes} classes"
        text = f"{labelled} do not fit {_what(node)}, {shape_text(value.shape)}"
        raise context.error(node, text, ShapeError)
    rest = tuple(e for e, s in zip(value.shape[place + 1 :], subs[place + 1 :], strict=True) if s is None)

    def at(given: tuple[Poly, ...]) -> Expr:
        label = chosen.at(given[: len(chosen.shape)])
        whole, full = iter(given if lead else given[len(chosen.shape) :]), []
        for k, sub in enumerate(subs):
            full.append(Poly.of(label) if k == place else sub if sub is not None else next(whole))  # type: ignore[arg-type]
        return value.number(tuple(full))

    return Value((*chosen.shape, *rest), at, value.size + chosen.size)


def _at_place(context: Context, node: ast.Subscript, value: Value, items: list[ast.expr | None], place: int) -> Value:
    """`x[n, argmax(z[n, k] for k in K)]`: the entry at the place."""
    at = items[place]
    assert at is not None
    subs = _for_all([None if k == place else _subscript(context, item) for k, item in enumerate(items)], value)
    _note_all(context, node, subs, value.shape, [])
    found = context.value(at)
    extreme = None if found.shape else place_of(context, found.number())
    if extreme is None:
        context.fail(at, "expected the place of one extreme here, such as `argmax(z[n, k] for k in K)`")
    (index,) = extreme.indices
    context.note(at, Poly.of(index), value.shape[place], f"dimension {place + 1} of {_what(node)}")
    return at_place(context, extreme, value, subs, place)


def _spread(context: Context, items: list[ast.expr], more: int) -> list[ast.expr | None]:
    """The items with `...` written out as whole dimensions."""
    dots = [i for i, item in enumerate(items) if is_dots(item)]
    if len(dots) > 1:
        context.fail(items[dots[1]], "only one `...` can stand in a subscript")
    if not dots:
        return list(items)
    return [*items[: dots[0]], *([None] * more), *items[dots[0] + 1 :]]


def _subscript(context: Context, item: ast.expr | None) -> Poly | None:
    """The integer that a subscript is, a sum of indices times numbers or sizes; None where it leaves a dimension."""
    if item is None or isinstance(item, ast.Slice):
        return None
    sub = integer(context, item, "a subscript")
    if any(sum(isinstance(a, Index) for a in m) > 1 for m, _ in sub.terms):
        context.fail(item, "a subscript is affine in its indices, as in `2 * i + u`; expected no product of them")
    return sub


def _what(node: ast.Subscript) -> str:
    text = ast.unparse(node.value)
    return f"`{text}`" if len(text) <= 40 else "this array"


def _note_all(
    context: Context,
    node: ast.Subscript,
    subs: Sequence[Poly | None],
    shape: Shape,
    items: list[ast.expr],
    first: int = 0,
) -> None:
    """Notes the subscripts, which are those of the items from the `first` on."""
    for place, (sub, extent) in enumerate(zip(subs, shape, strict=True)):
        if sub is not None:
            _note(context, node, first + place, sub, extent, items)


def _note(context: Context, node: ast.Subscript, place: int, sub: Poly, extent: Poly, items: list[ast.expr]) -> None:
    """Notes the access; a label may be any of its classes, and each of them that the conditions around it let through
    must be a place of the dimension.
    """
    ranges: dict[Atom, Poly] = {}
    held = {a for c in context.conds for a in labels_in(c)}
    for atom in labels_of(sub):
        classes = context.work.inputs[atom.tensor].classes
        assert classes is not None
        if sub.atom is atom and atom not in held and not is_open(extent) and not is_nonnegative(extent - classes):
            text = f"`{atom.tensor}` has labels of {classes} classes, but this dimension of {_what(node)} is {extent}"
            raise context.error(node, text, ShapeError)
        ranges[atom] = Poly.of(context.work.index(classes, hint=str(atom)))
    what = f"dimension {place + 1} of {_what(node)}"
    at = items[place] if place < len(items) and not any(map(is_dots, items)) else node
    context.note(at, sub, extent, what, ranges)
