"""Letters that only ride along are fixed once: they have no delta, no prime and no second letter.

A local derivative that is 0 unless two letters agree, dp[n, k] / dz[m, j] = p[n, k] (delta_kj - p[n, j]) delta_nm, says
that example n knows no other example. So it is shown at m = n alone, and the chain rule sums over j alone. What comes
out is a derivation like the one that came in: chains of equalities, each still true of every entry, that are shorter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from symbp.calculus.steps import Chain, Local, Rule, Section, Step
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Delta, Expr, Partial, Read, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import children, map_values, substitute, substitute_poly
from symbp.core.views import factors_of

Places = tuple[tuple[int, int], ...]  # of what rides along: where it stands above, and where below
Riding = Mapping[Local, Places]


def fixed(section: Section) -> Section:
    """The section with what rides along fixed in all its chains."""
    riding = {c.key: _places(c) for c in section.locals if isinstance(c.key, Local)}
    locals_ = tuple(_at_once(c, riding[c.key]) if isinstance(c.key, Local) else c for c in section.locals)
    return replace(section, locals=locals_, main=_summed(section.main, riding))


# --- local derivatives


def _places(chain: Chain) -> Places:
    """Where the letters stand that must agree for a local derivative not to be 0: in what is on top, and below."""
    assert isinstance(chain.lhs, Partial)
    above, below = _letters(chain.lhs.of), _letters(chain.lhs.by)
    found: dict[int, int] = {}
    for a, b in _deltas(chain.result):
        a, b = (a, b) if a in above and b in below else (b, a)
        if a in above and b in below and _alike(a, b):
            found.setdefault(above.index(a), below.index(b))
    return tuple((p, q) for q, p in {q: p for p, q in found.items()}.items())


def _letters(read: Read) -> tuple[Index | None, ...]:
    return tuple(s.index for s in read.subs)


def _alike(a: Index, b: Index) -> bool:
    return (a.start, a.stop) == (b.start, b.stop)


def _deltas(expr: Expr) -> Iterator[tuple[Index, Index]]:
    """The pairs of letters that must agree for a product not to be 0."""
    for factor in _all_factors(expr):
        if isinstance(factor, Delta) and factor.a.index and factor.b.index:
            yield factor.a.index, factor.b.index


def _all_factors(expr: Expr) -> Iterator[Expr]:
    for factor in factors_of(expr):
        if factor == expr:
            yield factor
        else:
            yield from _all_factors(factor)


def _at_once(chain: Chain, places: Places) -> Chain:
    """The local derivative at entries whose riding letters agree."""
    assert isinstance(chain.lhs, Partial)
    above, below = _letters(chain.lhs.of), _letters(chain.lhs.by)
    table: dict[Atom, Poly] = {b: Poly.of(a) for p, q in places if (a := above[p]) and (b := below[q])}
    steps = tuple(Step(substitute(s.value, table), _still(s.rule, table)) for s in chain.steps)
    return Chain(chain.key, substitute(chain.lhs, table), _changing(steps))


# --- adjoints


def _summed(chain: Chain, riding: Riding) -> Chain:
    """The adjoint with no sum over what rides along."""
    pairs = set(_pairs(chain.steps[0].value, riding))
    if not pairs:
        return chain
    table: dict[Atom, Poly] = {a: Poly.of(b) for a, b in pairs}
    steps = tuple(Step(_without(s.value, pairs, riding), _still(s.rule, table)) for s in chain.steps)
    return replace(chain, steps=_changing(steps))


def _pairs(node: Node, riding: Riding) -> Iterator[tuple[Index, Index]]:
    """The summed letters that agree with one of the entry, wherever a local derivative stands."""
    if isinstance(node, Partial):
        places = riding.get(Local(node.of.tensor, node.by.tensor), ())
        yield from ((a, b) for p, q in places if (a := node.of.subs[p].index) and (b := node.by.subs[q].index))
    for child in children(node):
        yield from _pairs(child, riding)


def _without(node: Expr, pairs: set[tuple[Index, Index]], riding: Riding) -> Expr:
    """The expression with no sum over a letter that agrees with another."""
    new: Expr = map_values(node, lambda c: _without(c, pairs, riding))
    if not isinstance(new, Sum):
        return new
    held = {p for p in (*_pairs(new.body, riding), *_ordered(new.body)) if p in pairs and p[0] in new.indices}
    table: dict[Atom, Poly] = {a: Poly.of(b) for a, b in held}
    kept = tuple(i for i in new.indices if i not in table)
    return substitute(build.total(kept, new.body), table) if table else new


def _ordered(expr: Expr) -> Iterator[tuple[Index, Index]]:
    for a, b in _deltas(expr):
        yield from ((a, b), (b, a))


def _still(rule: Rule, table: Mapping[Atom, Poly]) -> Rule:
    """The rule in the letters that are left; what is left of it if it did no more than take fixed ones' deltas out."""
    new = ((a, b) if a.index in table else (a, substitute_poly(b, table)) for a, b in rule.renamed)
    kept = tuple((a, b) for a, b in new if a.index not in table and a != b)
    if rule.name == "contract" and not kept:
        return Rule("factor" if "factor" in rule.also else "pull")
    values = tuple((substitute(a, table), substitute(b, table)) for a, b in rule.values)
    return replace(rule, renamed=kept, values=values)


def _changing(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps without those that now say what the line before says, which is written in the order of the last."""
    kept: list[Step] = []
    for step in steps:
        if kept and same(kept[-1].value, step.value):
            kept[-1] = Step(step.value, kept[-1].rule)
        else:
            kept.append(step)
    return tuple(kept)
