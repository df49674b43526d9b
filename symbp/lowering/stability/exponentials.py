"""exp, expm1 and log as they are written: capped, and with 1 + u and e^a - 1 in forms that keep their digits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from symbp.core import build
from symbp.core.expr import Add, Compare, Expr, Extreme, Fn, Int, Mul, Num, Pow, Read, Sum, Where
from symbp.core.functions import elementary
from symbp.core.integers import Node
from symbp.core.traverse import children, map_children, walk
from symbp.core.views import argument_of, base_of, factors_of, terms_of
from symbp.lowering.guard import is_bounded
from symbp.lowering.linear import Linear, write
from symbp.lowering.program import Reach

# Where an exponential inside an exponent ends.
HIGHEST = Reach()

# Terms of a sum end at so many times that: their number is known, so that the sum needs no further room.
IN_SUMS = build.num("1.09")

# 1 - exp(-u) is u to the last digit where u is below the exponential of this.
SMALL = build.num(-40)


def exponential(m: Linear) -> Expr:
    """exp(m); 1 where there is nothing in the exponent."""
    return exponential_of(write(m)) if m.terms else build.UNIT


def exponential_of(exponent: Expr) -> Expr:
    """exp of it; an exponential inside the exponent goes no further than numbers do, where the outer one is 0 or
    infinite."""
    return Fn("exp", (capped(exponent),))


def expm1_of(exponent: Expr) -> Expr:
    """exp(a) - 1, with the same care."""
    return Fn("expm1", (capped(exponent),))


def capped(node: Node, highest: Expr = HIGHEST) -> Any:
    """What stands in an exponent, no exponential in it, nor what it is times, beyond e to the power of `highest`.

    What is below that stays what it is: the largest of several exponents is a value too, not only what they are less.
    The terms of a sum end so much sooner that they have room together; of one whose terms may cancel they do not.
    """
    match node:
        case Fn("exp", (a,)) if not is_bounded(a):
            return _within(a, highest)
        case Fn(name, (a,), ()) if elementary(name).exponentials:
            return Fn(name, (_between(a, highest),))
        case Mul(args) if (k := _unbounded_among(args)) is not None:
            others = args[:k] + args[k + 1 :]
            highest = build.add(highest, *(build.neg(_logarithm(f)) for f in others if f != build.MINUS))
            return build.mul(*map(capped, others), capped(args[k], highest))
        case Sum(indices, body) if is_unbounded(node):
            count = build.mul(*(Int(i.stop - i.start) for i in indices))
            return Sum(indices, capped(body, build.sub(build.mul(IN_SUMS, highest), Fn("log", (count,)))))
        case Read() | Sum() | Extreme():
            return node
        case Add():
            return map_children(node, lambda c: capped(c, highest))
    return map_children(node, capped)


def bounded_below(value: Expr) -> Expr:
    """The same sum, what is 0 or less in it and has exponentials of no bound no lower than `HIGHEST` allows."""
    terms = terms_of(value)
    return build.add(*(capped(t) if is_unbounded(t) and is_bounded(t) else t for t in terms))


def is_unbounded(e: Node) -> bool:
    """Is there an exponential in it that has no bound, but for those in exponents and in what is named?"""
    match e:
        case Fn("exp", (a,)):
            return not is_bounded(a) and not _ends(a)
        case Sum(_, body):
            return is_unbounded(body) and (is_bounded(body) or is_bounded(build.neg(body)))
        case Mul() | Add():
            return any(map(is_unbounded, children(e)))
    return False


def _within(exponent: Expr, highest: Expr) -> Expr:
    """The exponential of an exponent, or of the highest that it may be."""
    if _ends(exponent):
        return Fn("exp", (exponent,))
    return Fn("exp", (Where(Compare("<", exponent, highest), exponent, highest),))


def _between(a: Expr, highest: Expr) -> Expr:
    """An argument that is an exponent, and its opposite too, no further from 0 than that."""
    above = Where(Compare("<", a, highest), a, highest)
    lowest = build.neg(highest)
    return a if _ends(a) else Where(Compare(">", above, lowest), above, lowest)


def _ends(exponent: Expr) -> bool:
    """Is it no higher than it may be already?"""
    return uncapped(exponent) is not exponent


def uncapped(exponent: Expr) -> Expr:
    """An exponent without its end."""
    match exponent:
        case Where(Compare("<", a, highest), b, end) if a == b and highest == end:
            return a if any(n is HIGHEST for n in walk(highest)) else exponent
    return exponent


def _unbounded_among(factors: tuple[Expr, ...]) -> int | None:
    """The place of the one factor that is an exponential without bound, or a sum of such."""
    found = [k for k, f in enumerate(factors) if is_unbounded(f)]
    return found[0] if len(found) == 1 else None


def _logarithm(f: Expr) -> Expr:
    """log of max(|f|, 1): how much sooner an exponential ends that is times f."""
    match f:
        case Num(value):
            return build.num(math.ceil(math.log(abs(value)))) if abs(value) > 1 else build.NIL
        case Pow(base, Num(q)) if q.denominator == 1 and q > 0:
            return build.scale(q, _logarithm(base))
        case Where(_, then, other) if {then, other} <= {build.UNIT, build.NIL}:
            return build.NIL
    size = Fn("abs", (f,))
    return Fn("log", (Where(Compare(">", size, build.UNIT), size, build.UNIT),))


def log_of(v: Expr) -> Expr:
    """log v, of 1 + u as log1p(u)."""
    if v == build.UNIT:
        return build.NIL
    terms = terms_of(v)
    if build.UNIT in terms:
        return Fn("log1p", (build.add(*(a for a in terms if a != build.UNIT)),))
    return Fn("log", (v,))


def less_one(terms: tuple[Expr, ...]) -> tuple[Fraction, Expr] | None:
    """c and a where the sum of the terms is c*exp(a) - c."""
    match terms:
        case (power, Num(number)) | (Num(number), power):
            c, rest = build.split_number(power)
            exponent = argument_of(rest, "exp")
            return (c, exponent) if exponent is not None and number == -c else None
    return None


def of_small(a: Expr) -> Expr:
    """v of 1 - exp(-exp(a)) = exp(min(a, 0)) * v: 1 to the last digit where a is below a number, so that it need go no
    lower."""
    a, scale = _bounded(a)
    return build.mul(build.MINUS, expm1_of(build.neg(Fn("exp", (a,)))), scale)


def of_small_softplus(a: Expr) -> Expr:
    """v of log(1 + exp(a)) = exp(min(a, 0)) * v, in the same way."""
    a, scale = _bounded(a)
    above = Where(Compare(">", a, build.NIL), a, build.NIL)
    below = Fn("exp", (build.neg(Fn("abs", (a,))),))
    return build.mul(build.add(above, Fn("log1p", (below,))), scale)


def _bounded(a: Expr) -> tuple[Expr, Expr]:
    """a no lower than where it matters, and exp(-min(a, 0)) of that."""
    a = Where(Compare(">", a, SMALL), a, SMALL)
    return a, Fn("exp", (build.neg(Where(Compare("<", a, build.NIL), a, build.NIL)),))


def holds_softplus(factor: Expr) -> bool:
    """Is it log(1 + exp(u)) or a power of that?"""
    match base_of(factor):
        case Fn("log1p", (Fn("exp"),), ()):
            return True
        case Add(terms):
            return any(holds_softplus(f) for t in terms for f in factors_of(t))
    return False
