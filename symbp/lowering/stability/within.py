"""What a sum of exponentials is divided by, taken into it: its terms are then no more than a few as they stand."""

from __future__ import annotations

from fractions import Fraction

from symbp.core import build
from symbp.core.expr import Expr, Fn, Sum, Where
from symbp.core.integers import Index
from symbp.core.traverse import free_indices, rename_bound
from symbp.core.views import factors_of
from symbp.lowering.linear import NOTHING, Linear, parts
from symbp.lowering.scaled import Scaled
from symbp.lowering.stability.exponentials import exponential
from symbp.lowering.stability.forms import parted
from symbp.lowering.stability.known import Known, outside
from symbp.lowering.stability.masks import with_masks
from symbp.lowering.stability.splits import Splits


class Within(Splits):
    """Sums that need no largest term of their own."""

    __slots__ = ()

    def within_sums(self, value: Scaled, known: Known) -> tuple[Linear, Expr] | None:
        """The same with what the sums of exponentials are divided by taken into those that stand above, where no term
        is more than a few then: these need no largest term of their own. None if that does for none of them, or leaves
        an exponent that is not 0 or less."""
        below = tuple((e, p) for e, p in value.sums if p < 0)
        if not below or not any(p == 1 for _, p in value.sums):
            return None
        m, v = self.lifted(Scaled(value.rest, value.exponent, below), known)
        above = [power for power in value.sums if power[1] > 0]
        found = (self._with_taken(above, m, v, known, every) for every in (False, True))
        return next((f for f in found if f is not None and self.is_nonpositive(f[0], known)), None)

    def _with_taken(
        self, above: list[tuple[Expr, Fraction]], m: Linear, v: Expr, known: Known, every: bool
    ) -> tuple[Linear, Expr] | None:
        """exp(m) * v times powers of sums, parts of m, or all of it, taken into these; None where none takes any."""
        factors, others = [v], []
        for e, p in above:
            match e, p:
                case Sum(), 1 if (found := self._taken_within(e, m, known, every)) is not None:
                    m = m - found[0]
                    factors.append(found[1])
                case _:
                    others.append((e, p))
        if len(factors) == 1:
            return None
        more, v = self.lifted(Scaled(build.UNIT, NOTHING, tuple(others)), known)
        return self.folded(m + more, known), build.mul(*factors, v)

    def _taken_within(self, total: Sum, m: Linear, known: Known, every: bool) -> tuple[Linear, Expr] | None:
        """What of an exponent beside a sum is taken into it, and the sum with that: a largest value, or all of it, so
        that none of its terms is more than a few."""
        total = rename_bound(total, {i.name for e, _ in m.terms for i in free_indices(e)})
        inside = outside(known, total.indices)
        n, factor = self.lifted(self.form(total.body, inside), inside)
        given = (*inside, (self._counted(factor)[0], True))
        for taken in (m,) if every else (Linear((t,)) for t in m.terms if t[1] < 0):
            both = self.folded(with_masks(n + taken, given), given)
            if n.split(total.indices)[0].terms and self.is_nonpositive(both, given):
                summand = build.mul(factor, exponential(self.grouped(both, given)))
                return taken, self.total_apart(summand, total.indices)
        return None

    def total_apart(self, summand: Expr, indices: tuple[Index, ...]) -> Expr:
        """A sum over indices, what is the same for all its terms before it."""
        inner, outer = parted(self.powers_apart(summand, indices), indices)
        return build.mul(outer, build.total(indices, inner))

    def powers_apart(self, summand: Expr, indices: tuple[Index, ...]) -> Expr:
        """The term of a sum with exp(a + b) as exp(a) exp(b) where b is the same for all terms and neither is more than
        0: so that the one can leave the sum."""
        match summand:
            case Where(cond, then, build.NIL):
                return build.where(cond, self.powers_apart(then, indices), build.NIL)
        return build.mul(*(self._power_apart(f, indices) for f in factors_of(summand)))

    def _power_apart(self, factor: Expr, indices: tuple[Index, ...]) -> Expr:
        match factor:
            case Fn("exp", (a,)):
                inside, apart = self._split_by(parts(a), indices)
                if inside.terms and apart.terms and self.is_below_nought(inside) and self.is_below_nought(apart):
                    return build.mul(exponential(inside), exponential(apart))
        return factor

    def _split_by(self, m: Linear, indices: tuple[Index, ...]) -> tuple[Linear, Linear]:
        """What of an exponent depends on the indices, and the rest, values less the largest of them kept together."""
        inside, apart = NOTHING, NOTHING
        for part in self.less(m):
            m = m - part
            inside, apart = (inside + part, apart) if part.split(indices)[0].terms else (inside, apart + part)
        more, others = m.split(indices)
        return inside + more, apart + others
