r"""The blocks of a document as LaTeX: displays with reasons beside their lines, tables, the box, the picture.

Widths are estimated (`width`) and every line is broken to fit (`breaking`), so that nothing runs into the margin. A
reason stands on the right of its line, or below it where the line is too wide for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbp.core.expr import Cond, Expr
from symbp.core.integers import Index
from symbp.core.traverse import free_indices
from symbp.document.drawn import Drawing, Grids, Picture
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
    FigureGrid,
    Figures,
    Grid,
    MatrixSide,
    Moves,
    Notes,
    Numbers,
    Paragraph,
    Remark,
    Row,
    Side,
    Signs,
    Statement,
    Table,
    Updates,
)
from symbp.document.said import LineRange, Span
from symbp.document.tex.breaking import INDENT, lines
from symbp.document.tex.graph import drawing, grids, tikz
from symbp.document.tex.matrices import MatrixPrinter
from symbp.document.tex.pieces import ADD, Piece, Text, group
from symbp.document.tex.print import Printer
from symbp.document.tex.values import grid, moves, products, small_matrix
from symbp.document.tex.width import width
from symbp.document.tex.words import WordWriter, printed
from symbp.errors import MissingRule
from symbp.matrix.nodes import Named

# Points on a line of the page (170 mm are 483 points).
BESIDE, BELOW, BOXED = 300.0, 425.0, 330.0
WIDEST_LEFT = 150.0
INDEX_FORM, BOTH_FORMS, STACKED = 228.0, 350.0, 360.0
MOST_LINES = 2
BETWEEN = "\n\\pagebreak[0]\n"  # boxes, or parts of a table
FREE = " \\free"
HIGH = (
    ("\\substack", 30.0),
    ("\\begin{cases}", 18.0),
    ("\\sum", 14.0),
    ("\\frac", 10.0),
)  # points that it adds to a row
BOX_ROW, BOX_HEIGHT, TABLE_ROWS = 16.0, 560.0, 40


@dataclass(slots=True)
class _Line:
    """A line of a display: left of the equals sign, right of it, why, the number at its end."""

    left: str
    right: str
    why: str = ""
    tag: str = ""
    gap: str = ""
    stays: bool = False  # on the same page as the next
    free: bool = False  # a page may well end here


@dataclass(slots=True)
class Writer:
    """Sets blocks with the looks of one document."""

    printer: Printer
    words: WordWriter = field(init=False)
    matrices: MatrixPrinter = field(init=False)
    labels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.words = WordWriter(self.printer)
        self.matrices = MatrixPrinter(self.printer)

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
                return self._display(chains)
            case Definitions(rows):
                return self._definitions(rows)
            case Statement():
                return self._statement(block)
            case Table():
                return self._table(block)
            case Box(rows):
                return BETWEEN.join(map(self._box, self._boxes(rows)))
            case Updates(pairs):
                return self._updates(pairs)
            case Grids(tiles):
                return grids(tiles, self.matrices)
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
            case Grid(rows):
                return grid([[self.printer.tex(e) for e in row] for row in rows])
            case Figures(terms):
                return products(terms)
            case FigureGrid(rows):
                return grid([[products(terms).tex for terms in row] for row in rows])
        raise MissingRule(f"no rule sets {type(side).__name__}; extend symbp/document/tex/blocks.py")

    def _call(self, function: str, args: Sequence[Expr]) -> Text:
        inner = Text((Piece(", ".join(self.printer.tex(a) for a in args)),), ADD)
        inside = group(inner)
        return Text((Piece(self.printer.names.function(function) + inside.tex),), inside.level)

    # --- displays

    def _display(self, chains: Sequence[Chain]) -> str:
        """Reasons stand on the right; below a line that is too wide for that, which is laid over their column."""
        left = max(width(self.side(c.lhs).tex) for c in chains if not c.beside) + 16
        apart = left > WIDEST_LEFT
        room = BESIDE if any(row.why for c in chains for row in c.rows) else BELOW
        made: list[_Line] = []
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
        return _flalign(made, _beside)

    def _chain(self, chain: Chain, left: float, apart: bool, beside: float) -> list[_Line]:
        """The lines of a chain; a left side that is too long for its column stands `apart`, on a line of its own. There
        is room `beside` the column of reasons, or in its place where there is none.
        """
        result: list[_Line] = []
        for row in chain.rows:
            if row.beside and self._goes_on(result, row, (BESIDE if row.why else BELOW) - left):
                continue
            texts = lines(self.side(row.value).pieces, beside - left)
            below = (
                lines(self.side(row.value).pieces, BELOW - left) if len(texts) > 1 or "\\fit{" in texts[0] else texts
            )
            torn = len(below) == 1 and any(t.lstrip().startswith("\\cdot") for t in texts[1:])
            wide = torn or len(texts) > MOST_LINES or any("\\fit{" in t for t in texts)
            if wide:
                texts = below
            result += self._row(row, texts, wide, beside - left)
        head = self.side(chain.lhs).tex
        if apart:
            result.insert(0, _Line("", f"&\\mathrlap{{{head}}}", stays=True))
            for line in result[1:]:
                line.right = line.right.replace("&", "&\\quad", 1)
        else:
            result[0].left = head
        return result

    def _goes_on(self, made: list[_Line], row: Row, room: float) -> bool:
        """Put a right-hand side behind the one before it, if the last line of that has room for it."""
        tex = self.side(row.value).tex
        if not made or "\\mathrlap" in made[-1].right or width(made[-1].right) + width(tex) + INDENT > room:
            return False
        made[-1].right += f" = {tex}"
        made[-1].why = self.words.reason(row.why)
        made[-1].tag = self._tag(str(row.number), f"eq:{row.number}") if row.number is not None else ""
        return True

    def _stands_beside(self, line: _Line, chain: Chain, room: float) -> bool:
        """Put a chain of one row behind the last line of the one before, if that has room for it."""
        (row,) = chain.rows
        tex = f"\\qquad {self.side(chain.lhs).tex} = {self.side(row.value).tex}"
        if "\\mathrlap" in line.right or width(line.right) + width(tex) + INDENT > room:
            return False
        line.right += tex
        return True

    def _tag(self, number: str, key: str) -> str:
        """The number of a line; what refers to it leads to the first line that bears it."""
        label = "" if key in self.labels else f"\\label{{{key}}}"
        self.labels.add(key)
        return f" \\tag{{{number}}}{label}"

    def _row(self, row: Row, texts: list[str], wide: bool, room: float = 0.0) -> list[_Line]:
        """The lines of one right-hand side, on one page; its reason and its number stand at the last of them, or on a
        line of their own where that is too wide.
        """
        signs = ["= ", *["\\quad "] * (len(texts) - 1)]
        bodies = [f"{sign}{text}" for sign, text in zip(signs, texts, strict=True)]
        made = [_Line("", f"&\\mathrlap{{{{}}{b}}}" if wide else f"&{b}") for b in bodies]
        why = self.words.reason(row.why)
        if why and wide and width(texts[-1]) + INDENT * (len(texts) > 1) > room:
            made.append(_Line("", "&"))
        made[-1].why = why
        for line in made[:-1]:
            line.stays = True
        if row.number is not None:
            made[-1].tag = self._tag(str(row.number), f"eq:{row.number}")
        return made

    # --- forward equations

    def _definitions(self, rows: Sequence[Definition]) -> str:
        """Index form, matrix form, shape and number beside each other where they fit, else below each other."""
        narrow = [w for row in rows if row.called is None and (w := width(self._inline(row.index))) <= INDEX_FORM]
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
        whole = width(self._inline(row.whole)) if row.whole else 0.0
        shape = max(0.0, 0.8 * width(self._shape_of(row)) - 36)
        return width(self._inline(row.index)) <= INDEX_FORM and whole + shape <= room

    def _shape_of(self, row: Definition) -> str:
        """The shape, behind what the user calls it."""
        called = "" if row.called is None else f"\\text{{{self.words.tex(row.called)}}}\\quad "
        return called + self.words.shape(row.dims)

    def _inline(self, chain: Chain) -> str:
        return " = ".join([self.side(chain.lhs).tex, *(self.side(r.value).tex for r in chain.rows)])

    def _aligned(self, chain: Chain) -> str:
        rest = " = ".join(self.side(r.value).tex for r in chain.rows)
        return f"{self.side(chain.lhs).tex} &= {rest}"

    def _in_rows(self, rows: Sequence[Definition]) -> str:
        made = []
        for row in rows:
            whole = self._aligned(row.whole) if row.whole else "&"
            made.append(_Line(f"{self._aligned(row.index)} & {whole} &&", f"\\shape{{{self._shape_of(row)}}}"))
            made[-1].tag = self._tag(str(row.number), f"eq:{row.number}")
        return _flalign(made, lambda x: f"{x.left} {x.right}{x.tag}")

    def _stacked(self, row: Definition) -> str:
        chains = [row.index, *([row.whole] if row.whole else [])]
        left = max(width(self.side(c.lhs).tex) for c in chains) + 16
        called = 0.0 if row.called is None else 0.8 * width(self.words.tex(row.called))
        made = [line for c in chains for line in self._stacked_lines(c, STACKED - left - called)]
        made[0].why = self._shape_of(row)
        made[-1].tag = self._tag(str(row.number), f"eq:{row.number}")
        return _flalign(made, lambda x: f"{x.left} {x.right} &&" + (f" \\shape{{{x.why}}}" if x.why else "") + x.tag)

    def _stacked_lines(self, chain: Chain, room: float) -> list[_Line]:
        made: list[_Line] = []
        for row in chain.rows:
            made += self._row(row, lines(self.side(row.value).pieces, room), wide=False)
        made[0].left = self.side(chain.lhs).tex
        return made

    # --- the rest

    def _numbers(self, block: Numbers) -> str:
        """The head, and the arrays as running text, of which a line holds as many as it can."""
        made = (small_matrix(self.matrices.text(named).tex, rows, len(named.dims) == 1) for named, rows in block.arrays)
        return (
            f"{{\\apart\\lead{{{self.words.tex(block.head)}}} "
            + " \\hfil\\penalty0\\hfilneg\\quad\n".join(made)
            + "\\par}"
        )

    def _statement(self, block: Statement) -> str:
        if block.equality is not None:
            line = self._stacked_lines(block.equality, BESIDE)[0]
        else:
            line = _Line("", f"&{self.printer.tex(block.statement)}")
        line.tag = self._tag(block.label, f"fact:{block.label}")
        line.why = self._for_all(block.statement)
        return _flalign([line], _beside)

    def _for_all(self, statement: Cond) -> str:
        letters = [self.printer.names.indices[i.name] for i in free_indices(statement)]
        return self.words.said("fact.all", letters=f"${','.join(letters)}$") if letters else ""

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
        left = self.side(row.chain.lhs).tex
        texts = lines(self.side(row.chain.rows[0].value).pieces, BOXED - width(left) - 16)
        mark = "$\\blacktriangleright$" if row.gradient else ""
        key = f"eq:{row.number}"
        number = f"\\eqref{{{key}}}" if key in self.labels else ""  # what no path reaches has none
        place = self._place(row.lines) if row.lines else ""
        cost = "\\color{quiet}" + " + ".join(map(self.words.tex, row.cost)) if row.cost else ""
        indent = "\\quad" if row.inside else ""
        formula = f"{indent}\\tall{{$\\displaystyle {left} = {texts[0]}$}}"
        head = "" if row.head is None else f" & \\color{{quiet}}{self.words.tex(row.head)} & & & & \\\\\n"
        first = f"{mark} & {formula} & {self._shape(row)} & {cost} & {number} & {place}"
        rest = (f" \\\\\n & {indent}\\tall{{$\\displaystyle\\qquad {t}$}} & & & &" for t in texts[1:])
        return head + first + "".join(rest)

    def _place(self, lines: LineRange) -> str:
        count = lines.last - lines.first + 1
        return self.words.said("gradients.lines", count, lines=self.words.tex(lines))

    def _shape(self, row: BoxRow) -> str:
        return f"\\color{{quiet}}${self.words.shape(row.dims)}$"

    def _update(self, parameter: Named, gradient: Named, layer: Index | None) -> str:
        old, step = self.matrices.text(parameter).tex, self.matrices.text(gradient).tex
        update = f"${old} \\leftarrow {old} - \\eta\\,{step}$"
        if layer is None:
            return update
        return self.words.said("update.each", update=update, layer=self.words.tex(Span((layer,))))

    def _updates(self, pairs: Sequence[tuple[Named, Named, Index | None]]) -> str:
        cells = [self._update(*pair) for pair in pairs]
        wide = max(width(c) for c in cells)
        columns = max(1, min(4, int(440 // (wide + 30)), len(cells)))
        rows = [" & ".join(cells[k : k + columns]) for k in range(0, len(cells), columns)]
        body = " \\\\[2pt]\n".join(rows)
        align = "@{\\qquad}".join("l" * columns)
        table = f"\\begin{{tabular}}{{@{{}}{align}@{{}}}}\n{body}\n\\end{{tabular}}"
        return f"\\begin{{center}}\\atmost{{{table}}}\\end{{center}}"


def _beside(line: _Line) -> str:
    why = f" \\why{{{line.why}}}" if line.why else ""
    return f"{line.left} {line.right} &&{why}{line.tag}"


def _height(row: str) -> float:
    """About how high a row of the box is."""
    return BOX_ROW + next((more for sign, more in HIGH if sign in row), 0.0)


def _flalign(made: Sequence[_Line], text: object) -> str:
    assert callable(text)
    texts = [
        text(line) + (f"{FREE * line.free} \\\\{'*' * line.stays}{line.gap}\n" if k < len(made) - 1 else "")
        for k, line in enumerate(made)
    ]
    body = "".join(texts)
    return f"\\begin{{flalign*}}\n{body}\n\\end{{flalign*}}"
