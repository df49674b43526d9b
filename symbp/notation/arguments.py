"""The arguments of the words for arrays, named, ordered and counted as NumPy's: axes, sizes, arrays in parentheses."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from symbp.core.integers import Poly
from symbp.notation.context import Context
from symbp.notation.integers import integer
from symbp.notation.syntax import is_listed, listed
from symbp.notation.values import Value, shape_text
from symbp.notation.vocabulary import FORMS

Given = dict[str, ast.expr]
MOST_PARTS = 64


def given(context: Context, node: ast.Call, *names: str) -> Given:
    """The arguments of a call by their names, those that end in `?` optional."""
    wanted = [n.removesuffix("?") for n in names]
    word = ast.unparse(node.func)
    if any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(wanted):
        context.fail(node, f"`{word}` takes {', '.join(wanted)}: it is written `{FORMS[word]}`")
    found: Given = dict(zip(wanted, node.args, strict=False))
    for k in node.keywords:
        if k.arg not in wanted or k.arg in found:
            context.fail(k, f"`{k.arg or '**'}` is no argument of `{word}`, which has {', '.join(wanted)}")
        found[k.arg] = k.value
    for name in names:
        if not name.endswith("?") and name not in found:
            context.fail(node, f"`{word}` needs `{name}`: it is written `{FORMS[word]}`")
    return found


def axis_of(context: Context, node: ast.expr, rank: int) -> int:
    """An axis as NumPy counts it, from the end where it is negative."""
    axis = integer(context, node, "an axis").constant
    if axis is None or not -rank <= axis < rank:
        context.fail(node, f"expected an axis from {-rank} to {rank - 1}" if rank else "a scalar has no axis")
    return axis % rank


def axes_of(context: Context, node: ast.expr, rank: int) -> tuple[int, ...]:
    """An axis, or several in parentheses."""
    axes = tuple(axis_of(context, p, rank) for p in listed(node))
    if len(set(axes)) < len(axes):
        context.fail(node, "an axis is named twice")
    return axes


def sizes_of(context: Context, nodes: Sequence[ast.expr]) -> list[tuple[ast.expr, Poly]]:
    """Sizes given one by one or as a tuple."""
    parts = listed(nodes[0]) if len(nodes) == 1 else nodes
    return [(n, integer(context, n, "a size")) for n in parts]


def one_axis(context: Context, node: ast.Call, args: Given, value: Value) -> int:
    """The axis that is named, or the only one."""
    if "axis" in args:
        return axis_of(context, args["axis"], len(value.shape))
    if len(value.shape) != 1:
        context.fail(node, f"`{ast.unparse(node.func)}` of {shape_text(value.shape)} needs an axis")
    return 0


def several(context: Context, node: ast.Call, args: Given) -> list[Value]:
    """Arrays in parentheses."""
    parts = args["arrays"]
    if not is_listed(parts) or not listed(parts):
        context.fail(node, f"`{ast.unparse(node.func)}` takes arrays in parentheses, as in ((a, b), axis=1)")
    if len(listed(parts)) > MOST_PARTS:
        context.fail(parts, f"more than {MOST_PARTS} arrays")
    return [context.value(p) for p in listed(parts)]
