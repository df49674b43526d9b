"""The elementary functions of the language and its reductions, over axes or over a comprehension."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction
from functools import partial as bind
from functools import reduce as reduce_all

from symbp.core import build
from symbp.core.expr import TRUE, Cond, Expr, Extreme, Fn, Num
from symbp.core.integers import Index, Poly
from symbp.notation.bounds import check_extent
from symbp.notation.context import Context, own_equation
from symbp.notation.functions import argument
from symbp.notation.integers import integer, static
from symbp.notation.places import KINDS, first, number_of
from symbp.notation.syntax import listed
from symbp.notation.values import Constant, Value, elementwise, reduce, scalar, shape_text
from symbp.notation.words import ELEMENTARY, INNER, nearest, why_not

HALF = Num(Fraction(1, 2))


def arguments(context: Context, node: ast.Call, count: int) -> list[Value]:
    """Exactly that many arrays, by position."""
    _count(context, node, count)
    return [context.value(a) for a in node.args]


def _count(context: Context, node: ast.Call, count: int) -> None:
    if node.keywords or len(node.args) != count or any(isinstance(a, ast.Starred) for a in node.args):
        name = ast.unparse(node.func)
        context.fail(node, f"{name} takes {count} argument{'s' * (count != 1)}, by position")


def _elementary(name: str, context: Context, node: ast.Call) -> Value:
    return elementwise(lambda a: Fn(name, (a,)), *arguments(context, node, 1))


def _sqrt(context: Context, node: ast.Call) -> Value:
    return elementwise(lambda a: build.power(a, HALF), *arguments(context, node, 1))


def _larger(op: str, context: Context, node: ast.Call) -> Value:
    """`maximum(a, b)`, of two."""
    _count(context, node, 2)
    return _largest(op, context, node)


def _largest(op: str, context: Context, node: ast.Call) -> Value:
    """The larger of two, a where `op` holds between them, else b; of more it is the largest so far and the next one."""
    values = [argument(context, n, f"{context.target}_in") for n in node.args]
    numbers = [_number(context, node, v, part) for v, part in zip(values, node.args, strict=True)]
    return reduce_all(lambda a, b: _larger_of(op, context, node, a, b), numbers)


def _number(context: Context, node: ast.Call, value: Value | Constant, part: ast.expr) -> Value:
    match value:
        case Value(truth=False):
            return value
    raise context.error(part, f"{ast.unparse(node.func)} takes numbers and arrays")


def _larger_of(op: str, context: Context, node: ast.Call, a: Value, b: Value) -> Value:
    """The larger of two, the first of which is an equation of its own where it is a larger of two itself."""
    if a.size > 1 and len(node.args) > 2:
        a = own_equation(context, a, context.work.name(f"{context.target}_in"), node)
    larger = elementwise(lambda x, y: build.where(build.compare(op, x, y), x, y), a, b)
    if not larger.shape and isinstance(entry := larger.at(()), Num):
        return scalar(entry)
    return context.bound_size(node, larger)


def _where(context: Context, node: ast.Call) -> Value:
    _count(context, node, 3)
    cond = context.cond(node.args[0])
    entry = cond.cond(context.work.somewhere(cond.shape))
    then, other = context.guard(entry).value(node.args[1]), context.guard(build.negate(entry)).value(node.args[2])
    return elementwise(build.where, cond, then, other)


def _range(context: Context, node: ast.Call) -> Value:
    context.fail(node, "range stands after `for ... in` alone")


def _reduction(kind: str, context: Context, node: ast.Call) -> Value:
    match node.args:
        case [ast.GeneratorExp() as only]:
            if node.keywords:
                context.fail(node.keywords[0], f"{kind} over a comprehension takes nothing else")
            return _comprehension(kind, context, only)
        case [_, _, *_] if kind in _OF_SEVERAL:
            return _of_several(kind, context, node)
        case [array, *axis] if len(axis) <= 1:
            return _over_axes(kind, context, node, array, *axis)
    raise context.error(node, f"{kind} takes one array or a comprehension; arrays are added with +")


def _over_axes(kind: str, context: Context, node: ast.Call, array: ast.expr, axis: ast.expr | None = None) -> Value:
    """`sum(z, axis=0, keepdims=True)`."""
    options = {k.arg: k for k in node.keywords}
    for name, keyword in options.items():
        if name not in ("axis", "keepdims"):
            hint = nearest(name or "", ("axis", "keepdims"))
            context.fail(keyword, f"{kind} has the options axis and keepdims{hint}")
    if axis is not None and "axis" in options:
        context.fail(options["axis"], f"{kind} is given its axis twice")
    value = context.value(array)
    axes = _axes(context, options["axis"].value if "axis" in options else axis, value)
    keep = _keepdims(context, options["keepdims"].value) if "keepdims" in options else False
    return reduce(value, axes, keep, _FINISH[kind], context.work.index) if value.shape else value


def _of_several(kind: str, context: Context, node: ast.Call) -> Value:
    """`max(z, 0)`, the larger of two or more entry by entry, at a tie the first, as in Python; an axis is given by its
    name.
    """
    if node.keywords:
        what = f"{kind} of several values takes nothing else; over an axis it is {kind}(z, axis=0)"
        context.fail(node.keywords[0], what)
    for part in node.args:
        match part:
            case ast.Starred() | ast.GeneratorExp():
                context.fail(part, f"{kind} takes one comprehension, or several numbers and arrays")
    return _largest(_OF_SEVERAL[kind], context, node)


_OF_SEVERAL = {"max": ">=", "min": "<="}


def _axes(context: Context, node: ast.expr | None, value: Value) -> tuple[int, ...]:
    """The axes that an option names; all where it is None, or is not given."""
    rank = len(value.shape)
    if node is None or static(context, node) == Constant(None) or context.bound(node) == Constant(None):
        return tuple(range(rank))
    axes = []
    for part in listed(node):
        axis = integer(context, part, "an axis").constant
        if axis is None or not -rank <= axis < rank:
            range_text = f"from {-rank} to {rank - 1}" if rank else "and a scalar has none"
            context.fail(part, f"expected an axis of {shape_text(value.shape)}, {range_text}")
        axes.append(axis % rank)
    if len(set(axes)) != len(axes):
        context.fail(node, "an axis is named twice")
    return tuple(sorted(axes))


def _keepdims(context: Context, node: ast.expr) -> bool:
    match context.read(node):
        case Constant(bool(keep)):
            return keep
    raise context.error(node, "keepdims is True or False")


def _sum(indices: tuple[Index, ...], body: Expr) -> Expr:
    return build.total(indices, body)


def _mean(indices: tuple[Index, ...], body: Expr) -> Expr:
    extents = (build.power(build.integer(i.extent), build.MINUS) for i in indices)
    return build.mul(build.total(indices, body), *extents)


def _extreme(kind: str) -> Callable[[tuple[Index, ...], Expr], Expr]:
    return lambda indices, body: Extreme(kind, indices, body, TRUE) if indices else body


def _place(kind: str, context: Context, node: ast.Call) -> Value:
    """The place of an extreme, over one axis or over the letter of a comprehension."""
    return number_of(context, node, _extreme_of(kind, context, node))


def _extreme_of(kind: str, context: Context, node: ast.Call) -> Value:
    if len(node.args) > 1 and not isinstance(node.args[0], ast.GeneratorExp):
        context.fail(node, f"arg{kind} takes one array or a comprehension; an axis is given by its name, axis=0")
    extreme = _reduction(kind, context, node)
    if not isinstance(extreme.at(tuple(Poly() for _ in extreme.shape)), Extreme):
        context.fail(node, f"arg{kind} expects an array or a comprehension here")
    return extreme


def places(context: Context, node: ast.Call, kind: str, at: tuple[Poly, ...]) -> Cond:
    """That a tuple of places is where an extreme of several indices is first attained."""
    extreme = _extreme_of(kind, context, node).at(())
    assert isinstance(extreme, Extreme)
    if len(extreme.indices) != len(at):
        context.fail(node, f"arg{kind} over {len(extreme.indices)} indices is compared with {len(at)} places")
    return first(extreme, *at)


_FINISH = {"sum": _sum, "mean": _mean, "max": _extreme("max"), "min": _extreme("min")}


def _comprehension(kind: str, context: Context, node: ast.GeneratorExp) -> Value:
    """`sum(body for i in N for j in range(i) if cond)`."""
    indices: list[Index] = []
    conds: list[Value] = []
    inner = context
    for generator in node.generators:
        if generator.is_async:
            context.fail(node, "an async comprehension is not in the language")
        index, letter = _index(inner, generator)
        indices.append(index)
        inner = inner.under(**{letter: index})
        conds += [_test(inner, test) for test in generator.ifs]
    cond_of = build.both(*(c.cond() for c in conds)) if conds else TRUE
    body = (inner.filter(cond_of) if conds else inner).value(node.elt)
    size = 1 + body.size * (2 if kind == "mean" else 1) + sum(c.size for c in conds)
    return Value(body.shape, lambda subs: _over(kind, tuple(indices), body.number(subs), cond_of), size)


def _test(context: Context, node: ast.expr) -> Value:
    cond = context.cond(node)
    if cond.shape:
        context.fail(node, f"one condition is expected here, and this is {shape_text(cond.shape)} of them")
    return cond


def _over(kind: str, indices: tuple[Index, ...], body: Expr, cond: Cond) -> Expr:
    if kind in ("max", "min"):
        return Extreme(kind, indices, body, cond)
    chosen = build.total(indices, build.where(cond, body, build.NIL))
    if kind == "sum":
        return chosen
    if cond == TRUE and not any(i.is_nested for i in indices):
        return _mean(indices, body)
    return build.div(chosen, build.total(indices, build.where(cond, build.UNIT, build.NIL)))


def _index(context: Context, generator: ast.comprehension) -> tuple[Index, str]:
    if not isinstance(generator.target, ast.Name):
        context.fail(generator.target, "expected one index letter here")
    letter = generator.target.id
    check_letter(context, generator.target, letter)
    start, stop = _ends(context, generator.iter)
    count = (stop - start).constant
    if count is not None and count < 1:
        context.fail(generator.iter, "this range is empty")
    check_extent(context, _end(generator.iter), stop - start)
    return context.work.index(stop, start, letter), letter


def _end(node: ast.expr) -> ast.expr:
    """What says how far a range goes: 9 in `range(9)`."""
    return node.args[-1] if isinstance(node, ast.Call) else node


def check_letter(context: Context, node: ast.expr, letter: str) -> None:
    """Refuses an index letter that is reserved or already means something."""
    if reason := why_not(letter):
        context.fail(node, reason)
    bound = context.scope.get(letter)
    if isinstance(bound, Index):
        context.fail(node, f"index `{letter}` is used twice; the inner one needs a letter of its own")
    if bound is not None or (context.results is None and letter in context.work.inputs):
        kind = "a size" if isinstance(bound, Poly) else "a tensor"
        context.fail(node, f"`{letter}` is {kind} and cannot be an index too")
    if context.results is None and letter in context.work.taken:
        context.fail(node, f"`{letter}` is the name of a tensor or a function and cannot be an index too")


def _ends(context: Context, node: ast.expr) -> tuple[Poly, Poly]:
    """`for i in N`, `for i in range(a, b)`."""
    match node:
        case ast.Call(func=ast.Name(id="range")):
            if node.keywords or len(node.args) not in (1, 2):
                context.fail(node, "range takes an end, or a start and an end")
            *start, stop = (integer(context, a, "an end of a range") for a in node.args)
            return start[0] if start else Poly(), stop
        case ast.Name(id=name) if isinstance(context.scope.get(name), (Value, Index)):
            context.fail(node, f"`{name}` is not a size; an index runs over a size or a range")
        case ast.Constant():
            context.fail(node, f"an index runs over a size or a range: write range({ast.unparse(node)})")
    return Poly(), integer(context, node, "what an index runs over")


BUILTIN_RULES: dict[str, Callable[[Context, ast.Call], Value]] = {
    **{name: bind(_elementary, name) for name in (*ELEMENTARY, *INNER)},
    **{name: bind(_reduction, name) for name in _FINISH},
    **{name: bind(_place, kind) for name, kind in KINDS.items()},
    "sqrt": _sqrt,
    "where": _where,
    "maximum": bind(_larger, ">"),
    "minimum": bind(_larger, "<"),
    "range": _range,
}
