"""Nothing in a branch that is not taken may overflow, divide by zero or be nan.

`where(x > 0, log(x), 0)` computes the logarithm of every entry. Its argument becomes `where(x > 0, x, 1)`: what is
computed where the branch is not taken is harmless and thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from symbp.core import build
from symbp.core.expr import TRUE, Add, Compare, Cond, Expr, Extreme, First, Fn, Int, Mul, Num, Pi, Pow, Sum, Where
from symbp.core.functions import elementary
from symbp.core.integers import Node, Poly
from symbp.core.network import Equation, Network
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import apply, free_indices, map_children, reads, rename_bound, replace_reads, substitute, walk
from symbp.core.views import conjuncts, is_bracket, value_of
from symbp.lowering.linear import is_nonpositive, parts

T = TypeVar("T", bound=Node)
LONGEST = 150


def guard_branches(network: Network) -> Network:
    """The network with harmless arguments in the branches that are not taken."""
    largest = {e.name: e for e in network.equations if isinstance(e.body, Extreme)}
    return replace(network, equations=tuple(_guarded(e, largest) for e in network.equations))


def _guarded(equation: Equation, largest: Mapping[str, Equation]) -> Equation:
    """The equation; a condition goes further in with the letters of its sums, which may be bound there already."""
    body = guarded(equation.body, TRUE, largest)
    return replace(equation, body=rename_bound(body, {i.name for i in equation.indices}))


def guarded(node: T, cond: Cond, largest: Mapping[str, Equation] = MappingProxyType({})) -> T:
    """The expression, evaluated only where `cond` holds; of a tensor that is the largest of something that is known."""
    match node:
        case Where(test, yes, no):
            inner = guarded(test, cond, largest)
            then = guarded(yes, _further(_unlike(cond, inner, yes), inner), largest)
            other = guarded(no, _further(cond, build.negate(inner)), largest)
            return build.where(inner, then, other)  # type: ignore[return-value]
        case Sum() | Extreme() | First():
            node = rename_bound(node, {i.name for i in free_indices(cond)})  # the condition goes below the binder
    match new := map_children(node, lambda c: guarded(c, cond, largest)):
        case Mul():
            new = _roots_under_masks(new)  # type: ignore[assignment]
    cond = _of_both(cond, new)
    return new if cond == TRUE else _with_safe_argument(new, cond, largest)  # type: ignore[return-value]


def _of_both(cond: Cond, node: Node) -> Cond:
    """The condition without parts that two indices differ of which the expression holds one at most: whatever that is,
    the other may be another, so that the value is wanted anyway."""
    free = set(free_indices(node))

    def is_idle(part: Cond) -> bool:
        match part:
            case Compare("!=", Int(a), Int(b)) if a.index is not None and b.index is not None:
                return not {a.index, b.index} <= free
        return False

    return build.both(*(part for part in conjuncts(cond) if not is_idle(part)))


def _further(cond: Cond, more: Cond) -> Cond:
    """Both conditions; the first alone where the two are so long that guards within guards would grow without bound."""
    long = sum(1 for _ in islice(walk(more), LONGEST + 1)) > LONGEST
    return cond if long else build.both(cond, more)


def _unlike(cond: Cond, more: Cond, node: Expr) -> Cond:
    """The first condition without parts that the second has for another index: what does not hold the first one's index
    is harmless for all its values if it is for one, and there is one."""

    def is_like(part: Cond) -> bool:
        ours = [i for i in free_indices(part) if i not in free_indices(node)]
        pairs = ((i, j) for i in ours for j in free_indices(more) if (i.start, i.stop) == (j.start, j.stop))
        return any(substitute(part, {i: Poly.of(j)}) in conjuncts(more) for i, j in pairs)

    return build.both(*(part for part in conjuncts(cond) if not is_like(part)))


def _roots_under_masks(node: Mul) -> Expr:
    """A root beside a mask counts only where the mask is 1: elsewhere it is taken of 1."""
    conds = [f.cond for f in node.args if is_bracket(f)]
    return build.mul(*(_root_of_one_unless(build.both(*conds), f) for f in node.args)) if conds else node


def _root_of_one_unless(cond: Cond, factor: Expr) -> Expr:
    match factor:
        case Pow(base, Num(e)) if e.denominator != 1 and not is_positive(base):
            return build.power(build.where(_of_both(cond, base), base, build.UNIT), Num(e))
    return factor


def _with_safe_argument(node: Node, cond: Cond, largest: Mapping[str, Equation]) -> Node:
    match node:
        case Fn(name, (a,), ()) if (above := elementary(name).above) is not None and not is_positive(a):
            return Fn(name, (build.where(cond, a, build.num(above + 1)),))
        case Fn(name, (a,), ()) if elementary(name).exponentials:
            return Fn(name, (build.where(cond, a, build.NIL),))
        case Fn("exp" | "expm1" as name, (a,)) if not is_bounded(_spelt(a, largest)):
            return Fn(name, (build.where(cond, a, build.NIL),))
        case Fn(name, args, orders) if orders:
            return Fn(name, tuple(build.where(cond, a, build.UNIT) for a in args), orders)
        case Pow(a, e) if _is_dangerous(e) and not is_positive(a):
            return build.power(build.where(cond, a, build.UNIT), e)
    return node


def _spelt(expr: Expr, largest: Mapping[str, Equation]) -> Expr:
    """The expression with largest values in the place of their names."""
    found = ((largest.get(r.tensor), r) for r in reads(expr))
    table = {r: apply(e.body, e.indices, r.subs) for e, r in found if e is not None}
    return replace_reads(expr, table.get) if table else expr


def _is_dangerous(exponent: Expr) -> bool:
    value = value_of(exponent)
    return value is None or value.denominator != 1 or value <= 0


def is_positive(expr: Expr) -> bool:
    """Is it certain to be positive (underflow apart)?"""
    match expr:
        case Num(value):
            return value > 0
        case Pi():
            return True
        case Int(value):
            return not free_indices(expr) and is_nonnegative(value - 1)
        case Fn("log", (Num(value),)):
            return value > 1
        case Fn("log1p", (u,), ()):
            return is_positive(u)
        case Fn(name, _, ()):
            return name == "exp" or bool(elementary(name).between[0] > 0)
        case Add(args):
            return any(map(is_positive, args)) and all(is_positive(a) or _is_part(a) for a in args)
        case Mul(args):
            negative = [a for a in args if _is_negative(a)]
            return len(negative) % 2 == 0 and all(is_positive(a) for a in args if a not in negative)
        case Pow(base, _) | Sum(_, base):
            return is_positive(base)
        case Where(Compare(">" | ">=", a, b), then, other) if (a, b) == (then, other):  # the larger of the two
            return is_positive(b)
    return False


def _is_part(term: Expr) -> bool:
    """Is it max(u, 0)?"""
    match term:
        case Where(Compare(">", a, build.NIL), then, build.NIL):
            return a == then
    return False


def _is_negative(factor: Expr) -> bool:
    """Is it a number below 0, or exp(u) - 1 of such?"""
    match factor:
        case Num(value):
            return value < 0
        case Fn("expm1", (u,), ()):
            return is_positive(build.neg(u))
    return False


def is_bounded(expr: Expr) -> bool:
    """Is it certain not to be positive, so that its exponential cannot overflow?"""
    if is_nonpositive(parts(expr)):
        return True
    match expr:
        case Where(_, then, other):
            return is_bounded(then) and is_bounded(other)
    return False
