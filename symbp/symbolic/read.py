"""SymPy's expressions as a network: scalars, `Indexed` with `Sum`, or matrices; what has no counterpart is refused.

Only the objects of SymPy that a caller hands over are read, by their types: no text is parsed and nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Cond, Expr, Extreme, Fn, Pi, Read
from symbp.core.integers import Dim, DimAt, Index, Poly, quotient
from symbp.core.network import DATA, LABELS, PARAM, Equation, Fact, Network, Tensor
from symbp.core.traverse import fresh_name, indices_of
from symbp.errors import SymbpError
from symbp.escape import Prose
from symbp.symbolic.write import Equations, Largest, Smallest

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


def _refuse(what: object, why: str = "has no counterpart in the language") -> NoReturn:
    name = what if isinstance(what, str) else type(what).__name__
    shown = "" if isinstance(what, str) else f" in {str(what)[:80]}"
    raise Refused(f"{name} {why}{shown}")


def read_equations(
    loss: Any,
    *,
    parameters: Iterable[Any] | None = None,
    data: Iterable[Any] | None = None,
    labels: Mapping[Any, Any] | None = None,
    equations: Iterable[Any] = (),
    name: str = "net",
    doc: str = "",
) -> Network:
    """The network of a loss, of named intermediates (`Eq`s) and of what is differentiated by (`parameters`).

    `labels` says what each array of integers counts up to. What is named nowhere is data, if none are given.
    """
    if isinstance(loss, Equations):
        return _Reader(loss.parameters, loss.data, loss.labels, tuple(loss), loss.order, loss.dims).network(
            loss.name, loss.doc, loss.outputs, loss.facts, loss.each
        )
    if parameters is None:
        raise Refused("say what the loss is differentiated by: parameters=(w, b)")
    loss, given = _basic(loss), tuple(equations)
    if not all(isinstance(e, sp.Equality) for e in given):
        _refuse("an intermediate", "is an Eq: Eq(z, w*x + b)")
    known = {_name(e.lhs) for e in given}
    if isinstance(loss, sp.Equality):
        given, loss = (*given, loss), loss.lhs
    if not (isinstance(loss, sp.Symbol) and loss.name in known | {_name(e.lhs) for e in given}):
        taken = {str(s) for e in (loss, *given) for s in e.free_symbols}
        target = sp.Symbol(fresh_name("L", taken))
        given, loss = (*given, sp.Eq(target, loss, evaluate=False)), target
    reader = _Reader(_each(parameters), None if data is None else _each(data), dict(labels or {}), given)
    return reader.network(name, Prose(doc), (loss.name,), (), {})


def _basic(value: Any) -> Any:
    """An object of SymPy, or a number as one; a text is refused, for SymPy would evaluate it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return sp.Integer(value) if isinstance(value, int) else sp.Float(value)
    if not isinstance(value, (sp.Basic, sp.MatrixBase)):
        _refuse(value, "is no expression of SymPy")
    return value


def _each(tensors: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_basic(t) for t in tensors)


def _name(of: Any) -> str:
    """The name of a tensor, which is one of the language."""
    base = of.base.label if isinstance(of, sp.Indexed) else of.label if isinstance(of, sp.IndexedBase) else of
    if not isinstance(base, (sp.Symbol, sp.MatrixSymbol, sp.Idx)):
        _refuse(of, "is not the name of a quantity")
    name = str(base.name)
    if not name.isidentifier() or not name.isascii():
        _refuse(repr(name), "is no name in the language: a letter, then letters and digits")
    return name


@dataclass
class _Reader:
    """What is known while expressions are read."""

    parameters: tuple[Any, ...]
    data: tuple[Any, ...] | None
    labels: dict[Any, Any]
    given: tuple[Any, ...]
    order: tuple[str, ...] = ()
    sizes: Sequence[str] = ()
    dims: dict[str, Dim] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, Any] = field(default_factory=dict)  # every tensor by its name
    _letters: set[Any] | None = None
    _used: set[str] = field(default_factory=set)  # letters that products were summed over

    def network(
        self, name: str, doc: Prose, outputs: tuple[str, ...], facts: tuple[Any, ...], each: dict[str, Any]
    ) -> Network:
        """The whole network."""
        self.dims = {n: Dim(n) for n in self.sizes}
        self.kinds = {_name(t): t for t in (*self.parameters, *(self.data or ()), *self.labels)}
        self.kinds |= {_name(e.lhs): e.lhs for e in self.given}
        self._find_sizes()
        data = self.data if self.data is not None else self._others()
        inputs = [self._input(t, DATA, each) for t in data]
        inputs += [self._input(t, LABELS, each) for t in self.labels]
        inputs += [self._input(t, PARAM, each) for t in self.parameters]
        if self.order:
            inputs.sort(key=lambda t: self.order.index(t.name))
        made = tuple(self._equation(e) for e in self.given)
        stated = tuple(Fact(f"F{k + 1}", self.cond(f, {})) for k, f in enumerate(facts))
        functions = tuple(self.functions.items())
        return Network(name, doc, tuple(self.dims.values()), tuple(inputs), made, outputs, stated, functions)

    def _find_sizes(self) -> None:
        """What stands in shapes and in ranges is a size."""
        read = (a for e in self.given for a in e.atoms(sp.IndexedBase, sp.MatrixSymbol))
        for tensor in (*self.kinds.values(), *read):
            base = tensor.base if isinstance(tensor, sp.Indexed) else tensor
            for extent in getattr(base, "shape", None) or ():
                self._note_sizes(extent)
        for equation in self.given:
            for part in sp.preorder_traversal(equation):
                if isinstance(part, sp.Sum):
                    for _, *ends in part.limits:
                        for end in ends:
                            self._note_sizes(end)
                elif isinstance(part, sp.Idx) and part.upper is not None:
                    self._note_sizes(part.upper)

    def _note_sizes(self, extent: Any) -> None:
        for s in sorted(_basic(extent).free_symbols, key=str):
            if type(s) is sp.Symbol and s.name not in self.kinds and not self._is_letter(s):
                self.dims.setdefault(s.name, Dim(_name(s)))

    def _is_letter(self, symbol: Any) -> bool:
        """Is it the index of a sum or of a left side, or the name of sizes that differ by layer?"""
        if self._letters is None:
            bound = {v for e in self.given for s in e.atoms(sp.Sum) for v, *_ in s.limits}
            left = {i for e in self.given if isinstance(e.lhs, sp.Indexed) for i in e.lhs.indices}
            bases = {s.base.label for e in self.given for s in e.atoms(sp.Indexed) if s.base.label.is_integer}
            self._letters = bound | left | bases | {i.label for e in self.given for i in e.atoms(sp.Idx)}
        return symbol in self._letters

    def _others(self) -> tuple[Any, ...]:
        """What is named nowhere, in the order of the names."""
        found: dict[str, Any] = {}
        for e in self.given:
            for part in sp.preorder_traversal(e.rhs):
                whole = part.base if isinstance(part, sp.Indexed) else part
                if not isinstance(whole, (sp.IndexedBase, sp.MatrixSymbol, sp.Symbol)) or isinstance(whole, sp.Dummy):
                    continue
                name = str(whole.label if isinstance(whole, sp.IndexedBase) else whole.name)
                if name not in self.kinds and name not in self.dims and not self._is_letter(whole):
                    found.setdefault(name, whole)
        bases = {str(t.label) for t in found.values() if isinstance(t, sp.IndexedBase)}
        kept = {n: t for n, t in found.items() if not (type(t) is sp.Symbol and n in bases)}
        self.kinds |= kept
        return tuple(kept[n] for n in sorted(kept))

    def _input(self, tensor: Any, kind: str, each: dict[str, Any]) -> Tensor:
        name = _name(tensor)
        shape = tuple(self.integer(p, {}) for p in getattr(tensor, "shape", None) or ())
        if isinstance(tensor, sp.IndexedBase) and not shape:
            _refuse(name, "has no shape: IndexedBase('x', shape=(N, D))")
        classes = self.integer(self.labels[tensor], {}) if kind == LABELS else None
        outer = next((i for p in shape for i in indices_of(p)), None)
        layer = self._index(each[name], {}) if name in each else outer
        return Tensor(name, kind, shape, classes, layer)

    # Equations.

    def _equation(self, e: Any) -> Equation:
        lhs, name = e.lhs, _name(e.lhs)
        if isinstance(lhs, sp.Indexed):
            indices = tuple(self._left(i, k, lhs, e.rhs) for k, i in enumerate(lhs.indices))
            env = dict(zip(lhs.indices, indices, strict=True))
            return Equation(name, indices, self.of(e.rhs, env))
        if isinstance(lhs, sp.MatrixSymbol):
            i, j = self._letters_for(lhs.shape, e)
            return Equation(name, (i, j), self.entry(e.rhs, Poly.of(i), Poly.of(j), {}))
        return Equation(name, (), self.of(e.rhs, {}))

    def _left(self, i: Any, place: int, lhs: Any, rhs: Any) -> Index:
        """An index of a left side: its own range, or that of the tensor, or of a tensor that is read with it."""
        if isinstance(i, sp.Idx) and i.upper is not None:
            return self._index(i, {})
        name = str(i)
        if lhs.base.shape is not None:
            return Index(name, self.integer(lhs.base.shape[place], {}))
        for read in rhs.atoms(sp.Indexed):
            for sub, extent in zip(read.indices, read.base.shape or (), strict=False):
                if sub == i:
                    return Index(name, self.integer(extent, {}))
        _refuse(name, f"has no range: give {lhs.base.label} a shape, or the index, Idx('{name}', N)")

    def _letters_for(self, shape: Any, e: Any) -> tuple[Index, ...]:
        taken = {str(s) for s in e.free_symbols} | set(self.kinds) | set(self.dims)
        found = []
        for extent in shape:
            stem = str(extent).lower() if str(extent).isalpha() and len(str(extent)) == 1 else "i"
            letter = fresh_name(stem, taken)
            taken.add(letter)
            found.append(Index(letter, self.integer(extent, {})))
        return tuple(found)

    # Integers.

    def _index(self, i: Any, env: Env) -> Index:
        if i.upper is None:
            _refuse(str(i), "has no range: Idx('n', N)")
        return Index(str(i.label), self.integer(i.upper + 1, env), self.integer(i.lower, env))

    def integer(self, e: Any, env: Env) -> Poly:
        """A size, an extent or a subscript."""
        e = _basic(e)
        if e in env and isinstance(env[e], Index):
            return Poly.of(env[e])
        match e:
            case sp.Integer():
                return Poly.of(int(e))
            case sp.Idx():
                return Poly.of(self._index(e, env))
            case sp.Symbol() if e.name in self.dims:
                return Poly.of(self.dims[e.name])
            case sp.Symbol() if e.name in {_name(t) for t in self.labels}:
                return Poly.of(Read(e.name))
            case sp.Indexed():
                name, subs = _name(e), tuple(self.integer(s, env) for s in e.indices)
                if name in {_name(t) for t in self.labels}:
                    return Poly.of(Read(name, subs))
                if name not in self.kinds and len(subs) == 1:
                    return Poly.of(DimAt(name, subs[0]))
            case sp.Add():
                return sum((self.integer(a, env) for a in e.args), Poly())
            case sp.Mul():
                result = Poly.of(1)
                for a in e.args:
                    result = result * self.integer(a, env)
                return result
            case sp.Pow(args=(base, exponent)) if exponent.is_Integer and exponent > 0:
                result = Poly.of(1)
                for _ in range(int(exponent)):
                    result = result * self.integer(base, env)
                return result
            case sp.floor():
                top, bottom = sp.fraction(sp.together(e.args[0]))
                return quotient(self.integer(sp.expand(top), env), self.integer(bottom, env))
        if isinstance(e, sp.Symbol):
            _refuse(e.name, "stands in a size or a subscript, and nothing says what it is")
        _refuse(e, "is no integer expression of the language")

    # Values.

    def of(self, e: Any, env: Env) -> Expr:
        """An expression."""
        if e in env:
            return build.integer(env[e]) if isinstance(env[e], Index) else env[e]
        if isinstance(e, (sp.Rational, sp.Float)):
            return build.num(Fraction(str(e)) if isinstance(e, sp.Float) else Fraction(int(e.p), int(e.q)))
        if e is sp.pi:
            return Pi()
        if e is sp.E:
            return Fn("exp", (build.UNIT,))
        if isinstance(e, (sp.Symbol, sp.Indexed, sp.Idx)):
            return self._named(e, env)
        if isinstance(e, sp.Add):
            return build.add(*(self.of(a, env) for a in e.args))
        if isinstance(e, sp.Mul):
            return build.mul(*(self.of(a, env) for a in e.args))
        if isinstance(e, sp.Pow):
            return build.power(self.of(e.base, env), self.of(e.exp, env))
        if isinstance(e, sp.MatrixExpr):
            return self._single(e, env)
        return self._applied(e, env)

    def _named(self, e: Any, env: Env) -> Expr:
        if isinstance(e, sp.Idx) or (isinstance(e, sp.Symbol) and e.name in self.dims):
            return build.integer(self.integer(e, env))
        name = _name(e)
        if name in self.kinds:
            subs = e.indices if isinstance(e, sp.Indexed) else ()
            return Read(name, tuple(self.integer(s, env) for s in subs))
        if isinstance(e, sp.Indexed) and e.base.label.is_integer:
            return build.integer(self.integer(e, env))
        _refuse(name, "is neither defined nor among parameters and data")

    def _applied(self, e: Any, env: Env) -> Expr:
        if type(e) in FUNCTIONS:
            return Fn(FUNCTIONS[type(e)], (self.of(e.args[0], env),))
        if isinstance(e, (sp.Max, sp.Min)):
            return self._best_of(">=" if isinstance(e, sp.Max) else "<=", e, env)
        match e:
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
        _refuse(e)

    def _bound(self, limits: Iterable[Any], env: Env) -> tuple[tuple[Index, ...], Env]:
        indices: list[Index] = []
        for limit in limits:
            letter, *ends = limit
            if len(ends) != 2:
                _refuse(f"a sum over {letter}", "needs both ends: Sum(f, (i, 0, N - 1))")
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
            _refuse("Piecewise", "needs a last branch for all other cases: (0, True)")
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
        inner = e.expr if isinstance(e, sp.Subs) else e
        if not isinstance(inner, sp.Derivative) or not isinstance(inner.expr, AppliedUndef):
            _refuse(e, "is no derivative of an unknown function")
        plain = inner.expr
        counts = {v: int(n) for v, n in inner.variable_count}
        orders = tuple(counts.get(a, 0) for a in plain.args)
        if sum(orders) != sum(counts.values()):
            _refuse(e, "is no derivative by an argument of the function")
        at = dict(zip(e.variables, e.point, strict=True)) if isinstance(e, sp.Subs) else {}
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
        _refuse(e)

    # Matrices, entry by entry.

    def _single(self, e: Any, env: Env) -> Expr:
        if e.shape != (1, 1):
            _refuse(e, "is a matrix where a number is expected")
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
                if _name(m) not in self.kinds:
                    _refuse(_name(m), "is neither defined nor among parameters and data")
                return Read(_name(m), (i, j))
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
        if isinstance(m, ElementwiseApplyFunction):
            (letter,) = m.function.variables
            return self.of(m.function.expr, {**env, letter: self.entry(m.expr, i, j, env)})
        _refuse(m)

    def _product(self, m: Any, i: Poly, j: Poly, env: Env) -> Expr:
        number, factors = m.as_coeff_matrices()
        inner = [self._fresh(f.shape[1], m, (str(i), str(j))) for f in factors[:-1]]
        places = [i, *(Poly.of(k) for k in inner), j]
        entries = (self.entry(f, a, b, env) for f, a, b in zip(factors, places[:-1], places[1:], strict=True))
        return build.mul(self.of(number, env), build.total(inner, build.mul(*entries)))


def _in_order(args: Iterable[Any]) -> list[Any]:
    """The parts of a condition, those that integers alone decide first: they may guard what the others read."""
    return sorted(args, key=lambda a: (bool(a.atoms(sp.Indexed)), sp.default_sort_key(a)))
