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
from symbp.core.traverse import map_children, reads
from symbp.core.views import factors_of, is_divisor, terms_of

MOST_TERMS = 48
MOST_PRODUCTS = 128  # of a term of each of several sums: (1 - a^2)(1 - b^2)... doubles with every factor


def expand(expr: Expr) -> Expr:
    """Every product of sums as a sum of products, through sums over indices too; what grows too large is left."""
    if isinstance(expr, Add):
        return build.add(*(expand(a) for a in expr.args))
    if isinstance(expr, Sum):
        body = expand(expr.body)
        terms = terms_of(body)
        return build.add(*(pull(expr.indices, t) for t in terms))
    if isinstance(expr, Pow):
        return _expand_power(expr)
    if isinstance(expr, Mul):
        return _expand_product(expr)
    return expr


def _expand_power(expr: Pow) -> Expr:
    e = expr.exponent
    if isinstance(expr.base, Add) and isinstance(e, Num) and e.value in (2, 3):
        return expand(Mul((expr.base,) * int(e.value)))
    return expr


def _expand_product(expr: Mul) -> Expr:
    factors = [expand(f) if isinstance(f, (Pow, Sum)) else f for f in expr.args]
    sums = [k for k, f in enumerate(factors) if isinstance(f, Add)]
    if not sums:
        return build.mul(*factors)
    place = next((k for k in sums if has_denominator(factors[k])), sums[0])
    chosen = factors[place]
    assert isinstance(chosen, Add)
    if len(chosen.args) > MOST_TERMS or prod(len(terms_of(factors[k])) for k in sums) > MOST_PRODUCTS:
        return expr
    others = (*factors[:place], *factors[place + 1 :])
    return build.add(*(expand(build.mul(*others, term)) for term in chosen.args))


def split_sums(expr: Expr) -> Expr:
    """The sum of a sum as the sum of the sums."""
    done = map_children(expr, lambda c: split_sums(c) if isinstance(c, Expr) else c)
    if not isinstance(done, Sum) or not isinstance(done.body, Add):
        return done
    terms = (build.split_number(t) for t in done.body.args)
    return build.add(*(build.scale(number, build.total(done.indices, rest)) for number, rest in terms))


def open_fractions(expr: Expr) -> Expr:
    """A product with its first sum of fractions multiplied out, and nothing else."""
    if isinstance(expr, Mul):
        for place, f in enumerate(expr.args):
            if isinstance(f, Add) and has_denominator(f):
                others = (*expr.args[:place], *expr.args[place + 1 :])
                return factor(build.add(*(build.mul(*others, term) for term in f.args)))
    return expr


def has_denominator(expr: Expr) -> bool:
    return isinstance(expr, Add) and any(is_divisor(f) for t in expr.args for f in factors_of(t))


def divide_through(expr: Expr) -> Expr:
    """Quotients divided above and below by an exponential where that is cheaper: e^u/(1 + e^u) is 1/(1 + e^-u)."""
    done = map_children(expr, lambda c: divide_through(c) if isinstance(c, Expr) else c)
    if not isinstance(done, Mul):
        return done
    for f in done.args:
        below = next((g for g in done.args if isinstance(g, Pow) and _divides(f, g)), None)
        if below is not None:
            rest = build.mul(*(g for g in done.args if g is not f and g is not below))
            short = build.mul(rest, build.power(_over(below.base, f), build.MINUS))
            if cost(short) < cost(done):
                return short
    return done


def _divides(f: Expr, quotient: Pow) -> bool:
    """Is it an exponential that some term below has as a factor?"""
    terms = quotient.base.args if isinstance(quotient.base, Add) and quotient.exponent == build.MINUS else ()
    return isinstance(f, Fn) and f.name == "exp" and any(f in factors_of(t) for t in terms)


def _over(total: Expr, f: Expr) -> Expr:
    """The terms of a sum over an exponential."""
    assert isinstance(f, Fn)
    inverse = Fn("exp", (build.neg(f.args[0]),))
    terms = terms_of(total)
    over = [build.div(t, f) if f in factors_of(t) else build.mul(t, inverse) for t in terms]
    return build.add(*sorted(over, key=lambda t: not isinstance(t, Num)))


def factor(expr: Expr) -> Expr:
    """A sum with its common factors outside, positive terms first; anything else as it is."""
    if not isinstance(expr, Add):
        return expr
    tables = [_powers(t) for t in expr.args]
    common = _common(tables)
    number = _common_number([build.split_number(t)[0] for t in expr.args])
    outside = build.mul(Num(number), *(build.power(b, Num(e)) for b, e in common.items()))
    if outside == build.UNIT:
        return Add(positive_first(expr.args))
    inside = build.add(*positive_first(tuple(_without(t, common, number) for t in expr.args)))
    if not isinstance(inside, Add):
        return build.mul(outside, inside)
    return Mul((*factors_of(outside), inside))


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
    if isinstance(expr, Fn):
        return expr
    return factor(map_children(expr, lambda c: factor_deep(c) if isinstance(c, Expr) else c))


def group(expr: Expr) -> Expr:
    """`factor_deep`, and in sums whose terms share nothing all together, the factors that two of them share."""
    return _grouped(map_children(expr, lambda c: group(c) if isinstance(c, Expr) else c))


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
    done = map_children(expr, lambda c: gather(c) if isinstance(c, Expr) else c)
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
    if not isinstance(expr, Add):
        return expr
    first: dict[str, Expr] = {}
    terms = []
    for term in expr.args:
        number, rest = build.split_number(term)
        terms.append(build.scale(number, first.setdefault(key(rest), rest)))
    return build.add(*terms)
