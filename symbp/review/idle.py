"""Lines that leave a gradient as it is where something should be added to it: `dW = dW`, `dW += 0`.

No rewriting of such a line holds what is missing, so the search tells it elsewhere, without a corrected line, or not at
all. In come the findings, out go findings where these stand at the line that does nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from symbp.review.finding import Finding, numbers, quantity
from symbp.review.names import leaf, quantities
from symbp.review.program import Statement
from symbp.review.runs import Runs
from symbp.review.search import Search
from symbp.review.truths import backward


def at_idle_lines(runs: Runs, findings: Sequence[Finding]) -> list[Finding]:
    """What has no corrected line, or a path to add, is told at a line that leaves that gradient as it is."""
    told = list(findings)
    bare = {f.mended[0] for f in findings if _is_of_one(f)}
    for parameter, statement in _idle(runs) if bare else ():
        if parameter in bare & _wrong(runs):
            told = [f for f in told if not _is_of_one(f) or f.mended != (parameter,)]
            told.append(_nothing_added(runs, parameter, statement))
            bare.discard(parameter)
    return told


def _is_of_one(f: Finding) -> bool:
    """Is it of one gradient alone, and nothing that is written is wrong there, as far as can be told?"""
    return len(f.mended) == 1 and (not f.expected or f.kind == "path")


def _wrong(runs: Runs) -> frozenset[str]:
    """The gradients that are wrong in the code as it was given."""
    return Search(Runs(runs.trial)).wrong()


def _idle(runs: Runs) -> Iterator[tuple[str, Statement]]:
    """The lines of the backward pass that do nothing, each with the parameter whose gradient its name says it gives."""
    as_given = Runs(runs.trial)
    for _, statement in backward(as_given, confirmed_too=True):
        if is_idle(statement.node):
            of = {q for n in statement.names for q in (leaf(n), *quantities(n))}
            yield from ((p, statement) for p in runs.trial.names.parameters if p in of)


def is_idle(node: ast.stmt) -> bool:
    """Is what is assigned what the name stood for, whatever that was?

    >>> [is_idle(ast.parse(t).body[0]) for t in ("a = a", "a += 0", "a *= 1.0", "a = a + b", "a += 1")]
    [True, True, True, False, False]
    """
    match node:
        case ast.Assign(targets=[target], value=value):
            return ast.unparse(target) == ast.unparse(value)
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=ast.Constant(value=0)):
            return True
        case ast.AugAssign(op=ast.Mult() | ast.Div(), value=ast.Constant(value=1)):
            return True
    return False


def _nothing_added(runs: Runs, parameter: str, statement: Statement) -> Finding:
    made = Finding("path", statement, quantity(statement, frozenset()), mended=(parameter,))
    made.found = ast.unparse(statement.node)
    made.numbers = numbers(Runs(runs.trial), frozenset({parameter}))
    made.why = f"this line leaves {made.quantity} as it is: what it should add to it is left out"
    return made
