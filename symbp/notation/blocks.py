"""Which equations of a network stand in a loop together: those that lead back to themselves, and all between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import reads


@dataclass(frozen=True, slots=True)
class Block:
    """`for index in ...:` around equations and further loops."""

    index: Index
    parts: tuple[Equation | Block, ...]


def blocks(equations: Sequence[Equation], depth: int = 0) -> tuple[Equation | Block, ...]:
    """The equations in their order, those of recurrences in loops; `depth` is how many loops are around them."""
    parts: list[Equation | Block] = []
    place = 0
    for first, last in _spans(equations, depth):
        parts += equations[place:first]
        inner = equations[first : last + 1]
        parts.append(Block(inner[0].indices[depth], blocks(inner, depth + 1)))
        place = last + 1
    return (*parts, *equations[place:])


def _spans(equations: Sequence[Equation], depth: int) -> Iterator[tuple[int, int]]:
    """First and last place of each circle; circles that overlap are one."""
    graph = {e.name: _read_by(e, equations, depth) for e in equations}
    reach = {name: _reach(name, graph) for name in graph}
    found: list[tuple[int, int]] = []
    for place, e in enumerate(equations):
        circle = [k for k, o in enumerate(equations) if o.name in reach[e.name] and e.name in reach[o.name]]
        if not circle or len(e.indices) <= depth:
            continue
        first, last = min(circle), max(circle)
        if found and first <= found[-1][1]:
            first, last = min(first, found[-1][0]), max(last, found.pop()[1])
        found.append((first, last))
        assert place <= last
    yield from dict.fromkeys(found)


def _read_by(equation: Equation, among: Sequence[Equation], depth: int) -> tuple[str, ...]:
    """What an equation reads of the same pass of the loops around it."""
    names = {e.name for e in among}
    lead = equation.indices[:depth]
    same = (
        r.tensor for r in reads(equation.body)
        if r.tensor in names and all(s.index == i for s, i in zip(r.subs, lead, strict=False))
    )  # fmt: skip
    return tuple(dict.fromkeys(same))


def _reach(name: str, graph: dict[str, tuple[str, ...]]) -> dict[str, None]:
    found: dict[str, None] = {}
    waiting = list(graph[name])
    while waiting:
        at = waiting.pop()
        if at not in found:
            found[at] = None
            waiting.extend(graph[at])
    return found
