"""The first page: every quantity with its letter, its name in the code and its shape; index letters; facts."""

from __future__ import annotations

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.build import num
from symbp.core.expr import Compare, Num, Read
from symbp.core.integers import Index, Poly
from symbp.core.network import LABELS, PARAM, Fact, Tensor
from symbp.core.traverse import reads
from symbp.document.looks import NO_RANGE, functions_in, long_extents, ranges
from symbp.document.model import Block, Chain, Entry, Notes, Paragraph, Row, Statement, Table
from symbp.document.said import (
    Code,
    FactRef,
    Letter,
    Listed,
    Math,
    Part,
    Quoted,
    Said,
    Shape,
    Span,
    Spelt,
    Whole,
    Words,
    listed,
    said,
)

MOST_ROWS = 6  # of scalars in one column


def symbols(d: Derivation, product: HessianProduct | None = None) -> tuple[Block, ...]:
    """The table of inputs, the facts, the index letters and what the signs mean."""
    blocks: list[Block] = [_inputs(d)]
    blocks.extend(_fact(f) for f in d.network.facts)
    blocks.append(Notes(_letters(d, product)))
    if d.network.given:
        given = [Shape((Poly.of(dim),)) for dim in d.network.given]
        blocks.append(Paragraph((said("input.sizes", len(given), sizes=listed(given)),)))
    if d.network.functions:
        blocks.append(Paragraph((_functions(d),)))
    return tuple(blocks)


def _inputs(d: Derivation) -> Table:
    plain, first = _reads(d)
    rows = tuple(_row(d, t, plain.get(t.name) or _other_subscripts(d, t, first)) for t in d.network.inputs)
    header: Words = (
        said("column.quantity"),
        said("column.entry"),
        said("column.code"),
        said("column.shape"),
        said("column.kind"),
    )
    if not any(t.shape for t in d.network.inputs):
        rows, header = tuple((r[0], r[2], r[4]) for r in rows), (header[0], header[2], header[4])
        return Table(header, rows, "l" * len(header), columns=1 + (len(rows) > MOST_ROWS))
    return Table(header, rows, "l" * len(header))


def _row(d: Derivation, t: Tensor, subs: tuple[Poly, ...]) -> tuple[Part | None, ...]:
    entry = Math(Read(t.name, subs)) if t.shape else None
    return Whole(t.name), entry, Code(t.name), Shape(t.shape), _kind(d, t)


Subscripts = dict[str, tuple[Poly, ...]]  # by tensor


def _reads(d: Derivation) -> tuple[Subscripts, Subscripts]:
    """The letters of each tensor's first plain read, or of its gradient; and its first read in the network."""
    quantity = {gradient: name for name, gradient in d.gradients}
    plain: Subscripts = {}
    for equation in (*d.network.equations, *d.backward.equations):
        for read in (*reads(equation.body), Read(equation.name, tuple(Poly.of(i) for i in equation.indices))):
            if all(s.index for s in read.subs):
                plain.setdefault(quantity.get(read.tensor, read.tensor), read.subs)
    first: Subscripts = {}
    for equation in d.network.equations:
        for read in reads(equation.body):
            first.setdefault(read.tensor, read.subs)
    return plain, first


def _other_subscripts(d: Derivation, t: Tensor, first: Subscripts) -> tuple[Poly, ...]:
    """Any letters of a tensor's ranges, or its first read."""
    return tuple(Poly.of(i) for i in _any_letters(d, t)) or first.get(t.name, ())


def _any_letters(d: Derivation, t: Tensor) -> tuple[Index, ...]:
    """A different letter for each dimension, of that range; none at all where the document has not so many."""
    free = dict(ranges(d))
    found: list[Index] = []
    for extent in t.shape:
        letter = next((name for name, r in free.items() if r == (Poly(), extent)), None)
        if letter is None:
            return ()
        del free[letter]
        found.append(Index(letter, extent))
    return tuple(found)


def _kind(d: Derivation, t: Tensor) -> Said:
    words = d.network.called(t.name)
    return said("input.called", words=Quoted(words), kind=_sort(d, t)) if words else _sort(d, t)


def _sort(d: Derivation, t: Tensor) -> Said:
    if t.kind == PARAM:
        return said("input.parameter.unreached" if t.name in d.unreached else "input.parameter")
    if t.kind == LABELS:
        assert t.classes is not None
        if t.absent is not None:
            return said("input.labels.absent", classes=Shape((t.classes,)), absent=Math(num(t.absent)))
        return said("input.labels", classes=Shape((t.classes,)))
    facts = [FactRef(f.label) for f in d.network.facts if any(r.tensor == t.name for r in reads(f.statement))]
    return said("input.data.facts", facts=listed(facts)) if facts else said("input.data")


def _fact(fact: Fact) -> Statement:
    s = fact.statement
    if isinstance(s, Compare) and s.op == "==":
        left, right = (s.b, s.a) if isinstance(s.a, Num) else (s.a, s.b)
        return Statement(
            fact.label, s, Chain(Entry(left), (Row(Entry(right)),), said("place.fact", label=Code(fact.label)))
        )
    return Statement(fact.label, s, None)


def _letters(d: Derivation, product: HessianProduct | None) -> Words:
    """Which letters run over which range."""
    groups: dict[tuple[Poly, Poly], list[Index]] = {}
    found = ranges(d, product)
    for name, (start, stop) in found.items():
        if (start, stop) == NO_RANGE:
            continue
        groups.setdefault((start, stop), []).append(Index(name, stop, start))
    spans = tuple(Span(tuple(sorted(group, key=lambda i: i.name))) for group in groups.values())
    words: list[Part] = [
        said("letters.extent", letter=Shape((extent,)), extent=Spelt(extent)) for _, extent in long_extents(d)
    ]
    if spans:
        words.append(said("letters.ranges", ranges=Listed("comma", spans)))
    derived = ranges(d) if product else found
    loose = [Letter("index", name) for name, r in derived.items() if r == NO_RANGE]
    if loose:
        words.append(said("letters.loose", len(loose), letters=listed(loose)))
    return tuple(words)


def _functions(d: Derivation) -> Said:
    """What the unknown functions are, and how their derivatives are written where there are any."""
    names, count = listed(Letter("function", f) for f, _ in d.network.functions), len(d.network.functions)
    arities = [n for f, n in d.network.functions if f in functions_in(d)]
    partial = Letter("sign", "partial")
    match 1 in arities, max(arities, default=0) > 1:
        case True, True:
            return said("functions.prime.partial", count, functions=names, partial=partial)
        case True, False:
            return said("functions.prime", count, functions=names)
        case False, True:
            return said("functions.partial", count, functions=names, partial=partial)
    return said("functions", count, functions=names)
