"""A network: its signature, its statements, what it returns."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace

from symbp.core import build
from symbp.core.expr import Extreme, Int, Read, Sum
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import DATA, LABELS, PARAM, Network, Tensor
from symbp.core.traverse import polys, walk
from symbp.notation import library
from symbp.notation.context import Binding, Context, Pending, Work, emit
from symbp.notation.expressions import elaborate
from symbp.notation.facts import fact
from symbp.notation.integers import integer
from symbp.notation.statements import check_name, define, flush, run
from symbp.notation.toplevel import File
from symbp.notation.values import Value, tensor
from symbp.notation.words import fresh, why_not

COTANGENT, OUTPUT = "cotangent", "output"


def elaborate_network(file: File, node: ast.FunctionDef) -> Network:
    """The Network that a decorated function says."""
    taken = {*file.sizes, *file.unknown, *file.functions, *file.networks, *_assigned(node), *_called(node)}
    letters = frozenset(d.name[0].lower() for d in file.dims)
    work = Work(taken, elaborate, run, fact, letters)
    scope: dict[str, Binding] = dict(file.sizes)
    context = Context(file, work, scope, "")
    context = _signature(context, node)
    body, returned = _split(context, node)
    context = run(context, body)
    outputs, context = _return(context, node, returned)
    network = Network(
        node.name,
        inspect.cleandoc(ast.get_docstring(node, clean=False) or ""),
        _dims(context, node),
        tuple(work.inputs.values()),
        tuple(work.equations),
        outputs,
        tuple(work.facts),
        tuple((f, work.arities[f]) for f in file.unknown if f in work.arities),
    )
    return network


def _assigned(node: ast.FunctionDef) -> Iterator[str]:
    """Every name that the network gives to a tensor."""
    yield from (a.arg for a in _parameters(node))
    for part in ast.walk(node):
        targets = part.targets if isinstance(part, ast.Assign) else []
        for target in targets:
            for leaf in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                base = leaf.value if isinstance(leaf, ast.Subscript) else leaf
                if isinstance(base, ast.Name):
                    yield base.id


def _called(node: ast.FunctionDef) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            yield part.func.id


def _parameters(node: ast.FunctionDef) -> list[ast.arg]:
    spec = node.args
    more = [a for a in (spec.vararg, spec.kwarg) if a is not None]
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *more]


def _signature(context: Context, node: ast.FunctionDef) -> Context:
    spec = node.args
    if spec.vararg or spec.kwarg:
        context.fail(spec.vararg or spec.kwarg, "a network has no variable number of arguments; name them")
    if spec.defaults or any(d is not None for d in spec.kw_defaults):
        default = next(d for d in (*spec.defaults, *spec.kw_defaults) if d is not None)
        context.fail(default, "the arguments of a network have no defaults")
    if not _parameters(node):
        context.fail(node, f"`{node.name}` has no arguments; expected Data and Param")
    for parameter in _parameters(node):
        context = _input(context, parameter)
    return context


def _input(context: Context, parameter: ast.arg) -> Context:
    name = parameter.arg
    if reason := why_not(name):
        context.fail(parameter, reason)
    if name in context.file.sizes:
        context.fail(parameter, f"`{name}` is a size and cannot be a tensor too")
    if context.file.declared(name):
        context.fail(parameter, f"`{name}` is already a function or a network of this file")
    kind, items = _annotation(context, parameter)
    shape = tuple(_extent(context, item) for item in items)
    classes = None
    if kind == LABELS:
        if not shape:
            context.fail(parameter, "Labels need the size that their entries count up to, last: Labels[N, K]")
        shape, classes = shape[:-1], shape[-1]
    context.work.inputs[name] = Tensor(name, kind, shape, classes)
    return context.under(**{name: tensor(name, shape)})


_KINDS = {"Data": DATA, "Param": PARAM, "Labels": LABELS}


def _annotation(context: Context, parameter: ast.arg) -> tuple[str, list[ast.expr]]:
    form = parameter.annotation
    base = form.value if isinstance(form, ast.Subscript) else form
    if not isinstance(base, ast.Name) or base.id not in _KINDS:
        where = form if form is not None else parameter
        context.fail(where, f"`{parameter.arg}` needs Data[...], Param[...] or Labels[...] with its sizes")
    if not isinstance(form, ast.Subscript):
        return _KINDS[base.id], []
    return _KINDS[base.id], form.slice.elts if isinstance(form.slice, ast.Tuple) else [form.slice]


def _extent(context: Context, item: ast.expr) -> Poly:
    if isinstance(item, (ast.Slice, ast.Subscript)):
        context.fail(item, "symbolic depth, `l: L` and `D[l]`; not yet")
    extent = integer(replace(context, scope=context.file.sizes), item, "a size")
    if extent.constant is not None and extent.constant < 1:
        context.fail(item, f"a size is at least 1, not {extent}")
    return extent


def _split(context: Context, node: ast.FunctionDef) -> tuple[list[ast.stmt], ast.Return]:
    last = node.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        context.fail(last, f"`{node.name}` must end with `return` and the loss")
    return node.body[:-1], last


def _return(context: Context, node: ast.FunctionDef, returned: ast.Return) -> tuple[tuple[str, ...], Context]:
    assert returned.value is not None
    if isinstance(returned.value, ast.Tuple):
        return tuple(_named(context, part) for part in returned.value.elts), context
    if isinstance(returned.value, ast.Name) and isinstance(context.scope.get(returned.value.id), Value):
        value = context.value(returned.value)
        if not value.shape and any(e.name == value.name for e in context.work.equations):
            return (returned.value.id,), context
        return _loss(context, returned, value)
    taken = context.work.taken
    guess = fresh("L", taken) if "L" not in taken else fresh("loss", taken)
    before = len(context.work.equations)
    statement = ast.copy_location(ast.Assign([ast.Name(guess, ast.Store())], returned.value), returned)
    ast.fix_missing_locations(statement)
    context = run(context, [statement])
    made = context.work.equations[before:]
    if not made[-1].indices:
        context.work.taken.add(guess)
        return (guess,), context
    return _loss(*_renamed(context, returned, guess, before))


def _named(context: Context, node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        context.value(node)
        if isinstance(context.scope.get(node.id), Value):
            return node.id
    context.fail(node, "several returns are names of tensors; name this one first")


def _renamed(context: Context, returned: ast.Return, old: str, before: int) -> tuple[Context, ast.Return, Value]:
    """An anonymous tensor that is returned is called `output`, and what it is made of after that."""
    work = context.work
    new = work.name(OUTPUT)

    def rename(name: str) -> str:
        return new + name[len(old) :] if name == old or name.startswith(f"{old}_") else name

    made = {e.name: rename(e.name) for e in work.equations[before:]}
    for place in range(before, len(work.equations)):
        e = work.equations[place]
        body = _rename_reads(e.body, made)
        work.equations[place] = replace(e, name=made[e.name], body=body)
    last = work.equations[-1]
    return context, returned, tensor(last.name, last.shape)


def _rename_reads(body, names):  # type: ignore[no-untyped-def]
    from symbp.core.traverse import replace_reads

    return replace_reads(body, lambda r: Read(names[r.tensor], r.subs) if r.tensor in names else None)


def _loss(context: Context, returned: ast.Return, value: Value) -> tuple[tuple[str, ...], Context]:
    """A scalar input is its own loss; a tensor gets a cotangent, and the loss is `sum(cotangent * output)`."""
    work = context.work
    name = fresh("L", work.taken) if "L" not in work.taken else fresh("loss", work.taken)
    work.taken.add(name)
    if not value.shape:
        return (name,), flush(define(context, name, value, returned))
    if COTANGENT in work.taken:
        context.fail(returned, f"a returned tensor gets the data argument `{COTANGENT}`, and that name is taken")
    work.inputs[COTANGENT] = Tensor(COTANGENT, DATA, value.shape)
    work.taken.add(COTANGENT)
    indices = tuple(work.index(e) for e in value.shape)
    subs = tuple(Poly.of(i) for i in indices)
    body = build.total(indices, build.mul(Read(COTANGENT, subs), value.number(subs)))
    emit(context, Pending(name, (), body), returned)
    return (name,), flush(context)


def _dims(context: Context, node: ast.FunctionDef) -> tuple[Dim, ...]:
    """The sizes of the inputs, in order of declaration. A size that no input has cannot be known."""
    found = {a for t in context.work.inputs.values() for p in (*t.shape, *([t.classes] if t.classes else [])) for a in p.atoms()}
    for equation in context.work.equations:
        for atom in _sizes(equation.indices, equation.body):
            if atom not in found:
                context.fail(node, f"the size `{atom}` is that of no input, so it is not known when the network runs")
    return tuple(d for d in context.file.dims if d in found)


def _sizes(indices: tuple[Index, ...], body) -> Iterator[Dim]:  # type: ignore[no-untyped-def]
    for part in walk(body):
        for poly in (*polys(part), *_ends(part.indices if isinstance(part, (Sum, Extreme)) else ())):
            yield from (a for a in poly.atoms() if isinstance(a, Dim))
    for poly in _ends(indices):
        yield from (a for a in poly.atoms() if isinstance(a, Dim))


def _ends(indices: tuple[Index, ...]) -> Iterator[Poly]:
    for i in indices:
        yield from (i.start, i.stop)


__all__ = ["Int", "check_name", "elaborate_network", "library"]
