"""Mistakes of a right side as a whole: a factor, a sum, a transpose, a path or a derivative left out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import permutations

from symbp.review.scope import Found, Scope, Shape, numbers
from symbp.review.trees import of, parse


def times_a_number(node: ast.expr, target: str, scope: Scope) -> Found:
    """A factor left out."""
    yield "sign", of("-a", a=node)
    yield "factor", of("2 * a", a=node)
    yield "factor", of("a / 2", a=node)
    for number in numbers(scope):
        if not isinstance(number, ast.Constant):
            yield "factor", of("a / n", a=node, n=number)
            yield "factor", of("a * n", a=node, n=number)
    shape = scope.shape(parse(target)) if target else None
    for name in scope.like(shape)[:1] if shape else ():
        yield "factor", of("a / n.size", a=node, n=parse(name))


def summed(node: ast.expr, target: str, scope: Scope) -> Found:
    """A sum left out."""
    for axis in ("0", "1", "2", "(0, 1)", "(0, 2)", "(1, 2)", "(0, 2, 3)", "(0, 1, 2)"):
        yield "sum", of(f"a.sum(axis={axis})", a=node)
    yield "sum", of("a.sum()", a=node)
    for axis in ("0", "1", "-1"):
        yield "sum", of(f"a.sum(axis={axis}, keepdims=True)", a=node)


def turned(node: ast.expr, target: str, scope: Scope) -> Found:
    """The transpose of it all."""
    yield "transpose", of("a.T", a=node)


def axes_turned(node: ast.expr, target: str, scope: Scope) -> Found:
    """The axes in another order, where there are more than two; what does not fit raises and is no way out."""
    plain: ast.expr = node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "transpose":
        plain = node.func.value
    for rank in (3, 4):
        for axes in permutations(range(rank)):
            yield "transpose", of(f"a.transpose{axes}", a=plain)


def copied(node: ast.expr, target: str, scope: Scope) -> Found:
    """A view, or a second name, of what is written into later."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("reshape", "ravel", "transpose", "swapaxes", "view", "squeeze")
    ):
        yield "alias", of("a.copy()", a=node)


def grown_path(node: ast.expr, target: str, scope: Scope) -> Found:
    """A term left out that has more dimensions than what is left."""
    for name, value in scope.values.items():
        if value.dtype.kind == "f" and value.ndim and name != target:
            yield "path", of("b + a", a=node, b=parse(name))


def divisor(node: ast.expr, target: str, scope: Scope) -> Found:
    """A division left out."""
    shape = scope.shape(parse(target))
    for name in scope.like(shape) if shape else ():
        yield "term", of("e / a", a=parse(name), e=node)
        yield "term", of("e / a ** 2", a=parse(name), e=node)


def another_path(node: ast.expr, target: str, scope: Scope) -> Found:
    """A term left out: what comes along another path."""
    shape = scope.shape(parse(target))
    if shape:
        for name in scope.like(shape):
            yield "step" if name == target else "path", of("a + b", a=node, b=parse(name))


def another_slope(node: ast.expr, target: str, scope: Scope) -> Found:
    """A factor that is a derivative left out."""
    shape = scope.shape(parse(target))
    for name in scope.like(shape) if shape else ():
        a = parse(name)
        for text in ("e * a * (1 - a)", "e * (1 - a ** 2)", "e * (a > 0)", "e * (1 - a)"):
            yield "derivative", of(text, a=a, e=node)
        read = any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) and ast.unparse(n) == f"1 - {name}"
            for n in ast.walk(node)
        )
        yield "derivative" if read else "term", of("e * a", a=a, e=node)
    for name, value in scope.values.items():
        if (
            shape
            and value.shape != shape
            and value.ndim
            and (_spreads(value.shape, shape) or _spreads(shape, value.shape))
        ):
            yield "term", of("e * a", a=parse(name), e=node)
            yield "term", of("e / a", a=parse(name), e=node)


def _spreads(small: Shape, large: Shape) -> bool:
    """Can a tensor be multiplied by another without growing?"""
    pairs = zip(reversed(small), reversed(large), strict=False)
    return len(small) <= len(large) and all(a in (1, b) for a, b in pairs)


Whole = Callable[[ast.expr, str, Scope], Found]
WHOLES: tuple[tuple[int, Whole], ...] = (
    (1, summed),
    (1, turned),
    (1, copied),
    (2, times_a_number),
    (2, another_slope),
    (2, another_path),
    (3, axes_turned),
    (3, divisor),
    (3, grown_path),
)
