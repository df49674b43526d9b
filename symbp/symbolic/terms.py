"""SymPy's expressions as those of a network: integers, values, conditions, the entries of matrices.

What the tensors and sizes are is known here; what has no counterpart in the language is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Cond, Expr, Extreme, Fn, Pi, Read
from symbp.core.integers import ONE, Dim, DimAt, Index, Poly, quotient
from symbp.core.traverse import fresh_name
from symbp.errors import SymbpError
from symbp.symbolic.write import Largest, Smallest

FUNCTIONS = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tanh: "tanh", sp.erf: "erf", sp.Abs: "abs",
    sp.sign: "sign",
}  # fmt: skip
RELATIONS = {
    sp.StrictLessThan: "<", sp.LessThan: "<=", sp.StrictGreaterThan: ">", sp.GreaterThan: ">=",
    sp.Equality: "==", sp.Unequality: "!=",
}  # fmt: skip
Env = Mapping[Any, Any]  # what symbols stand for: an Index, or a value


class Refused(SymbpError, ValueError):
    """What SymPy can say and the language cannot."""


def refused(what: object, why: str = "has no counterpart in the language") -> Refused:
    """The error that says what it is that has no counterpart: a name, or an object of SymPy's by its type."""
    match what:
        case str(name):
            return Refused(f"{name} {why}")
    return Refused(f"{type(what).__name__} {why} in {str(what)[:80]}")


def basic(value: Any) -> Any:
    """An object of SymPy, or a number as one; a text is refused, for SymPy would evaluate it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return sp.Integer(value) if isinstance(value, int) else sp.Float(value)
    if not isinstance(value, (sp.Basic, sp.MatrixBase)):
        raise refused(value, "is no expression of SymPy")
    return value


def tensor_of(part: Any) -> Any:
    """The tensor that an entry is of; anything else itself."""
    return part.base if isinstance(part, sp.Indexed) else part


def name_of(of: Any) -> str:
    """The name of a tensor, which is one of the language."""
    tensor = tensor_of(of)
    base = tensor.label if isinstance(tensor, sp.IndexedBase) else tensor
    if not isinstance(base, (sp.Symbol, sp.MatrixSymbol, sp.Idx)):
        raise refused(of, "is not the name of a quantity")
    name = str(base.name)
    if not name.isidentifier() or not name.isascii():
        raise refused(repr(name), "is no name in the language: a letter, then letters and digits")
    return name


@dataclass
class Terms:
    """What is known while expressions are read: every tensor by its name, which of them are labels, the sizes.

    The unknown functions are those that were met, with their number of arguments.
    """

    kinds: dict[str, Any] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    dims: dict[str, Dim] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)  # letters that products were summed over

    # Integers.

    def index(self, i: Any, env: Env) -> Index:
        if i.upper is None:
            raise refused(str(i), "has no range: Idx('n', N)")
        return Index(str(i.label), self.integer(i.upper + 1, env), self.integer(i.lower, env))

    def integer(self, e: Any, env: Env) -> Poly:
        """A size, an extent or a subscript."""
        e = basic(e)
        if e in env and isinstance(env[e], Index):
            return Poly.of(env[e])
        match e:
            case sp.Integer():
                return Poly.of(int(e))
            case sp.Idx():
                return Poly.of(self.index(e, env))
            case sp.Symbol() if e.name in self.dims:
                return Poly.of(self.dims[e.name])
            case sp.Symbol() if e.name in self.labels:
                return Poly.of(Read(e.name))
            case sp.Indexed():
                name, subs = name_of(e), tuple(self.integer(s, env) for s in e.indices)
                if name in self.labels:
                    return Poly.of(Read(name, subs))
                if name not in self.kinds and len(subs) == 1:
                    return Poly.of(DimAt(name, subs[0]))
            case sp.Add():
                return sum((self.integer(a, env) for a in e.args), Poly())
            case sp.Mul():
                return prod((self.integer(a, env) for a in e.args), start=ONE)
            case sp.Pow(args=(base, exponent)) if exponent.is_Integer and exponent > 0:
                return prod([self.integer(base, env)] * int(exponent), start=ONE)
            case sp.floor():
                top, bottom = sp.fraction(sp.together(e.args[0]))
                return quotient(self.integer(sp.expand(top), env), self.integer(bottom, env))
            case sp.Symbol():
                raise refused(e.name, "stands in a size or a subscript, and nothing says what it is")
        raise refused(e, "is no integer expression of the language")

    # Values.

    def of(self, e: Any, env: Env) -> Expr:
        """An expression."""
        if e in env:
            return build.integer(env[e]) if isinstance(env[e], Index) else env[e]
        match e:
            case sp.Float():
                return build.num(Fraction(str(e)))
            case sp.Rational():
                return build.num(Fraction(int(e.p), int(e.q)))
            case sp.pi:
                return Pi()
            case sp.E:
                return Fn("exp", (build.UNIT,))
            case sp.Symbol() | sp.Indexed() | sp.Idx():
                return self._named(e, env)
            case sp.Add():  # of matrices with one entry too
                return build.add(*(self.of(a, env) for a in e.args))
            case sp.Mul():
                return build.mul(*(self.of(a, env) for a in e.args))
            case sp.Pow():
                return build.power(self.of(e.base, env), self.of(e.exp, env))
            case sp.MatrixExpr():
                return self._single(e, env)
        return self._applied(e, env)

    def _named(self, e: Any, env: Env) -> Expr:
        match e:
            case sp.Idx():
                return build.integer(self.integer(e, env))
            case sp.Symbol() if e.name in self.dims:
                return build.integer(self.dims[e.name])
        name = name_of(e)
        if name in self.kinds:
            return Read(name, tuple(self.integer(s, env) for s in getattr(e, "indices", ())))
        match e:
            case sp.Indexed() if e.base.label.is_integer:
                return build.integer(self.integer(e, env))
        raise refused(name, "is neither defined nor among parameters and data")

    def _applied(self, e: Any, env: Env) -> Expr:
        if type(e) in FUNCTIONS:
            return Fn(FUNCTIONS[type(e)], (self.of(e.args[0], env),))
        match e:
            case sp.Max():
                return self._best_of(">=", e, env)
            case sp.Min():
                return self._best_of("<=", e, env)
            case sp.Piecewise():
                return self._choice(e, env)
            case sp.KroneckerDelta():
                return build.delta(*(self.integer(a, env) for a in e.args[:2]))
            case sp.Sum():
                indices, inner = self._bound(reversed(e.limits), env)
                return build.total(indices, self.of(e.function, inner))
            case Largest() | Smallest():
                return self._extreme(e, env)
            case AppliedUndef():
                return self._unknown(e.func.__name__, e.args, (0,) * len(e.args), env)
            case sp.Subs() | sp.Derivative():
                return self._derivative(e, env)
            case MatrixElement():
                return self.entry(e.parent, self.integer(e.i, env), self.integer(e.j, env), env)
            case sp.Trace():
                i = self._fresh(e.arg.shape[0], e)
                return build.total((i,), self.entry(e.arg, Poly.of(i), Poly.of(i), env))
        raise refused(e)

    def _bound(self, limits: Iterable[Any], env: Env) -> tuple[tuple[Index, ...], Env]:
        indices: list[Index] = []
        for limit in limits:
            letter, *ends = limit
            if len(ends) != 2:
                raise refused(f"a sum over {letter}", "needs both ends: Sum(f, (i, 0, N - 1))")
            index = Index(self._called(letter), self.integer(ends[1] + 1, env), self.integer(ends[0], env))
            indices.append(index)
            env = {**env, letter: index}
        return tuple(indices), env

    def _called(self, letter: Any) -> str:
        """The name of an index: its own, but for what SymPy made up (`_i_1`) and for what is a tensor's."""
        name = str(letter.label if isinstance(letter, sp.Idx) else letter).lstrip("_")
        return fresh_name(name if name.isidentifier() else "i", {*self.kinds, *self.dims})

    def _best_of(self, op: str, e: Any, env: Env) -> Expr:
        first, *rest = (self.of(a, env) for a in sorted(e.args, key=sp.default_sort_key))
        for other in rest:
            first = build.where(build.compare(op, first, other), first, other)
        return first

    def _choice(self, e: Any, env: Env) -> Expr:
        *branches, (last, always) = e.args
        if always is not sp.true:
            raise refused("Piecewise", "needs a last branch for all other cases: (0, True)")
        result = self.of(last, env)
        for value, cond in reversed(branches):
            result = build.where(self.cond(cond, env), self.of(value, env), result)
        return result

    def _extreme(self, e: Any, env: Env) -> Expr:
        of, *ranges = e.args
        limits = [(v, low, high) for v, (low, high) in zip(of.variables, ranges, strict=True)]
        indices, inner = self._bound(limits, env)
        kind, none = ("max", -sp.oo) if isinstance(e, Largest) else ("min", sp.oo)
        body, cond = of.expr, build.both()
        if isinstance(body, sp.Piecewise) and body.args[-1][0] == none:
            (body, where), _ = body.args
            cond = self.cond(where, inner)
        return Extreme(kind, indices, self.of(body, inner), cond)

    def _unknown(self, name: str, args: Iterable[Any], orders: tuple[int, ...], env: Env) -> Expr:
        self.functions[name] = len(orders)
        return Fn(name, tuple(self.of(a, env) for a in args), orders)

    def _derivative(self, e: Any, env: Env) -> Expr:
        """A partial derivative of an unknown function at its arguments."""
        match e:
            case sp.Subs(expr=sp.Derivative(expr=AppliedUndef()) as inner):
                at = dict(zip(e.variables, e.point, strict=True))
            case sp.Derivative(expr=AppliedUndef()) as inner:
                at = {}
            case _:
                raise refused(e, "is no derivative of an unknown function")
        plain = inner.expr
        counts = {v: int(n) for v, n in inner.variable_count}
        orders = tuple(counts.get(a, 0) for a in plain.args)
        if sum(orders) != sum(counts.values()):
            raise refused(e, "is no derivative by an argument of the function")
        return self._unknown(plain.func.__name__, [at.get(a, a) for a in plain.args], orders, env)

    def cond(self, e: Any, env: Env) -> Cond:
        """A condition."""
        if e is sp.true or e is sp.false:
            return TRUE if e is sp.true else FALSE
        if type(e) in RELATIONS:
            return build.compare(RELATIONS[type(e)], self.of(e.lhs, env), self.of(e.rhs, env))
        match e:
            case sp.And():
                return build.both(*(self.cond(a, env) for a in _in_order(e.args)))
            case sp.Or():
                return build.either(*(self.cond(a, env) for a in _in_order(e.args)))
            case sp.Not():
                return build.negate(self.cond(e.args[0], env))
        raise refused(e)

    # Matrices, entry by entry.

    def _single(self, e: Any, env: Env) -> Expr:
        if e.shape != (1, 1):
            raise refused(e, "is a matrix where a number is expected")
        return self.entry(e, Poly(), Poly(), env)

    def _fresh(self, extent: Any, e: Any, taken: Iterable[str] = ()) -> Index:
        names = {*taken, *(str(s) for s in e.free_symbols), *self.kinds, *self.dims, *self._used}
        letter = fresh_name("k", names)
        self._used.add(letter)
        return Index(letter, self.integer(extent, {}))

    def entry(self, m: Any, i: Poly, j: Poly, env: Env) -> Expr:
        """An entry of a matrix expression."""
        match m:
            case sp.MatrixSymbol():
                if name_of(m) not in self.kinds:
                    raise refused(name_of(m), "is neither defined nor among parameters and data")
                return Read(name_of(m), (i, j))
            case sp.MatMul():
                return self._product(m, i, j, env)
            case sp.MatAdd():
                return build.add(*(self.entry(a, i, j, env) for a in m.args))
            case sp.Transpose():
                return self.entry(m.arg, j, i, env)
            case sp.HadamardProduct():
                return build.mul(*(self.entry(a, i, j, env) for a in m.args))
            case sp.HadamardPower():
                return build.power(self.entry(m.base, i, j, env), self.of(m.exp, env))
            case sp.MatPow() if m.exp.is_Integer and m.exp > 0:
                return self.entry(sp.MatMul(*[m.base] * int(m.exp), evaluate=False), i, j, env)
            case sp.Identity():
                return build.delta(i, j)
            case sp.ZeroMatrix():
                return build.NIL
            case sp.OneMatrix():
                return build.UNIT
            case ElementwiseApplyFunction():
                (letter,) = m.function.variables
                return self.of(m.function.expr, {**env, letter: self.entry(m.expr, i, j, env)})
        raise refused(m)

    def _product(self, m: Any, i: Poly, j: Poly, env: Env) -> Expr:
        number, factors = m.as_coeff_matrices()
        inner = [self._fresh(f.shape[1], m, (str(i), str(j))) for f in factors[:-1]]
        places = [i, *(Poly.of(k) for k in inner), j]
        entries = (self.entry(f, a, b, env) for f, a, b in zip(factors, places[:-1], places[1:], strict=True))
        return build.mul(self.of(number, env), build.total(inner, build.mul(*entries)))


def _in_order(args: Iterable[Any]) -> list[Any]:
    """The parts of a condition, those that integers alone decide first: they may guard what the others read."""
    return sorted(args, key=lambda a: (bool(a.atoms(sp.Indexed)), sp.default_sort_key(a)))
