"""A gradient that is no array of its own (a number, a view, another gradient) is filled into one.

What shows an array with some axes merged is none of these: such an array is written into the gradient, whose axes can
be split wherever the caller's array lies. Merged they can be only where it lies in order.
"""

from __future__ import annotations

from dataclasses import replace

from symbp.core.network import Tensor
from symbp.lowering.destinations import WRITES_OUT, is_split
from symbp.lowering.program import (
    FILL,
    FILLING,
    FLOAT,
    LIST,
    VIEWS,
    Operand,
    Program,
    Routine,
    Statement,
    Value,
    by_name,
    each_routine,
)
from symbp.lowering.uses import base_of


def fill_gradients(program: Program) -> Program:
    """The program with a statement of its own for each gradient."""
    return each_routine(program, lambda r: _filled(program, r) if r.name in FILLING else r)


def _filled(program: Program, routine: Routine) -> Routine:
    made = routine.makers
    used = {a.name for s in routine.statements for a in s.arrays}
    fills: dict[str, list[Statement]] = {}
    shown: dict[str, Statement] = {}  # gradients that are a value in another shape, by that value's name
    results = [routine.results[0]]
    numbers = dict(routine.numbers)
    for (name, value), tensor in zip(routine.results[1:], _parameters(program), strict=True):
        maker = by_name(value, made)
        own = _own_array(value, made, tensor)
        if own is not None and all(base_of(v, made) != base_of(own, made) for _, v in results):
            results.append((name, own))
            if maker is not None and maker.op == "reshape":
                shown[_base(value, made)] = replace(maker, numbers=numbers.get(name, ()))
            continue
        kind = FLOAT if tensor.each is None else LIST
        fill = Statement(Value(f"{name}.fill", tensor.shape, kind), FILL, (_narrow(value, made),))
        if maker is None or maker.op in VIEWS or maker.target.name not in used:
            fill = replace(fill, numbers=numbers.get(name, ()), comment=maker.comment if maker else "")
        fills.setdefault(_base(value, made), []).append(fill)
        results.append((name, fill.target))
    statements = [_with_note(s, shown.get(s.target.name)) for s in _woven(routine, fills)]
    return replace(routine, statements=tuple(statements), results=tuple(results))


def _with_note(s: Statement, shown: Statement | None) -> Statement:
    """The statement with what is said of the gradient that shows its result in another shape."""
    if shown is None:
        return s
    numbers = (*s.numbers, *shown.numbers)
    return replace(s, numbers=numbers, comment=s.comment or shown.comment, words=s.words or shown.words)


def _own_array(value: Operand, made: dict[str, Statement], tensor: Tensor) -> Operand | None:
    """The array that can be the caller's: a result that is no view but of its shape, or the array that a loop fills."""
    maker = by_name(value, made)
    if maker is None or not maker.target.shape or (tensor.each is not None) != (maker.target.kind == LIST):
        return None
    if maker.op == "stacked":
        return maker.args[0]
    if maker.op == "reshape":
        base = by_name(base_of(value, made), made)
        may = base is not None and base.op in WRITES_OUT and is_split(base.target.shape, tensor.shape)
        return value if may else None
    return None if maker.op in VIEWS else value


def _parameters(program: Program) -> list[Tensor]:
    return [t for t in program.inputs if t.name in program.parameters]


def _narrow(value: Operand, made: dict[str, Statement]) -> Operand:
    """What to fill in: a value before it is spread out, since filling spreads it."""
    maker = by_name(value, made)
    return maker.args[0] if maker is not None and maker.op == "broadcast" else value


def _base(value: Operand, made: dict[str, Statement]) -> str:
    """The statement after which a gradient can be filled in."""
    views = _views(value, made)
    maker = by_name(views[0].args[0] if views else value, made)
    return "" if maker is None else maker.target.name


def _woven(routine: Routine, fills: dict[str, list[Statement]]) -> tuple[Statement, ...]:
    """Each filling, with the views that it looks through, right after the statement that it needs."""
    every = [f for fs in fills.values() for f in fs]
    bare = {a.name for f in every if f.numbers for a in f.arrays}
    made = routine.makers
    statements: list[Statement] = []
    done: set[str] = set()
    for s in routine.statements:
        if s.target.name in done:
            continue
        after = fills.get(s.target.name, []) if s.op != "stack" else []
        numbered = s.target.name in bare and any(f.args[0] == s.target for f in after)
        statements.append(replace(s, numbers=(), comment="") if numbered else s)
        for f in after:
            views = [v for v in _views(f.args[0], made) if v.target.name not in done]
            done.update(v.target.name for v in views)
            statements += [*(replace(v, numbers=(), comment="") for v in views), f]
    return (*statements, *fills.get("", ()))


def _views(value: Operand, made: dict[str, Statement]) -> list[Statement]:
    """The views through which a value shows an array, the first one first."""
    views: list[Statement] = []
    while (maker := by_name(value, made)) is not None and maker.op in VIEWS:
        if maker.op == "stacked":  # it bears the name of the array that the loop fills
            break
        views.insert(0, maker)
        value = maker.args[0]
    return views
