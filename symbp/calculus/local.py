"""The local derivative of an expression by an entry of a tensor: sum, product, power and chain rule on index
expressions.

`differentiate` leaves every read of the tensor as `Partial(read, entry)`, an entry by an entry, which
`entries_to_deltas` turns into products of Kronecker deltas. Nothing is contracted here (`calculus.contract`), nothing
re-expressed. A choice (`Where`) is differentiated branch by branch; a maximum follows its first hit.
"""

from __future__ import annotations

from collections.abc import Iterable

from symbp.calculus import scalar
from symbp.core import build
from symbp.core.expr import (
    Add,
    Compare,
    Cond,
    Expr,
    Extreme,
    Fn,
    Mul,
    Num,
    Partial,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import (
    all_index_names,
    fresh_name,
    indices_of,
    map_children,
    reads,
    rename_bound,
    substitute,
    walk,
)
from symbp.errors import MissingRule


def differentiate(expr: Expr, by: Read) -> Expr:
    """The derivative of `expr` by the entry `by`, with reads left as `Partial(read, by)`."""
    return _diff(rename_bound(expr, _letters(by)), by)


def _letters(by: Read) -> set[str]:
    return {i.name for s in by.subs for i in indices_of(s)}


def _diff(expr: Expr, by: Read) -> Expr:
    if not any(r.tensor == by.tensor for r in reads(expr)):
        return build.NIL
    match expr:
        case Read():
            return Partial(expr, by) if by.subs else build.UNIT
        case Add(args):
            return build.add(*(_diff(a, by) for a in args))
        case Mul(args):
            return build.add(*(build.mul(*args[:k], _diff(a, by), *args[k + 1 :]) for k, a in enumerate(args)))
        case Pow(base, exponent):
            return _diff_power(base, exponent, by)
        case Fn(_, args, ()):
            return build.mul(scalar.derivative(expr.name, args[0]), _diff(args[0], by))
        case Fn(_, args, _):
            return build.add(*(build.mul(_partial(expr, k), _diff(a, by)) for k, a in enumerate(args)))
        case Where(cond, then, other):
            return build.where(cond, _diff(then, by), _diff(other, by))
        case Sum(indices, body):
            return build.total(indices, _diff(body, by))
        case Extreme():
            return _diff_extreme(expr, by)
    raise MissingRule(f"no rule differentiates {type(expr).__name__}; extend symbp/calculus/local.py")


def _partial(call: Fn, place: int) -> Fn:
    orders = tuple(o + (k == place) for k, o in enumerate(call.orders))
    return Fn(call.name, call.args, orders)


def _diff_power(base: Expr, exponent: Expr, by: Read) -> Expr:
    """u^c gives c u^(c-1) u'; a varying exponent adds u^v log(u) v'."""
    inner = build.mul(exponent, build.power(base, build.sub(exponent, build.UNIT)), _diff(base, by))
    if isinstance(exponent, Num):
        return inner
    return build.add(inner, build.mul(Pow(base, exponent), Fn("log", (base,)), _diff(exponent, by)))


def _diff_extreme(expr: Extreme, by: Read) -> Expr:
    """The derivative of the first entry that attains the extreme: sum_i [i is the first hit] body_i'."""
    fresh = rename_bound(expr, all_index_names(expr) | _letters(by))
    hit = first_hit(expr, fresh.indices, fresh.body, fresh.cond)
    return build.total(fresh.indices, build.mul(build.where(hit, build.UNIT, build.NIL), _diff(fresh.body, by)))


def first_hit(expr: Extreme, indices: tuple[Index, ...], body: Expr, cond: Cond) -> Cond:
    """That `body` at `indices` attains the extreme and nothing before it in row-major order does."""
    conditions: list[Cond] = [cond, Compare("==", body, expr)]
    taken = all_index_names(expr) | all_index_names(body) | {i.name for i in indices}
    for place, index in enumerate(indices):
        names = [fresh_name(i.name, taken) for i in indices[place:]]
        taken.update(names)
        earlier = [Index(names[0], Poly.of(index), index.start)]
        earlier += [Index(n, i.stop, i.start) for n, i in zip(names[1:], indices[place + 1 :], strict=True)]
        table: dict[Atom, Poly] = {old: Poly.of(new) for old, new in zip(indices[place:], earlier, strict=True)}
        hit = build.both(substitute(cond, table), Compare("==", substitute(body, table), expr))
        count = build.total(earlier, build.where(hit, build.UNIT, build.NIL))
        conditions.append(Compare("==", count, build.NIL))
    return build.both(*conditions)


def entries_to_deltas(expr: Expr, tensor: str) -> Expr:
    """Each `Partial(t[s], t[i])` of an entry by an entry becomes the product of the deltas of its subscripts."""
    if isinstance(expr, Partial) and expr.of.tensor == expr.by.tensor == tensor:
        return build.mul(*(build.delta(a, b) for a, b in zip(expr.of.subs, expr.by.subs, strict=True)))
    return map_children(expr, lambda c: entries_to_deltas(c, tensor) if isinstance(c, Expr) else c)


def scalar_rules(expr: Expr, tensor: str) -> tuple[str, ...]:
    """The rules for elementary functions that differentiating `expr` by `tensor` uses, in words."""
    return tuple(dict.fromkeys(scalar.rule_text(f.name) for f in _functions(expr, tensor) if not f.orders))


def _functions(expr: Expr, tensor: str) -> Iterable[Fn]:
    return (n for n in walk(expr) if isinstance(n, Fn) and any(r.tensor == tensor for r in reads(n)))
