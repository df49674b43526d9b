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
from symbp.core.views import factors_of, is_guarded, operands

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
        case Add():
            return sum(map(_count, expr.args))
        case Mul():
            return prod(map(_count, expr.args))
        case Sum():
            return _count(expr.body)
    return 1


def _brackets(expr: Expr) -> Iterator[tuple[Term, ...]]:
    """The sums within it, each as its terms, common factors left out."""
    for node in nodes(expr, Add):
        terms = _left(_inner(node))
        if terms and not all(map(_is_masked, terms)):
            yield tuple(sorted(map(_term, terms)))


def _left(node: Add) -> tuple[Expr, ...]:
    """Its terms, those within brackets of its own too, without what cancels there: of x + b - (y + b) x and y."""
    total = build.add(*_flat(node))
    return total.args if isinstance(total, Add) else ()


def _flat(node: Add) -> Iterator[Expr]:
    for term in node.args:
        number, rest = build.split_number(term)
        yield from (build.mul(Num(number), t) for t in _flat(rest)) if isinstance(rest, Add) else (term,)


def _inner(node: Add) -> Add:
    """The sum without what all its terms share."""
    common = factor(node)
    return next((f for f in operands(common) if isinstance(f, Add)), node) if isinstance(common, Mul) else node


def _is_masked(term: Expr) -> bool:
    """Does it count under a condition alone, as one of several that exclude one another?"""
    return any(map(is_guarded, factors_of(term)))


def _term(expr: Expr) -> Term:
    return len(list(nodes(expr, Sum))), tuple(sorted({r.tensor for r in reads(expr)}))


def _comes_apart(bracket: tuple[Term, ...], after: Expr) -> bool:
    """Is there a sum in which each of the bracket's terms is found in a term of its own?"""
    sums = nodes(after, Add)
    return any(_all_found([set(t) for _, t in bracket], [{r.tensor for r in reads(a)} for a in n.args]) for n in sums)


def _all_found(wanted: list[set[str]], terms: list[set[str]]) -> bool:
    """Can each of the wanted be given a term of its own that reads all that it reads?"""
    if not wanted:
        return True
    return any(wanted[0] <= term and _all_found(wanted[1:], terms[:k] + terms[k + 1 :]) for k, term in enumerate(terms))
