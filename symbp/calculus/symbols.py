"""Plain SymPy symbols for everything that is not rational, so that SymPy does rational algebra and never binds.

Exponentials of multiples of one argument share a symbol, roots of one base as well: exp(z) and exp(2 z) are s and s^2.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import sympy as sp

from symbp.calculus.scalar import from_sympy
from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Expr, Fn, Mul, Num, Pow
from symbp.core.traverse import walk


class Symbols:
    """The symbols that some expressions share, and what each of them stands for."""

    def __init__(self, *exprs: Expr):
        self.symbols: dict[str, sp.Symbol] = {}
        self.table: dict[sp.Basic, Expr] = {}
        self.steps: dict[str, Fraction] = {}
        for e in exprs:
            self._measure(e)

    def _measure(self, expr: Expr) -> None:
        """The step of each exponential and root: the greatest number of which all its exponents are multiples."""
        for node in walk(expr):
            part = power_of(node) if isinstance(node, Expr) else None
            if part is not None:
                name, (_, exponent) = power_name(part), part
                self.steps[name] = common_step(self.steps.get(name), exponent)

    def of(self, expr: Expr) -> sp.Expr:
        """The SymPy form of an expression."""
        match expr:
            case Num(value):
                return sp.Rational(value.numerator, value.denominator)
            case Add(args):
                return sp.Add(*(self.of(a) for a in args))
            case Mul(args):
                return sp.Mul(*(self.of(a) for a in args))
        part = power_of(expr)
        if part is not None:
            return self._generator(part)
        base, exponent = build.split_power(expr)
        whole = base is not expr and exponent.denominator == 1
        return sp.Pow(self.of(base), int(exponent)) if whole else self.symbol(expr)

    def _generator(self, part: tuple[Expr, Fraction]) -> sp.Expr:
        name = power_name(part)
        step = self.steps.get(name, part[1])
        base, exponent = part
        unit = power_node(base, step)
        ratio = exponent / step
        if ratio.denominator != 1:
            return self.symbol(power_node(base, exponent))
        return self.symbol(unit) ** int(ratio)

    def symbol(self, expr: Expr) -> sp.Symbol:
        """The symbol of an expression that stays whole."""
        name = key(expr)
        if name not in self.symbols:
            self.symbols[name] = sp.Symbol(f"s{len(self.symbols):03d}", real=True)
            self.table[self.symbols[name]] = expr
        return self.symbols[name]

    def back(self, value: sp.Expr) -> Expr:
        """The expression of a SymPy form."""
        return from_sympy(value, self.table)


def is_root(node: Expr) -> bool:
    """Is it a power with a broken exponent?"""
    return isinstance(node, Pow) and build.split_power(node)[1].denominator != 1


def power_of(expr: Expr) -> tuple[Expr, Fraction] | None:
    """(exp(u), c) of exp(c u), (b, e) of a root b^e; None for anything else."""
    if isinstance(expr, Fn) and expr.name == "exp":
        number, rest = build.split_number(expr.args[0])
        return Fn("exp", (rest,)), number
    return build.split_power(expr) if is_root(expr) else None


def power_name(part: tuple[Expr, Fraction]) -> str:
    return key(part[0])


def power_node(base: Expr, exponent: Fraction) -> Expr:
    if isinstance(base, Fn) and base.name == "exp":
        return Fn("exp", (build.mul(Num(exponent), base.args[0]),))
    return Pow(base, Num(exponent)) if exponent != 1 else base


def common_step(a: Fraction | None, b: Fraction) -> Fraction:
    if a is None or a == b:
        return b
    numerators = gcd(a.numerator * b.denominator, b.numerator * a.denominator)
    return Fraction(numerators, a.denominator * b.denominator)
