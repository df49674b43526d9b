"""Other ways of writing a scatter: the same sum with its deltas solved, as a gather over offsets or over outputs.

The adjoint of a convolution comes out as a scatter, a sum with a delta of o + u. Solved for the outputs o it is a sum
over the kernel's offsets u; solved for the offsets it is a sum over outputs that reads the kernel backward, the
correlation with the flipped kernel. The backward network keeps the scatter.
"""

from __future__ import annotations

from symbp.calculus.contract import Style, contract
from symbp.calculus.steps import Chain, Rule, Step
from symbp.core.canonical import same
from symbp.core.expr import Delta, Expr, Sum
from symbp.core.integers import Index
from symbp.core.traverse import indices_of, walk

STYLES = (Style(wide=True, first=True), Style(wide=True, first=False))


def variants(chain: Chain) -> tuple[Chain, ...]:
    """A chain for each other way of writing the chain's result; none where it is no scatter."""
    if not is_scatter(chain.result):
        return ()
    found: list[Chain] = []
    for style in STYLES:
        value, pairs = contract(chain.result, style)
        if not any(same(value, c.result) for c in found) and not same(value, chain.result):
            step = Step(value, Rule("solve", (chain.key,), pairs))
            found.append(Chain(f"{chain.key}|solved{len(found) + 1}", chain.lhs, (step,)))
    return tuple(found)


def is_scatter(expr: Expr) -> bool:
    """Is there a delta of a summed index in it?"""
    return any(_sums_a_delta(n) for n in walk(expr) if isinstance(n, Sum))


def _sums_a_delta(expr: Sum) -> bool:
    inside = (n for n in walk(expr.body) if isinstance(n, Delta))
    return any(i in expr.indices for d in inside for i in _indices(d))


def _indices(delta: Delta) -> tuple[Index, ...]:
    return (*indices_of(delta.a), *indices_of(delta.b))
