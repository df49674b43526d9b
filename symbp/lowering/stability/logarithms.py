"""Logarithms: log(exp(m) * v) = m + log v, and those of quotients where that keeps more digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from symbp.core import build
from symbp.core.expr import Compare, Expr, Fn, Num, Read, Where
from symbp.core.traverse import free_indices
from symbp.core.views import among, argument_of, terms_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import Linear, parts, write
from symbp.lowering.scaled import Scaled
from symbp.lowering.stability.exponentials import exponential_of, log_of
from symbp.lowering.stability.known import Known
from symbp.lowering.stability.masks import with_masks
from symbp.lowering.stability.quotients import exponent_of, log_of_mean, log_of_quotient
from symbp.lowering.stability.safety import Safety

# Where m is no higher, exp(m) has room in float32 to be times something.
HIGH = build.num(40)

Powers = list[tuple[Expr, Fraction]]


@dataclass(frozen=True, slots=True)
class Logs:
    """A logarithm as m, the logarithms of what is certain to be positive, and that of the rest.

    `joined` says that one of them is of a quotient of two sums.
    """

    m: Linear
    terms: tuple[Expr, ...]
    rest: Expr = build.UNIT
    joined: bool = False

    def after(self, *exponents: Expr) -> Expr:
        """All of it, m as it is computed."""
        return build.add(*exponents, *self.terms, *([] if self.rest == build.UNIT else [log_of(self.rest)]))


class Logarithms(Safety):
    """How logarithms and sums of them are computed."""

    __slots__ = ()

    def logarithm(self, node: Fn, known: Known) -> Expr:
        """log(exp(m) * v) = m + log v."""
        inside = node.args[0] if node.name == "log" else build.add(build.UNIT, node.args[0])
        value = self.opened(inside, known)
        if value.plain or self._is_plain_sum(inside, known):
            return log_of(self.plain(inside, known))
        logs = self._logs_of(value, known)
        found = logs.after(*self._with_differences(logs, known))
        if build.UNIT in terms_of(inside) and self.form(inside, known).plain:
            return self._of_one_and(build.sub(inside, build.UNIT), found, known)
        return _near_one(logs, found) if build.UNIT in terms_of(inside) else found

    def _with_differences(self, logs: Logs, known: Known) -> Iterator[Expr]:
        """The exponent of a logarithm as it is computed, what is taken from each other a tensor of its own: both may be
        large, and what is added between them would lose its digits.

        A largest value less another of which it is one; values less the largest of them, where more than the logarithm
        of a sum is added.
        """
        m = logs.m
        for part in self.less(m):
            if logs.rest != build.UNIT or all(self.below(e) for e, _ in part.terms):
                m = m - part
                yield self.named(self.plain(write(part), known), known)
        yield self.plain(write(m), known)

    def _of_one_and(self, r: Expr, log: Expr, known: Known) -> Expr:
        """The logarithm of 1 + r, which is `log` by what r is a quotient of; as log1p(r) where r is small, for there
        that has all its digits."""
        r = self.plain(r, known)
        return build.where(build.compare("<", Fn("abs", (r,)), build.num(Fraction(1, 2))), Fn("log1p", (r,)), log)

    def _logs_of(self, value: Scaled, known: Known) -> Logs:
        m, factors = value.exponent, [self.plain(value.rest, known)]
        sums: Powers = []
        for e, p in value.sums:
            more, v = self.split(e, known, exact=True)
            m = m + more * p
            if is_positive(v):
                sums.append((v, p))
            else:
                factors.append(build.power(v, Num(p)))
        rest = build.mul(*factors)
        given = (*known, (self._counted(rest)[0], True))  # of 0 there is no logarithm
        m = self.folded(with_masks(m, given), given)
        if len(sums) == 1 and sums[0][1] == 1 and is_positive(rest) and not free_indices(rest):
            ((s, _),) = sums
            mean = log_of_mean(s, rest) if self.is_nonpositive(exponent_of(s)) else None
            return Logs(m, (log_of(build.mul(rest, s)),)) if mean is None else Logs(m, (mean,), joined=True)
        logs = tuple(self._logs_of_quotients(sums, known))
        return Logs(m, logs, rest, len(logs) < len(sums))

    def _logs_of_quotients(self, sums: Powers, known: Known) -> Iterator[Expr]:
        """p log v for each of the sums, of one over another as one where they are alike."""
        if sums:
            (s, p), *others = sums
            for k, (t, q) in enumerate(others):
                found = log_of_quotient(s, t, lambda e: self.named(e, known)) if p == -q else None
                if found is not None:
                    yield build.mul(Num(p), found)
                    yield from self._logs_of_quotients(others[:k] + others[k + 1 :], known)
                    return
            yield build.mul(Num(p), log_of(s))
            yield from self._logs_of_quotients(others, known)

    def _is_plain_sum(self, total: Expr, known: Known) -> bool:
        """Is it a sum of which nothing is taken out, so that it is computed as it stands?"""
        if len(terms_of(total)) == 1:
            return False
        value = self.form(total, known)
        if value.exponent.terms or len(value.sums) != 1 or value.sums[0][1] != 1:
            return False
        return not self.split(value.sums[0][0], known)[0].terms

    def sum_of_logarithms(self, terms: tuple[Expr, ...], known: Known) -> Expr | None:
        """A sum of terms in which there are logarithms written as sums; None of any other."""
        joined = self._quotient_of_logarithms(terms, known)
        if joined is not None:
            return joined
        logs = [a for a in terms if self._is_long_logarithm(a, known)]
        if not logs:
            return None
        with_tensors = self._with_tensors if len(logs) > 1 else self._with_exponent
        return build.add(*(with_tensors(a, known) if a in logs else self.plain(a, known) for a in terms))

    def _quotient_of_logarithms(self, terms: tuple[Expr, ...], known: Known) -> Expr | None:
        """The sum with c log p - c log q in it as that of p/q, where sums of exponentials in p and q are alike."""
        parts = [(t, *build.split_number(t)) for t in terms]
        logs = [(t, c, p) for t, c, rest in parts if (p := argument_of(rest, "log")) is not None]
        for (one, c, p), (other, d, q) in combinations(logs, 2):
            found = self._log_of_quotient(p, q, known) if c == -d else None
            if found is not None:
                left = [a for a in terms if a not in (one, other)]
                return build.add(build.mul(Num(c), found), *(self.plain(a, known) for a in left))
        return None

    def _log_of_quotient(self, p: Expr, q: Expr, known: Known) -> Expr | None:
        """log p - log q, the exponents of each put together first: they may be large."""
        one, other = self.opened(p, known), self.opened(q, known).power(Fraction(-1))
        if not one.sums and not other.sums:
            return None
        both = self._logs_of(one * other, known)
        if not both.joined or self._logs_of(one, known).joined or self._logs_of(other, known).joined:
            return None
        exponents = (self._logs_of(value, known).m for value in (one, other))
        return both.after(*(self.named(self.plain(write(m), known), known) for m in exponents))

    def _is_long_logarithm(self, term: Expr, known: Known) -> bool:
        """Is it a logarithm, times a number, that is written as a sum?"""
        inside = argument_of(build.split_number(term)[1], "log")
        return inside is not None and not self.opened(inside, known).plain

    def _with_exponent(self, term: Expr, known: Known) -> Expr:
        """The same with values less the largest of them as one tensor: in log p + 1 no 1 is to be added to a value of
        1000 before the largest is taken from it."""
        found = parts(self.plain(term, known))
        for part in self.less(found):
            one = self.named(write(part), known)
            found = found - part + Linear.of(one) if among((one,), Read) else found
        return write(found)

    def _with_tensors(self, term: Expr, known: Known) -> Expr:
        """The same read from a tensor: of sums, each added up by itself, less is lost than of all their terms."""
        c, rest = build.split_number(term)
        return build.mul(Num(c), self.named(self.plain(rest, known), known))


def _near_one(logs: Logs, log: Expr) -> Expr:
    """m + log v, where v = exp(-m) + w so that it is the logarithm of 1 + r: as log1p(r), r = w exp(m), where r is
    small. There the sum v has no digits of r left, and m is added to its own opposite.
    """
    terms = terms_of(logs.rest) if not logs.terms else ()
    ones = [t for t in terms if (a := argument_of(t, "exp")) is not None and not (_spread(a) + logs.m).terms]
    if len(terms) < 2 or len(ones) != 1:
        return log
    (one,) = ones
    others = build.add(*(t for t in terms if t is not one))
    m = write(logs.m)
    within = build.compare("<", m, HIGH)
    small = build.both(within, build.compare("<", Fn("abs", (others,)), build.div(one, build.num(2))))
    r = build.mul(others, exponential_of(build.where(within, m, HIGH)))
    return build.where(small, Fn("log1p", (r,)), log)


def _spread(exponent: Expr) -> Linear:
    """An exponent as a combination, the smaller of u and 0 as u less the larger of the two."""
    match exponent:
        case Where(Compare("<", u, build.NIL), then, build.NIL) if u == then:
            return parts(u) - Linear.of(build.where(build.compare(">", u, build.NIL), u, build.NIL))
    return parts(exponent)
