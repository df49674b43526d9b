"""What does not depend on a summed index: a factor leaves the sum, a whole term is counted once for each value."""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import Expr, Sum
from symbp.core.integers import Index, Node
from symbp.core.traverse import free_indices, indices_of, map_values, reads
from symbp.core.views import factors_of, is_guarded


def pull(indices: tuple[Index, ...], body: Expr) -> Expr:
    """The sum with the factors taken out that depend on none of the summed indices, and so with guards by indices."""
    factors = factors_of(body)
    outside = [f for f in factors if not depends(f, indices)]
    inside = [f for f in factors if depends(f, indices)]
    if not inside:
        return build.mul(*outside, build.total(indices, build.UNIT))
    for place, f in enumerate(inside):
        if is_guarded(f) and not depends(f.cond, indices) and not reads(f.cond):
            guarded = pull(indices, build.mul(*inside[:place], f.then, *inside[place + 1 :]))
            return build.mul(*outside, build.where(f.cond, guarded, build.NIL))
    return build.mul(*outside, build.total(indices, build.mul(*inside)))


def depends(expr: Node, indices: tuple[Index, ...]) -> bool:
    """Does the expression depend on one of the indices?"""
    return any(i in indices for i in free_indices(expr))


def count_free_sums(expr: Expr) -> Expr:
    """Sums over an index that the body does not hold, as the number of its values times the body."""
    done = map_values(expr, count_free_sums)
    if not isinstance(done, Sum):
        return done
    inner = free_indices(done.body)
    ranges = [i for k in done.indices for p in (k.start, k.stop) for i in indices_of(p)]
    idle = tuple(i for i in done.indices if i not in inner and i not in ranges)
    if not idle or any(isinstance(a, Index) for i in idle for a in i.extent.atoms()):
        return done  # a range that depends on an index may be empty; the size of a layer is at least 1
    kept = tuple(i for i in done.indices if i not in idle)
    return build.mul(*(build.integer(i.extent) for i in idle), build.total(kept, done.body))
