"""exp, expm1 and log as they are written: capped, and with 1 + u and e^a - 1 in forms that keep their digits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symbp.core import build
from symbp.core.expr import Add, Compare, Expr, Extreme, Fn, Mul, Num, Pow, Read, Sum, Where
from symbp.core.integers import Node
from symbp.core.traverse import map_children
from symbp.lowering.guard import is_bounded
from symbp.lowering.linear import Linear, write

# Where an exponential inside an exponent stops to matter; within the range of float32, even its square times data.
HIGHEST = build.num(60)

# What such an exponential is taken times: the product is within that range too, and an exponential of it 0 or infinite.
MOST = build.num(10**10)

# 1 - exp(-u) is u to the last digit where u is below the exponential of this.
SMALL = build.num(-40)


def exponential(m: Linear) -> Expr:
    """exp(m); 1 where there is nothing in the exponent."""
    return exponential_of(write(m)) if m.terms else build.UNIT


def exponential_of(exponent: Expr) -> Expr:
    """exp of it; an exponential inside the exponent need not go beyond e^60, where the outer one is 0 or infinite."""
    return Fn("exp", (capped(exponent),))


def expm1_of(exponent: Expr) -> Expr:
    """exp(a) - 1, with the same care."""
    return Fn("expm1", (capped(exponent),))


def capped(node: Node) -> Any:
    """What stands in an exponent, no exponential in it beyond `HIGHEST`."""
    match node:
        case Fn("exp", (a,)) if not is_bounded(a):
            return Fn("exp", (Where(Compare("<", a, HIGHEST), a, HIGHEST),))
        case Mul(args) if (exponent := _exponent_among(args)) is not None:
            return build.mul(*(capped(f) if _is_exponential(f) else _limited(f, exponent) for f in args))
        case Read() | Sum() | Extreme():
            return node
    return map_children(node, capped)


def _exponent_among(factors: tuple[Expr, ...]) -> Expr | None:
    """The exponent of the one factor that is an exponential without bound."""
    found = [f.args[0] for f in factors if isinstance(f, Fn) and f.name == "exp" and not is_bounded(f.args[0])]
    return found[0] if len(found) == 1 else None


def _is_exponential(f: Expr) -> bool:
    return isinstance(f, Fn) and f.name == "exp"


def _limited(f: Expr, exponent: Expr) -> Expr:
    """A factor of an exponential of this; a square no larger than `MOST` where the exponential is not small."""
    match f:
        case Pow(_, Num(q)) if q.denominator == 1 and q % 2 == 0:
            return Where(build.either(Compare("<", exponent, build.NIL), Compare("<", f, MOST)), f, MOST)
    return capped(f)  # type: ignore[no-any-return]


def log_of(v: Expr) -> Expr:
    """log v, of 1 + u as log1p(u)."""
    if v == build.UNIT:
        return build.NIL
    if isinstance(v, Add) and build.UNIT in v.args:
        return Fn("log1p", (build.add(*(a for a in v.args if a != build.UNIT)),))
    return Fn("log", (v,))


def less_one(node: Add) -> tuple[Fraction, Expr] | None:
    """c and a where the sum is c*exp(a) - c."""
    power, number = sorted(node.args, key=lambda a: isinstance(a, Num)) if len(node.args) == 2 else (node, node)
    c, rest = build.split_number(power)
    if isinstance(rest, Fn) and rest.name == "exp" and isinstance(number, Num) and number.value == -c:
        return c, rest.args[0]
    return None


def of_small(a: Expr) -> tuple[Expr, Expr]:
    """m and v of 1 - exp(-exp(a)) = exp(m) * v: it is exp(a) where that is small, with all the digits of a."""
    m = Where(Compare("<", a, build.NIL), a, build.NIL)
    other = build.mul(build.MINUS, expm1_of(build.neg(Fn("exp", (a,)))), Fn("exp", (build.neg(m),)))
    return m, Where(Compare("<", a, SMALL), build.UNIT, other)
