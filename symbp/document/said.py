"""What is said, as data: the name of a sentence of a language, and the formulas and references that stand in its slots.

Nothing here is a word of any language: those stand in `words`, from where a writer takes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbp.core.expr import Cond, Expr
from symbp.core.integers import Index, Poly
from symbp.escape import Prose
from symbp.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Math:
    """A formula without an equals sign, in running text."""

    node: Expr | Cond


@dataclass(frozen=True, slots=True)
class Arrow:
    """m -> n."""

    old: Expr
    new: Expr


@dataclass(frozen=True, slots=True)
class Letter:
    """An index letter, a size or an unknown function by its name; `kind` says which."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A tensor as a whole, by its name: a bold letter."""

    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """An adjoint in a notation that may be another than the document's."""

    adjoint: str
    notation: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a user calls something, perhaps in several languages; its `meaning` is what is said of it behind a colon, a
    `line` the first of a docstring.
    """

    words: Prose
    what: str = "name"


@dataclass(frozen=True, slots=True)
class Span:
    """The range of index letters: n, m < N."""

    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Spelt:
    """An extent that has a letter of its own, spelt out."""

    extent: Poly


@dataclass(frozen=True, slots=True)
class Shape:
    """N x K."""

    dims: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A number times extents: 2NHK."""

    extents: tuple[Poly, ...]
    number: int = 1


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a numbered equation."""

    number: int


@dataclass(frozen=True, slots=True)
class FactRef:
    """A reference to a fact by its label."""

    label: str


@dataclass(frozen=True, slots=True)
class Code:
    """A name as it is in the file and the module."""

    text: str


@dataclass(frozen=True, slots=True)
class LineRange:
    """A line of the module, or several: 46-50."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in figures."""

    value: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number of an example, rounded to so many decimals."""

    value: float
    decimals: int = 3


@dataclass(frozen=True, slots=True)
class Count:
    """A number in a sentence, as a word where the language has one."""

    value: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A power of ten that an error stayed below."""

    value: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A matrix in running text."""

    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence or a phrase by its name in `words`, and what stands in its slots; one that agrees with a number has
    its `count`.
    """

    name: str
    slots: tuple[tuple[str, Part | Listed], ...] = ()
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Parts that the language joins, as it does for a `kind` of list."""

    kind: str
    parts: tuple[Part, ...]


Part = (
    Said
    | Math
    | Arrow
    | Letter
    | Whole
    | Noted
    | Quoted
    | Span
    | Spelt
    | Shape
    | Product
    | Ref
    | FactRef
    | Code
    | LineRange
    | Figure
    | Number
    | Count
    | Bound
    | Slice
)
Words = tuple[Part, ...]  # one thing said after the other: sentences, or the clauses of a reason


def said(name: str, count: int | None = None, /, **slots: Part | Listed) -> Said:
    """A sentence with its slots; with a `count`, in the form that agrees with that, where a language has several."""
    return Said(name, tuple(slots.items()), count)


def listed(parts: Iterable[Part]) -> Listed:
    """a, b and c."""
    return Listed("and", tuple(parts))
