"""The logarithm of a quotient of two sums of exponentials, with all its digits where the two are nearly the same.

log s - log t loses what is common to both. The sums are taken from each other term by term instead, and each difference
of two exponentials is `expm1` of the difference of their exponents: log(s/t) = log1p((s - t)/t) where s is the larger,
else -log1p((t - s)/s). A mean of exponentials is such a quotient too, whose t counts the terms.
"""

from __future__ import annotations

from collections.abc import Callable

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Compare, Expr, Fn, Int, Mul, Sum, Where
from symbp.core.integers import Atom, Poly
from symbp.core.traverse import substitute
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import Linear, parts, write
from symbp.lowering.stability.exponentials import exponential_of, expm1_of


def log_of_quotient(s: Expr, t: Expr, named: Callable[[Expr], Expr]) -> Expr | None:
    """log(s/t) of two sums over as many terms, the exponentials in them no more than a few; None of anything else.

    `named` gives an exponent as a tensor, so that what it is taken from is no sum of four: these may be large.
    """
    if not (isinstance(s, Sum) and isinstance(t, Sum)) or not is_positive(s):
        return None
    if [(i.start, i.stop) for i in s.indices] != [(j.start, j.stop) for j in t.indices]:
        return None
    table: dict[Atom, Poly] = {j: Poly.of(i) for i, j in zip(s.indices, t.indices, strict=True) if i != j}
    (factor, one), (same, other) = _parted(s.body), _parted(substitute(t.body, table))
    if key(factor) != key(same) or not one.terms or not other.terms:
        return None
    difference = _difference(named(write(one)), named(write(other)))
    more = build.total(s.indices, build.mul(factor, difference))
    smaller = Where(Compare("<", s, t), s, t)
    return build.mul(Fn("sign", (more,)), Fn("log1p", (build.div(Fn("abs", (more,)), smaller),)))


def log_of_mean(s: Expr, divided: Expr) -> Expr | None:
    """log(s/K) where s is a sum of K exponentials that are no more than 1, and what it is times is 1/K."""
    if not isinstance(s, Sum) or any(i.start.terms for i in s.indices):
        return None
    factor, exponent = _parted(s.body)
    if factor != build.UNIT or build.mul(divided, *(Int(i.stop) for i in s.indices)) != build.UNIT:
        return None
    less = build.total(s.indices, build.neg(expm1_of(write(exponent))))
    return build.neg(Fn("log1p", (build.div(less, s),)))


def exponent_of(s: Expr) -> Linear:
    """What stands in the exponential of a sum's terms."""
    return _parted(s.body)[1] if isinstance(s, Sum) else Linear()


def _parted(body: Expr) -> tuple[Expr, Linear]:
    """A product's other factors, and what stands in its exponentials."""
    factors = body.args if isinstance(body, Mul) else (body,)
    powers = [f for f in factors if isinstance(f, Fn) and f.name == "exp"]
    exponent = Linear()
    for f in powers:
        exponent = exponent + parts(f.args[0])
    return build.mul(*(f for f in factors if f not in powers)), exponent


def _difference(one: Expr, other: Expr) -> Expr:
    """exp(one) - exp(other)."""
    apart = build.sub(one, other)
    larger = Where(Compare(">", one, other), one, other)
    less = build.neg(expm1_of(build.neg(Fn("abs", (apart,)))))
    return build.mul(Fn("sign", (apart,)), exponential_of(larger), less)
