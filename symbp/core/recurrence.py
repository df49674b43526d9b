"""Which equations need each other, so that they are computed together, step by step.

Recurrences are found as strongly connected components of "reads": nothing in a network marks them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbp.core.network import Equation
from symbp.core.traverse import reads

Part = tuple[Equation, ...]


def components(
    equations: Sequence[Equation], names_read: Callable[[Equation], Sequence[str]] | None = None
) -> tuple[Part, ...]:
    """The equations in an order in which each part reads only itself and what stands before it."""
    needs = names_read or (lambda e: tuple(dict.fromkeys(r.tensor for r in reads(e.body))))
    places = {e.name: k for k, e in enumerate(equations)}
    edges = [[places[n] for n in needs(e) if n in places] for e in equations]
    if all(j < k for k, row in enumerate(edges) for j in row):
        return tuple((e,) for e in equations)
    return tuple(tuple(equations[k] for k in sorted(part)) for part in _strong(edges))


def _strong(edges: list[list[int]]) -> list[list[int]]:
    """Tarjan's algorithm without recursion; a component comes after all that it reaches."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    open_: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(edges)):
        work = [] if root in order else [(root, iter(edges[root]))]
        if work:
            order[root] = low[root] = len(order)
            stack.append(root)
            open_.add(root)
        while work:
            node, rest = work[-1]
            follow = next(rest, None)
            if follow is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    found.append(_popped(stack, open_, node))
            elif follow not in order:
                order[follow] = low[follow] = len(order)
                stack.append(follow)
                open_.add(follow)
                work.append((follow, iter(edges[follow])))
            elif follow in open_:
                low[node] = min(low[node], order[follow])
    return found


def _popped(stack: list[int], open_: set[int], node: int) -> list[int]:
    part: list[int] = []
    while not part or part[-1] != node:
        part.append(stack.pop())
        open_.discard(part[-1])
    return part


def is_recurrent(part: Part) -> bool:
    """Do its equations read themselves?"""
    return len(part) > 1 or any(r.tensor == part[0].name for r in reads(part[0].body))
