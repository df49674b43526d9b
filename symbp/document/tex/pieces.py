"""Printed formulas in pieces: where a line may break, how tightly a text binds, how high its parentheses must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

ADD, MUL, POWER, ATOM = range(4)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a formula before which a line may break; `start` is put in front of it where it begins a line."""

    tex: str
    depth: int = 0
    start: str = ""


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A printed expression: its pieces, how tightly it binds, whether a minus leads it, how high it is (0 to 2).

    `open` is true where whatever is written behind it would be taken into it: a sum, a logarithm without parentheses.
    """

    pieces: Pieces
    level: int
    negative: bool = False
    height: int = 0
    open: bool = False

    @property
    def tex(self) -> str:
        return join(self.pieces)


def join(pieces: Sequence[Piece]) -> str:
    """The pieces on one line."""
    return "".join(p.tex for p in pieces)


def atom(tex: str, height: int = 0, level: int = ATOM) -> Text:
    """A text that is never broken."""
    return Text((Piece(tex),), level, height=height)


def group(text: Text, bracket: str = "(") -> Text:
    """In parentheses as high as the text."""
    size = ("", "\\Big", "\\bigg")[text.height]
    if not size and any(c in text.tex for c in "()^"):
        size = "\\big"
    left, right = (f"{size}l(", f"{size}r)") if size else ("(", ")")
    if bracket == "[":
        left, right = left.replace("(", "["), right.replace(")", "]")
    inner = [replace(p, depth=p.depth + 1) for p in text.pieces]
    inner[0] = replace(inner[0], tex=left + inner[0].tex)
    inner[-1] = replace(inner[-1], tex=inner[-1].tex + right)
    return Text(tuple(inner), ATOM, height=text.height)


def signed(text: Text, first: bool) -> Pieces:
    """A term of a sum with its sign; a line may break before it."""
    head, rest = text.pieces[0], text.pieces[1:]
    if first:
        return (replace(head, depth=0), *rest)
    if head.tex.startswith("-"):
        return (replace(head, tex=f" - {head.tex[1:]}", depth=0), *rest)
    return (replace(head, tex=f" + {head.tex}", depth=0), *rest)
