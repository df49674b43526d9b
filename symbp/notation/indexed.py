"""Definitions in index notation: `z[n, h] = ...`, `h[-1] = h0`.

How far an index on the left goes is known only when the right side has been read; until then its range is provisional.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Any

from symbp.core.expr import Expr, Num, Read
from symbp.core.guards import settle
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import Call
from symbp.core.traverse import apply, free_indices, indices_of, rename_bound, substitute_poly, walk
from symbp.errors import ShapeError
from symbp.notation.bounds import check_extent
from symbp.notation.builtins import check_letter
from symbp.notation.calls import written_out
from symbp.notation.context import Context, Pending, emit, letter_of, own_equation
from symbp.notation.definitions import define_several
from symbp.notation.extents import Unknown, infer
from symbp.notation.functions import inline
from symbp.notation.integers import integer
from symbp.notation.naming import check_carried, check_name, defining, full_name, local_name
from symbp.notation.recurrence import Recurrent, Start, first_start, fixed_place, guess_shape
from symbp.notation.strided import gather, places_of, spread
from symbp.notation.syntax import is_dots, items_of, name_of
from symbp.notation.values import Value, shape_text
from symbp.notation.words import fresh


@dataclass(frozen=True, slots=True)
class _Left:
    """A subscripted left side: its parts in order; None is a dimension of the right side."""

    parts: tuple[Index | None, ...]
    stated: frozenset[Index]
    rest: int | None


def define_entries(context: Context, node: ast.Assign, target: ast.Subscript) -> Context:
    """`z[n, h] = ...`."""
    if not isinstance(target.value, ast.Name):
        context.fail(target, "expected a subscripted name on the left")
    name, items = target.value.id, items_of(target.slice)
    check_name(context, target.value, name)
    if (place := fixed_place(context, items)) is not None:
        return _start(context, node, target, place)
    if context.loops and len(items) == len(context.loops) and written_out(context, node.value) is not None:
        return define_several(context, node, [target])
    own = _definition(context, node, target, name)
    if context.results is None or context.loops:
        own.name = full_name(context, name)
        own.indices = (*context.outer, *own.indices)
        emit(context, own, node)
        return context
    return _local_entries(context, name, own, node)


def _definition(context: Context, node: ast.Assign, target: ast.Subscript, name: str) -> Pending:
    """The equation that `name[...] = ...` says, not yet one of the network's."""
    work = context.work
    marks = len(work.pending), len(work.accesses)
    places = places_of(context, target)
    target = target if places.plain else spread(target, places)
    left, inner = _left(context, target)
    check_carried(context, target, left.parts)
    inner = replace(defining(inner, name), defining=(name,))
    value, called = _right(inner, node.value)
    indices = _complete(context, target, left, value.shape)
    whole = (*(i for i in left.parts if i is not None),)
    axes = tuple(Poly.of(i) for i in indices if i not in whole)
    call = called and Call(called[0], tuple(a.number(axes if a.shape else ()) for a in called[1]))
    own = Pending(name, indices, value.number(axes), call)
    work.pending.append(own)
    work.settle(*marks, _ranges(context, target, whole, left.stated, marks[1]))
    work.pending.remove(own)
    if not places.plain:
        gather(context, places, own)
    return own


# --- the start of a recurrence


def _start(context: Context, node: ast.Assign, target: ast.Subscript, place: int) -> Context:
    """`h[-1] = h0`: the entry that a loop reads before its first, or after its last."""
    name, items = name_of(target), items_of(target.slice)
    position = integer(context, items[place], "the place of a start")
    if position.constant is not None and position.constant >= 0:
        context.fail(items[place], "a start stands before the first entry, at -1, or after the last, at the size")
    rest = [*items[:place], *items[place + 1 :]]
    bound = context.scope.get(name)
    bound = bound if isinstance(bound, Recurrent) else Recurrent(full_name(context, name), context.outer)
    letters = [context.bound(r) for r in rest]
    among = tuple(i for i in context.loops if i in letters)
    value = _start_value(replace(context, loops=among), node, target, rest, bound.name)
    starts = (*bound.starts, first_start(context, bound, Start(place, position, among, value, target)))
    bound = replace(bound, starts=starts)
    if bound.letters and bound.shape is None:
        bound = replace(bound, shape=guess_shape(context, bound))
    return context.under(**{name: bound})


def _start_value(context: Context, node: ast.Assign, target: ast.Subscript, rest: list[ast.expr], name: str) -> Value:
    """The value of a start: an entry as it stands, anything more as an equation of its own."""
    start = fresh(f"{name}_start", context.work.taken)
    own = _definition(context, node, _subscripted(start, rest, target), start)
    axes = tuple(i for i in own.indices if i not in context.loops)
    shape = tuple(i.extent for i in axes)
    body = settle(own.body)
    own.indices = (*(i for i in context.outer if i in free_indices(body)), *own.indices)
    if isinstance(body, (Read, Num)):
        return Value(shape, lambda subs: apply(body, axes, subs))
    context.work.taken.add(start)
    own.name = start
    emit(context, own, node)
    return Value(shape, lambda subs: apply(Read(start, tuple(Poly.of(i) for i in own.indices)), axes, subs))


def _subscripted(name: str, items: list[ast.expr], at: ast.expr) -> ast.Subscript:
    """`name[...]` with these items, or `name[...]` with three dots, as if it stood in the text at a place."""
    slots = items or [ast.copy_location(ast.Constant(...), at)]
    base = ast.copy_location(ast.Name(name, ast.Store()), at)
    slice_ = ast.copy_location(ast.Tuple(slots, ast.Load()), at)
    return ast.copy_location(ast.Subscript(base, slice_, ast.Store()), at)


# --- in a function


def _local_entries(context: Context, name: str, own: Pending, node: ast.Assign) -> Context:
    """The same within a function; a copy of an entry, such as padding by 0, stands for that entry.

    Where two indices meet in a subscript, `z[g, c] = x[C * g + c]`, it is another array: one dimension seen as two.
    """
    indices, body = own.indices, settle(own.body)

    def at(subs: tuple[Poly, ...]) -> Expr:
        taken = {i.name for s in subs for i in s.atoms_of(Index)}
        return apply(rename_bound(body, taken), indices, subs)

    value = Value(tuple(i.extent for i in indices), at, 1 + sum(1 for _ in walk(body)))
    if context.guarded or (_is_copy(body) and name not in (context.results or ())):
        return context.under(**{name: value})
    letters = tuple(letter_of(i) for i in indices)
    before = len(context.work.pending)
    value = own_equation(context, value, local_name(context, name), node, letters)
    for made in context.work.pending[before:]:
        axes = tuple(Poly.of(i) for i in made.indices[len(made.indices) - len(indices) :])
        made.call = own.call and Call(own.call.function, tuple(apply(a, indices, axes) for a in own.call.args))
    return context.under(**{name: value})


def _is_copy(body: Expr) -> bool:
    return isinstance(body, Read) and all(len(list(indices_of(s))) <= 1 for s in body.subs)


# --- the two sides


def _right(context: Context, node: ast.expr) -> tuple[Value, tuple[str, tuple[Value, ...]] | None]:
    """The right side; a call that is all of it is inlined into the equation itself, which remembers it.

    So it is with the function and its arguments where these have the result's dimensions, or none.
    """
    written = written_out(context, node)
    if written is None:
        return context.value(node), None
    before = len(context.work.pending)
    result = inline(context, *written, (context.target,), own=False)
    if len(result.values) != 1 or result.values[0].truth:
        context.fail(node, "expected a function that returns one array here")
    value = result.values[0]
    if len(context.work.pending) != before or any(a.shape not in ((), value.shape) for a in result.args):
        return value, None
    return value, (written[2].name, result.args) if result.plain else None


def _left(context: Context, target: ast.Subscript) -> tuple[_Left, Context]:
    """The left side, and the context with its letters."""
    parts: list[Index | None] = []
    stated: list[Index] = []
    rest: int | None = None
    inner = context
    for item in items_of(target.slice):
        if is_dots(item) and rest is None:
            rest = len(parts)
            continue
        index, is_stated, inner = _part(inner, item, parts)
        parts.append(index)
        stated += [index] if index is not None and is_stated else []
    return _Left(tuple(parts), frozenset(stated), rest), inner


def _part(context: Context, item: ast.expr, before: list[Index | None]) -> tuple[Index | None, bool, Context]:
    """The index of a part of a left side, whether its size is stated, and the context with its letter."""
    match item:
        case ast.Slice(lower=None, upper=None, step=None):
            return None, False, context
        case ast.Name() if (own := context.bound(item)) is not None and own in context.loops:
            return own, True, context
        case ast.Name(id=letter):
            _check_new(context, item, letter, before)
            index = context.work.index(Poly.of(Dim(f"%{letter}{context.work.indices}")), hint=letter)
            return index, False, context.under(**{letter: index})
        case ast.Slice(lower=ast.Name(id=letter) as at, upper=ast.expr() as upper, step=None):
            _check_new(context, at, letter, before)
            index = context.work.index(_stated_size(context, upper, letter), hint=letter)
            return index, True, context.under(**{letter: index})
    expected = "a letter, letters with strides as in `P * i + u`, `i: SIZE`, `:` or `...`"
    raise context.error(item, f"expected {expected}")


def _check_new(context: Context, node: ast.expr, letter: str, before: list[Index | None]) -> None:
    bound = context.scope.get(letter)
    if isinstance(bound, Index) and bound in before:
        context.fail(node, f"index `{letter}` is used twice on the left; each dimension needs a letter of its own")
    check_letter(context, node, letter)


def _stated_size(context: Context, node: ast.expr, letter: str) -> Poly:
    size = integer(context, node, "a size")
    if size.constant is not None and size.constant < 1:
        context.fail(node, f"`{letter}` would go from 0 to {size.constant - 1}: the sizes are too small for this")
    check_extent(context, node, size)
    return size


def _complete(context: Context, target: ast.Subscript, left: _Left, shape: tuple[Poly, ...]) -> tuple[Index, ...]:
    """All indices of the equation: those written, and new ones for the dimensions of the right side."""
    whole = sum(1 for p in left.parts if p is None)
    more = len(shape) - whole
    if more < 0 or (more and left.rest is None and whole):
        text = f"the right side is {shape_text(shape)} for the {whole} dimensions that `:` leaves"
        raise context.error(target, text, ShapeError)
    at = len(left.parts) if left.rest is None else left.rest
    parts = [*left.parts[:at], *([None] * more), *left.parts[at:]]
    extents = iter(shape)
    return tuple(context.work.index(next(extents)) if p is None else p for p in parts)


def _ranges(
    context: Context, target: ast.Subscript, whole: tuple[Index, ...], stated: frozenset[Index], mark: int
) -> dict[Any, Poly]:
    """What each index whose size is not stated becomes: the same with the range that the reads since a mark say."""
    open_indices = [i for i in whole if i not in stated]
    try:
        found = infer(open_indices, context.work.accesses[mark:])
    except Unknown as unknown:
        if context.work.unknown_shapes:
            return {i: Poly.of(Index(i.name, Poly.of(Dim(f"%?{i.name}")))) for i in open_indices}
        letter = letter_of(unknown.args[0])
        item = next((i for i in items_of(target.slice) if isinstance(i, ast.Name) and i.id == letter), target)
        wanted = f"`{name_of(target)}[{letter}: SIZE]`"
        context.fail(item, f"no read says how far `{letter}` goes; state its size: {wanted}")
    table: dict[Any, Poly] = {}
    for index, stop in found.items():
        if stop.constant is not None and stop.constant < 1:
            reach = f"`{letter_of(index)}` would go from 0 to {stop.constant - 1}"
            context.fail(target, f"{reach}: the sizes are too small for these reads")
        table[index] = Poly.of(Index(index.name, substitute_poly(stop, table)))
    return table
