"""A part of a right side solved for: what it should be is known by numbers, and is looked for as a formula.

Where a place's true value is known, and the right side is a * part + b entry by entry, the part should be
(truth - b) / a. That is compared with what stands there: a ratio that is a product of known quantities is a factor left
out or too many, a difference that is one a term left out. What is found so fits one step of one draw, and counts once
it is right at all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbp.review.atoms import Atoms, Product
from symbp.review.meant import Truth
from symbp.review.probe import Place
from symbp.review.program import Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import Runs
from symbp.review.standing import names_at
from symbp.review.trees import clone, of, parse
from symbp.review.trial import Array
from symbp.review.truths import reads
from symbp.review.values import PART, value_of, whole_of

MOST_TRIED = 40
EXACT = 1e-7


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a part of a statement should be, where that can be told."""

    part: ast.expr
    value: Array
    known: Array  # where it can


def solved(
    runs: Runs, truth: Truth, count: int, pending: Sequence[Statement], force: Mapping[Place, Truth]
) -> Iterator[tuple[Statement, Rewrite]]:
    """Rewritings of a statement, or of those before it whose values it reads, the simplest first."""
    step = truth.step(count)
    if step is None:
        return
    target = runs.wanted(runs.first, truth, step)
    found = list(_of(runs, runs.statement(truth.place), target, count, pending, force, ()))
    own = truth.place[0]
    found.sort(key=lambda row: (row[0], row[1].number != own, len(row[2].new)))
    yield from ((s, r) for _, s, r in found[:MOST_TRIED])


def _of(
    runs: Runs, statement: Statement, target: Array, count: int, pending: Sequence[Statement],
    force: Mapping[Place, Truth], seen: tuple[int, ...],
) -> Iterator[tuple[int, Statement, Rewrite]]:  # fmt: skip
    node = runs.edits.get(statement.number, statement.node)
    value, around = getattr(node, "value", None), whole_of(node)
    if value is None or around is None or len(statement.names) != 1 or statement.number in seen:
        return
    names = names_at(runs, statement, count, [t for p, t in force.items() if p[0] != statement.number])
    if names is None:
        return
    own = frozenset(statement.names) - reads(statement)  # it is not there yet
    known = {n: v for n, v in names.items() if n not in own}
    by_shape: dict[tuple[int, ...], Atoms] = {}
    defined = _defined(runs, statement, pending)
    back = [s for s in (*pending, *map(runs.statement, force)) if not runs.is_forward_function(s.function)]
    made = {n for s in back for n in s.names}
    for wanted in _parts(value, around, target, names):
        now, shape = value_of(wanted.part, names), wanted.value.shape
        if _is_right(wanted, now):
            continue
        if shape not in by_shape:
            by_shape[shape] = Atoms(known, shape, runs.trial.program, statement.function)
        source, at = defined.get(ast.unparse(wanted.part), (None, 0))
        if source is not None and count + at >= 0 and np.all(wanted.known) and _spreads(np.shape(now), shape):
            for worth, s, rewrite in _of(
                runs, source, wanted.value, count + at, pending, force, (*seen, statement.number)
            ):
                is_more = rewrite.kind not in ("sign", "factor") or _is_term(value, wanted.part)
                is_part = wanted.part is not value and is_more
                goes_back = bool((reads(source) - set(source.names)) & made)
                yield worth - int(is_part and goes_back), s, rewrite  # more than a number is told where it is made
        for worth, kind, new in _formulas(wanted, now, by_shape[shape]):
            changed = clone(node, {id(wanted.part): new})
            yield worth, statement, Rewrite(kind, 4, changed, ast.unparse(wanted.part), ast.unparse(new), wanted.part)


def _spreads(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    """Does an array grow to that shape?"""
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def _is_right(wanted: Wanted, now: Any) -> bool:
    """Is a part what it should be already?"""
    if now is None or np.ndim(now) > wanted.value.ndim:
        return False
    off = np.abs(wanted.value - now)[wanted.known] if np.shape(now) in ((), wanted.value.shape) else np.ones(1)
    return bool(np.max(off, initial=0.0) <= 1e-6 * np.max(np.abs(wanted.value), initial=0.0))


def _defined(runs: Runs, reader: Statement, pending: Sequence[Statement]) -> dict[str, tuple[Statement, int]]:
    """Where the names that a statement reads were assigned just before, if nothing has shown that to be right.

    In a loop that may stand behind, and is of the time before.
    """
    own = sorted((s for s in runs.trial.program.statements.values() if s.function == reader.function), key=_number)
    found: dict[str, tuple[Statement, int]] = {}
    behind = [s for s in own if s.number > reader.number and s.loop] if reader.loop else []
    for shift, several in ((-1, behind), (0, [s for s in own if s.number < reader.number])):
        for s in several:
            if len(s.names) == 1 and (s.loop or s.names[0] not in found):
                found[s.names[0]] = s, shift
    return {n: (s, shift) for n, (s, shift) in found.items() if any(s is p for p in pending)}


def _is_term(value: ast.expr, part: ast.expr) -> bool:
    """Is a part by itself a term of a sum? There a factor is left out where the term is made, more likely."""
    sums = [n for n in ast.walk(value) if type(n) is ast.BinOp and type(n.op) in (ast.Add, ast.Sub)]
    return any(part is n.left or part is n.right for n in sums)


def _number(statement: Statement) -> int:
    return statement.number


def _parts(value: ast.expr, whole: ast.expr | None, target: Array, names: Mapping[str, Any]) -> Iterator[Wanted]:
    """The parts of which the whole is a multiple and something more, entry by entry."""
    assert whole is not None
    for part in ast.walk(value):
        if not isinstance(part, ast.expr) or isinstance(part, (ast.Slice, ast.Tuple, ast.List)):
            continue
        if isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
            holed = clone(whole, {id(part): ast.Name(PART, ast.Load())})
            wanted = _entry_by_entry(part, holed, target, names) or _placed(part, holed, target, names)
            if wanted is not None:
                yield wanted


def _entry_by_entry(part: ast.expr, holed: ast.expr, target: Array, names: Mapping[str, Any]) -> Wanted | None:
    """What a part should be that goes into each entry of the whole with that of its own."""
    tried = [np.zeros(target.shape), np.ones(target.shape), _drawn(target.shape)]
    got = [value_of(holed, {**names, PART: t}) for t in tried]
    if any(g is None or g.shape != target.shape or not np.all(np.isfinite(g)) for g in got):
        return None
    slope = got[1] - got[0]
    if not np.allclose(got[2], got[0] + slope * tried[2], rtol=1e-9, atol=1e-12):
        return None
    known = _is_much(slope)
    if not np.any(known):
        return None
    return Wanted(part, np.where(known, (target - got[0]) / np.where(known, slope, 1), 0), known)


def _placed(part: ast.expr, holed: ast.expr, target: Array, names: Mapping[str, Any]) -> Wanted | None:
    """The same where its entries are put elsewhere, as by a concatenation or a transpose."""
    now = value_of(part, names)
    if now is None or not now.ndim or now.size > target.size:
        return None
    order = np.arange(1.0, now.size + 1).reshape(now.shape)
    tried = [np.zeros(now.shape), np.ones(now.shape), order, _drawn(now.shape)]
    got = [value_of(holed, {**names, PART: t}) for t in tried]
    if any(g is None or g.shape != target.shape or not np.all(np.isfinite(g)) for g in got):
        return None
    slope = got[1] - got[0]
    known = _is_much(slope)
    at = np.where(known, np.rint((got[2] - got[0]) / np.where(known, slope, 1)), 1).astype(int) - 1
    if np.any((at < 0) | (at >= now.size)) or len(np.unique(at[known])) < now.size:
        return None
    if not np.allclose(got[3], got[0] + slope * np.ravel(tried[3])[at], rtol=1e-9, atol=1e-12):
        return None
    wanted = np.zeros(now.size)
    wanted[at[known]] = ((target - got[0])[known]) / slope[known]
    if not np.allclose(got[0] + slope * wanted[at], target, rtol=1e-5, atol=1e-9 * float(np.max(np.abs(target)))) and (
        int(np.sum(known)) > now.size
    ):
        return None  # one entry goes into several that want it otherwise
    return Wanted(part, wanted.reshape(now.shape), np.ones(now.shape, dtype=bool))


def _drawn(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(0).normal(size=shape)


def _is_much(slope: Array) -> Array:
    return np.asarray(np.abs(slope) > 1e-9 * max(float(np.max(np.abs(slope), initial=0.0)), 1e-300))


def _formulas(wanted: Wanted, now: Any, atoms: Atoms) -> Iterator[tuple[int, str, ast.expr]]:
    """What a part may be instead, each with how much there is to it, and the kind of the mistake."""
    if now is not None and np.ndim(now) <= wanted.value.ndim:
        try:
            here = np.broadcast_to(now, wanted.value.shape)
        except ValueError:
            return
        known = wanted.known & (np.abs(here) > 0)
        zero_too = np.all(np.abs(wanted.value[wanted.known & (here == 0)]) <= EXACT)
        if np.any(known) and zero_too:
            ratio = np.where(known, wanted.value / np.where(known, here, 1), 0)
            for product in atoms.products(ratio, known):
                yield product.worth, _kind(product), product.times(wanted.part)
        if np.shape(now) == wanted.value.shape and np.any(here):
            for product in atoms.products(wanted.value - here, wanted.known):
                yield product.worth + 1, "path", of("a + b", a=wanted.part, b=product.formula())
    for product in atoms.products(wanted.value, wanted.known):
        yield product.worth + 2, _kind(product), product.formula()
    for name, value in _read_in(wanted.part, atoms):
        known = wanted.known & (np.abs(value) > 0)
        if np.any(known):
            for product in atoms.products(np.where(known, wanted.value / np.where(known, value, 1), 0), known):
                yield product.worth + 3, _kind(product), product.times(parse(name))


def _read_in(part: ast.expr, atoms: Atoms) -> Iterator[tuple[str, Array]]:
    """The names that a part reads, which its formula may begin with."""
    for name in dict.fromkeys(n.id for n in ast.walk(part) if isinstance(n, ast.Name)):
        if name in atoms.arrays and not isinstance(part, ast.Name):
            yield name, np.broadcast_to(atoms.arrays[name], atoms.shape)


def _kind(product: Product) -> str:
    if not product.parts:
        return "sign" if product.number == "-1" else "factor"
    slope = any("1 - " in text or ">" in text or "<" in text for text, _ in product.parts)
    return "derivative" if slope else "term"
