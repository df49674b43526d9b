"""An equation o = body solved for one of its kernels, and whether o still holds the kernel's digits.

The body is peeled down to the kernel (logarithms, exponentials and roots inverted), denominators are cleared and degree
one is required, so that between the kernel's own power G and what is left of o there is a quotient
o = (a G + b)/(c G + d).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from symbp.calculus.symbols import Symbols, is_root, power_name, power_of
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Compare, Cond, Expr, Fn, Num, Pow, Read
from symbp.core.functions import elementary
from symbp.core.guards import follows
from symbp.core.traverse import walk
from symbp.core.views import applied, operands


@dataclass(frozen=True, slots=True)
class Solution:
    """The kernel as `value`, an expression in o; `exact` says that rounding in o does no more harm in it than in o."""

    value: Expr
    exact: bool


def solve(body: Expr, value: Expr, kernel: Expr, given: Sequence[Cond] = ()) -> Solution | None:
    """The kernel in terms of the value, where the equation is of degree one in it, if need be under a log or root.

    `given` are conditions under which `value` is `body`.
    """
    outer, target, exact = body, value, True
    while not _contains_rationally(outer, kernel):
        shell = next((n for n in _shells(outer) if any(same(kernel, c) for c in walk(n))), None)
        solved = None if shell is None else _linear(outer, target, shell, given)
        peeled = None if shell is None or solved is None else _peel(shell, solved.value)
        if shell is None or solved is None or peeled is None:
            return None
        exact = exact and solved.exact
        outer, target = peeled
    solved = _linear(outer, target, kernel, given)
    return None if solved is None else Solution(solved.value, exact and solved.exact)


def _contains_rationally(expr: Expr, kernel: Expr) -> bool:
    if same(expr, kernel):
        return True
    if (parts := operands(expr)) and not is_root(expr):
        return any(_contains_rationally(a, kernel) for a in parts)
    part, own = power_of(expr), power_of(kernel)
    return part is not None and own is not None and power_name(part) == power_name(own)


def _shells(expr: Expr) -> list[Expr]:
    if applied(expr) or is_root(expr):
        return [expr]
    return [s for a in operands(expr) for s in _shells(a)]


def _peel(shell: Expr, value: Expr) -> tuple[Expr, Expr] | None:
    """shell(inner) = value as inner = inverse(value)."""
    match shell:
        case Fn("log", (inner,)):
            return inner, Fn("exp", (value,))
        case Fn("exp", (inner,)):
            return inner, Fn("log", (value,))
        case Pow(inner, Num(exponent)) if exponent.numerator in (1, -1):
            return inner, build.power(value, Num(1 / exponent))
    return None


def _linear(body: Expr, value: Expr, kernel: Expr, given: Sequence[Cond]) -> Solution | None:
    symbols = Symbols(body, kernel)
    k = symbols.of(kernel)
    generator = next(iter(k.free_symbols)) if k.free_symbols else None
    if generator is None or not isinstance(generator, sp.Symbol):
        return None
    o = symbols.symbol(value) if isinstance(value, Read) else sp.Symbol("o", real=True)
    symbols.table[o] = value
    solved = _solved(symbols.of(body), o, k, generator)
    if solved is None:
        return None
    degree, first, last, solution = solved
    exact = _keeps_digits(first, last, o, _range(symbols.table[generator], degree, given))
    return Solution(symbols.back(solution), exact)


@lru_cache(maxsize=1 << 10)  # the gates of a cell are one problem
def _solved(
    body: sp.Expr, o: sp.Symbol, k: sp.Expr, generator: sp.Symbol
) -> tuple[int, sp.Expr, sp.Expr, sp.Expr] | None:
    """o = body as first * generator**degree + last = 0, and what k is then."""
    numerator, denominator = sp.fraction(sp.together(body))
    try:
        poly = sp.Poly(o * denominator - numerator, generator)
    except sp.PolynomialError:
        return None
    powers = [m for (m,) in poly.monoms() if m]
    if not powers or len(set(powers)) != 1:
        return None
    degree = powers[0]
    first, last = poly.coeff_monomial(generator**degree), poly.coeff_monomial(1)
    solution = -last / first
    wanted = sp.cancel(k / generator**degree)
    if wanted != 1:
        if degree % 2 == 0 or not wanted.is_rational_function(generator):
            return None
        exponent = sp.degree(sp.fraction(k)[0], generator) - sp.degree(sp.fraction(k)[1], generator)
        if exponent % degree:
            return None
        solution = solution ** (exponent // degree)
    return degree, first, last, sp.cancel(solution)


# first * G + last = 0, where first = c o - a and last = d o - b, says o = (a G + b)/(c G + d).


def _keeps_digits(first: sp.Expr, last: sp.Expr, o: sp.Symbol, ends: tuple[sp.Expr, sp.Expr]) -> bool:
    """Does G = -last/first lose no digits that o has?

    Where no sum joins o with anything, it is a product. Where one does, o - x + ... cancels whatever x is, unless the
    function itself saturates there: o moves between two numbers none of which is larger than the way between them, as
    a sigmoid does between 0 and 1 and tanh between -1 and 1 (but 1000 + tanh does not, nor 1 + exp).
    """
    (c, a), (d, b) = ((sp.diff(e, o), sp.expand(-e.subs(o, 0))) for e in (first, last))
    if (c == 0 or a == 0) and (d == 0 or b == 0):
        return True
    if not all(n.is_number for n in (a, b, c, d)):
        return False
    lowest, highest = (_at(end, a, b, c, d) for end in ends)
    if not (lowest.is_finite and highest.is_finite):
        return False
    return bool(max(abs(lowest), abs(highest)) <= abs(highest - lowest))


def _at(end: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr, d: sp.Expr) -> sp.Expr:
    """(a G + b)/(c G + d) at one end of the range of G."""
    if end.is_finite:
        below = c * end + d
        return (a * end + b) / below if below != 0 else sp.zoo
    return a / c if c != 0 else sp.oo


def _range(generator: Expr, degree: int, given: Sequence[Cond]) -> tuple[sp.Expr, sp.Expr]:
    """Between what numbers a power of a kernel lies, known from what it is."""
    low, high = _own_range(generator, given)
    if degree % 2 == 0 and low < 0:
        return sp.Integer(0), high**degree
    return low**degree, high**degree


def _own_range(generator: Expr, given: Sequence[Cond]) -> tuple[sp.Expr, sp.Expr]:
    match generator:
        case Fn("exp", (argument,)):
            return sp.Integer(0), sp.Integer(1) if _is_at_most_nil(argument, given) else sp.oo
        case Fn(name, _, ()):
            return elementary(name).between
    return (sp.Integer(0), sp.oo) if is_root(generator) else (-sp.oo, sp.oo)


def _is_at_most_nil(value: Expr, given: Sequence[Cond]) -> bool:
    below = (follows(Compare(op, value, build.NIL), given) for op in ("<", "<="))
    return any(below) or follows(Compare(">", value, build.NIL), given) is False
