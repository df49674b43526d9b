"""Re-expression: a local derivative written in the forward value that it is the derivative of.

Comes in: the equation o[i] = body and a derivative of it. Goes out: the derivative in o, where that is cheaper and
has no pole that it had not before. There is no table of functions: the body is solved for one of its kernels (an
exponential, a root, a sum, ...), which is then replaced, at these and at other indices. SymPy does the rational
algebra on plain symbols.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd

import sympy as sp

from symbp.calculus.cost import cost, functions
from symbp.calculus.match import Binding, match
from symbp.calculus.scalar import from_sympy
from symbp.calculus.simplify import cheapest, expand, factor_deep, tidy
from symbp.core import build
from symbp.core.canonical import key, same
from symbp.core.expr import Add, Cond, Delta, Expr, Extreme, Fn, Mul, Num, Partial, Pow, Read, Sum, Where
from symbp.core.guards import conjuncts, follows, opposite
from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, map_children, substitute, walk


@dataclass(frozen=True, slots=True)
class _Value:
    """That an entry of the equation, or its exponential, is `body` where the conditions `when` hold."""

    entry: Expr
    indices: tuple[Index, ...]
    body: Expr
    when: tuple[Cond, ...] = ()

    def holds(self, binding: Binding, given: tuple[Cond, ...]) -> bool:
        """Is the entry at other indices known to be of this body too?"""
        return all(follows(substitute(c, binding), given) for c in self.when)


Kernels = tuple[tuple[Expr, Expr], ...]


def reexpress(equation: Equation, derivative: Expr) -> tuple[Expr, Kernels]:
    """The cheapest form of the derivative in terms of the value that the equation defines, itself if there is none;
    and the exponential of an entry that was replaced, with what it is: e^-z is 1/a - 1.
    """
    return _reexpress(_Value(equation.entry, equation.letters, equation.body), derivative)


def _reexpress(value: _Value, derivative: Expr) -> tuple[Expr, Kernels]:
    if isinstance(value.body, Where):
        return _by_branch(value, value.body, derivative), ()
    best = derivative
    how: Kernels = ()
    for way in (value, *_exponential(value)):
        for kernel in _kernels(way.body, way.indices):
            solved = _solve(way.body, way.entry, kernel)
            form = None if solved is None else _replace(derivative, kernel, solved, way)
            if form is None or solved is None or not _better(form, best):
                continue
            if _no_new_pole(form, derivative, way.entry, kernel):
                best, how = form, _how(kernel, solved)
    return best, how


def _how(kernel: Expr, solved: Expr) -> Kernels:
    """The exponential of an entry, or of minus one, and what it is."""
    if not isinstance(kernel, Fn) or kernel.name != "exp":
        return ()
    _, argument = build.split_number(kernel.args[0])
    return ((kernel, tidy(expand(solved))),) if isinstance(argument, Read) else ()


def _exponential(value: _Value) -> tuple[_Value, ...]:
    """Of a sum with a logarithm in it what its exponential is: l = z - log s says that exp(l) = exp(z) / s."""
    terms = [build.split_number(t) for t in value.body.args] if isinstance(value.body, Add) else []
    if not any(isinstance(t, Fn) and t.name == "log" for _, t in terms):
        return ()
    factors = (
        build.power(t.args[0], Num(c)) if isinstance(t, Fn) and t.name == "log" else Fn("exp", (build.scale(c, t),))
        for c, t in terms
    )
    return (replace(value, entry=Fn("exp", (value.entry,)), body=build.mul(*factors)),)


def _by_branch(value: _Value, body: Where, derivative: Expr) -> Expr:
    """In each branch the value is that branch's own formula."""
    ways = [
        replace(value, body=branch, when=(*value.when, *conds))
        for branch, conds in ((body.then, conjuncts(body.cond)), (body.other, (opposite(body.cond),)))
    ]

    def branch(node: Expr) -> Expr:
        if isinstance(node, Where) and same(node.cond, body.cond):
            then, other = (_reexpress(w, n)[0] for w, n in zip(ways, (node.then, node.other), strict=True))
            return build.where(node.cond, then, other)
        return map_children(node, lambda c: branch(c) if isinstance(c, Expr) else c)

    return branch(derivative)


def _kernels(body: Expr, indices: tuple[Index, ...]) -> list[Expr]:
    """What the body can be solved for: functions, roots and sums that depend on all of its indices."""
    found: dict[str, Expr] = {}

    def visit(node: Expr) -> None:
        if _is_kernel(node) and set(indices) <= set(free_indices(node)):
            found.setdefault(key(node), node)
        if isinstance(node, (Add, Mul, Pow, Fn)):
            for child in node.args if not isinstance(node, Pow) else (node.base,):
                visit(child)

    visit(body)
    return list(found.values())


def _is_kernel(node: Expr) -> bool:
    if isinstance(node, Fn):
        return not node.orders
    return isinstance(node, Sum) or _is_root(node)


def _is_root(node: Expr) -> bool:
    return isinstance(node, Pow) and isinstance(node.exponent, Num) and node.exponent.value.denominator != 1


class _Symbols:
    """Plain symbols for everything that is not rational; exponentials of multiples of one argument share a symbol."""

    def __init__(self, *exprs: Expr):
        self.symbols: dict[str, sp.Symbol] = {}
        self.table: dict[sp.Basic, Expr] = {}
        self.steps: dict[str, Fraction] = {}
        for e in exprs:
            self._measure(e)

    def _measure(self, expr: Expr) -> None:
        """The step of each exponential and root: the greatest number of which all its exponents are multiples."""
        for node in walk(expr):
            part = _power_of(node) if isinstance(node, Expr) else None
            if part is not None:
                name, (_, exponent) = _power_name(part), part
                self.steps[name] = _common_step(self.steps.get(name), exponent)

    def of(self, expr: Expr) -> sp.Expr:
        """The SymPy form of an expression."""
        match expr:
            case Num(value):
                return sp.Rational(value.numerator, value.denominator)
            case Add(args):
                return sp.Add(*(self.of(a) for a in args))
            case Mul(args):
                return sp.Mul(*(self.of(a) for a in args))
        part = _power_of(expr)
        if part is not None:
            return self._generator(part)
        if isinstance(expr, Pow) and isinstance(expr.exponent, Num) and expr.exponent.value.denominator == 1:
            return sp.Pow(self.of(expr.base), int(expr.exponent.value))
        return self.symbol(expr)

    def _generator(self, part: tuple[Expr, Fraction]) -> sp.Expr:
        name = _power_name(part)
        step = self.steps.get(name, part[1])
        base, exponent = part
        unit = _power_node(base, step)
        ratio = exponent / step
        if ratio.denominator != 1:
            return self.symbol(_power_node(base, exponent))
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


def _power_of(expr: Expr) -> tuple[Expr, Fraction] | None:
    """(exp(u), c) of exp(c u), (b, e) of a root b^e; None for anything else."""
    if isinstance(expr, Fn) and expr.name == "exp":
        number, rest = build.split_number(expr.args[0])
        return Fn("exp", (rest,)), number
    if _is_root(expr):
        assert isinstance(expr, Pow)
        assert isinstance(expr.exponent, Num)
        return expr.base, expr.exponent.value
    return None


def _power_name(part: tuple[Expr, Fraction]) -> str:
    return key(part[0])


def _power_node(base: Expr, exponent: Fraction) -> Expr:
    if isinstance(base, Fn) and base.name == "exp":
        return Fn("exp", (build.mul(Num(exponent), base.args[0]),))
    return Pow(base, Num(exponent)) if exponent != 1 else base


def _common_step(a: Fraction | None, b: Fraction) -> Fraction:
    if a is None or a == b:
        return b
    numerators = gcd(a.numerator * b.denominator, b.numerator * a.denominator)
    return Fraction(numerators, a.denominator * b.denominator)


def _solve(body: Expr, value: Expr, kernel: Expr) -> Expr | None:
    """The kernel in terms of the value, where the equation is of degree one in it, if need be under a log or root."""
    outer = body
    target: Expr = value
    while not _contains_rationally(outer, kernel):
        shell = next((n for n in _shells(outer) if any(same(kernel, c) for c in walk(n))), None)
        if shell is None:
            return None
        solved = _linear(outer, target, shell)
        peeled = None if solved is None else _peel(shell, solved)
        if peeled is None:
            return None
        outer, target = peeled
    return _linear(outer, target, kernel)


def _contains_rationally(expr: Expr, kernel: Expr) -> bool:
    if same(expr, kernel):
        return True
    if isinstance(expr, (Add, Mul)):
        return any(_contains_rationally(a, kernel) for a in expr.args)
    if isinstance(expr, Pow) and not _is_root(expr):
        return _contains_rationally(expr.base, kernel)
    part, own = _power_of(expr), _power_of(kernel)
    return part is not None and own is not None and _power_name(part) == _power_name(own)


def _shells(expr: Expr) -> list[Expr]:
    if isinstance(expr, (Add, Mul)):
        return [s for a in expr.args for s in _shells(a)]
    if isinstance(expr, Pow) and not _is_root(expr):
        return _shells(expr.base)
    return [expr] if isinstance(expr, Fn) or _is_root(expr) else []


def _peel(shell: Expr, value: Expr) -> tuple[Expr, Expr] | None:
    """shell(inner) = value as inner = inverse(value)."""
    if isinstance(shell, Fn) and shell.name in ("log", "exp"):
        inverse = "exp" if shell.name == "log" else "log"
        return shell.args[0], Fn(inverse, (value,))
    if isinstance(shell, Pow) and isinstance(shell.exponent, Num) and shell.exponent.value.numerator in (1, -1):
        return shell.base, build.power(value, Num(1 / shell.exponent.value))
    return None


def _linear(body: Expr, value: Expr, kernel: Expr) -> Expr | None:
    symbols = _Symbols(body, kernel)
    k = symbols.of(kernel)
    generator = next(iter(k.free_symbols)) if k.free_symbols else None
    if generator is None or not isinstance(generator, sp.Symbol):
        return None
    numerator, denominator = sp.fraction(sp.together(symbols.of(body)))
    o = symbols.symbol(value) if isinstance(value, Read) else sp.Symbol("o", real=True)
    symbols.table[o] = value
    try:
        poly = sp.Poly(o * denominator - numerator, generator)
    except sp.PolynomialError:
        return None
    powers = [m for (m,) in poly.monoms() if m]
    if not powers or len(set(powers)) != 1:
        return None
    degree = powers[0]
    solution = -poly.coeff_monomial(1) / poly.coeff_monomial(generator**degree)
    wanted = sp.cancel(k / generator**degree)
    if wanted != 1:
        if degree % 2 == 0 or not wanted.is_rational_function(generator):
            return None
        exponent = sp.degree(sp.fraction(k)[0], generator) - sp.degree(sp.fraction(k)[1], generator)
        if exponent % degree:
            return None
        solution = solution ** (exponent // degree)
    return symbols.back(sp.cancel(solution))


def _replace(derivative: Expr, kernel: Expr, solved: Expr, value: _Value) -> Expr | None:
    """The derivative with every instance of the kernel replaced, each term's rational coefficient cancelled."""
    found = False

    def replaced(node: Expr, given: tuple[Cond, ...]) -> Expr:
        nonlocal found
        binding = match(kernel, node, value.indices)
        power = Fraction(1)
        if binding is None:
            binding = _as_power(kernel, node, value.indices)
            part, own = _power_of(node), _power_of(kernel)
            power = part[1] / own[1] if part is not None and own is not None else power
        if binding is not None and value.holds(binding, given):
            found = True
            return build.power(substitute(solved, binding), Num(power))
        if isinstance(node, (Sum, Extreme, Partial)):
            return node
        if isinstance(node, Where):
            then = replaced(node.then, (*given, *conjuncts(node.cond)))
            return build.where(node.cond, then, replaced(node.other, (*given, opposite(node.cond))))
        return map_children(node, lambda c: replaced(c, given) if isinstance(c, Expr) else c)

    form = replaced(derivative, value.when)
    return tidy(factor_deep(_cancel_terms(form))) if found else None


def _as_power(kernel: Expr, node: Expr, indices: tuple[Index, ...]) -> Binding | None:
    """The binding under which `node` is an integer power of the kernel."""
    part, own = _power_of(node), _power_of(kernel)
    if part is None or own is None or (part[1] / own[1]).denominator != 1:
        return None
    return match(own[0], part[0], indices)


def _cancel_terms(expr: Expr) -> Expr:
    """Each term's coefficient, without its deltas, in lowest terms; products of exponentials joined."""
    return build.add(*(_cancelled(t) for t in (expr.args if isinstance(expr, Add) else (expr,))))


def _cancelled(term: Expr) -> Expr:
    """One term; under a condition whatever stands beside what is under it."""
    factors = term.args if isinstance(term, Mul) else (term,)
    marks = [f for f in factors if isinstance(f, (Delta, Partial))]
    rest = [f for f in factors if not isinstance(f, (Delta, Partial))]
    guard = next((f for f in rest if isinstance(f, Where) and f.other == build.NIL), None)
    if guard is None:
        return build.mul(_lowest(build.mul(*rest)), *marks)
    inside = build.mul(*(guard.then if f is guard else f for f in rest))
    return build.mul(build.where(guard.cond, _cancel_terms(inside), build.NIL), *marks)


def _lowest(coefficient: Expr) -> Expr:
    symbols = _Symbols(coefficient)
    lowest = sp.cancel(symbols.of(coefficient))
    plain = symbols.back(lowest)
    return _join_exponentials(cheapest(plain, factor_deep(plain), symbols.back(sp.factor(lowest))))


def _join_exponentials(expr: Expr) -> Expr:
    """exp(a) exp(b)^-1 is exp(a - b)."""
    if not isinstance(expr, Mul):
        return expr
    parts = [(f, _exponent(f)) for f in expr.args]
    exponents = [e for _, e in parts if e is not None]
    if len(exponents) < 2:
        return expr
    return build.mul(*(f for f, e in parts if e is None), Fn("exp", (build.add(*exponents),)))


def _exponent(factor: Expr) -> Expr | None:
    base, power = build.split_power(factor)
    if isinstance(base, Fn) and base.name == "exp":
        return build.mul(Num(power), base.args[0])
    return None


def _better(form: Expr, best: Expr) -> bool:
    """Fewer function values, or as many and cheaper without a function that was not there."""
    if functions(form) != functions(best):
        return functions(form) < functions(best)
    new = {key(n) for n in walk(form) if isinstance(n, Fn)} - {key(n) for n in walk(best) if isinstance(n, Fn)}
    return not new and cost(form) < cost(best)


def _no_new_pole(form: Expr, derivative: Expr, value: Expr, kernel: Expr) -> bool:
    """Is every denominator one that the derivative had, or the root that it had in other letters?"""
    had = _denominators(derivative)
    allowed = set(had) | ({key(value)} if _is_root(kernel) and had else set())
    return all(d in allowed for d in _denominators(form))


def _denominators(expr: Expr) -> list[str]:
    return [
        key(n.base) for n in walk(expr) if isinstance(n, Pow) and isinstance(n.exponent, Num) and n.exponent.value < 0
    ]
