"""The signature of a function that is inlined: which argument of a call is which, and the sizes in its annotations.

`def conv2d(x: Array[N, C, I, J], w: Array[F, C, U, V], stride=1)`: the sizes are bound by the shapes at the call.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NoReturn

from symbp.core.integers import ONE, ZERO, Poly, quotient
from symbp.core.ranges import is_nonnegative
from symbp.errors import ShapeError
from symbp.notation.context import Context
from symbp.notation.source import Placed
from symbp.notation.syntax import by_position, defaults, is_dots, items_of, name_of, names_in, parameters, subscripts_in
from symbp.notation.toplevel import File
from symbp.notation.values import Constant, Value, shape_text, whole


def arguments_of(context: Context, node: ast.Call, function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The arguments of a call by the names that they have in the function."""
    spec, name, places = function.args, function.name, by_position(function)
    if spec.vararg or spec.kwarg:
        context.fail(node, f"`{name}` takes a variable number of arguments, which a function here cannot")
    if len(node.args) > len(places):
        context.fail(node, f"`{name}` takes {len(places)} arguments by position, and {len(node.args)} are given")
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            context.fail(arg, "a starred argument is not in the language")
    found = {p.arg: a for p, a in zip(places, node.args, strict=False)}
    allowed = [p.arg for p in (*spec.args, *spec.kwonlyargs)]
    for keyword in node.keywords:
        if keyword.arg not in allowed or keyword.arg in found:
            what = "given twice" if keyword.arg in found else "no argument of it"
            context.fail(keyword, f"`{keyword.arg or '**'}` is {what}; `{name}` has {', '.join(allowed)}")
        found[keyword.arg] = keyword.value
    return found


def is_plain(function: ast.FunctionDef, arguments: Mapping[str, ast.expr]) -> bool:
    """Are all options that a call gives what they would be without it?"""
    given_options = ((d, arguments[n]) for n, d in defaults(function).items() if n in arguments)
    return all(ast.dump(own) == ast.dump(said) for own, said in given_options)


def options_given(node: ast.Call, function: ast.FunctionDef) -> dict[str, Placed]:
    """The arguments in a call that are there for one with a default, or are plain numbers."""
    names = [a.arg for a in by_position(function)]
    optional = names[len(names) - len(function.args.defaults) :]
    placed: dict[str, Placed] = dict(zip(names, node.args, strict=False))
    placed.update({k.arg: k for k in node.keywords if k.arg})
    numbers = {n: p for n, p in placed.items() if n not in optional and isinstance(p, ast.Constant)}
    return numbers | {n: p for n, p in placed.items() if n in optional}


# --- the sizes in annotations


def bind_sizes(
    context: Context, node: ast.Call, file: File, function: ast.FunctionDef, bound: Mapping[str, Value | Constant]
) -> dict[str, Poly]:
    """The sizes in the annotations, from the shapes of the arguments; a whole number that is given is one by itself."""
    sizes: dict[str, Poly] = {n: p for n, v in bound.items() if (p := whole(v)) is not None}
    origin: dict[str, str] = {}
    for parameter in parameters(function):
        value, form = bound[parameter.arg], parameter.annotation
        items = annotation_items(file, form) if form is not None else None
        if items is None or (isinstance(value, Value) and value.open):
            continue
        value = _array(context, node, function, parameter, value)
        shape = value.shape if value.classes is None else (*value.shape, value.classes)
        if not _match(shape, items, file, sizes):
            _mismatch(context, node, function, parameter, value, sizes, origin)
        origin.update({n: parameter.arg for n in sizes if n not in origin})
    return sizes


def _array(
    context: Context, node: ast.Call, function: ast.FunctionDef, parameter: ast.arg, value: Value | Constant
) -> Value:
    """The argument for an array, which must be one, and labels where labels are expected."""
    if isinstance(value, Constant):
        context.fail(node, f"`{parameter.arg}` of `{function.name}` is an array, not {value.value!r}")
    labelled = name_of(parameter.annotation) == "Labels"
    if labelled != (value.classes is not None):
        what = "labels" if labelled else "an array of numbers, not labels"
        context.fail(node, f"`{parameter.arg}` of `{function.name}` is {what}")
    return value


def annotation_items(file: File, form: ast.expr) -> list[ast.expr] | None:
    """The sizes in `Array[N, D]`; None where any array or number is meant."""
    match form:
        case ast.Name(id="Array" | "Data" | "Param" | "int" | "float" | "bool"):
            return None
        case ast.Subscript(value=ast.Name(id="Array" | "Labels"), slice=sizes):
            return items_of(sizes)
    raise file.source.error(form, "expected Array[...] with the sizes of the argument")


def _mismatch(
    context: Context, node: ast.Call, function: ast.FunctionDef, parameter: ast.arg, value: Value,
    sizes: Mapping[str, Poly], origin: Mapping[str, str],
) -> NoReturn:  # fmt: skip
    """Which size of an argument does not fit: one that another argument has too, or one that an option divides."""
    form = parameter.annotation
    wanted, used = (ast.unparse(form), names_in(form)) if form else ("", [])
    text = f"`{parameter.arg}` of `{function.name}` is {shape_text(value.shape)}, expected {wanted}"
    for item, extent in _by_dimension(form, value.shape):
        if isinstance(item, ast.Name) and item.id in origin and sizes[item.id] != extent:
            by = f"{sizes[item.id]} by `{origin[item.id]}` and {extent} by `{parameter.arg}`"
            raise context.error(node, f"{item.id} of `{function.name}` is {by}: {text}", ShapeError)
    known = ", ".join(f"{n} = {sizes[n]}" for n in dict.fromkeys(used) if n in sizes and str(sizes[n]) != n)
    place = next((p for n, p in options_given(node, function).items() if n in used), node)
    raise context.error(place, text + (f" with {known}" if known else ""), ShapeError)


def _by_dimension(form: ast.expr | None, shape: tuple[Poly, ...]) -> list[tuple[ast.expr, Poly]]:
    """The sizes in an annotation beside those of the argument, where there are as many."""
    items = subscripts_in(form)
    return list(zip(items, shape, strict=True)) if len(items) == len(shape) else []


def _match(shape: tuple[Poly, ...], items: list[ast.expr], file: File, sizes: dict[str, Poly]) -> bool:
    """Do the sizes in an annotation fit a shape? `...` stands for any number of dimensions."""
    dots = [i for i, item in enumerate(items) if is_dots(item)]
    if dots:
        front, back = items[: dots[0]], items[dots[0] + 1 :]
        if len(shape) < len(front) + len(back) or len(dots) > 1:
            return False
        items, shape = [*front, *back], (*shape[: len(front)], *shape[len(shape) - len(back) :])
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
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() as op, right):
            (a, x, f), (b, y, g) = _affine(left, file, sizes), _affine(right, file, sizes)
            if x is None or y is None:  # the factor of the one that is None is 0
                sign = -1 if isinstance(op, ast.Sub) else 1
                times = isinstance(op, ast.Mult)
                return (a * b, x or y, f * b + g * a) if times else (a + b * sign, x or y, f + g * sign)
    raise file.source.error(node, "a size in an annotation is a size, a whole number, or a sum or multiple of them")
