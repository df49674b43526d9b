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
from symbp.core.guards import at_most, below, settle
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import children, map_values, substitute, substitute_poly
from symbp.core.views import among, factors_of

# Of what rides along: where it stands above, where below, and how far the one is ahead of the other.
Places = tuple[tuple[int, int, int], ...]
Riding = Mapping[Local, Places]
Pair = tuple[Index, Index, int]  # letters, the first of which is so far ahead of the second


def fixed(section: Section) -> Section:
    """The section with what rides along fixed in all its chains."""
    riding = {c.key: _places(c) for c in section.locals if isinstance(c.key, Local)}
    locals_ = tuple(_at_once(c, riding[c.key]) if isinstance(c.key, Local) else c for c in section.locals)
    return replace(section, locals=locals_, main=_summed(section.main, riding))


# --- local derivatives


def _places(chain: Chain) -> Places:
    """Where the letters stand that must agree for a local derivative not to be 0: in what is on top, and below. That
    of a recurrence's step stands above as that of a later one.
    """
    above, below = _letters(chain.of), _letters(chain.by)
    found: dict[int, tuple[int, int]] = {}
    values = [s.value for s in chain.steps]
    for a, b, ahead in _deltas(next((v for v in reversed(values) if v != build.NIL), build.NIL)):
        a, b, ahead = (a, b, ahead) if a in above and b in below else (b, a, -ahead)
        if a in above and b in below and _alike(a, b):
            found.setdefault(below.index(b), (above.index(a), ahead))
    return tuple((p, q, ahead) for p, (q, ahead) in {p: (q, ahead) for q, (p, ahead) in found.items()}.items())


def _letters(read: Read) -> tuple[Index | None, ...]:
    return tuple(s.index for s in read.subs)


def _alike(a: Index, b: Index) -> bool:
    return (a.start, a.stop) == (b.start, b.stop)


def _deltas(expr: Expr) -> Iterator[tuple[Index, Index, int]]:
    """The pairs of letters of which one must be so far ahead of the other for a product not to be 0."""
    for delta in among(_all_factors(expr), Delta):
        a, b = _shifted(delta.a), _shifted(delta.b)
        if a and b:
            yield a[0], b[0], b[1] - a[1]


def _shifted(p: Poly) -> tuple[Index, int] | None:
    """A letter and what is added to it."""
    letters = p.atoms_of(Index)
    more = (p - letters[0]).constant if len(letters) == 1 else None
    return None if more is None else (letters[0], more)


def _all_factors(expr: Expr) -> Iterator[Expr]:
    for factor in factors_of(expr):
        if factor == expr:
            yield factor
        else:
            yield from _all_factors(factor)


def _at_once(chain: Chain, places: Places) -> Chain:
    """The local derivative at entries whose riding letters agree."""
    above, below = _letters(chain.of), _letters(chain.by)
    table: dict[Atom, Poly] = {
        b: Poly.of(a) for p, q, ahead in places if not ahead and (a := above[p]) and (b := below[q])
    }
    steps = tuple(Step(substitute(s.value, table), _still(s.rule, table)) for s in chain.steps)
    return Chain(chain.key, substitute(chain.lhs, table), _changing(steps))


# --- adjoints


def _summed(chain: Chain, riding: Riding) -> Chain:
    """The adjoint with no sum over what rides along."""
    pairs = set(_pairs(chain.steps[0].value, riding))
    if not pairs:
        return chain
    table: dict[Atom, Poly] = {a: Poly.of(b) + ahead for a, b, ahead in pairs}
    steps = tuple(Step(_without(s.value, pairs, riding), _still(s.rule, table)) for s in chain.steps)
    return replace(chain, steps=_changing(steps))


def _pairs(node: Node, riding: Riding) -> Iterator[Pair]:
    """The summed letters that agree with one of the entry, wherever a local derivative stands."""
    match node:
        case Partial(Read(of, there), Read(by, here)):
            for p, q, ahead in riding.get(Local(of, by), ()):
                if (a := there[p].index) and (b := here[q].index):
                    yield a, b, ahead
    for child in children(node):
        yield from _pairs(child, riding)


def _without(node: Expr, pairs: set[Pair], riding: Riding) -> Expr:
    """The expression with no sum over a letter that agrees with another."""
    new = map_values(node, lambda c: _without(c, pairs, riding))
    match new:
        case Sum(indices, body):
            held = {p for p in (*_pairs(body, riding), *_ordered(body)) if p in pairs and p[0] in indices}
            table: dict[Atom, Poly] = {a: Poly.of(b) + ahead for a, b, ahead in held}
            kept = tuple(i for i in indices if i not in table)
            if table:
                inside = (
                    build.both(at_most(a.start, Poly.of(b) + n), below(Poly.of(b) + n, a.stop)) for a, b, n in held if n
                )
                return settle(build.where(build.both(*inside), substitute(build.total(kept, body), table), build.NIL))
    return new


def _ordered(expr: Expr) -> Iterator[Pair]:
    for a, b, ahead in _deltas(expr):
        yield from ((a, b, ahead), (b, a, -ahead))


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
