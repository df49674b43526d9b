"""A value as exp(L) * sums of exponentials * rest, named tensors looked into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Compare, Cond, Delta, Expr, Fn, Int, Mul, Num, Pow, Read, Sum, Where
from symbp.core.functions import elementary
from symbp.core.integers import Atom, Index, Poly
from symbp.core.network import Equation
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import free_indices, nodes, reads, rename_bound, substitute
from symbp.core.views import among, factors_of, is_bracket, is_divisor, terms_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import NOTHING, Linear, parts
from symbp.lowering.scaled import Scaled, product_of, raw, unit
from symbp.lowering.stability.cancelling import Cancelling, opened_terms
from symbp.lowering.stability.exponentials import log_of
from symbp.lowering.stability.known import Known, about, branch, holds, outside
from symbp.lowering.stability.masks import keeps_inside


class Forms(Cancelling):
    """The representation of every kind of expression."""

    __slots__ = ()

    def form(self, expr: Expr, known: Known) -> Scaled:
        found = self.forms.get((expr, known))
        if found is None:
            found = self.forms[expr, known] = self._form(expr, known)
        return found

    def _form(self, expr: Expr, known: Known) -> Scaled:
        match expr:
            case Fn("exp", (a,)):
                return self._exponential(a, known)
            case Fn("expm1", (a,)):
                return self._sum_form(build.add(Fn("exp", (a,)), build.MINUS), known)
            case Fn(name, (a,), ()) if elementary(name).exponentials:
                argument = self.named(
                    self.plain(a, known), known
                )  # so that what is added up is one exponent and its opposite
                return Scaled(build.UNIT, NOTHING, ((Fn(name, (argument,)), Fraction(1)),))
            case Fn(name, (u,), ()) if (tail := elementary(name).tail) and (in_tail(u), True) in known:
                return Scaled(Fn(tail, (u,)), parts(build.neg(build.power(u, build.num(2)))))
            case Mul(args):
                shorter = self.multiplied_in(args, known)
                if shorter is not None:
                    return self.form(shorter, known)
                forms = [self.form(a, known) for a in args]
                return self.settled(product_of(self.as_in_divisors(args, forms, known)))
            case Pow(base, Num(q)):
                inner = self.form(base, known)
                if q < 0 and inner.plain and self.vanishes(base, known):
                    inner = self.opened(base, known)
                return inner.power(q) if q.denominator == 1 or may_take_root(inner) else Scaled(expr)
            case Pow():
                return self._power_form(expr, self.form(expr.base, known), expr.exponent, known)
            case Add():
                return self._sum_form(expr, known)
            case Sum(indices, body):
                known = outside(known, indices)
                if self.is_tame(body, known):
                    return Scaled(expr)
                summand = self.form(body, known)
                safe = summand.plain or self.is_safe(summand, known)
                return Scaled(expr) if safe else self.total_form(indices, summand)
            case Read():
                return self._read_form(expr, known)
            case Where(cond, then, other):
                return self._choice_form(expr, cond, then, other, known)
        return Scaled(expr)

    def _power_form(self, expr: Expr, base: Scaled, q: Expr, known: Known) -> Scaled:
        """(exp(m) v)**q as exp(q m + q log |v|) sign(v)**q, since v**q may be as large as exp(q m) is small.

        q is multiplied out, so that of (q - 1) m + m nothing but q m is left.
        """
        if base.plain or not all(is_positive(e) for e, _ in base.sums) or (base.sums and is_count(q)):
            return Scaled(expr)  # of a share's power to the number of a step nothing is too small to be multiplied by
        v, exponent = base.rest, base.exponent
        for total, p in base.sums:
            m, positive = self.split(total, known, exact=True)
            log = log_of(positive)
            self.done.add(log)
            exponent = exponent + (m + Linear.of(log)) * p
        sign: Expr = build.UNIT
        if is_positive(v):
            exponent = exponent + parts(Fn("log", (v,))) if v != build.UNIT else exponent
        else:
            log = build.where(build.compare("!=", v, build.NIL), Fn("log", (Fn("abs", (v,)),)), build.NIL)
            sign, exponent = build.power(Fn("sign", (v,)), q), exponent + Linear.of(log)
        each = [(build.split_number(build.mul(t, e)), c) for t in terms_of(q) for e, c in exponent.terms]
        return Scaled(sign, Linear.collect((rest, n * c) for (n, rest), c in each))

    def multiplied_in(self, args: tuple[Expr, ...], known: Known) -> Expr | None:
        """The product with 1 - tanh(u)**2, which is nearly 0 where tanh is nearly 1, taken into a sum whose terms it
        divides: (b/(1 - tanh(u)**2) - c) (1 - tanh(u)**2)."""
        for a in among(args, Add):
            if not self.form(a, known).plain or self.opened(a, known).plain:
                continue
            others = tuple(b for b in args if b is not a)
            for k, b in enumerate(others):
                factors = factors_of(self._open(b, args, known))
                total = next((f for f in among(factors, Add) if _divides(f, a)), None)
                if total is not None:
                    left = (*others[:k], *(f for f in factors if f is not total), *others[k + 1 :])
                    return build.mul(*left, build.add(*(build.mul(a, t) for t in total.args)))
        return None

    def _open(self, b: Expr, args: tuple[Expr, ...], known: Known) -> Expr:
        """A tensor among factors as it is defined, if it cannot be computed by itself."""
        body = self.defined_wild(b, known)
        return b if body is None else rename_bound(body, {i.name for a in args for i in free_indices(a)})

    def as_in_divisors(self, args: Iterable[Expr], forms: list[Scaled], known: Known) -> list[Scaled]:
        """The forms of factors, where one of them is divided by what may vanish and is elsewhere read by its name: so
        that it cancels."""
        small = {key(n) for f in forms for e, _ in f.sums for n in nodes(e, Fn) if n.name == "log1p"}
        below = {r.tensor for f in forms for e, p in f.sums if p < 0 for r in reads(e)}

        def found(a: Expr, form: Scaled) -> Scaled:
            if form.plain and (small or (below and among((a,), Sum, Add))):
                opened = self.opened(a, known)
                shared = (key(e) in small or any(r.tensor in below for r in reads(e)) for e, _ in opened.sums)
                return opened if any(shared) else form
            return form

        return [found(a, f) for a, f in zip(args, forms, strict=True)] if small or below else forms

    def settled(self, value: Scaled) -> Scaled:
        """The value with each index that a delta fixes replaced in what is exponential: elsewhere it is 0."""
        value = replace(value, rest=self._without_masks_below(value.rest))
        for f in factors_of(value.rest):
            for i, at in self.fixed(f):
                if any(i in free_indices(e) for e, _ in (*value.exponent.terms, *value.sums)):
                    table: dict[Atom, Poly] = {i: at}
                    exponent = Linear.collect((substitute(e, table), c) for e, c in value.exponent.terms)
                    sums = Linear.collect((substitute(e, table), p) for e, p in value.sums)
                    return self.settled(Scaled(value.rest, exponent, sums.terms))
        return value

    def _without_masks_below(self, rest: Expr) -> Expr:
        """Factors without division by a mask that is 1 wherever the others are."""
        factors = factors_of(rest)
        given = tuple((f.cond, True) for f in factors if is_bracket(f))

        def is_idle(f: Expr) -> bool:
            match f:
                case Pow(Where(cond, build.UNIT, build.NIL), Num(q)) if q < 0:
                    return holds(cond, given)
            return False

        return build.mul(*(f for f in factors if not is_idle(f)))

    def fixed(self, factor: Expr) -> Iterator[tuple[Index, Poly]]:
        """The index that a delta fixes, and at what; only where that is one of its values."""
        match factor:
            case Delta(a, b):
                for one, other in ((a, b), (b, a)):
                    if one.index is not None and self.is_in_range(one.index, other):
                        yield one.index, other
                        return  # of two indices one is enough

    def _exponential(self, a: Expr, known: Known) -> Scaled:
        exponent, logs = self._combination(a, Fraction(1), known)
        return Scaled(build.UNIT, exponent) * logs

    def _combination(self, a: Expr, times: Fraction, known: Known) -> tuple[Linear, Scaled]:
        """An exponent as a combination; logarithms of exponential things become factors."""
        linear, logs = NOTHING, unit()
        for term in terms_of(a):
            c, rest = build.split_number(term)
            more, log = self._exponent_term(rest, c * times, known)
            linear, logs = linear + more, logs * log
        return linear, logs

    def _exponent_term(self, rest: Expr, c: Fraction, known: Known) -> tuple[Linear, Scaled]:
        inside = self._logarithm_of(rest, known)
        if inside is not None:
            return NOTHING, inside.power(c)
        match rest:
            case Read() if (relation := self.relation(rest)) is not None:
                other, apart = relation
                return (Linear.of(other) + apart) * c, unit()
            case Where(Compare("==", Int(a), Int(b)) as cond, then, build.NIL) if not keeps_inside(cond, then):
                times, rest = build.split_number(build.mul(build.delta(a, b), then))  # as a derivative has it
                return Linear(((rest, c * times),)), unit()
        opened = rest if len(terms_of(rest)) > 1 else self.defined(rest, known)
        if opened is not None:
            linear, logs = self._combination(opened, c, known)
            # 10^30 (1 - m) stays as it is: multiplied out it loses whatever it is added to
            if logs != unit() or (opened is rest and abs(c) == 1):
                return linear, logs
        return Linear(((rest, c),)), unit()

    def _logarithm_of(self, e: Expr, known: Known) -> Scaled | None:
        """What a logarithm is the logarithm of, where that is exponential."""
        match e:
            case Fn("log" | "log1p" as name, (a,)):
                of = a if name == "log" else build.add(build.UNIT, a)
                inside = self.form(of, known)
                inside = self.opened(of, known) if inside.plain and among((of,), Sum) else inside
                return inside if not inside.plain or self.has_largest_one(a, known) else None
        return None

    def has_largest_one(self, expr: Expr, known: Known) -> bool:
        """Is it a sum of exponentials the largest of which is 1, so that it is as it stands what can be divided by?"""
        match expr:
            case Sum(indices, body):
                summand = self.form(body, outside(known, indices))
                alone = not summand.sums and summand.rest == build.UNIT
                return alone and self.is_attained(summand.exponent, indices)
        return False

    def _read_form(self, read: Read, known: Known) -> Scaled:
        equation, known = self.equations.get(read.tensor), about(read, known)
        if equation is None or (not known and self._is_ordinary(equation)):
            return Scaled(read)
        body = self.definition(read, known)
        assert body is not None
        inner = self.form(body, known)
        return Scaled(read) if inner.plain or self._is_ordinary_sum(body, inner, known) else inner

    def _is_ordinary(self, equation: Equation) -> bool:
        """Is there nothing exponential in a definition, whatever its indices are called?"""
        found = self.ordinary.get(equation.name)
        if found is None:
            inner = self.form(equation.body, ())
            found = inner.plain or self._is_ordinary_sum(equation.body, inner, ())
            self.ordinary[equation.name] = found
        return found

    def _is_ordinary_sum(self, body: Expr, value: Scaled, known: Known) -> bool:
        """Is it one sum that can be computed as it stands: the input of the next layer?"""
        if value.exponent.terms or len(value.sums) != 1 or value.sums[0][1] != 1:
            return False
        return self.is_tame(body, known) or self.is_safe(value, known)

    def _choice_form(self, expr: Expr, cond: Cond, then: Expr, other: Expr, known: Known) -> Scaled:
        taken = branch(expr, known)
        if taken != expr:
            return self.form(taken, known)
        if then == build.NIL:
            return self._choice_form(expr, build.negate(cond), other, then, known)
        if other == build.NIL and then != build.UNIT:
            inner = self.form(then, (*known, (cond, True)))
            if not inner.plain:
                return Scaled(build.where(cond, build.UNIT, build.NIL)) * inner
        return Scaled(expr)

    def total_form(self, indices: tuple[Index, ...], body: Scaled) -> Scaled:
        """A sum over indices: what does not depend on them leaves it."""
        inside, outside = self.with_relations(body.exponent).split(indices)
        kept, moved = Linear(body.sums).split(indices)
        inner, outer = parted(body.rest, indices)
        rest = Scaled(outer, outside, moved.terms)
        summand = Scaled(inner, inside, kept.terms)
        total = build.total(indices, raw(summand))
        return rest * (Scaled(total) if summand.plain else Scaled(build.UNIT, NOTHING, ((total, Fraction(1)),)))

    def _sum_form(self, expr: Expr, known: Known) -> Scaled:
        """A sum of terms: over its common denominator where terms cancel there, else a factor of its own."""
        tail = self.complement(expr)
        if tail is not None and not (value := self.form(tail, known)).plain:
            return value
        shorter = self.shortened(terms_of(expr), known)
        if shorter is not None:
            return self.form(shorter, known)
        forms = [self.form(a, known) for a in opened_terms(expr)]
        if all(t.plain for t in forms):
            return Scaled(expr)
        joined = self.cancelled(forms, known)
        if joined is not None:
            return joined
        return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in forms)), Fraction(1)),))


def in_tail(u: Expr) -> Cond:
    """Where the complement of an odd function that comes to rest is small."""
    return build.compare(">", u, build.NIL)


def _divides(total: Add, a: Expr) -> bool:
    """Does a term of a sum divide by it?"""
    return any(is_divisor(f) and f.base == a for t in total.args for f in factors_of(t))


def is_count(q: Expr) -> bool:
    """Is it an integer that is never negative, the number of a step, or a sum of such?"""
    match q:
        case Num(value):
            return value >= 0 and value.denominator == 1
        case Int(number):
            least = lowest(number)
            return least is not None and is_nonnegative(least)
        case Add(terms):
            return all(map(is_count, terms))
    return False


def may_take_root(value: Scaled) -> bool:
    """Is the root of the product that of its factors: is there something exponential, and no sum less than 0?"""
    return not value.plain and all(is_positive(e) for e, _ in value.sums)


def parted(rest: Expr, indices: tuple[Index, ...]) -> tuple[Expr, Expr]:
    """The factors that hold one of the indices, and the others."""
    factors = factors_of(rest)
    inner = [f for f in factors if any(i in indices for i in free_indices(f))]
    return build.mul(*inner), build.mul(*(f for f in factors if f not in inner))
