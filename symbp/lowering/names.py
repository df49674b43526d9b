"""Names for what the document does not name, and the same name for what is written over each other in one go."""

from __future__ import annotations

import keyword
from dataclasses import replace

from symbp.core.traverse import fresh_name
from symbp.lowering.program import COMPARISONS, LOGICAL, Operand, Place, Program, Routine, Statement, Value, each_routine

WORDS = {
    "sum": "sum",
    "max": "max",
    "min": "min",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "tanh": "tanh",
    "erf": "erf",
    "abs": "abs",
    "sign": "sign",
    "sqrt": "root",
    "square": "square",
    "matmul": "product",
    "vdot": "product",
    "sub": "shifted",
    "add": "total",
    "mul": "scaled",
    "div": "ratio",
    "minimum": "capped",
    "maximum": "clipped",
    "arange": "range",
    "gather": "read",
    **dict.fromkeys((*COMPARISONS, *LOGICAL), "mask"),
}

RESERVED = {"np", "math", "out", "work", "dtype", *keyword.kwlist}


def name_values(program: Program) -> Program:
    """The program with a readable name for each value."""
    taken = {t.name for t in program.inputs} | {d.name for d in program.dims} | {f for f, _ in program.functions}
    return each_routine(program, lambda routine: _named(routine, taken))


def _named(routine: Routine, taken: set[str]) -> Routine:
    table = _joined(routine)
    used = taken | RESERVED | {s.target.name for s in routine.statements if "." not in s.target.name}
    last = {table.get(s.target.name, s.target.name): s for s in routine.statements}
    chosen: dict[str, str] = {}
    for name, s in last.items():
        if "." in name:
            chosen[name] = fresh_name(_base(s), used)
            used.add(chosen[name])
    return _renamed(routine, {n: chosen.get(m, m) for n, m in (chosen | table).items()} | chosen)


def _base(s: Statement) -> str:
    if s.op == "ones":
        return "ones"
    return f"{s.target.name.split('.')[0]}_{WORDS.get(s.op, 'part')}"


def _joined(routine: Routine) -> dict[str, str]:
    """A value without a name of its own that is written over at its only use bears the name of what replaces it."""
    uses: dict[str, int] = {}
    for s in routine.statements:
        for a in dict.fromkeys(s.args):
            if isinstance(a, Value):
                uses[a.name] = uses.get(a.name, 0) + 1
    table: dict[str, str] = {}
    for s in reversed(routine.statements):
        place = s.place
        if place is not None and place.how == "over" and "." in place.name and uses[place.name] == 1:
            table[place.name] = table.get(s.target.name, s.target.name)
    return table


def _renamed(routine: Routine, table: dict[str, str]) -> Routine:
    def new(a: Operand) -> Operand:
        return replace(a, name=table.get(a.name, a.name)) if isinstance(a, Value) else a

    def place(p: Place | None) -> Place | None:
        return p if p is None or p.how == "out" else replace(p, name=table.get(p.name, p.name))

    statements = tuple(
        replace(s, target=new(s.target), args=tuple(new(a) for a in s.args), place=place(s.place))  # type: ignore[arg-type]
        for s in routine.statements
    )
    return replace(routine, statements=statements, results=tuple((n, new(v)) for n, v in routine.results))
