"""The scalar view: every weight by itself, each path spelt out as a product of partials, then added up, with numbers.

Weights that stand in a matrix are shown in one; weights that are numbers by themselves are put in one where each feeds
one neuron with one input: a row for each neuron, a column for each input. Where the paths are too many to be spelt out,
what comes back is handed down entry by entry instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

from symbp.calculus.steps import Derivation
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.example import Example
from symbp.core.expr import Expr, Read
from symbp.core.integers import Atom, Dim, Poly
from symbp.core.network import LABELS
from symbp.core.traverse import reads
from symbp.core.views import factors_of, terms_of
from symbp.document.lesson.entries import Entries, Link, Path
from symbp.document.lesson.figured import figures, known_terms, sum_of
from symbp.document.model import (
    SCALAR,
    Block,
    Chain,
    Display,
    Entry,
    FigureGrid,
    Figures,
    Grid,
    Moves,
    Paragraph,
    Row,
    Section,
)
from symbp.document.said import Code, Count, Letter, Math, Number, Said, Whole, Words, listed, said

MOST_PATHS, MOST_FACTORS = 4, 14  # that are spelt out for one entry
MOST_ENTRIES = 150  # whose adjoints are shown
MOST_ROWS = 10  # of a matrix
MOST_TERMS = 6  # of a definition into which numbers are put

Rows = tuple[tuple[Read, ...], ...]


def is_scalar(d: Derivation) -> bool:
    """Is it a network of numbers?"""
    return not any(t.shape for t in d.network.inputs) and not any(e.shape for e in d.network.equations)


def has_entries(d: Derivation, example: Example | None) -> bool:
    """Are there entries that can be shown one by one: at sizes that are known and do not differ by layer?"""
    return not d.network.widths and (example is not None or is_scalar(d))


def weights(d: Derivation, example: Example | None) -> tuple[Section, ...]:
    """The sections of the scalar view; none where no tensor is small enough for it."""
    view = _View(d, example)
    if not view.groups:
        return ()
    sections = (_start(view), *_of_groups(view), *_moves(view))
    return tuple(s for s in sections if s.blocks)


@dataclass(frozen=True)
class _View:
    """A derivation and its example, entry by entry."""

    d: Derivation
    example: Example | None
    few: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def entries(self) -> Entries:
        network, example = self.d.network, self.example
        values: dict[Atom, Poly] = {}
        if example is not None:
            values |= {Dim(name): Poly.of(size) for name, size in example.sizes}
            for t in (t for t in network.inputs if t.kind == LABELS):
                for key, value in example.values[t.name].items():
                    values[Read(t.name, tuple(map(Poly.of, key)))] = Poly.of(int(value))
        return Entries(self.d, values)

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """The quantities for whose entries there is no room behind those that are reached before them."""
        order = [s.quantity for s in self.d.sections]
        return tuple(self.beyond([(name, self.d.adjoint(name)) for name in order]))

    def beyond(self, tensors: Sequence[tuple[str, str]]) -> Iterator[str]:
        """The names of those tensors that would make more than MOST_ENTRIES."""
        count = 0
        for name, own in tensors if self.example is not None else ():
            more = len(self.example.values.get(own, ())) if self.example is not None else 0
            if count + more > MOST_ENTRIES:
                yield name
            else:
                count += more

    @cached_property
    def groups(self) -> tuple[Rows, ...]:
        """The entries that a section shows, in the order in which they are reached."""
        parameters = self.d.network.parameters
        order = [s.quantity for s in self.d.sections if s.quantity not in self.left_out]
        entries = {name: self.entries.of(name) for name in order}
        spelt = all(self.is_spelt(e) for name in order if name in parameters for e in entries[name])
        shown = [name for name in order if name in parameters or not spelt]
        numbers = [entries[name][0] for name in shown if self._is_number(name)]
        grids = tuple(_grids(self.entries, numbers))
        groups: list[Rows] = []
        for name in shown:
            if not self._is_number(name):
                groups += _matrices(entries[name])
            else:
                groups += (g for g in grids if entries[name][0] == Read(self._first(g, order)))
        return tuple(groups)

    def _first(self, group: Rows, order: Sequence[str]) -> str:
        """Which of a group is reached first."""
        return min((e.tensor for row in group for e in row), key=order.index)

    def _is_number(self, name: str) -> bool:
        return not self.d.network.shape(name) and name in self.d.network.parameters

    def is_spelt(self, entry: Read) -> bool:
        """Are the paths of all entries of its tensor few and short enough to be spelt out?"""
        if entry.tensor not in self.few:
            found = (self.entries.paths(e, MOST_PATHS) for e in self.entries.of(entry.tensor))
            few = all(len(paths) <= MOST_PATHS and sum(map(len, paths)) <= MOST_FACTORS for paths in found)
            self.few[entry.tensor] = few
        return self.few[entry.tensor]

    def value(self, expr: Expr) -> float | None:
        """Its number at the example."""
        return None if self.example is None else self.example.evaluate(expr, {})


def _matrices(entries: Sequence[Read]) -> Iterator[Rows]:
    """A matrix by its rows, what has more dimensions slice by slice, a vector as a column; what is long in parts."""
    for _, part in groupby(entries, key=lambda e: e.subs[:-2]):
        rows = tuple(tuple(row) for _, row in groupby(part, key=lambda e: e.subs[:-1] if len(e.subs) > 1 else e))
        yield from (rows[k : k + MOST_ROWS] for k in range(0, len(rows), MOST_ROWS))


def _grids(entries: Entries, weights: Sequence[Read]) -> Iterator[Rows]:
    """Numbers in a matrix where each feeds one entry with another: a row for what is fed, a column for what feeds."""
    place = {w: (links[0].of, links[0].value) for w in weights if len(links := entries.links(w)) == 1}
    order, left = entries.d.network.parameters, list(place)
    while left:
        own = [left[0]]
        for w in own:  # which grows while it is gone through
            own += [v for v in left if v not in own and (place[v][0] == place[w][0] or place[v][1] == place[w][1])]
        own = sorted(own, key=lambda w: order.index(w.tensor))
        left = [w for w in left if w not in own]
        fed = list(dict.fromkeys(place[w][0] for w in own))
        feeding = list(dict.fromkeys(place[w][1] for w in own))
        at = {place[w]: w for w in own}
        if len(at) == len(own) == len(fed) * len(feeding):
            yield tuple(tuple(at[f, v] for v in feeding) for f in fed)
        else:
            yield from (((w,),) for w in own)
    yield from (((w,),) for w in weights if w not in place)


# --- sections


def _start(view: _View) -> Section:
    """The forward pass with its numbers."""
    names = [e.name for e in view.d.network.equations]
    beyond = set(view.beyond([(name, name) for name in names]))
    names = [name for name in names if name not in beyond]
    chains = tuple(c for name in names for e in view.entries.of(name) if (c := _forward(view, e)))
    words: list[Said] = [said("weights")]
    if left := view.left_out:
        words.append(said("weights.left", quantities=listed(Whole(view.d.adjoint(q)) for q in left)))
    blocks: list[Block] = [Paragraph(tuple(words))]
    if view.example is not None and chains:
        blocks.append(Display(chains))
    return Section(said("heading.weights"), tuple(blocks), views=(SCALAR,))


def _forward(view: _View, entry: Read) -> Chain | None:
    """An entry of the forward pass, with numbers put into its definition where that is a sum of products."""
    body, total = view.entries.definition(entry), view.value(entry)
    if total is None:
        return None
    rows = [Row(Entry(body))]
    terms = [[view.value(f) for f in factors_of(t)] for t in terms_of(body)]
    simple = all(isinstance(f, Read) for t in terms_of(body) for f in factors_of(t))
    if simple and len(terms) <= MOST_TERMS:
        rows += (Row(Figures(f), beside=True) for f in figures(terms, total))
    else:
        rows.append(Row(Figures(((total,),)), beside=True))
    return Chain(Entry(entry), tuple(rows), said("place.entry", quantity=Code(entry.tensor)))


def _of_groups(view: _View) -> Iterator[Section]:
    """A section for each; the slices of an array share one."""
    for _, run in groupby(view.groups, key=lambda g: (g[0][0].tensor, len(g[0][0].subs))):
        first, *others = (_group(view, g) for g in run)
        yield replace(first, blocks=(*first.blocks, *(b for s in others for b in s.blocks if isinstance(b, Display))))


def _group(view: _View, rows: Rows) -> Section:
    quantities = dict.fromkeys(e.tensor for row in rows for e in row)
    adjoints = listed(Whole(view.d.adjoint(q)) for q in quantities)
    single = len(rows) * len(rows[0]) > 1 and all(_is_one_path(view, e) for row in rows for e in row)
    chains = [_by_grid(view, rows)] if single else [_by_paths(view, e) for row in rows for e in row]
    if not single and len(rows) * len(rows[0]) > 1 and _is_matrix(rows):
        chains += _handed(view, rows)
    counts = {len(view.entries.paths(e, MOST_PATHS)) for row in rows for e in row if view.is_spelt(e)}
    words: Words = ()
    if len(counts) == 1 and counts != {0} and all(view.is_spelt(e) for row in rows for e in row):
        (count,) = counts
        first = Math(rows[0][0])
        one = count == 1
        words = (said("weights.path", entry=first) if one else said("weights.paths", entry=first, count=Count(count)),)
        if len(rows) > 1 and single and len(quantities) > 1:
            words = (*words, said("weights.grid"))
    blocks: tuple[Block, ...] = (*((Paragraph(words),) if words else ()), Display(tuple(chains)))
    return Section(said("heading.weights.of", quantities=adjoints), blocks, level=2, views=(SCALAR,))


def _is_matrix(rows: Rows) -> bool:
    return len(rows[0]) > 1


def _is_one_path(view: _View, entry: Read) -> bool:
    paths = view.entries.paths(entry, MOST_PATHS)
    return len(paths) == 1 and len(paths[0]) <= 3


def _by_grid(view: _View, rows: Rows) -> Chain:
    """Weights with one path each: a matrix of partials, of products, of what they are, and of numbers."""
    paths = [[view.entries.paths(e, 1) for e in row] for row in rows]
    made = (
        Row(Grid(tuple(tuple(map(_symbols, row)) for row in paths))),
        Row(Grid(tuple(tuple(map(_values, row)) for row in paths)), beside=True),
    )
    factors = [[[[link.value for link in path] for path in cell] for cell in row] for row in paths]
    left = Grid(tuple(tuple(view.entries.adjoint(e) for e in row) for row in rows))
    return Chain(left, (*made, *_figure_rows(view, rows, factors)), _where(rows[0][0]))


def _figure_rows(view: _View, rows: Rows, products: Sequence[Sequence[Sequence[Sequence[Expr]]]]) -> Iterator[Row]:
    """A matrix of products of numbers, and one of what they are."""
    if view.example is None:
        return
    cells = [[[[view.value(e) for e in term] for term in cell] for cell in row] for row in products]
    shown = tuple(tuple(known_terms(cell) for cell in row) for row in cells)
    if all(all(row) for row in shown) and any(len(t) > 1 for row in shown for cell in row for t in cell):
        yield Row(FigureGrid(shown), beside=True)
    yield Row(FigureGrid(tuple(tuple(((v,),) for v in row) for row in _slopes(view, rows))), beside=True)


def _handed(view: _View, rows: Rows) -> Iterator[Chain]:
    """The same by what was handed down to the entries that read the weights: once, instead of for each weight."""
    links = [[view.entries.links(e) for e in row] for row in rows]
    if any(len(cell) != 1 or cell[0].of.tensor == view.d.loss for row in links for cell in row):
        return
    passed = [[_adjoint_times(view, cell[0]) for cell in row] for row in links]
    left = Grid(tuple(tuple(view.entries.adjoint(e) for e in row) for row in rows))
    figures = _figure_rows(view, rows, [[[factors_of(e)] for e in row] for row in passed])
    yield Chain(left, (Row(Grid(tuple(map(tuple, passed)))), *figures), _where(rows[0][0]))


def _adjoint_times(view: _View, link: Link) -> Expr:
    """What comes back to the reader of an entry, times how fast that follows."""
    return build.mul(view.entries.adjoint(link.of), link.value)


def _by_paths(view: _View, entry: Read) -> Chain:
    """An entry's adjoint: a product for each path, or for each reader where the paths are too many."""
    if view.is_spelt(entry):
        paths: Sequence[Path] = view.entries.paths(entry, MOST_PATHS)
        symbols, values = _symbols(paths), _values(paths)
        terms = [[view.value(link.value) for link in path] for path in paths]
    else:
        links = view.entries.links(entry)
        symbols = sum_of([_times(view, link, link.partial) for link in links])
        values = sum_of([_times(view, link, link.value) for link in links])
        terms = [[view.value(e) for e in (*_before(view, link), link.value)] for link in links]
    rows = [Row(Entry(symbols)), *([Row(Entry(values), beside=True)] if terms else [])]
    result = view.entries.result(entry)
    if not same(result, values) and not _has_adjoints(view, result):
        rows.append(Row(Entry(result)))
    total = view.value(view.entries.adjoint(entry))
    if total is not None:
        rows += (Row(Figures(f), beside=True) for f in figures(terms, total))
    return Chain(Entry(view.entries.adjoint(entry)), tuple(rows), _where(entry))


def _has_adjoints(view: _View, e: Expr) -> bool:
    return any(r.tensor in dict(view.d.adjoints).values() for r in reads(e))


def _before(view: _View, link: Link) -> tuple[Read, ...]:
    """What came back to the reader; to the loss itself, nothing."""
    return () if link.of.tensor == view.d.loss else (view.entries.adjoint(link.of),)


def _times(view: _View, link: Link, factor: Expr) -> Expr:
    return build.mul(*_before(view, link), factor)


def _symbols(paths: Sequence[Path]) -> Expr:
    return sum_of([build.mul(*(link.partial for link in path)) for path in paths])


def _values(paths: Sequence[Path]) -> Expr:
    return sum_of([build.mul(*(link.value for link in path)) for path in paths])


def _where(entry: Read) -> Said:
    return said("place.entry", quantity=Code(entry.tensor))


# --- the update


def _moves(view: _View) -> Iterator[Section]:
    """A step against the gradient, and what it does to the loss."""
    example = view.example
    if example is None or example.descent is None:
        return
    rate, after = example.descent
    groups = [g for g in view.groups if g[0][0].tensor in view.d.network.parameters]
    adjoint = view.entries.adjoint
    grids = tuple((g, tuple(tuple(map(adjoint, row)) for row in g), _old(view, g), _slopes(view, g)) for g in groups)
    start = example.values[view.d.loss][()]
    words = said("weights.after", loss=Math(Read(view.d.loss)), before=Number(start, 6), after=Number(after, 6))
    step = said("weights.step", eta=Letter("sign", "eta"), rate=Number(rate))
    blocks = (Paragraph((step,)), Moves(grids, rate), Paragraph((words,)))
    yield Section(said("heading.weights.step"), blocks, level=2, views=(SCALAR,))


def _old(view: _View, rows: Rows) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(view.value(e) or 0.0 for e in row) for row in rows)


def _slopes(view: _View, rows: Rows) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(view.value(view.entries.adjoint(e)) or 0.0 for e in row) for row in rows)
