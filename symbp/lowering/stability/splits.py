"""A sum of exponentials as exp(m) * v, the largest exponent taken out; it is computed as v then."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from symbp.core import build
from symbp.core.expr import TRUE, Add, Compare, Cond, Expr, Extreme, Fn, Mul, Num, Read, Sum, Where
from symbp.core.integers import Index
from symbp.core.traverse import all_index_names, free_indices, rename_bound, replace_reads, walk
from symbp.core.views import among, argument_of, factors_of, terms_of, value_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import (
    NOTHING,
    Linear,
    base_of_positive,
    is_nonpositive,
    larger_than_nought,
    parts,
    positive_part,
    write,
)
from symbp.lowering.scaled import Scaled, raw
from symbp.lowering.stability.below import Below, entries_below
from symbp.lowering.stability.cancelling import opened_terms
from symbp.lowering.stability.exponentials import (
    capped,
    expm1_of,
    exponential,
    exponential_of,
    holds_softplus,
    of_small,
    of_small_softplus,
)
from symbp.lowering.stability.forms import Forms
from symbp.lowering.stability.known import Known, holds, outside
from symbp.lowering.stability.masks import counting, masked, with_masks
from symbp.lowering.stability.named import BESIDE

# The largest of so many exponents is taken out of a sum; of more, or of longer ones, the formula would outgrow its use.
MOST_EXPONENTS = 5
LONGEST = 60


class Splits(Forms):
    """m and v of a value."""

    __slots__ = ()

    def split(self, total: Expr, known: Known, exact: bool = False) -> tuple[Linear, Expr]:
        found = self.apart.get((total, known, exact))
        if found is None:
            match total:
                case Sum():
                    found = self._split_total(total, known)
                case Fn("log1p", (Fn("exp", (a,)),)):
                    found = self._split_softplus(a, known)
                case _:
                    found = self._split_terms(total, known, exact)
            self.apart[total, known, exact] = found
        return found

    def _counted(self, v: Expr) -> tuple[Cond, Expr]:
        """When a summand counts at all (its mask holds, its coefficient is not 0), and its coefficient."""
        cond, others = counting(v)
        doubtful = [f for f in others if not self.is_sure(f) and not is_positive(build.neg(f))]
        return build.both(cond, *(build.compare("!=", f, build.NIL) for f in doubtful)), build.mul(*others)

    def _term_form(self, term: Expr, known: Known) -> Scaled:
        """The form of a term, softplus in it as what it is where it is divided by."""
        return self.opened(term, known) if any(map(holds_softplus, factors_of(term))) else self.form(term, known)

    def _split_softplus(self, a: Expr, known: Known) -> tuple[Linear, Expr]:
        """log(1 + exp(a)) as exp(min(a, 0)) * v: it is exp(a) where that is small."""
        exponent = self.named(self.plain(a, known), known)
        v, whole = of_small_softplus(exponent), parts(exponent)
        self.done.add(v)
        return whole - positive_part(whole), self.named(v, known)

    def lifted(self, value: Scaled, known: Known, whole: bool = False) -> tuple[Linear, Expr]:
        value = self._entered(value, known)
        if whole and (within := self.within_sums(value, known)) is not None:
            return within
        m, factors = value.exponent, [self.plain(value.rest, known)]
        for e, p in value.sums:
            if p == 1 and len(value.sums) == 1 and not value.exponent.terms and not isinstance(e, (Add, Sum, Fn)):
                return m, self.plain(raw(value), known)
            more, v = self.split(e, known, exact=p < 0)
            m = m + more * p
            factors.append(build.power(v, Num(p)))
        given = (*known, (self._counted(value.rest)[0], True))
        m = self.folded(with_masks(m, given), given)
        self.done.update(among((e for e, _ in m.terms), Where))
        return m, build.mul(*factors)

    def _entered(self, value: Scaled, known: Known) -> Scaled:
        """The value with its exponent within the bracket beside it, where that has values less the largest of them.

        Taken from these after the largest of the bracket's own exponents, it would be added to a difference that has
        been rounded where it, and what it is less, are large; before, it may complete what has a name.
        """
        brackets = [(e, p) for e, p in value.sums if isinstance(e, Add)]
        if not value.exponent.terms or len(brackets) != 1 or brackets[0][1] != 1:
            return value
        (bracket, _) = brackets[0]
        terms = [self.form(a, known) for a in opened_terms(bracket)]
        if len(terms) > MOST_EXPONENTS:
            return value
        if not any(self._is_shifted(m) for m, _ in self._each_lifted(terms, known, False)):
            return value
        own = Scaled(build.UNIT, value.exponent)
        entered = build.add(*(raw(self.settled(t * own)) for t in terms))
        sums = tuple((entered, p) if e is bracket else (e, p) for e, p in value.sums)
        return Scaled(value.rest, NOTHING, sums)

    def _each_lifted(self, forms: list[Scaled], known: Known, exact: bool) -> list[tuple[Linear, Expr]]:
        """The terms of a sum, one of which is nothing exponential, as what can be added up where none is more than a
        few; else, and where they must not be 0, each by its largest exponent."""
        terms = [self.lifted(f, known) for f in forms]
        if not exact and not all(m.terms for m, _ in terms):
            whole = [self.lifted(f, known, whole=True) for f in forms]
            return whole if all(self.is_nonpositive(m, known) for m, _ in whole) else terms
        return terms

    def _split_terms(self, total: Expr, known: Known, exact: bool) -> tuple[Linear, Expr]:
        opened = opened_terms(total)
        terms = self._each_lifted([self._term_form(a, known) for a in opened], known, exact)
        if (below := _exponential_below([self.form(t, known) for t in opened])) is not None:
            place, a = below
            exponent = self.plain(a, known)
            rest = of_small(exponent)
            self.done.add(rest)
            m, v = terms[place]
            whole = parts(exponent)
            return whole - positive_part(whole) + m, build.mul(v, rest)
        exact = exact or not all(self.is_nonpositive(m, known) for m, _ in terms)
        conds = [self._mattering(v, known) if exact else TRUE for _, v in terms]
        above = [all(self.is_nonpositive(k - m, known) for k, _ in terms) for m, _ in terms]
        ordered, sure = any(above), any(a and c == TRUE for a, c in zip(above, conds, strict=True))
        apart = not ordered and any(_is_wild(m) or self._is_shifted(m) for m, _ in terms)
        if apart or (any(c != TRUE for c in conds) and not sure):
            return self._split_masked(terms, conds, known)
        largest = terms[0][0]
        if len(dict.fromkeys(m for m, _ in terms)) > MOST_EXPONENTS or sum(map(_length, terms)) > LONGEST:
            return NOTHING, self.as_they_stand(total, known)
        for m, _ in terms[1:]:
            d = m - largest
            if not self.is_nonpositive(d, known):
                largest = m if self.is_nonpositive(d * -1, known) else largest + positive_part(d)
        if len(terms) == 2 and (pair := _pair(terms, lambda d: self.exponent(write(d), known))) is not None:
            return largest, pair
        return largest, build.add(*(build.mul(v, self._power_of(m - largest, known)) for m, v in terms))

    def _power_of(self, m: Linear, known: Known) -> Expr:
        """exp(m), with the definitions of what would overflow in it."""
        return exponential_of(self.exponent(write(m), known)) if m.terms else build.UNIT

    def _is_shifted(self, m: Linear) -> bool:
        """Is it values less the largest of them: a difference that is to stay one, beside others that may be large?"""
        return len(m.terms) > 1 and self.remainder(m) != m

    def exponent(self, expr: Expr, known: Known) -> Expr:
        """What stands in an exponent as it is to be computed: what would overflow by itself by its definition, since an
        exponential of it may be 0."""

        def definition(read: Read) -> Expr | None:
            body = self.definition(read, known)
            if body is None or self.form(body, known).plain or self.is_tame(read, known):
                return None
            return replace_reads(rename_bound(body, all_index_names(expr)), definition)

        def term(e: Expr) -> Expr:
            match build.split_number(e):
                case c, Read() as read if definition(read) is not None and (own := self._ended(read)) is not None:
                    return build.mul(Num(c), own)
            return self.plain(replace_reads(e, definition), known)

        if self.related:
            expr = write(self.with_relations(parts(expr)))
        return build.add(*map(term, terms_of(expr)))

    def _ended(self, read: Read) -> Read | None:
        """A tensor as it stands in an exponent, as a tensor of its own, if it can be one."""
        equation = self.equations[read.tensor]
        match self.named(capped(self.exponent(equation.body, ())), (), equation.indices):
            case Read(own, subs) if tuple(s.index for s in subs) == equation.indices:
                return Read(own, read.subs)
        return None

    def grouped(self, m: Linear, known: Known) -> Linear:
        """The exponent with values less the largest of them as one tensor each, where more is added to them.

        Between two of 1000 in float32 what is added in the middle would lose its digits.
        """
        m = self._turned(m)
        each = [p for p in self.less(m, some=True) if p.terms]
        left = m
        for part in each:
            left = left - part
        if len(each) + bool(left.terms) < 2 or among((e for p in each for e, _ in p.terms), Where):
            return m
        for part in each:
            left = left + Linear.of(self.named(capped(self.exponent(write(part), known)), known))
        return left

    def _turned(self, m: Linear) -> Linear:
        """The exponent with c max(d, 0) as c d + c max(-d, 0) where d completes values less the largest of them."""
        for e, c in m.terms:
            d = base_of_positive(e) if c < 0 else None
            if d is not None:
                turned = m + (parts(d) + Linear.of(larger_than_nought(build.neg(d))) - Linear.of(e)) * c
                left = self.remainder(turned)
                if left != turned and len(left.terms) < len(self.remainder(m).terms):
                    return turned
        return m

    def _mattering(self, v: Expr, known: Known) -> Cond:
        """When a term's exponent counts: where its coefficient is not 0."""
        cond, others = counting(v)
        cond = build.both(cond, *(build.compare("!=", f, build.NIL) for f in others if self.is_data(f)))
        return TRUE if holds(cond, known) else cond

    def is_data(self, expr: Expr) -> bool:
        """Is it an entry of an input, or made of nothing but such and numbers, so that it may well be 0?"""
        match expr:
            case Read(name):
                return name not in self.equations and BESIDE not in name
            case Add(args) | Mul(args):
                parts = [a for a in args if value_of(a) is None]
                return bool(parts) and all(map(self.is_data, parts))
        return False

    def _split_masked(self, terms: list[tuple[Linear, Expr]], conds: list[Cond], known: Known) -> tuple[Linear, Expr]:
        """The largest of exponents of which some count in places only."""
        written = [capped(self.exponent(write(self.grouped(m, known)), known)) for m, _ in terms]
        exponents = [self.named(masked(c, e), known) for c, e in zip(conds, written, strict=True)]
        largest = exponents[0]
        for e in exponents[1:]:
            largest = Where(Compare(">", largest, e), largest, e)
        self.done.update((*exponents, largest))
        each = zip(terms, conds, exponents, strict=True)
        below = tuple(Below(m, (), c, e) for (m, _), c, e in each if isinstance(e, Read))
        m = Linear.of(self.largest_of(largest, below, known))
        own = [Linear.of(e) if value_of(e) is None else parts(e) for e in exponents]
        if len(terms) == 2 and all(c == TRUE for c in conds):
            pair = _pair([(e, v) for e, (_, v) in zip(own, terms, strict=True)], write)
            if pair is not None:
                return m, pair
        return m, build.add(*(build.mul(v, exponential(e - m)) for e, (_, v) in zip(own, terms, strict=True)))

    def _split_total(self, total: Sum, known: Known) -> tuple[Linear, Expr]:
        known = outside(known, total.indices)
        m, v = self.lifted(self.form(total.body, known), known)
        inside, apart = self._completed(*self.with_relations(m).split(total.indices), total.indices)
        if not inside.terms:
            return apart, build.total(total.indices, v)
        cond, factor = self._counted(v)
        if cond == TRUE and self.is_attained(m, total.indices):
            return NOTHING, build.total(total.indices, build.mul(factor, exponential(m)))
        less = self._less_largest(inside, total.indices)
        exponent = self._named_exponent(self.grouped(inside - less, known), cond, total.indices, known)
        if isinstance(exponent, Read):
            inside, apart = inside - less, apart + less
        else:
            inside = self.grouped(inside, known)  # as in what reads it after the loop
            exponent = self._named_exponent(inside, cond, total.indices, known)
        own = inside if cond == TRUE and not isinstance(exponent, Read) else Linear.of(exponent)
        largest = self._largest(total.indices, exponent, Below(inside, total.indices, cond, exponent), known)
        summand = build.mul(factor, exponential(own - Linear.of(largest)))
        return apart + Linear.of(largest), build.total(total.indices, summand)

    def _completed(self, inside: Linear, apart: Linear, indices: tuple[Index, ...]) -> tuple[Linear, Linear]:
        """The exponent of a sum's terms, and what they have in common, with that what stands beside a largest value as
        in what it is the largest of: some of it may be the same for all terms, so that it has left the sum."""
        for largest, c in inside.terms if len(inside.terms) > 1 else ():
            for below in self.below(largest) if c < 0 else ():
                for own in entries_below(inside, below):
                    if own.read is not None and own.cond == TRUE and own.over:
                        whole = (Linear.of(own.read) - Linear.of(largest)) * -c
                        left = inside - (own.terms - Linear.of(largest)) * -c
                        if left.terms and not left.split(indices)[0].terms:
                            return whole, apart + left
        return inside, apart

    def _named_exponent(self, m: Linear, cond: Cond, indices: tuple[Index, ...], known: Known) -> Expr:
        return self.named(masked(cond, capped(self.exponent(write(m), known))), known, indices)

    def _less_largest(self, inside: Linear, indices: tuple[Index, ...]) -> Linear:
        """The largest of terms that stand beside others and of which the largest has a name: in exp(z) exp(-d) / sum of
        exp(z) that of z, to be taken from z before -d is added, whose digits z - d has lost where z is large."""
        found = NOTHING
        for e, c in inside.terms:
            over = tuple(i for i in indices if i in free_indices(e))
            if c > 0 and (len(inside.terms) > 1 or c != 1):
                largest = rename_bound(Extreme("max", over, e, TRUE), {i.name for i in over})
                read = self.has_name(largest, tuple(i for i in free_indices(e) if i not in over))
                found = found if read is None else found + Linear.of(read) * c
        return found

    def _largest(self, indices: tuple[Index, ...], exponent: Expr, below: Below, known: Known) -> Expr:
        largest = rename_bound(Extreme("max", indices, exponent, TRUE), {i.name for i in indices})
        self.done.update((exponent, largest))
        return self.largest_of(largest, (below,) if isinstance(below.read, Read) else (), known)


def _exponential_below(forms: list[Scaled]) -> tuple[int, Expr] | None:
    """k and a where of two terms the one at k is v exp(m) and the other -v exp(m - exp(a)); m may well be exp(a)."""
    for k, (one, other) in enumerate((forms, forms[::-1]) if len(forms) == 2 else ()):
        if not one.sums and not other.sums and other.rest == build.neg(one.rest):
            match (other.exponent - one.exponent).terms:
                case ((Fn("exp", (a,)), times),) if times == -1:
                    return k, a
    return None


def _is_wild(m: Linear) -> bool:
    """Is there an exponential in the exponent, so that it may be too large to be taken from another?"""
    return any(argument_of(n, "exp") is not None for e, _ in m.terms for n in islice(walk(e), LONGEST))


def _length(term: tuple[Linear, Expr]) -> int:
    """How long an exponent is, written out."""
    return sum(1 for e, _ in term[0].terms for _ in islice(walk(e), LONGEST + 1))


def _pair(terms: list[tuple[Linear, Expr]], written: Callable[[Linear], Expr]) -> Expr | None:
    """v for two terms with the same or with opposite coefficients: 1 + exp(-|d|), or sign(d) (1 - exp(-|d|))."""
    (m, a), (k, b) = terms
    d = k - m
    if is_nonpositive(d) or is_nonpositive(d * -1):
        return None
    apart = build.mul(build.MINUS, Fn("abs", (written(d if d.terms[0][1] > 0 else d * -1),)))
    if a == b:
        return build.mul(a, build.add(build.UNIT, exponential_of(apart)))
    if a == build.neg(b):
        difference = written(d)
        sign = build.UNIT if is_positive(difference) else Fn("sign", (difference,))
        return build.mul(a, sign, expm1_of(apart))
    return None
