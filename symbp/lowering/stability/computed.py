"""exp(m) * v as it is computed: beside other factors with nothing that overflows where one of them is 0."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import (
    TRUE,
    Add,
    Cond,
    Delta,
    Expr,
    Fn,
    Int,
    Mul,
    Num,
    Read,
    Sum,
    Where,
)
from symbp.core.functions import elementary
from symbp.core.integers import Node
from symbp.core.traverse import free_indices, map_children, nodes, rename_bound, walk
from symbp.core.views import among, base_of, factors_of, terms_of
from symbp.lowering.guard import guarded, is_bounded, is_positive
from symbp.lowering.linear import Linear, parts, write
from symbp.lowering.scaled import Scaled
from symbp.lowering.stability.exponentials import expm1_of, exponential_of, less_one
from symbp.lowering.stability.known import Known, outside
from symbp.lowering.stability.logarithms import Logarithms
from symbp.lowering.stability.masks import counting
from symbp.lowering.stability.named import BESIDE
from symbp.lowering.stability.safety import settles

Exprs = tuple[Expr, ...]


class Computed(Logarithms):
    """How a value is written once it is known what is exponential in it."""

    __slots__ = ()

    def computed(self, value: Scaled, known: Known, beside: tuple[Expr, ...] = ()) -> Expr:
        """exp(m) * v as it is to be computed beside other factors; where one of them is 0 the exponent is no matter."""
        if not value.exponent.terms and len(value.sums) == 1 and value.sums[0][1] == 1:
            total = value.sums[0][0]
            rest = self.plain(value.rest, known)
            others = (*factors_of(rest), *beside)
            return build.mul(rest, self.shut(self._as_it_stands(total, known), others))
        m, v = self.lifted(value, known, whole=True)
        if not m.terms:
            return v
        taken = None if self.is_nonpositive(m) else self.absorbing(value, known)
        if taken is not None:
            total, summand = taken
            inside = self.computed(summand, outside(known, total.indices))
            return build.mul(self.plain(value.rest, known), self.total_apart(inside, total.indices))
        return self._times_power(v, m, known, beside)

    def _times_power(self, v: Expr, m: Linear, known: Known, beside: Exprs) -> Expr:
        """v exp(m) beside other factors, its exponent 0 where one of all these factors is 0."""
        cond, factors = counting(v)
        self.done.update(among(factors, Add))
        exponent = self.exponent(write(self.grouped(m, known)), known)
        nought = () if self.is_nonpositive(m) else self._shut_at((*factors, *beside), exponent, known)
        falling = self.falling(m, known) if m.terms else None
        if falling is not None:  # where c is 0, t u - c exp(u) does not fall: what is c times is 0 there
            bases = [key(base_of(f)) for f in factors_of(falling)]
            both = map(base_of, (*factors, *beside))
            nought += tuple(build.compare("!=", b, build.NIL) for b in both if key(b) in bases)
        e = exponential_of(build.where(build.both(*nought), exponent, build.NIL))
        if cond == TRUE:
            return build.mul(v, e)
        spelt = self.spelt(e)
        bare = guarded(spelt, cond) == spelt
        return build.mul(v, e) if bare else build.where(cond, build.mul(*factors, e), build.NIL)

    def shut(self, total: Expr, beside: Exprs) -> Expr:
        """A sum with no exponential that may overflow where another factor is 0: in m (exp(z) - t)."""
        match total:
            case Add() | Sum():
                pass
            case Fn(name) if name != "exp" and _is_wide(total):
                pass
            case _:
                return total
        total = rename_bound(total, {i.name for a in beside for i in free_indices(a)})

        def shut(node: Node) -> Node:
            match node:
                case Read():
                    match self.defined_wild(node, ()):  # an exponential that has a name of its own
                        case Fn() as body if _is_wide(body) and (closed := shut(body)) != body:
                            return closed
                case Fn(name, (exponent,)) if _is_wide(node):
                    bounded = is_bounded(exponent) or self.is_nonpositive(parts(exponent))
                    if bounded and not elementary(name).exponentials:
                        return node
                    nought = tuple(self._zeros(beside, exponent))
                    return Fn(name, (build.where(build.both(*nought), exponent, build.NIL),)) if nought else node
            return map_children(node, shut)

        return shut(total)  # type: ignore[return-value]

    def _shut_at(self, factors: Exprs, exponent: Expr, known: Known) -> tuple[Cond, ...]:
        """When no factor beside an exponential of no bound is 0: entries of inputs, masks, sums of what has settled."""
        sums = (self.named(self.plain(f, known), known) for f in factors if self._may_settle(f))
        return (*self._zeros(factors, exponent), *(build.compare("!=", total, build.NIL) for total in sums))

    def _may_settle(self, f: Expr) -> bool:
        """Is it a sum each term of which has a factor that may be 0: 1 - tanh(u)**2 where tanh has come to rest, or an
        exponential that has no bound below?"""
        match f:
            case Sum(_, body):
                return any(self._settles(a) or self._may_settle(a) for a in factors_of(body))
            case Add(terms):
                return all(any(map(self._may_settle, factors_of(t))) for t in terms)
        return False

    def _settles(self, a: Expr) -> bool:
        """Is it such a factor, or a tensor that has one?"""
        match a:
            case Read():
                body = self.definition(a, ())
                return body is not None and any(map(self._settles, factors_of(body)))
            case Add() if any(map(self._rests, walk(a))):
                return True
        value = self.form(a, ())
        return not value.plain and bool((m := self.lifted(value, ())[0]).terms) and self.is_nonpositive(m)

    def _rests(self, node: Node) -> bool:
        """Does it come to rest, or is it the name of what does?"""
        match node:
            case Fn(name):
                return settles(name)
            case Read():
                body = self.definition(node, ())
                return body is not None and any(settles(f.name) for f in among((body,), Fn))
        return False

    def _zeros(self, factors: tuple[Expr, ...], exponent: Expr) -> Iterator[Cond]:
        """When factors that may well be 0 are not: entries of inputs, and what a condition shuts."""
        for f in factors:
            base = base_of(f)
            if set(free_indices(f)) <= set(free_indices(exponent)) and base != exponent and self._may_be_nought(base):
                yield build.compare("!=", base, build.NIL)

    def _may_be_nought(self, base: Expr) -> bool:
        match base:
            case Int():
                return not is_positive(base)
            case Where(_, then, other):
                shut = build.NIL in (then, other)
                return shut or any(map(self._may_be_nought, among((then, other), Where, Mul)))
            case Mul(factors):
                return any(map(_is_mask, factors))
            case Add(terms):
                shut = all(any(map(_is_shut, factors_of(t))) for t in terms)
                return shut or any(settles(f.name) for f in nodes(base, Fn))
            case Read(name) if BESIDE not in name:
                equation = self.equations.get(name)
                return equation is None or self._is_nought_by_factor(factors_of(equation.body))
        return False

    def _is_nought_by_factor(self, factors: Exprs) -> bool:
        """May a factor be 0: a choice or a sum, or, beside others, an entry of an input?"""
        if any(map(self._may_be_nought, among(factors, Where, Add))):
            return True
        return len(factors) > 1 and any(map(self.is_data, among(factors, Read)))

    def _as_it_stands(self, total: Expr, known: Known) -> Expr:
        match total:
            case Add():
                return self.as_they_stand(total, known)
            case Sum():
                return self.plain(total, known)
        return map_children(total, lambda c: self.plain(c, known))  # type: ignore[arg-type]

    def as_they_stand(self, total: Expr, known: Known) -> Expr:
        terms = terms_of(total)
        found = less_one(terms)
        if found is not None:
            c, a = found
            return build.mul(Num(c), expm1_of(self.plain(a, known)))
        logs = self.sum_of_logarithms(terms, known)
        return build.add(*(self.plain(a, known) for a in terms)) if logs is None else logs


def _is_wide(f: Fn) -> bool:
    """Is it an exponential, or a sum of such that has a name?"""
    return f.name in ("exp", "expm1") or (not f.orders and bool(elementary(f.name).exponentials))


def _is_mask(f: Expr) -> bool:
    match f:
        case Delta() | Where(_, build.NIL, _) | Where(_, _, build.NIL):
            return True
    return False


def _is_shut(f: Expr) -> bool:
    """Is it a mask, or a sum of such, each times something?"""
    match f:
        case Add(terms):
            return all(any(map(_is_shut, factors_of(t))) for t in terms)
    return _is_mask(f)
