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
from symbp.core.integers import Atom, Poly
from symbp.core.traverse import substitute
from symbp.core.views import factors_of
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
    if isinstance(s, Add) and isinstance(t, Add):
        own, others = [a for a in s.args if a not in t.args], [a for a in t.args if a not in s.args]
        return _difference(own[0], others[0], named) if len(own) == len(others) == 1 else None
    if not (isinstance(s, Sum) and isinstance(t, Sum)):
        return None
    if [(i.start, i.stop) for i in s.indices] != [(j.start, j.stop) for j in t.indices]:
        return None
    table: dict[Atom, Poly] = {j: Poly.of(i) for i, j in zip(s.indices, t.indices, strict=True) if i != j}
    less = _difference(s.body, substitute(t.body, table), named)
    return None if less is None else build.total(s.indices, less)


def log_of_mean(s: Expr, divided: Expr) -> Expr | None:
    """log(s/K) where s is a sum of K exponentials that are no more than 1, and what it is times is 1/K."""
    two = _of_two(build.mul(divided, s))
    if two is not None:
        return build.neg(Fn("log1p", (build.div(build.neg(expm1_of(two.args[0])), build.add(build.UNIT, two)),)))
    if not isinstance(s, Sum) or any(i.start.terms for i in s.indices):
        return None
    factor, exponent = _parted(s.body)
    if factor != build.UNIT or build.mul(divided, *(Int(i.stop) for i in s.indices)) != build.UNIT:
        return None
    less = build.total(s.indices, build.neg(expm1_of(write(exponent))))
    return build.neg(Fn("log1p", (build.div(less, s),)))


def _of_two(mean: Expr) -> Fn | None:
    """The exponential that is no more than 1 in (1 + exp(-u))/2, as in the logarithm of a hyperbolic cosine."""
    half, total = build.split_number(mean)
    if half == Fraction(1, 2) and isinstance(total, Add) and len(total.args) == 2 and build.UNIT in total.args:
        other = next((a for a in total.args if a != build.UNIT), build.UNIT)
        return other if isinstance(other, Fn) and other.name == "exp" and is_bounded(other.args[0]) else None
    return None


def exponent_of(s: Expr) -> Linear:
    """What stands in the exponential of a sum's terms."""
    return _parted(s.body)[1] if isinstance(s, Sum) else Linear()


def _parted(body: Expr) -> tuple[Expr, Linear]:
    """A product's other factors, and what stands in its exponentials."""
    factors = factors_of(body)
    powers = [f for f in factors if isinstance(f, Fn) and f.name == "exp"]
    exponent = Linear()
    for f in powers:
        exponent = exponent + parts(f.args[0])
    return build.mul(*(f for f in factors if f not in powers)), exponent


def _difference(one: Expr, other: Expr, named: Callable[[Expr], Expr]) -> Expr | None:
    """The difference of two exponentials with the same factor."""
    (factor, m), (same, n) = _parted(one), _parted(other)
    if key(factor) != key(same) or not m.terms or not n.terms:
        return None
    a, b = named(write(m)), named(write(n))
    apart, larger = build.sub(a, b), Where(Compare(">", a, b), a, b)
    less = build.neg(expm1_of(build.neg(Fn("abs", (apart,)))))
    return build.mul(factor, Fn("sign", (apart,)), exponential_of(larger), less)
