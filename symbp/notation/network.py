"""A network: its signature, its statements, what it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from symbp.core import build
from symbp.core.expr import Binder, Read
from symbp.core.integers import Dim, Index, Node, Poly
from symbp.core.network import DATA, LABELS, PARAM, Network, Tensor
from symbp.core.traverse import dims_of, polys, walk
from symbp.escape import cleaned
from symbp.notation import library
from symbp.notation.bounds import check_extent, check_shape
from symbp.notation.calls import defined
from symbp.notation.comments import names_in
from symbp.notation.context import Binding, Context, Pending, Work, emit
from symbp.notation.expressions import elaborate
from symbp.notation.facts import fact
from symbp.notation.integers import integer
from symbp.notation.orders import with_orders
from symbp.notation.recurrence import demand_loops
from symbp.notation.statements import define, flush, run
from symbp.notation.toplevel import File
from symbp.notation.values import Value, tensor
from symbp.notation.words import fresh, why_not

COTANGENT, OUTPUT = "cotangent", "output"


def elaborate_network(file: File, node: ast.FunctionDef) -> Network:
    """The Network that a decorated function says."""
    file = with_orders(file, node.body)
    taken = {*file.sizes, *file.unknown, *file.functions, *file.networks, *_assigned(node), *_called(node)}
    names = {n.id for a in _parameters(node) if a.annotation for n in ast.walk(a.annotation) if isinstance(n, ast.Name)}
    letters = frozenset(d.name[0].lower() for d in file.dims if d.name in names)
    work = Work(taken, elaborate, run, fact, defined, letters, frozenset(_called(node)), frozenset(_letters(node)))
    scope: dict[str, Binding] = dict(file.sizes)
    context = Context(file, work, scope, "")
    context = _signature(context, node)
    body, returned = _split(context, node)
    context = run(context, body)
    demand_loops(context)
    outputs, context = _return(context, node, returned)
    made = {*work.inputs, *(e.name for e in work.equations)}
    return Network(
        node.name,
        cleaned(ast.get_docstring(node, clean=False) or ""),
        _dims(context, node),
        tuple(work.inputs.values()),
        tuple(work.equations),
        outputs,
        tuple(work.facts),
        tuple((f, work.arities[f]) for f in file.unknown if f in work.arities),
        tuple((n, words) for n, words in (work.words | names_in(file.source.text, node)).items() if n in made),
        tuple(work.docs.items()),
    )


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


def _letters(node: ast.FunctionDef) -> Iterator[str]:
    """Every name that the network may give to an index: of a comprehension, a loop, a left side, a list of arrays."""
    for part in ast.walk(node):
        match part:
            case ast.comprehension(target=target) | ast.For(target=target):
                yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
            case ast.Subscript(slice=inside, ctx=ast.Store()):
                yield from (n.id for n in ast.walk(inside) if isinstance(n, ast.Name))
            case ast.Slice(lower=ast.Name(id=name)):
                yield name


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
    if name in context.work.called and library.find(name):
        context.fail(
            parameter, f"`{name}` is a library function that this network calls; the tensor needs another name"
        )
    if name in context.file.sizes:
        context.fail(parameter, f"`{name}` is a size and cannot be a tensor too")
    if context.file.declared(name):
        context.fail(parameter, f"`{name}` is already a function or a network of this file")
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


def _shape(context: Context, items: list[ast.expr]) -> tuple[Index | None, tuple[Poly, ...]]:
    """The extents of an input; with `l: L` first it is a list of arrays, and l may stand in the others."""
    first = items[0] if items else None
    if not isinstance(first, ast.Slice):
        return None, tuple(_extent(context, item) for item in items)
    if not isinstance(first.lower, ast.Name) or first.upper is None or first.step is not None:
        context.fail(first, "a list of arrays is written with its index and its length: `Param[l: L, D[l], D[l + 1]]`")
    letter = first.lower.id
    if reason := why_not(letter):
        context.fail(first.lower, reason)
    if context.file.declared(letter) or letter in context.work.taken:
        context.fail(first.lower, f"`{letter}` means something else already and cannot be an index too")
    each = Index(letter, _extent(context, first.upper))
    sizes = {**context.file.sizes, letter: each}
    return each, (each.stop, *(_extent(context, item, sizes) for item in items[1:]))


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


def _extent(context: Context, item: ast.expr, sizes: Mapping[str, Binding] | None = None) -> Poly:
    if isinstance(item, ast.Slice):
        context.fail(item, "the index of a list of arrays comes first: `Param[l: L, D[l], D[l + 1]]`")
    extent = integer(replace(context, scope=sizes or context.file.sizes), item, "a size")
    if extent.constant is not None and extent.constant < 1:
        context.fail(item, f"a size is at least 1, not {extent}")
    check_extent(replace(context, scope={}), item, extent)
    return extent


def _split(context: Context, node: ast.FunctionDef) -> tuple[list[ast.stmt], ast.Return]:
    last = node.body[-1]
    inner = next((p for p in ast.walk(last) if isinstance(p, ast.Return)), last)
    if inner is not last:
        context.fail(inner, f"a return within a loop; expected it at the end of `{node.name}`, not indented further")
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
    return _anonymous(context, returned)


def _anonymous(context: Context, returned: ast.Return) -> tuple[tuple[str, ...], Context]:
    """An expression is the loss where it is a scalar; else it is read again, as a tensor called `output`."""
    work = context.work
    before, taken = len(work.equations), set(work.taken)
    name = _loss_name(work)
    after = run(context, [_statement(returned, name)])
    if not work.equations[-1].indices:
        return (name,), after
    del work.equations[before:]
    work.taken = taken
    context = run(context, [_statement(returned, fresh(OUTPUT, taken | work.letters))])
    output = work.equations[-1]
    return _loss(context, returned, tensor(output.name, output.shape))


def _loss_name(work: Work) -> str:
    return work.name("L" if "L" not in work.taken | work.letters else "loss")


def _statement(returned: ast.Return, name: str) -> ast.Assign:
    assert returned.value is not None
    target = ast.copy_location(ast.Name(name, ast.Store()), returned.value)
    return ast.copy_location(ast.Assign([target], returned.value), returned)


def _named(context: Context, node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        bound = context.scope.get(node.id)
        if not (isinstance(bound, Value) and bound.each is not None):
            context.value(node)
        if isinstance(bound, Value):
            return node.id
    raise context.error(node, "several returns are names of tensors; name this one first")


def _loss(context: Context, returned: ast.Return, value: Value) -> tuple[tuple[str, ...], Context]:
    """A scalar input is its own loss; a tensor gets a cotangent, and the loss is `sum(cotangent * output)`."""
    work = context.work
    name = _loss_name(work)
    if not value.shape:
        return (name,), flush(define(context, name, value, returned), returned)
    if COTANGENT in work.taken | work.letters:
        context.fail(returned, f"a returned tensor gets the data argument `{COTANGENT}`, and that name is taken")
    work.inputs[COTANGENT] = Tensor(COTANGENT, DATA, value.shape)
    work.taken.add(COTANGENT)
    indices = tuple(work.index(e) for e in value.shape)
    subs = tuple(Poly.of(i) for i in indices)
    body = build.total(indices, build.mul(Read(COTANGENT, subs), value.number(subs)))
    emit(context, Pending(name, (), body), returned)
    return (name,), flush(context, returned)


def _dims(context: Context, node: ast.FunctionDef) -> tuple[Dim, ...]:
    """The sizes of the network, in order of declaration. One that follows from no shape is said by who calls."""
    shapes = [p for t in context.work.inputs.values() for p in t.shape]
    labels = [t.classes for t in context.work.inputs.values() if t.classes is not None]
    used = [a for p in (*shapes, *labels, *_integers(context.work)) for a in dims_of(p)]
    for name, place in context.work.widths.items():
        if Dim(name) in used:
            context.fail(place, f"`{name}` is a size elsewhere, so it cannot be one that differs by layer")
    return tuple(d for d in context.file.dims if d in used)


def _integers(work: Work) -> Iterator[Poly]:
    """Every integer expression in the equations and facts."""
    for equation in work.equations:
        yield from _ends(equation.indices)
        yield from _within(equation.body)
    for fact_ in work.facts:
        yield from _within(fact_.statement)


def _within(node: Node) -> Iterator[Poly]:
    for part in walk(node):
        yield from polys(part)
        if isinstance(part, Binder):
            yield from _ends(part.indices)


def _ends(indices: tuple[Index, ...]) -> Iterator[Poly]:
    for i in indices:
        yield from (i.start, i.stop)
