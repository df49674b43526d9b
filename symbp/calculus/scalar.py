"""Derivatives of elementary functions, from SymPy, as expressions.

Comes in: the name of an elementary function. Goes out: its derivative by its argument, at a given expression. SymPy
sees a single real placeholder, never an index, so nothing of its binders is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sympy as sp

from symbp.core import build
from symbp.core.expr import Expr, Fn, Pi
from symbp.errors import MissingRule

U = sp.Symbol("u", real=True)
_SYMPY: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "exp": sp.exp,
    "log": sp.log,
    "log1p": lambda u: sp.log(1 + u),
    "expm1": lambda u: sp.exp(u) - 1,
    "sin": sp.sin,
    "cos": sp.cos,
    "tanh": sp.tanh,
    "erf": sp.erf,
    "abs": sp.Abs,
}
_BACK = {
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tanh: "tanh",
    sp.erf: "erf",
    sp.Abs: "abs",
    sp.sign: "sign",
}


@cache
def _derivative(name: str) -> sp.Expr:
    if name == "sign":  # constant but at the kink, where its derivative is taken as 0 too
        return sp.Integer(0)
    if name not in _SYMPY:
        raise MissingRule(f"the function {name} has no SymPy counterpart; extend symbp/calculus/scalar.py")
    return sp.diff(_SYMPY[name](U), U)


def derivative(name: str, argument: Expr) -> Expr:
    """The derivative of an elementary function at `argument`."""
    return from_sympy(_derivative(name), {U: argument})


def from_sympy(value: sp.Basic, table: Mapping[sp.Basic, Expr]) -> Expr:
    """The expression of a SymPy expression, its symbols looked up in `table`."""
    if value in table:
        return table[value]
    if isinstance(value, sp.Rational):
        return build.num(sp.Rational(value).p) if value.q == 1 else build.div(build.num(value.p), build.num(value.q))
    if value == sp.pi:
        return Pi()
    args = [from_sympy(a, table) for a in value.args]
    if isinstance(value, sp.Add):
        return build.add(*args)
    if isinstance(value, sp.Mul):
        return build.mul(*args)
    if isinstance(value, sp.Pow):
        return build.power(args[0], args[1])
    if value.func in _BACK:
        return Fn(_BACK[value.func], tuple(args))
    raise MissingRule(f"SymPy's {value.func} has no counterpart; extend symbp/calculus/scalar.py")
