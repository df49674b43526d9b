"""Products of a loop that only another product of it needs are written out there.

What both have of factors that do not change in the loop is then one array, ready for all steps before it begins, and a
step multiplies once: `z_bar = i_bar * i * (1 - i)` with `i_bar = g * c_bar` is `c_bar` times `g * i * (1 - i)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symbp.core.expr import Add, Expr, Mul, Read, Where
from symbp.core.integers import Poly
from symbp.core.network import Equation
from symbp.core.traverse import inline, reads
from symbp.core.views import among, factors_of


def joined(part: tuple[Equation, ...], uses: Mapping[str, int]) -> tuple[Equation, ...]:
    """The equations, those products written out that are read once, in a product; `uses` counts the reads of a name."""
    names = frozenset(e.name for e in part)
    for e in part:
        if uses.get(e.name) == 1 and _is_scaled(e.body, names):
            part = tuple(_with(c, e) for c in part)
    return part


def _is_scaled(body: Expr, names: frozenset[str]) -> bool:
    """Is it a product of entries of the loop and of what is ready before it?"""
    factors = factors_of(body)
    apart = [f for f in factors if not any(r.tensor in names for r in reads(f))]
    own = tuple(f for f in factors if f not in apart)
    return any(map(reads, apart)) and bool(own) and among(own, Read) == own


def _with(consumer: Equation, e: Equation) -> Equation:
    here = Poly.of(consumer.indices[0])
    if consumer.name == e.name or not _in_product(consumer.body, e.name, here):
        return consumer
    return replace(consumer, body=inline(consumer.body, e.name, e.indices, e.body))


def _in_product(node: Expr, name: str, here: Poly) -> bool:
    """Is it read at this step as a factor, and not under a sum, which would multiply for each of its terms?"""
    match node:
        case Mul(args) if any((f.tensor, f.subs[:1]) == (name, (here,)) for f in among(args, Read)):
            return True
        case Mul(args) | Add(args):
            return any(_in_product(a, name, here) for a in args)
        case Where(_, then, other):
            return _in_product(then, name, here) or _in_product(other, name, here)
    return False
