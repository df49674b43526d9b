"""Which scalars stand where they are used and get no line of their own.

A scalar needed once may stand inside the expression that needs it, unless what it reads is written over before that:
a dot product of a scratch array must be taken while the array still holds what was meant.
"""

from __future__ import annotations

from collections.abc import Callable

from symbp.lowering.program import VIEWS, Routine, Statement
from symbp.lowering.uses import view_roots


def standing_inside(routine: Routine, may: Callable[[Statement], bool]) -> frozenset[str]:
    """The names of those that `may` stand inside (each needed once) and do."""
    memory, roots = _memory(routine), view_roots(routine)
    needed_at = _first_uses(routine)
    inside: set[str] = set()
    for k, s in reversed(tuple(enumerate(routine.statements))):  # users first, for one may stand inside another
        if may(s):
            end = needed_at.get(s.target.name, len(routine.statements))
            reads = {memory.get(n, n) for n in (roots.get(a.name, a.name) for a in s.arrays)}
            if not any(_written(t, memory) in reads for t in routine.statements[k + 1 : end]):
                inside.add(s.target.name)
                needed_at.update({a.name: end for a in s.arrays})
    return frozenset(inside)


def _first_uses(routine: Routine) -> dict[str, int]:
    return {a.name: k for k, s in reversed(tuple(enumerate(routine.statements))) for a in s.arrays}


def _memory(routine: Routine) -> dict[str, str]:
    """The array in which each value is kept, by the name of the value that was written there first."""
    memory: dict[str, str] = {}
    for s in routine.statements:
        shown = next((memory.get(a.name, a.name) for a in s.arrays if s.op in VIEWS), s.target.name)
        memory[s.target.name] = _written(s, memory) or shown
    return memory


def _written(s: Statement, memory: dict[str, str]) -> str | None:
    """The array that a statement writes into, where that was there before."""
    if s.place is None:
        return None
    if s.place.how == "over":
        return memory.get(s.place.name, s.place.name)
    return f"{'out' if s.place.how == 'out' else 'scratch'}.{s.place.name}"
