"""A network: its signature, its statements, what it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from symbp.core import build
from symbp.core.expr import Binder, Read
from symbp.core.integers import Dim, Index, Node, Poly
from symbp.core.network import DATA, Network, Tensor
from symbp.core.traverse import dims_of, polys, walk
from symbp.escape import cleaned
from symbp.notation.calls import defined
from symbp.notation.comments import words_in
from symbp.notation.context import Binding, Context, Pending, Work, emit
from symbp.notation.definitions import define
from symbp.notation.expressions import elaborate
from symbp.notation.facts import fact
from symbp.notation.inputs import with_inputs
from symbp.notation.orders import with_orders
from symbp.notation.recurrence import demand_loops
from symbp.notation.statements import flush, run
from symbp.notation.syntax import called, listed, name_of, names_in, parameters, pieces
from symbp.notation.toplevel import File
from symbp.notation.values import Value, tensor
from symbp.notation.words import fresh

COTANGENT, OUTPUT = "cotangent", "output"


def elaborate_network(file: File, node: ast.FunctionDef) -> Network:
    """The Network that a decorated function says."""
    file = with_orders(file, node.body)
    taken = {*file.sizes, *file.unknown, *file.functions, *file.networks, *_assigned(node), *_called(node)}
    names = {n for a in _parameters(node) if a.annotation for n in names_in(a.annotation)}
    letters = frozenset(d.name[0].lower() for d in file.dims if d.name in names)
    work = Work(taken, elaborate, run, fact, defined, letters, frozenset(_called(node)), frozenset(_letters(node)))
    scope: dict[str, Binding] = dict(file.sizes)
    context = Context(file, work, scope, "")
    context = with_inputs(context, node)
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
        tuple((name, words) for name, words in words_in(file.source.text, node).items() if name in made),
    )


def _assigned(node: ast.FunctionDef) -> Iterator[str]:
    """Every name that the network gives to a tensor."""
    yield from (a.arg for a in _parameters(node))
    leaves = (leaf for part in pieces(node, ast.Assign) for target in part.targets for leaf in listed(target))
    yield from (name for leaf in leaves if (name := name_of(leaf)))


def _letters(node: ast.FunctionDef) -> Iterator[str]:
    """Every name that the network may give to an index: of a comprehension, a loop, a left side, a list of arrays."""
    for part in ast.walk(node):
        match part:
            case ast.comprehension(target=place) | ast.For(target=place) | ast.Subscript(slice=place, ctx=ast.Store()):
                yield from names_in(place)
            case ast.Slice(lower=ast.Name(id=name)):
                yield name


def _called(node: ast.FunctionDef) -> Iterator[str]:
    return (name for call in pieces(node, ast.Call) if (name := called(call)))


def _parameters(node: ast.FunctionDef) -> list[ast.arg]:
    """The parameters, those with a variable number of arguments among them, which a network cannot have."""
    more = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
    return [*parameters(node), *more]


def _split(context: Context, node: ast.FunctionDef) -> tuple[list[ast.stmt], ast.Return]:
    last = node.body[-1]
    inner: ast.stmt = next(pieces(last, ast.Return), last)
    if inner is not last:
        context.fail(inner, f"a return within a loop; expected it at the end of `{node.name}`, not indented further")
    if not isinstance(last, ast.Return) or last.value is None:
        context.fail(last, f"`{node.name}` must end with `return` and the loss")
    return node.body[:-1], last


def _return(context: Context, node: ast.FunctionDef, returned: ast.Return) -> tuple[tuple[str, ...], Context]:
    assert returned.value is not None
    match returned.value:
        case ast.Tuple(elts=parts):
            return tuple(_named(context, part) for part in parts), context
        case ast.Name(id=name) if isinstance(context.scope.get(name), Value):
            value = context.value(returned.value)
            if not value.shape and any(e.name == value.name for e in context.work.equations):
                return (name,), context
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
    match node, context.bound(node):
        case ast.Name(id=name), Value(each=Index()):
            return name
        case ast.Name(id=name), bound:
            context.value(node)  # which refuses what is no array of numbers
            if isinstance(bound, Value):
                return name
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
