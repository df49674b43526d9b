"""The logarithm of a quotient of two sums of exponentials, with all its digits where the two are nearly the same.

log s - log t loses what is common to both. The sums are taken from each other term by term instead, and each difference
of two exponentials is `expm1` of the difference of their exponents: log(s/t) = log1p((s - t)/t) where s is the larger,
else -log1p((t - s)/s). A mean of exponentials is such a quotient too, whose t counts the terms.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Compare, Expr, Fn, Int, Sum, Where
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import substitute
from symbp.core.views import argument_of, factors_of
from symbp.lowering.guard import is_bounded, is_positive
from symbp.lowering.linear import Linear, parts, write
from symbp.lowering.stability.exponentials import expm1_of, exponential_of


def log_of_quotient(s: Expr, t: Expr, named: Callable[[Expr], Expr]) -> Expr | None:
    """log(s/t) of two sums, the exponentials in them no more than a few, and alike but for these; None of others.

    `named` gives an exponent as a tensor, so that what it is taken from is no sum of four: these may be large.
    """
    less = _less(s, t, named) if is_positive(s) and is_positive(t) else None
    if less is None:
        return None
    smaller = Where(Compare("<", s, t), s, t)
    return build.mul(Fn("sign", (less,)), Fn("log1p", (build.div(Fn("abs", (less,)), smaller),)))


def _less(s: Expr, t: Expr, named: Callable[[Expr], Expr]) -> Expr | None:
    """s - t, of two sums over as many terms or of a few terms of which all but one are the same."""
    match s, t:
        case Add(ours), Add(theirs):
            own, others = [a for a in ours if a not in theirs], [a for a in theirs if a not in ours]
            return _difference(own[0], others[0], named) if len(own) == len(others) == 1 else None
        case Sum(mine, one), Sum(their, other) if ranges_of(mine) == ranges_of(their):
            table: dict[Atom, Poly] = {j: Poly.of(i) for i, j in zip(mine, their, strict=True) if i != j}
            less = _difference(one, substitute(other, table), named)
            return None if less is None else build.total(mine, less)
    return None


def ranges_of(indices: tuple[Index, ...]) -> list[tuple[Poly, Poly]]:
    """Where each of some indices starts and stops, whatever it is called."""
    return [(i.start, i.stop) for i in indices]


def log_of_mean(s: Expr, divided: Expr) -> Expr | None:
    """log(s/K) where s is a sum of K exponentials that are no more than 1, and what it is times is 1/K."""
    below = _of_two(build.mul(divided, s))
    if below is not None:
        both = build.add(build.UNIT, Fn("exp", (below,)))
        return build.neg(Fn("log1p", (build.div(build.neg(expm1_of(below)), both),)))
    match s:
        case Sum(indices, body) if not any(i.start.terms for i in indices):
            factor, exponent = _parted(body)
            if factor == build.UNIT and build.mul(divided, *(Int(i.stop) for i in indices)) == build.UNIT:
                less = build.total(indices, build.neg(expm1_of(write(exponent))))
                return build.neg(Fn("log1p", (build.div(less, s),)))
    return None


def _of_two(mean: Expr) -> Expr | None:
    """The exponent, no more than 0, of (1 + exp(-u))/2, as in the logarithm of a hyperbolic cosine."""
    match build.split_number(mean):
        case half, Add((build.UNIT, Fn("exp", (below,))) | (Fn("exp", (below,)), build.UNIT)):
            return below if half == Fraction(1, 2) and is_bounded(below) else None
    return None


def exponent_of(s: Expr) -> Linear:
    """What stands in the exponential of a sum's terms."""
    match s:
        case Sum(_, body):
            return _parted(body)[1]
    return Linear()


def _parted(body: Expr) -> tuple[Expr, Linear]:
    """A product's other factors, and what stands in its exponentials."""
    factors, exponent = factors_of(body), Linear()
    for f in factors:
        power = argument_of(f, "exp")
        exponent = exponent if power is None else exponent + parts(power)
    return build.mul(*(f for f in factors if argument_of(f, "exp") is None)), exponent


def _difference(one: Expr, other: Expr, named: Callable[[Expr], Expr]) -> Expr | None:
    """The difference of two exponentials with the same factor."""
    (factor, m), (same, n) = _parted(one), _parted(other)
    if key(factor) != key(same) or not m.terms or not n.terms:
        return None
    a, b = named(write(m)), named(write(n))
    apart, larger = build.sub(a, b), Where(Compare(">", a, b), a, b)
    less = build.neg(expm1_of(build.neg(Fn("abs", (apart,)))))
    return build.mul(factor, Fn("sign", (apart,)), exponential_of(larger), less)
