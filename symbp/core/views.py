"""What an expression is when it is looked at as a product, a sum, a conjunction, a quotient or a guarded value.

One meaning each: whatever is no product has itself for its only factor, whatever is no sum itself for its only term.
"""

from __future__ import annotations

from typing import TypeGuard

from symbp.core.build import NIL, UNIT
from symbp.core.expr import Add, And, Cond, Expr, Mul, Num, Pow, Where
from symbp.core.integers import Node


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product; of anything else itself."""
    return expr.args if isinstance(expr, Mul) else (expr,)


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; of anything else itself."""
    return expr.args if isinstance(expr, Add) else (expr,)


def conjuncts(cond: Cond) -> tuple[Cond, ...]:
    """The conditions that must all hold."""
    return cond.args if isinstance(cond, And) else (cond,)


def is_divisor(node: Node) -> TypeGuard[Pow]:
    """Is it a power with a negative number above: 1/x, x^(-1/2)?"""
    return isinstance(node, Pow) and isinstance(node.exponent, Num) and node.exponent.value < 0


def is_bracket(node: Node) -> TypeGuard[Where]:
    """Is it a condition in brackets: 1 where it holds, else 0?"""
    return isinstance(node, Where) and (node.then, node.other) == (UNIT, NIL)


def is_guarded(node: Node) -> TypeGuard[Where]:
    """Is it a value under a condition, 0 where that fails?"""
    return isinstance(node, Where) and node.other == NIL
