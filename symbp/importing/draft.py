"""What is written before it has names: values, the expressions that make them, and the statements in their order.

An `Expr` is text with holes: for values, which get a name or are written out in place, and for sizes, which are known
once everything has been read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from symbp.core.integers import Poly
from symbp.importing.sizes import Shape

# How tightly a text binds, from what needs parentheses nearly everywhere to what needs none.
CHOICE, COMPARE, PLUS, TIMES, UNARY, POWER, ATOM = range(7)
# Which of the arrays of a loop is read: that of this turn, of the one before or after, of the first or last, or all.
HERE, BEFORE, AFTER, FIRST, LAST, WHOLE = "here", "before", "after", "first", "last", "whole"


@dataclass(eq=False, slots=True)
class Value:
    """A tensor of the network. An input has no definition; `loop` is the loop whose turns each have one of it."""

    shape: Shape
    kind: str
    hint: str = ""
    definition: Expr | None = None
    loop: Loop | None = None
    named: bool = False  # must it have a name of its own?
    source: Value | None = None  # of what is read out of a loop: the value of each turn
    turn: str = HERE


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """A value within a text, and how tightly its text must bind there."""

    value: Value
    needs: int = CHOICE


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """Text with holes."""

    parts: tuple[str | Poly | Hole | Loop, ...]
    level: int
    shape: Shape

    def holes(self) -> Iterable[Hole]:
        return (p for p in self.parts if isinstance(p, Hole))

    @property
    def is_zero(self) -> bool:
        """Is it zeros of some shape?"""
        return self.parts[0] in ("zeros(", "0")


@dataclass(frozen=True, slots=True, eq=False)
class Define:
    """A statement: one value, or as many as a function returns."""

    values: tuple[Value, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What a value is before the first turn of its loop, or after the last where the loop runs backward."""

    value: Value
    body: Expr


@dataclass(eq=False, slots=True)
class Loop:
    """A loop over a size; `backward` where its turns read the one after."""

    letter: str
    size: Poly
    body: list[Define] = field(default_factory=list)
    backward: bool = False


Statement = Define | Start | Loop


@dataclass(slots=True)
class Input:
    """An argument: Data, Param or Labels of so many classes; `path` is its attribute path in the module."""

    value: Value
    form: str
    path: str = ""
    classes: Poly | None = None
    absent: int | None = None  # what labels may be besides
    paths: tuple[str, ...] = ()  # of what is stacked: one for each turn of its loop


@dataclass(slots=True)
class Draft:
    """A whole network without names; `helpers` are the functions that it brings along."""

    inputs: list[Input] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    facts: list[tuple[Poly, Poly]] = field(default_factory=list)  # sizes of which the first is not the larger one
    result: Expr | None = None


Part = str | Poly | Hole | Loop  # a loop stands for its letter
Piece = Part | Value


def text(level: int, shape: Shape, *parts: Piece) -> Expr:
    """An expression of texts, sizes and values, a value binding as tightly as it stands alone."""
    return Expr(tuple(Hole(p) if isinstance(p, Value) else p for p in parts), level, shape)


def call(name: str, shape: Shape, *arguments: Piece, **options: object) -> Expr:
    """name(a, b, option=value)."""
    parts: list[Piece] = [f"{name}("]
    given: list[tuple[Piece, ...]] = [(a,) for a in arguments]
    given += [
        (f"{key}=", v) if isinstance(v, (Value, Poly, Hole)) else (f"{key}={spelt(v)}",) for key, v in options.items()
    ]
    for k, part in enumerate(given):
        parts += [", ", *part] if k else part
    return text(ATOM, shape, *parts, ")")


def after(value: Value, shape: Shape, *parts: Part) -> Expr:
    """A value with something behind it: x.T, x[:, 0]."""
    return text(ATOM, shape, Hole(value, ATOM), *parts)


def binary(sign: str, level: int, shape: Shape, a: Piece, b: Piece) -> Expr:
    """a + b; what stands on the right binds more tightly, but of a sum."""
    left = Hole(a, level) if isinstance(a, Value) else a
    right = Hole(b, level + (sign != "+")) if isinstance(b, Value) else b
    return text(level, shape, left, f" {sign} ", right)


def listed(sizes: Sequence[Poly | int]) -> list[Part]:
    """Sizes with commas before them."""
    parts: list[Part] = []
    for size in sizes:
        parts += [", ", Poly.of(size)]
    return parts


def spelt(value: object) -> str:
    """A number, or several, as they are written."""
    if isinstance(value, tuple):
        return f"({', '.join(map(spelt, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float):
        return _float(value)
    return repr(value)


def _float(value: float) -> str:
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return repr(value).replace("e+0", "e") if float(f"{value:g}") != value else f"{value:g}".replace("e+0", "e")


class Quoted(str):
    """A text as it is written in a file."""

    def __repr__(self) -> str:
        return f'"{self}"'
