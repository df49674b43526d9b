"""What a part of a text is by its form: the name that it is, what it lists, which function it calls, its parameters.

Nothing is looked up here: what a name stands for is asked of a `Context`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T", bound=ast.AST)


def pieces(tree: ast.AST, *kinds: type[T]) -> Iterator[T]:
    """The pieces of a text that are of these kinds."""
    return (part for part in ast.walk(tree) if isinstance(part, kinds))


def names_in(tree: ast.AST) -> list[str]:
    """The names in a part of a text, each as often as it stands there."""
    return [n.id for n in pieces(tree, ast.Name)]


def base_of(node: ast.expr) -> ast.expr:
    """What is subscripted, `h` of `h[t]`; of anything else itself."""
    return node.value if isinstance(node, ast.Subscript) else node


def name_of(node: ast.expr | None) -> str:
    """The name that an expression is, or is an entry of: "h" of `h` and of `h[t]`; "" where it is neither."""
    match node:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            return name
    return ""


def called(node: ast.expr) -> str:
    """The name of the function that an expression is a call of; "" where it is none, or of no name."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name
    return ""


def items_of(node: ast.expr) -> list[ast.expr]:
    """The parts between the brackets of a subscript."""
    return node.elts if isinstance(node, ast.Tuple) else [node]


def subscripts_in(node: ast.expr | None) -> list[ast.expr]:
    """The subscripts of `x[n, d]` as they are written; none of what is not subscripted."""
    return items_of(node.slice) if isinstance(node, ast.Subscript) else []


def is_listed(node: ast.expr) -> bool:
    """Is it several parts in brackets, round or square?"""
    return isinstance(node, (ast.Tuple, ast.List))


def listed(node: ast.expr) -> list[ast.expr]:
    """The parts of what may be one or several in brackets, round or square: an axis or axes, a name or names."""
    return node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]


def is_dots(node: ast.expr) -> bool:
    """Is it `...`?"""
    return isinstance(node, ast.Constant) and node.value is ...


def is_none(node: ast.expr) -> bool:
    """Is it `None`, in a subscript a new axis?"""
    return isinstance(node, ast.Constant) and node.value is None


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    """The parameters of a function, those that take a variable number of arguments left out."""
    return [*by_position(function), *function.args.kwonlyargs]


def by_position(function: ast.FunctionDef) -> list[ast.arg]:
    """The parameters that may be given by position."""
    return [*function.args.posonlyargs, *function.args.args]


def defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The parameters that have a default, with it."""
    spec = function.args
    found = dict(zip((p.arg for p in by_position(function)[::-1]), spec.defaults[::-1], strict=False))
    return found | {p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
