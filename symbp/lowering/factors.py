"""A factor of several products of one array is multiplied into that array: attention's 1/sqrt(E) into its queries.

`(q k^T) / sqrt(E)` and, in the backward pass, `(s_bar^T q) / sqrt(E)` are two passes, one of them over all scores;
with `q / sqrt(E)` in the place of q it is one, over q. Each product is as exact as it was. Only where every use of the
array is a product that the same number of at most 1 follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symbp.core.expr import Expr
from symbp.core.integers import Atom
from symbp.lowering.program import FILLING, Program, Routine, Statement, Value, array_of, each_routine
from symbp.lowering.run import number
from symbp.lowering.uses import users_of

Users = Mapping[str, list[Statement]]


def factors_inside(program: Program) -> Program:
    """The program with such factors multiplied into what is multiplied."""
    ones: dict[Atom, int] = dict.fromkeys(program.dims, 2)
    return each_routine(program, lambda r: _inside(r, ones) if r.name in FILLING else r)


def _inside(routine: Routine, sizes: Mapping[Atom, int]) -> Routine:
    users = users_of(routine.statements)
    for s in routine.statements:
        if s.op == "ones":
            continue  # those stay what they are from call to call
        found = _found(s.target, routine, users, sizes)
        if found is not None:
            routine = _moved(routine, found)
            users = users_of(routine.statements)
    return routine


@dataclass(frozen=True, slots=True)
class _Found:
    """An array, the products of it, the multiplications of these, and the factor."""

    array: Value
    products: tuple[str, ...]
    scaled: tuple[Statement, ...]
    factor: Expr


def _found(array: Value, routine: Routine, users: Users, sizes: Mapping[Atom, int]) -> _Found | None:
    products = users.get(array.name, [])
    if len(products) < 2:
        return None
    results = {v.name for v in routine.returned}
    if array.name in results:
        return None
    scaled = [_scaled(p, array, users, results) for p in products]
    factors = {s.scalars[0] for s in scaled if s is not None}
    if None in scaled or len(factors) != 1:
        return None
    (factor,) = factors
    try:
        if not 0 < number(factor, sizes) <= 1:
            return None
    except (KeyError, TypeError, ArithmeticError):  # sizes of layers, which are not all alike; N - 2 = 0
        return None
    return _Found(array, tuple(p.target.name for p in products), tuple(s for s in scaled if s is not None), factor)


def _scaled(p: Statement, array: Value, users: Users, results: set[str]) -> Statement | None:
    """The multiplication by a number that is the only use of a product of an array with another."""
    used = users.get(p.target.name, [])
    if p.op != "matmul" or list(p.args).count(array) != 1 or p.numbers or p.target.name in results or len(used) != 1:
        return None
    (s,) = used
    return s if s.op == "mul" and s.scalars else None


def _moved(routine: Routine, found: _Found) -> Routine:
    """The routine with the array, or what it is a transpose of, multiplied by the factor, and the products not."""
    views = _transposes(found.array, routine)
    base = array_of(views[0].args[0]) if views else found.array
    new = replace(base, name=f"{base.name}.scaled" if "." in base.name else f"{base.name}.0.scaled")
    finals = dict(zip(found.products, found.scaled, strict=True))
    gone = {s.target.name for s in (*found.scaled, *views)}
    statements: list[Statement] = []
    for s in routine.statements:
        if s.target.name in gone:
            continue
        if s.target.name == found.products[0]:
            statements.append(Statement(new, "mul", (base, found.factor)))
            statements += [replace(v, args=(new,)) if v is views[0] else v for v in views]
        if s.target.name in finals:
            final = finals[s.target.name]
            args = s.args if views else tuple(new if a == base else a for a in s.args)
            s = replace(s, target=final.target, args=args, numbers=final.numbers, comment=final.comment)
        statements.append(s)
    return replace(routine, statements=tuple(statements))


def _transposes(array: Value, routine: Routine) -> list[Statement]:
    """The transposes through which alone a value shows an array, the first one first."""
    made = routine.makers
    uses = [a for s in routine.statements for a in s.args]
    views: list[Statement] = []
    while (maker := made.get(array.name)) is not None and maker.op == "transpose":
        shown = array_of(maker.args[0])
        if shown.name not in made or uses.count(shown) != 1:
            break
        views.insert(0, maker)
        array = shown
    return views
