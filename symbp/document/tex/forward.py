"""The forward equations and the facts about the data: index form, matrix form and shape beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.core.expr import Cond
from symbp.core.traverse import free_indices
from symbp.document.model import Chain, Definition, Statement
from symbp.document.tex.breaking import lines
from symbp.document.tex.displays import BESIDE, DisplayWriter, Line, beside, flalign
from symbp.document.tex.width import width

# Points on a line of the page.
INDEX_FORM, BOTH_FORMS, STACKED = 228.0, 350.0, 360.0


@dataclass(slots=True)
class ForwardWriter:
    """Sets definitions and facts."""

    displays: DisplayWriter

    def definitions(self, rows: Sequence[Definition]) -> str:
        """Index form, matrix form, shape and number beside each other where they fit, else below each other."""
        narrow = [
            w
            for row in rows
            if row.called is None and (w := width(self.displays.sides.inline(row.index))) <= INDEX_FORM
        ]
        room = BOTH_FORMS - max(narrow, default=0.0)
        parts: list[str] = []
        run: list[Definition] = []
        for row in rows:
            if self._fits_in_row(row, room):
                run.append(row)
                continue
            parts += [self._in_rows(run)] if run else []
            parts.append(self._stacked(row))
            run = []
        parts += [self._in_rows(run)] if run else []
        return "\n".join([*parts[:1], *(f"\\begingroup\\closer\n{p}\n\\endgroup" for p in parts[1:])])

    def _fits_in_row(self, row: Definition, room: float) -> bool:
        if row.called is not None:  # whose width is another in each language
            return False
        whole = width(self.displays.sides.inline(row.whole)) if row.whole else 0.0
        shape = max(0.0, 0.8 * width(self._shape_of(row)) - 36)
        return width(self.displays.sides.inline(row.index)) <= INDEX_FORM and whole + shape <= room

    def _shape_of(self, row: Definition) -> str:
        """The shape, behind what the user calls it."""
        called = "" if row.called is None else f"\\text{{{self.displays.words.tex(row.called)}}}\\quad "
        return called + self.displays.words.shape(row.dims)

    def _in_rows(self, rows: Sequence[Definition]) -> str:
        made = []
        for row in rows:
            whole = self.displays.sides.aligned(row.whole) if row.whole else "&"
            made.append(
                Line(f"{self.displays.sides.aligned(row.index)} & {whole} &&", f"\\shape{{{self._shape_of(row)}}}")
            )
            made[-1].tag = self.displays.tag(str(row.number), f"eq:{row.number}")
        return flalign(made, lambda x: f"{x.left} {x.right}{x.tag}")

    def _stacked(self, row: Definition) -> str:
        chains = [row.index, *([row.whole] if row.whole else [])]
        left = max(width(self.displays.sides.side(c.lhs).tex) for c in chains) + 16
        called = 0.0 if row.called is None else 0.8 * width(self.displays.words.tex(row.called))
        made = [line for c in chains for line in self._stacked_lines(c, STACKED - left - called)]
        made[0].why = self._shape_of(row)
        made[-1].tag = self.displays.tag(str(row.number), f"eq:{row.number}")
        return flalign(made, lambda x: f"{x.left} {x.right} &&" + (f" \\shape{{{x.why}}}" if x.why else "") + x.tag)

    def _stacked_lines(self, chain: Chain, room: float) -> list[Line]:
        made: list[Line] = []
        for row in chain.rows:
            made += self.displays.row(row, lines(self.displays.sides.side(row.value).pieces, room), wide=False)
        made[0].left = self.displays.sides.side(chain.lhs).tex
        return made

    def statement(self, block: Statement) -> str:
        """A fact, with its label."""
        if block.equality is not None:
            line = self._stacked_lines(block.equality, BESIDE)[0]
        else:
            line = Line("", f"&{self.displays.sides.printer.tex(block.statement)}")
        line.tag = self.displays.tag(block.label, f"fact:{block.label}")
        line.why = self._for_all(block.statement)
        return flalign([line], beside)

    def _for_all(self, statement: Cond) -> str:
        letters = [self.displays.sides.printer.names.indices[i.name] for i in free_indices(statement)]
        return self.displays.words.said("fact.all", letters=f"${','.join(letters)}$") if letters else ""
