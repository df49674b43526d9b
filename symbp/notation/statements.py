"""Statements: assignments in array and in index notation, in a network and in a function that is inlined."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Cond, Expr, Num, Read
from symbp.core.guards import settle, settle_condition
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import Call, Fact
from symbp.core.traverse import apply, free_indices, indices_of, rename_bound, substitute_poly, walk
from symbp.core.views import conjuncts
from symbp.errors import ShapeError
from symbp.notation import library
from symbp.notation.bounds import check_equation, check_extent
from symbp.notation.builtins import check_letter
from symbp.notation.calls import defined
from symbp.notation.context import Binding, Context, Pending, emit, own_equation
from symbp.notation.extents import Unknown, check_access, infer
from symbp.notation.facts import state
from symbp.notation.functions import inline, option, remember_call
from symbp.notation.integers import integer
from symbp.notation.letters import hint, name_equation
from symbp.notation.loops import list_index, loop, note_defined
from symbp.notation.recurrence import Recurrent, Start, first_start, fixed_place, guess_shape
from symbp.notation.source import Placed
from symbp.notation.strided import gather, places_of, spread
from symbp.notation.syntax import items_of
from symbp.notation.toplevel import File
from symbp.notation.values import Constant, Value, literal, shape_text, tensor
from symbp.notation.words import fresh, why_not


def run(context: Context, body: Sequence[ast.stmt]) -> Context:
    """The context after some statements."""
    for place, statement in enumerate(body):
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if place == 0:
                continue
        rule = _RULES.get(type(statement))
        if rule is None:
            what = _KINDS.get(type(statement), "this statement")
            context.fail(statement, f"{what} is not in the language; expected `name = ...`, assert or return")
        before = len(context.work.pending)
        context = rule(context, statement)
        if context.loops:
            context = note_defined(context, context.work.pending[before:], statement)
        if context.results is None and not context.loops:
            context = flush(context, statement)
    return context


def flush(context: Context, node: Placed) -> Context:
    """Ends a statement of the network, a loop with all in it: checks reads, gives indices letters, names shapes."""
    work = context.work
    for access in () if work.unknown_shapes else work.accesses:
        check_access(access)
    named: dict[str, Binding] = {}
    for pending in work.pending:
        check_equation(context, node, pending)
        equation = name_equation(pending, work.letters_taken(), work.letters_of_dims)
        work.equations.append(equation)
        if not isinstance(context.scope.get(equation.name), Recurrent):
            each = list_index(equation.shape, equation.indices)
            named[equation.name] = tensor(equation.name, equation.shape, each)
    work.pending.clear()
    work.accesses.clear()
    return context.under(**named) if named else context


def define(context: Context, name: str, value: Value, node: ast.stmt, call: Call | None = None) -> Context:
    """`name = value`, in a network an equation; in a function one where that is possible."""
    if context.results is None:
        if value.truth:
            context.fail(node, "a condition is not a tensor; use where(condition, a, b)")
        axes = tuple(context.work.index(e) for e in value.shape)
        emit(context, Pending(name, axes, value.number(tuple(Poly.of(i) for i in axes)), call), node)
        return context
    if not value.shape and not value.truth and (number := build.as_integer(value.number())) is not None:
        return context.under(**{name: number})
    alias = value.name is not None and name not in context.results
    if value.truth or literal(value) is not None or context.guarded or alias:
        return context.under(**{name: value})
    return context.under(**{name: own_equation(context, value, local_name(context, name), node)})


def local_name(context: Context, name: str) -> str:
    """What a name in a function is called in the network."""
    assert context.results is not None
    return context.results.get(name) or context.work.name(f"{context.target}_{name}")


def _assign(context: Context, node: ast.Assign) -> Context:
    if len(node.targets) != 1:
        context.fail(node, "a chained assignment; write one for each name")
    target = node.targets[0]
    match target:
        case ast.Name():
            _carries(context, target, ())
            return _array(context, node, target)
        case ast.Tuple() | ast.List():
            return _several(context, node, target.elts)
        case ast.Subscript():
            return _entries(context, node, target)
    raise context.error(target, "expected a name or a subscripted name on the left")


def _carries(context: Context, target: ast.expr, parts: Sequence[Index | None]) -> None:
    """What a loop defines carries the indices of the loops first."""
    if not all(i in parts[: len(context.loops)] for i in context.loops):
        base = target.value if isinstance(target, ast.Subscript) else target
        letters = ", ".join(i.name.split("%")[0] for i in context.loops)
        context.fail(target, f"what a loop defines carries its index: expected `{ast.unparse(base)}[{letters}] = ...`")


def check_name(context: Context, node: ast.expr, name: str) -> None:
    """Refuses a reserved name and a redefinition."""
    if reason := why_not(name):
        context.fail(node, reason)
    bound = context.scope.get(name)
    if isinstance(bound, Poly) and name in context.file.sizes:
        context.fail(node, f"`{name}` is a size and cannot be a tensor too")
    if isinstance(bound, Recurrent) and not bound.defined:
        bound = None
    if bound is not None:
        context.fail(node, f"`{name}` is defined twice; a name is assigned once")
    if context.file.declared(name):
        context.fail(node, f"`{name}` is already a function or a network of this file")
    if context.results is None and name in context.work.called and library.find(name):
        context.fail(node, f"`{name}` is a library function that this network calls; the tensor needs another name")


def _within(context: Context, name: str) -> Context:
    """The context of the right-hand side of `name = ...`."""
    full = name if context.results is None else (context.results.get(name) or f"{context.target}_{name}")
    return _retarget(context, full)


def _retarget(context: Context, target: str) -> Context:
    return replace(context, target=target)


def _array(context: Context, node: ast.Assign, target: ast.Name) -> Context:
    check_name(context, target, target.id)
    inner = _within(context, target.id)
    found = defined(inner, node.value.func) if isinstance(node.value, ast.Call) and _plain(inner, node.value) else None
    if found is not None and isinstance(node.value, ast.Call) and not context.guarded:
        return _whole_call(context, node, target.id, node.value, found)
    value = inner.read(node.value)
    if isinstance(value, Constant):
        if context.results is None:
            context.fail(node.value, f"expected a number or an array here, not {value.value!r}")
        return context.under(**{target.id: value})
    return define(context, target.id, value, node)


def _plain(context: Context, node: ast.Call) -> bool:
    """Is it a call of a function of the file or the library, as far as its form says?"""
    return isinstance(node.func, ast.Name) and node.func.id not in context.file.unknown


def _whole_call(
    context: Context, node: ast.Assign, name: str, call: ast.Call, found: tuple[File, ast.FunctionDef]
) -> Context:
    """`a = f(x)`: the call's result is the equation itself, and the equation remembers the call."""
    full = name if context.results is None else local_name(context, name)
    inner = _retarget(context, full)
    before = len(context.work.pending)
    result = inline(inner, call, found[0], found[1], (full,))
    value = result.values[0]
    if len(result.values) != 1:
        context.fail(call, f"this function returns {len(result.values)} arrays; assign them to as many names")
    if not result.emitted[0]:
        if context.results is None:
            after = define(context, name, value, node)
        else:
            keep = value.truth or literal(value) is not None
            after = context.under(**{name: value if keep else own_equation(context, value, full, node)})
    else:
        after = context.under(**{name: value}) if context.results is not None else context
    remember_call(context, full, found[1].name, result, before)
    return after


def _several(context: Context, node: ast.Assign, targets: Sequence[ast.expr]) -> Context:
    """`a, b = f(x)`."""
    names, leads = [], {}
    for item in targets:
        part, lead = _one_of_several(context, item)
        leads[part.id] = lead
        check_name(context, part, part.id)
        if part.id in names:
            context.fail(part, f"`{part.id}` is defined twice; a name is assigned once")
        names.append(part.id)
    if (options := _options(context, node.value, len(names))) is not None:
        return context.under(**dict(zip(names, options, strict=True)))
    if isinstance(node.value, (ast.Tuple, ast.List)):
        context.fail(node.value, "write one assignment for each name")
    found = (
        defined(context, node.value.func) if isinstance(node.value, ast.Call) and _plain(context, node.value) else None
    )
    if found is None or not isinstance(node.value, ast.Call):
        context.fail(node.value, f"expected a call of a function that returns {len(names)} arrays")
    full = tuple(_full_name(context, n) for n in names)
    led = {f: (*context.outer, *leads[n]) for f, n in zip(full, names, strict=True) if context.loops}
    inner = replace(_retarget(context, full[0]), lead=led, defining=full)
    before = len(context.work.pending)
    result = inline(inner, node.value, *found, full)
    if len(result.values) != len(names):
        context.fail(node, f"this function returns {len(result.values)}, and there are {len(names)} names on the left")
    for name, whole, value, emitted in zip(names, full, result.values, result.emitted, strict=True):
        if context.loops and not emitted:
            own_equation(replace(context, lead=led), value, whole, node)
            if len(full) == 1:
                remember_call(context, whole, found[1].name, result, before)
        elif context.loops:
            continue
        elif context.results is None and not emitted:
            context = define(context, name, value, node)
        elif context.results is not None:
            own = value if emitted or context.guarded else own_equation(context, value, whole, node)
            context = context.under(**{name: own})
    return context


def _options(context: Context, node: ast.expr, count: int) -> tuple[Poly, ...] | None:
    """The parts of an option of a function: `i, j = stride if isinstance(stride, tuple) else (stride, stride)`."""
    if context.results is None:
        return None
    if isinstance(node, ast.IfExp) and isinstance(test := context.read(node.test), Constant):
        return _options(context, node.body if test.value else node.orelse, count)
    value = option(context, node) if isinstance(node, ast.Tuple) else None
    bound = context.scope.get(node.id) if isinstance(node, ast.Name) else value
    if not isinstance(bound, Constant) or not isinstance(bound.value, tuple):
        return None
    if len(bound.value) != count:
        context.fail(node, f"expected {count} numbers here, not {len(bound.value)}")
    return bound.value


def _one_of_several(context: Context, item: ast.expr) -> tuple[ast.Name, tuple[Index, ...]]:
    """A name on the left of a call that returns several; in a loop `h[t]`."""
    if not context.loops and isinstance(item, ast.Name):
        return item, ()
    base = item.value if isinstance(item, ast.Subscript) else item
    letters = items_of(item.slice) if isinstance(item, ast.Subscript) else []
    lead = [context.scope.get(i.id) if isinstance(i, ast.Name) else None for i in letters]
    if not isinstance(base, ast.Name) or not context.loops:
        context.fail(item, "expected a name here")
    _carries(context, item, lead)
    if len(lead) != len(context.loops):
        context.fail(item, "expected a name with the indices of its loops here")
    return base, tuple(i for i in lead if isinstance(i, Index))


def _full_name(context: Context, name: str) -> str:
    """What a name on the left is called in the network."""
    bound = context.scope.get(name)
    if isinstance(bound, Recurrent):
        return bound.name
    return name if context.results is None else local_name(context, name)


@dataclass(frozen=True, slots=True)
class _Left:
    """A subscripted left side: its parts in order; None is a dimension of the right side."""

    name: str
    parts: tuple[Index | None, ...]
    stated: frozenset[Index]
    rest: int | None


def _entries(context: Context, node: ast.Assign, target: ast.Subscript) -> Context:
    """`z[n, h] = ...`."""
    if not isinstance(target.value, ast.Name):
        context.fail(target, "expected a subscripted name on the left")
    name = target.value.id
    check_name(context, target.value, name)
    if (place := fixed_place(context, items_of(target.slice))) is not None:
        return _start(context, node, target, place)
    if context.loops and len(items_of(target.slice)) == len(context.loops) and _is_call(context, node.value):
        return _several(context, node, [target])
    own = _definition(context, node, target, name)
    if context.results is None or context.loops:
        own.name = _full_name(context, name)
        own.indices = (*context.outer, *own.indices)
        emit(context, own, node)
        return context
    return _local_entries(context, name, own, node)


def _is_call(context: Context, node: ast.expr) -> bool:
    """Is it a call of a function of the file or the library?"""
    return isinstance(node, ast.Call) and _plain(context, node) and defined(context, node.func) is not None


def _definition(context: Context, node: ast.Assign, target: ast.Subscript, name: str) -> Pending:
    """The equation that `name[...] = ...` says, not yet one of the network's."""
    work = context.work
    marks = len(work.pending), len(work.accesses)
    places = places_of(context, target)
    target = target if places.plain else spread(target, places)
    left, inner = _left(context, target, name)
    _carries(context, target, left.parts)
    inner = replace(_within(inner, name), defining=(name,))
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


def _start(context: Context, node: ast.Assign, target: ast.Subscript, place: int) -> Context:
    """`h[-1] = h0`: the entry that a loop reads before its first, or after its last."""
    assert isinstance(target.value, ast.Name)
    name, items = target.value.id, items_of(target.slice)
    position = integer(context, items[place], "the place of a start")
    if position.constant is not None and position.constant >= 0:
        context.fail(items[place], "a start stands before the first entry, at -1, or after the last, at the size")
    rest = [*items[:place], *items[place + 1 :]]
    bound = context.scope.get(name)
    bound = bound if isinstance(bound, Recurrent) else Recurrent(_full_name(context, name), context.outer)
    letters = [context.scope.get(r.id) for r in rest if isinstance(r, ast.Name)]
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
    slots = rest or [ast.copy_location(ast.Constant(...), target)]
    slice_ = ast.copy_location(ast.Tuple(slots, ast.Load()), target)
    base = ast.copy_location(ast.Name(start, ast.Store()), target)
    own = _definition(context, node, ast.copy_location(ast.Subscript(base, slice_, ast.Store()), target), start)
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


def _local_entries(context: Context, name: str, own: Pending, node: ast.Assign) -> Context:
    """The same within a function; a copy of an entry, such as padding by 0, stands for that entry.

    Where two indices meet in a subscript, `z[g, c] = x[C * g + c]`, it is another array: one dimension seen as two.
    """
    indices, body = own.indices, settle(own.body)

    def at(subs: tuple[Poly, ...]) -> Expr:
        taken = {i.name for s in subs for i in s.atoms() if isinstance(i, Index)}
        return apply(rename_bound(body, taken), indices, subs)

    value = Value(tuple(i.extent for i in indices), at, 1 + _count(body))
    if context.guarded or (_is_copy(body) and name not in (context.results or ())):
        return context.under(**{name: value})
    letters = tuple(hint(i) for i in indices)
    before = len(context.work.pending)
    value = own_equation(context, value, local_name(context, name), node, letters)
    for made in context.work.pending[before:]:
        axes = tuple(Poly.of(i) for i in made.indices[len(made.indices) - len(indices) :])
        made.call = own.call and Call(own.call.function, tuple(apply(a, indices, axes) for a in own.call.args))
    return context.under(**{name: value})


def _is_copy(body: Expr) -> bool:
    return isinstance(body, Read) and all(len(list(indices_of(s))) <= 1 for s in body.subs)


def _count(body: Expr) -> int:
    return sum(1 for _ in walk(body))


def _right(context: Context, node: ast.expr) -> tuple[Value, tuple[str, tuple[Value, ...]] | None]:
    """The right side; a call that is all of it is inlined into the equation itself, which remembers it.

    So it is with the function and its arguments where these have the result's dimensions, or none.
    """
    found = defined(context, node.func) if isinstance(node, ast.Call) and _plain(context, node) else None
    if found is None or not isinstance(node, ast.Call):
        return context.value(node), None
    before = len(context.work.pending)
    result = inline(context, node, *found, (context.target,), own=False)
    if len(result.values) != 1 or result.values[0].truth:
        context.fail(node, "expected a function that returns one array here")
    value = result.values[0]
    if len(context.work.pending) != before or any(a.shape not in ((), value.shape) for a in result.args):
        return value, None
    return value, (found[1].name, result.args) if result.plain else None


def _left(context: Context, target: ast.Subscript, name: str) -> tuple[_Left, Context]:
    parts: list[Index | None] = []
    stated: list[Index] = []
    rest: int | None = None
    inner = context
    for item in items_of(target.slice):
        match item:
            case ast.Constant(value=value) if value is ... and rest is None:
                rest = len(parts)
                continue
            case ast.Slice(lower=None, upper=None, step=None):
                parts.append(None)
                continue
            case ast.Name(id=letter) if inner.scope.get(letter) in context.loops and letter in inner.scope:
                parts.append(inner.scope[letter])
                stated.append(inner.scope[letter])
                continue
            case ast.Name(id=letter):
                _once(inner, item, letter, parts)
                check_letter(inner, item, letter)
                index = context.work.index(Poly.of(Dim(f"%{letter}{context.work.indices}")), hint=letter)
            case ast.Slice(lower=ast.Name(id=letter) as at, upper=ast.expr() as upper, step=None):
                _once(inner, at, letter, parts)
                check_letter(inner, at, letter)
                index = context.work.index(_stated_size(inner, upper, letter), hint=letter)
                stated.append(index)
            case _:
                context.fail(item, "expected a letter, letters with strides as in `P * i + u`, `i: SIZE`, `:` or `...`")
        parts.append(index)
        inner = inner.under(**{letter: index})
    return _Left(name, tuple(parts), frozenset(stated), rest), inner


def _once(context: Context, node: ast.expr, letter: str, parts: list[Index | None]) -> None:
    bound = context.scope.get(letter)
    if isinstance(bound, Index) and bound in parts:
        context.fail(node, f"index `{letter}` is used twice on the left; each dimension needs a letter of its own")


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
    open_indices = [i for i in whole if i not in stated]
    try:
        found = infer(open_indices, context.work.accesses[mark:])
    except Unknown as unknown:
        if context.work.unknown_shapes:
            return {i: Poly.of(Index(i.name, Poly.of(Dim(f"%?{i.name}")))) for i in open_indices}
        letter = unknown.args[0].name.split("%")[0]
        name = ast.unparse(target.value)
        item = next((i for i in items_of(target.slice) if isinstance(i, ast.Name) and i.id == letter), target)
        context.fail(item, f"no read says how far `{letter}` goes; state its size: `{name}[{letter}: SIZE]`")
    for index, stop in found.items():
        if stop.constant is not None and stop.constant < 1:
            letter = index.name.split("%")[0]
            context.fail(
                target, f"`{letter}` would go from 0 to {stop.constant - 1}: the sizes are too small for these reads"
            )
    table: dict[Any, Poly] = {}
    for index, stop in found.items():
        table[index] = Poly.of(Index(index.name, substitute_poly(stop, table)))
    return table


def _refuse_again(context: Context, node: ast.AugAssign) -> Context:
    context.fail(node, "a name is assigned once; expected a new name and `=`")


def _assert(context: Context, node: ast.Assert) -> Context:
    return context.work.fact(context, node) if context.results is None else _demand(context, node)


def _demand(context: Context, node: ast.Assert) -> Context:
    """`assert padding >= 0, "..."` in a function: what it demands of its options and sizes, as far as that is known."""
    value = context.read(node.test)
    entry = value.at(()) if isinstance(value, Value) and value.truth and not value.shape else value
    if entry == FALSE or (isinstance(entry, Constant) and not entry.value):
        said = node.msg.value if isinstance(node.msg, ast.Constant) else f"expected {ast.unparse(node.test)}"
        context.fail(node, str(said))
    if entry == TRUE or isinstance(entry, Constant):
        return context
    if not isinstance(entry, Cond) or not all(map(_of_sizes, conjuncts(entry))):
        context.fail(node, "a fact is stated in the network, not in a function")
    return state(context, node, settle_condition(entry))


def _of_sizes(cond: Cond) -> bool:
    """Is it a comparison of sizes and numbers alone?"""
    return cond in (TRUE, FALSE) or bool(Fact("", cond).differences)


_RULES: dict[type[ast.stmt], Callable[[Context, Any], Context]] = {
    ast.Assign: _assign,
    ast.Assert: _assert,
    ast.For: loop,
    ast.AugAssign: _refuse_again,
}

_KINDS: dict[type[ast.stmt], str] = {
    ast.If: "`if` as a statement",
    ast.While: "a while loop",
    ast.AnnAssign: "an annotation on an assignment",
    ast.Expr: "an expression that nobody uses",
    ast.FunctionDef: "a function inside a function",
    ast.Return: "a return before the end",
    ast.Pass: "pass",
    ast.Import: "an import inside a function",
    ast.ImportFrom: "an import inside a function",
    ast.With: "`with`",
    ast.Try: "`try`",
    ast.Raise: "`raise`",
    ast.Delete: "`del`",
    ast.Global: "`global`",
    ast.ClassDef: "a class",
}
