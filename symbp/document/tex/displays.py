"""Displays: chains of equalities aligned at their equals signs, each line with its reason and its number.

Widths are estimated (`width`) and every line is broken to fit (`breaking`), so that nothing runs into the margin. A
reason stands on the right of its line, or below it where the line is too wide for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from symbp.document.model import Chain, MatrixSide, Row
from symbp.document.tex.breaking import INDENT, lines
from symbp.document.tex.sides import SideWriter
from symbp.document.tex.width import width
from symbp.document.tex.words import WordWriter

# Points on a line of the page (170 mm are 483 points).
BESIDE, BELOW = 300.0, 425.0
WIDEST_LEFT = 150.0
MOST_LINES = 2
FREE = " \\free"


@dataclass(slots=True)
class Line:
    """A line of a display: left of the equals sign, right of it, why, the number at its end."""

    left: str
    right: str
    why: str = ""
    tag: str = ""
    gap: str = ""
    stays: bool = False  # on the same page as the next
    free: bool = False  # a page may well end here


@dataclass(slots=True)
class DisplayWriter:
    """Sets displays; the first line with a number is what refers to it leads to."""

    sides: SideWriter
    words: WordWriter
    labels: set[str] = field(default_factory=set)

    def display(self, chains: Sequence[Chain]) -> str:
        """Reasons stand on the right; below a line that is too wide for that, which is laid over their column."""
        left = max(width(self.sides.side(c.lhs).tex) for c in chains if not c.beside) + 16
        apart = left > WIDEST_LEFT
        room = BESIDE if any(row.why for c in chains for row in c.rows) else BELOW
        made: list[Line] = []
        for c in chains:
            if c.beside and made and self._stands_beside(made[-1], c, room - left):
                continue
            if made:
                whole = isinstance(c.lhs, MatrixSide)
                made[-1].gap, made[-1].stays, made[-1].free = "" if whole else "[4pt]", whole, not whole
            made += self._chain(c, 36.0 if apart else left, apart, room)
        made[0].stays = True
        if not any(line.tag for line in made):
            made[-1].tag = " \\unnumbered"
        return flalign(made, beside)

    def _chain(self, chain: Chain, left: float, apart: bool, beside: float) -> list[Line]:
        """The lines of a chain; a left side that is too long for its column stands `apart`, on a line of its own. There
        is room `beside` the column of reasons, or in its place where there is none.
        """
        result: list[Line] = []
        for row in chain.rows:
            if row.beside and self._goes_on(result, row, (BESIDE if row.why else BELOW) - left):
                continue
            texts = lines(self.sides.side(row.value).pieces, beside - left)
            below = (
                lines(self.sides.side(row.value).pieces, BELOW - left)
                if len(texts) > 1 or "\\fit{" in texts[0]
                else texts
            )
            torn = len(below) == 1 and any(t.lstrip().startswith("\\cdot") for t in texts[1:])
            wide = torn or len(texts) > MOST_LINES or any("\\fit{" in t for t in texts)
            if wide:
                texts = below
            result += self.row(row, texts, wide, beside - left)
        head = self.sides.side(chain.lhs).tex
        if apart:
            result.insert(0, Line("", f"&\\mathrlap{{{head}}}", stays=True))
            for line in result[1:]:
                line.right = line.right.replace("&", "&\\quad", 1)
        else:
            result[0].left = head
        return result

    def _goes_on(self, made: list[Line], row: Row, room: float) -> bool:
        """Put a right-hand side behind the one before it, if the last line of that has room for it."""
        tex = self.sides.side(row.value).tex
        if not made or "\\mathrlap" in made[-1].right or width(made[-1].right) + width(tex) + INDENT > room:
            return False
        made[-1].right += f" = {tex}"
        made[-1].why = self.words.reason(row.why)
        made[-1].tag = self.tag(str(row.number), f"eq:{row.number}") if row.number is not None else ""
        return True

    def _stands_beside(self, line: Line, chain: Chain, room: float) -> bool:
        """Put a chain of one row behind the last line of the one before, if that has room for it."""
        (row,) = chain.rows
        tex = f"\\qquad {self.sides.side(chain.lhs).tex} = {self.sides.side(row.value).tex}"
        if "\\mathrlap" in line.right or width(line.right) + width(tex) + INDENT > room:
            return False
        line.right += tex
        return True

    def tag(self, number: str, key: str) -> str:
        """The number of a line; what refers to it leads to the first line that bears it."""
        label = "" if key in self.labels else f"\\label{{{key}}}"
        self.labels.add(key)
        return f" \\tag{{{number}}}{label}"

    def row(self, row: Row, texts: list[str], wide: bool, room: float = 0.0) -> list[Line]:
        """The lines of one right-hand side, on one page; its reason and its number stand at the last of them, or on a
        line of their own where that is too wide.
        """
        signs = ["= ", *["\\quad "] * (len(texts) - 1)]
        bodies = [f"{sign}{text}" for sign, text in zip(signs, texts, strict=True)]
        made = [Line("", f"&\\mathrlap{{{{}}{b}}}" if wide else f"&{b}") for b in bodies]
        why = self.words.reason(row.why)
        if why and wide and width(texts[-1]) + INDENT * (len(texts) > 1) > room:
            made.append(Line("", "&"))
        made[-1].why = why
        for line in made[:-1]:
            line.stays = True
        if row.number is not None:
            made[-1].tag = self.tag(str(row.number), f"eq:{row.number}")
        return made


def beside(line: Line) -> str:
    """A line with its reason and its number."""
    why = f" \\why{{{line.why}}}" if line.why else ""
    return f"{line.left} {line.right} &&{why}{line.tag}"


def flalign(made: Sequence[Line], text: Callable[[Line], str]) -> str:
    """Lines below each other."""
    texts = [
        text(line) + (f"{FREE * line.free} \\\\{'*' * line.stays}{line.gap}\n" if k < len(made) - 1 else "")
        for k, line in enumerate(made)
    ]
    body = "".join(texts)
    return f"\\begin{{flalign*}}\n{body}\n\\end{{flalign*}}"
