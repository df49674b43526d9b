"""Functions are inlined where they are called.

An argument that holds a reduction or is long becomes an equation of its own first, so that nothing is computed in
several places; a nested call becomes one unless it is simple arithmetic. Sizes in annotations are bound at the call.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from symbp.core.expr import BINDERS, Expr, Extreme, Fn, Num, Pow, Sum, Where
from symbp.core.integers import Index, Poly
from symbp.core.network import Call
from symbp.core.traverse import nodes, walk
from symbp.errors import NotationError
from symbp.notation.context import MAX_CALLS, Binding, Context, own_equation
from symbp.notation.integers import integer, labels
from symbp.notation.recurrence import demand_loops
from symbp.notation.signatures import arguments_of, bind_sizes, is_plain, options_given
from symbp.notation.source import Placed
from symbp.notation.syntax import defaults, items_of, parameters, pieces
from symbp.notation.toplevel import File
from symbp.notation.values import Constant, Value, decided, literal

LONG_ARGUMENT, LONG_RESULT = 8, 16


@dataclass(frozen=True, slots=True)
class Inlined:
    """What a call gives. `emitted` says, for each result, that the equation with its name is already there.

    `arguments` are the names of the equations that were made of the arguments. `plain` says that all options are as
    the function has them: only then its name and the arrays say what it is.
    """

    values: tuple[Value, ...]
    emitted: tuple[bool, ...]
    args: tuple[Value, ...] = ()
    arguments: tuple[str, ...] = ()
    plain: bool = True


def argument(context: Context, node: ast.expr, name: str) -> Value | Constant:
    """An argument, as an equation of its own where it should not be written out in several places."""
    if (named := labels(context, node)) is not None:
        return named
    match node:
        case ast.Tuple():
            return option(context, node)
        case ast.Constant(value=str(text)):
            return Constant(text)
    value = context.read(node)
    if isinstance(value, Constant) or value.truth or value.size == 1 or context.guarded:
        return value
    entry = _entry(context, value)
    if len(list(walk(entry))) <= LONG_ARGUMENT and not any(nodes(entry, *BINDERS)):
        return value
    return own_equation(context, value, context.work.name(name), node)


def option(context: Context, node: ast.Tuple) -> Constant:
    """An option for each of several dimensions: `stride=(2, 1)`."""
    return Constant(tuple(_whole_number(context, part) for part in node.elts))


def _whole_number(context: Context, node: ast.expr) -> Poly:
    try:
        return integer(context, node, "this option")
    except NotationError:
        context.fail(node, "expected a whole number or a size here, or a tuple with one for each dimension")


def _entry(context: Context, value: Value) -> Expr:
    return value.number(context.work.somewhere(value.shape))


def nested(context: Context, node: ast.Call, file: File, function: ast.FunctionDef) -> Value:
    """A call within a larger expression."""
    if context.guarded:
        return _single(context, node, inline(context, node, file, function, (context.target,)))
    name = context.work.name(f"{context.target}_{function.name}")
    before = len(context.work.pending)
    result = inline(context, node, file, function, (name,))
    value = _single(context, node, result)
    if result.emitted[0]:
        remember_call(context, name, function.name, result, before)
        return value
    if _is_simple(context, value):
        context.work.taken.discard(name)
        return value
    value = own_equation(context, value, name, node)
    remember_call(context, name, function.name, result, before)
    return value


def remember_call(context: Context, name: str, function: str, result: Inlined, before: int) -> None:
    """Keeps the call with its equation where the function made no other equation than that.

    `before` is how many equations were pending before the call; those of its arguments do not count.
    """
    pending = context.work.pending
    own = next((p for p in pending if p.name == name), None)
    others = [p for p in pending[before:] if p is not own and p.name not in result.arguments]
    if own is not None and not others and result.plain:
        own.call = Call(function, tuple(_entry_of(context, v, own.indices) for v in result.args))


def _entry_of(context: Context, value: Value, indices: tuple[Index, ...]) -> Expr:
    """An argument's entry, by the equation's own indices as far as the dimensions are the same."""
    subs, rest = [], list(indices)
    for extent in value.shape:
        found = next((i for i in rest if i.extent == extent), None)
        if found is not None:
            rest.remove(found)
        subs.append(Poly.of(found or context.work.index(extent)))
    return value.number(tuple(subs))


def _single(context: Context, node: ast.Call, result: Inlined) -> Value:
    if len(result.values) != 1:
        context.fail(node, f"this function returns {len(result.values)} arrays; assign them to as many names")
    return result.values[0]


def _is_simple(context: Context, value: Value) -> bool:
    """Is it simple arithmetic: short, without functions, choices and reductions?"""
    entry = _entry(context, value)
    if len(list(walk(entry))) > LONG_RESULT or any(nodes(entry, Sum, Extreme, Fn, Where)):
        return False
    return all(_is_whole(p.exponent) for p in nodes(entry, Pow))


def _is_whole(exponent: Expr) -> bool:
    match exponent:
        case Num(number):
            return number.denominator == 1
    return False


def inline(
    context: Context, node: ast.Call, file: File, function: ast.FunctionDef, names: tuple[str, ...], own: bool = True
) -> Inlined:
    """The results of a call, named `names` where the function names them; intermediates are named after the first.

    `own` is false where the results get their equations from the caller, whatever the function calls them.
    """
    _count_call(context, node, function.name)
    before = len(context.work.pending)
    arguments = arguments_of(context, node, function)
    bound = _evaluate(context, node, function, arguments)
    made = tuple(p.name for p in context.work.pending[before:])
    body, returned = _split(file, function)
    results = _results(context, node, returned, names) if own else {}
    scope: dict[str, Binding] = {**file.sizes, **bound, **bind_sizes(context, node, file, function, bound)}
    active, calls = (*context.active, function.name), (*context.calls, node)
    inner = replace(context, file=file, scope=scope, target=names[0], active=active, results=results, loops=())
    try:
        found = _returned(replace(inner, calls=calls), body, returned, names, own)
    except NotationError as error:
        _blame(context, node, file, function, error)
    arrays = tuple(v for v in bound.values() if isinstance(v, Value) and literal(v) is None)
    return replace(found, args=arrays, arguments=made, plain=is_plain(function, arguments))


def _count_call(context: Context, node: ast.Call, name: str) -> None:
    """One more call; refused where it has no end."""
    context.work.calls += 1
    if name in context.active:
        context.fail(node, f"`{name}` calls itself; a recursion has no end here")
    if context.work.calls > MAX_CALLS:
        context.fail(node, f"more than {MAX_CALLS} calls when the functions are written out")


def _returned(context: Context, body: list[ast.stmt], returned: ast.expr, names: tuple[str, ...], own: bool) -> Inlined:
    """What a function's statements, and what it returns, come to."""
    after = context.work.statements(context, body)
    demand_loops(after)
    tail = _chosen(after, returned)
    if isinstance(tail, ast.Call) and (callee := context.work.callee(after, tail.func)) is not None:
        return inline(after, tail, *callee, names, own)  # what that returns is what this returns
    parts, made = items_of(returned), {} if context.guarded else context.results or {}
    emitted = tuple(isinstance(p, ast.Name) and p.id in made for p in parts)
    return Inlined(tuple(after.value(p) for p in parts), emitted)


def _chosen(context: Context, node: ast.expr) -> ast.expr:
    """The branch of a choice that the options of a function decide."""
    while isinstance(node, ast.IfExp):
        known = decided(context.guard().read(node.test))
        if known is None:
            break
        node = node.body if known else node.orelse
    return node


def _blame(context: Context, node: ast.Call, file: File, function: ast.FunctionDef, error: NotationError) -> NoReturn:
    """An error inside a function of another file is shown where the function was called, at the option it is about."""
    if file is not context.file:
        place = _option_at(node, function, file.source.part(error.span)) or node
        raise context.error(place, f"in `{function.name}`: {error.message}", type(error)) from None
    raise error


def _option_at(node: ast.Call, function: ast.FunctionDef, part: str) -> Placed | None:
    """The argument with a default that a part of the function's text goes back to, where the call gives it."""
    names = set(re.findall(r"[A-Za-z_]\w*", part))
    for statement in function.body[::-1]:
        inside = list(pieces(statement, ast.Name))
        targets = {n.id for n in inside if isinstance(n.ctx, ast.Store)}
        if targets & names:
            names |= {n.id for n in inside if isinstance(n.ctx, ast.Load)}
    found = [place for name, place in options_given(node, function).items() if name in names]
    return found[-1] if found else None  # those with a default come last


def _split(file: File, function: ast.FunctionDef) -> tuple[list[ast.stmt], ast.expr]:
    """The statements of a function, and what it returns."""
    match function.body:
        case [*body, ast.Return(value=ast.expr() as returned)]:
            return body, returned
    raise file.source.error(function.body[-1], f"`{function.name}` must end with `return` and a value")


def _results(context: Context, node: ast.Call, returned: ast.expr, names: tuple[str, ...]) -> dict[str, str]:
    """Local names that the function returns, and what the caller calls them."""
    parts = items_of(returned)
    if len(parts) != len(names):
        if len(names) == 1:
            context.fail(node, f"this function returns {len(parts)} arrays; assign them to as many names")
        context.fail(node, f"this function returns {len(parts)}, and there are {len(names)} names on the left")
    return {p.id: n for p, n in zip(parts, names, strict=True) if isinstance(p, ast.Name)}


def _evaluate(
    context: Context, node: ast.Call, function: ast.FunctionDef, arguments: Mapping[str, ast.expr]
) -> dict[str, Value | Constant]:
    """What the parameters of a function stand for in a call of it."""
    options = defaults(function)
    bound: dict[str, Value | Constant] = {}
    for name in (p.arg for p in parameters(function)):
        if name in arguments:
            title = f"{context.target}_{name if len(arguments) > 1 else 'in'}"
            bound[name] = argument(context, arguments[name], title)
        elif name in options:
            bound[name] = _default(context, node, options[name])
        else:
            context.fail(node, f"`{function.name}` needs its argument `{name}`")
    return bound


def _default(context: Context, node: ast.Call, default: ast.expr) -> Value | Constant:
    match default:
        case ast.Constant(value=str(text)):
            return Constant(text)
        case ast.Constant() | ast.UnaryOp() | ast.BinOp():
            return replace(context, scope={}).read(default)
    raise context.error(node, "a default of a function must be a number, a text, True, False or None")
