"""Index expressions: the value of one entry of a tensor, as a tree.

An expression says what one entry is: `Sum((d,), x[n, d] * W[d, h]) + b[h]`. Its free indices own their ranges, so it
can be evaluated without any context. Nodes are immutable, compare by structure and keep the order in which they were
written; `core.canonical` says when two are the same up to order and the names of bound indices. Build them with
`core.build`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symbp.core.integers import Atom, Index, Node, Poly


class Expr(Node):
    """The value of one entry: a real number."""

    __slots__ = ()


class Cond(Node):
    """A condition: true or false."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Num(Expr):
    """An exact number; `1e-7` in a file is 1/10000000."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Pi(Expr):
    """The number pi."""


@dataclass(frozen=True, slots=True, eq=False)
class Int(Expr):
    """A size or an index used as a number: the N of `/ N`."""

    value: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Read(Expr, Atom):
    """An entry of a tensor: `W1[d, h]`. As an atom of a subscript it is an entry of an integer tensor."""

    tensor: str
    subs: tuple[Poly, ...] = ()

    @property
    def key(self) -> str:
        return f"3{self.tensor}[{','.join(s.key for s in self.subs)}]"

    def __str__(self) -> str:
        return f"{self.tensor}[{', '.join(map(str, self.subs))}]" if self.subs else self.tensor


@dataclass(frozen=True, slots=True, eq=False)
class Add(Expr):
    """A sum of at least two terms."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mul(Expr):
    """A product of at least two factors, its number first; a quotient is a factor with a negative power."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pow(Expr):
    """A power; a square root has the exponent 1/2."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Fn(Expr):
    """An elementary function (a row of `core/functions.py`) or, with `orders`, an unknown one.

    `orders` has one entry for each argument of an unknown function: how often it is differentiated by it.
    """

    name: str
    args: tuple[Expr, ...]
    orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Where(Expr):
    """`then` where the condition holds, else `other`; the branch not taken is not evaluated."""

    cond: Cond
    then: Expr
    other: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Expr):
    """Kronecker's delta of two integer expressions."""

    a: Poly
    b: Poly


@dataclass(frozen=True, slots=True, eq=False)
class Sum(Expr):
    """The sum of `body` over `indices`; the range of a later index may hold an earlier one."""

    indices: tuple[Index, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Extreme(Expr):
    """The largest or smallest value of `body` over `indices` (`kind` is "max" or "min") where `cond` holds."""

    kind: str
    indices: tuple[Index, ...]
    body: Expr
    cond: Cond


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Expr):
    """The local derivative: the entry `of` by the entry `by`, through the one equation that defines `of`."""

    of: Read
    by: Read


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Cond):
    """A comparison of two values; `op` is one of < <= > >= == !=."""

    op: str
    a: Expr
    b: Expr


@dataclass(frozen=True, slots=True, eq=False)
class And(Cond):
    """All of them; of none: true."""

    args: tuple[Cond, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Cond):
    """Any of them; of none: false."""

    args: tuple[Cond, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Cond):
    """Not that."""

    arg: Cond


@dataclass(frozen=True, slots=True, eq=False)
class First(Cond):
    """That `at` is where the extreme is first attained, in row-major order: k == argmax(z[n, k] for k in K).

    The extreme is the one of `kind` of `body` over `indices` where `cond` holds; `at` stands outside of it.
    """

    kind: str
    indices: tuple[Index, ...]
    body: Expr
    cond: Cond
    at: tuple[Poly, ...]


Binder = Sum | Extreme | First  # what binds indices
BINDERS: tuple[type[Binder], ...] = (Sum, Extreme, First)

TRUE = And(())
FALSE = Or(())
