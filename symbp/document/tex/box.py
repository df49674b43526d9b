"""The box of all that a backward pass computes, and the update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.core.integers import Index
from symbp.document.model import BoxRow, Updates
from symbp.document.said import LineRange, Span
from symbp.document.tex.breaking import lines
from symbp.document.tex.displays import DisplayWriter
from symbp.document.tex.width import width
from symbp.matrix.nodes import Named

BOXED = 330.0  # points for a formula in the box
BOX_ROW, BOX_HEIGHT = 16.0, 560.0
HIGH = (
    ("\\substack", 30.0),
    ("\\begin{cases}", 18.0),
    ("\\sum", 14.0),
    ("\\frac", 10.0),
)  # points that it adds to a row


@dataclass(slots=True)
class BoxWriter:
    """Sets the box and the update; a number leads to the display that has it."""

    displays: DisplayWriter

    def boxes(self, rows: Sequence[BoxRow]) -> list[str]:
        """The box, or several where it is longer than a page."""
        return [self._box(texts) for texts in self._boxes(rows)]

    def _boxes(self, rows: Sequence[BoxRow]) -> list[list[str]]:
        """The rows in boxes that each fit on a page, evenly filled; of several one more, for the rest of a page."""
        texts = [self._box_row(row) for row in rows]
        heights = [sum(map(_height, text.split("\\\\\n"))) for text in texts]
        parts = -(-sum(heights) // BOX_HEIGHT)
        most = sum(heights) / (parts + (parts > 1)) + 2 * BOX_ROW if texts else 0.0
        boxes: list[list[str]] = [[]]
        filled = 0.0
        for text, height in zip(texts, heights, strict=True):
            if boxes[-1] and filled + height > most:
                boxes.append([])
                filled = 0.0
            boxes[-1].append(text)
            filled += height
        return boxes

    def _box(self, rows: Sequence[str]) -> str:
        body = " \\\\\n".join(rows)
        return (
            "\\begin{center}\\setlength{\\fboxsep}{7pt}\\atmost{\\fbox{\\small\n"
            f"\\begin{{tabular}}{{@{{}}r@{{\\;}}l@{{\\qquad}}l@{{\\quad}}l@{{\\quad}}r@{{\\quad}}l@{{}}}}\n{body}\n\\end{{tabular}}"
            "}}\\end{center}"
        )

    def _box_row(self, row: BoxRow) -> str:
        left = self.displays.sides.side(row.chain.lhs).tex
        texts = lines(self.displays.sides.side(row.chain.rows[0].value).pieces, BOXED - width(left) - 16)
        mark = "$\\blacktriangleright$" if row.gradient else ""
        key = f"eq:{row.number}"
        number = f"\\eqref{{{key}}}" if key in self.displays.labels else ""  # what no path reaches has none
        place = self._place(row.lines) if row.lines else ""
        cost = "\\color{quiet}" + " + ".join(map(self.displays.words.tex, row.cost)) if row.cost else ""
        indent = "\\quad" if row.inside else ""
        formula = f"{indent}\\tall{{$\\displaystyle {left} = {texts[0]}$}}"
        head = "" if row.head is None else f" & \\color{{quiet}}{self.displays.words.tex(row.head)} & & & & \\\\\n"
        first = f"{mark} & {formula} & {self._shape(row)} & {cost} & {number} & {place}"
        rest = (f" \\\\\n & {indent}\\tall{{$\\displaystyle\\qquad {t}$}} & & & &" for t in texts[1:])
        return head + first + "".join(rest)

    def _place(self, lines: LineRange) -> str:
        count = lines.last - lines.first + 1
        return self.displays.words.said("gradients.lines", count, lines=self.displays.words.tex(lines))

    def _shape(self, row: BoxRow) -> str:
        return f"\\color{{quiet}}${self.displays.words.shape(row.dims)}$"

    def _update(self, parameter: Named, gradient: Named, layer: Index | None) -> str:
        old, step = self.displays.sides.matrices.text(parameter).tex, self.displays.sides.matrices.text(gradient).tex
        update = f"${old} \\leftarrow {old} - \\eta\\,{step}$"
        if layer is None:
            return update
        return self.displays.words.said("update.each", update=update, layer=self.displays.words.tex(Span((layer,))))

    def updates(self, block: Updates) -> str:
        """A step of gradient descent, parameter by parameter."""
        cells = [self._update(*pair) for pair in block.pairs]
        wide = max(width(c) for c in cells)
        columns = max(1, min(4, int(440 // (wide + 30)), len(cells)))
        rows = [" & ".join(cells[k : k + columns]) for k in range(0, len(cells), columns)]
        body = " \\\\[2pt]\n".join(rows)
        align = "@{\\qquad}".join("l" * columns)
        table = f"\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n{body}\n\\end{{tabular}}"
        return f"{self.displays.words.sentences(block.words)}\n\\begin{{center}}\\atmost{{{table}}}\\end{{center}}"


def _height(row: str) -> float:
    """About how high a row of the box is."""
    return BOX_ROW + next((more for sign, more in HIGH if sign in row), 0.0)
