"""Contraction: a delta under the sum that binds one of its indices picks one term.

Comes in: an expression with deltas. Goes out: the same value with every delta contracted that equates a summed index
with something it does not bind, and what does not depend on a summed index taken out of its sum; also which index
became what. A delta that equates two free indices stays; one whose summed index has a coefficient stays too (a
scatter).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symbp.calculus.simplify import factor_deep
from symbp.calculus.single import as_delta
from symbp.calculus.steps import Renaming
from symbp.calculus.sums import depends, pull
from symbp.core import build
from symbp.core.expr import TRUE, Add, Compare, Cond, Delta, Expr, Fn, Mul, Read, Sum, Where
from symbp.core.guards import at_most, below, settle, settle_condition
from symbp.core.integers import Atom, Index, Poly, quotient
from symbp.core.traverse import (
    all_index_names,
    indices_of,
    map_values,
    reads,
    rename_bound,
    substitute,
    substitute_poly,
)
from symbp.core.views import conjuncts, factors_of, integers_compared, is_divisor, is_guarded, terms_of


@dataclass(frozen=True, slots=True)
class Style:
    """Which deltas are solved: if `wide` all, where need be with the guard that a division comes out even.

    `first`: those for outer indices first. If `closed` no bracket is multiplied out unless all
    of its terms have a delta, one for each path.

    `classes` says of each tensor of labels what its entries stay below. `steps` are indices of a recurrence's result,
    outermost first: of two deltas that fix one summed index the one that says how many steps away it is goes first, as
    an adjoint is read a step ahead, and not at the entry that another delta makes equal to that. If `single`, a
    condition that one value of a summed index meets is a delta too.
    """

    wide: bool = False
    first: bool = False
    classes: tuple[tuple[str, Poly], ...] = ()
    closed: bool = False
    steps: tuple[Index, ...] = ()
    single: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One contraction under way: its style, and what became what so far."""

    style: Style
    pairs: dict[Renaming, None]


PLAIN = Style()
BAR = "/"  # no function of the language


def contract(expr: Expr, style: Style = PLAIN) -> tuple[Expr, tuple[Renaming, ...]]:
    """The expression with its deltas contracted, and the indices that were replaced: m -> n, j -> k."""
    task = Task(style, {})
    result = settle(_contract(expr, task))
    return result, tuple(task.pairs)


def contract_apart(expr: Expr, style: Style) -> tuple[Expr, tuple[Renaming, ...]]:
    """The same with no bracket multiplied out, and with what stands below a fraction bar not cancelled."""
    result, pairs = contract(_barred(expr), replace(style, closed=True))
    return _unbarred(result), pairs


def _barred(expr: Expr) -> Expr:
    """With the factors of negative power as values of a function, so that no product joins them with others."""
    if is_divisor(expr):
        return Fn(BAR, (expr,))
    return map_values(expr, _barred)


def _unbarred(expr: Expr) -> Expr:
    match expr:
        case Fn(name, (divisor,)) if name == BAR:
            return divisor
        case Mul(args):
            return Mul(tuple(map(_unbarred, args)))
    return map_values(expr, _unbarred)


def _contract(expr: Expr, task: Task) -> Expr:
    done = map_values(expr, lambda c: _contract(c, task))
    match done:
        case Where():
            return _choice(*_equal(done))
        case Delta():
            return build.delta(_fixed(done.a), _fixed(done.b))
        case Sum():
            return _sum(done.indices, done.body, task)
    return done


def _fixed(poly: Poly) -> Poly:
    """An index that has a single value as that value; anything else as it is."""
    index = poly.index
    return index.start if index is not None and index.extent.constant == 1 else poly


def _equal(choice: Where) -> tuple[Where, tuple[Expr, ...]]:
    """A guarded term without the equations in its guard, and the deltas that these are: [a = b] e is d(a, b) e."""
    if choice.other != build.NIL:
        return choice, ()
    kept: list[Cond] = []
    deltas: list[Expr] = []
    for c in conjuncts(choice.cond):
        match c:
            case Compare("==") if (sides := integers_compared(c)) is not None:
                deltas.append(build.delta(*sides))
            case _:
                kept.append(c)
    return Where(build.both(*kept), choice.then, choice.other), tuple(deltas)


def _choice(choice: Where, outside: tuple[Expr, ...]) -> Expr:
    """A choice with the deltas of its branches outside, term by term, so that a sum can contract them."""
    table: dict[tuple[Expr, ...], list[Expr]] = {}
    for place, branch in enumerate((choice.then, choice.other)):
        for term in terms_of(branch):
            deltas, rest = _split(term)
            pair = table.setdefault(deltas, [build.NIL, build.NIL])
            pair[place] = build.add(pair[place], rest)
    terms = (build.mul(build.where(choice.cond, *pair), *deltas) for deltas, pair in table.items())
    return build.mul(build.add(*terms), *outside)


def _split(term: Expr) -> tuple[tuple[Expr, ...], Expr]:
    """The deltas of a term, and the rest of it."""
    factors = factors_of(term)
    deltas = tuple(f for f in factors if isinstance(f, Delta))
    return deltas, build.mul(*(f for f in factors if not isinstance(f, Delta)))


def _sum(indices: tuple[Index, ...], body: Expr, task: Task) -> Expr:
    """The sum of a body whose own sums are done: split where a delta asks for it, else contracted term by term."""
    if task.style.single:
        body = _singled(body, indices, task.style)
    terms = terms_of(body)
    if len(terms) > 1 and not task.style.closed and _has_delta(body, indices, task.style):
        return build.add(*(_sum(indices, term, task) for term in terms))
    factors = factors_of(body)
    opened = _open(factors, indices, task.style)
    if opened is not None:
        return _bracket(opened, indices, task) or build.add(*(_sum(indices, term, task) for term in opened))
    found = _best(factors, indices, task.style) or _lone(factors, indices)
    if found is None:
        merged = _merge(indices, factors)
        return pull(indices, body) if merged is None else _sum(*merged, task)
    factor, solution = found
    task.pairs.setdefault((Poly.of(solution.index), solution.value))
    rest = build.mul(*(f for f in factors if f is not factor))
    return _without(indices, solution, rest, task)


def _bracket(terms: tuple[Expr, ...], indices: tuple[Index, ...], task: Task) -> Expr | None:
    """One sum of the terms over all other indices, where one is fixed by the deltas of some terms and summed in others:
    sum over n and j of (d(j, k) - p_nj) g_nj is sum over n of (g_nk - sum over j of p_nj g_nj).

    The difference may be small where both terms are large, and is taken before they are summed on.
    """
    found = [_best(factors_of(t), indices, task.style) for t in terms]
    fixed = {s[1].index for s in found if s is not None}
    if None not in found or len(fixed) != 1 or len(indices) == 1:
        return None
    (index,) = fixed
    outer = tuple(i for i in indices if i != index)
    if any(index in indices_of(p) for i in outer for p in (i.start, i.stop)):
        return None
    return _sum(outer, factor_deep(build.add(*(_sum((index,), term, task) for term in terms))), task)


def _singled(expr: Expr, indices: tuple[Index, ...], style: Style) -> Expr:
    """The factors of the terms, those that are 0 but for one value of a summed index with a delta that says so."""
    if isinstance(expr, (Add, Mul)):
        return map_values(expr, lambda c: _singled(c, indices, style))
    for index in indices:
        found = as_delta(expr, index)
        if found is not None and solve(found[0], indices, {}, style) is not None:
            return build.mul(*found)
    return expr


def _best(factors: tuple[Expr, ...], indices: tuple[Index, ...], style: Style) -> tuple[Expr | None, Solution] | None:
    """A delta to contract, one without a guard first: outer indices must go before inner ranges agree."""
    equal = _equalities(factors)
    found = [(f, s) for f in factors if (s := solve(f, indices, equal, style)) is not None]
    best = next((pair for pair in found if pair[1].guard is None), found[0] if found else None)
    rivals = [pair for pair in found if best is not None and pair[1].index == best[1].index]
    return min(rivals, key=lambda pair: _step_place(pair[1].value, style), default=None)


def _step_place(value: Poly, style: Style) -> int:
    """Which of the indices of a recurrence's result a value is so many steps away from; behind all where it is none."""
    places = (k for k, i in enumerate(style.steps) if (value - i).constant is not None)
    return next(places, len(style.steps))


def _lone(factors: tuple[Expr, ...], indices: tuple[Index, ...]) -> tuple[Expr | None, Solution] | None:
    """A summed index of a single value that one factor alone holds: its value, with no delta that says so."""
    for i in indices:
        if i.extent.constant == 1 and sum(depends(f, (i,)) for f in factors) == 1:
            return None, Solution(i, i.start, None)
    return None


def _merge(indices: tuple[Index, ...], factors: tuple[Expr, ...]) -> tuple[tuple[Index, ...], Expr] | None:
    """One sum for two where the inner one scatters to what the outer one sums, so that its delta can be seen."""
    for place, f in enumerate(factors):
        if isinstance(f, Sum) and any(isinstance(n, Delta) and depends(n, indices) for n in _outer(f.body)):
            if {i.name for i in indices} & {i.name for i in f.indices}:
                continue
            others = (*factors[:place], *factors[place + 1 :])
            f = rename_bound(f, {name for g in others for name in all_index_names(g)} | {i.name for i in indices})
            return (*indices, *f.indices), build.mul(*others[:place], f.body, *others[place:])
    return None


def _without(indices: tuple[Index, ...], solution: Solution, rest: Expr, task: Task) -> Expr:
    """The sum over the other indices, the solved one replaced, in their ranges too."""
    table: dict[Atom, Poly] = {solution.index: solution.value}
    left = []
    for i in indices:
        if i != solution.index:
            left.append(Index(i.name, substitute_poly(i.stop, table), substitute_poly(i.start, table)))
            if left[-1] != i:
                table[i] = Poly.of(left[-1])
    body = substitute(rest, table)
    if solution.guard is not None:
        deltas, inside = _split(body)
        held = tuple(d for d in deltas if any(True for _ in reads(d)))  # a label is read only where the guard holds
        deltas, inside = tuple(d for d in deltas if d not in held), build.mul(inside, *held)
        guard = solution.guard
        if is_guarded(inside) and not reads(inside.cond):
            guard, inside = build.both(inside.cond, guard), inside.then
        body = build.mul(build.where(guard, inside, build.NIL), *deltas)
    return _sum(tuple(left), body, task) if left else body


def _has_delta(expr: Expr, indices: tuple[Index, ...], style: Style) -> bool:
    """Is there a delta of a summed index among the factors of the terms?"""
    return any(isinstance(n, Delta) and solve(n, indices, {}, style) is not None for n in _outer(expr))


def _outer(expr: Expr) -> list[Expr]:
    match expr:
        case Add() | Mul():
            return [n for a in expr.args for n in _outer(a)]
    return [expr]


def _open(factors: tuple[Expr, ...], indices: tuple[Index, ...], style: Style) -> tuple[Expr, ...] | None:
    """The terms after multiplying out the first factor that is a sum of terms with a delta to contract."""
    for place, factor in enumerate(factors):
        match factor:
            case Mul(args) if _has_delta(factor, indices, style):
                return _open((*factors[:place], *args, *factors[place + 1 :]), indices, style)
            case Add(args) if _opens(factor, indices, style):
                return tuple(build.mul(*factors[:place], term, *factors[place + 1 :]) for term in args)
    return None


def _opens(bracket: Add, indices: tuple[Index, ...], style: Style) -> bool:
    """Has it a term with a delta to contract, or in the closed style all?"""
    return (all if style.closed else any)(_has_delta(term, indices, style) for term in bracket.args)


@dataclass(frozen=True, slots=True)
class Solution:
    """What a delta says of a summed index: its value, and the condition that keeps it in range (None: none needed)."""

    index: Index
    value: Poly
    guard: Cond | None


def _equalities(factors: tuple[Expr, ...]) -> dict[Atom, Poly]:
    """What the deltas of a product say of plain indices: under d(m, l - 1) a range D[m + 1] is the range D[l]."""
    table: dict[Atom, Poly] = {}
    for sides in ((f.a, f.b) for f in factors if isinstance(f, Delta)):
        for a, b in (sides, sides[::-1]):
            if a.index is not None and a.index not in table and a.index not in tuple(indices_of(b)):
                table[a.index] = b
                break
    return table


def solve(factor: Expr, indices: tuple[Index, ...], equal: Mapping[Atom, Poly], style: Style) -> Solution | None:
    """A summed index that the delta fixes, preferring one that needs no guard; `equal` as from `_equalities`.

    Solved are plain indices of one range, single shifts of what the sum does not bind, and other combinations of that
    which are always in range; anything else stays a scatter unless the style is wide.
    """
    if not isinstance(factor, Delta):
        return None
    order = indices if style.first else tuple(reversed(indices))
    found = [s for i in order if (s := _solve_for(i, factor, indices, equal, style)) is not None]
    return next((s for s in found if s.guard is None), found[0] if found else None)


def _solve_for(
    index: Index, factor: Delta, indices: tuple[Index, ...], equal: Mapping[Atom, Poly], style: Style
) -> Solution | None:
    difference = factor.a - factor.b
    step = difference.coefficient(index).constant
    if not step or (abs(step) > 1 and not style.wide):
        return None
    if step < 0:
        step, difference = -step, -difference
    rest = Poly.of(index) * step - difference
    value = quotient(rest, Poly.of(step))
    other = value.index
    if other is not None and _same_range(index, other, equal):
        return Solution(index, value, None)
    match value.atom:
        case Read(tensor) if (tensor, index.stop) in style.classes:
            return Solution(index, value, None)
    inner = tuple(indices_of(value))
    bound = any(i in indices for i in inner)
    if index in inner or (bound and not style.wide):
        return None
    low = at_most(index.start * step, rest)
    high = below(rest, index.stop * step)
    even = build.compare("==", build.integer(value * step), build.integer(rest))
    guard = settle_condition(build.both(even, low, high))
    if guard == TRUE:
        return Solution(index, value, None)
    return Solution(index, value, guard) if style.wide or len(inner) <= 1 else None


def _same_range(a: Index, b: Index, equal: Mapping[Atom, Poly]) -> bool:
    return all(
        p == q or substitute_poly(p, equal) == substitute_poly(q, equal)
        for p, q in ((a.start, b.start), (a.stop, b.stop))
    )
