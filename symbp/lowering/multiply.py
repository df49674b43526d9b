"""Products entry by entry: numbers and sizes at once, then from the smallest array to the largest, divisions last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from symbp.core import build
from symbp.core.expr import Add, Compare, Expr, Int, Mul, Num, Pi, Pow, Read, Sum, Where
from symbp.core.integers import Atom, Index, Node
from symbp.core.traverse import children, free_indices, indices_of, polys
from symbp.core.views import among, factors_of, is_divisor
from symbp.lowering.builder import is_mask
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.onehot import scaled_rows
from symbp.lowering.program import Reach, Statement


def is_scalar(expr: Node) -> TypeGuard[Expr]:
    """Does it hold nothing but numbers and sizes?"""
    match expr:
        case Num() | Pi() | Reach():
            return True
        case Int(value):
            return not any(True for _ in indices_of(value))
        case Add() | Mul() | Pow():
            return all(map(is_scalar, children(expr)))
    return False


def multiply(at: Entries, factors: tuple[Expr, ...]) -> Labelled:
    """A product: numbers and sizes at once, then from the smallest array to the largest, divisions last."""
    factors = scaled_rows(at, _scaled_within(at, factors))
    constant = build.mul(*(f for f in factors if is_scalar(f)))
    arrays = [f for f in factors if not is_scalar(f)]
    if not arrays:
        return at.scalar(constant)
    above = [at.value(f) for f in arrays if not is_divisor(f)]
    below = [at.value(build.power(f, build.MINUS)) for f in arrays if is_divisor(f)]
    return _quotient(at, constant, above, below)


def times(at: Entries, outside: list[Expr], summed: Labelled | None) -> Labelled:
    """Factors from outside the sum times the sum."""
    constant = build.mul(*(f for f in outside if is_scalar(f)))
    arrays = [f for f in outside if not is_scalar(f)]
    above = [at.value(f) for f in arrays if not is_divisor(f)]
    below = [at.value(build.power(f, build.MINUS)) for f in arrays if is_divisor(f)]
    return _quotient(at, constant, [*above, *([summed] if summed else [])], below)


def _quotient(at: Entries, constant: Expr, above: list[Labelled], below: list[Labelled]) -> Labelled:
    steps = sorted([("mul", a) for a in above] + [("div", b) for b in below], key=lambda s: len(s[1].axes))
    first = next((k for k, (op, _) in enumerate(steps) if op == "mul"), None)
    if first is None:
        result = at.scalar(constant)
    else:
        result = steps.pop(first)[1]
        count = _count_below(at, constant, result)
        if count is not None:
            result = at.apply("div", at.number(result), at.scalar(count))
        elif constant != build.UNIT:
            result = _scaled(at, constant, result)
    for op, value in steps:
        both_masks = is_mask(result.value) and is_mask(value.value)
        result = at.apply(op, at.number(result) if op == "div" or both_masks else result, value)
    return result


def _scaled(at: Entries, constant: Expr, a: Labelled) -> Labelled:
    if constant == build.MINUS:
        return at.apply("neg", at.number(a))
    return at.apply("mul", at.number(a), at.scalar(constant))


def _count_below(at: Entries, constant: Expr, a: Labelled) -> Expr | None:
    """The sizes that a sum over them is divided by: a mean of equal numbers is that number, and times 1/3 it is not.

    By sizes of other axes everything is multiplied, or what is taken from it would be rounded in another way.
    """
    maker = at.builder.made(a.value)
    while maker is not None and maker.op in ("reshape", "transpose", "expand"):
        maker = at.builder.made(maker.args[0])
    value, sizes = build.split_number(constant)
    counts = [build.split_power(f) for f in factors_of(sizes)]
    below = all(exponent < 0 and exponent.denominator == 1 for _, exponent in counts)
    if maker is None or maker.op != "sum" or value.numerator != 1 or not below:
        return None
    own = {atom for base, _ in counts for p in polys(base) for atom in p.atoms()}
    return build.power(constant, build.MINUS) if own <= set(_summed(maker)) else None


def _summed(total: Statement) -> Iterator[Atom]:
    """The sizes of the axes that a sum is over."""
    (a,) = total.arrays
    return (atom for k, extent in enumerate(a.shape) if k in total.detail for atom in extent.atoms())


def _scaled_within(at: Entries, factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The factors, those that scale the columns of a product with an input moved to what the input is multiplied by.

    There are as many numbers in either as a rule, or less: a batch is smaller than a layer is wide.
    """
    sums = among(factors, Sum)
    if len(sums) != 1:
        return factors
    (s,) = sums
    within = [f for f in factors if f is not s and scales(at, f, s.indices, list(mask_factors(s.body)))]
    if not within:
        return factors
    inner = build.total(s.indices, build.mul(s.body, *within))
    return tuple(inner if f is s else f for f in factors if f not in within)


def scales(at: Entries, factor: Expr, indices: tuple[Index, ...], inside: list[Expr]) -> bool:
    """Does it depend on the free indices of the computed one of two factors of a sum, the other being an input?"""
    held = set(free_indices(factor))
    if not held or held & set(indices) or len(inside) != 2:
        return False
    read = among(inside, Read)
    given = [r for r in read if at.builder.made(at.tensors[r.tensor].value) is None]
    made = [f for f in inside if f not in read]
    return len(given) == len(made) == 1 and held <= set(free_indices(made[0])) - set(free_indices(given[0]))


def mask_factors(body: Expr) -> tuple[Expr, ...]:
    """The factors of a product; a choice between something and 0 is a mask times it, but not the larger of the two."""
    match body:
        case Mul(args):
            return tuple(g for f in args for g in mask_factors(f))
        case Where(Compare(">" | ">=", a, build.NIL), then, build.NIL) if a == then:
            return (body,)  # max(u, 0) is one operation, and 0 where u is infinite below
        case Where(cond, then, build.NIL) if then != build.UNIT:
            return (build.where(cond, build.UNIT, build.NIL), *mask_factors(then))
    return (body,)
