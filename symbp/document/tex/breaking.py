"""Long formulas over several lines, so that nothing runs into the margin.

Lines break before the pieces of least depth first: before the terms of a sum, then inside parentheses. What cannot
be broken and is too wide all the same is shrunk to fit, which no network of the project needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symbp.document.tex.pieces import Piece, join
from symbp.document.tex.width import width

INDENT = 20.0
LONE = 60.0  # points: what is shorter is no line by itself, if it is not a term of a sum
SHORT = 115.0  # points: a bracket of a condition, which stays with what it stands before
NEVER = 99  # the depth of a place where no line breaks
NARROWER = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)


def lines(pieces: Sequence[Piece], room: float) -> list[str]:
    """The formula in lines of at most `room` points; every line but the first is to be indented by INDENT."""
    rows = _even(list(pieces), room)
    return [_text(row, k, room - (INDENT if k else 0)) for k, row in enumerate(rows)]


def _text(row: list[Piece], k: int, room: float) -> str:
    tex = (row[0].start if k else "") + join(row)
    return tex if width(tex) <= room else f"\\fit{{{room:.0f}pt}}{{{tex}}}"


def _even(pieces: list[Piece], room: float) -> list[list[Piece]]:
    """The lines; where the last would be a lone factor, the ones before it give it some of theirs."""
    rows = _fill(pieces, room, room - INDENT)
    for part in NARROWER if _lone(rows[-1]) and len(rows) > 1 else ():
        tried = _fill(pieces, part * room, part * room - INDENT)
        if len(tried) == len(rows) and not _lone(tried[-1]):
            return tried
    return rows


def _lone(row: list[Piece]) -> bool:
    """Is it one short factor?"""
    return _wide(row) < LONE and not row[0].tex.lstrip().startswith(("+", "-"))


def _fill(pieces: list[Piece], first: float, other: float) -> list[list[Piece]]:
    """Greedy: as many groups of least depth on a line as fit; a group that fits on no line is broken inside."""
    if _wide(pieces) <= first or len(pieces) == 1:
        return [pieces]
    kept = _kept(pieces)
    rows = _split(kept, first, other)
    fits = all(_wide(row) <= (other if k else first) for k, row in enumerate(rows))
    return rows if fits or kept is pieces else _split(pieces, first, other)


def _kept(pieces: list[Piece]) -> list[Piece]:
    """The same, but a short factor stays with the next where that can be broken inside: [t < T] (a + b)."""
    least = min(p.depth for p in pieces[1:])
    at = next(k for k, p in enumerate(pieces) if k and p.depth == least)
    inside = any(p.depth > least for p in pieces[at + 1 :])
    if not inside or _wide(pieces[:at]) >= SHORT or pieces[at].tex.lstrip().startswith(("+", "-")):
        return pieces
    return [*pieces[:at], replace(pieces[at], depth=NEVER), *pieces[at + 1 :]]


def _split(pieces: list[Piece], first: float, other: float) -> list[list[Piece]]:
    """At the breaks of least depth, and inside where that is not enough."""
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
