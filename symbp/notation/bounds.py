"""What a network may ask for: numbers that a float64 holds, arrays that a machine can hold, loops that are written out.

How large literal sizes may be where a network is checked is for the checks to say: most are taken smaller there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from math import prod

from symbp.core.expr import Binder, Expr, Extreme, Num
from symbp.core.integers import Index, Node, Poly, Quotient
from symbp.core.ranges import highest
from symbp.core.traverse import children, indices_of, nodes, reads
from symbp.notation.context import Context, Pending
from symbp.notation.source import TOO_LARGE, Placed, too_large

MOST_ENTRIES, MOST_STEPS = 2**36, 1_000
_HINT = "a size from dims may be of any length"


def check_extent(context: Context, node: Placed, extent: Poly, most: int = MOST_ENTRIES) -> None:
    """Refuses a range of more entries than any machine holds, with the ranges that it stands in."""
    count = entries([extent])
    if count > most:
        context.fail(node, f"{count} entries are too many, expected at most {most}; {_HINT}")
    around = [b.extent for b in context.scope.values() if isinstance(b, Index)]
    if (whole := entries([*around, extent])) > most:
        context.fail(node, f"with the ranges around it this has {whole} entries, too many: {_HINT}")


def check_shape(context: Context, node: Placed, shape: Iterable[Poly]) -> None:
    """Refuses an array of more entries than any machine holds."""
    if (count := entries(shape)) > MOST_ENTRIES:
        context.fail(node, f"{count} entries are too many, expected at most {MOST_ENTRIES}; {_HINT}")


def check_equation(context: Context, node: Placed, pending: Pending) -> None:
    """Refuses an equation whose numbers are too large or whose sums are too long."""
    if any(too_large(n.value) for n in nodes(pending.body, Num)):
        context.fail(node, f"{TOO_LARGE}: what its parts come to together")
    if (places := max(map(_window, nodes(pending.body, Extreme)), default=1)) > MOST_STEPS:
        many = f"a window of {places} places, which are written out one by one"
        context.fail(node, f"`{pending.name}` looks at {many}, expected at most {MOST_STEPS}; {_HINT}")
    count = entries(i.extent for i in pending.indices) * _terms(pending.body)
    if count > MOST_ENTRIES:
        context.fail(node, f"`{pending.name}` has {count} terms by its literal sizes, too many: {_HINT}")


def _window(node: Extreme) -> int:
    """How many places an extreme compares that move with other indices: of max(x[2*i + u] for u in range(3)) three."""
    subs = [s for r in reads(node) for s in r.subs]
    moving = {i for s in subs for i in indices_of(s) if i in node.indices and set(indices_of(s)) - set(node.indices)}
    return entries(i.extent for i in node.indices if i in moving)


def check_number(context: Context, node: ast.expr, entry: Expr) -> None:
    """Refuses a number that no float64 holds."""
    if isinstance(entry, Num) and too_large(entry.value):
        context.fail(node, TOO_LARGE)


def entries(extents: Iterable[Poly]) -> int:
    """How many entries there are where every size is 1."""
    return prod(max(1, _least(e)) for e in extents)


def _least(extent: Poly) -> int:
    bound = highest(extent)
    return 1 if bound is None else _at_one(bound)


def _at_one(poly: Poly) -> int:
    """Its value where every size is 1."""
    return sum(
        c * prod(_at_one(a.top) // _at_one(a.bottom) if isinstance(a, Quotient) else 1 for a in m)
        for m, c in poly.terms
    )


def _terms(node: Node) -> int:
    own = entries(i.extent for i in node.indices) if isinstance(node, Binder) else 1
    return own * max((_terms(c) for c in children(node)), default=1)
