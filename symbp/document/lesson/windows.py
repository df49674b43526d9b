"""A window that moves over an array, by numbers: which entries the last entry of the result reads, and what comes back.

What comes in are the equations and an example; what goes out are grids of numbers with marks on some cells, which any
format can draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbp.calculus.steps import Derivation
from symbp.core.example import DIGITS, Example, Key
from symbp.core.expr import Binder, Partial, Read, Sum
from symbp.core.integers import Atom, Dim, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import children, indices_of, substitute_poly
from symbp.core.written import Values, every, number_of
from symbp.document.drawn import Grids, Tiles
from symbp.document.model import Block, Paragraph
from symbp.document.said import Count, Math, Said, Slice, said
from symbp.matrix.nodes import Named

MOST_ROWS, MOST_COLUMNS = 7, 8  # of a grid


@dataclass(frozen=True, slots=True)
class _Window:
    """An equation, what it reads by a window in the last two dimensions, and the letters that go over that."""

    equation: Equation
    read: Read
    inside: tuple[Index, ...]


Found = tuple[type[Node], _Window]


def windows(d: Derivation, example: Example | None) -> tuple[Block, ...]:
    """The first window of two dimensions that is added up, and the first of which the largest entry is taken."""
    if example is None or d.network.widths:
        return ()
    drawn: dict[type[Node], tuple[Block, ...]] = {}
    for kind, window in (w for e in d.network.equations for w in _windows(e, e.body, ())):
        if not drawn.get(kind):
            drawn[kind] = _drawn(d, example, window)
    return tuple(block for blocks in drawn.values() for block in blocks)


def _windows(e: Equation, node: Node, bound: tuple[Index, ...], kind: type[Node] = Sum) -> Iterator[Found]:
    """The reads whose last two subscripts each add a letter of a sum or a maximum to one of the result."""
    if isinstance(node, Read):
        pairs = [tuple(indices_of(s)) for s in node.subs[-2:]]
        own = [i for p in pairs for i in p if i in e.indices[-2:]]
        inner = tuple(i for p in pairs for i in p if i in bound)
        if len({*own}) == len({*inner}) == 2 and all(len(p) == 2 for p in pairs):
            yield kind, _Window(e, node, inner)
        return
    here = (*bound, *(node.indices if isinstance(node, Binder) else ()))
    for child in children(node):
        yield from _windows(e, child, here, type(node) if isinstance(node, Binder) else kind)


def _drawn(d: Derivation, example: Example, w: _Window) -> tuple[Block, ...]:
    """The slices at the first values of all other letters, and what was said of the window."""
    sizes: Values = {Dim(name): Poly.of(size) for name, size in example.sizes}
    target = _target(d, example, w.equation.name)
    at: dict[Atom, Poly] = {i: Poly.of(k) for i, k in zip(w.equation.indices, target, strict=True)}
    keys = sorted(_key(w.read, at | values, sizes) for values in every(w.inside, sizes))
    adjoints = dict(d.adjoints)
    grids = (
        _tiles(example, w.read.tensor, keys),
        _tiles(example, w.equation.name, [target]),
        _tiles(example, adjoints.get(w.equation.name, ""), [target]),
        _tiles(example, adjoints.get(w.read.tensor, ""), keys),
    )
    entry = Read(w.equation.name, tuple(map(Poly.of, target)))
    if grids[0] is None or grids[1] is None or not _reaches_no_others(example, entry, w.read.tensor, grids[0]):
        return ()
    dims = (Poly.of(len(grids[0].rows)), Poly.of(len(grids[0].rows[0])))
    of = Slice(Named(w.read.tensor, dims, tuple(map(Poly.of, grids[0].lead))))
    return Grids(tuple(g for g in grids if g is not None)), Paragraph((_words(w, Math(entry), of, keys),))


def _target(d: Derivation, example: Example, name: str) -> Key:
    """The entry in the first slice to which most comes back; of equal ones, and where nothing does, the last."""
    keys = sorted(key for key in example.values[name] if not any(key[:-2]))
    back = example.values.get(dict(d.adjoints).get(name, ""), {})
    return max(reversed(keys), key=lambda key: round(abs(back.get(key, 0.0)), DIGITS))


def _reaches_no_others(example: Example, entry: Read, tensor: str, grid: Tiles) -> bool:
    """Is the local derivative 0 at all cells without a mark?"""
    cells = ((k, j) for k, row in enumerate(grid.rows) for j in range(len(row)) if (k, j) not in grid.marked)
    reads = (Read(tensor, tuple(map(Poly.of, (*grid.lead, *cell)))) for cell in cells)
    return all(example.evaluate(Partial(entry, read), {}) == 0 for read in reads)


def _key(read: Read, at: dict[Atom, Poly], sizes: Values) -> Key:
    """The entry that is read; letters that go over channels are at their first value."""
    rest: dict[Atom, Poly] = {i: Poly() for s in read.subs for i in indices_of(s) if i not in at}
    values = (number_of(substitute_poly(s, at | rest), sizes).constant for s in read.subs)
    return tuple(v for v in values if v is not None)


def _tiles(example: Example, tensor: str, keys: list[Key]) -> Tiles | None:
    """The slice of some entries as a grid; none where a page has no room for it."""
    lead = keys[0][:-2]
    inside = {key[-2:]: v for key, v in example.values.get(tensor, {}).items() if key[:-2] == lead}
    if not inside or len(inside) == 1:
        return None
    height, width = (1 + max(key[place] for key in inside) for place in (0, 1))
    if height > MOST_ROWS or width > MOST_COLUMNS or len(inside) != height * width:
        return None
    rows = tuple(tuple(inside[k, j] for j in range(width)) for k in range(height))
    return Tiles(tensor, lead, rows, tuple(key[-2:] for key in keys))


def _words(w: _Window, entry: Math, of: Slice, keys: list[Key]) -> Said:
    rows, columns = (Count(1 + keys[-1][place] - keys[0][place]) for place in (-2, -1))
    steps = {s.coefficient(i).constant for s in w.read.subs[-2:] for i in indices_of(s) if i in w.equation.indices}
    (step,) = steps if len(steps) == 1 else (None,)
    if step is None:
        return said("window", entry=entry, tensor=of, rows=rows, columns=columns)
    return said("window.step", entry=entry, tensor=of, rows=rows, columns=columns, step=Count(step))
