"""`for t in T:` over time and over layers.

Before a loop is read, its body is looked through for the names that it defines, so that they may stand in any order.
The shape of an entry comes from its start or from stated sizes; where it comes from neither, the loop is read once more
with the shapes that the first reading found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import indices_of
from symbp.errors import NotationError, ShapeError
from symbp.notation.bounds import MOST_STEPS, check_extent
from symbp.notation.builtins import check_letter
from symbp.notation.context import Binding, Context, Pending, Work
from symbp.notation.integers import integer
from symbp.notation.recurrence import (
    Recurrent,
    check_circles,
    check_shape,
    check_starts,
    demand_read,
    fixed_place,
    guess_shape,
    is_open,
    recurrent,
    with_shape,
)
from symbp.notation.source import Placed
from symbp.notation.syntax import items_of, listed, name_of
from symbp.notation.values import Value, tensor

Shapes = Mapping[str, tuple[Poly, ...]]
MOST_READINGS = 8  # of a loop, until the shapes of what it defines are known


def loop(context: Context, node: ast.For) -> Context:
    """A loop; the outermost one is read until the shapes of what it defines are known."""
    index = _index(context, node)
    if context.loops:
        return _passes(context, node, index)
    if context.guarded:
        context.fail(node, "a loop stands under no condition; give what it makes a name before this")
    around = _Around.of(context.work)
    after = _until_known(context, node, index)
    around.restore(context.work)
    return after


def _until_known(context: Context, node: ast.For, index: Index) -> Context:
    work, mark, known = context.work, _Mark.of(context.work), dict[str, tuple[Poly, ...]]()
    seen: list[Shapes] = []
    while True:
        after = _read(context, node, index, known)
        bounds = recurrent(after).values()
        found = {b.name: b.shape for b in bounds if b.shape is not None and not any(map(is_open, b.shape))}
        if not work.unknown_shapes:
            break
        if found == known or len(seen) > MOST_READINGS:
            check_circles(context, work.same_pass)
            where, place = work.unknown_shapes[0]
            where.fail(place, _NO_SHAPE.format(ast.unparse(place)))
        seen.append(found)
        known = found
        mark.restore(work)
    check_circles(context, work.same_pass)
    demand_read(context, (b for b in bounds if b.defined))
    return _finished(context, after)


_NO_SHAPE = (
    "the shape of `{}` is not known here; give a start, or state the sizes where it is defined: `z[t, n: N] = ...`"
)


def _read(context: Context, node: ast.For, index: Index, known: Shapes) -> Context:
    work = context.work
    work.unknown_shapes.clear()
    work.same_pass.clear()
    work.directions.clear()
    work.reached.clear()
    inner = _declared(context, node, index, known)
    try:
        return _passes(inner, node, index)
    except NotationError as error:
        check_circles(context, work.same_pass)
        if work.unknown_shapes and ("%?" in error.message or isinstance(error, ShapeError)):
            where, place = work.unknown_shapes[0]
            raise where.error(place, _NO_SHAPE.format(ast.unparse(place))) from None
        raise


def _passes(context: Context, node: ast.For, index: Index) -> Context:
    """The body, for any value of the index."""
    letter = node.target.id  # type: ignore[attr-defined]
    loops, nest = (*context.loops, index), (*context.nest, index)
    mark = _Mark.of(context.work)
    after = context.work.statements(replace(context.under(**{letter: index}), loops=loops, nest=nest), node.body)
    mark.before(context.work, index)
    scope = {n: b for n, b in after.scope.items() if n != letter}
    return replace(after, scope=scope, loops=context.loops, nest=context.nest)


def _index(context: Context, node: ast.For) -> Index:
    """The index of a loop; the same one at every reading of it."""
    if not isinstance(node.target, ast.Name):
        context.fail(node.target, "expected one index letter here")
    if node.orelse:
        context.fail(node.orelse[0], "a loop has no else")
    check_letter(context, node.target, node.target.id)
    key = (node, *context.calls)  # a function's loop is another one at each call
    if key not in context.work.loop_indices:
        stop = _extent(context, node.iter)
        context.work.loop_indices[key] = context.work.index(stop, hint=node.target.id)
    return context.work.loop_indices[key]


def _extent(context: Context, node: ast.expr) -> Poly:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[only], keywords=[]):
            node = only
        case ast.Call() | ast.Constant():
            context.fail(node, "a loop runs over a size, `for t in T:`, or over range(SIZE)")
    extent = integer(context, node, "what a loop runs over")
    check_extent(context, node, extent, MOST_STEPS)
    return extent


@dataclass(frozen=True, slots=True)
class _Target:
    """A definition within the loops over `letters`: `name[t, n: N] = ...`."""

    name: str
    letters: tuple[str, ...]
    lead: tuple[Index, ...]
    rest: tuple[ast.expr, ...]
    context: Context


def _declared(context: Context, node: ast.For, index: Index, known: Shapes) -> Context:
    """The context with the names that the loop defines."""
    names: dict[str, Binding] = {}
    for target in _targets(context, node, index):
        bound = context.scope.get(target.name)
        if target.name in names or not (bound is None or isinstance(bound, Recurrent)):
            continue
        bound = bound or Recurrent(_name(context, target.name), context.outer)
        bound = replace(bound, letters=target.letters, lead=target.lead)
        check_starts(context, bound)
        said = _first(_stated(target), guess_shape(context, bound))
        shape = _first(said, known.get(bound.name))
        names[target.name] = replace(bound, shape=shape, found=said is None)
    return context.under(**names)


def _first(*shapes: tuple[Poly, ...] | None) -> tuple[Poly, ...] | None:
    """The first that is known; that of a scalar is ()."""
    return next((s for s in shapes if s is not None), None)


def _name(context: Context, name: str) -> str:
    if context.results is None:
        return name
    return context.results.get(name) or context.work.name(f"{context.target}_{name}")


def _targets(context: Context, node: ast.For, index: Index) -> Iterator[_Target]:
    context = replace(context.under(**{node.target.id: index}), loops=(*context.loops, index))  # type: ignore[attr-defined]
    for statement in node.body:
        match statement:
            case ast.For():
                yield from _targets(context, statement, _index(context, statement))
            case ast.Assign(targets=targets):
                leaves = (leaf for target in targets for leaf in listed(target))
                yield from (t for leaf in leaves if (t := _target(context, leaf)) is not None)


def _target(context: Context, leaf: ast.expr) -> _Target | None:
    """What a left side in the loops defines; None where it is a start, or lacks their indices."""
    match leaf:
        case ast.Subscript(value=ast.Name(id=name), slice=inside):
            items, count = items_of(inside), len(context.loops)
            lead = [i for i in map(context.bound, items[:count]) if i is not None]
            if fixed_place(context, items) is None and len(lead) == count and all(i in lead for i in context.loops):
                return _Target(name, tuple(map(name_of, items[:count])), tuple(lead), tuple(items[count:]), context)
    return None


def _stated(target: _Target) -> tuple[Poly, ...] | None:
    """The sizes of an entry where the left side states them all."""
    sizes = [i.upper for i in target.rest if isinstance(i, ast.Slice) and i.upper is not None]
    if not sizes or len(sizes) < len(target.rest):
        return None
    return tuple(integer(target.context, s, "a size") for s in sizes)


def note_defined(context: Context, pending: list[Pending], node: Placed) -> Context:
    """What a statement of a loop has defined, with the shape of its entries."""
    for key, bound in recurrent(context).items():
        own = next((p for p in pending if p.name == bound.name), None)
        if own is not None:
            shape = tuple(i.extent for i in own.indices[len(bound.outer) + len(bound.lead) :])
            check_shape(context, node, bound, shape)
            context = context.under(**{key: with_shape(bound, shape)})
    return context


def _finished(before: Context, after: Context) -> Context:
    """After the outermost loop its names are arrays."""
    work = before.work
    made: dict[str, Equation | Pending] = {e.name: e for e in work.equations}
    made.update({p.name: p for p in work.pending})
    names: dict[str, Binding] = {}
    for key, bound in recurrent(after).items():
        if bound.defined:
            indices = made[bound.name].indices[len(bound.outer) :]
            shape = tuple(i.extent for i in indices)
            whole = tensor(bound.name, shape, list_index(shape, indices))
            names[key] = of_outer(whole, bound.outer) if bound.outer else whole
    return after.under(**names)


def of_outer(value: Value, outer: tuple[Index, ...]) -> Value:
    """What a function's loop has made, at one step of the loops that call the function."""
    lead = tuple(map(Poly.of, outer))
    return Value(value.shape, lambda subs: value.at((*lead, *subs)))


def list_index(shape: tuple[Poly, ...], indices: tuple[Index, ...]) -> Index | None:
    """The first index, where the extents after it depend on it."""
    return indices[0] if indices and any(i == indices[0] for p in shape[1:] for i in indices_of(p)) else None


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of the loops around, which a function's own loop leaves as it is."""

    unknown: tuple[tuple[Context, Placed], ...]
    same_pass: tuple[tuple[str, str, Context, Placed], ...]
    directions: dict[Index, str]
    reached: frozenset[Placed]

    @staticmethod
    def of(work: Work) -> _Around:
        return _Around(
            tuple(work.unknown_shapes), tuple(work.same_pass), dict(work.directions), frozenset(work.reached)
        )

    def restore(self, work: Work) -> None:
        work.unknown_shapes[:] = self.unknown
        work.same_pass[:] = [*self.same_pass, *work.same_pass]
        work.directions.update(self.directions)
        work.reached.update(self.reached)


@dataclass(frozen=True, slots=True)
class _Mark:
    """The state of the work before a loop."""

    equations: int
    pending: int
    accesses: int
    taken: frozenset[str]

    @staticmethod
    def of(work: Work) -> _Mark:
        return _Mark(len(work.equations), len(work.pending), len(work.accesses), frozenset(work.taken))

    def restore(self, work: Work) -> None:
        del work.equations[self.equations :]
        del work.pending[self.pending :]
        del work.accesses[self.accesses :]
        work.taken.intersection_update(self.taken)

    def before(self, work: Work, index: Index) -> None:
        """What is the same at every pass of a loop, made since the mark, stands before what carries its index."""
        work.pending[self.pending :] = sorted(work.pending[self.pending :], key=lambda p: index in p.indices)
