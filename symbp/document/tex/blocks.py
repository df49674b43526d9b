"""The blocks of a document as LaTeX, each by the file that sets its kind; text, tables and numbers here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbp.document.drawn import Drawing, Grids, Picture
from symbp.document.model import (
    Block,
    Box,
    Definitions,
    Display,
    Moves,
    Notes,
    Numbers,
    Paragraph,
    Remark,
    Signs,
    Statement,
    Table,
    Updates,
)
from symbp.document.tex.box import BoxWriter
from symbp.document.tex.displays import DisplayWriter
from symbp.document.tex.forward import ForwardWriter
from symbp.document.tex.graph import drawing, grids, tikz
from symbp.document.tex.print import Printer
from symbp.document.tex.sides import SideWriter
from symbp.document.tex.values import moves, small_matrix
from symbp.document.tex.words import WordWriter, printed
from symbp.errors import MissingRule

BETWEEN = "\n\\pagebreak[0]\n"  # boxes, or parts of a table
TABLE_ROWS = 40


@dataclass(slots=True)
class Writer:
    """Sets blocks with the looks of one document."""

    printer: Printer
    words: WordWriter = field(init=False)
    sides: SideWriter = field(init=False)
    displays: DisplayWriter = field(init=False)

    def __post_init__(self) -> None:
        self.words = WordWriter(self.printer)
        self.sides = SideWriter(self.printer)
        self.displays = DisplayWriter(self.sides, self.words)

    def block(self, block: Block) -> str:
        """The LaTeX of a block."""
        match block:
            case Paragraph(words):
                return self.words.sentences(words)
            case Notes(sentences):
                return self.words.notes(sentences)
            case Remark(head, words):
                return f"\\lead{{{self.words.tex(head)}}} {self.words.sentences(words)}\\par"
            case Numbers():
                return self._numbers(block)
            case Signs():
                return ""  # set by `signs`, when all else is printed
            case Display(chains):
                return self.displays.display(chains)
            case Definitions(rows):
                return ForwardWriter(self.displays).definitions(rows)
            case Statement():
                return ForwardWriter(self.displays).statement(block)
            case Table():
                return self._table(block)
            case Box(rows):
                return BETWEEN.join(BoxWriter(self.displays).boxes(rows))
            case Updates():
                return BoxWriter(self.displays).updates(block)
            case Grids(tiles):
                return grids(tiles, self.sides.matrices)
            case Drawing():
                return drawing(block, self.words)
            case Moves():
                return moves(block, self.printer)
            case Picture():
                return tikz(block, self.printer)
        raise MissingRule(f"no rule sets {type(block).__name__}; extend symbp/document/tex/blocks.py")

    def signs(self, block: Signs, tex: str) -> str:
        """The sentences on the signs that a text has."""
        notation = self.printer.names.notation
        own = ((sign, words) for sign, words in block.sentences if sign.partition(".")[2] in ("", notation))
        return self.words.sentences(tuple(words for sign, words in own if printed(sign, tex)))

    def _numbers(self, block: Numbers) -> str:
        """The head, and the arrays as running text, of which a line holds as many as it can."""
        made = (
            small_matrix(self.sides.matrices.text(named).tex, rows, len(named.dims) == 1)
            for named, rows in block.arrays
        )
        return (
            f"{{\\apart\\lead{{{self.words.tex(block.head)}}} "
            + " \\hfil\\penalty0\\hfilneg\\quad\n".join(made)
            + "\\par}"
        )

    def _table(self, block: Table) -> str:
        rows = [[self.words.tex(cell) if cell else "" for cell in row] for row in block.rows]
        size = -(-len(rows) // block.columns) if block.columns > 1 else len(rows)
        size = max(1, min(size, TABLE_ROWS))
        chunks = [rows[k : k + size] for k in range(0, len(rows), size)]
        groups = [chunks[k : k + block.columns] for k in range(0, len(chunks), block.columns)]
        return BETWEEN.join(self._tabular(block, g) for g in groups)

    def _tabular(self, block: Table, chunks: Sequence[Sequence[Sequence[str]]]) -> str:
        """Chunks of a table side by side, each under the header."""
        empty = [""] * len(block.header)
        header = " & ".join([" & ".join(map(self.words.tex, block.header))] * len(chunks))
        body = [" & ".join(" & ".join(c[k] if k < len(c) else empty) for c in chunks) for k in range(len(chunks[0]))]
        align = "@{\\qquad}".join([block.align] * len(chunks))
        rows = " \\\\\n".join(body)
        return (
            f"\\begin{{center}}\\atmost{{\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n\\toprule {header} \\\\ \\midrule\n"
            f"{rows} \\\\ \\bottomrule\n\\end{{tabular}}}}\\end{{center}}"
        )
