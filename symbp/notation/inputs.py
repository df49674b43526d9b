"""The signature of a network: `x: Data[N, D]`, `W: Param[l: L, D[l], D[l + 1]]`, `t: Labels[N, K]`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from symbp.core.integers import Index, Poly
from symbp.core.network import DATA, LABELS, PARAM, Tensor
from symbp.notation import library
from symbp.notation.bounds import check_extent, check_shape
from symbp.notation.context import Binding, Context
from symbp.notation.integers import integer
from symbp.notation.syntax import name_of, parameters, subscripts_in
from symbp.notation.values import tensor
from symbp.notation.words import why_not


def with_inputs(context: Context, node: ast.FunctionDef) -> Context:
    """The context with the arguments of a network, which become its inputs."""
    spec = node.args
    if spec.vararg or spec.kwarg:
        context.fail(spec.vararg or spec.kwarg, "a network has no variable number of arguments; name them")
    given = [d for d in (*spec.defaults, *spec.kw_defaults) if d is not None]
    if given:
        context.fail(given[0], "the arguments of a network have no defaults")
    if not parameters(node):
        context.fail(node, f"`{node.name}` has no arguments; expected Data and Param")
    for parameter in parameters(node):
        context = _input(context, parameter)
    return context


def _input(context: Context, parameter: ast.arg) -> Context:
    name = parameter.arg
    _check_name(context, parameter, name)
    kind, items = _annotation(context, parameter)
    each, shape = _shape(context, items)
    classes = None
    if kind == LABELS:
        if not shape:
            context.fail(parameter, "Labels need the size that their entries count up to, last: Labels[N, K]")
        shape, classes = shape[:-1], shape[-1]
    if each is not None and kind == LABELS:
        context.fail(parameter, "Labels are one array, not a list of them")
    check_shape(context, parameter, shape)
    context.work.inputs[name] = Tensor(name, kind, shape, classes, each)
    return context.under(**{name: replace(tensor(name, shape, each), classes=classes)})


def _check_name(context: Context, parameter: ast.arg, name: str) -> None:
    if reason := why_not(name):
        context.fail(parameter, reason)
    if name in context.work.called and library.find(name):
        context.fail(
            parameter, f"`{name}` is a library function that this network calls; the tensor needs another name"
        )
    if name in context.file.sizes:
        context.fail(parameter, f"`{name}` is a size and cannot be a tensor too")
    if context.file.declared(name):
        context.fail(parameter, f"`{name}` is already a function or a network of this file")


def _shape(context: Context, items: list[ast.expr]) -> tuple[Index | None, tuple[Poly, ...]]:
    """The extents of an input; with `l: L` first it is a list of arrays, and l may stand in the others."""
    match items:
        case [ast.Slice(lower=ast.Name(id=name) as letter, upper=ast.expr() as upper, step=None), *rest]:
            if reason := why_not(name):
                context.fail(letter, reason)
            if context.file.declared(name) or name in context.work.taken:
                context.fail(letter, f"`{name}` means something else already and cannot be an index too")
            each = Index(name, _extent(context, upper))
            sizes = {**context.file.sizes, name: each}
            return each, (each.stop, *(_extent(context, item, sizes) for item in rest))
        case [ast.Slice() as first, *_]:
            form = "`Param[l: L, D[l], D[l + 1]]`"
            context.fail(first, f"a list of arrays is written with its index and its length: {form}")
    return None, tuple(_extent(context, item) for item in items)


_KINDS = {"Data": DATA, "Param": PARAM, "Labels": LABELS}


def _annotation(context: Context, parameter: ast.arg) -> tuple[str, list[ast.expr]]:
    """Which kind of input it is, and its sizes as they are written."""
    form = parameter.annotation
    kind = _KINDS.get(name_of(form))
    if kind is None:
        where = form if form is not None else parameter
        context.fail(where, f"`{parameter.arg}` needs Data[...], Param[...] or Labels[...] with its sizes")
    return kind, subscripts_in(form)


def _extent(context: Context, item: ast.expr, sizes: Mapping[str, Binding] | None = None) -> Poly:
    if isinstance(item, ast.Slice):
        context.fail(item, "the index of a list of arrays comes first: `Param[l: L, D[l], D[l + 1]]`")
    extent = integer(replace(context, scope=sizes or context.file.sizes), item, "a size")
    if extent.constant is not None and extent.constant < 1:
        context.fail(item, f"a size is at least 1, not {extent}")
    check_extent(replace(context, scope={}), item, extent)
    return extent
