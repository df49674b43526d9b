"""Mistakes within a formula: factors and terms that are others than they should be, or are left out.

A rule goes from a part of a right side to what may stand there instead, with the kind of the mistake.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from symbp.review.scope import Found, Scope
from symbp.review.trees import clone, of, parse


def slope(node: ast.expr, scope: Scope) -> Found:
    """sigma(1 - z) for 1 - sigma(z), a mask turned round, a value for its complement."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) and ast.unparse(inner.left) in ("1", "1.0"):
            plain = ast.Call(clone(node.func), [inner.right], [])
            yield "derivative", of("(1 - a)", a=plain)
        if not ast.unparse(node.func).startswith("np.") and not isinstance(inner, ast.Constant):
            yield "derivative", of("f * (1 - f)", f=node)
            yield "derivative", inner
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        flipped = {ast.Gt: "<=", ast.GtE: "<", ast.Lt: ">=", ast.LtE: ">"}.get(type(node.ops[0]))
        if flipped:
            for op in (flipped, {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}[flipped]):  # a mask of 0 too, or without
                yield "derivative", of(f"(a {op} b)", a=node.left, b=node.comparators[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) in ("1", "1.0"):
        yield "derivative", of("(1 - a ** 2)", a=node.right)
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Pow):
            yield "derivative", of("a * (1 - a)", a=node.right.left)
            yield "derivative", of("(1 - a)", a=node.right.left)
        else:
            yield "derivative", of("a * (1 - a)", a=node.right)
            yield "derivative", node.right


def power_inside(node: ast.expr, scope: Scope) -> Found:
    """(1 - a)^2 for 1 - a^2."""
    is_power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
    if is_power and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Sub):  # type: ignore[attr-defined]
        inner = node.left  # type: ignore[attr-defined]
        yield "derivative", of("(a - b ** k)", a=inner.left, b=inner.right, k=node.right)  # type: ignore[attr-defined]


def complement(node: ast.expr, scope: Scope) -> Found:
    """a^2 for 1 - a^2, a for 1 - a: as a factor of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side in ("left", "right"):
            factor = getattr(node, side)
            is_power = isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Pow)
            if is_power or isinstance(factor, (ast.Name, ast.Attribute)):
                changed = clone(node)
                setattr(changed, side, of("(1 - a)", a=factor))
                yield "derivative", changed


def other_power(node: ast.expr, scope: Scope) -> Found:
    """Another power of a factor or a divisor: s for s^2."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        for side in ("left", "right") if isinstance(node.op, ast.Mult) else ("right",):
            factor = getattr(node, side)
            base: ast.expr = factor
            power: object = 1
            if (
                isinstance(factor, ast.BinOp)
                and isinstance(factor.op, ast.Pow)
                and isinstance(factor.right, ast.Constant)
            ):
                base, power = factor.left, factor.right.value
            if isinstance(base, (ast.Name, ast.Attribute)) and isinstance(power, int):
                for other in (p for p in (1, 2, 3) if p != power):
                    changed = clone(node)
                    setattr(changed, side, of(f"a ** {other}", a=base))
                    yield "term", changed


def other_slope(node: ast.expr, scope: Scope) -> Found:
    """a (1 - a) where 1 - a^2 belongs."""
    factors = list(_factors(node))
    for k, factor in enumerate(factors):
        for j, other in enumerate(factors):
            if ast.unparse(other) in (f"1 - {ast.unparse(factor)}", f"1.0 - {ast.unparse(factor)}"):
                new = of("(1 - a ** 2)", a=factor)
                for rest in (f for i, f in enumerate(factors) if i not in (k, j)):
                    new = of("b * a", a=new, b=rest)
                yield "derivative", new


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


def softmax_whole(node: ast.expr, scope: Scope) -> Found:
    """A softmax differentiated entry by entry."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Sub))):
        return
    if any(isinstance(n, ast.Call) for n in ast.walk(node)):
        return  # rows are summed here, which is not entry by entry
    inside = {ast.unparse(n): n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))}
    for p, value in ((p, scope.values.get(p)) for p in inside):
        if value is None or not value.ndim or not np.allclose(value.sum(-1), 1):
            continue
        axis = ", axis=-1, keepdims=True" if value.ndim > 1 else ""
        for g in inside:
            if g != p and scope.shape(inside[g]) == value.shape:
                yield "softmax", parse(f"{p} * ({g} - np.sum({g} * {p}{axis}))")


def one_more_factor(node: ast.expr, scope: Scope) -> Found:
    """A factor left out of one of several terms, or inside a product."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        for name, value in scope.values.items():
            if value.ndim and value.dtype.kind in "fb" and name != ast.unparse(node):
                yield "term", of("a * b", a=node, b=parse(name))


def times_two(node: ast.expr, scope: Scope) -> Found:
    """A number left out of one of several terms."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        for side in ("left", "right"):
            for text in ("2 * a", "a / 2"):
                changed = clone(node)
                setattr(changed, side, of(text, a=getattr(node, side)))
                yield "factor", changed


def named_constant(node: ast.expr, scope: Scope) -> Found:
    """A tensor where a number stands."""
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        yield from (("term", parse(n)) for n, v in scope.values.items() if v.ndim > 0 and v.dtype.kind == "f")


def less_a_tensor(node: ast.expr, scope: Scope) -> Found:
    """A difference of which one side is missing."""
    shape = scope.shape(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and shape:
        for name in scope.like(shape):
            if name != ast.unparse(node):
                yield "term", of("(a - b)", a=node, b=parse(name))
                yield "path", of("(a + b)", a=node, b=parse(name))
    if isinstance(node, ast.Call) and not node.keywords:
        for name, value in scope.values.items():
            if value.ndim > 1 and value.dtype.kind in "fib":
                yield "term", of("(a - b)", a=node, b=parse(name))
