"""The place of an extreme: `argmax` and `argmin`, the first hit, an integer for subscripts and conditions.

As a number it is a sum in which one term is not 0, sum(k if k == argmax(...) else 0 for k in K), and so is an entry at
such a place; the condition is a node of its own.
"""

from __future__ import annotations

import ast

from symbp.core import build
from symbp.core.expr import Cond, Expr, Extreme, First, Int, Read, Sum, Where
from symbp.core.integers import Index, Poly
from symbp.core.traverse import apply
from symbp.notation.context import Context, letter_of
from symbp.notation.syntax import base_of, called
from symbp.notation.values import Value

KINDS = {"argmax": "max", "argmin": "min"}


def number_of(context: Context, node: ast.expr, extreme: Value) -> Value:
    """Where an extreme is first attained, as a number."""

    def at(subs: tuple[Poly, ...]) -> Expr:
        entry = extreme.at(subs)
        if not isinstance(entry, Extreme) or len(entry.indices) != 1:
            context.fail(node, "a place of several indices is a tuple: expected a comparison, `(u, v) == argmax(...)`")
        return _picked(context, entry, lambda i: build.integer(i))

    return Value(extreme.shape, at, extreme.size + 2)


def _picked(context: Context, extreme: Extreme, entry) -> Expr:  # type: ignore[no-untyped-def]
    """sum(entry(k) if k is the place else 0 for k)."""
    (own,) = extreme.indices
    index = context.work.index(own.stop, own.start, letter_of(own))
    return build.total((index,), build.where(first(extreme, Poly.of(index)), entry(index), build.NIL))


def first(extreme: Extreme, *at: Poly) -> Cond:
    """That an extreme is first attained there."""
    return First(extreme.kind, extreme.indices, extreme.body, extreme.cond, at)


def place_of(context: Context, entry: Expr) -> Extreme | None:
    """The extreme whose place a number is, by its formula or by the equation of the tensor that it is an entry of."""
    match entry:
        case Sum((i,), Where(First(kind, indices, body, cond, (at,)), Int(value), build.NIL)) if (
            i == at.index == value.index
        ):
            return Extreme(kind, indices, body, cond)
        case Read(name, subs):
            made = [(e.indices, e.body) for e in context.work.equations if e.name == name]
            made += [(p.indices, p.body) for p in context.work.pending if p.name == name]
            known = place_of(context, made[0][1]) if made else None
            return None if known is None else apply(known, made[0][0], subs)  # type: ignore[return-value]
    return None


def compared(context: Context, op: str, a: Expr, b: Expr) -> Cond:
    """A comparison; of a place with an integer it is one of places."""
    if op in ("==", "!="):
        for one, other in ((a, b), (b, a)):
            extreme, at = place_of(context, one), build.as_integer(other)
            if extreme is not None and at is not None:
                hit = first(extreme, at)
                return hit if op == "==" else build.negate(hit)
    return build.compare(op, a, b)


def is_call(context: Context, node: ast.expr) -> bool:
    """Is it a call of argmax or argmin that no function of the file hides?"""
    return called(node) in KINDS and called(node) not in context.file.functions


def is_place(context: Context, node: ast.expr) -> bool:
    """Is it the place of an extreme: a call, or an entry of what is defined as one?"""
    if is_call(context, node):
        return True
    match context.bound(base_of(node)):
        case Value(name=str(), classes=None) as bound:
            return place_of(context, bound.number(tuple(Poly() for _ in bound.shape))) is not None
    return False


def at_place(context: Context, extreme: Extreme, value: Value, subs: list[Poly | None], place: int) -> Value:
    """The entries of an array at the place of an extreme along one of its dimensions; the other subscripts as given."""
    left = tuple(e for k, (e, s) in enumerate(zip(value.shape, subs, strict=True)) if s is None and k != place)

    def at(given: tuple[Poly, ...]) -> Expr:
        def entry(index: Index) -> Expr:
            rest = iter(given)
            full = (Poly.of(index) if k == place else next(rest) if s is None else s for k, s in enumerate(subs))
            return value.number(tuple(full))

        return _picked(context, extreme, entry)

    return Value(left, at, value.size + 2)
