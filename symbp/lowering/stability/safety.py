"""What can be read or computed as it stands: what cannot overflow, and what cannot vanish where it is divided by."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from symbp.core import build
from symbp.core.expr import Add, Cond, Expr, Fn, Mul, Pow, Read, Sum, Where
from symbp.core.functions import FUNCTIONS, elementary
from symbp.core.integers import Atom, Poly
from symbp.core.traverse import children, free_indices, reads, rename_bound, substitute
from symbp.core.views import among, argument_of, factors_of, value_of
from symbp.lowering.guard import is_bounded
from symbp.lowering.linear import NOTHING, Linear, is_nonpositive, parts, write
from symbp.lowering.scaled import Scaled, product_of, raw
from symbp.lowering.stability.exponentials import holds_softplus, uncapped
from symbp.lowering.stability.forms import in_tail, is_count
from symbp.lowering.stability.known import Known, about, branch, outside
from symbp.lowering.stability.named import MOST
from symbp.lowering.stability.own import own_terms
from symbp.lowering.stability.within import Within


class Safety(Within):
    """Questions about values and expressions; each is answered with no where it is not certain."""

    __slots__ = ()

    def is_safe(self, value: Scaled, known: Known) -> bool:
        found = self.safe.get((value, known))
        if found is None:
            m = self.lifted(value, known)[0]
            safe = self.is_nonpositive(m, known) or self.falling(m, known) is not None or self._absorbs(value, known)
            found = self.safe[value, known] = safe
        return found

    def _absorbs(self, value: Scaled, known: Known) -> bool:
        found = self.absorbing(value, known)
        if found is None:
            return False
        total, summand = found
        within = outside(known, total.indices)
        m = self.lifted(summand, within)[0]
        return self.is_nonpositive(m, within) or self.falling(m, within) is not None

    def absorbing(self, value: Scaled, known: Known) -> tuple[Sum, Scaled] | None:
        """A sum that takes in all else of a value, so that what may overflow is the same for all terms; and these."""
        for k, power in enumerate(value.sums):
            others = Scaled(build.UNIT, value.exponent, value.sums[:k] + value.sums[k + 1 :])
            match power:
                case Sum() as total, 1 if not others.plain:
                    taken = {i.name for f, _ in (*others.exponent.terms, *others.sums) for i in free_indices(f)}
                    total = rename_bound(total, taken)
                    summand = self._taking_in(total, others, outside(known, total.indices))
                    if summand is not None:
                        return total, summand
        return None

    def _taking_in(self, total: Sum, others: Scaled, within: Known) -> Scaled | None:
        """A sum's term times all else, if what may overflow in it is the same for all terms."""
        summand = self.settled(self.form(total.body, within) * others)
        m = self.lifted(summand, within)[0]
        left = self.remainder(m)
        apart = any(i in total.indices for f, _ in left.terms for i in free_indices(f))
        safe = is_nonpositive(left) or (not apart and others.sums) or self.falling(m, within) is not None
        return summand if safe else None

    def falling(self, m: Linear, known: Known) -> Expr | None:
        """c of an exponent t u - c exp(u), beside what is 0 or less, with c of one sign: the larger u is, the smaller
        is its exponential. Named tensors are looked into, since c exp(u) may well be in one."""
        if len(m.terms) < 2 or is_nonpositive(m):
            return None
        for e, d in parts(self.spelt(self.exponent(write(m), known))).terms:
            for u, c in falling_parts(e) if d < 0 else ():
                for inside, beside in instances(m, u, c):
                    times = [m.coefficient(a) / b for a, b in inside.terms]
                    if times and 0 < min(times) <= MOST and self.is_nonpositive(m - inside * min(times), known):
                        return beside
        return None

    def is_tame(self, expr: Expr, known: Known) -> bool:
        found = self.tame.get((expr, known))
        if found is None:
            found = self.tame[expr, known] = self._is_tame(expr, known)
        return found

    def _is_tame(self, expr: Expr, known: Known) -> bool:
        """By parts where each is tame, else as the exponential that it is as a whole."""
        match taken := branch(expr, known):
            case Where(cond, then, other):
                return self.is_tame(then, (*known, (cond, True))) and self.is_tame(other, (*known, (cond, False)))
        return (
            self.stands(taken, known)
            or self._is_safe_as_a_whole(taken, known)
            or self._is_tame_product(taken, known)
            or self._is_tame_by_choice(taken, known)
        )

    def _is_tame_product(self, expr: Expr, known: Known) -> bool:
        """Is it a product that is tame multiplied out, or with a term of a sum in it taken apart?"""
        match expr:
            case Mul(args):
                return self._is_safe_spread(args, known) or self.own_term_apart(args, known) is not None
        return False

    def _is_tame_by_choice(self, expr: Expr, known: Known) -> bool:
        """Is it tame whichever branch is taken of a choice among what it is made of?"""
        cond = self.choice(expr, known)
        return cond is not None and all(self.is_tame(expr, (*known, (cond, taken))) for taken in (True, False))

    def choice(self, expr: Expr, known: Known) -> Cond | None:
        """The condition of a choice between exponential things that the expression, its factors or terms are."""
        expr = branch(expr, known)
        match expr:
            case Where(cond, then, other) if not any(c == cond for c, _ in known):
                if build.NIL in (then, other):
                    return None
                branches = ((then, True), (other, False))
                open_ = any(not self.opened(e, (*known, (cond, taken))).plain for e, taken in branches)
                return cond if open_ else None
            case Read():
                match self.definition(expr, known):
                    case (Where() | Mul() | Add() | Pow() | Fn()) as body:
                        return self.choice(body, known)
            case Fn(name, (u,), ()) if elementary(name).tail:
                cond = in_tail(u)
                return None if any(c == cond for c, _ in known) else cond
            case Add() if (tail := self.complement(expr)) is not None:
                return self.choice(tail, known)
            case Add(args) | Mul(args):
                return next((c for a in args if (c := self.choice(a, known)) is not None), None)
            case Pow(base, _):
                return self.choice(base, known)
        return None

    def _is_safe_spread(self, factors: tuple[Expr, ...], known: Known) -> bool:
        """Is it tame multiplied out over a sum among its factors, as it is written where a term needs that?"""

        def is_tame_over(a: Expr, others: tuple[Expr, ...]) -> bool:
            match a, self.defined_wild(a, known):
                case _, (Add() | Mul()) as body:
                    return self.is_tame(build.mul(*others, body), known)
                case Add(terms), _:
                    return all(self.is_tame(build.mul(*others, t), known) for t in terms)
            return False

        return any(is_tame_over(a, factors[:k] + factors[k + 1 :]) for k, a in enumerate(factors))

    def own_term_apart(self, factors: tuple[Expr, ...], known: Known) -> tuple[Expr, Expr] | None:
        """Two terms that can be computed each by itself, where what is among the factors cannot: u_k - sum_j p_j u_j.

        With u = 1/(1 - p) its terms cancel where p_k is nearly 1; with the term for k taken out of the sum it is
        (1 - p_k) u_k less the sum over all the others. A u of several terms, none of them what another is less, is
        multiplied out where it can be: its terms cancel among themselves anyway.
        """
        if self.stands(build.mul(*factors), known):
            return None
        spread = self._is_safe_spread(factors, known)
        for k, total in enumerate(factors):
            others = factors[:k] + factors[k + 1 :]
            for u, own, rest in own_terms(total, build.mul(*others)):
                if spread and self._is_of_terms(u, known):
                    continue
                both = build.mul(*others, own), rest
                if all(self.is_tame(e, known) for e in both):
                    return both
        return None

    def _is_of_terms(self, u: Expr, known: Known) -> bool:
        """Is it a sum of terms, by its definition, and no difference of one and a sum over others?"""
        sums = among(factors_of(self.defined(u, known) or u), Add)
        return bool(sums) and not any(among(factors_of(t), Sum) for total in sums for t in total.args)

    def stands(self, expr: Expr, known: Known) -> bool:
        match expr:
            case Read():
                return self._is_read_tame(expr, known)
            case Where():
                return self.is_tame(expr, known)
            case Fn("log" | "log1p"):
                return True
            case Fn("exp" | "expm1", args):
                return self.is_safe(self.form(Fn("exp", args), known), known)
            case Fn(name, _, ()) if elementary(name).exponentials:
                return self.is_safe(self.form(expr, known), known)
            case Fn(name, _, ()) if settles(name):
                return True
            case Pow(base, q) if may_divide(q) and self.vanishes(base, known):
                return False
            case Sum(indices, body):
                return self.is_tame(body, outside(known, indices))
        return all(self.stands(c, known) for c in among(children(expr), Expr))

    def _is_safe_as_a_whole(self, expr: Expr, known: Known) -> bool:
        value = self.form(expr, known)
        if value.plain:
            return value.rest != expr and self.stands(value.rest, known)
        return self._is_safe_beside(value, known) or self.is_safe_opened(expr, value, known)

    def _is_safe_beside(self, value: Scaled, known: Known) -> bool:
        """Is what is exponential in it safe, and what it is times?"""
        return self.is_safe(value, known) and self.stands(value.rest, known)

    def is_safe_opened(self, expr: Expr, value: Scaled, known: Known) -> bool:
        """Is a product safe with its sums looked into? They may be as small as its exponential is large."""
        if len(factors_of(expr)) == 1:
            return False
        opened = self.opened(expr, known)
        return opened != value and self._is_safe_beside(opened, known)

    def _is_read_tame(self, read: Read, known: Known) -> bool:
        equation = self.equations.get(read.tensor)
        if equation is None or self.is_tame(equation.body, ()):
            return True
        known = about(read, known)
        body = self.definition(read, known)
        return bool(known) and body is not None and self.is_tame(body, known)

    def vanishes(self, expr: Expr, known: Known) -> bool:
        """May it underflow to 0 as it is computed, or overflow: has it an exponent when all is looked into?"""
        value = self.opened(expr, known)
        if not value.plain:
            inverse = value.power(Fraction(-1))  # so that terms that a factor of 0 takes out do not count
            return bool(self.lifted(inverse, known)[0].terms)
        cond = self.choice(expr, known)
        return cond is not None and any(self.vanishes(expr, (*known, (cond, taken))) for taken in (True, False))

    def opened(self, expr: Expr, known: Known) -> Scaled:
        """The form of what is divided by or stands in a logarithm: there a sum of small terms matters too."""
        match expr:
            case Read():
                body = self.definition(expr, known)
                inner = Scaled(expr) if body is None else self.opened(body, known)
                return Scaled(expr) if inner.plain else inner
            case Fn("log1p", (a,)) if (inside := self.form(a, known)).exponent.terms:
                alone = not inside.sums and inside.rest == build.UNIT
                softplus = Fn("log1p", (Fn("exp", (write(inside.exponent),)),))
                return Scaled(build.UNIT, NOTHING, ((softplus, Fraction(1)),)) if alone else Scaled(expr)
            case Mul(args):
                return product_of(self.opened(a, known) for a in args)
            case Sum(indices, body):
                summand = self.form(body, outside(known, indices))
                ordinary = summand.plain or self.has_largest_one(expr, known)
                return Scaled(expr) if ordinary else self.total_form(indices, summand)
            case Add() if (tail := self.complement(expr)) is not None:
                return self.opened(tail, known)
            case Add():
                value = self._of_quotients(expr, self.form(expr, known), known)
                value = self._of_shares(expr, known) if value.plain else value
                return self._of_softplus(expr, known) if value.plain else value
        return self.form(expr, known)

    def _of_shares(self, total: Add, known: Known) -> Scaled:
        """A sum in which shares, or sums of them, cancel with what they are shares of, as in 1 less all but one; any
        other as it is."""
        terms = [self.opened(t, known) for t in total.args]
        return Scaled(total) if all(t.plain for t in terms) else self.cancelled(terms, known) or Scaled(total)

    def _of_softplus(self, total: Add, known: Known) -> Scaled:
        """A sum in which terms are as small as the exponential in a softplus, as one factor; any other as it is."""
        terms = [self.opened(t, known) for t in total.args]
        if not any(holds_softplus(e) for t in terms for e, _ in t.sums):
            return Scaled(total)
        return Scaled(build.UNIT, NOTHING, ((build.add(*map(raw, terms)), Fraction(1)),))

    def _of_quotients(self, total: Add, value: Scaled, known: Known) -> Scaled:
        """A sum as one product, where it is one by what functions are quotients of: 1 - tanh(u)**2 is cosh(u)**-2."""
        terms = [self._with_quotients(t, known) for t in total.args]
        if not value.plain or terms == list(total.args):
            return value
        joined = self.cancelled([self.form(t, known) for t in terms], known)
        return value if joined is None or among((e for e, _ in joined.sums), Add) else joined

    def _with_quotients(self, expr: Expr, known: Known) -> Expr:
        """A term with quotients of exponentials in the place of what has their value, by its name too."""
        match expr:
            case Fn(name, (u,), ()) if (pair := elementary(name).quotient) is not None:
                return build.div(*(Fn(one, (u,)) for one in pair))
            case Read():
                match self.definition(expr, known):
                    case (Fn() | Read()) as body:
                        return found if (found := self._with_quotients(body, known)) != body else expr
            case Mul(args):
                return build.mul(*(self._with_quotients(a, known) for a in args))
            case Pow(base, q):
                return build.power(self._with_quotients(base, known), q)
        return expr


def may_divide(q: Expr) -> bool:
    """Is the exponent negative, or may it be?"""
    value = value_of(q)
    return value < 0 if value is not None else not is_count(q)


@lru_cache(maxsize=64)
def settles(name: str) -> bool:
    """Does the function come to rest, so that its argument may end where numbers do?"""
    return name in FUNCTIONS and elementary(name).settles


def falling_parts(e: Expr) -> Iterator[tuple[Expr, Expr]]:
    """u and c where an expression that is not negative is c exp(u), or a sum of such."""
    body = e.body if isinstance(e, Sum) else e
    factors = factors_of(body)
    for k, f in enumerate(factors):
        exponent = argument_of(f, "exp")
        if exponent is not None and is_bounded(build.neg(body)):
            yield uncapped(exponent), build.mul(*factors[:k], *factors[k + 1 :])


def instances(m: Linear, u: Expr, c: Expr) -> Iterator[tuple[Linear, Expr]]:
    """u as a combination, and c, for the values of indices for which terms of u are terms of the exponent."""
    tried = []
    for mine in reads(u):
        for theirs in (r for e, _ in m.terms for r in reads(e) if r.tensor == mine.tensor):
            table: dict[Atom, Poly] = {
                i: b for a, b in zip(mine.subs, theirs.subs, strict=True) if (i := a.index) is not None and a != b
            }
            if table not in tried:
                tried.append(table)
                yield parts(substitute(u, table)), substitute(c, table)
