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
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.core.network import Equation
from symbp.core.traverse import reads
from symbp.document.arcs import Box, bent
from symbp.document.drawn import Edge, Node, Picture
from symbp.document.letters import is_greek
from symbp.document.model import Block, Paragraph
from symbp.document.said import said

PAGE = 158.0  # millimetres
BESIDE = 5  # inputs beside each other below an equation
SQUEEZED, SPREAD = 0.88, 1.4  # columns may be narrowed, and widened, by this much
STEP = 0.9  # rows between the lines of inputs
EMPTY = 16.5  # millimetres of a column that holds nothing
GAP = 0.55  # rows between two bands
BETWEEN = 1.6  # millimetres between boxes
ROW = 12.0  # millimetres


def picture(d: Derivation) -> tuple[Block, ...]:
    """The picture, and a sentence on how to read it."""
    cells = _cells(d)
    drawing = _draw(d, cells)
    words = [said("graph.arrows")]
    if any(n.kind == "parameter" for n in drawing.nodes):
        words.append(said("graph.parameters"))
    if any(n.again for n in drawing.nodes):
        words.append(said("graph.again"))
    if any(e.loop for e in drawing.edges):
        words.append(said("graph.loops"))
    return drawing, Paragraph(tuple(words))


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
    """How wide each column is, in millimetres, and where each band and lane begins."""

    widths: tuple[float, ...]
    tops: dict[tuple[int, int], float] = field(default_factory=dict)
    turns: dict[int, float] = field(default_factory=dict)  # how high above a band its wrapped arrows go back
    above: list[int] = field(default_factory=list)  # bands of several lanes: the inputs of the first stand above it

    @property
    def columns(self) -> int:
        return len(self.widths)

    def centre(self, column: int) -> float:
        """The middle of a column."""
        return sum(self.widths[:column]) + self.widths[column] / 2


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
    edges = [e for cell in cells.values() for e in _edges(d, cell, grid, cells)] + _loops(d, cells, grid)
    return Picture(tuple(nodes), tuple(bent(edges, {n.key: frame(d, n) for n in nodes})))


def frame(d: Derivation, n: Node) -> Box:
    """The frame of a node in millimetres."""
    least, high = (8.0, 6.0) if n.kind in ("value", "loss") else (7.0, 5.5)
    wide = max(least, _label(n.name, bool(d.network.shape(n.name))))
    return Box(n.x, n.y * ROW, wide / 2, high / 2)


def _grid(cells: dict[str, _Cell]) -> _Grid:
    """As many columns as the page holds, evenly over the bands; a little narrower where that saves a band, and wider
    where there is room, for the shapes between them.
    """
    layers = 1 + max((c.layer for c in cells.values()), default=0)
    wanted = _wanted(cells, layers)
    widths: tuple[float, ...] = ()
    for most in range(max(layers, 2), 0, -1):
        columns = -(-layers // -(-layers // most))
        widths = tuple(max(wanted[k::columns], default=0.0) or EMPTY for k in range(columns))
        if SQUEEZED * sum(widths) <= PAGE or columns <= 2:
            break
    scale = min(SPREAD, PAGE / sum(widths))
    grid = _Grid(tuple(w * scale for w in widths))
    _place_bands(cells, grid)
    return grid


def _wanted(cells: dict[str, _Cell], layers: int) -> list[float]:
    """Room for the widest equation of each layer, and for its inputs beside each other."""
    wanted = [0.0] * layers
    for c in cells.values():
        own = _label(c.equation.name, bool(c.equation.indices)) + 8.5
        wanted[c.layer] = max(wanted[c.layer], own, min(BESIDE, len(c.inputs)) * _pitch(c) + 3.0)
    return wanted


def _pitch(cell: _Cell) -> float:
    """How far its inputs stand from each other."""
    return max((max(7.0, _label(n, bold=True)) for n in cell.inputs), default=0.0) + BETWEEN


def _label(name: str, bold: bool) -> float:
    """About how many millimetres a frame with this name takes."""
    head, *label = name.split("_")
    if label and label[0] and (len(head) == 1 or is_greek(head)):  # the label is small, and of several words short
        small = len(label[0]) if len(label) == 1 else 6
        return _label(head, bold) + 2.4 + 1.3 * small
    letter = name.rstrip("0123456789_")
    number = 2.4 + 1.3 * (len(name) - len(letter)) if letter != name else 0.0
    if len(letter) == 1 or is_greek(letter):
        return 1.7 + number + (4.3 if letter in "WMmw" else 3.2)
    if len(letter) > 4:
        return 1.7 + number + (2.1 if bold else 1.7) * len(letter)
    return 1.7 + number + (4.3 if letter[0] in "WMmw" else 3.2) + 1.6 * (len(letter) - 1)


def _place_bands(cells: dict[str, _Cell], grid: _Grid) -> None:
    """Each lane of a band is as high as its highest cell."""
    y = 0.0
    for band in range(1 + max((c.layer for c in cells.values()), default=0) // grid.columns):
        inside = [c for c in cells.values() if c.layer // grid.columns == band]
        last = max((c.lane for c in inside), default=0)
        grid.turns[band] = y + 0.72
        for lane in range(1 + last):
            here = [c for c in inside if c.lane == lane]
            space = STEP * max((-(-len(c.inputs) // BESIDE) for c in here), default=0)
            if lane == 0 and last:
                grid.above.append(band)
                y -= space
            grid.tops[band, lane] = y
            y -= 1.0 if lane == 0 and last else 1.0 + space
        y -= GAP + (0.4 if last else 0.0)


def _at(cell: _Cell, grid: _Grid) -> tuple[float, float]:
    band, column = divmod(cell.layer, grid.columns)
    return grid.centre(column), grid.tops[band, cell.lane]


def _nodes(d: Derivation, cell: _Cell, grid: _Grid, cells: dict[str, _Cell]) -> Iterator[Node]:
    x, y = _at(cell, grid)
    name = cell.equation.name
    way = 1 if cell.lane == 0 and cell.layer // grid.columns in grid.above else -1
    yield Node(name, name, "loss" if name == d.loss else "value", round(x, 2), y)
    for k, source in enumerate(cell.inputs):
        row, place = divmod(k, BESIDE)
        width = min(BESIDE, len(cell.inputs) - row * BESIDE)
        shift = (place - (width - 1) / 2 + (0.5 if row % 2 and width == BESIDE else 0.0)) * _pitch(cell)
        again = sum(source in c.inputs for c in cells.values()) > 1
        kind = "parameter" if source in d.network.parameters else "data"
        yield Node(f"{source} {name}", source, kind, round(x + shift, 2), round(y + way * STEP * (row + 1), 4), again)


def _edges(d: Derivation, cell: _Cell, grid: _Grid, cells: dict[str, _Cell]) -> Iterator[Edge]:
    active = {s.quantity: s.used_by for s in d.sections}
    name = cell.equation.name
    for source in cell.inputs:
        yield Edge(f"{source} {name}", name, backward=False)
        if name in active.get(source, ()):
            yield Edge(name, f"{source} {name}", backward=True, bend=-20)
    for source in cell.sources:
        wrapped = cells[source].layer // grid.columns != cell.layer // grid.columns
        far = cell.layer - cells[source].layer > 1 and cells[source].lane == cell.lane
        if wrapped:
            yield from _wrapped(source, name, grid, cell.layer // grid.columns, name in active.get(source, ()))
            continue
        yield Edge(source, name, backward=False, bend=28 if far else 0, dims=d.network.shape(source))
        if name in active.get(source, ()):
            yield Edge(name, source, backward=True, bend=-40 if far else -30)


def _loops(d: Derivation, cells: dict[str, _Cell], grid: _Grid) -> list[Edge]:
    """What an equation reads of itself or of a later one: the value of another step; and the way back."""
    order = list(cells)
    found: dict[tuple[str, str], dict[tuple[Poly, ...], None]] = {}
    for name, cell in cells.items():
        for r in reads(cell.equation.body):
            if r.tensor in cells and order.index(r.tensor) >= order.index(name):
                found.setdefault((r.tensor, name), {})[_steps(cell.equation, r)] = None
    active = {s.quantity: s.used_by for s in d.sections}
    edges = []
    for (source, name), steps in found.items():
        turn = _below(cells[source], cells[name], grid, cells)
        ends = {(c.lane, c.layer // grid.columns) for c in (cells[source], cells[name])}
        side = -1 if source != name and any(ends == {(0, band)} for band in grid.above) else 1
        for track, once in enumerate(steps):
            edges.append(Edge(source, name, False, side, turn, loop=True, steps=once, track=track))
        if name in active.get(source, ()):
            edges.append(Edge(name, source, backward=True, bend=side, turn=turn, loop=True))
    return edges


def _below(start: _Cell, end: _Cell, grid: _Grid, cells: dict[str, _Cell]) -> float | None:
    """How deep an arrow may go round below a band of several lanes; nothing where something stands in its way."""
    band = end.layer // grid.columns
    inside = [c for c in cells.values() if c.layer // grid.columns == band]
    if start.layer // grid.columns != band or start.lane == end.lane:
        return None
    free = not any(c.layer == s.layer and c.lane > s.lane for s in (start, end) for c in inside)
    bare = all(not s.inputs or (s.lane == 0 and band in grid.above) for s in (start, end))
    lowest = min(grid.tops[band, c.lane] - (STEP if c.inputs and c.lane else 0.0) for c in inside)
    return round(lowest - 0.6, 4) if free and bare else None


def _steps(e: Equation, read: Read) -> tuple[Poly, ...]:
    """The subscripts that are another step than the one computed: t - 1."""
    return tuple(s for i, s in zip(e.indices, read.subs, strict=False) if (s - i).constant)


def _wrapped(source: str, name: str, grid: _Grid, band: int, back: bool) -> Iterator[Edge]:
    """An arrow round to a lower band, and the way back; each has a height of its own."""
    turn = grid.turns[band]
    grid.turns[band] += 0.22
    yield Edge(source, name, backward=False, turn=round(turn, 4))
    if back:
        yield Edge(name, source, backward=True, turn=round(turn + 0.11, 4))
