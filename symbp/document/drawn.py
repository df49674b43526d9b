"""What is drawn: the graph of a network, a drawing from coordinates, and the windows of a convolution or a pool.

All of it is data: a format makes lines and letters of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core.integers import Poly
from symbp.document.said import Part

FigureRows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A quantity in the picture; `again` says that it is drawn at another place too. Places are in millimetres across
    and in rows.
    """

    key: str
    name: str
    kind: str
    x: float
    y: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between nodes by their keys: forward, or backward where a derivative flows.

    `bend` is in degrees to the left of the way, 0 is straight. With a `turn` it goes round to another band, and back to
    the left at that height. A `loop` leads to an earlier equation, or the same: to another step of a recurrence, which
    reads it at `steps`; it goes above, or below where `bend` is negative, and beside those of a lower `track`. `dims`
    are the shape of what it carries.
    """

    start: str
    end: str
    backward: bool
    bend: int = 0
    turn: float | None = None
    loop: bool = False
    steps: tuple[Poly, ...] = ()
    track: int = 0
    dims: tuple[Poly, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """The graph."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame with a word in it: its lower left corner, its width and its height in millimetres."""

    x: float
    y: float
    wide: float
    high: float
    word: Part
    kind: str = "value"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from point to point, `backward` where a derivative flows, with a word above it, `below` it, or `beside`
    its start; a word that is longer than the arrow is left out.
    """

    points: tuple[tuple[float, float], ...]
    backward: bool
    word: Part | None
    below: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Frames and arrows at their places."""

    frames: tuple[Frame, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Tiles:
    """A slice of a tensor, at the first subscripts `lead`, as a grid of numbers; `marked` are cells, row and column."""

    tensor: str
    lead: tuple[int, ...]
    rows: FigureRows
    marked: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Grids:
    """Grids of numbers beside each other."""

    tiles: tuple[Tiles, ...]
