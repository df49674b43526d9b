"""Other ways of writing a scatter: the same sum with its deltas solved, as a gather over offsets or over outputs.

The adjoint of a convolution comes out as a scatter, a sum with a delta of s*o + u. Solved for the outputs o it is a sum
over the kernel's offsets u (with a stride, over those for which the division comes out even), and with these counted
from the other end the correlation with the flipped kernel. Solved for the offsets it is a sum over outputs. The
backward network keeps the scatter.
"""

from __future__ import annotations

from symbp.calculus.contract import Style, contract
from symbp.calculus.steps import Chain, Rule, Step, Variant
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Delta, Expr, Mul, Read, Sum, Where
from symbp.core.guards import arranged
from symbp.core.integers import Atom, Index, Poly, Quotient
from symbp.core.traverse import indices_of, map_values, nodes, reads, substitute
from symbp.core.views import factors_of

STYLES = (Style(wide=True, first=True), Style(wide=True, first=False))


def variants(chain: Chain) -> tuple[Chain, ...]:
    """A chain for each other way of writing the chain's result; none where it is no scatter."""
    if not is_scatter(chain.result):
        return ()
    found: list[Chain] = []
    for style in STYLES:
        value, pairs = contract(chain.result, style)
        known = (chain, *found)
        if is_scatter(value) or _divides_inside(value) or any(same(value, c.steps[0].value) for c in known):
            continue
        steps = [Step(value, Rule("solve", (chain.key,), pairs))]
        if style.first:
            steps.extend(_turned(value))
        found.append(Chain(Variant(chain.name, len(found) + 1), chain.lhs, tuple(steps)))
    return tuple(found)


def _divides_inside(expr: Expr) -> bool:
    """Is there a subscript in which a quotient is but a part, 2*((i - u)//2) + u?"""
    subs = (s for r in reads(expr) for s in r.subs)
    return any(isinstance(a, Quotient) and s.coefficient(a).constant != 1 for s in subs for a in s.atoms())


def _turned(expr: Expr) -> tuple[Step, ...]:
    """The same with the summed indices counted from their other ends by which one factor is read backward."""
    total = _total(expr)
    backward = () if total is None else tuple(i for i in total.indices if _is_backward(total, i))
    if total is None or not backward:
        return ()
    table: dict[Atom, Poly] = {i: i.start + i.stop - 1 - i for i in backward}
    turned = _arranged(substitute(total.body, table))
    renamed = tuple((Poly.of(i), table[i]) for i in backward)
    return (Step(_with_body(expr, total, turned), Rule("turn", renamed=renamed)),)


def _arranged(expr: Expr) -> Expr:
    done = map_values(expr, _arranged)
    return build.where(arranged(done.cond), done.then, done.other) if isinstance(done, Where) else done


def _total(expr: Expr) -> Sum | None:
    """The one sum of a term."""
    factors = factors_of(expr)
    sums = [f for f in factors if isinstance(f, Sum)]
    return sums[0] if len(sums) == 1 else None


def _with_body(expr: Expr, total: Sum, body: Expr) -> Expr:
    new = Sum(total.indices, body)
    return Mul(tuple(new if f is total else f for f in expr.args)) if isinstance(expr, Mul) else new


def _is_backward(total: Sum, index: Index) -> bool:
    """Is something read at the index itself, and something else at a place that goes down where the index goes up?"""
    subs = [s for n in nodes(total.body, Read) for s in n.subs if index in indices_of(s)]
    falls = any(_slope(s, index) < 0 for s in subs)
    ranges = any(index in indices_of(p) for i in total.indices for p in (i.start, i.stop))
    return falls and any(s.index == index for s in subs) and not ranges


def _slope(sub: Poly, index: Index) -> int:
    """The sign of an index in a subscript, within a quotient too."""
    if isinstance(sub.atom, Quotient):
        return _slope(sub.atom.top, index)
    return sub.coefficient(index).constant or 0


def is_scatter(expr: Expr) -> bool:
    """Is there a delta of a summed index in it?"""
    return any(_sums_a_delta(n) for n in nodes(expr, Sum))


def _sums_a_delta(expr: Sum) -> bool:
    inside = nodes(expr.body, Delta)
    return any(i in expr.indices for d in inside for i in _indices(d))


def _indices(delta: Delta) -> tuple[Index, ...]:
    return (*indices_of(delta.a), *indices_of(delta.b))
