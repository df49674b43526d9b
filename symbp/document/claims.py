"""What a document claims: every equals sign of it, in the order of the page, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core.equality import Equality
from symbp.core.expr import Expr
from symbp.document.model import (
    Block,
    Box,
    CallSide,
    Chain,
    Definitions,
    Display,
    Document,
    Entry,
    MatrixSide,
    Side,
    Statement,
)
from symbp.document.said import Code, Figure, Listed, Part, Said
from symbp.document.words import ENGLISH
from symbp.errors import MissingRule
from symbp.matrix import entry


def chains(document: Document) -> Iterator[Chain]:
    """Every chain of equalities that is displayed, in its order."""
    for section in document.sections:
        for block in section.blocks:
            yield from _chains(block)


def _chains(block: Block) -> Iterator[Chain]:
    match block:
        case Display(shown):
            yield from shown
        case Definitions(rows):
            for row in rows:
                yield row.index
                if row.whole:
                    yield row.whole
        case Statement(_, _, chain) if chain:
            yield chain
        case Box(rows):
            yield from (row.chain for row in rows)


def equalities(document: Document) -> tuple[Equality, ...]:
    """Every equals sign of the document: what stands on its left and on its right, and where it is."""
    result = []
    for chain in chains(document):
        where = place(chain.where)
        left = meaning(chain.lhs)
        for row in chain.rows:
            right = meaning(row.value)
            result.append(Equality(left, right, where))
            left = right
    return tuple(result)


def meaning(side: Side) -> Expr:
    """What a side says of one entry."""
    match side:
        case Entry(expr):
            assert isinstance(expr, Expr)
            return expr
        case MatrixSide(matrix, indices):
            return entry(matrix, *indices)
        case CallSide(_, _, value):
            return value


def place(where: Part | Listed) -> str:
    """Where a formula stands, for a message on the terminal; those are in English."""
    match where:
        case Said(name, slots, count):
            return ENGLISH.fill(name, {slot: place(part) for slot, part in slots}, str, count)
        case Code(text):
            return text
        case Figure(value):
            return str(value)
    raise MissingRule(f"no rule says {type(where).__name__} in a message; extend symbp/document/claims.py")
