"""Sums less one of their own terms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from symbp.core import build
from symbp.core.expr import Expr, Int, Sum
from symbp.core.integers import Poly
from symbp.core.traverse import free_indices, substitute
from symbp.core.views import factors_of, terms_of


def own_terms(total: Expr, times: Expr) -> Iterator[tuple[Expr, Expr, Expr]]:
    """u_k of u_k + c sum_j p_j u_j, and that as (1 + c p_k) u_k and c times the sum over all j but k, each time.

    In the sum each term is taken `times` what the whole is.
    """
    terms = terms_of(total)
    for t, other in permutations(terms, 2):
        match build.split_number(other):
            case c, Sum((j,), body):
                for k in (k for k in free_indices(t) if (k.start, k.stop) == (j.start, j.stop)):
                    share = _share(substitute(body, {j: Poly.of(k)}), t)
                    if share is not None:
                        left = (a for a in terms if a is not t and a is not other)
                        apart = build.compare("!=", Int(Poly.of(j)), Int(Poly.of(k)))
                        others = Sum((j,), build.where(apart, build.mul(times, body), build.NIL))
                        own = build.mul(t, build.add(build.UNIT, build.scale(c, share)))
                        yield t, own, build.add(*(build.mul(times, a) for a in left), build.scale(c, others))


def _share(product: Expr, factor: Expr) -> Expr | None:
    """What is left of a product without the factors of another; None where it has not all of them."""
    left = list(factors_of(product))
    for f in factors_of(factor):
        if f not in left:
            return None
        left.remove(f)
    return build.mul(*left)
