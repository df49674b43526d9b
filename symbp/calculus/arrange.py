"""The order in which a reader finds factors and terms, and where a sign goes; no product or sum becomes another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from symbp.calculus.simplify import has_denominator, positive_first
from symbp.core import build
from symbp.core.expr import Add, Delta, Expr, Int, Mul, Num, Read, Sum, Where
from symbp.core.integers import Index
from symbp.core.traverse import free_indices, map_values, reads
from symbp.core.views import among, factors_of, is_choice, is_guarded, value_of


def tidy(expr: Expr) -> Expr:
    """A local derivative in a reader's order, signs absorbed, positive terms first.

    Numbers come first, then sizes and scalars, entries, functions, brackets, deltas, sums.
    """
    done = map_values(expr, tidy)
    match done:
        case Mul(factors):
            return _absorb_sign(Mul(tuple(sorted(factors, key=_ranks(factors)))))
        case Add((first, *_) as terms) if build.split_number(first)[0] < 0:
            return Add(positive_first(terms))
    return done


def arrange(expr: Expr, order: tuple[Index, ...], summed: bool = False) -> Expr:
    """A result in a reader's order: the adjoint that was inserted before the local derivative, each kept together.

    In a sum over products the factor that holds the first of the indices in `order` comes first, so that the sum reads
    like the matrix product that it is. An entry by itself comes before
    the sums beside it, and what is under no condition before what is.
    """
    done = map_values(expr, lambda c: arrange(c, order, isinstance(expr, Sum)))
    match done:
        case Mul(factors):
            place = _places(factors, order, summed)
            return _absorb_sign(Mul(tuple(sorted(factors, key=lambda f: (_late(_rank(f)), place(f))))))
        case Add((first, *_) as terms) if build.split_number(first)[0] < 0 or any(map(_indirect, terms)):
            return Add(tuple(sorted(terms, key=lambda t: (build.split_number(t)[0] < 0, _distance(t)))))
    return done


def _late(rank: int) -> int:
    """Entries, functions and brackets stay in their order."""
    return 2 if 2 <= rank <= 4 else rank


def _indirect(term: Expr) -> bool:
    """A sum, or something under a condition: what does not lead straight on."""
    return bool(among(factors_of(term), Sum, Where))


def _distance(term: Expr) -> int:
    """An entry or a number, then products and sums of them, then what comes from another step of a recurrence."""
    match term:
        case Read() | Num():
            return 0
    return 2 if any(map(is_guarded, factors_of(term))) else 1


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
    return lambda f: 1 if entries and _is_scalar(build.split_power(f)[0]) else _rank(f)


def _is_scalar(base: Expr) -> bool:
    match base:
        case Read(_, ()):
            return True
    return False


def _rank(f: Expr) -> int:
    base, _ = build.split_power(f)
    return 5 if is_choice(base) else _RANKS.get(type(base), 3)  # cases are tall


def _absorb_sign(expr: Mul) -> Expr:
    """-(p - 1) p is p (1 - p): the sign goes into a bracket whose number, or else whose first term, is negative."""
    if expr.args[0] != build.MINUS:
        return expr
    rank = _ranks(expr.args)
    alone = all(rank(f) < 2 for f in expr.args[:-1])
    for f in among(expr.args, Add):
        if _leads_negative(f) or (alone and _is_difference(f)):
            turned = build.add(*positive_first(tuple(build.neg(t) for t in f.args)))
            place = expr.args.index(f)
            rest = (*expr.args[1:place], turned, *expr.args[place + 1 :])
            return Mul(rest) if len(rest) > 1 else rest[0]
    return expr


def _is_difference(expr: Add) -> bool:
    """Of two terms that are no numbers, where the sign may as well turn them round: -(a - b)/N is (b - a)/N."""
    numbers = [build.split_number(t)[0] for t in expr.args]
    return len(numbers) == 2 and numbers[1] < 0 and value_of(expr.args[0]) is None and not has_denominator(expr)


def _leads_negative(expr: Add) -> bool:
    numbers = among(expr.args, Num)
    return build.split_number(numbers[0] if numbers else expr.args[0])[0] < 0
