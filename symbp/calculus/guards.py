"""Guarded terms, `e if c else 0`: guards beside one another joined, those dropped that say nothing, and cases made of
terms that exclude one another.

A guard says nothing beside a factor that is 0 wherever the guard fails. Which quantities are 0 where is read off their
definitions: `a = exp(s) / z if s <= t else 0` is 0 unless s <= t. A guard that keeps a read inside its tensor, or a
divisor away from 0, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import TypeGuard

from symbp.calculus.cost import cost
from symbp.calculus.graph import at_any_step
from symbp.calculus.sums import pull
from symbp.core import build
from symbp.core.expr import TRUE, Add, Cond, Delta, Expr, Fn, Int, Mul, Num, Pi, Pow, Read, Sum, Where
from symbp.core.functions import elementary
from symbp.core.guards import follows, opposite, settle_condition, slack, under
from symbp.core.integers import Atom, DimAt, Index, Node, Poly
from symbp.core.network import Equation, Network
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import children, free_indices, indices_of, map_values, nodes, polys, substitute
from symbp.core.views import conjuncts, factors_of, is_guarded, terms_of

Conds = tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Zero:
    """That the entries of a quantity are 0 unless all these conditions on its indices hold."""

    name: str
    indices: tuple[Index, ...]
    unless: Conds

    def nonzero(self, read: Read) -> Conds:
        """What holds where this entry of it is not 0."""
        table: dict[Atom, Poly] = dict(zip(self.indices, read.subs, strict=True))
        return tuple(substitute(c, table) for c in self.unless)


def zeros_of(network: Network) -> tuple[Zero, ...]:
    """Where the quantities of a network are 0; a product is 0 where a factor of it is.

    Not those of a loop that reads any of its steps: a guard beside one says which they are, and an adjoint read at
    others would need itself.
    """
    found: dict[str, Zero] = {}
    looped = at_any_step(network)
    for equation in (e for e in network.equations if e.name not in looped):
        unless = tuple(dict.fromkeys(_unless(equation, found)))
        if unless:
            found[equation.name] = Zero(equation.name, equation.indices, unless)
    return tuple(found.values())


def _unless(equation: Equation, found: dict[str, Zero]) -> Iterator[Cond]:
    for f in factors_of(equation.body):
        if is_guarded(f):
            yield from conjuncts(f.cond)
        if isinstance(f, Read) and f.tensor in found:
            yield from found[f.tensor].nonzero(f)


@dataclass(frozen=True, slots=True)
class Guards:
    """What is known of a network where guards are concerned: where its quantities are 0, how far subscripts go."""

    network: Network
    zeros: tuple[Zero, ...]

    def simplified(self, expr: Expr) -> tuple[Expr, tuple[str, ...]]:
        """The expression with its guards joined and dropped, and the quantities whose zeros that uses."""
        if not any(nodes(expr, Where)):
            return expr, ()
        used: dict[str, None] = {}
        return self._simplify(expr, used), tuple(used)

    def _simplify(self, expr: Expr, used: dict[str, None]) -> Expr:
        done = map_values(expr, lambda c: self._simplify(c, used))
        match done:
            case Sum():
                return pull(done.indices, done.body)
            case Mul() | Where(other=build.NIL):
                return self._product(done, used)
        return done

    def _product(self, product: Expr, used: dict[str, None]) -> Expr:
        """A product with one guard for all its factors, where that is cheaper."""
        guards, opened = _opened(product)
        body = under(opened, tuple(guards))
        conds, names = self._needed(_independent(tuple(guards)), body)
        if body == opened and len(set(guards.values())) < 2 and len(conds) == len(guards):
            return product
        result = build.where(build.both(*conds), body, build.NIL)
        if cost(result) >= cost(product):
            return product
        used.update(dict.fromkeys(names))
        return result

    def _needed(self, conds: Conds, body: Expr) -> tuple[Conds, list[str]]:
        """The guards without those beside a factor that is 0 where they fail, and the names of these factors."""
        names: list[str] = []
        facts = [(z.name, z.nonzero(f)) for f in factors_of(body) for z in self.zeros if _reads(f, z.name)]
        for c in conds:
            rest = tuple(d for d in conds if d != c)
            name = next((n for n, unless in facts if follows(c, unless)), None)
            if name is not None and self._exists(body, rest):
                conds = rest
                names.append(name)
        return conds, names

    def _exists(self, node: Expr, given: Conds) -> bool:
        """Is the value a number wherever the given conditions hold? (No, if it is not known to be.)"""
        match node:
            case Num() | Int() | Pi() | Delta():
                return True
            case Read(name):
                if self.network.tensor(name) is None and self.network.equation(name) is None:
                    return False  # an adjoint, which is no part of the network
                return all(_fits(s, e, given) for s, e in zip(node.subs, self.network.extents(node), strict=True))
            case Add(args) | Mul(args):
                return all(self._exists(a, given) for a in args)
            case Pow(base, Num(value)):
                return isinstance(base, (Int, Pi)) or (
                    value > 0 and value.denominator == 1 and self._exists(base, given)
                )
            case Fn(name, (argument,), orders):
                return not orders and elementary(name).finite and self._exists(argument, given)
            case Where(cond, then, other):
                return self._exists(then, (*given, *conjuncts(cond))) and self._exists(other, given)
            case Sum(indices, body):
                varying = any(p.atoms_of(DimAt) for i in indices for p in (i.start, i.stop))
                return not varying and self._exists(body, given)
        return False


def _opened(product: Expr) -> tuple[dict[Cond, int], Expr]:
    """The guards of a product's factors and of the factors in these, each with the number of the first factor that it
    guards, and the product without them."""
    conds: dict[Cond, int] = {}
    count = 0
    rest: list[Expr] = []
    waiting = [product]
    while waiting:
        f = waiting.pop(0)
        match f:
            case Mul():
                waiting[:0] = f.args
            case Where(other=build.NIL):
                count += 1
                for c in conjuncts(f.cond):
                    conds.setdefault(c, count)
                waiting.insert(0, f.then)
            case _:
                rest.append(f)
    return conds, build.mul(*rest)


def _independent(conds: Conds) -> Conds:
    """The conditions without those that follow from the others."""
    for c in conds:
        rest = tuple(d for d in conds if d != c)
        if follows(c, rest):
            conds = rest
    return conds


def _reads(factor: Expr, name: str) -> TypeGuard[Read]:
    return isinstance(factor, Read) and factor.tensor == name


def _fits(sub: Poly, extent: Poly, given: Conds) -> bool:
    """Is a subscript inside where the given conditions hold? A label is, by what it is."""
    if isinstance(sub.atom, Read):
        return True
    low = build.compare("<=", build.NIL, build.integer(sub))
    high = build.compare("<", build.integer(sub), build.integer(extent))
    return all(settle_condition(c) == TRUE or follows(c, given) for c in (low, high))


def cases(expr: Expr) -> Expr:
    """A sum of two terms of which always one stands under its condition as a choice between the two."""
    done = map_values(expr, cases)
    terms = terms_of(done)
    for term, partner in permutations(terms, 2):
        joined = _choice(term, partner)
        if joined is not None:
            return cases(build.add(*(joined if t is term else t for t in terms if t is not partner)))
    return done


def _choice(term: Expr, partner: Expr) -> Expr | None:
    """`a if c else b` for a term a under the guard c and a term b where c fails; under one guard, one term."""
    if isinstance(term, Where) and isinstance(partner, Where) and term.cond == partner.cond and is_guarded(partner):
        return build.where(term.cond, build.add(term.then, partner.then), term.other)
    if not is_guarded(term) or slack(term.cond) is None:
        return None
    for f in factors_of(partner):
        rest = build.mul(*(g for g in factors_of(partner) if g is not f))
        if isinstance(f, Delta) and _is_end(term.cond, f):
            return build.where(term.cond, term.then, rest)
        if is_guarded(f) and len(conjuncts(f.cond)) == 1 and _exclude(term.cond, f.cond):
            return build.where(term.cond, term.then, build.mul(f.then, rest))
    return None


def _is_end(cond: Cond, delta: Delta) -> bool:
    """Does the condition fail exactly where the delta is 1? l + 1 < L fails at l = L - 1 alone."""
    margin = slack(cond)
    assert margin is not None
    ends = margin + 1
    least = lowest(ends)
    return ends in (delta.a - delta.b, delta.b - delta.a) and least is not None and is_nonnegative(least)


def _exclude(cond: Cond, other: Cond) -> bool:
    """Does always one of the two hold and never both?"""
    return bool(follows(other, (opposite(cond),))) and bool(follows(opposite(cond), (other,)))


@dataclass(frozen=True, slots=True)
class Early:
    """What must not be read at steps that are not done: what a loop defines that reads any of its steps, and, as they
    do, all that is derived of it.
    """

    looped: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()

    def holds(self, name: str) -> bool:
        """Is it one of these?"""
        return bool(self.looped) and (name in self.looped or name not in self.network)


def early_in(network: Network) -> Early:
    """What must not be read too early in a network and in what is derived of it."""
    names = (*(t.name for t in network.inputs), *(e.name for e in network.equations))
    return Early(at_any_step(network), frozenset(names))


NOTHING = Early()


def sheltered(expr: Expr, early: Early = NOTHING) -> Expr:
    """The expression with each label that only a guard keeps inside its array under that guard, with all beside it, and
    so each entry that a guard keeps from being read too early.

    `(1 if t + 1 < T else 0) * delta(x[t + 1], v)` is `delta(x[t + 1], v) if t + 1 < T else 0`: there is no x[T].
    """
    done = map_values(expr, lambda c: sheltered(c, early))
    factors = factors_of(done) if isinstance(done, Mul) else ()  # of most nodes nothing is asked
    for guard in filter(is_guarded, factors):
        rest = tuple(f for f in factors if f is not guard)
        if any(_is_exposed(f, free_indices(guard.cond), early) for f in rest):
            return build.where(guard.cond, sheltered(build.mul(guard.then, *rest), early), build.NIL)
    return done


def _is_exposed(node: Node, letters: tuple[Index, ...], early: Early) -> bool:
    """Does it read a label, or what may be too early, at a place with one of these letters, unconditionally?"""
    match node:
        case Where(cond, _, other) if any(i in letters for i in free_indices(cond)):
            return _is_exposed(other, letters, early)
        case Read(name, (step, *_)) if early.holds(name) and any(i in letters for i in indices_of(step)):
            return True
    labels = (a for p in polys(node) for a in p.atoms_of(Read))
    return any(i in letters for a in labels for s in a.subs for i in indices_of(s)) or any(
        _is_exposed(c, letters, early) for c in children(node)
    )
