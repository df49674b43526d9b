"""Constructors of matrix forms: they flatten, and they take transposes out of what acts entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from symbp.core import build
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
        case Product(args) if shape(args[0])[1].constant == 1 and len(args) == 2:
            return Product((transpose(args[1]), transpose(args[0])))
        case Product(args) if shape(m)[0].constant == 1 and shape(m)[1].constant == 1:
            return m
        case Product(args) if isinstance(args[0], Transpose) and shape(m)[1].constant == 1:
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
    flat: list[Matrix] = []
    numbers: list[Matrix] = []
    for a in args:
        if isinstance(a, Scale):
            numbers.append(a.factor)
            a = a.arg
        flat.extend(a.args if isinstance(a, Product) else (a,))
    return scale(numbers, Product(tuple(flat)))


def scale(factors: Sequence[Matrix], m: Matrix) -> Matrix:
    """The numbers times m, plain numbers joined."""
    while isinstance(m, Scale):
        factors, m = [*factors, m.factor], m.arg
    plain = build.mul(*(f.value for f in factors if isinstance(f, Scalar)))
    if isinstance(m, Scalar):
        plain, m = build.UNIT, Scalar(build.mul(plain, m.value))
    for f in reversed([f for f in factors if not isinstance(f, Scalar)]):
        m = Scale(f, m)
    return m if plain == build.UNIT else Scale(Scalar(plain), m)


def plus(terms: Iterable[Matrix]) -> Matrix:
    """The sum; (A^T + B^T) is (A + B)^T."""
    flat = tuple(t for term in terms for t in (term.args if isinstance(term, Plus) else (term,)))
    return _lifted(flat, Plus)


def hadamard(factors: Iterable[Matrix]) -> Matrix:
    """The product entry by entry; numbers in front of its factors go in front of it."""
    numbers: list[Matrix] = []
    flat: list[Matrix] = []
    for f in factors:
        if isinstance(f, Scale):
            numbers.append(f.factor)
            f = f.arg
        (numbers if isinstance(f, Scalar) else flat).extend(f.args if isinstance(f, Hadamard) else (f,))
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
    numbers: list[Matrix] = []
    while isinstance(m, Scale):
        numbers.append(m.factor)
        m = m.arg
    if not isinstance(m, Product) or m.args[-1] != Ones(size):
        return None
    inner = m.args[0] if len(m.args) == 2 else Product(m.args[:-1])
    if shape(inner)[0].constant == 1:
        return None
    return averaged(numbers, Totals(inner if axis else transpose(inner), axis))


def averaged(numbers: Sequence[Matrix], m: Matrix) -> Matrix:
    """Numbers times a matrix, the first row or column sum in it a mean where they divide by how many it adds."""
    plain = build.mul(*(f.value for f in numbers if isinstance(f, Scalar)))
    rest = [f for f in numbers if not isinstance(f, Scalar)]
    factors = m.args if isinstance(m, Hadamard) else (m,)
    for k, f in enumerate(factors):
        if isinstance(f, Totals) and not f.mean:
            divisors = [build.power(g, build.MINUS) for g in factors_of(build.integer(shape(f.arg)[f.axis]))]
            if all(d in factors_of(plain) for d in divisors):
                left = build.mul(*(g for g in factors_of(plain) if g not in divisors))
                whole = hadamard((*factors[:k], Totals(f.arg, f.axis, mean=True), *factors[k + 1 :]))
                return scale([Scalar(left), *rest], whole)
    return scale(numbers, m)


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
    return isinstance(m, Transpose) or (isinstance(m, Scale) and _turned(m.arg))


def _either_way(m: Matrix) -> bool:
    """A number, or a product of a column and a row: as simple turned as not."""
    if isinstance(m, Scale):
        return _either_way(m.arg)
    return isinstance(m, Scalar) or (isinstance(m, Product) and len(m.args) == 2 and shape(m.args[0])[1].constant == 1)
