"""How products are computed: factors that are exponential put together, or spread over a sum, where they must be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from symbp.core import build
from symbp.core.expr import (
    Add,
    Delta,
    Expr,
    Int,
    Num,
    Pow,
    Read,
    Sum,
)
from symbp.core.integers import Index, Poly
from symbp.core.traverse import apply, free_indices, nodes, rename_bound, substitute
from symbp.core.views import among, factors_of, terms_of
from symbp.lowering.scaled import Scaled, product_of
from symbp.lowering.stability.computed import Computed
from symbp.lowering.stability.forms import may_take_root
from symbp.lowering.stability.known import Known, outside

Factors = list[tuple[Expr, Scaled]]
Exprs = tuple[Expr, ...]


class Products(Computed):
    """Factors by themselves where that is safe, together where they would overflow apart or where something cancels."""

    __slots__ = ()

    def product(self, args: Exprs, known: Known) -> Expr:
        """Factors that are exponential are put together where they would overflow apart or where something cancels."""
        each = self.as_in_divisors(args, [self._factor(a, known) for a in args], known)
        forms = [(a, f) for a, f in zip(args, each, strict=True) if not f.plain]
        ways = (
            self._by_delta,  # first: terms may cancel where an index has the value that a delta gives it
            self._own_term_apart,
            self._by_terms,  # what cancels for one term of a tensor need not for another
            self._taken_in,  # into a sum, where it can be computed
            self._opened_up,  # over a sum, where it must be
        )
        found = next((e for way in ways if (e := way(args, forms, known)) is not None), None)
        return self._put_together(args, forms, known) if found is None else found

    def _own_term_apart(self, args: Exprs, _: Factors, known: Known) -> Expr | None:
        apart = self.own_term_apart(args, known)
        return None if apart is None else build.add(*(self.plain(a, known) for a in apart))

    def _by_terms(self, args: Exprs, forms: Factors, known: Known) -> Expr | None:
        """The product term by term of what u is in u_k - sum_j p_j u_j, where it can be computed so alone: for what is
        the same for all k that is (1 - sum_j p_j) u."""
        if not among(args, Add) or self.is_tame(build.mul(*args), known):
            return None
        for total in args:
            within, beside = _parted(args, total, forms)
            for apart in self._terms_apart(total):
                products = [build.mul(*within, a) for a in apart]
                if all(self.is_tame(e, known) for e in products):
                    rest = (self.plain(b, known) for b in beside)
                    return build.mul(*rest, build.add(*(self.plain(e, known) for e in products)))
        return None

    def _terms_apart(self, total: Expr) -> Iterator[list[Expr]]:
        """u_k + c sum_j p_j u_j as as many such differences as the definition of u has terms."""
        for own, other in permutations(terms_of(total), 2) if len(terms_of(total)) == 2 else ():
            match own, build.split_number(other):
                case Read(name), (c, Sum(indices, body)) if (equation := self.equations.get(name)) is not None:
                    factors, terms = factors_of(body), _spread_out(equation.body)
                    theirs = [r for r in among(factors, Read) if r.tensor == name]
                    if len(theirs) == 1 and len(terms) > 1:
                        beside = build.mul(build.num(c), *(f for f in factors if f is not theirs[0]))
                        entries = ([apply(t, equation.indices, r.subs) for r in (own, *theirs)] for t in terms)
                        yield [_difference(one, beside, there, indices) for one, there in entries]

    def _opened_up(self, args: Exprs, forms: Factors, known: Known) -> Expr | None:
        spread = (
            self.multiplied_in(args, known)
            or self._defined(args, forms, known)
            or self._spread_factor(args, forms, known)
        )
        return None if spread is None else self.plain(spread, known)

    def _put_together(self, args: Exprs, forms: Factors, known: Known) -> Expr:
        """The factors that are to be computed together as one value, and the others each by itself."""
        chosen, forms = self._chosen(args, forms, known)
        if not chosen:
            each = enumerate(args)
            return build.mul(*(self.shut(self.plain(a, known), args[:k] + args[k + 1 :]) for k, a in each))
        core = product_of(f for _, f in chosen)
        chosen = [*chosen, *((a, f) for a, f in forms if (a, f) not in chosen and f.shares(core))]
        others = [a for a in args if not any(a is b for b, _ in chosen)]
        value = product_of(f for _, f in chosen)
        deltas = among(others, Delta)
        others = [a for a in others if a not in deltas]
        rest = [self.plain(a, known) for a in others]
        return build.mul(*rest, self.computed(self.settled(Scaled(build.mul(*deltas)) * value), known, tuple(others)))

    def _chosen(self, args: Exprs, forms: Factors, known: Known) -> tuple[Factors, Factors]:
        """The factors that are to be computed together, and all that have something exponential in them: a sum with
        nothing of that kind beside it is as it was written."""
        if len(forms) == 1 and among((forms[0][0],), Sum):
            return [], forms
        chosen = [(a, f) for a, f in forms if not self._stands_alone(a, f, known)]
        whole = build.mul(*args)
        together = self.form(whole, known)
        if not chosen:
            return _joined(forms), forms
        if not self.is_safe(together, known) and self.is_safe_opened(whole, together, known):
            opened = [(a, f) for a in args if not (f := self.opened(a, known)).plain]
            return opened, opened
        chosen += [(a, f) for a, f in forms if (a, f) not in chosen and not self._is_read(a, known)]
        return (chosen if self.is_safe(product_of(f for _, f in chosen), known) else forms), forms

    def _factor(self, a: Expr, known: Known) -> Scaled:
        """The form of a factor; what is divided by is looked into where it might vanish."""
        form = self.form(a, known)
        match a:
            case Pow(base, Num(q)) if q < 0 and form.plain and self.vanishes(base, known):
                below = self.opened(base, known)
                return below.power(q) if q.denominator == 1 or may_take_root(below) else form
        return form

    def _stands_alone(self, a: Expr, form: Scaled, known: Known) -> bool:
        """May this factor be computed by itself: a sum as it was written, parts that cannot overflow?"""
        match a:
            case Add() | Sum() if not form.exponent.terms and all(p == 1 for _, p in form.sums):
                return True
            case Add():
                return False
        return self.stands(a, known)

    def _is_read(self, a: Expr, known: Known) -> bool:
        """Is it a named tensor, or a power of one, that can be read?"""
        match a:
            case Read() | Pow(Read()):
                return self.is_tame(a, known)
        return False

    def _defined(self, args: tuple[Expr, ...], forms: Factors, known: Known) -> Expr | None:
        """The product with the definition of a named sum that would overflow by itself in the place of its name."""
        for k, a in enumerate(args if len(forms) > 1 else ()):
            form = next((f for b, f in forms if b is a), None)
            body = None if form is None else self.defined_wild(a, known)
            if form is not None and body is not None and among((e for e, p in form.sums if p == 1), Add):
                return build.mul(*args[:k], body, *args[k + 1 :])
        return None

    def _spread_factor(self, args: tuple[Expr, ...], forms: Factors, known: Known) -> Expr | None:
        """The product multiplied out over a sum in which a term would overflow by itself, but not in the product."""
        for a in among(args, Add):
            if self._is_joined(a, known):
                continue
            core = product_of(f for b, f in forms if b is not a)
            others = tuple(b for b in args if b is not a)
            if (
                any(self._needs_product(t, core, known) for t in a.args)
                or self._is_saved(a, core, others, known)
                or self._is_compensated(a, core, others, known)
            ):
                within, beside = _parted(args, a, forms)
                return build.mul(*beside, build.add(*(build.mul(*within, t) for t in a.args)))
        return None

    def _is_joined(self, a: Expr, known: Known) -> bool:
        """Is it a sum whose terms cancel over their denominator, as in 1 - p? Multiplied out they would do so again."""
        value = self.form(a, known)
        return not value.plain and not among((e for e, _ in value.sums), Add)

    def _taken_in(self, args: Exprs, forms: Factors, known: Known) -> Expr | None:
        """The product with its exponentials taken into a sum where what they stand in can be computed: of a choice is
        told there by which branch it is, and what a delta shuts out of a bracket there is."""
        for k, a in enumerate(args):
            body = self.defined_wild(a, known)
            if body is not None and among(factors_of(body), Sum):
                taken = {i.name for b in args for i in free_indices(b)}
                below = tuple(rename_bound(f, taken) for f in factors_of(body))
                spread = (*args[:k], *below, *args[k + 1 :])
                forms = [(b, f) for b in spread if not (f := self._factor(b, known)).plain]
                return self._taken_in(spread, forms, known)
            match a:
                case Sum() if not self.stands(a, known):
                    found = self._taken_into(a, args, [b for b, _ in forms if b is not a], known)
                    if found is not None:
                        return found
        return None

    def _taken_into(self, total: Sum, args: Exprs, own: list[Expr], known: Known) -> Expr | None:
        """The product with what is exponential beside a sum taken into it, where its term can be computed then."""
        chosen = self.choice(total.body, outside(known, total.indices)) is not None
        new = rename_bound(total, {i.name for b in own for i in free_indices(b)})
        within, body = outside(known, new.indices), build.mul(*own, new.body)
        if not chosen and not self._is_safe_within(own, body, within):
            return None
        others = [b for b in args if b is not total and not any(b is c for c in own)]
        return build.mul(*(self.plain(b, known) for b in others), self.plain(build.total(new.indices, body), known))

    def _is_safe_within(self, own: list[Expr], body: Expr, within: Known) -> bool:
        """May the exponentials overflow, but not beside a sum's terms, multiplied out over a bracket with deltas?"""
        deltas = any(True for bracket in among(factors_of(body), Add) for _ in nodes(bracket, Delta))
        return bool(own) and deltas and not self.is_tame(build.mul(*own), within) and self.is_tame(body, within)

    def _by_delta(self, args: Exprs, _: Factors, known: Known) -> Expr | None:
        """The product where an index of a delta in a sum has that value, and where it has not, if its terms cannot be
        computed each by itself: in 1/(1 - p_y) p_y (delta_yk - p_k) they cancel."""
        for total, d in _deltas_in_sums(args):
            place = args.index(total)
            before, after = args[:place], args[place + 1 :]
            for i, at in self.fixed(d):
                if all(self.is_tame(build.mul(*before, t, *after), known) for t in total.args):
                    continue
                apart = build.compare("!=", Int(Poly.of(i)), Int(at))
                rest = build.add(*(t for t in total.args if d not in factors_of(t)))
                elsewhere = self.plain(build.mul(*before, rest, *after), (*known, (apart, True)))
                return build.where(apart, elsewhere, self.plain(substitute(build.mul(*args), {i: at}), known))
        return None

    def _is_saved(self, total: Add, core: Scaled, others: Exprs, known: Known) -> bool:
        """Is the product not safe as it stands, but its terms are?"""
        doubtful = [t for t in total.args if not self.is_tame(t, known)]
        if not doubtful or (doubtful == list(total.args) and self.is_safe(core * self.form(total, known), known)):
            return False
        return all(self.is_tame(build.mul(*others, t), known) for t in doubtful)

    def _is_compensated(self, total: Add, core: Scaled, others: Exprs, known: Known) -> bool:
        """May what stands beside the sum overflow, but is each term as small as that is large?

        A term that is nothing exponential compensates for nothing: what it stands in is a difference, to be kept whole.
        """
        if core.plain or self.is_safe(core, known) or any(self.form(t, known).plain for t in total.args):
            return False
        return all(self.is_tame(build.mul(*others, t), known) for t in total.args)

    def _needs_product(self, term: Expr, core: Scaled, known: Known) -> bool:
        form = self.form(term, known)
        if form.plain or (core * form).size() >= core.size() + form.size():
            return False
        return not self.is_tame(term, known) or not self.is_safe(core, known)


def _parted(args: Exprs, total: Expr, forms: Factors) -> tuple[Exprs, Exprs]:
    """The factors beside a sum that have something exponential in them, or all where none has, and the others."""
    others = tuple(b for b in args if b is not total)
    within = tuple(b for b in others if any(b is c for c, _ in forms)) or others
    return within, tuple(b for b in others if not any(b is c for c in within))


def _spread_out(body: Expr) -> list[Expr]:
    """The terms of a sum, or of one that is multiplied by others."""
    factors = factors_of(body)
    sums = among(factors, Add)
    if len(sums) != 1:
        return [body]
    return [build.mul(*(f for f in factors if f is not sums[0]), t) for t in sums[0].args]


def _difference(one: Expr, beside: Expr, other: Expr, indices: tuple[Index, ...]) -> Expr:
    """A value, and a sum of others times what is beside them, what they have in common before a bracket."""
    mine, theirs = factors_of(one), factors_of(other)
    common = [f for f in mine if f in theirs and not any(i in indices for i in free_indices(f))]
    own, rest = (build.mul(*(f for f in fs if f not in common)) for fs in (mine, theirs))
    return build.mul(*common, build.add(own, build.total(indices, build.mul(beside, rest))))


def _deltas_in_sums(args: Exprs) -> Iterator[tuple[Add, Delta]]:
    """The deltas in the terms of sums among some factors, each with its sum."""
    return ((total, d) for total in among(args, Add) for t in total.args for d in among(factors_of(t), Delta))


def _joined(forms: Factors) -> Factors:
    """Factors whose product is simpler than they are."""
    return forms if product_of(f for _, f in forms).size() < sum(f.size() for _, f in forms) else []
