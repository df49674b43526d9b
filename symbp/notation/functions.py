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

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Binder, Expr, Extreme, Fn, Num, Pow, Sum, Where
from symbp.core.integers import ONE, ZERO, Index, Poly, quotient
from symbp.core.network import Call
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import walk
from symbp.errors import NotationError, ShapeError
from symbp.escape import cleaned
from symbp.notation.comments import names_in
from symbp.notation.context import MAX_CALLS, Binding, Context, own_equation
from symbp.notation.integers import integer, labels
from symbp.notation.library import is_of_library
from symbp.notation.recurrence import demand_loops
from symbp.notation.source import Placed
from symbp.notation.toplevel import File
from symbp.notation.values import Constant, Value, literal, shape_text

LONG_ARGUMENT, LONG_RESULT = 8, 16


@dataclass(frozen=True, slots=True)
class Inlined:
    """What a call gives. `emitted` says, for each result, that the equation with its name is already there.

    `arguments` are the names of the equations that were made of the arguments. `plain` says that all options are as
    the function has them: only then its name and the arrays say what it is.
    """

    values: tuple[Value, ...]
    emitted: tuple[bool, ...]
    args: tuple[Value, ...]
    arguments: tuple[str, ...]
    plain: bool


def argument(context: Context, node: ast.expr, name: str) -> Value | Constant:
    """An argument, as an equation of its own where it should not be written out in several places."""
    if (named := labels(context, node)) is not None:
        return named
    if isinstance(node, ast.Tuple):
        return option(context, node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Constant(node.value)
    value = context.read(node)
    if isinstance(value, Constant) or value.truth or value.size == 1 or context.guarded:
        return value
    parts = list(walk(_entry(context, value)))
    if len(parts) <= LONG_ARGUMENT and not any(isinstance(p, Binder) for p in parts):
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
    return value.number(tuple(Poly.of(context.work.index(e)) for e in value.shape))


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
    parts = list(walk(_entry(context, value)))
    return len(parts) <= LONG_RESULT and not any(
        isinstance(p, (Sum, Extreme, Fn, Where))
        or (isinstance(p, Pow) and not (isinstance(p.exponent, Num) and p.exponent.value.denominator == 1))
        for p in parts
    )


def inline(
    context: Context, node: ast.Call, file: File, function: ast.FunctionDef, names: tuple[str, ...], own: bool = True
) -> Inlined:
    """The results of a call, named `names` where the function names them; intermediates are named after the first.

    `own` is false where the results get their equations from the caller, whatever the function calls them.
    """
    work, name = context.work, function.name
    work.calls += 1
    if name in context.active:
        context.fail(node, f"`{name}` calls itself; a recursion has no end here")
    if work.calls > MAX_CALLS:
        context.fail(node, f"more than {MAX_CALLS} calls when the functions are written out")
    before = len(work.pending)
    called = {local: f"{names[0]}_{local}" for local in names_in(file.source.text, function)}
    called = {local: full for local, full in called.items() if full not in work.taken}
    given = _given(context, node, function)
    bound = _evaluate(context, node, function, given)
    made = tuple(p.name for p in work.pending[before:])
    body, returned = _split(context, file, function)
    results = _results(context, node, returned, names) if own else {}
    scope: dict[str, Binding] = {**file.sizes, **bound, **_bind_sizes(context, node, file, function, bound)}
    active = (*context.active, name)
    arrays = tuple(v for v in bound.values() if isinstance(v, Value) and literal(v) is None)
    inner = replace(context, file=file, scope=scope, target=names[0], active=active, results=results, loops=())
    inner = replace(inner, calls=(*context.calls, node))
    try:
        after = work.statements(inner, body)
        demand_loops(after)
        _remember_words(context, after, file, function, {**called, **results})
        tail = _chosen(after, returned)
        if isinstance(tail, ast.Call) and (callee := work.callee(after, tail.func)) is not None:
            last = inline(after, tail, *callee, names, own)  # what that returns is what this returns
            return replace(last, args=arrays, arguments=made, plain=_is_plain(function, given))
        parts = returned.elts if isinstance(returned, ast.Tuple) else [returned]
        values = tuple(after.value(p) for p in parts)
    except NotationError as error:
        _blame(context, node, file, function, error)
    emitted = tuple(isinstance(p, ast.Name) and p.id in results and not context.guarded for p in parts)
    return Inlined(values, emitted, arrays, made, _is_plain(function, given))


def _remember_words(
    context: Context, inner: Context, file: File, function: ast.FunctionDef, called: Mapping[str, str]
) -> None:
    """What the function calls the tensors that it made, and what it says of itself where a user's file calls it. A
    tensor of a loop has no name where it is read at a step: `called` has what it was to be named.
    """
    for local, words in names_in(file.source.text, function).items():
        value = inner.scope.get(local)
        name = (value.name or called.get(local)) if isinstance(value, Value) else None
        if name is not None and local not in _arguments(function):
            context.work.words.setdefault(name, words)
    doc = ast.get_docstring(function, clean=False)
    if doc and not is_of_library(context.file):
        context.work.docs.setdefault(function.name, cleaned(doc))


def _arguments(function: ast.FunctionDef) -> list[str]:
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _chosen(context: Context, node: ast.expr) -> ast.expr:
    """The branch of a choice that the options of a function decide."""
    while isinstance(node, ast.IfExp):
        test = context.guard().read(node.test)
        entry = test.at(()) if isinstance(test, Value) and test.truth and not test.shape else test
        if not isinstance(entry, Constant) and entry not in (TRUE, FALSE):
            break
        node = node.body if entry == TRUE or (isinstance(entry, Constant) and entry.value) else node.orelse
    return node


def _is_plain(function: ast.FunctionDef, given: Mapping[str, ast.expr]) -> bool:
    """Are all options that a call gives what they would be without it?"""
    spec = function.args
    by_position = [*spec.posonlyargs, *spec.args]
    defaults = dict(zip((p.arg for p in by_position[::-1]), spec.defaults[::-1], strict=False))
    defaults.update({p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None})
    return all(ast.dump(d) == ast.dump(given[name]) for name, d in defaults.items() if name in given)


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
        targets = {n.id for n in _names(statement) if isinstance(n.ctx, ast.Store)}
        if targets & names:
            names |= {n.id for n in _names(statement) if isinstance(n.ctx, ast.Load)}
    found = [place for name, place in _options_given(node, function).items() if name in names]
    return found[-1] if found else None  # those with a default come last


def _names(statement: ast.stmt) -> list[ast.Name]:
    return [n for n in ast.walk(statement) if isinstance(n, ast.Name)]


def _options_given(node: ast.Call, function: ast.FunctionDef) -> dict[str, Placed]:
    """The arguments in a call that are there for one with a default, or are plain numbers."""
    spec = function.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    optional = names[len(names) - len(spec.defaults) :]
    placed: dict[str, Placed] = dict(zip(names, node.args, strict=False))
    placed.update({k.arg: k for k in node.keywords if k.arg})
    numbers = {n: p for n, p in placed.items() if n not in optional and isinstance(p, ast.Constant)}
    return numbers | {n: p for n, p in placed.items() if n in optional}


def _split(context: Context, file: File, function: ast.FunctionDef) -> tuple[list[ast.stmt], ast.expr]:
    """The statements of a function, and what it returns."""
    if function.decorator_list or not isinstance(function.body[-1], ast.Return) or function.body[-1].value is None:
        raise file.source.error(function.body[-1], f"`{function.name}` must end with `return` and a value")
    return function.body[:-1], function.body[-1].value


def _results(context: Context, node: ast.Call, returned: ast.expr, names: tuple[str, ...]) -> dict[str, str]:
    """Local names that the function returns, and what the caller calls them."""
    parts = returned.elts if isinstance(returned, ast.Tuple) else [returned]
    if len(parts) != len(names):
        if len(names) == 1:
            context.fail(node, f"this function returns {len(parts)} arrays; assign them to as many names")
        context.fail(node, f"this function returns {len(parts)}, and there are {len(names)} names on the left")
    return {p.id: n for p, n in zip(parts, names, strict=True) if isinstance(p, ast.Name)}


def _given(context: Context, node: ast.Call, function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The arguments of a call by the names that they have in the function."""
    spec, name = function.args, function.name
    if spec.vararg or spec.kwarg:
        context.fail(node, f"`{name}` takes a variable number of arguments, which a function here cannot")
    by_position = [*spec.posonlyargs, *spec.args]
    given: dict[str, ast.expr] = {}
    if len(node.args) > len(by_position):
        context.fail(node, f"`{name}` takes {len(by_position)} arguments by position, and {len(node.args)} are given")
    for parameter, arg in zip(by_position, node.args, strict=False):
        if isinstance(arg, ast.Starred):
            context.fail(arg, "a starred argument is not in the language")
        given[parameter.arg] = arg
    allowed = [p.arg for p in (*spec.args, *spec.kwonlyargs)]
    for keyword in node.keywords:
        if keyword.arg not in allowed or keyword.arg in given:
            what = "given twice" if keyword.arg in given else "no argument of it"
            context.fail(keyword, f"`{keyword.arg or '**'}` is {what}; `{name}` has {', '.join(allowed)}")
        given[keyword.arg] = keyword.value
    return given


def _evaluate(
    context: Context, node: ast.Call, function: ast.FunctionDef, given: Mapping[str, ast.expr]
) -> dict[str, Value | Constant]:
    spec = function.args
    by_position = [*spec.posonlyargs, *spec.args]
    defaults: dict[str, ast.expr | None] = dict(
        zip((p.arg for p in by_position[::-1]), spec.defaults[::-1], strict=False)
    )
    defaults.update({p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)})
    bound: dict[str, Value | Constant] = {}
    for parameter in (*by_position, *spec.kwonlyargs):
        name = parameter.arg
        if name in given:
            bound[name] = argument(context, given[name], f"{context.target}_{name if len(given) > 1 else 'in'}")
        elif (default := defaults.get(name)) is not None:
            bound[name] = _default(context, node, default)
        else:
            context.fail(node, f"`{function.name}` needs its argument `{name}`")
    return bound


def _default(context: Context, node: ast.Call, default: ast.expr) -> Value | Constant:
    if not isinstance(default, (ast.Constant, ast.UnaryOp, ast.BinOp)):
        context.fail(node, "a default of a function must be a number, a text, True, False or None")
    if isinstance(default, ast.Constant) and isinstance(default.value, str):
        return Constant(default.value)
    return replace(context, scope={}).read(default)


def _bind_sizes(
    context: Context, node: ast.Call, file: File, function: ast.FunctionDef, bound: Mapping[str, Value | Constant]
) -> dict[str, Poly]:
    """The sizes in the annotations, from the shapes of the arguments."""
    sizes: dict[str, Poly] = {n: p for n, v in bound.items() if (p := _whole(v)) is not None}
    origin: dict[str, str] = {}
    spec = function.args
    for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        value, form = bound[parameter.arg], parameter.annotation
        items = annotation_items(file, form) if form is not None else None
        if items is None:
            continue
        if isinstance(value, Value) and value.open:
            continue
        if isinstance(value, Constant):
            context.fail(node, f"`{parameter.arg}` of `{function.name}` is an array, not {value.value!r}")
        labelled = isinstance(form, ast.Subscript) and ast.unparse(form.value) == "Labels"
        if labelled != (value.classes is not None):
            what = "labels" if labelled else "an array of numbers, not labels"
            context.fail(node, f"`{parameter.arg}` of `{function.name}` is {what}")
        shape = value.shape if value.classes is None else (*value.shape, value.classes)
        if not _match(shape, items, file, sizes):
            _mismatch(context, node, function, parameter, value, sizes, origin)
        origin.update({n: parameter.arg for n in sizes if n not in origin})
    return sizes


def _mismatch(
    context: Context, node: ast.Call, function: ast.FunctionDef, parameter: ast.arg, value: Value,
    sizes: Mapping[str, Poly], origin: Mapping[str, str],
) -> NoReturn:  # fmt: skip
    """Which size of an argument does not fit: one that another argument has too, or one that an option divides."""
    form = parameter.annotation
    wanted, used = (ast.unparse(form), [n.id for n in ast.walk(form) if isinstance(n, ast.Name)]) if form else ("", [])
    text = f"`{parameter.arg}` of `{function.name}` is {shape_text(value.shape)}, expected {wanted}"
    for item, extent in _by_dimension(form, value.shape):
        if isinstance(item, ast.Name) and item.id in origin and sizes[item.id] != extent:
            by = f"{sizes[item.id]} by `{origin[item.id]}` and {extent} by `{parameter.arg}`"
            raise context.error(node, f"{item.id} of `{function.name}` is {by}: {text}", ShapeError)
    known = ", ".join(f"{n} = {sizes[n]}" for n in dict.fromkeys(used) if n in sizes and str(sizes[n]) != n)
    place = next((p for n, p in _options_given(node, function).items() if n in used), node)
    raise context.error(place, text + (f" with {known}" if known else ""), ShapeError)


def _by_dimension(form: ast.expr | None, shape: tuple[Poly, ...]) -> list[tuple[ast.expr, Poly]]:
    """The sizes in an annotation beside those of the argument, where there are as many."""
    inner = form.slice if isinstance(form, ast.Subscript) else None
    items = inner.elts if isinstance(inner, ast.Tuple) else [inner] if inner else []
    return list(zip(items, shape, strict=True)) if len(items) == len(shape) else []


def _whole(value: Value | Constant) -> Poly | None:
    """The whole number or size that an argument is, which annotations may use: `groups`."""
    entry = None if isinstance(value, Constant) or value.shape or value.truth else value.at(())
    return build.as_integer(entry) if isinstance(entry, Expr) else None


def annotation_items(file: File, form: ast.expr) -> list[ast.expr] | None:
    """The sizes in `Array[N, D]`; None where any array or number is meant."""
    if isinstance(form, ast.Name) and form.id in ("Array", "Data", "Param", "int", "float", "bool"):
        return None
    if isinstance(form, ast.Subscript) and isinstance(form.value, ast.Name) and form.value.id in ("Array", "Labels"):
        return form.slice.elts if isinstance(form.slice, ast.Tuple) else [form.slice]
    raise file.source.error(form, "expected Array[...] with the sizes of the argument")


def _match(shape: tuple[Poly, ...], items: list[ast.expr], file: File, sizes: dict[str, Poly]) -> bool:
    dots = [i for i, item in enumerate(items) if isinstance(item, ast.Constant) and item.value is ...]
    if dots:
        front, back = items[: dots[0]], items[dots[0] + 1 :]
        if len(shape) < len(front) + len(back) or len(dots) > 1:
            return False
        ends = (*shape[: len(front)], *shape[len(shape) - len(back) :]) if back else shape[: len(front)]
        return all(_match_size(e, i, file, sizes) for e, i in zip(ends, (*front, *back), strict=True))
    return len(shape) == len(items) and all(_match_size(e, i, file, sizes) for e, i in zip(shape, items, strict=True))


def _match_size(extent: Poly, item: ast.expr, file: File, sizes: dict[str, Poly]) -> bool:
    """`N` is bound at its first sight; `4 * H + 1` is solved for the one size in it that is not bound yet."""
    if isinstance(item, ast.Name) and item.id not in sizes:
        sizes[item.id] = extent
        return True
    constant, unknown, factor = _affine(item, file, sizes)
    rest = extent - constant
    if unknown is None:
        return not rest.terms
    found = quotient(rest, factor)
    if found * factor != rest or not is_nonnegative(found - 1):
        return False
    sizes[unknown] = found
    return True


def _affine(node: ast.expr, file: File, sizes: Mapping[str, Poly]) -> tuple[Poly, str | None, Poly]:
    """A size in an annotation as (known part, unknown size, its factor)."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return Poly.of(value), None, ZERO
        case ast.Name(id=name):
            return (sizes[name], None, ZERO) if name in sizes else (ZERO, name, ONE)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            a, x, f = _affine(node.left, file, sizes)
            b, y, g = _affine(node.right, file, sizes)
            sign = 1 if isinstance(node.op, ast.Add) else -1
            if x is None or y is None:
                return a + b * sign, x or y, f if x else g * sign
        case ast.BinOp(op=ast.Mult()):
            a, x, f = _affine(node.left, file, sizes)
            b, y, g = _affine(node.right, file, sizes)
            if x is None or y is None:
                return a * b, x or y, f * b if x else g * a
    raise file.source.error(node, "a size in an annotation is a size, a whole number, or a sum or multiple of them")
