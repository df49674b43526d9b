"""Kernels: what is no rational function, exp, log, tanh, roots, unknown functions, as symbols of their own.

An expression becomes a rational function of symbols and of rational powers of `atoms`. What relates the symbols:

- exp(a + b) is exp(a) exp(b): an exponential is a product of powers of atoms, one for each monomial of its exponent;
- u**(p/q) is a power of an atom that stands for u;
- log of a product is the sum of logs, log of a power of exp(u) is a multiple of u;
- sin, tanh and erf are odd, cos is even;
- |u| is the root of u**2, and sign(u) is u by that.

All this holds where the expressions have a value: of log u, log |u| is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symbp.symbolic.fractions import Fractions, Ratio

ODD, EVEN = (sp.sin, sp.tanh, sp.erf), (sp.cos,)


@dataclass(slots=True)
class Kernels:
    """The table of kernels: a symbol for each, and of a root's atom what it stands for (its `radicand`)."""

    symbols: dict[object, sp.Symbol] = field(default_factory=dict)
    radicands: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    squares: dict[sp.Symbol, sp.Symbol] = field(default_factory=dict)  # the cosine of what a sine is of
    exponents: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    logs: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    cache: dict[sp.Expr, sp.Expr] = field(default_factory=dict)

    def rational(self, expr: sp.Expr) -> sp.Expr:
        """The expression with symbols for kernels."""
        if expr.is_Symbol or expr.is_Rational:
            return expr
        if expr not in self.cache:
            self.cache[expr] = self._rational(expr)
        return self.cache[expr]

    def _rational(self, expr: sp.Expr) -> sp.Expr:
        if expr is sp.pi:
            return self._symbol(("pi",), positive=True)
        match expr:
            case sp.Add() | sp.Mul():
                return expr.func(*[self.rational(a) for a in expr.args])
            case sp.exp(args=(arg,)):
                return self._exponential(self.canonical(arg))
            case sp.Pow():
                return self._power(expr.base, expr.exp)
            case sp.log(args=(arg,)):
                return self._logarithm(self.ratio(arg))
            case sp.Abs() | sp.sign():
                return self._size_or_sign(expr)
        if expr.func in ODD + EVEN:
            return self._signed(expr.func, self.canonical(expr.args[0]))
        return self._symbol((expr.func, *(self.canonical(a) for a in expr.args)))

    def _symbol(self, key: object, positive: bool = False) -> sp.Symbol:
        if key not in self.symbols:
            self.symbols[key] = sp.Symbol(f"_k{len(self.symbols)}", positive=positive or None)
        return self.symbols[key]

    def _signed(self, function: type[sp.Function], arg: sp.Expr) -> sp.Expr:
        """f(-u) as -f(u), or as f(u)."""
        lead = min(sp.Add.make_args(sp.numer(arg)), key=sp.default_sort_key)
        sign = -1 if lead.as_coeff_Mul()[0] < 0 else 1
        symbol = self._symbol((function, sp.expand(arg * sign)))
        if function in (sp.sin, sp.cos):
            other = self._symbol((sp.cos if function is sp.sin else sp.sin, sp.expand(arg * sign)))
            self.squares.update({symbol: other} if function is sp.sin else {other: symbol})
        return symbol * (sign if function in ODD else 1)

    def _exponential(self, exponent: sp.Expr) -> sp.Expr:
        """A power of an atom for each term: exp(2 u - v/w) is E_u^2 E_(v/w)^-1."""
        factors = []
        for term in sp.Add.make_args(sp.expand(exponent)):
            number, unit = term.as_coeff_Mul()
            if unit in self.logs:
                factors.append(self._power_of(self.logs[unit], number))
                continue
            atom = self._symbol(("exp", unit), positive=True)
            self.exponents[atom] = unit
            factors.append(atom**number)
        return sp.Mul(*factors)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_Integer:
            return self.rational(base) ** exponent
        if exponent.is_Rational:
            return self._power_of(self.canonical(base), exponent)
        number, rest = exponent.as_coeff_Add()
        whole = sp.Integer(sp.floor(number))
        log = self.rational(sp.log(base))
        return self.rational(base) ** whole * self._exponential(self.canonical((rest + number - whole) * log))

    def _size_or_sign(self, expr: sp.Expr) -> sp.Expr:
        """What SymPy makes of the root of a square, and of its derivative: that root again, and u by it."""
        u = expr.args[0]
        size = self._power_of(self.canonical(u**2), sp.Rational(1, 2))
        return size if isinstance(expr, sp.Abs) else self.rational(u) / size

    def _power_of(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        """A power with a rational exponent of what has symbols for kernels already."""
        if exponent.is_Integer:
            return base**exponent
        number, rest = base.as_coeff_Mul()
        if number.is_negative:
            number, rest = sp.S.One, base
        factors = [self._root_of_number(number, exponent)]
        if rest.is_Pow and rest.base in self.exponents:
            factors.append(rest.base ** (rest.exp * exponent))
        elif rest in self.exponents:
            factors.append(rest**exponent)
        elif rest != 1:
            atom = self._symbol(("root", rest), positive=True)
            self.radicands[atom] = rest
            factors.append(atom**exponent)
        return sp.Mul(*factors)

    def _root_of_number(self, number: sp.Rational, exponent: sp.Rational) -> sp.Expr:
        factors = []
        for prime, power in sp.factorrat(number).items():
            atom = self._symbol(("root", sp.Integer(prime)), positive=True)
            self.radicands[atom] = sp.Integer(prime)
            factors.append(atom ** (power * exponent))
        return sp.Mul(*factors)

    def _logarithm(self, of: Ratio) -> sp.Expr:
        terms = []
        for factor, power in of.factors():
            if factor.is_Rational:
                terms += [n * power * self._log(sp.Integer(prime)) for prime, n in sp.factorrat(abs(factor)).items()]
                continue
            base, exponent = factor.as_base_exp()
            if base in self.exponents:
                terms.append(power * exponent * self.exponents[base])
            elif base in self.radicands:
                terms.append(power * exponent * self._log(self.radicands[base]))
            else:
                terms.append(power * exponent * self._log(base))
        return sp.Add(*terms)

    def _log(self, of: sp.Expr) -> sp.Expr:
        symbol = self._symbol((sp.log, of))
        self.logs[symbol] = of
        return symbol

    # Arguments of kernels, in one form each.

    def canonical(self, expr: sp.Expr) -> sp.Expr:
        """The argument of a kernel: what is equal has the same form."""
        if expr.is_Symbol or expr.is_Rational:
            return expr
        key = sp.Tuple(expr)
        if key not in self.cache:
            plain = self.rational(expr)
            self.cache[key] = plain if _is_linear(plain) else self.ratio(expr).expr()
        return self.cache[key]

    def ratio(self, expr: sp.Expr) -> Ratio:
        """The expression as a fraction of polynomials in lowest terms."""
        return Fractions(self.radicands, self.squares).ratio(self.rational(expr)).cancelled()


def _is_linear(expr: sp.Expr) -> bool:
    """Is it a sum of multiples of symbols, which SymPy has in one form?"""
    return all(t.as_coeff_Mul()[1].is_Symbol or t.is_Rational for t in sp.Add.make_args(expr))
