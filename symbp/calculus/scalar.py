"""Derivatives of elementary functions, from SymPy, as expressions.

Comes in: the name of an elementary function. Goes out: its derivative by its argument, at a given expression. SymPy
sees a single real placeholder, never an index, so nothing of its binders is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy as sp

from symbp.core import build
from symbp.core.expr import Expr, Fn, Pi
from symbp.core.functions import elementary, named
from symbp.errors import MissingRule, NotationError

U = sp.Symbol("u", real=True)


@cache
def _derivative(name: str) -> sp.Expr:
    row = elementary(name)
    if row.last:
        raise NotationError(f"{name} cannot be differentiated once more: its derivative is no function of the language")
    return sp.Integer(0) if row.constant else sp.diff(row.sympy(U), U)


def derivative(name: str, argument: Expr) -> Expr:
    """The derivative of an elementary function at `argument`."""
    return from_sympy(_derivative(name), {U: argument})


def from_sympy(value: sp.Basic, table: Mapping[sp.Basic, Expr]) -> Expr:
    """The expression of a SymPy expression, its symbols looked up in `table`."""
    if value in table:
        return table[value]
    match value:
        case sp.Rational(p=p, q=q):
            return build.num(p) if q == 1 else build.div(build.num(p), build.num(q))
        case sp.pi:
            return Pi()
    args = [from_sympy(a, table) for a in value.args]
    match value:
        case sp.Add():
            return build.add(*args)
        case sp.Mul():
            return build.mul(*args)
        case sp.Pow():
            return build.power(*args)
    row = named(value)
    if row is not None:
        return Fn(row.name, (args[-1],))
    raise MissingRule(f"SymPy's {value.func} has no counterpart; extend symbp/core/functions.py")
