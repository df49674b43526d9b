"""Expressions written out: at given sizes and subscripts a sum is its terms, and what depends on subscripts is decided.

Largest and smallest values, and the place where they are, keep their letters: they have no terms to be written out in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Delta, Expr, Extreme, First, Int, Read, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import map_children, substitute, substitute_poly

Key = tuple[int, ...]
Values = Mapping[Atom, Poly]  # of sizes, of letters, of labels


def written(expr: Expr, at: Values, sizes: Values) -> Expr:
    """The expression at values of its letters, its sums written out at `sizes`; those hold labels' values too."""
    out = _written(substitute(expr, at), sizes)
    assert isinstance(out, Expr)
    return out


def _written(node: Node, sizes: Values) -> Node:
    match node:
        case Sum(indices, body):
            terms = (_written(substitute(body, values), sizes) for values in every(indices, sizes))
            return build.add(*terms)  # type: ignore[arg-type]
        case Extreme() | First():
            return node
        case Where(cond, then, other):
            decided = _written(cond, sizes)
            if decided in (TRUE, FALSE):
                return _written(then if decided == TRUE else other, sizes)
        case Read(name, subs):
            return Read(name, tuple(number_of(s, sizes) for s in subs))
        case Delta(a, b):
            return build.delta(number_of(a, sizes), number_of(b, sizes))
        case Int(value):
            return build.integer(number_of(value, sizes))
    return map_children(node, lambda c: _written(c, sizes))


def number_of(poly: Poly, sizes: Values) -> Poly:
    """An integer expression without letters at these sizes: a number."""
    return substitute_poly(substitute_poly(poly, sizes), sizes)  # twice: a label's own subscripts are numbers by then


def every(indices: Sequence[Index], sizes: Values) -> Iterator[dict[Atom, Poly]]:
    """All values of letters, the first one slowest; the range of a later one may hold an earlier one."""
    if not indices:
        yield {}
        return
    first, *rest = indices
    start, stop = (number_of(p, sizes).constant for p in (first.start, first.stop))
    assert start is not None
    assert stop is not None
    for value in range(start, stop):
        here: dict[Atom, Poly] = {first: Poly.of(value)}
        inner = [_in(i, here) for i in rest]
        for more in every(inner, sizes):
            yield here | {old: more[new] for old, new in zip(rest, inner, strict=True)}


def _in(i: Index, values: Values) -> Index:
    return Index(i.name, substitute_poly(i.stop, values), substitute_poly(i.start, values))
