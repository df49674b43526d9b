"""Constructors of matrix forms: they flatten, and they take transposes out of what acts entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.functions import elementary
from symbp.core.integers import Index, Poly
from symbp.core.traverse import free_indices
from symbp.core.views import factors_of
from symbp.matrix.nodes import (
    Added,
    Apply,
    Choose,
    Diag,
    Guard,
    Hadamard,
    Identity,
    Matrix,
    Ones,
    Plus,
    Power,
    Product,
    Scalar,
    Scale,
    Totals,
    Transpose,
    operands,
    parts,
    shape,
)


def transpose(m: Matrix) -> Matrix:
    """m^T; of a product of a column with ones the factors change places."""
    match m:
        case Transpose(arg):
            return arg
        case Scalar() | Identity():
            return m
        case Product((a, b)) if shape(a)[1].constant == 1:
            return Product((transpose(b), transpose(a)))
        case Product() if shape(m)[0].constant == 1 and shape(m)[1].constant == 1:
            return m
        case Product((Transpose(), *_) as args) if shape(m)[1].constant == 1:
            return Product(tuple(transpose(a) for a in reversed(args)))
        case Scale(factor, arg):
            return Scale(factor, transpose(arg))
        case Added(indices, arg):
            return Added(indices, transpose(arg))
        case Guard(cond, then, other, size, border):
            return Guard(cond, transpose(then), transpose(other), size[::-1], border)
    return Transpose(m)


def added(index: Index, m: Matrix) -> Matrix:
    """The sum over the letter of a slice; a number that does not depend on it stands in front."""
    match m:
        case Scale(Scalar(value), arg) if index not in free_indices(value):
            return Scale(Scalar(value), added(index, arg))
        case Added(indices, arg):
            return Added((index, *indices), arg)
    return Added((index,), m)


def product(*args: Matrix) -> Matrix:
    """The matrix product; numbers in front of its factors go in front of it."""
    numbers: list[Matrix] = []
    flat: list[Matrix] = []
    for a in args:
        front, rest = in_front(a)
        numbers += front
        flat += operands(rest, Product)
    return scale(numbers, Product(tuple(flat)))


def in_front(m: Matrix) -> tuple[tuple[Matrix, ...], Matrix]:
    """The numbers in front of a matrix, and what they multiply."""
    match m:
        case Scale(factor, arg):
            numbers, rest = in_front(arg)
            return (factor, *numbers), rest
    return (), m


def _joined(numbers: Iterable[Matrix]) -> tuple[Expr, list[Matrix]]:
    """The plain ones among numbers as one, and the others: sums and the like."""
    plain: list[Expr] = []
    others: list[Matrix] = []
    for number in numbers:
        match number:
            case Scalar(value):
                plain.append(value)
            case _:
                others.append(number)
    return build.mul(*plain), others


def scale(factors: Sequence[Matrix], m: Matrix) -> Matrix:
    """The numbers times m, plain numbers joined."""
    front, m = in_front(m)
    plain, others = _joined((*factors, *front))
    match m:
        case Scalar(value):
            plain, m = build.UNIT, Scalar(build.mul(plain, value))
    for f in reversed(others):
        m = Scale(f, m)
    return m if plain == build.UNIT else Scale(Scalar(plain), m)


def plus(terms: Iterable[Matrix]) -> Matrix:
    """The sum; (A^T + B^T) is (A + B)^T."""
    return _lifted(tuple(t for term in terms for t in operands(term, Plus)), Plus)


def hadamard(factors: Iterable[Matrix]) -> Matrix:
    """The product entry by entry; numbers in front of its factors go in front of it."""
    numbers: list[Matrix] = []
    flat: list[Matrix] = []
    for f in factors:
        front, rest = in_front(f)
        numbers += front
        (numbers if isinstance(rest, Scalar) else flat).extend(operands(rest, Hadamard))
    m = flat[0] if len(flat) == 1 else _lifted(tuple(flat), Hadamard)
    return scale(numbers, m)


def apply(name: str, args: Sequence[Matrix], orders: tuple[int, ...]) -> Matrix:
    """A function, entry by entry."""
    return _lifted(tuple(args), lambda new: Apply(name, new, orders))


def power(base: Matrix, exponent: Fraction) -> Matrix:
    """A power, entry by entry."""
    return _lifted((base,), lambda new: Power(new[0], exponent))


def choose(m: Choose) -> Matrix:
    """A choice entry by entry; beside a branch of 0, its indicator times the first if that always has a value."""
    nil, unit = Scalar(build.NIL), Scalar(build.UNIT)
    if m.other == nil and m.then != unit and _total(m.then):
        return hadamard((choose(Choose(m.op, m.a, m.b, unit, nil)), m.then))
    return _lifted((m.a, m.b, m.then, m.other), lambda new: Choose(m.op, *new))


def _total(m: Matrix) -> bool:
    """Has it a value whatever the values in it are? The log or the root of an entry may have none."""
    match m:
        case Power(_, exponent) if exponent < 0 or exponent.denominator != 1:
            return False
        case Apply(name, _, ()) if elementary(name).above is not None:
            return False
    return all(_total(a) for a in parts(m))


def spread_columns(m: Matrix, size: Poly) -> Matrix:
    """A column in every column: m 1^T, or the sum of each row at its places; a number is left alone."""
    if isinstance(m, Scalar):
        return m
    total = totals(m, size, 1)
    return product(m, Transpose(Ones(size))) if total is None else total


def spread_rows(m: Matrix, size: Poly, single: bool) -> Matrix:
    """A column, laid down, in every row: 1 m^T; a `single` value times ones; a number is left alone."""
    if isinstance(m, Scalar):
        return m
    if single:
        return scale([m], Ones(size))
    total = totals(m, size, 0)
    return product(Ones(size), transpose(m)) if total is None else total


def diagonals(before: Sequence[Matrix], m: Matrix, after: Sequence[Matrix]) -> Matrix:
    """A matrix with its rows scaled by some columns, and its columns by others: diag(r) M diag(c)."""
    left = [Diag(hadamard(before))] if before else []
    right = [Diag(hadamard(after))] if after else []
    return product(*left, m, *right) if left or right else m


def totals(m: Matrix, size: Poly, axis: int) -> Matrix | None:
    """A column A 1 of row sums spread over as many columns as are summed; of A^T 1, over as many rows; else None."""
    numbers, m = in_front(m)
    match m:
        case Product((*columns, last)) if last == Ones(size):
            inner = columns[0] if len(columns) == 1 else Product(tuple(columns))
            if shape(inner)[0].constant != 1:
                return averaged(numbers, Totals(inner if axis else transpose(inner), axis))
    return None


def averaged(numbers: Sequence[Matrix], m: Matrix) -> Matrix:
    """Numbers times a matrix, the first row or column sum in it a mean where they divide by how many it adds."""
    plain, others = _joined(numbers)
    factors = operands(m, Hadamard)
    for k, f in enumerate(factors):
        match f:
            case Totals(arg, axis, mean=False) if (left := _without_size(plain, shape(arg)[axis])) is not None:
                whole = hadamard((*factors[:k], Totals(arg, axis, mean=True), *factors[k + 1 :]))
                return scale([Scalar(left), *others], whole)
    return scale(numbers, m)


def _without_size(number: Expr, size: Poly) -> Expr | None:
    """A number that is divided by a size, without that; None where it is not."""
    divisors = [build.power(f, build.MINUS) for f in factors_of(build.integer(size))]
    factors = factors_of(number)
    return build.mul(*(f for f in factors if f not in divisors)) if set(divisors) <= set(factors) else None


def full(m: Matrix, r: Index | None, c: Index | None) -> Matrix:
    """The matrix itself where a lone number stands for all its entries; of zeros 0 is one."""
    if not isinstance(m, Scalar) or m.value == build.NIL or r is None:
        return m
    ones: Matrix = Ones(r.stop) if c is None else Product((Ones(r.stop), Transpose(Ones(c.stop))))
    return scale([m], ones)


def _lifted(args: tuple[Matrix, ...], combine: Callable[[tuple[Matrix, ...]], Matrix]) -> Matrix:
    """combine(A^T, B^T) as combine(A, B)^T, where every argument is a transpose or a number."""
    if any(_turned(a) for a in args) and all(_turned(a) or _either_way(a) for a in args):
        return Transpose(combine(tuple(transpose(a) for a in args)))
    return combine(args)


def _turned(m: Matrix) -> bool:
    return isinstance(in_front(m)[1], Transpose)


def _either_way(m: Matrix) -> bool:
    """A number, or a product of a column and a row: as simple turned as not."""
    match in_front(m)[1]:
        case Scalar():
            return True
        case Product((column, _)):
            return shape(column)[1].constant == 1
    return False
