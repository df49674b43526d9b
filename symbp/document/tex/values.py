"""Numbers of an example as LaTeX: small matrices beside each other, as many as a line holds."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.document.tex.numbers import in_decimals


def small_matrix(name: str, rows: Sequence[Sequence[float]], transposed: bool) -> str:
    """`Z = [...]` in running text; a number without brackets; a vector, which is a column, as a row with a T."""
    if len(rows) == len(rows[0]) == 1:
        return f"${name} = {in_decimals(rows[0][0])}$"
    body = " \\\\ ".join(" &\\: ".join(map(in_decimals, row)) for row in rows)
    top = "^{\\top}" if transposed else ""
    return f"${name} = \\values{{{body}}}{top}$"
