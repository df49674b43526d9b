"""What a matrix form is made of. A vector is a column; a scalar in a sum or under a function stands for all entries
alike.

A tensor of more dimensions is read in slices: `lead` are its first subscripts, and what is left is a matrix or a
vector, one for each value of the letters in them. Functions, powers, comparisons and `Hadamard` act entry by entry,
`Product` is the matrix product. Every node but `Scalar` has the full shape of what it stands for: a bias is written
`1 b^T`, so nothing is broadcast in secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter
from typing import Any

from symbp.core.expr import Cond, Expr
from symbp.core.integers import ONE, Index, Node, Poly

Shape = tuple[Poly, Poly]


class Matrix(Node):
    """A matrix, a column vector or a number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Named(Matrix):
    """A tensor by its name, or its slice at the subscripts `lead`; `dims` are the dimensions left, two at most."""

    name: str
    dims: tuple[Poly, ...]
    lead: tuple[Poly, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scalar(Matrix):
    """A number, or the matrix all of whose entries it is."""

    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Ones(Matrix):
    """The column of ones."""

    size: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Identity(Matrix):
    """The unit matrix."""

    size: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Diag(Matrix):
    """The diagonal matrix of a column."""

    arg: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(Matrix):
    """Rows for columns."""

    arg: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Product(Matrix):
    """The matrix product of at least two."""

    args: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hadamard(Matrix):
    """The product entry by entry of at least two; a divisor is a factor with a negative power."""

    args: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plus(Matrix):
    """The sum of at least two."""

    args: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scale(Matrix):
    """A number (a 1 x 1 matrix) times a matrix."""

    factor: Matrix
    arg: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Power(Matrix):
    """Every entry raised to a number."""

    base: Matrix
    exponent: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Matrix):
    """A function of one entry of each argument, applied entry by entry; `orders` as in `core.expr.Fn`."""

    name: str
    args: tuple[Matrix, ...]
    orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Choose(Matrix):
    """Entry by entry: `then` where `a op b` holds, else `other`; with 1 and 0 for the branches it is an indicator."""

    op: str
    a: Matrix
    b: Matrix
    then: Matrix
    other: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class RowExtreme(Matrix):
    """The column of the largest (or smallest) entries of the rows."""

    kind: str
    arg: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Totals(Matrix):
    """At each place the sum, or the mean, of its row (`axis` 1) or column (0): A 1 1^T, 1 1^T A/N."""

    arg: Matrix
    axis: int
    mean: bool = False

    @property
    def name(self) -> str:
        return ("col", "row")[self.axis] + ("mean" if self.mean else "sum")


@dataclass(frozen=True, slots=True, eq=False)
class NormSquared(Matrix):
    """The sum of the squares of all entries."""

    arg: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Called(Matrix):
    """A named function of whole matrices, softmax(Z), with what it stands for: `body` at `indices`."""

    name: str
    args: tuple[Matrix, ...]
    indices: tuple[Index, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Chosen(Matrix):
    """The rows of the unit matrix of that size that a vector of labels names."""

    labels: Matrix
    size: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Part(Matrix):
    """The rows (`axis` 0) or columns (1) from `start` to `stop` - 1."""

    arg: Matrix
    axis: int
    start: Poly
    stop: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Beside(Matrix):
    """Matrices side by side; `stops` say where each ends."""

    args: tuple[Matrix, ...]
    stops: tuple[Poly, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Guard(Matrix):
    """`then` where a condition on the letters of slices holds, else `other`; `size` is its shape at any of them.

    With a `border` it is the slice of a recurrence that its first (or last) step reads from outside: `then`, and at
    the subscripts `border` what the recurrence was given.
    """

    cond: Cond
    then: Matrix
    other: Matrix
    size: Shape
    border: tuple[Poly, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Added(Matrix):
    """The sum over the letters of slices."""

    indices: tuple[Index, ...]
    arg: Matrix


def shape(m: Matrix) -> Shape:
    """Rows and columns; a scalar counts as 1 x 1."""
    match m:
        case Named(_, dims, _) if len(dims) <= 2:
            return (*dims, ONE, ONE)[:2]  # type: ignore[return-value]
        case Ones(size):
            return size, ONE
        case Identity(size):
            return size, size
        case Diag(arg):
            return shape(arg)[0], shape(arg)[0]
        case Transpose(arg):
            return shape(arg)[1], shape(arg)[0]
        case Product(args):
            return shape(args[0])[0], shape(args[-1])[1]
        case Hadamard(args) | Plus(args) | Apply(_, args):
            return _common(args)
        case Scale(_, arg) | Power(arg, _) | Totals(arg):
            return shape(arg)
        case Choose(_, a, b, then, other):
            return _common((a, b, then, other))
        case RowExtreme(_, arg):
            return shape(arg)[0], ONE
        case Called(_, _, indices, _):
            return (*(i.extent for i in indices), ONE, ONE)[:2]  # type: ignore[return-value]
        case Part(arg, axis, start, stop):
            rows, columns = shape(arg)
            return (stop - start, columns) if axis == 0 else (rows, stop - start)
        case Beside(args, stops):
            return _common(args)[0], stops[-1]
        case Guard():
            return m.size
        case Added(_, arg):
            return shape(arg)
        case Chosen(labels, size):
            return shape(labels)[0], size
    return ONE, ONE


def _common(args: tuple[Matrix, ...]) -> Shape:
    return next((shape(a) for a in args if not isinstance(a, Scalar)), (ONE, ONE))


def operands(m: Matrix, kind: type[Product] | type[Hadamard] | type[Plus]) -> tuple[Matrix, ...]:
    """The factors or terms of a node of that kind; of anything else itself."""
    return m.args if isinstance(m, kind) else (m,)


def parts(m: Matrix) -> tuple[Matrix, ...]:
    """The matrices directly below a node."""
    below = _BELOW.get(type(m))
    return below(m) if below else ()


# What stands directly below a node of each type; a type that is not here has nothing below it.
_BELOW: dict[type[Matrix], Callable[[Any], tuple[Matrix, ...]]] = {
    **dict.fromkeys((Product, Hadamard, Plus, Apply, Called, Beside), attrgetter("args")),
    **dict.fromkeys((Diag, Transpose, RowExtreme, NormSquared, Totals, Part, Added), lambda m: (m.arg,)),
    Power: lambda m: (m.base,),
    Chosen: lambda m: (m.labels,),
    Scale: attrgetter("factor", "arg"),
    Guard: attrgetter("then", "other"),
    Choose: attrgetter("a", "b", "then", "other"),
}
