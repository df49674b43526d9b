"""What is shown of a document in which view: entries written out, index forms, matrix forms.

A quantity's index form and its matrix form say the same, so one of the two may go; its number stays with the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from symbp.core.expr import Read
from symbp.core.views import among
from symbp.document.model import (
    INDEX,
    MATRIX,
    Block,
    Chain,
    Definition,
    Definitions,
    Display,
    Document,
    MatrixSide,
    Moves,
    Updates,
)


def seen(document: Document, views: Collection[str]) -> Document:
    """The document in these views."""
    kept = [s for s in document.sections if set(s.views) & set(views)]
    moved = {e.tensor for s in kept for b in s.blocks if isinstance(b, Moves) for e in _entries(b)}
    sections = tuple(replace(s, blocks=tuple(_block(b, views) for b in s.blocks if _is_new(b, moved))) for s in kept)
    return replace(document, sections=sections)


def _is_new(block: Block, moved: Collection[str]) -> bool:
    """An update is none where the entries of all parameters have been moved before it."""
    match block:
        case Updates(_, pairs):
            return not all(parameter.name in moved for parameter, _, _ in pairs)
    return True


def _entries(moves: Moves) -> Iterator[Read]:
    for weights, *_ in moves.grids:
        for row in weights:
            yield from among(row, Read)


def _block(block: Block, views: Collection[str]) -> Block:
    both = INDEX in views and MATRIX in views
    neither = INDEX not in views and MATRIX not in views
    match block:
        case Display(chains) if not both and not neither:
            return Display(tuple(_chains(chains, MATRIX in views)))
        case Definitions(rows) if not both and not neither:
            return Definitions(tuple(_definition(row, MATRIX in views) for row in rows))
    return block


def _definition(row: Definition, whole: bool) -> Definition:
    if not whole:
        return replace(row, whole=None)
    return row if row.whole is None else replace(row, index=row.whole, whole=None)


def _chains(chains: Sequence[Chain], whole: bool) -> Iterator[Chain]:
    """Of an index form and the matrix form behind it, one."""
    number: int | None = None
    for chain, after in zip(chains, (*chains[1:], None), strict=True):
        matrix = isinstance(chain.lhs, MatrixSide)
        if not whole and not matrix:
            yield chain
        elif whole and matrix:
            last = chain.rows[-1]
            rows = (*chain.rows[:-1], replace(last, number=last.number or number))
            yield replace(chain, rows=rows, beside=False)
        elif whole and (after is None or not isinstance(after.lhs, MatrixSide)):
            yield chain
        number = None if matrix else chain.rows[-1].number
