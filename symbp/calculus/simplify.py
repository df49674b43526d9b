"""Other forms of the same value: multiplied out, with common factors taken out, and the cheapest of them.

Multiplying out begins with the factor whose terms have denominators, so that (y/p - (1-y)/(1-p)) p (1-p) cancels
before it grows. `cheapest` returns the form it was given unless another one costs less.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations
from math import prod

from symbp.calculus.cost import cost
from symbp.calculus.sums import pull
from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Expr, Fn, Mul, Num, Pow, Read, Sum
from symbp.core.traverse import map_values, reads
from symbp.core.views import factors_of, is_divisor, terms_of

MOST_TERMS = 48
MOST_PRODUCTS = 128  # of a term of each of several sums: (1 - a^2)(1 - b^2)... doubles with every factor


def expand(expr: Expr) -> Expr:
    """Every product of sums as a sum of products, through sums over indices too; what grows too large is left."""
    match expr:
        case Add():
            return build.add(*map(expand, expr.args))
        case Sum():
            return build.add(*(pull(expr.indices, t) for t in terms_of(expand(expr.body))))
        case Pow(Add() as base, Num(exponent)) if exponent in (2, 3):
            return expand(Mul((base,) * int(exponent)))
        case Mul():
            return _expand_product(expr)
    return expr


def _expand_product(expr: Mul) -> Expr:
    factors = [expand(f) if isinstance(f, (Pow, Sum)) else f for f in expr.args]
    sums = [k for k, f in enumerate(factors) if len(terms_of(f)) > 1]
    if not sums:
        return build.mul(*factors)
    place = next((k for k in sums if has_denominator(factors[k])), sums[0])
    terms = terms_of(factors[place])
    if len(terms) > MOST_TERMS or prod(len(terms_of(factors[k])) for k in sums) > MOST_PRODUCTS:
        return expr
    others = (*factors[:place], *factors[place + 1 :])
    return build.add(*(expand(build.mul(*others, term)) for term in terms))


def split_sums(expr: Expr) -> Expr:
    """The sum of a sum as the sum of the sums."""
    done = map_values(expr, split_sums)
    match done:
        case Sum(indices, Add(args)):
            terms = map(build.split_number, args)
            return build.add(*(build.scale(number, build.total(indices, rest)) for number, rest in terms))
    return done


def open_fractions(expr: Expr) -> Expr:
    """A product with its first sum of fractions multiplied out, and nothing else."""
    factors = factors_of(expr)
    for place, f in enumerate(factors if len(factors) > 1 else ()):
        if has_denominator(f):
            others = (*factors[:place], *factors[place + 1 :])
            return factor(build.add(*(build.mul(*others, term) for term in terms_of(f))))
    return expr


def has_denominator(expr: Expr) -> bool:
    """Is it a sum with a fraction among its terms?"""
    terms = terms_of(expr)
    return len(terms) > 1 and any(is_divisor(f) for t in terms for f in factors_of(t))


def divide_through(expr: Expr) -> Expr:
    """Quotients divided above and below by an exponential where that is cheaper: e^u/(1 + e^u) is 1/(1 + e^-u)."""
    done = map_values(expr, divide_through)
    factors = factors_of(done)
    for f in (f for f in factors if isinstance(f, Fn) and f.name == "exp"):
        for below in factors:
            match below:
                case Pow(Add(terms), build.MINUS) if any(f in factors_of(t) for t in terms):
                    rest = (g for g in factors if g is not f and g is not below)
                    short = build.mul(*rest, build.power(_over(terms, f), build.MINUS))
                    if cost(short) < cost(done):
                        return short
    return done


def _over(terms: tuple[Expr, ...], f: Fn) -> Expr:
    """A sum of terms over an exponential."""
    inverse = Fn("exp", (build.neg(f.args[0]),))
    over = [build.div(t, f) if f in factors_of(t) else build.mul(t, inverse) for t in terms]
    return build.add(*sorted(over, key=lambda t: not isinstance(t, Num)))


def factor(expr: Expr) -> Expr:
    """A sum with its common factors outside, positive terms first; anything else as it is."""
    terms = terms_of(expr)
    if len(terms) < 2:
        return expr
    common = _common([_powers(t) for t in terms])
    number = _common_number([build.split_number(t)[0] for t in terms])
    outside = build.mul(Num(number), *(build.power(b, Num(e)) for b, e in common.items()))
    if outside == build.UNIT:
        return Add(positive_first(terms))
    inside = build.add(*positive_first(tuple(_without(t, common, number) for t in terms)))
    return Mul((*factors_of(outside), inside)) if len(terms_of(inside)) > 1 else build.mul(outside, inside)


def _without(term: Expr, common: dict[Expr, Fraction], number: Fraction) -> Expr:
    """The term without the common factors; a delta is taken out whole, since it is its own square."""
    coefficient, rest = build.split_number(term)
    factors: list[Expr] = [Num(coefficient / number)]
    for f in factors_of(rest):
        base, exponent = build.split_power(f)
        factors.append(build.power(base, Num(exponent - common.get(base, Fraction(0)))))
    return build.mul(*factors)


def _powers(term: Expr) -> dict[Expr, Fraction]:
    """Base and exponent of the factors of a term, its number left out."""
    return dict(build.split_power(f) for f in factors_of(term) if not isinstance(f, Num))


def _common(tables: list[dict[Expr, Fraction]]) -> dict[Expr, Fraction]:
    """The powers that divide every term: the least exponent, where all are positive or all negative."""
    result = {}
    for base in tables[0]:
        exponents = [t.get(base, Fraction(0)) for t in tables]
        if all(e > 0 for e in exponents):
            result[base] = min(exponents)
        elif all(e < 0 for e in exponents):
            result[base] = max(exponents)
    return result


def _common_number(numbers: list[Fraction]) -> Fraction:
    """The number that all coefficients share; -1 is taken out where all are negative."""
    size = abs(numbers[0])
    if any(abs(n) != size for n in numbers):
        size = Fraction(1)
    return -size if all(n < 0 for n in numbers) else size


def positive_first(terms: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(sorted(terms, key=lambda t: build.split_number(t)[0] < 0))


def factor_deep(expr: Expr) -> Expr:
    """`factor` at every sum of terms, from the inside out; what a function is applied to stays as the forward pass has
    it, so that tanh(z + z^3) is still found to be what is called so there.
    """
    return expr if isinstance(expr, Fn) else factor(map_values(expr, factor_deep))


def group(expr: Expr) -> Expr:
    """`factor_deep`, and in sums whose terms share nothing all together, the factors that two of them share."""
    return _grouped(map_values(expr, group))


def _grouped(expr: Expr) -> Expr:
    """Two terms at a time are made one as long as that saves: those that save most, and of these the most alike."""
    while isinstance(expr, Add) and len(expr.args) > 2:
        pairs = sorted(combinations(expr.args, 2), key=lambda pair: -len(_shared(*pair)))
        best = cheapest(expr, *(_merged(expr, a, b) for a, b in pairs if _shared(a, b)))
        if best is expr:
            return expr
        expr = best
    return factor(expr)


def gather(expr: Expr) -> Expr:
    """`factor_deep`, and in a sum whose terms share nothing all together, the factor that most of them share outside
    of these: m + r x - r y is m + r (x - y).
    """
    done = map_values(expr, gather)
    return factor(cheapest(done, *_gathered(done))) if isinstance(done, Add) and len(done.args) > 2 else factor(done)


def _gathered(expr: Add) -> Iterable[Expr]:
    """The sum with the terms as one product that share a factor, for each factor, the most of them first."""
    tables = [_powers(t) for t in expr.args]
    bases = dict.fromkeys(b for t in tables for b, e in t.items() if isinstance(b, Read) or (e < 0 and reads(b)))
    groups = (tuple(t for t, powers in zip(expr.args, tables, strict=True) if b in powers) for b in bases)
    for terms in sorted(groups, key=len, reverse=True):
        if 1 < len(terms) < len(expr.args):
            yield Add((*(t for t in expr.args if t not in terms), factor(build.add(*terms))))


def _shared(a: Expr, b: Expr) -> dict[Expr, Fraction]:
    return _common([_powers(build.split_number(t)[1]) for t in (a, b)])


def _merged(expr: Add, a: Expr, b: Expr) -> Expr:
    """The sum with two of its terms as one product."""
    one = factor(build.add(a, b))
    return Add(tuple(one if t is a else t for t in expr.args if t is not b))


def cheapest(*forms: Expr) -> Expr:
    """The form that costs least, the earlier one where two cost the same."""
    return min(forms, key=cost)


def cancel(expr: Expr) -> Expr:
    """The expression multiplied out and factored anew where that makes it cheaper."""
    opened = join(expand(expr))
    again = join(expand(opened))
    best = cheapest(expr, factor(opened), factor(again))
    return expr if best == expr else best


def join(expr: Expr) -> Expr:
    """A sum with terms joined that differ only in the names of bound indices or in order."""
    terms = terms_of(expr)
    if len(terms) < 2:
        return expr
    first: dict[str, Expr] = {}
    parts = map(build.split_number, terms)
    return build.add(*(build.scale(number, first.setdefault(key(rest), rest)) for number, rest in parts))
