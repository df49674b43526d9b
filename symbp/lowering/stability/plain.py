"""How each expression is computed: the same value, written so that nothing on the way overflows or vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TypeVar

from symbp.core import build
from symbp.core.expr import (
    Add,
    Compare,
    Cond,
    Expr,
    Extreme,
    First,
    Fn,
    Mul,
    Num,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Node
from symbp.core.traverse import map_children, with_bound
from symbp.core.views import among, argument_of, bound_by, factors_of, is_divisor, value_of
from symbp.lowering.stability.cancelling import as_one_sum, opened_terms
from symbp.lowering.stability.exponentials import bounded_below, capped, exponential_of
from symbp.lowering.stability.known import Known, outside
from symbp.lowering.stability.masks import is_zero_elsewhere
from symbp.lowering.stability.products import Products
from symbp.lowering.stability.safety import settles

N = TypeVar("N", bound=Node)


class Stable(Products):
    """The whole pass on expressions."""

    __slots__ = ()

    def plain(self, node: Expr, known: Known) -> Expr:
        found = self.plains.get((node, known))
        if found is None:
            found = self.plains[node, known] = node if node in self.done else self._plain(node, known)
        return found  # type: ignore[return-value]

    def _plain(self, node: Node, known: Known) -> Node:
        cond = self._open_choice(node, known)
        if cond is not None:
            yes, no = (self.plain(node, (*known, (cond, taken))) for taken in (True, False))  # type: ignore[arg-type]
            return build.where(self.plain(cond, known), yes, no)  # type: ignore[arg-type]
        match node:
            case Fn("log" | "log1p"):
                return self.logarithm(node, known)
            case Fn("log2", (a,)):
                if self.opened(a, known).plain:
                    return Fn("log2", (self.plain(a, known),))
                return self.plain(build.div(Fn("log", (a,)), Fn("log", (build.num(2),))), known)
            case Fn("exp", (a,)):
                value = self.form(node, known)
                alone = not value.sums and value.rest == build.UNIT
                return exponential_of(self.exponent(a, known)) if alone else self.computed(value, known)
            case Fn(name, (a,), ()) if settles(name) and not self.is_tame(a, known):
                return Fn(name, (capped(self.exponent(a, known)),))
            case Mul(args):
                return self.product(args, known)
            case Pow(base, q) if not _is_whole(q):
                value = self.form(node, known)
                if value.plain or (isinstance(base, Read) and self.is_tame(base, known) and self.stands(node, known)):
                    return build.power(self.plain(base, known), q)
                return self.computed(value, known)
            case Add():
                return self._addition(node, known)
            case Where(cond, then, other):
                return self._choice(cond, then, other, known)
            case Compare():
                return self._comparison(node, known)
            case Extreme(kind, indices, body, counts) | First(kind, indices, body, counts, _):
                within = outside(known, indices)
                counts = self.plain(counts, within)  # type: ignore[arg-type, assignment]
                return with_bound(node, indices, (self._extremal(kind, body, within), counts))
            case Read() if (own := self._tamed(node, known)) is not None:
                return self.plain(own, known)
            case Sum(indices, body):
                return Sum(indices, self.powers_apart(self.plain(body, outside(known, indices)), indices))
        within = outside(known, bound_by(node))
        return map_children(node, lambda c: self.plain(c, within))  # type: ignore[arg-type]

    def _choice(self, cond: Cond, then: Expr, other: Expr, known: Known) -> Expr:
        if (cond, True) in known:
            return self.plain(then, known)
        if (cond, False) in known:
            return self.plain(other, known)
        test: Cond = self.plain(cond, known)  # type: ignore[arg-type, assignment]
        yes = self.plain(then, (*known, (cond, True)))
        if other == build.NIL and is_zero_elsewhere(self.spelt(yes), test):
            return yes
        return build.where(test, yes, self.plain(other, (*known, (cond, False))))

    def _extremal(self, kind: str, body: Expr, known: Known) -> Expr:
        """What the largest (smallest) is taken of: what makes an entry as small (large) as numbers are ends there,
        since another entry is the one."""
        value = self.exponent(body, known)
        return bounded_below(value) if kind == "max" else build.neg(bounded_below(build.neg(value)))

    def _comparison(self, node: Compare, known: Known) -> Cond:
        """A comparison of what may overflow: of exponentials by their exponents, of a choice in each branch, else of
        sides that end where numbers do."""
        sides = (node.a, node.b)
        wild = [e for side in sides for e in _branches(side) if not self.is_tame(e, known)]
        if not wild or not all(map(self._is_exponential, wild)):
            return map_children(node, lambda c: self.plain(c, known))  # type: ignore[arg-type]
        for k, side in enumerate(sides):
            match side:
                case Where(test, then, other):
                    yes, no = (self._settled(node, k, b, known) for b in (then, other))
                    cond: Cond = self.plain(test, known)  # type: ignore[arg-type, assignment]
                    return build.either(build.both(cond, yes), build.both(build.negate(cond), no))
        exponents = [self._only_exponent(side, known) for side in sides]
        if None not in exponents:
            return Compare(node.op, *(self.exponent(e, known) for e in exponents if e is not None))
        return Compare(node.op, *(capped(self._as_defined(side, known)) for side in sides))

    def _is_exponential(self, e: Expr) -> bool:
        """Is it an exponential, maybe by its name, or one times something, or beside other terms?"""
        match e:
            case Fn("exp"):
                return True
            case Mul(args) | Add(args):
                return any(map(self._is_exponential, args))
            case Read() if (body := self.definition(e, ())) is not None:
                return self._is_exponential(body)
        return False

    def _settled(self, node: Compare, k: int, side: Expr, known: Known) -> Cond:
        """The comparison with another expression on one of its sides, as it is computed."""
        sides = (side, node.b) if k == 0 else (node.a, side)
        return self.plain(build.compare(node.op, *sides), known)  # type: ignore[arg-type, return-value]

    def _only_exponent(self, side: Expr, known: Known) -> Expr | None:
        """What an exponential or a positive number has as its exponent; None of anything else."""
        match side:
            case Num(value):
                return Fn("log", (side,)) if value > 0 else None
            case Fn("exp", (exponent,)):
                return exponent
            case Read() if (body := self.definition(side, known)) is not None:
                return argument_of(body, "exp")
        return None

    def _as_defined(self, side: Node, known: Known) -> Node:
        """A side of a comparison with the definition of what may overflow in it, each exponential by itself."""
        match side:
            case Expr() if self.is_tame(side, known):
                return self.plain(side, known)
            case Fn("exp" | "expm1" as name, (a,)):
                return Fn(name, (self.exponent(a, known),))
            case Read() if (body := self.definition(side, known)) is not None:
                return self._as_defined(body, known)
            case Sum() | Extreme():
                known = outside(known, side.indices)
        return map_children(side, lambda c: self._as_defined(c, known))

    def _tamed(self, read: Read, known: Known) -> Expr | None:
        """The definition of a tensor that may overflow, where what is known keeps the entry at hand from it."""
        equation = self.equations.get(read.tensor)
        if not known or equation is None or self.is_tame(equation.body, ()):
            return None
        body = self.definition(read, known)
        return body if body is not None and self.is_tame(body, known) else None

    def _open_choice(self, node: Node, known: Known) -> Cond | None:
        """The condition by which it must be told how this is computed: of a choice that is divided by or stands in a
        logarithm, or in what would overflow by itself."""
        match node:
            case Fn("log", (a,)):
                return self.choice(a, known)
            case Add() if (cond := self.choice(node, known)) is not None:
                return cond if self._cancels(node, (*known, (cond, True)), (*known, (cond, False))) else None
            case Mul() | Pow():
                factors = factors_of(node)
                if any(self._is_open(a, known) for a in factors):
                    return next((c for a in factors if (c := self.choice(a, known)) is not None), None)
        return None

    def _is_open(self, a: Expr, known: Known) -> bool:
        below = is_divisor(a)
        return (below and self.vanishes(a.base, known)) or not self.stands(a, known)  # type: ignore[attr-defined]

    def _cancels(self, node: Add, *knowns: Known) -> bool:
        return any(self.cancelled([self.form(a, k) for a in opened_terms(node)], k) is not None for k in knowns)

    def _addition(self, node: Add, known: Known) -> Expr:
        shorter = self.shortened(node.args, known)
        if shorter is not None and not self.form(shorter, known).plain:
            return self.plain(shorter, known)
        terms = [self.form(a, known) for a in opened_terms(node)]
        if not all(t.plain for t in terms):
            joined = self.cancelled(terms, known)
            if joined is not None:
                return self.computed(joined, known)
        return self.as_they_stand(node, known)

    def with_joined_sums(self, node: N) -> N:
        """The expression with two sums over the same as one, where what is small is left of their terms: the derivative
        of log(p - q) by what is added to both."""
        new = map_children(node, self.with_joined_sums)
        match new:
            case Add(terms):
                for one, other in combinations(terms, 2):
                    joined = as_one_sum(one, other)
                    if joined is not None and self._leaves_little(joined, ()):
                        others = (t for t in terms if t is not one and t is not other)
                        return self.with_joined_sums(build.add(joined, *others))  # type: ignore[return-value]
        return new

    def _leaves_little(self, product: Expr, known: Known) -> bool:
        """Do the terms of a sum cancel, in a branch of what they are choices between?"""
        for indices, body in ((t.indices, t.body) for t in among(factors_of(product), Sum)):
            match body:
                case Add():
                    return self._cancels_somewhere(body, outside(known, indices))
        return False

    def _cancels_somewhere(self, node: Add, known: Known) -> bool:
        cond = self.choice(node, known)
        if cond is not None:
            return any(self._cancels_somewhere(node, (*known, (cond, taken))) for taken in (True, False))
        return self._cancels(node, known)


def _is_whole(exponent: Expr) -> bool:
    """Is it a number 0, 1, 2, ...: is what has it a product?"""
    value = value_of(exponent)
    return value is not None and value >= 0 and value.denominator == 1


def _branches(e: Expr) -> Iterator[Expr]:
    """What a choice is of, or an expression that is none."""
    match e:
        case Where(_, then, other):
            yield from _branches(then)
            yield from _branches(other)
        case _:
            yield e
