"""The graph as a picture: where each quantity stands, and the arrows forward and back.

Equations stand in columns by how far they are from the inputs, wrapped into bands as wide as the page; quantities
of one column stand below each other in lanes. An input stands right below each equation that uses it: one that is
used at several places is drawn at each of them, and the arrows that come back to it are the paths whose products
are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from symbp.calculus.steps import Derivation
from symbp.core.network import Equation
from symbp.core.traverse import reads
from symbp.document.model import Block, Edge, Node, Paragraph, Picture

PAGE = 158.0  # millimetres
BESIDE = 3  # inputs beside each other below an equation
STEP = 0.9  # rows between the lines of inputs
WRAP = 999  # the bend of an arrow that goes round to the next band
GAP = 0.55  # rows between two bands


def picture(d: Derivation) -> tuple[Block, ...]:
    """The picture, and a sentence on how to read it."""
    cells = _cells(d)
    drawing = _draw(d, cells)
    words = "Solid arrows carry values forward, dashed arrows carry derivatives back."
    if any(n.again for n in drawing.nodes):
        words += (
            " A dotted frame is a quantity that is drawn at every place where it is used: what comes back to each of "
            "them is added."
        )
    return drawing, Paragraph((words,))


@dataclass(slots=True)
class _Cell:
    """An equation with the inputs below it: its column, its lane."""

    equation: Equation
    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    layer: int = 0
    lane: int = 0


@dataclass(slots=True)
class _Grid:
    """How wide columns are, how many fit, and where each band and lane begins."""

    column: float
    columns: int
    tops: dict[tuple[int, int], float] = field(default_factory=dict)


def _cells(d: Derivation) -> dict[str, _Cell]:
    """The equations from which the loss can be reached, in layers and lanes."""
    cells: dict[str, _Cell] = {}
    taken: set[tuple[int, int]] = set()
    for e in d.network.equations:
        names = tuple(dict.fromkeys(r.tensor for r in reads(e.body) if r.tensor != e.name))
        sources = tuple(n for n in names if n in cells)
        cell = _Cell(e, sources, tuple(n for n in names if d.network.tensor(n)))
        cell.layer = max((cells[s].layer + 1 for s in sources), default=0)
        cell.lane = next(k for k in _lanes(cells, sources) if (cell.layer, k) not in taken)
        taken.add((cell.layer, cell.lane))
        cells[e.name] = cell
    return _close(cells)


def _lanes(cells: dict[str, _Cell], sources: tuple[str, ...]) -> Iterator[int]:
    """The lane of the first source where it is free, else the nearest below."""
    first = cells[sources[0]].lane if sources else 0
    yield from range(first, first + len(cells) + 2)


def _close(cells: dict[str, _Cell]) -> dict[str, _Cell]:
    """What starts late need not stand in the first column: each equation without sources stands just before its
    user.
    """
    for name, cell in cells.items():
        users = [c.layer for c in cells.values() if name in c.sources]
        wanted = min(users) - 1 if users and not cell.sources else cell.layer
        if wanted > cell.layer and all((c.layer, c.lane) != (wanted, cell.lane) for c in cells.values()):
            cell.layer = wanted
    return cells


def _draw(d: Derivation, cells: dict[str, _Cell]) -> Picture:
    grid = _grid(cells)
    nodes = [n for cell in cells.values() for n in _nodes(d, cell, grid, cells)]
    edges = [e for cell in cells.values() for e in _edges(d, cell, grid, cells)]
    return Picture(tuple(nodes), tuple(edges), grid.column)


def _grid(cells: dict[str, _Cell]) -> _Grid:
    longest = max((len(n) for c in cells.values() for n in (c.equation.name, *c.inputs)), default=1)
    label = 5.5 + 1.6 * min(longest, 2) + 2.1 * max(0, min(longest, 14) - 2)
    beside = max((min(BESIDE, len(c.inputs)) for c in cells.values()), default=1)
    column = max(label + 9.0, beside * (label + 1.5) + 2.0)
    grid = _Grid(column, max(2, int(PAGE // column)))
    _place_bands(cells, grid)
    return grid


def _place_bands(cells: dict[str, _Cell], grid: _Grid) -> None:
    """Each lane of a band is as high as its highest cell."""
    y = 0.0
    for band in range(1 + max((c.layer for c in cells.values()), default=0) // grid.columns):
        inside = [c for c in cells.values() if c.layer // grid.columns == band]
        for lane in range(1 + max((c.lane for c in inside), default=0)):
            grid.tops[band, lane] = y
            here = [c for c in inside if c.lane == lane]
            y -= 1.0 + STEP * max((-(-len(c.inputs) // BESIDE) for c in here), default=0)
        y -= GAP


def _at(cell: _Cell, grid: _Grid) -> tuple[float, float]:
    band, column = divmod(cell.layer, grid.columns)
    return float(column), grid.tops[band, cell.lane]


def _nodes(d: Derivation, cell: _Cell, grid: _Grid, cells: dict[str, _Cell]) -> Iterator[Node]:
    x, y = _at(cell, grid)
    name = cell.equation.name
    yield Node(name, name, "loss" if name == d.loss else "value", x, y)
    for k, source in enumerate(cell.inputs):
        row, place = divmod(k, BESIDE)
        width = min(BESIDE, len(cell.inputs) - row * BESIDE)
        shift = (place - (width - 1) / 2) / BESIDE + (0.5 / BESIDE if row % 2 and width == BESIDE else 0.0)
        again = sum(source in c.inputs for c in cells.values()) > 1
        kind = "parameter" if source in d.network.parameters else "data"
        yield Node(f"{source} {name}", source, kind, round(x + shift, 4), round(y - STEP * (row + 1), 4), again)


def _edges(d: Derivation, cell: _Cell, grid: _Grid, cells: dict[str, _Cell]) -> Iterator[Edge]:
    active = {s.quantity: s.used_by for s in d.sections}
    name = cell.equation.name
    for source in cell.inputs:
        yield Edge(f"{source} {name}", name, backward=False)
        if name in active.get(source, ()):
            yield Edge(name, f"{source} {name}", backward=True, bend=20)
    for source in cell.sources:
        wrapped = cells[source].layer // grid.columns != cell.layer // grid.columns
        far = cell.layer - cells[source].layer > 1 and cells[source].lane == cell.lane
        bend = WRAP if wrapped else 28 if far else 0
        yield Edge(source, name, backward=False, bend=bend)
        if name in active.get(source, ()):
            yield Edge(name, source, backward=True, bend=WRAP if wrapped else -40 if far else 30)
