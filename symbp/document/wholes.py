"""Matrix forms in a document: the line that shows one, why it looks so, and the notation that its slices need."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from symbp.core.build import NIL
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import reads
from symbp.document.claims import chains
from symbp.document.model import Block, Chain, Definitions, Display, Document, MatrixSide, Notes, Row
from symbp.document.said import Letter, Listed, Math, Said, Shape, Slice, Words, listed, said
from symbp.document.said import Part as Phrase
from symbp.document.starts import Starts, slice_border, slice_ends
from symbp.matrix import Matrix, SliceForm
from symbp.matrix.nodes import (
    Apply,
    Beside,
    Called,
    Chosen,
    Guard,
    Named,
    Part,
    Product,
    Scalar,
    Scale,
    Totals,
    Transpose,
    parts,
    shape,
)

TURNED = said("form.transposed")
Borders = tuple[tuple[Named, Matrix], ...]


def whole_chain(e: Equation, form: SliceForm, where: Said, why: Words = ()) -> Chain:
    """`Z_t = X_t W + 1 b^T` for an equation and its form."""
    dims = tuple(i.extent for i in form.indices)
    left = MatrixSide(Named(e.name, dims, tuple(Poly.of(i) for i in form.lead)), form.indices)
    return Chain(left, (Row(MatrixSide(form.matrix, form.indices), why),), where)


def form_words(form: SliceForm) -> Words:
    """Its shape, for which slices it holds, and why a transpose appears."""
    return (_kind(form), *_transposed(form.matrix))


def is_product(form: SliceForm) -> bool:
    """Is it a matrix, and a product of matrices but for a number?"""
    return len(form.indices) > 1 and isinstance(_unscaled(form.matrix), Product)


def _unscaled(matrix: Matrix) -> Matrix:
    return _unscaled(matrix.arg) if isinstance(matrix, Scale) else matrix


def product_words(form: SliceForm) -> Words:
    """Its shape as the shapes of its factors make it, H x K = (H x N)(N x K); of what is no product, its shape."""
    matrix = _unscaled(form.matrix)
    if not isinstance(matrix, Product) or not is_product(form):
        return form_words(form)
    factors = Listed("beside", tuple(said("form.factor", shape=Shape(shape(a))) for a in matrix.args))
    product = said("form.product", shape=Shape(tuple(i.extent for i in form.indices)), factors=factors)
    if not form.lead:
        return (product, *_transposed(form.matrix))
    letters = Listed("tied", tuple(Letter("index", i.name) for i in form.lead))
    return (said("form.product.all", product=product, letters=letters), *_transposed(form.matrix))


def _kind(form: SliceForm) -> Said:
    dims = tuple(i.extent for i in form.indices)
    shape, letters = Shape(dims), Listed("tied", tuple(Letter("index", i.name) for i in form.lead))
    match len(dims), bool(form.lead):
        case 0, False:
            return said("form.numbers", shape=shape)
        case 0, True:
            return said("form.numbers.all", shape=shape, letters=letters)
        case 1, False:
            return said("form.vector", shape=shape)
        case 1, True:
            return said("form.vector.all", shape=shape, letters=letters)
        case _, False:
            return said("form.matrix", shape=shape)
    return said("form.matrix.all", shape=shape, letters=letters)


def _transposed(matrix: Matrix) -> Words:
    """sum_n a_nh z_nk is A^T Z, the summed index between the two."""
    products = (m for m in walk(matrix) if isinstance(m, Product))
    turned = (a for m in products for a in m.args if isinstance(a, Transpose) and isinstance(a.arg, Named))
    if any(isinstance(a.arg, Named) and len(a.arg.dims) == 2 for a in turned):
        return (TURNED,)
    return ()


def said_once(document: Document) -> Document:
    """Why a transpose appears is said where the first one does."""
    told = False

    def row(r: Row) -> Row:
        nonlocal told
        if TURNED not in r.why:
            return r
        told, before = True, told
        return replace(r, why=tuple(w for w in r.why if w != TURNED)) if before else r

    def chain(c: Chain) -> Chain:
        return replace(c, rows=tuple(map(row, c.rows)))

    def block(b: Block) -> Block:
        return Display(tuple(map(chain, b.chains))) if isinstance(b, Display) else b

    sections = tuple(replace(s, blocks=tuple(map(block, s.blocks))) for s in document.sections)
    return replace(document, sections=sections)


def walk(matrix: Matrix) -> Iterator[Matrix]:
    """The matrix and all below it."""
    yield matrix
    for part in parts(matrix):
        yield from walk(part)


def with_notation(document: Document) -> Document:
    """The document with a paragraph before its equations on the signs that its slices need."""
    nodes = tuple(dict.fromkeys(m for side in _sides(document) for m in walk(side.matrix)))
    borders = _borders(nodes, {adjoint for adjoint, _ in document.look.adjoints})
    words = (*_starts(document.look.starts), *_notation(nodes, borders), *_ends(document.look.starts, borders))
    if not words:
        return document
    first, *rest = document.sections
    at = next(k for k, b in enumerate(first.blocks) if isinstance(b, Definitions))
    blocks = (*first.blocks[:at], Notes(words), *first.blocks[at:])
    sections = (replace(first, blocks=blocks), *rest)
    return replace(document, sections=sections, look=replace(document.look, borders=borders))


def _sides(document: Document) -> Iterator[MatrixSide]:
    for chain in chains(document):
        for side in (chain.lhs, *(row.value for row in chain.rows)):
            if isinstance(side, MatrixSide):
                yield side


def _borders(nodes: tuple[Matrix, ...], adjoints: Collection[str]) -> Borders:
    """The slices that stand for what a recurrence is given, each with the first thing that it stands for; those of
    adjoints stand for 0.
    """
    found: dict[Named, Matrix] = {}
    for m in (m for m in nodes if isinstance(m, Guard)):
        if m.border:
            found.setdefault(*slice_border(m))
        for outside, given in slice_ends(m):
            if outside.name in adjoints:
                found.setdefault(outside, given)
    return tuple(found.items())


def _functions(nodes: tuple[Matrix, ...]) -> Words:
    """How functions of whole arrays act: entry by entry, but for those that mix entries."""
    called = tuple(m for m in nodes if isinstance(m, Called))
    others = tuple(dict.fromkeys(_acts(m) for m in called if _mixed(m)))
    clauses = Listed("clauses", others)
    if any(isinstance(m, Apply) for m in nodes) or any(not _mixed(m) for m in called):
        return (said("notation.entrywise.but", others=clauses) if others else said("notation.entrywise"),)
    return (said("notation.mixing", others=clauses),) if others else ()


def _mixed(m: Called) -> tuple[Index, ...]:
    """The letters over which an entry of the result needs more than the same entry of its arguments."""
    entries = tuple(r for r in reads(m.body) if r.subs)
    return tuple(i for i in m.indices if any(all(i not in s.atoms() for s in r.subs) for r in entries))


def _acts(m: Called) -> Said:
    """On each row, where only what stands in the same row is read."""
    function = Letter("function", m.name)
    if len(m.args) == 1 and _mixed(m) == m.indices[-1:]:
        return said("notation.mixing.rows" if len(m.indices) > 1 else "notation.mixing.vector", function=function)
    return said("notation.mixing.index", function=function)


def _starts(starts: Starts) -> Words:
    """What the entries are that a recurrence reads before its first step, or behind its last."""
    return tuple(said("notation.stands", read=Math(read), given=Math(given)) for read, given in starts if given != NIL)


def _ends(starts: Starts, borders: Borders) -> Words:
    """What the adjoints are that no step sends back, of entries and of slices."""
    entries = (said("notation.end", read=Math(read), given=Math(given)) for read, given in starts if given == NIL)
    slices = (said("notation.end", read=Slice(a), given=Slice(b)) for a, b in borders if b == Scalar(NIL))
    ends = (*entries, *slices)
    return (said("notation.ends", ends=listed(ends)),) if ends else ()


def _notation(nodes: tuple[Matrix, ...], borders: Borders) -> Words:
    words: list[Phrase] = []
    example = next((m for m in nodes if isinstance(m, Named) and m.lead), None)
    if example:
        words.append(_slice(example))
    words += (
        said("notation.stands", read=Slice(slice_), given=Slice(given))
        for slice_, given in borders
        if given != Scalar(NIL)
    )
    words += _functions(nodes)
    part = next((m for m in nodes if isinstance(m, Part)), None)
    if part:
        words.append(said("notation.part", part=Slice(part)))
    if any(isinstance(m, Beside) for m in nodes):
        words.append(said("notation.beside"))
    chosen = next((m for m in nodes if isinstance(m, Chosen)), None)
    if chosen:
        words.append(said("notation.chosen", rows=Slice(chosen)))
    return (*words, *map(_total, {m.name: m for m in nodes if isinstance(m, Totals)}.values()))


def _slice(example: Named) -> Said:
    """What a bold letter with subscripts is, shown with one that the document has."""
    match len(example.dims):
        case 0:
            return said("notation.slice.entry", example=Slice(example))
        case 1:
            return said("notation.slice.vector", example=Slice(example))
    return said("notation.slice.matrix", example=Slice(example))


def _total(m: Totals) -> Said:
    """What rowsum, rowmean, colsum or colmean stands for, shown with a letter that it is used with."""
    letters = [n for n in walk(m.arg) if isinstance(n, Named)]
    totals = Slice(replace(m, arg=letters[-1]) if letters else m)
    match m.axis, m.mean:
        case 0, False:
            return said("notation.columns.sum", totals=totals)
        case 0, True:
            return said("notation.columns.mean", totals=totals)
        case _, False:
            return said("notation.rows.sum", totals=totals)
    return said("notation.rows.mean", totals=totals)
