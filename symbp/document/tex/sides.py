"""The sides of an equality as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbp.core.expr import Expr
from symbp.document.model import CallSide, Chain, Entry, FigureGrid, Figures, Grid, MatrixSide, Side
from symbp.document.tex.matrices import MatrixPrinter
from symbp.document.tex.pieces import ADD, Piece, Text, group
from symbp.document.tex.print import Printer
from symbp.document.tex.values import grid, products
from symbp.errors import MissingRule


@dataclass(slots=True)
class SideWriter:
    """Sets one side of an equality, and several in a line."""

    printer: Printer
    matrices: MatrixPrinter = field(init=False)

    def __post_init__(self) -> None:
        self.matrices = MatrixPrinter(self.printer)

    def side(self, side: Side) -> Text:
        """The printed side of an equality."""
        match side:
            case Entry(node):
                return self.printer.text(node)
            case MatrixSide(matrix, _):
                return self.matrices.text(matrix)
            case CallSide(function, args, _):
                return self._call(function, args)
            case Grid(rows):
                return grid([[self.printer.tex(e) for e in row] for row in rows])
            case Figures(terms):
                return products(terms)
            case FigureGrid(rows):
                return grid([[products(terms).tex for terms in row] for row in rows])
        raise MissingRule(f"no rule sets {type(side).__name__}; extend symbp/document/tex/sides.py")

    def _call(self, function: str, args: Sequence[Expr]) -> Text:
        inner = Text((Piece(", ".join(self.printer.tex(a) for a in args)),), ADD)
        inside = group(inner)
        return Text((Piece(self.printer.names.function(function) + inside.tex),), inside.level)

    def inline(self, chain: Chain) -> str:
        """All of a chain in one line."""
        return " = ".join([self.side(chain.lhs).tex, *(self.side(r.value).tex for r in chain.rows)])

    def aligned(self, chain: Chain) -> str:
        """The same, with a tab at its first equals sign."""
        rest = " = ".join(self.side(r.value).tex for r in chain.rows)
        return f"{self.side(chain.lhs).tex} &= {rest}"
