"""Names for what the document does not name, and the same name for what is written over each other in one go."""

from __future__ import annotations

import keyword
from dataclasses import replace

from symbp.core.functions import FUNCTIONS
from symbp.core.network import widths_of
from symbp.core.traverse import fresh_name
from symbp.lowering.program import (
    COMPARISONS,
    LOGICAL,
    LOGISTIC,
    Operand,
    Place,
    Program,
    Routine,
    Statement,
    each_routine,
    every_statement,
    is_sum_by_ones,
    renamed,
    with_values,
)
from symbp.lowering.uses import users_of

WORDS = {
    "sum": "sum",
    "max": "max",
    "min": "min",
    **{row.name: row.word or row.name for row in FUNCTIONS.values()},
    "sqrt": "root",
    LOGISTIC: LOGISTIC,
    "square": "square",
    "matmul": "product",
    "vdot": "product",
    "row_sum": "sum",
    "vecdot": "sum",
    "sub": "shifted",
    "add": "total",
    "mul": "scaled",
    "div": "ratio",
    "//": "quotient",
    "minimum": "capped",
    "maximum": "clipped",
    "arange": "range",
    "gather": "read",
    "take": "read",
    "rows": "sum",
    "plus": "total",
    **dict.fromkeys((*COMPARISONS, *LOGICAL), "mask"),
}

RESERVED = {"np", "math", "out", "work", "dtype", *keyword.kwlist}


def name_values(program: Program) -> Program:
    """The program with a readable name for each value."""
    taken = {t.name for t in program.inputs} | {d.name for d in program.dims} | {f for f, _ in program.functions}
    taken |= set(widths_of(program.inputs)) | {t.each.name for t in program.inputs if t.each is not None}
    return each_routine(program, lambda routine: _named(routine, taken))


def _named(routine: Routine, taken: set[str]) -> Routine:
    everything = tuple(every_statement(routine.statements))
    table = _joined(routine)
    used = taken | RESERVED | {s.target.name for s in everything if "." not in s.target.name}
    used |= {s.loop.variable.name for s in everything if s.loop is not None}
    bases = {table.get(s.target.name, s.target.name): _base(s) for s in everything}
    bases |= {c.value.name: _plain(c.value.name) for s in everything if s.loop is not None for c in s.loop.carried}
    chosen: dict[str, str] = {}
    for name, base in bases.items():
        if "." in name:
            chosen[name] = fresh_name(base, used)
            used.add(chosen[name])
    return _renamed(routine, {n: chosen.get(m, m) for n, m in (chosen | table).items()} | chosen)


def _plain(name: str) -> str:
    """The name of a value of a loop: `h.t` is h_t, `h.before12` is h_before."""
    tensor, what = name.split(".")[:2]
    return f"{tensor}_{what.rstrip('0123456789')}"


def _base(s: Statement) -> str:
    if s.op == "ones":
        return "ones"
    if not s.target.name.split(".")[1:2] or not s.target.name.split(".")[1].isdecimal():
        return _plain(f"{s.target.name}.part")
    return f"{s.target.name.split('.')[0]}_{'sum' if is_sum_by_ones(s) else WORDS.get(s.op, 'part')}"


def _joined(routine: Routine) -> dict[str, str]:
    """A value without a name of its own that is written over at its only use bears the name of what replaces it."""
    everything = tuple(every_statement(routine.statements))
    users = users_of(everything)
    table: dict[str, str] = {}
    for s in reversed(everything):
        place = s.place
        if place is not None and place.how == "over" and "." in place.name and len(users[place.name]) == 1:
            table[place.name] = table.get(s.target.name, s.target.name)
    return table


def _renamed(routine: Routine, table: dict[str, str]) -> Routine:
    def new(a: Operand) -> Operand:
        return renamed(a, table)

    def place(p: Place | None) -> Place | None:
        return p if p is None or p.how == "out" else replace(p, name=table.get(p.name, p.name))

    def placed(s: Statement) -> Statement:
        loop = s.loop and replace(s.loop, statements=tuple(placed(t) for t in s.loop.statements))
        return replace(s, place=place(s.place), loop=loop)

    statements = tuple(with_values(placed(s), new) for s in routine.statements)
    return replace(routine, statements=statements, results=tuple((n, new(v)) for n, v in routine.results))
