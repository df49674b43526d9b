"""How far the arrows of the graph bend: to a side where they meet no box and no other arrow.

In come boxes and arrows, each arrow with the bend that it would have if nothing stood in its way; out come the same
arrows, bent. Places are in millimetres. It knows nothing of networks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from symbp.document.drawn import Edge

Point = tuple[float, float]
BENDS = (0, 12, 20, 30, 40, 52, 64)  # degrees, to either side
SAMPLES = 25
CLEAR = 0.8  # millimetres that an arrow keeps from a box
APART = 1.3  # and from another arrow
CELL = 20.0  # the side of a square of the grid by which they are found
REACH = 0.3915  # of TikZ: how far the control points of a bend are from its ends


@dataclass(frozen=True, slots=True)
class Box:
    """The frame of a quantity: its middle, half its width and half its height."""

    x: float
    y: float
    wide: float
    high: float

    def holds(self, p: Point, more: float) -> bool:
        """Is a point inside, or nearer than `more`?"""
        return abs(p[0] - self.x) < self.wide + more and abs(p[1] - self.y) < self.high + more

    def border(self, angle: float) -> Point:
        """Where a ray from the middle leaves it."""
        c, s = math.cos(angle), math.sin(angle)
        far = min(self.wide / abs(c) if abs(c) > 1e-9 else math.inf, self.high / abs(s) if abs(s) > 1e-9 else math.inf)
        return self.x + far * c, self.y + far * s


@dataclass(frozen=True, slots=True)
class Curve:
    """The middle of an arrow that has been drawn, and the frame that holds what lies too near to it."""

    points: tuple[Point, ...]
    frame: Box

    @staticmethod
    def of(way: Sequence[Point]) -> Curve:
        """All but its ends, where arrows of one box meet."""
        return Curve(tuple(way[2:-2]), _frame(way[2:-2], APART))

    def is_near(self, p: Point) -> bool:
        """Does a point lie closer to it than arrows should?"""
        return self.frame.holds(p, 0) and any(math.dist(p, q) < APART for q in self.points)


class Cells:
    """Frames by the squares of a grid that they reach into, so that what is far away is not looked at."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], dict[int, None]] = {}
        self.kept: list[tuple[object, Box]] = []

    def add(self, thing: object, frame: Box) -> None:
        """Keep a thing with its frame."""
        for cell in _reached(frame):
            self.cells.setdefault(cell, {})[len(self.kept)] = None
        self.kept.append((thing, frame))

    def near(self, frame: Box) -> list[Any]:
        """What was kept with a frame that may meet this one, in the order of keeping."""
        found = {k for cell in _reached(frame) for k in self.cells.get(cell, ())}
        return [self.kept[k][0] for k in sorted(found)]


def _reached(frame: Box) -> Iterator[tuple[int, int]]:
    ranges = [
        range(math.floor((middle - half) / CELL), math.floor((middle + half) / CELL) + 1)
        for middle, half in ((frame.x, frame.wide), (frame.y, frame.high))
    ]
    yield from product(*ranges)


def _frame(way: Sequence[Point], more: float) -> Box:
    xs, ys = zip(*way, strict=True)
    wide, high = (max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2
    return Box(min(xs) + wide, min(ys) + high, wide + more, high + more)


def bent(edges: Sequence[Edge], boxes: Mapping[str, Box]) -> list[Edge]:
    """The arrows, one after the other, each bent as it costs least beside those before it."""
    drawn, standing = Cells(), Cells()
    for key, box in boxes.items():
        standing.add(key, replace(box, wide=box.wide + CLEAR, high=box.high + CLEAR))
    result = []
    for e in edges:
        if e.turn is None and not e.loop:
            e = _best(e, boxes, standing, drawn)
            curve = Curve.of(points(e, boxes))
            drawn.add(curve, curve.frame)
        result.append(e)
    return result


def _best(wanted: Edge, boxes: Mapping[str, Box], standing: Cells, drawn: Cells) -> Edge:
    """The bend that costs least; those further from the wish than the best so far costs are not looked at."""
    best, least = wanted, math.inf
    for e in sorted(_candidates(wanted), key=lambda c: _wish(c, wanted)):
        if _wish(e, wanted) >= least:
            break
        cost = _wish(e, wanted) + _meets(points(e, boxes), e, boxes, standing, drawn)
        if cost < least:
            best, least = e, cost
    return best


def _candidates(e: Edge) -> list[Edge]:
    bends = dict.fromkeys((e.bend, *BENDS, *(-b for b in BENDS)))
    return [replace(e, bend=b) for b in bends if b or not e.backward]


def _wish(e: Edge, wanted: Edge) -> float:
    """How far a bend is from what was wanted."""
    return abs(abs(e.bend) - abs(wanted.bend)) / 20 + 0.5 * (e.bend * wanted.bend < 0)


def _meets(way: Sequence[Point], e: Edge, boxes: Mapping[str, Box], standing: Cells, drawn: Cells) -> float:
    """Points of it in a box count most, then those that run along another arrow."""
    around = _frame(way, 1e-6)
    others = [boxes[key] for key in standing.near(around) if key not in (e.start, e.end)]
    inside = sum(b.holds(p, CLEAR) for p in way for b in others)
    curves: list[Curve] = drawn.near(around)
    return 10.0 * inside + sum(curve.is_near(p) for curve in curves for p in way[3:-3])


def points(e: Edge, boxes: Mapping[str, Box]) -> list[Point]:
    """Points of the arrow; a bend to the left leaves by that angle and arrives by it."""
    start, end = boxes[e.start], boxes[e.end]
    way, turn = math.atan2(end.y - start.y, end.x - start.x), math.radians(e.bend)
    first, last = start.border(way + turn), end.border(way + math.pi - turn)
    reach = REACH * math.dist(first, last)
    out = first[0] + reach * math.cos(way + turn), first[1] + reach * math.sin(way + turn)
    back = last[0] - reach * math.cos(way - turn), last[1] - reach * math.sin(way - turn)
    return [_between((first, out, back, last), k / (SAMPLES - 1)) for k in range(SAMPLES)]


def _between(corners: tuple[Point, ...], t: float) -> Point:
    """A point of the Bezier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(w * p[axis] for w, p in zip(weights, corners, strict=True)) for axis in (0, 1))
    return x, y
