"""What an expression costs to compute: operations, each counted once for every value of the indices it depends on.

Equal subexpressions count once, as an array program would compute them once. Sizes are not known, so every named size
counts as the same nominal number; only comparisons between two forms of one value mean anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from symbp.core.canonical import key
from symbp.core.expr import Add, Compare, Delta, Expr, Extreme, First, Fn, Mul, Pow, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import dims_of, free_indices, indices_of, nodes, walk
from symbp.core.views import bound_by, value_of

NOMINAL = 8
# How many operations a node is beside those of its parts; one that is not here is none.
_WEIGHT: dict[type[Node], Callable[[Any], int]] = {
    Add: lambda total: len(total.args) - 1,
    Mul: lambda product: sum([value_of(f) not in (1, -1) for f in product.args]) - 1,
    Fn: lambda _: 10,
    **dict.fromkeys((Pow, Where, Delta), lambda _: 2),
    **dict.fromkeys((Sum, Extreme, First, Compare), lambda _: 1),
}


@lru_cache(maxsize=4_000)
def cost(expr: Expr) -> int:
    """The number of operations, weighted: a function 10, a power 2, a choice 2, everything else 1."""
    seen: dict[str, int] = {}
    for node in walk(expr):
        weigh = _WEIGHT.get(type(node))
        if weigh is not None and (weight := weigh(node)):
            seen.setdefault(key(node), weight * _volume(node))
    return sum(seen.values())


def functions(expr: Expr) -> int:
    """How many different function values it takes."""
    return len({key(n) for n in nodes(expr, Fn)})


def _volume(node: Node) -> int:
    return entries((*free_indices(node), *bound_by(node)))


def entries(indices: Iterable[Index]) -> int:
    """How many values the indices have together, nominally."""
    volume = 1
    for i in indices:
        volume *= _size(i.extent)
    return volume


@lru_cache(maxsize=1_000)
def _size(extent: Poly) -> int:
    atoms: dict[Atom, int] = dict.fromkeys(dims_of(extent), NOMINAL)
    atoms |= {a: NOMINAL // 2 if isinstance(a, Index) else NOMINAL for a in extent.atoms()}
    atoms |= dict.fromkeys(indices_of(extent), NOMINAL // 2)
    return max(1, extent.value(atoms))
