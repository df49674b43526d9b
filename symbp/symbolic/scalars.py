"""The value of an index expression in scalars: a SymPy expression of entries, by a rule for each node.

Sums are written out; a choice is made as the case says. Of a product whose factor is 0 the rest is not looked at, as a
read outside a tensor may stand there. It knows no rule of the calculus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, singledispatchmethod
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
    Expr,
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
from symbp.core.integers import Node, Poly, Quotient
from symbp.core.traverse import children, labels_of, polys
from symbp.core.views import integers_compared
from symbp.errors import MissingRule
from symbp.symbolic.cases import Case, Undecided
from symbp.symbolic.functions import ELEMENTARY, unknown
from symbp.symbolic.sizes import At, Key, Outside, Sizes, Undefined, places

COMPARISONS = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "==": int.__eq__, "!=": int.__ne__}
Entry = tuple[str, Key]


@dataclass(slots=True)
class Scalars:
    """What an expression is evaluated in: sizes, a case, the entries of tensors, how many classes labels count.

    `decide` is what a compared value is replaced by first; `partial` gives a local derivative.
    """

    sizes: Sizes
    case: Case
    entry: Callable[[str, Key], sp.Expr]
    classes: Callable[[str], int]
    decide: Callable[[sp.Expr], sp.Expr] = lambda value: value
    partial: Callable[[Entry, Entry], sp.Expr] | None = None

    def integer(self, poly: Poly, at: At) -> int:
        """The value of a subscript, labels in it as the case has them."""
        total = 0
        for monomial, coefficient in poly.terms:
            for atom in monomial:
                match atom:
                    case Read(name, subs):
                        coefficient *= self.case.label(name, self.key(subs, at), self.classes(name))
                    case Quotient(top, bottom):
                        coefficient *= self.integer(top, at) // self.integer(bottom, at)
                    case _:
                        coefficient *= self.sizes.of(atom, at)
            total += coefficient
        return total

    def key(self, subs: tuple[Poly, ...], at: At) -> Key:
        """The values of subscripts."""
        return tuple([self.integer(s, at) for s in subs])

    def value(self, node: Node, at: At) -> sp.Expr:
        """The value of an expression where its free indices have these values."""
        return _rule(type(node))(self, node, at)

    @singledispatchmethod
    def _value(self, node: Node, at: At) -> sp.Expr:
        raise MissingRule(f"symbolic/scalars.py has no rule for {type(node).__name__}; have you added a new node?")

    @_value.register
    def _num(self, node: Num, at: At) -> sp.Expr:
        return sp.Rational(node.value.numerator, node.value.denominator)

    @_value.register
    def _pi(self, node: Pi, at: At) -> sp.Expr:
        return sp.pi

    @_value.register
    def _int(self, node: Int, at: At) -> sp.Expr:
        return sp.Integer(self.integer(node.value, at))

    @_value.register
    def _read(self, node: Read, at: At) -> sp.Expr:
        return self.entry(node.tensor, self.key(node.subs, at))

    @_value.register
    def _add(self, node: Add, at: At) -> sp.Expr:
        return sp.Add(*[self.value(a, at) for a in node.args])

    @_value.register
    def _mul(self, node: Mul, at: At) -> sp.Expr:
        open_one: Undecided | None = None
        factors = []
        for factor in _by_cost(node):
            try:
                value = self.value(factor, at)
            except Undecided as undecided:
                open_one = open_one or undecided
                continue
            if value == 0:
                return sp.S.Zero
            factors.append(value)
        if open_one is not None:
            raise open_one
        return sp.Mul(*factors)

    @_value.register
    def _pow(self, node: Pow, at: At) -> sp.Expr:
        base, exponent = self.value(node.base, at), self.value(node.exponent, at)
        if base == 0 and (exponent.is_negative or not exponent.is_number):
            raise Undefined("a power of 0")
        return sp.Pow(base, exponent)

    @_value.register
    def _fn(self, node: Fn, at: At) -> sp.Expr:
        args = [self.value(a, at) for a in node.args]
        if node.orders:
            return unknown(node.name, node.orders)(*args)
        if node.name in ELEMENTARY:
            return ELEMENTARY[node.name](args[0])
        if node.name not in ("abs", "sign"):
            raise MissingRule(f"symbolic/functions.py has no row for {node.name}")
        sign = 1 if self._holds(">", args[0], sp.S.Zero) else -1 if self._holds("<", args[0], sp.S.Zero) else 0
        return args[0] * sign if node.name == "abs" else sp.Integer(sign)

    @_value.register
    def _where(self, node: Where, at: At) -> sp.Expr:
        try:
            return self.value(node.then if self.truth(node.cond, at) else node.other, at)
        except Undecided as undecided:
            if not _is_open(node.cond):
                raise
            then, other = self._branch(node.then, at), self._branch(node.other, at)
            if then is None or then != other:
                raise undecided from None
            return then

    def _branch(self, node: Expr, at: At) -> sp.Expr | None:
        try:
            return self.value(node, at)
        except (Undecided, Outside):
            return None

    @_value.register
    def _delta(self, node: Delta, at: At) -> sp.Expr:
        return sp.S.One if self.integer(node.a, at) == self.integer(node.b, at) else sp.S.Zero

    @_value.register
    def _sum(self, node: Sum, at: At) -> sp.Expr:
        return sp.Add(*[self.value(node.body, here) for here in places(node.indices, self.sizes, at)])

    @_value.register
    def _extreme(self, node: Extreme, at: At) -> sp.Expr:
        return self._best(node, at)[0]

    def _best(self, node: Extreme | First, at: At) -> tuple[sp.Expr, At]:
        """The largest or smallest value, and where it is first attained."""
        found: dict[sp.Expr, At] = {}
        for here in places(node.indices, self.sizes, at):
            if self.truth(node.cond, here):
                found.setdefault(self.value(node.body, here), here)
        values = tuple(found)
        if not values:
            raise Outside(f"the {node.kind} of nothing")
        first = self.case.first(node.kind, tuple(self.decide(v) for v in values)) if len(values) > 1 else 0
        return values[first], found[values[first]]

    def _is_first(self, node: First, at: At) -> bool:
        _, place = self._best(node, at)
        return all(place[i] == self.integer(p, at) for i, p in zip(node.indices, node.at, strict=True))

    @_value.register
    def _partial(self, node: Partial, at: At) -> sp.Expr:
        assert self.partial is not None
        of, by = (node.of.tensor, self.key(node.of.subs, at)), (node.by.tensor, self.key(node.by.subs, at))
        return self.partial(of, by)

    def truth(self, cond: Node, at: At) -> bool:
        """Does a condition hold? Later parts are looked at only where the earlier ones do not decide."""
        match cond:
            case Compare(op, a, b):
                sides = integers_compared(cond)
                if sides is None:
                    return self._holds(op, self.value(a, at), self.value(b, at))
                return bool(COMPARISONS[op](*(self.integer(side, at) for side in sides)))
            case And(args):
                return self._all(args, at, True)
            case Or(args):
                return not self._all(args, at, False)
            case Not(arg):
                return not self.truth(arg, at)
            case First():
                return self._is_first(cond, at)
        raise MissingRule(f"symbolic/scalars.py has no rule for {type(cond).__name__}; have you added a new node?")

    def _all(self, conds: tuple[Cond, ...], at: At, wanted: bool) -> bool:
        """Are all as wanted? What is open is left for later, as another may decide."""
        open_one: Undecided | None = None
        for cond in conds:
            try:
                if self.truth(cond, at) != wanted:
                    return False
            except Undecided as undecided:
                open_one = open_one or undecided
            except Outside:
                if open_one is None:
                    raise
        if open_one is not None:
            raise open_one
        return True

    def _holds(self, op: str, a: sp.Expr, b: sp.Expr) -> bool:
        return self.case.holds(op, self.decide(a), self.decide(b))

    def about(self, node: Expr, at: At, entry: Entry) -> sp.Expr:
        """The value without terms that do not read an entry, and so without the choices that stand in those alone."""
        match node:
            case Add(args):
                return sp.Add(*[self.about(a, at, entry) for a in args])
            case Sum(indices, body):
                return sp.Add(*[self.about(body, here, entry) for here in places(indices, self.sizes, at)])
            case Where(cond, then, other) if not _is_open(cond):
                return self.about(then if self.truth(cond, at) else other, at, entry)
            case Mul(args):
                reading = [a for a in args if self._reads(a, at, entry)]
                if len(reading) == 1:
                    factor = self.value(build.mul(*(a for a in args if a is not reading[0])), at)
                    return factor * self.about(reading[0], at, entry) if factor != 0 else sp.S.Zero
                return self.value(node, at) if reading else sp.S.Zero
        return self.value(node, at) if self._reads(node, at, entry) else sp.S.Zero

    def _reads(self, node: Expr, at: At, entry: Entry) -> bool:
        return any(e == entry for e in self.touched(node, at))

    # What is read, whatever the case: of a choice that values make both branches.

    def touched(self, node: Node, at: At) -> Iterator[Entry]:
        """The entries that an expression may read."""
        match node:
            case Read(tensor, subs):
                yield from ((tensor, key) for key in product(*(self._positions(s, at) for s in subs)))
            case Sum(indices) | Extreme(_, indices) | First(_, indices):
                for part in children(node):
                    yield from (e for here in places(indices, self.sizes, at) for e in self.touched(part, here))
            case _:
                yield from (e for part in self._alive(node, at) for e in self.touched(part, at))

    def _alive(self, node: Node, at: At) -> tuple[Node, ...]:
        """The parts below a node that integers alone do not rule out."""
        match node:
            case Where(cond, then, other) if not _is_open(cond):
                return (then if self.truth(cond, at) else other,)
            case Mul(args) if any(self._is_off(a, at) for a in args):
                return ()
        return children(node)

    def _is_off(self, factor: Expr, at: At) -> bool:
        """Is it a delta that is 0 whatever the labels are?"""
        return isinstance(factor, Delta) and not any(_labels(factor)) and self.value(factor, at) == 0

    def _positions(self, sub: Poly, at: At) -> tuple[int, ...]:
        labels = list(dict.fromkeys(labels_of(sub)))
        if not labels:
            return (self.integer(sub, at),)
        found = []
        for values in product(*(range(self.classes(r.tensor)) for r in labels)):
            given = {(r.tensor, self.key(r.subs, at)): v for r, v in zip(labels, values, strict=True)}
            found.append(Scalars(self.sizes, Case(labels=given), self.entry, self.classes).integer(sub, at))
        return tuple(dict.fromkeys(found))


@cache
def _rule(kind: type[Node]) -> Callable[[Scalars, Any, At], sp.Expr]:
    """The rule for a type of node, found once; what `singledispatchmethod` does each time takes longer than most."""
    found: Callable[[Scalars, Any, At], sp.Expr] = vars(Scalars)["_value"].dispatcher.dispatch(kind)
    return found


@lru_cache(maxsize=1 << 12)
def _by_cost(node: Mul) -> tuple[Expr, ...]:
    """The factors, those first that are cheap to find 0."""
    return tuple(sorted(node.args, key=_cost))


def _cost(node: Expr) -> int:
    match node:
        case Delta() | Num():
            return 0
        case Where(cond):
            return 2 if _is_open(cond) else 1
        case Read():
            return 1
    return 3


@lru_cache(maxsize=1 << 12)
def _is_open(cond: Cond) -> bool:
    """May a condition depend on values or labels?"""
    match cond:
        case Compare(_, a, b):
            return integers_compared(cond) is None or any(_labels(a)) or any(_labels(b))
        case First():
            return True
    return any(_is_open(c) for c in children(cond))


@lru_cache(maxsize=1 << 12)
def has_choices(node: Node) -> bool:
    """Does its value depend on a case?"""
    match node:
        case Extreme() | First() | Fn("abs" | "sign", _, ()):
            return True
        case Where(cond) if _is_open(cond):
            return True
    return any(_labels(node)) or any(has_choices(c) for c in children(node))


def _labels(node: Node) -> Iterator[Read]:
    for poly in polys(node):
        yield from labels_of(poly)
