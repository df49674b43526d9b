"""Passes over pure statements: what is unused goes, and what NumPy does faster another way is done so."""

from __future__ import annotations

from dataclasses import replace

from symbp.core.expr import Expr
from symbp.core.integers import ONE, Poly
from symbp.lowering.bodies import without_unused_steps
from symbp.lowering.builder import extent as number_of
from symbp.lowering.program import FILLING, VIEWS, Operand, Program, Routine, Shape, Statement, Value, each_routine


def without_unused(program: Program) -> Program:
    """The program without statements that no result needs."""
    return each_routine(program, _without_unused)


def _without_unused(routine: Routine) -> Routine:
    needed = {v.name for _, v in routine.results if isinstance(v, Value)}
    kept: list[Statement] = []
    for statement in reversed(routine.statements):
        if statement.target.name in needed:
            statement = without_unused_steps(statement, needed)
            kept.append(statement)
            needed.update(a.name for a in statement.args if isinstance(a, Value))
    return replace(routine, statements=tuple(reversed(kept)))


def makers(routine: Routine) -> dict[str, Statement]:
    """The statement that makes each value."""
    return {s.target.name: s for s in routine.statements}


def add_axes_back(program: Program) -> Program:
    """A reduction whose every use puts the reduced axes back as axes of extent 1 keeps them (keepdims)."""
    return each_routine(program, _add_axes_back)


def _add_axes_back(routine: Routine) -> Routine:
    made = makers(routine)
    users: dict[str, list[Statement]] = {}
    for s in routine.statements:
        for a in s.args:
            if isinstance(a, Value):
                users.setdefault(a.name, []).append(s)
    results = {v.name for _, v in routine.results if isinstance(v, Value)}
    kept = {
        name
        for name, s in made.items()
        if s.op in ("sum", "max", "min") and name not in results and _all_back(made, users, name, s.detail)
    }
    return _rewritten(routine, kept, made) if kept else routine


def _all_back(
    made: dict[str, Statement], users: dict[str, list[Statement]], name: str, axes: tuple[object, ...]
) -> bool:
    """Do all uses put these axes back, at once or after operations entry by entry on values of the same shape?"""
    return all(u.op == "expand" and u.detail == axes for u in users.get(name, ()))


def _rewritten(routine: Routine, kept: set[str], made: dict[str, Statement]) -> Routine:
    new: dict[str, Value] = {}

    def operand(a: Operand) -> Operand:
        return new.get(a.name, a) if isinstance(a, Value) else a

    statements = []
    for s in routine.statements:
        s = replace(s, args=tuple(operand(a) for a in s.args))
        if s.target.name in kept:
            rank = len(s.args[0].shape)  # type: ignore[union-attr]
            rest = iter(s.target.shape)
            shape = tuple(ONE if k in s.detail else next(rest) for k in range(rank))
            s = replace(s, target=replace(s.target, shape=shape))
            new[s.target.name] = s.target
        elif s.op == "expand" and isinstance(s.args[0], Value) and s.args[0].name in kept:
            new[s.target.name] = s.args[0]
            continue
        statements.append(s)
    return replace(routine, statements=tuple(statements))


def sum_by_products(program: Program) -> Program:
    """The sum over the first of two axes, over the last axis or over all but the last as a product with ones, which the
    matrix product's kernel does faster.

    Over the first of two everywhere; otherwise where time counts, since there `sum` reads better.
    """
    return each_routine(program, _sum_by_products)


def _sum_by_products(routine: Routine) -> Routine:
    statements: list[Statement] = []
    made = makers(routine)
    for s in routine.statements:
        (a, *_) = s.args or (None,)
        if s.op == "sum" and isinstance(a, Value) and _in_order(made.get(a.name)):
            statements += _by_product(s, a, made, routine.name in (*FILLING, "facts"))
        else:
            statements.append(s)
    return replace(routine, statements=_once(statements))


def _in_order(maker: Statement | None) -> bool:
    """Does an array lie in memory as its axes stand?"""
    return maker is None or maker.op not in VIEWS or maker.op == "reshape"


def _by_product(s: Statement, a: Value, made: dict[str, Statement], fast: bool) -> tuple[Statement, ...]:
    rank, kept = len(a.shape), len(s.target.shape) == len(a.shape)
    if rank > 1 and s.detail == (rank - 1,) and fast:
        extent = a.shape[-1]
        ones = _ones(False, kept, extent, (extent, ONE) if kept else (extent,))
        return ones, replace(s, op="matmul", args=(a, ones.target), detail=())
    if s.detail != tuple(range(rank - 1)) or kept or rank < 2 or (rank > 2 and not fast):
        return (s,)
    flat, before = _flat(a, made)
    ones = _ones(True, False, flat.shape[0], flat.shape[:1])
    return *before, ones, replace(s, op="matmul", args=(ones.target, flat), detail=())


def _flat(a: Value, made: dict[str, Statement]) -> tuple[Value, tuple[Statement, ...]]:
    """The array as a matrix of its last axis, and the statement that makes it one."""
    shape = (number_of(a.shape[:-1]), a.shape[-1])
    maker = made.get(a.name)
    source = maker.args[0] if maker is not None and maker.op == "reshape" else a
    if isinstance(source, Value) and source.shape == shape:
        return source, ()
    flat = Value(f"{a.name}.flat", shape, a.kind)
    return flat, (Statement(flat, "reshape", (a,)),)


def _ones(leading: bool, kept: bool, extent: Poly, shape: Shape) -> Statement:
    return Statement(Value(f"ones.{leading and kept}.{kept}.{extent}", shape), "ones", ())


def _once(statements: list[Statement]) -> tuple[Statement, ...]:
    """The ones of each shape, and each view as a matrix, the first time only."""
    seen: set[Value] = set()
    kept = []
    for s in statements:
        if s.target not in seen or s.op not in ("ones", "reshape"):
            kept.append(s)
        seen.add(s.target)
    return tuple(kept)


def compare_what_stays(program: Program) -> Program:
    """`z > 0` where a = max(z, 0) is there and z would be kept for that alone: `a > 0`, which is the same."""
    return each_routine(program, _compare_what_stays)


def _compare_what_stays(routine: Routine) -> Routine:
    last = {a.name: k for k, s in enumerate(routine.statements) for a in s.args if isinstance(a, Value)}
    last |= {v.name: len(routine.statements) for _, v in routine.results if isinstance(v, Value)}
    capped: dict[tuple[str, Operand, Operand], Value] = {}
    compared: dict[str, list[int]] = {}
    for k, s in enumerate(routine.statements):
        value = next((a for a in s.args if isinstance(a, Value)), None)
        if len(s.args) != 2 or value is None or not any(isinstance(a, Expr) for a in s.args):
            continue
        if s.op in _BEYOND:
            capped.setdefault((_BEYOND[s.op], *s.args), s.target)
        elif (s.op, *s.args) in capped:
            compared.setdefault(value.name, []).append(k)
    statements = list(routine.statements)
    for name, places in compared.items():
        if last[name] == places[-1] and len(places) == 1:
            statements[places[0]] = _of_capped(statements[places[0]], capped)
    return replace(routine, statements=tuple(statements))


def _of_capped(s: Statement, capped: dict[tuple[str, Operand, Operand], Value]) -> Statement:
    kept = capped[s.op, s.args[0], s.args[1]]
    return replace(s, args=tuple(kept if isinstance(a, Value) else a for a in s.args))


_BEYOND = {"maximum": ">", "minimum": "<"}
