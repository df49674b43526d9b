"""The order in which a reader finds factors and terms, and where a sign goes; no product or sum becomes another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from symbp.calculus.simplify import has_denominator, positive_first
from symbp.core import build
from symbp.core.expr import Add, Delta, Expr, Int, Mul, Num, Read, Sum, Where
from symbp.core.integers import Index
from symbp.core.traverse import free_indices, map_values, reads
from symbp.core.views import factors_of, is_guarded


def tidy(expr: Expr) -> Expr:
    """A local derivative in a reader's order, signs absorbed, positive terms first.

    Numbers come first, then sizes and scalars, entries, functions, brackets, deltas, sums.
    """
    done = map_values(expr, tidy)
    match done:
        case Mul():
            return _absorb_sign(Mul(tuple(sorted(done.args, key=_ranks(done.args)))))
        case Add() if build.split_number(done.args[0])[0] < 0:
            return Add(positive_first(done.args))
    return done


def arrange(expr: Expr, order: tuple[Index, ...], summed: bool = False) -> Expr:
    """A result in a reader's order: the adjoint that was inserted before the local derivative, each kept together.

    In a sum over products the factor that holds the first of the indices in `order` comes first, so that the sum reads
    like the matrix product that it is. An entry by itself comes before
    the sums beside it, and what is under no condition before what is.
    """
    done = map_values(expr, lambda c: arrange(c, order, isinstance(expr, Sum)))
    match done:
        case Mul():
            place = _places(done.args, order, summed)
            return _absorb_sign(Mul(tuple(sorted(done.args, key=lambda f: (_late(_rank(f)), place(f))))))
        case Add() if build.split_number(done.args[0])[0] < 0 or any(map(_indirect, done.args)):
            return Add(tuple(sorted(done.args, key=lambda t: (build.split_number(t)[0] < 0, _distance(t)))))
    return done


def _late(rank: int) -> int:
    """Entries, functions and brackets stay in their order."""
    return 2 if 2 <= rank <= 4 else rank


def _indirect(term: Expr) -> bool:
    """A sum, or something under a condition: what does not lead straight on."""
    return any(isinstance(f, (Sum, Where)) for f in factors_of(term))


def _distance(term: Expr) -> int:
    """An entry or a number, then products and sums of them, then what comes from another step of a recurrence."""
    if any(map(is_guarded, factors_of(term))):
        return 2
    return 0 if isinstance(term, (Read, Num)) else 1


def _places(factors: tuple[Expr, ...], order: tuple[Index, ...], summed: bool) -> Callable[[Expr], int]:
    """Where an index that only some of the factors hold stands in `order`; all the same unless they form a matrix
    product.
    """
    held = [frozenset(i for i in free_indices(f) if i in order) for f in factors]
    if not any(held):
        return lambda _: 0
    apart = [h for h in held if h]
    common = frozenset.intersection(*(h for h, f in zip(held, factors, strict=True) if 2 <= _rank(f) <= 4), *apart[:1])
    if not summed and any(a & b for a, b in combinations(apart, 2)):
        return lambda _: 0
    missing = len(order) if summed else -1
    return lambda f: min((order.index(i) for i in free_indices(f) if i in order and i not in common), default=missing)


_RANKS: dict[type[Expr], int] = {Num: 0, Int: 1, Read: 2, Add: 4, Delta: 6, Sum: 7}


def _ranks(factors: tuple[Expr, ...]) -> Callable[[Expr], int]:
    """The ranks of factors; a scalar beside entries is a coefficient."""
    entries = any(r.subs for f in factors for r in reads(f))
    return lambda f: 1 if entries and isinstance(build.split_power(f)[0], Read) and not reads(f)[0].subs else _rank(f)


def _rank(f: Expr) -> int:
    base, _ = build.split_power(f)
    cases = isinstance(base, Where) and not is_guarded(base)  # which are tall
    return 5 if cases else _RANKS.get(type(base), 3)


def _absorb_sign(expr: Mul) -> Expr:
    """-(p - 1) p is p (1 - p): the sign goes into a bracket whose number, or else whose first term, is negative."""
    if expr.args[0] != build.MINUS:
        return expr
    rank = _ranks(expr.args)
    alone = all(rank(f) < 2 for f in expr.args[:-1])
    for place, f in enumerate(expr.args):
        if isinstance(f, Add) and (_leads_negative(f) or (alone and _is_difference(f))):
            turned = build.add(*positive_first(tuple(build.neg(t) for t in f.args)))
            rest = (*expr.args[1:place], turned, *expr.args[place + 1 :])
            return Mul(rest) if len(rest) > 1 else rest[0]
    return expr


def _is_difference(expr: Add) -> bool:
    """Of two terms that are no numbers, where the sign may as well turn them round: -(a - b)/N is (b - a)/N."""
    numbers = [build.split_number(t)[0] for t in expr.args]
    return len(numbers) == 2 and numbers[1] < 0 and not isinstance(expr.args[0], Num) and not has_denominator(expr)


def _leads_negative(expr: Add) -> bool:
    numbers = [t.value for t in expr.args if isinstance(t, Num)]
    return (numbers[0] if numbers else build.split_number(expr.args[0])[0]) < 0
