"""Numbers of an example as LaTeX, and matrices of which every entry is written out."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.document.model import Moves, Terms
from symbp.document.tex.numbers import in_decimals
from symbp.document.tex.pieces import ADD, ATOM, Piece, Text, atom
from symbp.document.tex.print import Printer
from symbp.document.tex.width import width

FRACTION = "\\frac"
WIDEST = 450.0  # points of a line


def small_matrix(name: str, rows: Sequence[Sequence[float]], transposed: bool) -> str:
    """`Z = [...]` in running text; a number without brackets; a vector, which is a column, as a row with a T."""
    if len(rows) == len(rows[0]) == 1:
        return f"${name} = {in_decimals(rows[0][0])}$"
    body = " \\\\ ".join(" &\\: ".join(map(in_decimals, row)) for row in rows)
    top = "^{\\top}" if transposed else ""
    return f"${name} = \\values{{{body}}}{top}$"


def products(terms: Terms) -> Text:
    """.3 \\cdot (-.14) - .2 \\cdot .5: the sign of a product's first number is that of the product."""
    pieces: list[Piece] = []
    for k, term in enumerate(terms):
        first, *others = map(in_decimals, term)
        negative = first.startswith("-")
        sign = ("-" if negative else "") if k == 0 else (" - " if negative else " + ")
        factors = [first.removeprefix("-"), *(f"({f})" if f.startswith("-") else f for f in others)]
        pieces.append(Piece(sign + " \\cdot ".join(factors)))
    return Text(tuple(pieces), ADD if len(pieces) > 1 else ATOM, pieces[0].tex.startswith("-"))


def grid(rows: Sequence[Sequence[str]]) -> Text:
    """A matrix, with air between rows of fractions."""
    high = any(FRACTION in cell for row in rows for cell in row)
    cells = [[f"\\displaystyle {cell}" if high else cell for cell in row] for row in rows]
    body = f" \\\\{'[12pt]' if high else '[2pt]'} ".join(" & ".join(row) for row in cells)
    return atom(f"\\begin{{bmatrix}}{body}\\end{{bmatrix}}", 2)


def moves(block: Moves, printer: Printer) -> str:
    """Weights less the learning rate times their adjoints: as entries, as numbers, and what becomes of them."""
    body = " \\\\\n".join(_move(*g, block.rate, printer) for g in block.grids)
    return f"\\begin{{gather*}}\n{body}\n\\end{{gather*}}"


def _move(
    weights: Sequence[Sequence[object]],
    adjoints: Sequence[Sequence[object]],
    old: Sequence[Sequence[float]],
    slopes: Sequence[Sequence[float]],
    rate: float,
    printer: Printer,
) -> str:
    names = [
        [f"{printer.tex(w)} - \\eta\\,{printer.tex(a)}" for w, a in zip(*pair, strict=True)]  # type: ignore[arg-type]
        for pair in zip(weights, adjoints, strict=True)
    ]
    new = [[w - rate * s for w, s in zip(*pair, strict=True)] for pair in zip(old, slopes, strict=True)]
    before, slope, after = (_figures(rows) for rows in (old, slopes, new))
    step = in_decimals(rate)
    single = len(names) == len(names[0]) == 1
    left = names[0][0] if single else grid(names).tex
    times = f" \\cdot ({slope})" if slope.startswith("-") else f" \\cdot {slope}" if single else slope
    right = f"{before} - {step}{times} = {after}"
    return f"{left} = {right}" if width(left + right) < WIDEST else f"{left} \\\\\n= {right}"


def _figures(rows: Sequence[Sequence[float]]) -> str:
    if len(rows) == len(rows[0]) == 1:
        return in_decimals(rows[0][0], 4)
    return grid([[in_decimals(v, 4) for v in row] for row in rows]).tex
