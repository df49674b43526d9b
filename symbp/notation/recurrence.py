"""Reads of what a loop defines: `h[t - 1]` is a choice between an earlier entry and the start `h[-1]`.

A name that a loop defines stands in the scope as a `Recurrent` until the outermost loop ends. Equations of one pass of
a loop may stand in any order; what each reads of the same pass is remembered, so that a circle is found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from symbp.core import build
from symbp.core.expr import Cond, Expr, Read
from symbp.core.guards import at_most, below, holds
from symbp.core.integers import Atom, Dim, DimAt, Index, Poly
from symbp.core.ranges import highest
from symbp.core.traverse import dims_of, indices_of, substitute, substitute_poly
from symbp.errors import ShapeError
from symbp.notation.context import Context, letter_of
from symbp.notation.source import Placed
from symbp.notation.syntax import names_in
from symbp.notation.values import Value, shape_text

FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True, slots=True)
class Start:
    """`h[-1] = value`: dimension `place` stands at `position`; `among` are the open loops' indices before it."""

    place: int
    position: Poly
    among: tuple[Index, ...]
    value: Value
    node: Placed


@dataclass(frozen=True, slots=True)
class Recurrent:
    """A name that a loop defines, `name` in the network; it carries the indices of the loops over `letters` first.

    `shape` is that of the rest, by the indices of the loops in `lead`; None where it is not known yet. It is `found`
    where an earlier reading of the loop has found it, which a later one may correct. In a function that loops call it
    carries their indices, `outer`, before all others.
    """

    name: str
    outer: tuple[Index, ...] = ()
    starts: tuple[Start, ...] = ()
    letters: tuple[str, ...] = ()
    lead: tuple[Index, ...] = ()
    shape: tuple[Poly, ...] | None = None
    defined: bool = False
    found: bool = False


def fixed_place(context: Context, items: list[ast.expr]) -> int | None:
    """Which subscript on the left is a fixed place: that of a start, `h[-1] = ...` or `h[T] = ...`."""
    return next((place for place, item in enumerate(items) if _is_fixed(context, item)), None)


def _is_fixed(context: Context, item: ast.expr) -> bool:
    """Is a subscript made of numbers and sizes alone?"""
    match item:
        case ast.Constant(value=int(number)):
            return not isinstance(number, bool)
        case ast.Name() | ast.UnaryOp() | ast.BinOp():
            return all(isinstance(context.scope.get(n), Poly) for n in names_in(item))
    return False


def recurrent(context: Context) -> dict[str, Recurrent]:
    """What the loops at hand define, or what a start is given of, by its name here."""
    return {name: bound for name, bound in context.scope.items() if isinstance(bound, Recurrent)}


def first_start(context: Context, bound: Recurrent, start: Start) -> Start:
    """The start, unless there is one for its place already."""
    if any((s.place, s.position) == (start.place, start.position) for s in bound.starts):
        context.fail(start.node, f"`{_text(start.node)}` is given twice; a start is given once")
    return start


def demand_loops(context: Context) -> None:
    """Refuses starts of what no loop defines."""
    for name, bound in recurrent(context).items():
        if not bound.letters:
            context.fail(
                bound.starts[0].node,
                f"a start, but no loop defines `{name}`: expected `for t in T:` with `{name}[t] = ...`",
            )


def demand_read(context: Context, bounds: Iterable[Recurrent]) -> None:
    """Refuses starts that no read of the loops reaches."""
    for start in (s for b in bounds for s in b.starts):
        if start.node not in context.work.reached:
            context.fail(
                start.node, f"no read of the loop reaches `{_text(start.node)}`; expected a start that is read"
            )


def is_open(poly: Poly) -> bool:
    """Does it stand for a size that is not known yet?"""
    return any(d.name.startswith("%") for d in dims_of(poly))


def read(context: Context, node: ast.Subscript, bound: Recurrent, subs: list[Poly | None]) -> Value:
    """`h[t - 1]`, `h[t - 1, n, k]`, within the loop that defines h."""
    if not bound.letters:
        context.fail(node, f"`{_text(node)}`: only a start of `{bound.name}` is known; a loop has to define the rest")
    lead = [*subs[: len(bound.letters)], *([None] * (len(bound.letters) - len(subs)))]
    moves = tuple(_move(context, node, i, s) for i, s in zip(bound.lead, lead, strict=True))
    moved = [m for m in moves if m.way]
    _order(context, node, bound, moves)
    if len(moved) > 1:
        context.fail(node, f"`{_text(node)}` moves in two loops at once; expected a step in one of them")
    table: dict[Atom, Poly] = {i: s for i, s in zip(bound.lead, lead, strict=True) if s is not None}
    rest = _rest(context, node, bound, max(0, len(subs) - len(bound.letters)))
    shape = tuple(substitute_poly(p, table) for p in rest)
    whole = tuple(i.extent for i, s in zip(bound.lead, lead, strict=True) if s is None)
    at = _entry(context, node, bound, lead, moves)
    return Value((*whole, *shape), at, 6 if moved else 1, open=bound.shape is None and not rest)


@dataclass(frozen=True, slots=True)
class _Move:
    """Where an entry is along one loop: `way` says from which side of the step at hand, None where the loop is over or
    it is this step alone. It may be this step too where it is read at all steps so far.
    """

    index: Index
    sub: Poly
    way: str | None = None
    here: bool = True


def _text(node: Placed) -> str:
    return ast.unparse(node)


def _is_running(context: Context, index: Index) -> bool:
    return index in context.nest


def _move(context: Context, node: ast.Subscript, index: Index, sub: Poly | None) -> _Move:
    """Where an entry is: at one of the steps before, or after, by its subscript's range and the conditions on it."""
    if sub is None or not _is_running(context, index):
        return _Move(index, sub or Poly.of(index))
    if sub == Poly.of(index):
        return _Move(index, sub)
    for way, ahead in ((FORWARD, sub - index), (BACKWARD, -sub + index)):
        if _is_at_most(context, ahead, 0):
            return _Move(index, sub, way, here=not _is_at_most(context, ahead, -1))
    letter = letter_of(index)
    raise context.error(
        node,
        f"within its loop this is read at `{letter}` and at steps before it, or after it, alone: it is not known that "
        f"`{_text(node)}` is one of them; expected a condition such as `if s < {letter}`",
    )


def _is_at_most(context: Context, value: Poly, most: int) -> bool:
    """Is an integer known to be no more, by the ranges of its indices or by a condition?"""
    return holds(build.compare("<=", build.integer(value), build.integer(most)), context.given)


def _order(context: Context, node: ast.Subscript, bound: Recurrent, moves: tuple[_Move, ...]) -> None:
    """Notes the direction of the outermost loop that the read steps along, or what it reads of the same pass."""
    work = context.work
    running = sorted((m for m in moves if _is_running(context, m.index)), key=lambda m: context.nest.index(m.index))
    move = next((m for m in running if m.way), None)
    if move is None or move.here:
        work.same_pass += [(name, bound.name, context, node) for name in context.defining]
    if move is None or move.way is None:
        return
    letter = letter_of(move.index)
    if work.directions.setdefault(move.index, move.way) != move.way:
        context.fail(
            node, f"this loop reads both `{letter} - 1` and `{letter} + 1`, so it can run in neither direction"
        )


def _rest(context: Context, node: ast.Subscript, bound: Recurrent, rank: int) -> tuple[Poly, ...]:
    if bound.shape is not None:
        return bound.shape
    context.work.unknown_shapes.append((context, node))
    return tuple(Poly.of(Dim(f"%?{bound.name}{k}")) for k in range(rank))


def _entry(context: Context, node: ast.Subscript, bound: Recurrent, lead: list[Poly | None], moves: tuple[_Move, ...]):  # type: ignore[no-untyped-def]
    """The entry of a read: the tensor's own, under the conditions that it is one, else that of a start."""
    place = next((p for p, m in enumerate(moves) if m.way), None)
    starts = () if place is None else _needed(context, node, bound, place, moves[place])

    def at(subs: tuple[Poly, ...]) -> Expr:
        own = iter(subs)
        full = (*(next(own) if s is None else s for s in lead), *own)
        entry: Expr = Read(bound.name, (*map(Poly.of, bound.outer), *full))
        for start, cond in starts:
            entry = build.where(cond, entry, _of_start(bound, start, full))
        return entry

    return at


def _needed(
    context: Context, node: ast.Subscript, bound: Recurrent, place: int, move: _Move
) -> tuple[tuple[Start, Cond], ...]:
    """The starts that a read may hit, the nearest first, each with the condition that the read does not reach it."""
    index, found = move.index, []
    for distance in range(1, _beyond(context, node, move) + 1):
        position = Poly.of(-distance) if move.way == FORWARD else index.stop + distance - 1
        start = next((s for s in bound.starts if s.place == place and s.position == position), None)
        if start is not None:
            context.work.reached.add(start.node)
            found.append((start, _short_of(move, distance)))
        elif index not in context.guards | context.filters:
            what = "without a start" if move.way == FORWARD else "that reads the future without an end value"
            missing = f"{ast.unparse(node.value)}[{', '.join((*bound.letters[:place], str(position)))}]"
            context.fail(node, f"a recurrence {what}: `{_text(node)}` is read, and `{missing} = ...` is not given")
    return tuple(found)


def _beyond(context: Context, node: ast.Subscript, move: _Move) -> int:
    """How many places before the first step, or after the last, a read may go."""
    if move.sub.index is not None and is_open(move.sub.index.stop):  # which goes as far as its reads allow
        return 0
    out = -move.sub if move.way == FORWARD else move.sub - move.index.stop + 1
    if (move.sub - move.index).constant is None and _is_at_most(context, out, 0):
        return 0
    most = highest(out)
    if most is None or most.constant is None:
        context.fail(node, f"it cannot be shown that `{_text(node)}` stays within the steps of the loop")
    return most.constant


def _short_of(move: _Move, distance: int) -> Cond:
    """That an entry does not reach the start at that distance: `1 <= t`, `t + 1 < T`, `1 <= s`."""
    if move.way == FORWARD:
        return at_most(Poly.of(1 - distance), move.sub)
    return below(move.sub - (distance - 1), move.index.stop)


def _of_start(bound: Recurrent, start: Start, full: tuple[Poly, ...]) -> Expr:
    """The entry of a start: the subscripts other than its own place, those of open loops put into its value."""
    table: dict[Atom, Poly] = {}
    others = []
    for place, sub in enumerate(full):
        if place == start.place:
            continue
        if place < len(bound.lead) and bound.lead[place] in start.among:
            table[bound.lead[place]] = sub
        else:
            others.append(sub)
    entry = start.value.number(tuple(others) if start.value.shape else ())
    return substitute(entry, {i: s for i, s in table.items() if s.index != i})


def guess_shape(context: Context, bound: Recurrent) -> tuple[Poly, ...] | None:
    """The shape of an entry by its first start; where a width of it belongs to a layer, `D[0]` at -1 is `D[l + 1]`.

    A single number starts an array of any shape.
    """
    for start in (s for s in bound.starts if s.value.shape):
        skip = sum(1 for p, i in enumerate(bound.lead) if p != start.place and i not in start.among)
        index = bound.lead[start.place]
        shape = start.value.shape[skip:]
        return tuple(p.replace(lambda a, s=start, i=index: _along(a, s, i)) for p in shape)  # type: ignore[misc]
    return None


def _along(atom: Atom, start: Start, index: Index) -> Poly | None:
    match atom:
        case DimAt(name, at) if not any(True for _ in indices_of(at)):
            return Poly.of(DimAt(name, at - start.position + index))
    return None


def check_shape(context: Context, node: Placed, bound: Recurrent, shape: tuple[Poly, ...]) -> None:
    """Refuses a definition whose entries are not of the shape that its reads took them to be."""
    if bound.shape is None or bound.shape == shape or any(is_open(p) for p in (*bound.shape, *shape)):
        return
    if bound.found:
        context.work.unknown_shapes.append((context, node))
        return
    letters = ", ".join(bound.letters)
    text = f"`{bound.name}[{letters}]` is {_named(shape)}"
    text += f", but {'by its start it is' if bound.starts else 'it is read as'} {_named(bound.shape)}"
    raise context.error(node, text, ShapeError)


def _named(shape: tuple[Poly, ...]) -> str:
    def letter(atom: Atom) -> Poly | None:
        match atom:
            case Index() as index:
                return Poly.of(Dim(letter_of(index)))
            case DimAt(name, at):
                return Poly.of(DimAt(name, at.replace(letter)))
        return None

    return shape_text(tuple(p.replace(letter) for p in shape))


def check_starts(context: Context, bound: Recurrent) -> None:
    """A start lies before the first entry or after the last."""
    for start in bound.starts:
        if start.place >= len(bound.lead):
            context.fail(start.node, f"`{bound.name}` has no loop there: it carries {', '.join(bound.letters)}")
        index = bound.lead[start.place]
        before, after = start.position.constant, (start.position - index.stop).constant
        if not ((before is not None and before < 0) or (after is not None and after >= 0)):
            letter = letter_of(index)
            context.fail(
                start.node, f"a start stands before the first `{letter}`, at -1, or after the last, at {index.stop}"
            )


def check_circles(context: Context, same_pass: list[tuple[str, str, Context, Placed]]) -> None:
    """Refuses a circle of definitions within one pass of the loops."""
    table: dict[str, list[tuple[str, Context, Placed]]] = {}
    for of, by, where, node in same_pass:
        table.setdefault(of, []).append((by, where, node))
    for name in table:
        for where, node, way in _ways(name, table):
            text = " reads ".join(f"`{w}`" for w in way)
            where.fail(node, f"a circular definition: within one pass of the loop {text}")


def _ways(
    name: str, table: Mapping[str, list[tuple[str, Context, Placed]]]
) -> Iterator[tuple[Context, Placed, list[str]]]:
    stack = [(name, [name])]
    seen = {name}
    while stack:
        at, way = stack.pop()
        for by, where, node in table.get(at, []):
            if by == name:
                yield where, node, [*way, name]
            if by not in seen:
                seen.add(by)
                stack.append((by, [*way, by]))


def with_shape(bound: Recurrent, shape: tuple[Poly, ...]) -> Recurrent:
    """The same, defined, of that shape."""
    return replace(bound, shape=shape, defined=True, found=False)
