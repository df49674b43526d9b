"""A loss that is not the network's: where the forward pass differs, and whether the gradients are right for it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

import numpy as np

from symbp.review.explain import gradients
from symbp.review.finding import Finding, quantity
from symbp.review.names import leaf
from symbp.review.probe import Place
from symbp.review.program import MARK, Statement
from symbp.review.rewrites import Rewrite
from symbp.review.runs import Runs, first_other
from symbp.review.standing import rewritings, scope_of
from symbp.review.trial import Draw, close

At = tuple[Place, int]
LOSS_BOUND = 1e-9
COSTS = (1, 2)


def own_loss(runs: Runs) -> list[Finding]:
    """The findings where the loss is wrong; the gradients are blamed only where they are not its own either."""
    trial = runs.trial
    namespace, _ = runs.base(runs.first)
    own = [_own(runs, d) for d in trial.draws]
    right_for_own = all(trial.right(trial.run(namespace, d), d, 1e-6) == frozenset(trial.names.parameters) for d in own)
    drawn = _at_random(runs)
    findings = [drawn] if drawn else _forward(runs)
    if right_for_own:
        for finding in findings:
            finding.why += "; the gradients are right for the loss that it computes"
        return findings
    if not _is_mended(runs):
        trial.draws, trial.bound = own, 1e-6
    trial.forward.update(runs.edits)
    trial.ends.clear()
    runs.cache.clear()
    runs.shared.clear()
    return [*findings, *gradients(runs)]


def _own(runs: Runs, draw: Draw) -> Draw:
    trial = runs.trial
    namespace = trial.program.variant({})
    loss = trial.run(namespace, draw).loss
    return Draw(draw.inputs, loss, {n: trial.own_gradient(namespace, draw, n) for n in trial.names.parameters}, {})


def _at_random(runs: Runs) -> Finding | None:
    """Where something is drawn at random, on which the loss depends."""
    namespace, base = runs.base(runs.first)
    other = runs.trial.run(namespace, runs.first, record=True, chance=1)
    if close(other.loss, np.asarray(base.loss), LOSS_BOUND):
        return None
    found = first_other(runs, base, other)
    made = Finding("loss", found, quantity(found, frozenset()) if found else "loss")
    made.found, made.numbers = ast.unparse(found.node) if found else "", _numbers(runs)
    made.why = "it is drawn at random, so the loss is no function of the network's data: take what is drawn as data"
    return made


def _is_mended(runs: Runs) -> bool:
    return all(runs.trial.is_loss(runs.base(d)[1], d) for d in runs.trial.draws)


def _forward(runs: Runs) -> list[Finding]:
    """One forward mistake after the other, each edited away."""
    findings: list[Finding] = []
    for _ in range(4):
        runs.cache.clear()
        if _is_mended(runs):
            break
        found = _one(runs)
        if found is None:
            return findings or [_unknown(runs)]
        statement, rewrite, more = found
        f = Finding("loss", statement, leaf(statement.names[0]) if statement.names else "loss")
        f.found, f.expected = ast.unparse(statement.node), ast.unparse(rewrite.statement)
        f.old, f.new, f.numbers, f.part = rewrite.old, rewrite.new, _numbers(runs), rewrite.part
        f.why = "the loss is another than the network's"
        f.mend, f.more = rewrite.statement, more
        findings.append(f)
        runs.accept({statement.number: rewrite.statement, **more})
    return findings


def _one(runs: Runs) -> tuple[Statement, Rewrite, dict[int, ast.stmt]] | None:
    known = [s for s in runs.trial.program.statements.values() if _is_forward(runs, s)]
    before = _matched(runs, {})
    seen = {p for p, _ in before}
    other = [s for s in known if not any((s.number, k) in seen for k in range(len(s.names)))]
    partly = _first_off(runs, known, before)
    for one, two, pair in _exchanged(other or known):
        if all(_loss_right(runs, pair, d) for d in runs.trial.draws):
            old, new = ast.unparse(one.node), ast.unparse(pair[one.number])
            return one, Rewrite("order", 1, pair[one.number], old, new), {two.number: pair[two.number]}
    for statement in partly:
        for cost in COSTS:
            for rewrite in rewritings(runs, statement, cost):
                if _helps(runs, {statement.number: rewrite.statement}, before):
                    return statement, rewrite, {}
    for cost in COSTS:
        for statement in other:
            for rewrite in rewritings(runs, statement, cost):
                if all(_loss_right(runs, {statement.number: rewrite.statement}, d) for d in runs.trial.draws):
                    return statement, rewrite, {}
    return None


def _first_off(runs: Runs, known: list[Statement], before: frozenset[At]) -> list[Statement]:
    """The first statement that has the name of a tensor of the network and another value from the start."""
    for s in (s for s in known if not isinstance(getattr(s.node, "value", None), (ast.Name, ast.Tuple))):
        for k, n in enumerate(s.names):
            if leaf(n) in runs.first.tensors and ((s.number, k), 0) not in before:
                shape, mine = runs.first.tensors[leaf(n)].shape, scope_of(runs, s).shape(ast.Name(n))
                if (mine, _passed(runs, (s.number, k))) in ((shape, 1), (shape[1:], (*shape, 0)[0])):
                    return [s]
    return []


def _passed(runs: Runs, place: Place) -> int:
    """How often a place is passed in a run."""
    return len(runs.events().get(place, ()))


def _helps(runs: Runs, edits: dict[int, ast.stmt], before: frozenset[At]) -> bool:
    """Is the loss right with it, or one more quantity that of the network?"""
    if all(_loss_right(runs, edits, d) for d in runs.trial.draws):
        return True
    (number,) = edits
    after = _matched(runs, edits)
    return before < after and number in {p[0] for p, _ in after - before}


def _loss_right(runs: Runs, edits: dict[int, ast.stmt], draw: Draw) -> bool:
    if runs.is_late:
        return False
    try:
        outcome = runs.trial.run(runs.namespace(edits), draw)
    except (SyntaxError, ValueError):
        return False
    return outcome.error is None and runs.trial.is_loss(outcome, draw)


def _matched(runs: Runs, edits: dict[int, ast.stmt]) -> frozenset[At]:
    """The places whose values are those of a tensor of the network, every time."""
    try:
        outcome = runs.trial.run(runs.namespace(edits), runs.first, record=True)
    except (SyntaxError, ValueError):
        return frozenset()
    values: dict[Place, list[np.ndarray]] = {}
    for event in outcome.events:
        if event.place[1] != MARK and event.value is not None and event.value.dtype.kind == "f":
            values.setdefault(event.place, []).append(event.value)
    tensors = [t for t in runs.first.tensors.values() if np.any(t)]
    return frozenset(
        (p, k) for p, v in values.items() for k in range(len(v)) if any(_is_part(v, k, t) for t in tensors)
    )


def _is_part(values: list[np.ndarray], count: int, tensor: np.ndarray) -> bool:
    if len(values) == 1:
        return close(values[0], tensor, LOSS_BOUND)
    return tensor.ndim > 0 and len(values) == len(tensor) and close(values[count], tensor[count], LOSS_BOUND)


def _is_forward(runs: Runs, statement: Statement) -> bool:
    if isinstance(statement.node, (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Expr)):
        return False
    return isinstance(statement.node, ast.Return) or not runs.is_backward(statement)


def _exchanged(known: list[Statement]) -> Iterator[tuple[Statement, Statement, dict[int, ast.stmt]]]:
    """Two statements that have changed a part of an array with each other."""
    for k, one in enumerate(known):
        for other in known[k + 1 :]:
            parts = [_subscripts(s.node) for s in (one, other)]
            for a in parts[0]:
                for b in parts[1]:
                    if ast.unparse(a.value) == ast.unparse(b.value) and ast.unparse(a) != ast.unparse(b):
                        yield one, other, {one.number: _with(one.node, a, b), other.number: _with(other.node, b, a)}


def _subscripts(node: ast.stmt) -> list[ast.Subscript]:
    value = getattr(node, "value", None)
    return [n for n in ast.walk(value) if isinstance(n, ast.Subscript)] if value is not None else []


def _with(node: ast.stmt, old: ast.Subscript, new: ast.Subscript) -> ast.stmt:
    text = ast.unparse(old)

    class Put(ast.NodeTransformer):
        def visit_Subscript(self, n: ast.Subscript) -> ast.AST:
            return copy.deepcopy(new) if ast.unparse(n) == text else self.generic_visit(n)

    return Put().visit(copy.deepcopy(node))  # type: ignore[no-any-return]


def _numbers(runs: Runs) -> str:
    loss = runs.base(runs.first)[1].loss
    return f"the loss is {loss:.6g}, that of the network {runs.first.loss:.6g}"


def _unknown(runs: Runs) -> Finding:
    """No single usual mistake: told at the last statement that makes the loss."""
    known = [s for s in runs.trial.program.statements.values() if _is_forward(runs, s)]
    scalars = [
        s
        for s in known
        if any(v.ndim == 0 for n in s.names for v in [scope_of(runs, s).values.get(n)] if v is not None)
    ]
    made = Finding("loss", scalars[-1] if scalars else None, "loss", why="the loss is another than the network's")
    made.found = ast.unparse(scalars[-1].node) if scalars else ""
    made.numbers = _numbers(runs)
    return made
