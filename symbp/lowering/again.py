"""What is cheaply made again from an array that is kept anyway is not kept itself.

`s = 1 + e` that the forward pass divides by and the backward pass squares would be kept all the way, beside e. One
pass over e makes it again, with the same bits, when it is needed next; beside the matrix products in between that
costs little, and what it stood in is free meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from symbp.lowering.program import FILLING, FLOAT, VIEWS, Program, Routine, Statement, Value, each_routine, put

CHEAP = ("add", "sub", "mul", "neg")


def made_again(program: Program) -> Program:
    """The program with such arrays made twice."""
    return each_routine(program, lambda r: _made_again(r) if r.name in FILLING else r)


def _made_again(routine: Routine) -> Routine:
    uses: dict[str, list[int]] = {}
    for k, arrays in enumerate([*(s.arrays for s in routine.statements), routine.returned]):
        for name in dict.fromkeys(a.name for a in arrays):
            uses.setdefault(name, []).append(k)
    found = {s.target.name: gap for s in routine.statements if (gap := _gap(s, uses, routine)) is not None}
    again: dict[int, list[Statement]] = {}
    for s in routine.statements:
        if s.target.name in found:
            again.setdefault(found[s.target.name], []).append(s)
    return replace(routine, statements=_with(routine.statements, again))


def _gap(s: Statement, uses: dict[str, list[int]], routine: Routine) -> int | None:
    """The place of the use before which an array should be made again, after the longest time without one."""
    own = uses.get(s.target.name, [])
    if s.op not in CHEAP or len(s.arrays) != 1 or not s.target.shape or len(own) < 2:
        return None
    (a,) = s.arrays
    if (a.shape, a.kind) != (s.target.shape, FLOAT):
        return None
    if own[-1] == len(routine.statements) or any(
        t.op in VIEWS or t.loop is not None for t in map(routine.statements.__getitem__, own)
    ):
        return None
    before, after = max(pairwise(own), key=lambda pair: pair[1] - pair[0])
    between = routine.statements[before + 1 : after]
    kept = uses[a.name][-1] >= own[-1]
    return after if kept and any(t.op == "matmul" for t in between) else None


def _with(statements: tuple[Statement, ...], again: dict[int, list[Statement]]) -> tuple[Statement, ...]:
    """The statements with those that make arrays again, which all that comes later takes."""
    table: dict[str, Value] = {}
    done: list[Statement] = []
    for k, s in enumerate(statements):
        for made in again.get(k, ()):
            name = made.target.name
            table[name] = replace(made.target, name=f"{name}.again" if "." in name else f"{name}.0.again")
            done.append(replace(made, target=table[name], numbers=(), comment=""))
        done.append(replace(s, args=tuple(put(a, table) for a in s.args)))
    return tuple(done)
