"""Networks, equations and expressions as SymPy's: entries are `Indexed`, sums are `Sum`, choices are `Piecewise`.

The names are those of the language; sizes are positive integers, indices `Idx` with their ranges. What SymPy has no
word for, the largest of many, is `Largest` here, which `doit` writes out as `Max` where its ranges are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatchmethod
from itertools import product
from typing import Any

import sympy as sp

from symbp.core import build
from symbp.core.expr import (
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.traverse import all_index_names, fresh_name, indices_of, substitute
from symbp.errors import MissingRule
from symbp.escape import Prose
from symbp.symbolic.functions import ELEMENTARY

FUNCTIONS = {**ELEMENTARY, "abs": sp.Abs, "sign": sp.sign}
RELATIONS = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq, "!=": sp.Ne}


class _Best(sp.Function):  # type: ignore[misc]
    """The best value of a `Lambda` over ranges: `Largest(Lambda((i, j), x[i, j]), (0, 2), (0, 2))`, ends included."""

    best: Any

    def doit(self, **hints: Any) -> sp.Expr:
        """All values side by side where the ranges are numbers."""
        of, *ranges = self.args
        if not all(end.is_Integer for r in ranges for end in r):
            return self
        reach = product(*(range(int(low), int(high) + 1) for low, high in ranges))
        return self.best(*(of(*at).doit(**hints) for at in reach))


class Largest(_Best):
    """The largest of many."""

    best = sp.Max


class Smallest(_Best):
    """The smallest of many."""

    best = sp.Min


class Equations(tuple):  # type: ignore[type-arg]
    """The equations of a network; with what is needed to read it back: its name, arguments, facts and outputs."""

    name: str
    doc: Prose
    parameters: tuple[Any, ...]
    data: tuple[Any, ...]
    labels: dict[Any, sp.Expr]
    facts: tuple[Any, ...]
    outputs: tuple[str, ...]
    order: tuple[str, ...]
    dims: tuple[str, ...]
    each: dict[str, Any]


def equations(network: Network) -> Equations:
    """Every equation of a network as an `Eq`, in order."""
    writer = Writer(network)
    found = Equations(writer.equation(e) for e in network.equations)
    found.name, found.doc, found.outputs = network.name, network.doc, network.outputs
    found.parameters = tuple(writer.tensor(name) for name in network.parameters)
    labels = {t.name: t.classes for t in network.inputs if t.classes is not None}
    found.data = tuple(writer.tensor(name) for name in network.data if name not in labels)
    found.labels = {writer.tensor(name): writer.integer(classes) for name, classes in labels.items()}
    found.facts = tuple(writer.of(f.statement) for f in network.facts)
    found.order = tuple(t.name for t in network.inputs)
    found.dims = tuple(d.name for d in network.dims)
    found.each = {t.name: writer.atom(t.each) for t in network.inputs if t.each is not None}
    return found


@dataclass(slots=True)
class Writer:
    """What an expression about a network is written with."""

    network: Network
    shapes: dict[str, tuple[Poly, ...]] = field(default_factory=dict)

    def equation(self, equation: Equation) -> sp.Eq:
        """`Eq(z[n, h], ...)`."""
        return self.equality(Read(equation.name, tuple(Poly.of(i) for i in equation.indices)), equation.body)

    def equality(self, one: Node, other: Node) -> sp.Eq:
        """`Eq` of both sides, as they stand."""
        return sp.Eq(self.of(one), self.of(other), evaluate=False)

    def tensor(self, name: str) -> Any:
        """A tensor as a whole: an `IndexedBase` with its shape, or a `Symbol`; labels are integers."""
        shape = self.shapes.get(name)
        if shape is None:
            shape = self.network.shape(name)
        given = self.network.tensor(name)
        if not shape:
            return sp.Symbol(name, integer=True) if given and given.classes is not None else sp.Symbol(name)
        labels = {"integer": True} if given is not None and given.classes is not None else {}
        return sp.IndexedBase(name, shape=tuple(self.integer(p) for p in shape), **labels)

    def integer(self, poly: Poly) -> sp.Expr:
        """A size or a subscript."""
        return sp.Add(*(sp.Mul(c, *(self.atom(a) for a in m)) for m, c in poly.terms))

    def atom(self, atom: Atom) -> sp.Expr:
        """A size, an index, a label."""
        match atom:
            case Dim(name):
                return sp.Symbol(name, integer=True, positive=True)
            case DimAt(name, at):
                return sp.IndexedBase(name, integer=True, positive=True)[self.integer(at)]
            case Index(name, stop, start):
                return sp.Idx(name, (self.integer(start), self.integer(stop) - 1))
            case Quotient(top, bottom):
                return sp.floor(self.integer(top) / self.integer(bottom))
            case Read():
                return self.of(atom)
        raise MissingRule(f"symbolic/write.py has no rule for {type(atom).__name__}")

    @singledispatchmethod
    def of(self, node: Node) -> Any:
        """An expression or a condition."""
        raise MissingRule(f"symbolic/write.py has no rule for {type(node).__name__}; have you added a new node?")

    @of.register
    def _num(self, node: Num) -> sp.Expr:
        return sp.Rational(node.value.numerator, node.value.denominator)

    @of.register
    def _pi(self, node: Pi) -> sp.Expr:
        return sp.pi

    @of.register
    def _int(self, node: Int) -> sp.Expr:
        return self.integer(node.value)

    @of.register
    def _read(self, node: Read) -> sp.Expr:
        tensor = self.tensor(node.tensor)
        return tensor[tuple(self.integer(s) for s in node.subs)] if node.subs else tensor

    @of.register
    def _add(self, node: Add) -> sp.Expr:
        return sp.Add(*(self.of(a) for a in node.args))

    @of.register
    def _mul(self, node: Mul) -> sp.Expr:
        return sp.Mul(*(self.of(a) for a in node.args))

    @of.register
    def _pow(self, node: Pow) -> sp.Expr:
        return sp.Pow(self.of(node.base), self.of(node.exponent))

    @of.register
    def _fn(self, node: Fn) -> sp.Expr:
        args = [self.of(a) for a in node.args]
        if not node.orders:
            return FUNCTIONS[node.name](args[0])
        by = [sp.Dummy(f"u{place + 1}") for place in range(len(args))]
        plain = sp.Function(node.name)(*by)
        if not any(node.orders):
            return sp.Function(node.name)(*args)
        raised = sp.Derivative(plain, *((u, k) for u, k in zip(by, node.orders, strict=True) if k))
        return sp.Subs(raised, tuple(by), tuple(args))

    @of.register
    def _where(self, node: Where) -> sp.Expr:
        return sp.Piecewise((self.of(node.then), self.of(node.cond)), (self.of(node.other), sp.true), evaluate=False)

    @of.register
    def _delta(self, node: Delta) -> sp.Expr:
        return sp.KroneckerDelta(self.integer(node.a), self.integer(node.b))

    @of.register
    def _sum(self, node: Sum) -> sp.Expr:
        limits = ((self.atom(i), self.integer(i.start), self.integer(i.stop) - 1) for i in reversed(node.indices))
        return _sum_of(self.of(node.body), tuple(sp.Tuple(*limit) for limit in limits))

    @of.register
    def _extreme(self, node: Extreme) -> sp.Expr:
        best, none = (Largest, -sp.oo) if node.kind == "max" else (Smallest, sp.oo)
        body, cond = self.of(node.body), self.of(node.cond)
        if cond is not sp.true:
            body = sp.Piecewise((body, cond), (none, sp.true), evaluate=False)
        letters = tuple(self.atom(i) for i in node.indices)
        ends = (sp.Tuple(self.integer(i.start), self.integer(i.stop) - 1) for i in node.indices)
        return best(sp.Lambda(letters, body), *ends)

    @of.register
    def _first(self, node: First) -> Any:
        return self.of(_written_out(node))

    @of.register
    def _partial(self, node: Partial) -> sp.Expr:
        return sp.Derivative(self.of(node.of), self.of(node.by), evaluate=False)

    @of.register
    def _compare(self, node: Compare) -> Any:
        return RELATIONS[node.op](self.of(node.a), self.of(node.b), evaluate=False)  # else SymPy tries to decide

    @of.register
    def _and(self, node: And) -> Any:
        return sp.And(*(self.of(a) for a in node.args), evaluate=False) if node.args else sp.true

    @of.register
    def _or(self, node: Or) -> Any:
        return sp.Or(*(self.of(a) for a in node.args), evaluate=False) if node.args else sp.false

    @of.register
    def _not(self, node: Not) -> Any:
        return sp.Not(self.of(node.arg), evaluate=False)


def _written_out(node: First) -> Cond:
    """That the body is the extreme at a place and nothing before it in row-major order is: SymPy has no argmax."""
    extreme = Extreme(node.kind, node.indices, node.body, node.cond)
    here: dict[Atom, Poly] = dict(zip(node.indices, node.at, strict=True))
    conditions: list[Cond] = [substitute(node.cond, here), Compare("==", substitute(node.body, here), extreme)]
    taken = all_index_names(extreme) | {i.name for p in node.at for i in indices_of(p)}
    for place, index in enumerate(node.indices):
        names = [fresh_name(i.name, taken) for i in node.indices[place:]]
        taken.update(names)
        earlier = [Index(names[0], node.at[place], index.start)]
        earlier += [Index(n, i.stop, i.start) for n, i in zip(names[1:], node.indices[place + 1 :], strict=True)]
        table = here | {old: Poly.of(new) for old, new in zip(node.indices[place:], earlier, strict=True)}
        hit = build.both(substitute(node.cond, table), Compare("==", substitute(node.body, table), extreme))
        count = build.total(earlier, build.where(hit, build.UNIT, build.NIL))
        conditions.append(Compare("==", count, build.NIL))
    return build.both(*conditions)


def _sum_of(body: sp.Expr, limits: tuple[sp.Tuple, ...]) -> sp.Sum:
    """A `Sum` as it stands: its constructor tries to simplify the conditions in it first, which may take minutes."""
    result = sp.Expr.__new__(sp.Sum, body, *limits)
    result.is_commutative = body.is_commutative
    return result
