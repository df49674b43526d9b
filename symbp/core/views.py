"""What an expression is when it is looked at as a product, a sum, a conjunction, a quotient or a guarded value, what a
condition compares.

One meaning each: whatever is no product has itself for its only factor, whatever is no sum itself for its only term.
"""

from __future__ import annotations

from typing import TypeGuard, TypeVar

from symbp.core.build import NIL, UNIT, as_integer
from symbp.core.expr import Add, And, Compare, Cond, Delta, Expr, Fn, Mul, Num, Pow, Where
from symbp.core.integers import Node, Poly

C = TypeVar("C", bound=Node)


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product; of anything else itself."""
    return expr.args if isinstance(expr, Mul) else (expr,)


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; of anything else itself."""
    return expr.args if isinstance(expr, Add) else (expr,)


def operands(expr: Expr) -> tuple[Expr, ...]:
    """What a sum, a product or a power is made of, without the exponent; nothing of anything else."""
    match expr:
        case Add() | Mul():
            return expr.args
        case Pow():
            return (expr.base,)
    return ()


def applied(node: Node) -> str:
    """The name of the function that it is a value of; "" of anything else."""
    return node.name if isinstance(node, Fn) else ""


def conjuncts(cond: C) -> tuple[C | Cond, ...]:
    """The conditions that must all hold."""
    return cond.args if isinstance(cond, And) else (cond,)


def integers_compared(node: Node) -> tuple[Poly, Poly] | None:
    """The two sides of a comparison of integers, or of a delta; None where it is of other numbers, or is neither."""
    match node:
        case Delta(a, b):
            return a, b
        case Compare(_, left, right):
            sides = as_integer(left), as_integer(right)
            return None if None in sides else sides  # type: ignore[return-value]
    return None


def is_divisor(node: Node) -> TypeGuard[Pow]:
    """Is it a power with a negative number above: 1/x, x^(-1/2)?"""
    return isinstance(node, Pow) and isinstance(node.exponent, Num) and node.exponent.value < 0


def is_bracket(node: Node) -> TypeGuard[Where]:
    """Is it a condition in brackets: 1 where it holds, else 0?"""
    return isinstance(node, Where) and (node.then, node.other) == (UNIT, NIL)


def is_guarded(node: Node) -> TypeGuard[Where]:
    """Is it a value under a condition, 0 where that fails?"""
    return isinstance(node, Where) and node.other == NIL
