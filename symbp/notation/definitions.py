"""Definitions in array notation: `z = x @ W + b`, `a = sigmoid(z)`, `h, c = lstm_cell(x, h, c, W, U, b)`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from symbp.core.integers import Index, Poly
from symbp.core.network import Call
from symbp.notation.calls import Written, written_out
from symbp.notation.context import Context, Pending, emit, own_equation
from symbp.notation.functions import Inlined, inline, option, remember_call
from symbp.notation.naming import check_carried, check_name, defining, full_name, local_name
from symbp.notation.syntax import base_of, is_listed, subscripts_in
from symbp.notation.values import Constant, Value, literal, whole


def define(context: Context, name: str, value: Value, node: ast.stmt, call: Call | None = None) -> Context:
    """`name = value`, in a network an equation; in a function one where that is possible."""
    if context.results is None:
        if value.truth:
            context.fail(node, "a condition is not a tensor; use where(condition, a, b)")
        axes = tuple(context.work.index(e) for e in value.shape)
        emit(context, Pending(name, axes, value.number(tuple(Poly.of(i) for i in axes)), call), node)
        return context
    if (number := whole(value)) is not None:
        return context.under(**{name: number})
    alias = value.name is not None and name not in context.results
    if _stands_for_itself(value) or context.guarded or alias:
        return context.under(**{name: value})
    return context.under(**{name: own_equation(context, value, local_name(context, name), node)})


def _stands_for_itself(value: Value) -> bool:
    """Is it a condition or a number, which needs no equation?"""
    return value.truth or literal(value) is not None


def define_whole(context: Context, node: ast.Assign, target: ast.Name) -> Context:
    """`z = ...`."""
    check_name(context, target, target.id)
    inner = defining(context, target.id)
    written = written_out(inner, node.value)
    if written is not None and not context.guarded:
        return _whole_call(context, node, target.id, written)
    value = inner.read(node.value)
    if isinstance(value, Value):
        return define(context, target.id, value, node)
    if context.results is None:
        context.fail(node.value, f"expected a number or an array here, not {value.value!r}")
    return context.under(**{target.id: value})


def _whole_call(context: Context, node: ast.Assign, name: str, written: Written) -> Context:
    """`a = f(x)`: the call's result is the equation itself, and the equation remembers the call."""
    call, file, function = written
    full = name if context.results is None else local_name(context, name)
    before = len(context.work.pending)
    result = inline(replace(context, target=full), call, file, function, (full,))
    if len(result.values) != 1:
        context.fail(call, f"this function returns {len(result.values)} arrays; assign them to as many names")
    after = _named(context, node, name, full, result)
    remember_call(context, full, function.name, result, before)
    return after


def _named(context: Context, node: ast.Assign, name: str, full: str, result: Inlined) -> Context:
    """The result of a call under its name, with an equation if the function has made none."""
    (value,), (emitted,) = result.values, result.emitted
    if context.results is None:
        return context if emitted else define(context, name, value, node)
    own = value if emitted or _stands_for_itself(value) else own_equation(context, value, full, node)
    return context.under(**{name: own})


def define_several(context: Context, node: ast.Assign, targets: Sequence[ast.expr]) -> Context:
    """`a, b = f(x)`."""
    leads = _names_of_several(context, targets)
    names = tuple(leads)
    if (options := _options(context, node.value, len(names))) is not None:
        return context.under(**dict(zip(names, options, strict=True)))
    if is_listed(node.value):
        context.fail(node.value, "write one assignment for each name")
    written = written_out(context, node.value)
    if written is None:
        context.fail(node.value, f"expected a call of a function that returns {len(names)} arrays")
    full = tuple(full_name(context, n) for n in names)
    lead = {f: (*context.outer, *leads[n]) for f, n in zip(full, names, strict=True) if context.loops}
    before = len(context.work.pending)
    result = inline(replace(context, target=full[0], lead=lead, defining=full), *written, full)
    if len(result.values) != len(names):
        context.fail(node, f"this function returns {len(result.values)}, and there are {len(names)} names on the left")
    if context.loops:
        _own_in_loop(replace(context, lead=lead), node, full, written[2].name, result, before)
        return context
    return _own_of_several(context, node, names, full, result)


def _names_of_several(context: Context, targets: Sequence[ast.expr]) -> dict[str, tuple[Index, ...]]:
    """The names on the left of a call that returns several, each with the indices that it carries in loops."""
    leads: dict[str, tuple[Index, ...]] = {}
    for target in targets:
        part, lead = _one_of_several(context, target)
        check_name(context, part, part.id)
        if part.id in leads:
            context.fail(part, f"`{part.id}` is defined twice; a name is assigned once")
        leads[part.id] = lead
    return leads


def _one_of_several(context: Context, item: ast.expr) -> tuple[ast.Name, tuple[Index, ...]]:
    """A name on the left of a call that returns several; in a loop `h[t]`."""
    if not context.loops and isinstance(item, ast.Name):
        return item, ()
    base = base_of(item)
    lead = [context.bound(i) for i in subscripts_in(item)]
    if not isinstance(base, ast.Name) or not context.loops:
        context.fail(item, "expected a name here")
    check_carried(context, item, lead)
    if len(lead) != len(context.loops):
        context.fail(item, "expected a name with the indices of its loops here")
    return base, tuple(i for i in lead if isinstance(i, Index))


def _options(context: Context, node: ast.expr, count: int) -> tuple[Poly, ...] | None:
    """The parts of an option of a function: `i, j = stride if isinstance(stride, tuple) else (stride, stride)`."""
    if context.results is None:
        return None
    match node:
        case ast.IfExp() if isinstance(test := context.read(node.test), Constant):
            return _options(context, node.body if test.value else node.orelse, count)
    match option(context, node) if isinstance(node, ast.Tuple) else context.bound(node):
        case Constant(tuple(parts)):
            if len(parts) != count:
                context.fail(node, f"expected {count} numbers here, not {len(parts)}")
            return parts
    return None


def _own_in_loop(
    context: Context, node: ast.Assign, full: Sequence[str], function: str, result: Inlined, before: int
) -> None:
    """Equations for the results of a call in a loop that the function has not made one of."""
    for name, value, emitted in zip(full, result.values, result.emitted, strict=True):
        if not emitted:
            own_equation(context, value, name, node)
            if len(full) == 1:
                remember_call(context, name, function, result, before)


def _own_of_several(
    context: Context, node: ast.Assign, names: Sequence[str], full: Sequence[str], result: Inlined
) -> Context:
    for name, own, value, emitted in zip(names, full, result.values, result.emitted, strict=True):
        if context.results is not None:
            kept = value if emitted or context.guarded else own_equation(context, value, own, node)
            context = context.under(**{name: kept})
        elif not emitted:
            context = define(context, name, value, node)
    return context
