"""Whether a form of an expression multiplies out a difference that the expression takes first.

x - mu keeps the digits in which x and mu differ; sum(g x) - mu sum(g) has lost them where x and mu are large, and so
has z - z p beside z (1 - p). So a bracket may be opened only where its terms do not come apart within one sum; one with
a number in it also where like terms cancel, as in y (1 - p) - (1 - y) p = y - p. This is decided by what the terms
read, not by numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from symbp.calculus.simplify import factor
from symbp.core import build
from symbp.core.expr import Add, Expr, Mul, Num, Sum
from symbp.core.traverse import nodes, reads
from symbp.core.views import among, factors_of, is_guarded, terms_of

Term = tuple[int, tuple[str, ...]]  # how many sums over indices stand around it, the tensors that it reads
NUMBER: Term = (0, ())


def opens(before: Expr, after: Expr) -> bool:
    """Does `after`, another form of `before`, hold apart what stands in one bracket there?"""
    left = set(_brackets(after))
    lost = [b for b in dict.fromkeys(_brackets(before)) if b not in left and _comes_apart(b, after)]
    return any(NUMBER not in b for b in lost) or (bool(lost) and _count(after) >= _count(before))


def _count(expr: Expr) -> int:
    """How many terms it has when it is multiplied out and nothing joined."""
    match expr:
        case Add(terms):
            return sum(map(_count, terms))
        case Mul(factors):
            return prod(map(_count, factors))
        case Sum(_, body):
            return _count(body)
    return 1


def _brackets(expr: Expr) -> Iterator[tuple[Term, ...]]:
    """The sums within it, each as its terms, common factors left out."""
    for node in nodes(expr, Add):
        terms = _left(_inner(node))
        if len(terms) > 1 and not all(map(_is_masked, terms)):
            yield tuple(sorted(map(_term, terms)))


def _left(node: Add) -> tuple[Expr, ...]:
    """Its terms, those within brackets of its own too, without what cancels there: of x + b - (y + b) x and y."""
    return terms_of(build.add(*_flat(node)))


def _flat(node: Add) -> Iterator[Expr]:
    for term in node.args:
        match build.split_number(term):
            case number, Add() as inner:
                yield from (build.mul(Num(number), t) for t in _flat(inner))
            case _:
                yield term


def _inner(node: Add) -> Add:
    """The sum without what all its terms share."""
    match factor(node):
        case Mul(factors):
            return next(iter(among(factors, Add)), node)
    return node


def _is_masked(term: Expr) -> bool:
    """Does it count under a condition alone, as one of several that exclude one another?"""
    return any(map(is_guarded, factors_of(term)))


def _term(expr: Expr) -> Term:
    sums = sum(1 for _ in nodes(expr, Sum))
    return sums, tuple(sorted({r.tensor for r in reads(expr)}))


def _comes_apart(bracket: tuple[Term, ...], after: Expr) -> bool:
    """Is there a sum in which each of the bracket's terms is found in a term of its own?"""
    wanted = [set(tensors) for _, tensors in bracket]
    return any(_all_found(wanted, [{r.tensor for r in reads(a)} for a in n.args]) for n in nodes(after, Add))


def _all_found(wanted: list[set[str]], terms: list[set[str]]) -> bool:
    """Can each of the wanted be given a term of its own that reads all that it reads?"""
    if not wanted:
        return True
    return any(wanted[0] <= term and _all_found(wanted[1:], terms[:k] + terms[k + 1 :]) for k, term in enumerate(terms))
