"""What a document claims: every equals sign of it, in the order of the page, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.equality import Equality
from symbp.core.expr import Expr
from symbp.core.integers import Index, Poly
from symbp.document.model import (
    Block,
    Box,
    CallSide,
    Chain,
    Definitions,
    Display,
    Document,
    Entry,
    FigureGrid,
    Figures,
    Grid,
    MatrixSide,
    Section,
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
        yield from _of_section(section)


def _of_section(section: Section) -> Iterator[Chain]:
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
    """Every equals sign of the document but for those between numbers: what stands on its left and on its right, and
    where it is.
    """
    return tuple(e for chain in chains(document) for e in _equalities(chain))


def for_all_sizes(document: Document) -> tuple[Equality, ...]:
    """Those that hold at all sizes; of a network without sizes, all."""
    own = (s for s in document.sections if not (s.is_by_entries and document.sizes))
    return tuple(e for s in own for chain in _of_section(s) for e in _equalities(chain))


def for_its_sizes(document: Document) -> tuple[Equality, ...]:
    """Those that speak of entries at the sizes of the example."""
    own = (s for s in document.sections if s.is_by_entries and document.sizes)
    return tuple(e for s in own for chain in _of_section(s) for e in _equalities(chain))


def _equalities(chain: Chain) -> Iterator[Equality]:
    where = place(chain.where)
    left = meaning(chain.lhs)
    for row in chain.rows:
        if isinstance(row.value, (Figures, FigureGrid)):
            return
        right = meaning(row.value)
        yield Equality(left, right, where)
        left = right


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
        case Grid(rows):
            return _at_a_place(rows)
    raise MissingRule(f"no rule says what {type(side).__name__} means; extend symbp/document/claims.py")


def _at_a_place(rows: tuple[tuple[Expr, ...], ...]) -> Expr:
    """What stands in a row and a column that are free letters."""
    down, across = (Index(name, Poly.of(size)) for name, size in (("_row", len(rows)), ("_column", len(rows[0]))))
    return build.add(
        *(
            build.mul(build.delta(Poly.of(down), Poly.of(k)), build.delta(Poly.of(across), Poly.of(j)), value)
            for k, row in enumerate(rows)
            for j, value in enumerate(row)
        )
    )


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
