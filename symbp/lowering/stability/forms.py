"""A value as exp(L) * sums of exponentials * rest, named tensors looked into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Cond, Delta, Expr, Fn, Int, Mul, Num, Pow, Read, Sum, Where
from symbp.core.functions import elementary
from symbp.core.integers import Atom, Index, Poly
from symbp.core.network import Equation
from symbp.core.ranges import is_nonnegative, lowest
from symbp.core.traverse import free_indices, reads, rename_bound, substitute
from symbp.core.views import factors_of, is_bracket, is_divisor, terms_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import NOTHING, Linear, parts
from symbp.lowering.scaled import Scaled, product_of, raw, unit
from symbp.lowering.stability.exponentials import log_of
from symbp.lowering.stability.known import Known, about, branch, holds, outside
from symbp.lowering.stability.named import Named


class Forms(Named):
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
                return self.settled(product_of(self.form(a, known) for a in args))
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
        for a in args:
            if not isinstance(a, Add) or not self.form(a, known).plain or self.opened(a, known).plain:
                continue
            others = tuple(b for b in args if b is not a)
            for k, b in enumerate(others):
                factors = factors_of(self._open(b, args, known))
                total = next((f for f in factors if isinstance(f, Add) and _divides(f, a)), None)
                if isinstance(total, Add):
                    left = (*others[:k], *(f for f in factors if f is not total), *others[k + 1 :])
                    return build.mul(*left, build.add(*(build.mul(a, t) for t in total.args)))
        return None

    def _open(self, b: Expr, args: tuple[Expr, ...], known: Known) -> Expr:
        """A tensor among factors as it is defined, if it cannot be computed by itself."""
        body = self.definition(b, known) if isinstance(b, Read) and not self.is_tame(b, known) else None
        return b if body is None else rename_bound(body, {i.name for a in args for i in free_indices(a)})

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
                case Pow(Where(cond, then, other), Num(q)) if q < 0:
                    return (then, other) == (build.UNIT, build.NIL) and holds(cond, given)
            return False

        return build.mul(*(f for f in factors if not is_idle(f)))

    def fixed(self, factor: Expr) -> Iterator[tuple[Index, Poly]]:
        """The index that a delta fixes, and at what; only where that is one of its values."""
        if isinstance(factor, Delta):
            for one, other in ((factor.a, factor.b), (factor.b, factor.a)):
                if one.index is not None and self.is_in_range(one.index, other):
                    yield one.index, other
                    return  # of two indices one is enough

    def is_in_range(self, i: Index, value: Poly) -> bool:
        """Is it certain to be a value of the index: 0, a label of as many classes, an index of the same range?"""
        atom = value.atom
        if not value.terms:
            return not i.start.terms
        if isinstance(atom, Read):
            return not i.start.terms and self.classes.get(atom.tensor) == i.stop
        return isinstance(atom, Index) and (atom.start, atom.stop) == (i.start, i.stop)

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
        if isinstance(rest, Add):
            linear, logs = self._combination(rest, c, known)
            # 10^30 (1 - m) stays as it is: multiplied out it loses whatever it is added to
            return (Linear(((rest, c),)), unit()) if logs == unit() and abs(c) != 1 else (linear, logs)
        if isinstance(rest, Read) and (body := self.definition(rest, known)):
            linear, logs = self._combination(body, c, known)
            if logs != unit():
                return linear, logs
        return Linear(((rest, c),)), unit()

    def _logarithm_of(self, e: Expr, known: Known) -> Scaled | None:
        """What a logarithm is the logarithm of, where that is exponential."""
        if isinstance(e, Fn) and e.name in ("log", "log1p"):
            inside = self.form(e.args[0] if e.name == "log" else build.add(build.UNIT, e.args[0]), known)
            return inside if not inside.plain or self.has_largest_one(e.args[0], known) else None
        return None

    def has_largest_one(self, expr: Expr, known: Known) -> bool:
        """Is it a sum of exponentials the largest of which is 1, so that it is as it stands what can be divided by?"""
        if not isinstance(expr, Sum):
            return False
        summand = self.form(expr.body, outside(known, expr.indices))
        return not summand.sums and summand.rest == build.UNIT and self.is_attained(summand.exponent, expr.indices)

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
        inside, outside = body.exponent.split(indices)
        kept, moved = Linear(body.sums).split(indices)
        inner, outer = _parted(body.rest, indices)
        rest = Scaled(outer, outside, moved.terms)
        summand = Scaled(inner, inside, kept.terms)
        total = build.total(indices, raw(summand))
        return rest * (Scaled(total) if summand.plain else Scaled(build.UNIT, NOTHING, ((total, Fraction(1)),)))

    def _sum_form(self, expr: Expr, known: Known) -> Scaled:
        """A sum of terms: over its common denominator where terms cancel there, else a factor of its own."""
        assert isinstance(expr, Add)
        tail = self.complement(expr)
        if tail is not None and not (value := self.form(tail, known)).plain:
            return value
        shorter = self.shortened(expr, known)
        if shorter is not None:
            return self.form(shorter, known)
        forms = [self.form(a, known) for a in opened_terms(expr)]
        if all(t.plain for t in forms):
            return Scaled(expr)
        joined = self.cancelled(forms, known)
        if joined is not None:
            return joined
        return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in forms)), Fraction(1)),))

    def complement(self, total: Expr) -> Expr | None:
        """c + c erf(u), c less that, and 1 less either by its name, as a number times what 1 less erf is; None of any
        other sum."""
        if not isinstance(total, Add) or len(total.args) != 2:
            return None
        number, term = sorted(total.args, key=lambda a: not isinstance(a, Num))
        c, rest = build.split_number(term)
        if not isinstance(number, Num):
            return None
        if isinstance(rest, Fn) and not rest.orders and (other := elementary(rest.name).complement):
            (u,) = rest.args
            same = abs(c) == abs(number.value)
            return build.mul(number, Fn(other, (u if c == -number.value else build.neg(u),))) if same else None
        times, tail = build.split_number(self._tail_of(rest))
        if not isinstance(tail, Fn) or -2 * c * times != number.value:
            return None
        return build.mul(Num(-c * times), Fn(tail.name, (build.neg(tail.args[0]),)))

    def _tail_of(self, expr: Expr) -> Expr:
        """A tensor as a number times what 1 less erf is, if it is that; 0 of any other."""
        body = self.definition(expr, ()) if isinstance(expr, Read) else None
        times, rest = build.split_number(body) if body is not None else (Fraction(0), expr)
        found = self.complement(rest) or rest
        c, tail = build.split_number(found)
        is_tail = isinstance(tail, Fn) and not tail.orders and bool(elementary(tail.name).tail)
        return build.mul(Num(times * c), tail) if is_tail else build.NIL

    def shortened(self, total: Add, known: Known) -> Expr | None:
        """The sum with the definition of a named sum in its place where terms cancel: 1 - p with p = 1 - exp(u)."""
        for k, a in enumerate(total.args):
            c, rest = build.split_number(a)
            body = self.definition(rest, known) if isinstance(rest, Read) else None
            if isinstance(body, Add):
                found = build.add(*total.args[:k], *(build.mul(Num(c), t) for t in body.args), *total.args[k + 1 :])
                if len(terms_of(found)) < len(total.args):
                    return found
        return None

    def cancelled(self, terms: list[Scaled], known: Known) -> Scaled | None:
        """The sum over its common denominator, if terms cancel there and what remains does not."""
        below: dict[str, tuple[Expr, Fraction]] = {}
        for t in terms:
            for e, p in t.sums:
                if p < min(Fraction(0), below.get(key(e), (e, Fraction(0)))[1]):
                    below[key(e)] = (e, p)
        common = Scaled(build.UNIT, NOTHING, tuple((e, -p) for e, p in below.values()))
        spread = [u for t in terms for u in self._spread(t * common, known)]
        kept = self._left_out(_collected(spread), known)
        if len(kept) == len(spread) or len(kept) > len(terms):  # nothing cancels, or there is more to add than before
            return None
        if len(kept) > 1 and any(build.split_number(t.rest)[0] < 0 for t in kept) and not _is_difference(kept):
            return None
        return _as_one(kept) * common.power(Fraction(-1))

    def _left_out(self, terms: list[Scaled], known: Known) -> list[Scaled]:
        """The terms, a sum less one of its own terms as the sum of all the others."""
        for t in terms:
            for k, (e, p) in enumerate(t.sums):
                if p != 1 or not isinstance(e, Sum) or len(e.indices) != 1:
                    continue
                rest = Scaled(t.rest, t.exponent, t.sums[:k] + t.sums[k + 1 :])
                for other in terms:
                    place = None if other is t else self._place_of(other, rest, e, known)
                    if place is not None:
                        i = e.indices[0]
                        mask = build.where(build.compare("!=", Int(Poly.of(i)), Int(place)), build.UNIT, build.NIL)
                        less = rest * Scaled(
                            build.UNIT, NOTHING, ((Sum(e.indices, build.mul(mask, e.body)), Fraction(1)),)
                        )
                        return self._left_out([less, *(u for u in terms if u is not t and u is not other)], known)
        return terms

    def _place_of(self, term: Scaled, rest: Scaled, total: Sum, known: Known) -> Poly | None:
        """The value of its index for which the term of a sum, times the rest, is the other term but for its sign."""
        (i,) = total.indices
        for mine in reads(total.body):
            for theirs in (r for e, _ in (*term.exponent.terms, *term.sums) for r in reads(e)):
                if mine.tensor == theirs.tensor and Poly.of(i) in mine.subs:
                    place = theirs.subs[mine.subs.index(Poly.of(i))]
                    own = rest * self.form(substitute(total.body, {i: place}), outside(known, total.indices))
                    if self.is_in_range(i, place) and not _collected([own, term]):
                        return place
        return None

    def _spread(self, value: Scaled, known: Known) -> list[Scaled]:
        """Multiplied out: small whole powers of sums of a few terms."""
        for k, (e, p) in enumerate(value.sums):
            if not isinstance(e, Sum) and p.denominator == 1 and 0 < p <= 2 and len(opened_terms(e)) <= 4:
                others = Scaled(value.rest, value.exponent, value.sums[:k] + value.sums[k + 1 :])
                lower = others * Scaled(build.UNIT, NOTHING, ((e, p - 1),) if p > 1 else ())
                return [u for a in opened_terms(e) for u in self._spread(lower * self.form(a, known), known)]
        return [value]


def in_tail(u: Expr) -> Cond:
    """Where the complement of an odd function that comes to rest is small."""
    return build.compare(">", u, build.NIL)


def _divides(total: Add, a: Expr) -> bool:
    """Does a term of a sum divide by it?"""
    return any(is_divisor(f) and f.base == a for t in total.args for f in factors_of(t))


def is_count(q: Expr) -> bool:
    """Is it an integer that is never negative, the number of a step, or a sum of such?"""
    if isinstance(q, Num):
        return q.value >= 0 and q.value.denominator == 1
    least = lowest(q.value) if isinstance(q, Int) else None
    return (isinstance(q, Add) and all(map(is_count, q.args))) or (least is not None and is_nonnegative(least))


def may_take_root(value: Scaled) -> bool:
    """Is the root of the product that of its factors: is there something exponential, and no sum less than 0?"""
    return not value.plain and all(is_positive(e) for e, _ in value.sums)


def opened_terms(expr: Expr) -> tuple[Expr, ...]:
    """The terms, expm1 as two, as are functions that are sums of exponentials."""
    if isinstance(expr, Fn):
        (u,) = expr.args
        return tuple(
            build.mul(Num(c), Fn("exp", (build.scale(Fraction(s), u),))) for c, s in elementary(expr.name).exponentials
        )
    result: list[Expr] = []
    for a in expr.args if isinstance(expr, Add) else (expr,):
        c, rest = build.split_number(a)
        if isinstance(rest, Fn) and rest.name == "expm1":
            result += [build.scale(c, Fn("exp", rest.args)), Num(-c)]
        else:
            result.append(a)
    return tuple(result)


def _collected(terms: list[Scaled]) -> list[Scaled]:
    """Like terms added; what cancels is gone."""
    table: dict[str, list[Scaled]] = {}
    for t in terms:
        _, rest = build.split_number(t.rest)
        table.setdefault(key(raw(replace(t, rest=rest))), []).append(t)
    kept = []
    for like in table.values():
        total = sum((build.split_number(t.rest)[0] for t in like), Fraction(0))
        if total:
            kept.append(replace(like[0], rest=build.mul(Num(total), build.split_number(like[0].rest)[1])))
    return kept


def _is_difference(terms: list[Scaled]) -> bool:
    """Are they c exp(a) - c exp(b) of exponents a number apart or one of them 0, so that `expm1` has all digits? Or is
    more common to both than what they are apart?"""
    if len(terms) != 2 or any(t.sums for t in terms):
        return False
    (c, one), (d, other) = (build.split_number(t.rest) for t in terms)
    apart = (terms[0].exponent - terms[1].exponent).terms
    near = all(e == build.UNIT for e, _ in apart) or not all(t.exponent.terms for t in terms)
    common = len(apart) < max(len(t.exponent.terms) for t in terms)
    return c == -d and one == other and (near or common)


def _as_one(terms: list[Scaled]) -> Scaled:
    if not terms:
        return Scaled(build.NIL)
    if len(terms) == 1:
        return terms[0]
    return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in terms)), Fraction(1)),))


def _parted(rest: Expr, indices: tuple[Index, ...]) -> tuple[Expr, Expr]:
    """The factors that hold one of the indices, and the others."""
    factors = factors_of(rest)
    inner = [f for f in factors if any(i in indices for i in free_indices(f))]
    return build.mul(*inner), build.mul(*(f for f in factors if f not in inner))
