r"""The blocks of a document as LaTeX: displays with reasons beside or below their lines, tables, the box, the
picture.

Widths are estimated (`width`) and every line is broken to fit (`breaking`), so that nothing runs into the margin. A
display is set with its reasons on the right where all its lines leave room for them, else with each reason below
its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbp.core.expr import Cond, Expr
from symbp.core.traverse import free_indices
from symbp.document.breaking import lines
from symbp.document.latex_graph import tikz
from symbp.document.latex_words import WordWriter
from symbp.document.matrices import MatrixPrinter
from symbp.document.model import (
    Block,
    Box,
    BoxRow,
    CallSide,
    Chain,
    Definition,
    Definitions,
    Display,
    Entry,
    MatrixSide,
    Paragraph,
    Picture,
    Side,
    Statement,
    Table,
    Updates,
)
from symbp.document.print import ADD, Piece, Printer, Text, group
from symbp.document.summary import line_range
from symbp.document.width import width
from symbp.errors import MissingRule

# Points on a line of the page (170 mm are 483 points).
BESIDE, BELOW, BOXED = 300.0, 425.0, 330.0
INDEX_FORM, BOTH_FORMS, STACKED = 228.0, 350.0, 360.0
MOST_LINES = 2
BOX_ROWS, TABLE_ROWS = 22, 40


@dataclass(slots=True)
class _Line:
    """A line of a display: left of the equals sign, right of it, why, the number at its end."""

    left: str
    right: str
    why: str = ""
    tag: str = ""
    gap: str = ""


@dataclass(slots=True)
class Writer:
    """Sets blocks with the looks of one document."""

    printer: Printer
    words: WordWriter = field(init=False)
    matrices: MatrixPrinter = field(init=False)

    def __post_init__(self) -> None:
        self.words = WordWriter(self.printer)
        self.matrices = MatrixPrinter(self.printer)

    def block(self, block: Block) -> str:
        """The LaTeX of a block."""
        match block:
            case Paragraph(words):
                return self.words.tex(words)
            case Display(chains):
                return self._display(chains)
            case Definitions(rows):
                return self._definitions(rows)
            case Statement():
                return self._statement(block)
            case Table():
                return self._table(block)
            case Box(rows):
                return "\n".join(self._box(rows[k : k + BOX_ROWS]) for k in range(0, len(rows), BOX_ROWS))
            case Updates(pairs):
                return self._updates(pairs)
            case Picture():
                return tikz(block, self.printer.names)
        raise MissingRule(f"no rule sets {type(block).__name__}; extend symbp/document/latex_blocks.py")

    # --- sides

    def side(self, side: Side) -> Text:
        """The printed side of an equality."""
        match side:
            case Entry(node):
                return self.printer.text(node)
            case MatrixSide(matrix, _):
                return self.matrices.text(matrix)
            case CallSide(function, args, _):
                return self._call(function, args)
        raise MissingRule(f"no rule sets {type(side).__name__}; extend symbp/document/latex_blocks.py")

    def _call(self, function: str, args: Sequence[Expr]) -> Text:
        inner = Text((Piece(", ".join(self.printer.tex(a) for a in args)),), ADD)
        inside = group(inner)
        return Text((Piece(self.printer.names.function(function) + inside.tex),), inside.level)

    # --- displays

    def _display(self, chains: Sequence[Chain]) -> str:
        left = max(width(self.side(c.lhs).tex) for c in chains) + 16
        beside = [self._lines(c, BESIDE - left) for c in chains]
        if all(len(row) <= MOST_LINES and _fits(row) for chain in beside for row in chain):
            return _flalign([line for chain in beside for row in chain for line in row], self._beside)
        below = [self._lines(c, BELOW - left) for c in chains]
        return _flalign([line for chain in below for row in chain for line in row], self._below)

    def _lines(self, chain: Chain, room: float) -> list[list[_Line]]:
        """The lines of each row of a chain."""
        result = []
        for k, row in enumerate(chain.rows):
            texts = lines(self.side(row.value).pieces, room)
            made = [_Line("", f"&\\quad {t}") for t in texts]
            made[0] = _Line(self.side(chain.lhs).tex if k == 0 else "", f"&= {texts[0]}", self.words.tex(row.why))
            if row.number is not None:
                made[-1].tag = _tag(str(row.number), f"eq:{row.number}")
            result.append(made)
        result[-1][-1].gap = "" if isinstance(chain.lhs, MatrixSide) else "[4pt]"
        return result

    def _beside(self, line: _Line) -> str:
        why = f" \\why{{{line.why}}}" if line.why else ""
        return f"{line.left} {line.right} &&{why}{line.tag}"

    def _below(self, line: _Line) -> str:
        text = f"{line.left} {line.right} &&{line.tag}"
        return text + (f"\\\\*\n&\\quad \\whybelow{{{line.why}}} &&" if line.why else "")

    # --- forward equations

    def _definitions(self, rows: Sequence[Definition]) -> str:
        """Index form, matrix form, shape and number beside each other where they fit, else below each other."""
        narrow = [w for row in rows if (w := width(self._inline(row.index))) <= INDEX_FORM]
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
        return "\n".join(parts)

    def _fits_in_row(self, row: Definition, room: float) -> bool:
        whole = width(self._inline(row.whole)) if row.whole else 0.0
        return width(self._inline(row.index)) <= INDEX_FORM and whole <= room and len(row.dims) <= 2

    def _inline(self, chain: Chain) -> str:
        return " = ".join([self.side(chain.lhs).tex, *(self.side(r.value).tex for r in chain.rows)])

    def _aligned(self, chain: Chain) -> str:
        rest = " = ".join(self.side(r.value).tex for r in chain.rows)
        return f"{self.side(chain.lhs).tex} &= {rest}"

    def _in_rows(self, rows: Sequence[Definition]) -> str:
        made = []
        for row in rows:
            whole = self._aligned(row.whole) if row.whole else "&"
            made.append(_Line(f"{self._aligned(row.index)} & {whole} &&", f"\\shape{{{self.words.shape(row.dims)}}}"))
            made[-1].tag = _tag(str(row.number), f"eq:{row.number}")
        return _flalign(made, lambda x: f"{x.left} {x.right}{x.tag}")

    def _stacked(self, row: Definition) -> str:
        chains = [row.index, *([row.whole] if row.whole else [])]
        left = max(width(self.side(c.lhs).tex) for c in chains) + 16
        made = [line for c in chains for row in self._lines(c, STACKED - left) for line in row]
        made[0].why = self.words.shape(row.dims)
        made[-1].tag = _tag(str(row.number), f"eq:{row.number}")
        return _flalign(made, lambda x: f"{x.left} {x.right} &&" + (f" \\shape{{{x.why}}}" if x.why else "") + x.tag)

    # --- the rest

    def _statement(self, block: Statement) -> str:
        if block.equality is not None:
            line = self._lines(block.equality, BESIDE)[0][0]
        else:
            line = _Line("", f"&{self.printer.tex(block.statement)}")
        line.tag = _tag(block.label, f"fact:{block.label}")
        line.why = _for_all(self.printer, block.statement)
        return _flalign([line], self._beside)

    def _table(self, block: Table) -> str:
        rows = [[self.words.tex(cell) for cell in row] for row in block.rows]
        size = -(-len(rows) // block.columns) if block.columns > 1 else len(rows)
        size = max(1, min(size, TABLE_ROWS))
        chunks = [rows[k : k + size] for k in range(0, len(rows), size)]
        groups = [chunks[k : k + block.columns] for k in range(0, len(chunks), block.columns)]
        return "\n".join(self._tabular(block, g) for g in groups)

    def _tabular(self, block: Table, chunks: Sequence[Sequence[Sequence[str]]]) -> str:
        """Chunks of a table side by side, each under the header."""
        empty = [""] * len(block.header)
        header = " & ".join([" & ".join(block.header)] * len(chunks))
        body = [" & ".join(" & ".join(c[k] if k < len(c) else empty) for c in chunks) for k in range(len(chunks[0]))]
        align = "@{\\qquad}".join([block.align] * len(chunks))
        rows = " \\\\\n".join(body)
        return (
            f"\\begin{{center}}\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n\\toprule {header} \\\\ \\midrule\n"
            f"{rows} \\\\ \\bottomrule\n\\end{{tabular}}\\end{{center}}"
        )

    def _box(self, rows: Sequence[BoxRow]) -> str:
        body = " \\\\[3pt]\n".join(self._box_row(row) for row in rows)
        return (
            "\\begin{center}\\setlength{\\fboxsep}{7pt}\\fbox{\\small\n"
            f"\\begin{{tabular}}{{@{{}}r@{{\\;}}l@{{\\qquad}}l@{{\\quad}}r@{{\\quad}}l@{{}}}}\n{body}\n\\end{{tabular}}"
            "}\\end{center}"
        )

    def _box_row(self, row: BoxRow) -> str:
        left = self.side(row.chain.lhs).tex
        texts = lines(self.side(row.chain.rows[0].value).pieces, BOXED - width(left) - 16)
        mark = "$\\blacktriangleright$" if row.gradient else ""
        number = f"\\eqref{{eq:{row.number}}}" if row.number is not None else ""
        place = f"lines {line_range(row.lines)}" if row.lines else ""
        first = f"{mark} & $\\displaystyle {left} = {texts[0]}$ & {self._shape(row)} & {number} & {place}"
        rest = (f" \\\\\n & $\\displaystyle\\qquad {t}$ & & &" for t in texts[1:])
        return first + "".join(rest)

    def _shape(self, row: BoxRow) -> str:
        return f"\\color{{quiet}}${self.words.shape(row.dims)}$"

    def _updates(self, pairs: Sequence[tuple[str, str]]) -> str:
        names = self.printer.names
        cells = [f"${names.whole(p)} \\leftarrow {names.whole(p)} - \\eta\\,{names.whole(g)}$" for p, g in pairs]
        wide = max(width(c) for c in cells)
        columns = max(1, min(4, int(440 // (wide + 30)), len(cells)))
        rows = [" & ".join(cells[k : k + columns]) for k in range(0, len(cells), columns)]
        body = " \\\\[2pt]\n".join(rows)
        align = "@{\\qquad}".join("l" * columns)
        return f"\\begin{{center}}\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n{body}\n\\end{{tabular}}\\end{{center}}"


def _flalign(made: Sequence[_Line], text: object) -> str:
    assert callable(text)
    texts = [text(line) + (f" \\\\{line.gap}\n" if k < len(made) - 1 else "") for k, line in enumerate(made)]
    body = "".join(texts)
    return f"\\begin{{flalign*}}\n{body}\n\\end{{flalign*}}"


def _tag(label: str, key: str) -> str:
    return f" \\tag{{{label}}}\\label{{{key}}}"


def _fits(row: Sequence[_Line]) -> bool:
    return not any("\\fit{" in line.right for line in row)


def _for_all(printer: Printer, statement: Cond) -> str:
    letters = [printer.names.indices[i.name] for i in free_indices(statement)]
    return f"for all ${','.join(letters)}$" if letters else ""
