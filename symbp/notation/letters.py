"""Index letters: from internal names to those of the document.

The indices on the left come first, then each binder from the outside in. A letter that the user wrote is kept unless an
outer index has it. Else a letter is the first of the size's name, in lower case, or a neighbour of it (n, m for N; k, j
for K; i, j, ... for a number), never the name of a tensor and never a letter that the user gave further inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symbp.core import build
from symbp.core.expr import BINDERS, Binder, First, Sum
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Call, Equation
from symbp.core.traverse import (
    T,
    Term,
    children,
    dims_of,
    free_indices,
    map_children,
    nodes,
    substitute,
    substitute_poly,
    with_bound,
)
from symbp.notation.context import Pending, letter_of

_NEIGHBOURS = (0, -1, 1, -2, 2, 3, -3, 4, -4, 5, -5, 6, 7, 8, 9, 10, 11, 12, 13)
_UNREADABLE = frozenset("elo")


def candidates(extent: Poly) -> Iterator[str]:
    """Letters for an index that counts up to `extent`, best first."""
    grown = Poly(tuple((m, c) for m, c in extent.terms if c > 0))
    widths = (Dim(a.name) for a in extent.atoms_of(DimAt))
    dim = next(iter((*widths, *_tops(grown), *dims_of(grown), *dims_of(extent))), None)
    first = dim.name[0].lower() if dim else "i"
    for step in _NEIGHBOURS if dim else range(26):
        letter = chr((ord(first) - ord("a") + step) % 26 + ord("a"))
        if step == 0 or letter not in _UNREADABLE:
            yield letter
    for number in range(1, 10_000):
        yield f"{first}{number}"


def _tops(poly: Poly) -> Iterator[Dim]:
    """The sizes that are divided: the I of (I - U) // 2."""
    for quotient in poly.atoms_of(Quotient):
        yield from (d for m, c in quotient.top.terms if c > 0 for a in m for d in dims_of(Poly.of(a)))


def choose(index: Index, used: frozenset[str], inside: frozenset[str], dims: frozenset[str]) -> str:
    """A letter for an index: `used` are taken, `inside` the user's further inside, `dims` other sizes'."""
    if letter_of(index) and letter_of(index) not in used:
        return letter_of(index)
    free = [c for c in _first(candidates(index.stop - index.start), 40) if c not in used and c not in inside]
    own = next(candidates(index.stop - index.start))
    good = [c for c in free if c == own or c not in dims]
    return (good or free)[0]


def _first(letters: Iterator[str], count: int) -> list[str]:
    return [letter for letter, _ in zip(letters, range(count), strict=False)]


def name_equation(pending: Pending, taken: frozenset[str], dims: frozenset[str]) -> Equation:
    """The equation with letters for its indices."""
    indices, table, used = _name_all(pending.indices, {}, taken, _hints(pending.body), dims)
    body = _rename(pending.body, table, used, dims)
    call = pending.call and _name_call(pending.call, table, used, dims)
    return Equation(pending.name, indices, body, call)


def name_free(cond: T, taken: frozenset[str], dims: frozenset[str]) -> T:
    """A fact with letters for its free indices, which mean "for all"."""
    _, table, used = _name_all(free_indices(cond), {}, taken, _hints(cond), dims)
    return _rename(cond, table, used, dims)


def _name_call(call: Call, table: Mapping[Atom, Poly], used: frozenset[str], dims: frozenset[str]) -> Call:
    args = []
    for a in call.args:
        more = tuple(i for i in free_indices(a) if i not in table)
        _, inner, taken = _name_all(more, table, used, frozenset(), dims)
        args.append(_rename(a, inner, taken, dims))
    return Call(call.function, tuple(args))


def _hints(node: Node) -> frozenset[str]:
    found = {letter_of(i) for binder in nodes(node, *BINDERS) for i in binder.indices}
    return frozenset(found - {""})


def _name_all(
    indices: tuple[Index, ...], table: Mapping[Atom, Poly], used: frozenset[str], inside: frozenset[str],
    dims: frozenset[str],
) -> tuple[tuple[Index, ...], dict[Atom, Poly], frozenset[str]]:  # fmt: skip
    """Letters for indices that stand together; the user's among them come first."""
    own = frozenset(letter_of(i) for i in indices) - {""}
    table, named = dict(table), []
    for i in indices:
        letter = choose(i, used, inside | own, dims)
        used |= {letter}
        new = Index(letter, substitute_poly(i.stop, table), substitute_poly(i.start, table))
        table[i] = Poly.of(new)
        named.append(new)
    return tuple(named), table, used


def _rename(node: T, table: Mapping[Atom, Poly], used: frozenset[str], dims: frozenset[str]) -> T:
    if isinstance(node, Binder):
        return _rename_binder(node, table, used, dims)  # type: ignore[return-value]
    if not children(node):
        return substitute(node, table)
    return map_children(node, lambda c: _rename(c, table, used, dims))


def _rename_binder(node: Binder, table: Mapping[Atom, Poly], used: frozenset[str], dims: frozenset[str]) -> Term:
    inside = frozenset().union(*map(_hints, children(node)))
    indices, inner, taken = _name_all(node.indices, table, used, inside, dims)
    parts = tuple(_rename(c, inner, taken, dims) for c in children(node))
    match node:
        case Sum():
            return build.total(indices, *parts)  # type: ignore[arg-type]
        case First(kind, _, body, cond, at):
            node = First(kind, node.indices, body, cond, tuple(substitute_poly(p, table) for p in at))
    return with_bound(node, indices, parts)
