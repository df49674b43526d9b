"""What a matrix form says, entry by entry: the way back to index notation, so that every matrix form can be
evaluated.
"""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import TRUE, Compare, Expr, Extreme, Fn, Read
from symbp.core.integers import ONE, ZERO, Atom, Index, Poly
from symbp.core.traverse import apply
from symbp.errors import MissingRule
from symbp.matrix.nodes import (
    Added,
    Apply,
    Beside,
    Called,
    Choose,
    Chosen,
    Diag,
    Guard,
    Hadamard,
    Identity,
    Matrix,
    Named,
    NormSquared,
    Ones,
    Part,
    Plus,
    Power,
    Product,
    RowExtreme,
    Scalar,
    Scale,
    Totals,
    Transpose,
    shape,
)


def entry(matrix: Matrix, row: Poly | Atom | int = 0, column: Poly | Atom | int = 0) -> Expr:
    """The entry of `matrix` in that row and column, as an index expression.

    Summed indices are named k_1, k_2, ... which no network can use, so they catch none of `row` and `column`.
    """
    return _entry(matrix, Poly.of(row), Poly.of(column), _Supply())


class _Supply:
    """Letters for the sums that matrix products stand for."""

    def __init__(self) -> None:
        self.count = 0

    def over(self, extent: Poly) -> tuple[tuple[Index, ...], Poly]:
        """The index of a sum over `extent`, and the subscript it gives; none where there is a single value."""
        if extent == ONE:
            return (), ZERO
        self.count += 1
        index = Index(f"k_{self.count}", extent)
        return (index,), Poly.of(index)


def _entry(m: Matrix, r: Poly, c: Poly, new: _Supply) -> Expr:
    def at(a: Matrix) -> Expr:
        return _entry(a, r, c, new)

    match m:
        case Named(name, dims, lead):
            return Read(name, (*lead, *(r, c)[: len(dims)]))
        case Scalar(value):
            return value
        case Ones():
            return build.UNIT
        case Identity():
            return build.delta(r, c)
        case Diag(arg):
            return build.mul(build.delta(r, c), _entry(arg, r, ZERO, new))
        case Transpose(arg):
            return _entry(arg, c, r, new)
        case Product(args):
            return _product(args, r, c, new)
        case Hadamard(args):
            return build.mul(*map(at, args))
        case Plus(args):
            return build.add(*map(at, args))
        case Scale(factor, arg):
            return build.mul(_entry(factor, ZERO, ZERO, new), at(arg))
        case Power(base, exponent):
            return build.power(at(base), build.num(exponent))
        case Apply(name, args, orders):
            return Fn(name, tuple(map(at, args)), orders)
        case Choose(op, a, b, then, other):
            return build.where(Compare(op, at(a), at(b)), at(then), at(other))
        case RowExtreme(kind, arg):
            k, sub = new.over(shape(arg)[1])
            inner = _entry(arg, r, sub, new)
            return Extreme(kind, k, inner, TRUE) if k else inner
        case Totals():
            return _totals(m, r, c, new)
        case NormSquared(arg):
            return _norm(arg, new)
        case Called(_, _, indices, body):
            return apply(body, indices, (r, c)[: len(indices)])
        case Part(arg, axis, start):
            return _entry(arg, r + start, c, new) if axis == 0 else _entry(arg, r, c + start, new)
        case Beside(args, stops):
            return _beside(args, stops, r, c, new)
        case Guard(cond, then, other):
            return build.where(cond, at(then), at(other))
        case Chosen(labels):
            label = _entry(labels, r, ZERO, new)
            assert isinstance(label, Read)
            return build.delta(label, c)
        case Added(indices, arg):
            return build.total(indices, at(arg))
    raise MissingRule(f"no rule gives the entries of {type(m).__name__}; extend symbp/matrix/entry.py")


def _product(args: tuple[Matrix, ...], r: Poly, c: Poly, new: _Supply) -> Expr:
    """(A B)_rc = sum_k A_rk B_kc."""
    if len(args) == 1:
        return _entry(args[0], r, c, new)
    k, sub = new.over(shape(args[0])[1])
    return build.total(k, build.mul(_entry(args[0], r, sub, new), _product(args[1:], sub, c, new)))


def _beside(args: tuple[Matrix, ...], stops: tuple[Poly, ...], r: Poly, c: Poly, new: _Supply) -> Expr:
    """The entry of the block that column c falls into."""
    starts = (ZERO, *stops)
    result = _entry(args[-1], r, c - starts[len(args) - 1], new)
    for arg, start, stop in reversed(list(zip(args[:-1], starts, stops[:-1], strict=False))):
        inside = Compare("<", build.integer(c), build.integer(stop))
        result = build.where(inside, _entry(arg, r, c - start, new), result)
    return result


def _totals(m: Totals, r: Poly, c: Poly, new: _Supply) -> Expr:
    """The sum over the row or column of the place, or that over its length."""
    size = shape(m.arg)[m.axis]
    k, sub = new.over(size)
    inner = _entry(m.arg, r, sub, new) if m.axis else _entry(m.arg, sub, c, new)
    return build.div(build.total(k, inner), build.integer(size)) if m.mean else build.total(k, inner)


def _norm(arg: Matrix, new: _Supply) -> Expr:
    rows, columns = shape(arg)
    (i, r), (j, c) = new.over(rows), new.over(columns)
    return build.total((*i, *j), build.power(_entry(arg, r, c, new), build.num(2)))
