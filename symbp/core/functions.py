"""The elementary functions, a row each: what SymPy calls one, where it has a value, what it is called in print and in
NumPy.

A new one is a row here and one in the witness's own table, `verify/functions.py`; where NumPy lacks it, a template of
its name computes it. Its derivative is SymPy's. The names are those of Python's `math` and of PyTorch: `atan` is
NumPy's arctan, `lgamma` the logarithm of the gamma function, of positive arguments alone, as its derivatives are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from symbp.errors import MissingRule


@dataclass(frozen=True, slots=True)
class Elementary:
    """A function of one variable.

    `sympy` makes SymPy's expression of an argument. It has a value where its argument exceeds `above` (None: for
    every real), and its values lie `between` two numbers; `finite` says that it is finite wherever its argument is,
    `exponentials` which c exp(s u) it is the sum of, as pairs c, s, and `quotient` which two such sums it is one of.
    1 less the function is its `complement`, and exp(u**2) times it its `tail`, which is a power of u where it is all
    but 0. It is `tex` in LaTeX, with `letter` in it if it is called by one; `numpy` in NumPy ("" where that has
    none); and `word` in the name of an intermediate array (its own name, if none is given). `constant` says that its
    derivative is taken to be 0; `inner` that no file need write it, as it is what another becomes when it is
    differentiated; `last` that it has no derivative among these functions.
    """

    name: str
    sympy: Callable[[sp.Expr], sp.Expr]
    tex: str
    numpy: str = ""
    above: int | None = None
    between: tuple[sp.Expr, sp.Expr] = (-sp.oo, sp.oo)
    finite: bool = False
    exponentials: tuple[tuple[Fraction, int], ...] = ()
    quotient: tuple[str, str] | None = None
    complement: str = ""
    tail: str = ""
    letter: str = ""
    word: str = ""
    constant: bool = False
    inner: bool = False
    last: bool = False

    @property
    def settles(self) -> bool:
        """Does it come to rest at one end of its values, as tanh does at 1, however large its argument is?"""
        end = self.sympy(sp.oo)
        return bool(end.is_finite) and end in self.between


class _Stopped(sp.Function):  # type: ignore[misc]
    """A value that counts as a constant: as a function of what it is made of it does not move."""

    nargs = 1
    is_extended_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.S.Zero

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.args[0]._eval_evalf(prec)


STOPPED = "stop_gradient"
_UNIT = (-sp.Integer(1), sp.Integer(1))
_POSITIVE = (sp.Integer(0), sp.oo)
_HALF, _ONE = Fraction(1, 2), sp.Integer(1)
_ROWS = (
    Elementary("exp", sp.exp, "\\exp", "exp", between=_POSITIVE),
    Elementary("log", sp.log, "\\log", "log", above=0),
    Elementary("log1p", lambda u: sp.log(1 + u), "\\log", "log1p", above=-1),
    Elementary("expm1", lambda u: sp.exp(u) - 1, "\\exp", "expm1", between=(-sp.Integer(1), sp.oo)),
    Elementary("sin", sp.sin, "\\sin", "sin", between=_UNIT, finite=True),
    Elementary("cos", sp.cos, "\\cos", "cos", between=_UNIT, finite=True),
    Elementary("tanh", sp.tanh, "\\tanh", "tanh", between=_UNIT, finite=True, quotient=("sinh", "cosh")),
    Elementary("erf", sp.erf, "\\operatorname{erf}", between=_UNIT, finite=True, complement="erfc"),
    Elementary(
        *("erfc", sp.erfc, "\\operatorname{erfc}"), between=(sp.Integer(0), sp.Integer(2)), finite=True, tail="erfcx"
    ),
    Elementary(
        *("erfcx", lambda u: sp.exp(u**2) * sp.erfc(u), "\\operatorname{erfcx}"),
        above=0,
        between=_POSITIVE,
        inner=True,
        last=True,
    ),
    Elementary("sinh", sp.sinh, "\\sinh", "sinh", exponentials=((_HALF, 1), (-_HALF, -1))),
    Elementary("cosh", sp.cosh, "\\cosh", "cosh", between=(_ONE, sp.oo), exponentials=((_HALF, 1), (_HALF, -1))),
    Elementary("tan", sp.tan, "\\tan", "tan"),
    Elementary("atan", sp.atan, "\\arctan", "arctan", between=(-sp.pi / 2, sp.pi / 2), finite=True),
    Elementary("log2", lambda u: sp.log(u) / sp.log(2), "\\log_2", "log2", above=0),
    Elementary("lgamma", sp.loggamma, "\\log\\Gamma", letter="\\Gamma", above=0),
    Elementary("digamma", sp.digamma, "\\psi", letter="\\psi", above=0),
    Elementary(
        *("trigamma", lambda u: sp.polygamma(1, u), "\\psi'"),
        letter="\\psi",
        above=0,
        between=_POSITIVE,
        inner=True,
    ),
    Elementary(
        *("tetragamma", lambda u: sp.polygamma(2, u), "\\psi''"),
        letter="\\psi",
        above=0,
        between=(-sp.oo, sp.Integer(0)),
        inner=True,
        last=True,
    ),
    Elementary("abs", sp.Abs, "\\operatorname{abs}", "abs", between=_POSITIVE, finite=True),
    Elementary("sign", sp.sign, "\\operatorname{sign}", "sign", between=_UNIT, finite=True, constant=True, inner=True),
    Elementary(STOPPED, _Stopped, "\\operatorname{sg}", finite=True, constant=True),
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
