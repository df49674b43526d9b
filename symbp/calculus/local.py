"""The derivative of an expression by an entry of a tensor, or along a direction: sum, product, power and chain rule.

`differentiate` leaves every read of the tensor as `Partial(read, entry)`, an entry by an entry, which
`entries_to_deltas` turns into products of Kronecker deltas; `along` puts in the place of each read how fast that entry
changes. Nothing is contracted here (`calculus.contract`), nothing re-expressed. A choice (`Where`) is differentiated
branch by branch; a maximum follows its first hit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from symbp.calculus import scalar
from symbp.calculus.steps import VARIABLE, Rule
from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    Expr,
    Extreme,
    First,
    Fn,
    Mul,
    Num,
    Partial,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Poly
from symbp.core.traverse import (
    all_index_names,
    indices_of,
    map_values,
    nodes,
    reads,
    rename_bound,
)
from symbp.core.views import is_divisor
from symbp.errors import MissingRule

U = Read(VARIABLE)


@dataclass(frozen=True, slots=True)
class Change:
    """What is varied: the tensors whose entries change, the derivative of such an entry, the letters that it holds."""

    tensors: Collection[str]
    entry: Callable[[Read], Expr]
    letters: frozenset[str] = frozenset()


def differentiate(expr: Expr, by: Read) -> Expr:
    """The derivative of `expr` by the entry `by`, with reads left as `Partial(read, by)`."""
    letters = _letters(by)
    change = Change((by.tensor,), lambda read: Partial(read, by) if by.subs else build.UNIT, frozenset(letters))
    return _diff(rename_bound(expr, letters), change)


def along(expr: Expr, tangents: Mapping[str, str]) -> Expr:
    """How fast `expr` changes where each tensor of `tangents` changes as fast as the tensor that it is paired with."""
    return _diff(expr, Change(tangents, lambda read: Read(tangents[read.tensor], read.subs)))


def _letters(by: Read) -> set[str]:
    return {i.name for s in by.subs for i in indices_of(s)}


def _diff(expr: Expr, by: Change) -> Expr:
    if not any(r.tensor in by.tensors for r in reads(expr)):
        return build.NIL
    match expr:
        case Read():
            return by.entry(expr)
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


def _diff_power(base: Expr, exponent: Expr, by: Change) -> Expr:
    """u^c gives c u^(c-1) u'; a varying exponent adds u^v log(u) v'."""
    inner = build.mul(exponent, build.power(base, build.sub(exponent, build.UNIT)), _diff(base, by))
    if isinstance(exponent, Num):
        return inner
    return build.add(inner, build.mul(Pow(base, exponent), Fn("log", (base,)), _diff(exponent, by)))


def _diff_extreme(expr: Extreme, by: Change) -> Expr:
    """The derivative of the first entry that attains the extreme: sum_i [i is the first hit] body_i'."""
    fresh = rename_bound(expr, all_index_names(expr) | by.letters)
    hit = First(expr.kind, expr.indices, expr.body, expr.cond, tuple(map(Poly.of, fresh.indices)))
    inner = _diff(fresh.body, by)
    if fresh.cond != TRUE:  # beyond it the body may read what there is not
        return build.total(fresh.indices, build.where(hit, inner, build.NIL))
    return build.total(fresh.indices, build.mul(build.where(hit, build.UNIT, build.NIL), inner))


def entries_to_deltas(expr: Expr, tensor: str) -> Expr:
    """Each `Partial(t[s], t[i])` of an entry by an entry becomes the product of the deltas of its subscripts."""
    if isinstance(expr, Partial) and expr.of.tensor == expr.by.tensor == tensor:
        return build.mul(*(build.delta(a, b) for a, b in zip(expr.of.subs, expr.by.subs, strict=True)))
    return map_values(expr, lambda c: entries_to_deltas(c, tensor))


def differentiation(name: str, equation: str, expr: Expr, tensors: Collection[str]) -> Rule:
    """The rule `name` of differentiating `expr`, the right side of an equation, by the tensors.

    It has the elementary functions of them that are taken, with their derivatives, and what puts these together.
    """
    names = dict.fromkeys(f.name for f in _functions(expr, tensors) if not f.orders)
    slopes = tuple((Fn(f, (U,)), scalar.derivative(f, U)) for f in names)
    return Rule(name, (equation,), slopes=slopes, also=tuple(_structure(expr, tensors)) if slopes else ())


def _structure(expr: Expr, tensors: Collection[str]) -> Iterator[str]:
    """The quotient rule where a denominator depends on the tensors, the chain rule where a function's argument is more
    than an entry; each by its name.
    """
    found = [n for n in nodes(expr, Expr) if any(r.tensor in tensors for r in reads(n))]
    if any(is_divisor(n) for n in found):
        yield "quotient"
    if any(isinstance(n, Fn) and not isinstance(n.args[0], Read) for n in found):
        yield "chain"


def _functions(expr: Expr, tensors: Collection[str]) -> Iterable[Fn]:
    return (n for n in nodes(expr, Fn) if any(r.tensor in tensors for r in reads(n)))
