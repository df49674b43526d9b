"""Constructors that do the trivial: 0 and 1, numbers folded, nests flattened, like terms and like powers joined.

They never distribute a product over a sum, never reorder more than the leading number, and never touch what is under a
binder. Whatever a student would want to see as a step of its own is left to the calculus.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from symbp.core.expr import FALSE, TRUE, Add, And, Compare, Cond, Delta, Expr, Int, Mul, Not, Num, Or, Pow, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly

N = TypeVar("N", bound=Node)
Nest = Add | Mul | And | Or  # what never holds one of its own kind
ONE = Fraction(1)
NIL, UNIT, MINUS = Num(Fraction(0)), Num(Fraction(1)), Num(Fraction(-1))


def num(value: int | Fraction | str) -> Num:
    """An exact number; a decimal text keeps its value: `num("1e-7")`."""
    return Num(Fraction(value))


def integer(value: Poly | Atom | int) -> Expr:
    """Sizes and indices as a number: `2*N + 1` is a sum of products, so that factors cancel; an `Int` is one atom."""
    poly = Poly.of(value)
    terms = (mul(num(c), *(Int(Poly.of(a)) for a in monomial)) for monomial, c in poly.terms)
    return add(*terms)


def as_integer(expr: Expr) -> Poly | None:
    """The integer expression that `integer` would turn into this one, or None where there is something else in it."""
    match expr:
        case Int(value):
            return value
        case Num(value):
            return Poly.of(int(value)) if value.denominator == 1 else None
        case Add(args):
            parts = [as_integer(a) for a in args]
            return None if None in parts else sum((p for p in parts if p is not None), Poly())
        case Mul(args):
            return _product([as_integer(a) for a in args])
        case Pow(base, Num(e)) if e.denominator == 1 and 0 < e <= 4:
            return _product([as_integer(base)] * int(e))
    return None


def _product(parts: list[Poly | None]) -> Poly | None:
    result = Poly.of(1)
    for p in parts:
        if p is None:
            return None
        result = result * p
    return result


def add(*args: Expr) -> Expr:
    """The sum of the terms, like terms joined where the first of them stands, whatever the order of their factors."""
    table: dict[object, tuple[Fraction, Expr]] = {}
    for term in _flat(args, Add):
        coefficient, rest = split_number(term)
        like = frozenset(rest.args) if isinstance(rest, Mul) else rest
        before = table.get(like)
        table[like] = (coefficient, rest) if before is None else (before[0] + coefficient, before[1])
    return _of([scale(c, rest) for c, rest in table.values() if c], Add, NIL)


def mul(*args: Expr) -> Expr:
    """The product of the factors, like powers joined, the number first."""
    table: dict[Expr, Fraction] = {}
    number = ONE
    for factor in _flat(args, Mul):
        if isinstance(factor, Num):
            number = factor.value if number is ONE else number * factor.value
            continue
        base, exponent = split_power(factor)
        before = table.get(base)
        table[base] = exponent if before is None or isinstance(base, Delta) else before + exponent
    if not number:
        return NIL
    factors = [p for b, e in table.items() if (p := b if e is ONE else power(b, Num(e))) != UNIT]
    if any(isinstance(p, (Num, Mul)) for p in factors):
        return mul(Num(number), *factors)
    return _of([Num(number), *factors] if number != 1 or not factors else factors, Mul, UNIT)


def power(base: Expr, exponent: Expr) -> Expr:
    """A power; an integer exponent goes into a product and onto a power."""
    if exponent == UNIT or base == UNIT:
        return base
    if exponent == NIL:
        return UNIT
    if isinstance(exponent, Num) and exponent.value.denominator == 1:
        number = exponent.value
        match base:
            case Num() if base.value or number > 0:
                return Num(base.value ** int(number))
            case Mul():
                return mul(*(power(a, exponent) for a in base.args))
            case Pow(inner, Num(own)):
                return power(inner, Num(own * number))
            case Delta() | Where(_, Num(1), Num(0)) if number > 0:  # a condition in brackets is 1 or 0
                return base
    return Pow(base, exponent)


def neg(a: Expr) -> Expr:
    """-a."""
    return mul(MINUS, a)


def sub(a: Expr, b: Expr) -> Expr:
    """a - b."""
    return add(a, neg(b))


def div(a: Expr, b: Expr) -> Expr:
    """a / b."""
    return mul(a, power(b, MINUS))


def total(indices: Iterable[Index], body: Expr) -> Expr:
    """The sum of `body` over `indices`; sums of sums become one, and a sum of nothing is 0."""
    indices = tuple(indices)
    if body == NIL or not indices:
        return body
    if any((i.stop - i.start).constant == 0 for i in indices):
        return NIL
    match body:
        case Sum(inner, term) if not {i.name for i in indices} & {i.name for i in inner}:
            return Sum((*indices, *inner), term)
    return Sum(indices, body)


def delta(a: Poly | Atom, b: Poly | Atom) -> Expr:
    """Kronecker's delta; 1 or 0 where the difference is a number."""
    a, b = Poly.of(a), Poly.of(b)
    difference = (a - b).constant
    if difference is None:
        return Delta(a, b)
    return NIL if difference else UNIT


def where(cond: Cond, then: Expr, other: Expr) -> Expr:
    """A choice; made at once where the condition is known or both branches are the same."""
    if cond == TRUE or then == other:
        return then
    return other if cond == FALSE else Where(cond, then, other)


def both(*conds: Cond) -> Cond:
    """All of them."""
    kept = tuple(dict.fromkeys(_flat(conds, And)))
    if FALSE in kept:
        return FALSE
    return kept[0] if len(kept) == 1 else And(kept)


def either(*conds: Cond) -> Cond:
    """Any of them."""
    kept = tuple(dict.fromkeys(_flat(conds, Or)))
    if TRUE in kept:
        return TRUE
    return kept[0] if len(kept) == 1 else Or(kept)


def negate(cond: Cond) -> Cond:
    """Not that."""
    match cond:
        case Not(arg):
            return arg
    return {TRUE: FALSE, FALSE: TRUE}.get(cond) or Not(cond)


_HOLDS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "==": (0,), "!=": (-1, 1)}


def compare(op: str, a: Expr, b: Expr) -> Cond:
    """A comparison, decided at once between numbers; each side of one between integers is a number or an `Int`."""
    left, right = as_integer(a), as_integer(b)
    if left is not None and right is not None:
        difference = (left - right).constant
        if difference is None:
            return Compare(op, _side(left), _side(right))
        a, b = num(difference), NIL
    match a, b:
        case Num(x), Num(y):
            return TRUE if (x > y) - (x < y) in _HOLDS[op] else FALSE
    return Compare(op, a, b)


def _side(poly: Poly) -> Expr:
    return Int(poly) if poly.constant is None else num(poly.constant)


def split_number(term: Expr) -> tuple[Fraction, Expr]:
    """The numeric coefficient of a term and the rest: 2*x*y is (2, x*y)."""
    if isinstance(term, Num):
        return term.value, UNIT
    if isinstance(term, Mul) and isinstance(term.args[0], Num):
        return term.args[0].value, _of(list(term.args[1:]), Mul, UNIT)
    return ONE, term


def split_power(factor: Expr) -> tuple[Expr, Fraction]:
    """Base and numeric exponent of a factor: x**-2 is (x, -2)."""
    if isinstance(factor, Pow) and isinstance(factor.exponent, Num):  # asked of every factor: a pattern takes thrice
        return factor.base, factor.exponent.value
    return factor, ONE


def scale(number: Fraction, rest: Expr) -> Expr:
    """number * rest, where `rest` has no number of its own."""
    if number is ONE or number == 1:
        return rest
    if rest == UNIT:
        return Num(number)
    return Mul((Num(number), *_flat((rest,), Mul)))


def _flat(args: Iterable[N], kind: type[Nest]) -> Iterable[N]:
    """The arguments, those of a nested one in its place."""
    for a in args:
        if isinstance(a, kind):
            yield from a.args  # type: ignore[misc]
        else:
            yield a


def _of(args: list[Expr], kind: type[Add] | type[Mul], empty: Expr) -> Expr:
    if len(args) > 1:
        return kind(tuple(args))
    return args[0] if args else empty
