"""Passes over pure statements: what is unused goes, and what NumPy does faster another way is done so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from symbp.core.expr import Expr
from symbp.core.integers import ONE, Dim, Poly
from symbp.lowering.bodies import loop_args, varies, with_operands, without_unused_steps
from symbp.lowering.program import (
    FILLING,
    VIEWS,
    Program,
    Routine,
    Statement,
    Value,
    by_name,
    each_routine,
    put,
    shape_of,
)
from symbp.lowering.uses import users_of


def without_unused(program: Program) -> Program:
    """The program without statements that no result needs."""
    return each_routine(program, _without_unused)


def _without_unused(routine: Routine) -> Routine:
    needed = {v.name for v in routine.returned}
    kept: list[Statement] = []
    for statement in reversed(routine.statements):
        if statement.target.name in needed:
            statement = without_unused_steps(statement, needed)
            kept.append(statement)
            needed.update(a.name for a in statement.arrays)
    return replace(routine, statements=tuple(reversed(kept)))


def add_axes_back(program: Program) -> Program:
    """A reduction whose every use puts the reduced axes back as axes of extent 1 keeps them (keepdims)."""
    return each_routine(program, _add_axes_back)


def _add_axes_back(routine: Routine) -> Routine:
    made, users = routine.makers, users_of(routine.statements)
    results = {v.name for v in routine.returned}
    kept = {
        name
        for name, s in made.items()
        if s.op in ("sum", "max", "min") and name not in results and _all_back(made, users, name, s.detail)
    }
    return _rewritten(routine, kept) if kept else routine


def _all_back(
    made: dict[str, Statement], users: dict[str, list[Statement]], name: str, axes: tuple[object, ...]
) -> bool:
    """Do all uses put these axes back, at once or after operations entry by entry on values of the same shape?"""
    return all(u.op == "expand" and u.detail == axes for u in users.get(name, ()))


def _rewritten(routine: Routine, kept: set[str]) -> Routine:
    new: dict[str, Value] = {}
    statements = []
    for s in routine.statements:
        s = with_operands(s, lambda a: put(a, new))
        if s.target.name in kept:
            rank = len(s.args[0].shape)  # type: ignore[union-attr]
            rest = iter(s.target.shape)
            shape = tuple(ONE if k in s.detail else next(rest) for k in range(rank))
            s = replace(s, target=replace(s.target, shape=shape))
            new[s.target.name] = s.target
        elif s.op == "expand" and s.arrays[0].name in kept:
            (new[s.target.name],) = s.arrays
            continue
        statements.append(s)
    return replace(routine, statements=tuple(statements))


def sum_by_products(program: Program) -> Program:
    """The sum over the first of two axes or over the last axis as a product with ones, which the matrix product's
    kernel does faster.

    `row_sum` takes very many rows by blocks: a single product adds them up one after the other, and in float32 a
    million of them would lose half the digits. Over the first of two everywhere; over the last where time counts, since
    there `sum` reads better.
    """
    return each_routine(program, _sum_by_products)


def _sum_by_products(routine: Routine) -> Routine:
    summing = _Summing(routine.name)
    return replace(routine, statements=summing.through(routine.statements))


@dataclass(slots=True)
class _Summing:
    """What is known going down the statements of a routine: what made each value, and which ones there are.

    The ones that the body of a loop sums by are made before it.
    """

    routine: str
    made: dict[str, Statement] = field(default_factory=dict)
    ones: dict[Value, None] = field(default_factory=dict)

    def through(self, statements: tuple[Statement, ...], variables: tuple[Dim, ...] = ()) -> tuple[Statement, ...]:
        """The statements with sums as products; in a loop over these variables, without the ones that they need."""
        done: list[Statement] = []
        for s in statements:
            known = dict(self.ones)
            s = self._inside(s, variables) if s.loop is not None else self._summed(s, variables)
            done += [Statement(o, "ones", ()) for o in self.ones if o not in known and not variables]
            done.append(s)
            self.made[s.target.name] = s
        return tuple(done)

    def _inside(self, s: Statement, variables: tuple[Dim, ...]) -> Statement:
        assert s.loop is not None
        loop = replace(s.loop, statements=self.through(s.loop.statements, (*variables, s.loop.variable)))
        return replace(s, loop=loop, args=loop_args(loop))

    def _summed(self, s: Statement, variables: tuple[Dim, ...]) -> Statement:
        if s.op != "sum" or not self._is_fast(s, s.arrays[0]):
            return s
        (a,) = s.arrays
        leading, kept = s.detail == (0,), len(s.target.shape) == len(a.shape)
        extent = a.shape[0 if leading else -1]
        if varies((extent,), variables):
            return s
        ones = Value(f"ones.{kept}.{extent}", (extent, ONE) if kept else (extent,))
        self.ones[ones] = None
        return replace(s, op="row_sum" if leading else "matmul", args=(ones, a) if leading else (a, ones), detail=())

    def _is_fast(self, s: Statement, a: Value) -> bool:
        """Is it the sum over the first of two axes, or over the last of an array that lies in memory as it stands?"""
        if s.detail == (0,):
            return len(a.shape) == 2 and len(s.target.shape) == 1
        last = s.detail == (len(a.shape) - 1,) and len(a.shape) > 1
        return last and lies_in_order(self.made.get(a.name)) and self.routine in (*FILLING, "facts")


def lies_in_order(maker: Statement | None) -> bool:
    """Does a value lie in memory as it stands? A view in another shape does, and an entry along the first axes."""
    if maker is None or maker.op not in VIEWS or maker.op == "reshape":
        return True
    return maker.op == "item" and all(d is None for d in maker.detail[sum(d is not None for d in maker.detail) :])


MOST_SLICES = 4  # as of upsampling by 2; literal sizes that are longer are written alike at every size


def add_slices(program: Program) -> Program:
    """The sum over axes of few entries that were split off others as their slices added up: `sum` would go through them
    entry by entry.
    """
    return each_routine(program, _add_slices)


def _add_slices(routine: Routine) -> Routine:
    statements: list[Statement] = []
    made = routine.makers
    for s in routine.statements:
        counts = _few(s, made)
        statements += _slices_added(s, counts) if counts else [s]
    return replace(routine, statements=tuple(statements))


def _few(s: Statement, made: dict[str, Statement]) -> tuple[int, ...]:
    """How many entries a sum over split axes has along each; none where they are many, or not known to be few."""
    (a, *_) = s.arrays if s.op == "sum" else (None,)
    maker = by_name(a, made)
    if a is None or maker is None or maker.op != "reshape":
        return ()
    if len(a.shape) <= len(shape_of(maker.args[0])) or not 0 < len(s.target.shape) == len(a.shape) - len(s.detail):
        return ()
    counts = tuple(e.constant or 0 for k, e in enumerate(a.shape) if k in s.detail)
    return counts if 1 < prod(counts) <= MOST_SLICES else ()


def _slices_added(s: Statement, counts: tuple[int, ...]) -> list[Statement]:
    """The views of slices at each position along the summed axes, and their sum from the first to the last."""
    views: list[Statement] = []
    sums: list[Statement] = []
    (a,) = s.arrays
    shape = tuple(e for k, e in enumerate(a.shape) if k not in s.detail)
    for n, at in enumerate(product(*map(range, counts))):
        places: dict[object, int] = dict(zip(s.detail, at, strict=True))
        detail = tuple(Poly.of(places[k]) if k in places else None for k in range(len(a.shape)))
        views.append(Statement(Value(f"{s.target.name}.slice{n}", shape), "item", (a,), detail))
    total = views[0].target
    for n, view in enumerate(views[1:], 1):
        last = n == len(views) - 1
        target = replace(s.target, shape=shape) if last else Value(f"{s.target.name}.sum{n}", shape)
        sums.append(replace(s if last else view, target=target, op="add", args=(total, view.target), detail=()))
        total = target
    return [*views, *sums]


def compare_what_stays(program: Program) -> Program:
    """`z > 0` where a = max(z, 0) is there and z would be kept for that alone: `a > 0`, which is the same."""
    return each_routine(program, _compare_what_stays)


def _compare_what_stays(routine: Routine) -> Routine:
    last = {a.name: k for k, s in enumerate(routine.statements) for a in s.arrays}
    last |= {v.name: len(routine.statements) for v in routine.returned}
    capped: dict[tuple[str, Value, Expr], Value] = {}
    compared: dict[str, list[tuple[int, Value]]] = {}
    for k, s in enumerate(routine.statements):
        pair = _with_scalar(s)
        if pair is None:
            continue
        value, scalar, place = pair
        if s.op in _BEYOND:
            capped.setdefault((_BEYOND[s.op], value, scalar), s.target)
        kept = capped.get((s.op if place == 0 else _TURNED.get(s.op, ""), value, scalar))
        if kept is not None:
            compared.setdefault(value.name, []).append((k, kept))
    statements = list(routine.statements)
    for name, found in compared.items():
        (k, kept), *others = found
        if last[name] == k and not others:
            s = statements[k]
            statements[k] = replace(s, args=tuple(put(a, {name: kept}) for a in s.args))
    return replace(routine, statements=tuple(statements))


def _with_scalar(s: Statement) -> tuple[Value, Expr, int] | None:
    """The array and the scalar of an operation on these two, and where the array stands."""
    match s.args:
        case (Value() as value, Expr() as scalar):
            return value, scalar, 0
        case (Expr() as scalar, Value() as value):
            return value, scalar, 1
    return None


# z > c where max(z, c) > c, in either order of z and c; z >= c says nothing of it. And what c < z is, z first.
_BEYOND = {"maximum": ">", "minimum": "<"}
_TURNED = {"<": ">", ">": "<"}
