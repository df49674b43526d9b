"""A condition that says "this entry is the first to attain the extreme", recognised to be shown as argmax.

The calculus writes it out: the entry equals the extreme, and no entry before it in row-major order does, as sums that
are 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import TRUE, And, Compare, Cond, Expr, Extreme, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import children, polys, substitute, walk

Hit = tuple[Extreme, tuple[Poly, ...]]


def first_hit(cond: Cond) -> Hit | None:
    """The extreme and where it is attained first, if that is all that the condition says."""
    if not isinstance(cond, And):
        return None
    test, *rest = cond.args
    if not isinstance(test, Compare) or test.op != "==" or not isinstance(test.b, Extreme) or test.b.cond != TRUE:
        return None
    extreme = test.b
    places = [_place(extreme.body, test.a, i) for i in extreme.indices]
    values = tuple(p for p in places if p is not None)
    if len(values) < len(places) or len(rest) != len(places) or not all(_counts(c, extreme) for c in rest):
        return None
    table: dict[Atom, Poly] = dict(zip(extreme.indices, values, strict=True))
    return (extreme, values) if same(substitute(extreme.body, table), test.a) else None


def _counts(cond: Cond, extreme: Extreme) -> bool:
    """Is it "none of these attains it": a sum of brackets that is 0?"""
    if not isinstance(cond, Compare) or cond.op != "==" or cond.b != build.NIL or not isinstance(cond.a, Sum):
        return False
    return any(same(n, extreme) for n in walk(cond.a.body) if isinstance(n, Extreme))


def _place(body: Expr, entry: Expr, index: Index) -> Poly | None:
    """What stands in `entry` where `index` stands in `body`."""
    for p, q in _pairs(body, entry):
        if index in p.atoms() and p.coefficient(index) == Poly.of(1):
            return q - p.replace(lambda a: Poly() if a == index else None)
        step = p.coefficient(index).constant
        if index in p.atoms() and step:
            return _divided(q - p.replace(lambda a: Poly() if a == index else None), step)
    return None


def _divided(poly: Poly, step: int) -> Poly | None:
    if any(c % step for _, c in poly.terms):
        return None
    return Poly(tuple((m, c // step) for m, c in poly.terms))


def _pairs(a: Node, b: Node) -> Iterator[tuple[Poly, Poly]]:
    """The integer expressions that stand at the same place in two trees."""
    yield from zip(polys(a), polys(b), strict=False)
    for x, y in zip_longest(children(a), children(b)):
        if x is None or y is None or type(x) is not type(y):
            return
        yield from _pairs(x, y)
