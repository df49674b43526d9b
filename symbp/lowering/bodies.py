"""Passes over the bodies of loops: what no step needs goes, and where a step writes its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symbp.core.integers import Dim
from symbp.lowering.depends import mentions
from symbp.lowering.program import Loop, Operand, Shape, Statement


def without_unused_steps(s: Statement, needed: set[str]) -> Statement:
    """A loop that stores what is needed after it or in it, carries what a step reads, and computes only that."""
    if s.loop is None:
        return s
    loop, every = s.loop, s.loop.stored
    loop = replace(loop, stored=tuple((stack, v) for stack, v in every if stack.name in needed))
    while True:
        kept = _needed(loop, _stacks(loop))
        used = {a.name for t in kept for a in t.arrays} | _results(loop)
        stored = tuple((stack, v) for stack, v in every if stack.name in needed or stack.name in used)
        if len(stored) > len(loop.stored):
            loop = replace(loop, stored=stored)
            continue
        carried = tuple(c for c in loop.carried if c.value.name in used)
        if len(carried) == len(loop.carried):
            loop = replace(loop, statements=kept)
            return replace(s, loop=loop, args=loop_args(loop))
        loop = replace(loop, carried=carried)


def _stacks(loop: Loop) -> set[str]:
    return {stack.name for stack, _ in loop.stored}


def _results(loop: Loop) -> set[str]:
    return {v.name for v in loop.kept}


def _needed(loop: Loop, results: set[str]) -> tuple[Statement, ...]:
    needed = results | _results(loop)
    kept: list[Statement] = []
    for t in reversed(loop.statements):
        if t.target.name in needed:
            t = without_unused_steps(t, needed)
            kept.append(t)
            needed.update(a.name for a in t.arrays)
    return tuple(reversed(kept))


def loop_args(loop: Loop) -> tuple[Operand, ...]:
    """What a loop needs of what stands around it: the arrays that it fills, its start values, what its body reads."""
    made = {s.target.name for s in loop.statements} | {c.value.name for c in loop.carried}
    inside = [*(a for s in loop.statements for a in s.arrays), *loop.kept]
    outer = [a for a in inside if a.name not in made]
    return tuple(dict.fromkeys([*(s for s, _ in loop.stored), *(c.start for c in loop.carried), *outer]))


def with_operands(s: Statement, operand: Callable[[Operand], Operand]) -> Statement:
    """The statement, a loop's body too, with `operand` of each thing that it reads in the place of that."""
    if s.loop is None:
        return replace(s, args=tuple(operand(a) for a in s.args))
    loop = replace(
        s.loop,
        statements=tuple(with_operands(t, operand) for t in s.loop.statements),
        stored=tuple((stack, operand(v)) for stack, v in s.loop.stored),
        carried=tuple(replace(c, start=operand(c.start), next=operand(c.next)) for c in s.loop.carried),
    )
    return replace(s, loop=loop, args=loop_args(loop))


def varies(shape: Shape, variables: Iterable[Dim]) -> bool:
    """Does a shape depend on the step?"""
    return any(mentions(extent, v) for v in variables for extent in shape)
