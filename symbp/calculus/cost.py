"""What an expression costs to compute: operations, each counted once for every value of the indices it depends on.

Equal subexpressions count once, as an array program would compute them once. Sizes are not known, so every named size
counts as the same nominal number; only comparisons between two forms of one value mean anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from symbp.core.canonical import key
from symbp.core.expr import Add, Binder, Compare, Delta, Expr, Extreme, First, Fn, Mul, Num, Pow, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import dims_of, free_indices, indices_of, nodes, walk

NOMINAL = 8
_WEIGHT = {Fn: 10, Pow: 2, Where: 2, Compare: 1, Delta: 2, Sum: 1, Extreme: 1, First: 1}


@lru_cache(maxsize=4_000)
def cost(expr: Expr) -> int:
    """The number of operations, weighted: a function 10, a power 2, a choice 2, everything else 1."""
    seen: dict[str, int] = {}
    for node in walk(expr):
        weight = _weight(node)
        if weight:
            seen.setdefault(key(node), weight * _volume(node))
    return sum(seen.values())


def functions(expr: Expr) -> int:
    """How many different function values it takes."""
    return len({key(n) for n in nodes(expr, Fn)})


def _weight(node: Node) -> int:
    match node:
        case Add():
            return len(node.args) - 1
        case Mul():
            return sum(0 if _is_sign(a) else 1 for a in node.args) - 1
    return _WEIGHT.get(type(node), 0)


def _is_sign(a: Node) -> bool:
    return isinstance(a, Num) and abs(a.value) == 1


def _volume(node: Node) -> int:
    bound = node.indices if isinstance(node, Binder) else ()
    return entries((*free_indices(node), *bound))


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
