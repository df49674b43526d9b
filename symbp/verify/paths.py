"""Which sums go along paths: of `sum over m, k of z_bar[m, k] * dz[m, k]/dw[d]` only the z[m, k] that read w[d] count.

The derivative itself stays in the product and is evaluated like everything else.
"""

from __future__ import annotations

from symbp.core.expr import Partial, Sum
from symbp.core.integers import Index
from symbp.core.traverse import indices_of
from symbp.verify.extents import value_of
from symbp.verify.scope import Scope
from symbp.verify.ties import factors, have_plain_ranges


def path_of(node: Sum, scope: Scope) -> Partial | None:
    """A factor d(of)/d(by) of the body where the sum runs over entries of `of`, none of them outside."""
    if scope.partials is None or not have_plain_ranges(node):
        return None
    paths = (f for f in factors(node.body) if isinstance(f, Partial))
    return next((f for f in paths if _runs_over(node, f, scope)), None)


def own_indices(path: Partial) -> tuple[Index, ...]:
    """The indices that are the subscripts of `of`."""
    return tuple(s.index for s in path.of.subs if s.index is not None)


def _runs_over(node: Sum, path: Partial, scope: Scope) -> bool:
    own = own_indices(path)
    if not own or len(set(own)) < len(path.of.subs) or any(i not in node.indices for i in own):
        return False
    if any(i in node.indices for s in path.by.subs for i in indices_of(s)):
        return False
    ends = [(value_of(i.start, scope.sizes), value_of(i.stop, scope.sizes) - 1) for i in own]
    table = scope.table(path.of.tensor)
    return all(a <= b for a, b in ends) and all(tuple(e[k] for e in ends) in table for k in (0, 1))
