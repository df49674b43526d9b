"""Long formulas over several lines, so that nothing runs into the margin.

Lines break before the pieces of least depth first: before the terms of a sum, then inside parentheses. What cannot
be broken and is too wide all the same is shrunk to fit, which no network of the project needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbp.document.pieces import Piece, join
from symbp.document.width import width

INDENT = 20.0


def lines(pieces: Sequence[Piece], room: float) -> list[str]:
    """The formula in lines of at most `room` points; every line but the first is to be indented by INDENT."""
    rows = _fill(list(pieces), room, room - INDENT)
    return [_text(row, k, room - (INDENT if k else 0)) for k, row in enumerate(rows)]


def _text(row: list[Piece], k: int, room: float) -> str:
    tex = (row[0].start if k else "") + join(row)
    return tex if width(tex) <= room else f"\\fit{{{room:.0f}pt}}{{{tex}}}"


def _fill(pieces: list[Piece], first: float, other: float) -> list[list[Piece]]:
    """Greedy: as many groups of least depth on a line as fit; a group that fits on no line is broken inside."""
    if _wide(pieces) <= first or len(pieces) == 1:
        return [pieces]
    rows: list[list[Piece]] = []
    for group in _groups(pieces):
        room = other if rows else first
        if rows and _wide([*rows[-1], *group]) <= (other if len(rows) > 1 else first):
            rows[-1].extend(group)
        elif _wide(group) <= (other if rows else room):
            rows.append(list(group))
        else:
            rows.extend(_fill(list(group), other if rows else first, other))
    return rows


def _groups(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces cut before those of the least depth that occurs after the first."""
    least = min(p.depth for p in pieces[1:])
    groups: list[list[Piece]] = [[pieces[0]]]
    for p in pieces[1:]:
        if p.depth == least:
            groups.append([p])
        else:
            groups[-1].append(p)
    return groups


def _wide(pieces: Sequence[Piece]) -> float:
    return width(join(pieces))
