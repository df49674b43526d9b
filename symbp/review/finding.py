"""A mistake as it is told: of what kind, at which statement, what stands there and what should."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.review.meant import Truth
from symbp.review.names import is_pair, leaf, quantities
from symbp.review.probe import Place
from symbp.review.program import BEFORE, INNER, Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import HEADS, ROUGH, Runs
from symbp.review.trial import Array, fits_along

STATISTICS = ("mean", "sum", "var", "std")


@dataclass(slots=True)
class Finding:
    """One mistake: where it is, of what kind, what is written there and what should be."""

    kind: str
    statement: Statement | None
    quantity: str
    found: str = ""
    expected: str = ""
    old: str = ""
    new: str = ""
    numbers: str = ""
    mended: tuple[str, ...] = ()
    why: str = ""
    part: ast.AST | None = None  # what of the statement is at fault
    mend: ast.stmt | None = None  # what mends it, in the statement's place
    more: dict[int, ast.stmt] = field(default_factory=dict)  # and in the place of others
    truth: Truth | None = None  # or the truth that does


@dataclass(slots=True)
class Hit:
    """A hypothesis that mends gradients: how many, and where it stands in the order of the run."""

    mended: frozenset[str]
    order: int
    statement: Statement
    rewrite: Rewrite | None = None
    truth: Truth | None = None

    @property
    def growth(self) -> int:
        """How many letters a rewriting adds: of two that mend the same, what takes away undoes what was added."""
        if self.rewrite is None:
            return 0
        return len(ast.unparse(self.rewrite.statement)) - len(ast.unparse(self.statement.node))


def finding(runs: Runs, hit: Hit) -> Finding:
    """What is told of a hypothesis that holds."""
    made = Finding("", hit.statement, quantity(hit.statement, hit.mended), mended=tuple(sorted(hit.mended)))
    made.found = ast.unparse(hit.statement.node)
    made.numbers = numbers(runs, hit.mended)
    made.truth = hit.truth
    if hit.rewrite:
        made.mend = hit.rewrite.statement
        made.kind, made.old, made.new = hit.rewrite.kind, hit.rewrite.old, hit.rewrite.new
        made.expected, made.part = ast.unparse(hit.rewrite.statement), hit.rewrite.part
        if BEFORE in made.expected:
            made.expected, made.why = "", f"{made.old} has been written over: what it held before is meant"
        parameters = runs.trial.names.parameters
        if made.kind == "overwrite" and made.expected == "pass":
            made.expected, made.why = "", f"{made.quantity} is written over here, and read later as it was before"
        if (
            made.kind == "overwrite"
            and hit.statement.loop
            and not made.why
            and not any(is_pair(n, p) for n in hit.statement.names for p in parameters)
        ):
            made.kind = "step"
    elif hit.truth:
        made.kind, made.why = held_still(runs, hit.truth)
    return made


def quantity(statement: Statement, mended: frozenset[str]) -> str:
    """What a statement computes, by its name."""
    return leaf(statement.names[0]) if statement.names else ", ".join(sorted(mended))


def numbers(runs: Runs, mended: frozenset[str]) -> str:
    """The smallest numbers that show it: an entry of the first gradient that it mends."""
    draw = runs.first
    for name in sorted(mended):
        got, right = runs.base(draw)[1].gradients.get(name), draw.gradients[name]
        if got is None:
            return ""
        if np.shape(got) != right.shape:
            return f"the gradient of {name} has the shape {np.shape(got)}, it should be {right.shape}"
        off = np.abs(np.asarray(got, dtype=float) - right)
        digits = 6 if np.max(off) > 1e-4 * np.max(np.abs(right)) else 12
        key = np.unravel_index(int(np.argmax(off)), right.shape) if right.ndim else ()
        where = f"[{', '.join(map(str, key))}]" if key else ""
        is_, should = float(np.asarray(got)[key]), float(right[key])
        return f"the gradient of {name}{where} is {is_:.{digits}g}, it should be {should:.{digits}g}"
    return ""


def held_still(runs: Runs, truth: Truth | None) -> tuple[str, str]:
    """Is the wrong value the derivative with something of the forward pass held constant?"""
    if truth is None:
        return "unknown", ""
    if truth.cut is not None:
        line, whole = runs.trial.program.statements[truth.cut.reader].line, runs.name(truth.of)
        return (
            "unknown",
            f"it should be its part of the derivative of the loss by {whole}, which line {line} puts together",
        )
    mine = runs.events().get(truth.place, [])
    for k in range(len(mine)):
        other = truth.step(k)
        if other is None or _is_slope(runs, truth, mine[k].value, other):
            continue
        for held in _stills(runs, truth.of):
            if _is_slope(runs, truth, mine[k].value, other, held):
                return _held_kind(runs, held)
        break
    of = (
        f"by {runs.name(truth.of)} (line {runs.statement(truth.of).line})"
        if runs.name(truth.of)
        else _inner(runs, truth)
    )
    if truth.shift:
        return "step", f"it should be the derivative of the loss {of} of the step before"
    return "unknown", f"it should be the derivative of the loss {of}"


def _is_slope(runs: Runs, truth: Truth, value: Array, step: int, held: frozenset[Place] = frozenset()) -> bool:
    """Is it the derivative by a forward quantity, with others held still?"""
    direction, slope = runs.along(runs.first, truth.of, step, held)
    return value.shape == direction.shape and fits_along(value, direction, slope * truth.scale, ROUGH)


def _inner(runs: Runs, truth: Truth) -> str:
    return f"by what a function is called with in line {runs.statement(truth.of).line}"


def _stills(runs: Runs, of: Place) -> Iterator[frozenset[Place]]:
    """What may have been held constant: one quantity that comes later, or two."""
    no = (ast.FunctionDef, ast.For)
    later = [
        p for p in runs.forward_places() if p != of and p[1] < INNER and not isinstance(runs.statement(p).node, no)
    ]
    later = [p for p in later if not _is_loss(runs, p)]  # nothing at all is left where that is held
    yield from (frozenset({p}) for p in later)
    for k, p in enumerate(later):
        if runs.is_late:
            return
        yield from (frozenset({p, q}) for q in later[:k])


def _is_loss(runs: Runs, place: Place) -> bool:
    value = runs.forward_events(runs.first)[place][-1].value
    return bool(value.ndim == 0 and value == runs.base(runs.first)[1].loss)


def _held_kind(runs: Runs, held: frozenset[Place]) -> tuple[str, str]:
    statements = [runs.statement(p) for p in sorted(held)]
    words = " and ".join(f"{runs.name(p)} (line {runs.statement(p).line})" for p in sorted(held))
    if all(_is_statistic(runs, p) for p in held):
        them, verb = ("it", "is") if len(held) == 1 else ("them", "are")
        return "constant", f"{words} {verb} held constant: what flows through {them} is missing"
    copied = all(isinstance(getattr(s.node, "value", None), (ast.Name, ast.Tuple)) for s in statements)
    return "step" if copied else "path", f"the path through {words} is missing"


def _is_statistic(runs: Runs, place: Place) -> bool:
    """Is it a mean or a sum of entries? A single sum is a term of the loss, more likely."""
    words = ("mean", "var", "std") if runs.forward_events(runs.first)[place][-1].value.ndim == 0 else STATISTICS
    called = (n.func for n in ast.walk(runs.statement(place).node) if isinstance(n, ast.Call))
    return any(ast.unparse(f).rpartition(".")[2] in words for f in called)


def unexplained(runs: Runs, wrong: list[str]) -> Finding:
    """The gradients that are wrong and that no hypothesis mends: told at the line that gives them."""
    found = None
    for name in wrong:
        for s in runs.trial.program.statements.values():
            if any(name in quantities(n) for n in s.names) and runs.is_own(s) and runs.is_backward(s):
                found = s
        if found:
            break
    _, base = runs.base(runs.first)
    if base.error is not None:
        found = _raising(runs, base.line)
    elif found is None:
        found = _giving(runs, base.gradients.get(wrong[0]))
    made = Finding("unknown", found, wrong[0], mended=tuple(wrong))
    if base.error is not None:
        made.kind = "shape" if isinstance(base.error, ValueError) else "raises"
        made.quantity = quantity(found, frozenset()) if found and found.names else runs.trial.entry.said
        made.why = f"it raises {type(base.error).__name__}: {base.error}".rstrip(": ")
    made.found = ast.unparse(found.node) if found else ""
    made.numbers = numbers(runs, frozenset(wrong)) if found else ""
    return made


def _giving(runs: Runs, gradient: Any) -> Statement | None:
    """The last statement that assigns what a gradient is."""
    for event in reversed(runs.base(runs.first)[1].events):
        statement = runs.statement(event.place)
        is_it = event.value is not None and np.shape(gradient) == event.value.shape and event.value.dtype.kind == "f"
        if is_it and not isinstance(statement.node, HEADS) and np.array_equal(np.asarray(gradient), event.value):
            return statement
    return None


def _raising(runs: Runs, line: int | None) -> Statement | None:
    """The statement at a line, the innermost."""
    known = runs.trial.program.statements.values()
    here = [s for s in known if s.line <= (line or 0) <= (s.node.end_lineno or 0)]
    return min(here, key=lambda s: (s.node.end_lineno or 0) - s.line, default=None)


def taken_for_granted(runs: Runs, name: str, wrong: frozenset[str], statement: Statement) -> Finding:
    """Right only where the rows of some data sum to one."""
    made = Finding("fact", statement, quantity(statement, wrong), mended=tuple(sorted(wrong)))
    made.found, made.numbers = ast.unparse(statement.node), numbers(runs, wrong)
    made.why = f"right only where every row of {name} sums to one, which nothing says: state it, or do without it"
    return made


def in_order(runs: Runs, findings: list[Finding]) -> list[Finding]:
    """In the order in which they are run."""
    order: dict[int, int] = {}
    outcome = runs.trial.run(runs.trial.program.variant({}), runs.first, record=True)
    for k, event in enumerate(outcome.events):
        order.setdefault(event.place[0], k)
    last = len(outcome.events)
    return sorted(findings, key=lambda f: order.get(f.statement.number, last) if f.statement else last + 1)
