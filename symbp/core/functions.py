"""The elementary functions, a row each: what SymPy calls one, where it has a value, what it is called in print and in
NumPy.

A new one is a row here and one in the witness's own table, `verify/functions.py`; where NumPy lacks it, a template of
its name computes it. Its derivative is SymPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symbp.errors import MissingRule


@dataclass(frozen=True, slots=True)
class Elementary:
    """A function of one variable.

    `sympy` makes SymPy's expression of an argument. It has a value where its argument exceeds `above` (None: for every
    real), and its values lie `between` two numbers; `finite` says that it is finite wherever its argument is. It is
    `tex` in LaTeX, `numpy` in NumPy ("" where that has none), and `word` in the name of an intermediate array (its own
    name, if none is given). `constant` says that its derivative is taken to be 0; `inner` that no file need write it,
    as it is what another becomes when it is differentiated.
    """

    name: str
    sympy: Callable[[sp.Expr], sp.Expr]
    tex: str
    numpy: str = ""
    above: int | None = None
    between: tuple[sp.Expr, sp.Expr] = (-sp.oo, sp.oo)
    finite: bool = False
    word: str = ""
    constant: bool = False
    inner: bool = False


_UNIT = (-sp.Integer(1), sp.Integer(1))
_ROWS = (
    Elementary("exp", sp.exp, "\\exp", "exp", between=(sp.Integer(0), sp.oo)),
    Elementary("log", sp.log, "\\log", "log", above=0),
    Elementary("log1p", lambda u: sp.log(1 + u), "\\log", "log1p", above=-1),
    Elementary("expm1", lambda u: sp.exp(u) - 1, "\\exp", "expm1", between=(-sp.Integer(1), sp.oo)),
    Elementary("sin", sp.sin, "\\sin", "sin", between=_UNIT, finite=True),
    Elementary("cos", sp.cos, "\\cos", "cos", between=_UNIT, finite=True),
    Elementary("tanh", sp.tanh, "\\tanh", "tanh", between=_UNIT, finite=True),
    Elementary("erf", sp.erf, "\\operatorname{erf}", between=_UNIT, finite=True),
    Elementary("abs", sp.Abs, "\\operatorname{abs}", "abs", between=(sp.Integer(0), sp.oo), finite=True),
    Elementary("sign", sp.sign, "\\operatorname{sign}", "sign", between=_UNIT, finite=True, constant=True, inner=True),
)
FUNCTIONS = {row.name: row for row in _ROWS}


def elementary(name: str) -> Elementary:
    """The row of a function."""
    if name not in FUNCTIONS:
        raise MissingRule(f"no elementary function {name} is known; extend symbp/core/functions.py")
    return FUNCTIONS[name]


def named(value: sp.Expr) -> Elementary | None:
    """The row of the function that SymPy's expression is, applied to its last argument."""
    return next((row for row in _ROWS if value.args and row.sympy(value.args[-1]) == value), None)
