"""A part of a right side solved for: what it should be is known by numbers, and is looked for as a formula.

Where a place's true value is known, and the right side is a * part + b entry by entry, the part should be
(truth - b) / a. That is compared with what stands there: a ratio that is a product of known quantities is a factor left
out or too many, a difference that is one a term left out. What is found so fits one step of one draw, and counts once
it is right at all of them.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbp.review.atoms import Atoms, Product
from symbp.review.program import Holed, Place, Statement, is_tensor
from symbp.review.rewrites import Rewrite
from symbp.review.runs import Runs, Truth
from symbp.review.trees import clone, of, parse
from symbp.review.trial import Array
from symbp.review.truths import reads

PART = "__symbp_part__"
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
    target = runs.slope(runs.first, truth.of, step) * truth.scale
    found = list(_of(runs, runs.statement(truth.place), target, count, pending, force, ()))
    found.sort(key=lambda row: (row[0], len(ast.unparse(row[2].statement))))
    yield from ((s, r) for _, s, r in found[:MOST_TRIED])


def _of(
    runs: Runs, statement: Statement, target: Array, count: int, pending: Sequence[Statement],
    force: Mapping[Place, Truth], seen: tuple[int, ...],
) -> Iterator[tuple[int, Statement, Rewrite]]:  # fmt: skip
    node = runs.edits.get(statement.number, statement.node)
    value, around = _right_side(node)
    names = _names_at(runs, statement, count, force) if value is not None and len(statement.names) == 1 else None
    if value is None or names is None or statement.number in seen:
        return
    own = frozenset(statement.names) - reads(statement)  # it is not there yet
    known = {n: v for n, v in names.items() if n not in own}
    atoms = Atoms(known, target.shape, runs.trial.program, statement.function)
    defined = _defined(runs, statement, pending)
    for wanted in _parts(value, around, target, names):
        now = _value(wanted.part, names)
        for worth, kind, new in _formulas(wanted, now, atoms):
            changed = clone(node, {id(wanted.part): new})
            yield worth, statement, Rewrite(kind, 4, changed, ast.unparse(wanted.part), ast.unparse(new), wanted.part)
        name = ast.unparse(wanted.part)
        if name in defined and np.all(wanted.known) and np.shape(now) == target.shape:
            yield from _of(runs, defined[name], wanted.value, count, pending, force, (*seen, statement.number))


def _defined(runs: Runs, reader: Statement, pending: Sequence[Statement]) -> dict[str, Statement]:
    """Where the names that a statement reads were assigned just before, if nothing has shown that to be right."""
    own = [s for s in runs.trial.program.statements.values() if s.function == reader.function]
    last = {s.names[0]: s for s in sorted(own, key=lambda s: s.number) if s.number < reader.number and s.names}
    return {n: s for n, s in last.items() if any(s is p for p in pending) and len(s.names) == 1}


def _right_side(node: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    """What may be rewritten, and the whole of which the truth is known: the sum, where something is added."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node.value, node.value
    if isinstance(node, ast.AugAssign):
        target = clone(node.target)
        target.ctx = ast.Load()
        return node.value, ast.BinOp(target, node.op, node.value)
    return None, None


class _Watched(Holed):
    """What the names are as a statement is run for a certain time."""

    count, at = 0, 0
    names: dict[str, Any] | None = None

    def _value(self, seen: Mapping[str, Any], kept: Any) -> Any:
        if self.at == self.count:
            own = {n: _copy(v) for n, v in seen.items()}
            self.names = {**self.namespace, **own}
        self.at += 1
        return kept()


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _names_at(runs: Runs, statement: Statement, count: int, force: Mapping[Place, Truth]) -> dict[str, Any] | None:
    try:
        watched = _Watched(runs.trial.program, runs.edits, statement.number)
    except (SyntaxError, ValueError, AttributeError):
        return None
    watched.count = count
    others = [t for p, t in force.items() if p[0] != statement.number]
    runs.trial.run(watched.namespace, runs.first, runs.puts(runs.first, [*runs.truths, *others]))
    return watched.names


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a part; None where it has none that is a number."""
    try:
        code = compile(ast.fix_missing_locations(ast.Expression(clone(node))), "<part>", "eval")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = eval(code, dict(names))
        if is_tensor(found):
            found = found.detach().numpy()
        array = np.asarray(found)
        return array.astype(float) if array.dtype.kind in "fiub" else None
    except Exception:
        return None


def _parts(value: ast.expr, whole: ast.expr | None, target: Array, names: Mapping[str, Any]) -> Iterator[Wanted]:
    """The parts of which the whole is a multiple and something more, entry by entry."""
    assert whole is not None
    generator = np.random.default_rng(0)
    for part in ast.walk(value):
        if not isinstance(part, ast.expr) or isinstance(part, (ast.Slice, ast.Tuple)):
            continue
        if not isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
            continue
        holed = clone(whole, {id(part): ast.Name(PART, ast.Load())})
        tried = [np.zeros(target.shape), np.ones(target.shape), generator.normal(size=target.shape)]
        got = [_value(holed, {**names, PART: t}) for t in tried]
        if any(g is None or g.shape != target.shape or not np.all(np.isfinite(g)) for g in got):
            continue
        slope = got[1] - got[0]
        if not np.allclose(got[2], got[0] + slope * tried[2], rtol=1e-9, atol=1e-12):
            continue
        known = np.abs(slope) > 1e-9 * max(float(np.max(np.abs(slope), initial=0.0)), 1e-300)
        if np.any(known):
            yield Wanted(part, np.where(known, (target - got[0]) / np.where(known, slope, 1), 0), known)


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
        if np.shape(now) == wanted.value.shape:
            for product in atoms.products(wanted.value - here, wanted.known, exact=True):
                yield product.worth + 1, "path", of("a + b", a=wanted.part, b=product.formula())
    for product in atoms.products(wanted.value, wanted.known, exact=True):
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
