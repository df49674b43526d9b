"""Matrix forms in a document: the line that shows one, why it looks so, and the notation that its slices need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import reads
from symbp.document.model import (
    Block,
    Chain,
    Definitions,
    Display,
    Document,
    Letter,
    Math,
    MatrixSide,
    Paragraph,
    Row,
    Shape,
    Slice,
    Words,
    chains,
)
from symbp.document.model import Part as Word
from symbp.document.rules import listed
from symbp.document.starts import Starts, slice_border
from symbp.matrix import Matrix, SliceForm
from symbp.matrix.nodes import Apply, Beside, Called, Chosen, Guard, Named, Part, Product, Totals, Transpose, parts

TURNED = "; transposed, so that the summed index stands inside"
Borders = tuple[tuple[Named, Matrix], ...]


def whole_chain(e: Equation, form: SliceForm, where: str, why: Words = ()) -> Chain:
    """`Z_t = X_t W + 1 b^T` for an equation and its form."""
    dims = tuple(i.extent for i in form.indices)
    left = MatrixSide(Named(e.name, dims, tuple(Poly.of(i) for i in form.lead)), form.indices)
    return Chain(left, (Row(MatrixSide(form.matrix, form.indices), why),), where)


def form_words(form: SliceForm) -> Words:
    """Its shape, for which slices it holds, and why a transpose appears."""
    dims = tuple(i.extent for i in form.indices)
    kind = ("with vectors, ", "vector form, length ", "matrix form, ")[len(dims)]
    words: list[Word] = [kind, Shape(dims)]
    if form.lead:
        words += [" for all ", *listed(tuple(Letter("index", i.name) for i in form.lead), ", ")]
    return (*words, *_transposed(form.matrix))


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
    borders = _borders(nodes)
    words = (*_starts(document.look.starts), *_notation(nodes, borders))
    if not words:
        return document
    first, *rest = document.sections
    at = next(k for k, b in enumerate(first.blocks) if isinstance(b, Definitions))
    blocks = (*first.blocks[:at], Paragraph(words), *first.blocks[at:])
    sections = (replace(first, blocks=blocks), *rest)
    return replace(document, sections=sections, look=replace(document.look, borders=borders))


def _sides(document: Document) -> Iterator[MatrixSide]:
    for chain in chains(document):
        for side in (chain.lhs, *(row.value for row in chain.rows)):
            if isinstance(side, MatrixSide):
                yield side


def _borders(nodes: tuple[Matrix, ...]) -> Borders:
    """The slices that stand for what a recurrence is given, each with the first thing that it stands for."""
    found: dict[Named, Matrix] = {}
    for m in nodes:
        if isinstance(m, Guard) and m.border:
            found.setdefault(*slice_border(m))
    return tuple(found.items())


def _functions(nodes: tuple[Matrix, ...]) -> Words:
    """How functions of whole arrays act: entry by entry, but for those that mix entries."""
    called = tuple(m for m in nodes if isinstance(m, Called))
    mixing = dict.fromkeys((m.name, _acts(m)) for m in called if _mixed(m))
    entrywise = any(isinstance(m, Apply) for m in nodes) or any(not _mixed(m) for m in called)
    words: list[Word] = ["Functions act entry by entry"] if entrywise else []
    for name, how in mixing:
        words += [*(("; ",) if words else ()), Letter("function", name), how]
    return (*words, ". ") if words else ()


def _mixed(m: Called) -> tuple[Index, ...]:
    """The letters over which an entry of the result needs more than the same entry of its arguments."""
    entries = tuple(r for r in reads(m.body) if r.subs)
    return tuple(i for i in m.indices if any(all(i not in s.atoms() for s in r.subs) for r in entries))


def _acts(m: Called) -> str:
    """On each row, where only what stands in the same row is read."""
    if len(m.args) == 1 and _mixed(m) == m.indices[-1:]:
        return " acts on each row" if len(m.indices) > 1 else " acts on the vector as a whole"
    return " acts as its index form says"


def _starts(starts: Starts) -> Words:
    """What the entries are that a recurrence reads before its first step, or behind its last."""
    return tuple(word for read, given in starts for word in (Math(read), " stands for ", Math(given), ". "))


def _notation(nodes: tuple[Matrix, ...], borders: Borders) -> Words:
    words: list[Word] = []
    example = next((m for m in nodes if isinstance(m, Named) and m.lead), None)
    if example:
        kind = ("entry", "vector", "matrix")[len(example.dims)]
        words += ["A bold letter with subscripts is a slice, at these values of its first indices: "]
        words += [Slice(example), f" is a {kind}. "]
    for slice_, given in borders:
        words += [Slice(slice_), " stands for ", Slice(given), ". "]
    words += _functions(nodes)
    if any(isinstance(m, Part) for m in nodes):
        part = next(m for m in nodes if isinstance(m, Part))
        words += ["Brackets behind a letter cut out a part, from the first number up to, and without, the second: "]
        words += [Slice(part), ". "]
    if any(isinstance(m, Beside) for m in nodes):
        words += ["Matrices between bars stand side by side. "]
    chosen = next((m for m in nodes if isinstance(m, Chosen)), None)
    if chosen:
        words += [Slice(chosen), " has in each row the row of the unit matrix that the label names. "]
    return (*words, *_totals(nodes))


def _totals(nodes: tuple[Matrix, ...]) -> Iterator[Word]:
    """What rowsum, rowmean, colsum and colmean stand for, each shown with a letter that it is used with."""
    found = {m.name: m for m in nodes if isinstance(m, Totals)}
    for m in found.values():
        letters = [n for n in walk(m.arg) if isinstance(n, Named)]
        yield Slice(replace(m, arg=letters[-1]) if letters else m)
        yield f" has at each place the {'mean' if m.mean else 'sum'} of its {('column', 'row')[m.axis]}. "
