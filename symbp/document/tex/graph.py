"""The graph as a TikZ picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from symbp.core.integers import Poly
from symbp.document.drawn import Arrow, Drawing, Edge, Node, Picture, Tiles
from symbp.document.graph import ROW
from symbp.document.tex.matrices import MatrixPrinter
from symbp.document.tex.names import Names
from symbp.document.tex.numbers import in_decimals
from symbp.document.tex.print import Printer
from symbp.document.tex.width import width
from symbp.document.tex.words import WordWriter
from symbp.matrix.nodes import Named

STYLES = (
    "every node/.style={font=\\small,inner sep=2pt}",
    "value/.style={draw=forward,rounded corners=2pt,minimum width=8mm,minimum height=6mm,fill=forward!6}",
    "loss/.style={value,fill=forward!22}",
    "data/.style={draw=quiet,minimum width=7mm,minimum height=5.5mm}",
    "parameter/.style={data,fill=backward!7}",
    "again/.style={densely dotted,semithick}",
    "f/.style={-{Stealth[length=1.8mm]},forward,semithick}",
    "g/.style={-{Stealth[length=1.8mm]},backward,densely dashed}",
)


def tikz(block: Picture, printer: Printer) -> str:
    """The picture, centred, no wider than the page."""
    keys = {n.key: f"n{k}" for k, n in enumerate(block.nodes)}
    options = ",\n ".join((f"x=1mm,y={ROW:.0f}mm", *STYLES))
    drawn = [_node(n, keys, printer.names) for n in block.nodes]
    drawn += (_edge(e, keys, printer, _shape(e, block, WordWriter(printer))) for e in block.edges)
    body = "\n".join(drawn)
    return (
        f"\\begin{{center}}\\atmost{{\\begin{{tikzpicture}}[{options}]\n{body}\n\\end{{tikzpicture}}}}\\end{{center}}"
    )


TINY, BOX = 0.22, 11.0  # the same in tiny print; about how much of an arrow's way its boxes take
SMALL = 0.25  # millimetres that a point of a formula takes in small print
WIDE, HIGH, APART, BELOW = 10.0, 5.5, 8.0, 4.0  # of a cell, between grids, to the name, in millimetres


def grids(tiles: Sequence[Tiles], printer: MatrixPrinter) -> str:
    """Grids of numbers beside each other, each with its name below; marked cells are tinted."""
    drawn: list[str] = []
    left = 0.0
    for tile in tiles:
        for k, row in enumerate(tile.rows):
            for j, value in enumerate(row):
                tint = "fill=forward!14," if (k, j) in tile.marked else ""
                x, y = left + j * WIDE, -k * HIGH
                cell = f"draw=quiet!60,{tint}minimum width={WIDE:g}mm,minimum height={HIGH:g}mm,inner sep=0"
                drawn.append(f"\\node[{cell}] at ({x:g},{y:g}) {{${in_decimals(value, 2)}$}};")
        wide, high = len(tile.rows[0]) * WIDE, len(tile.rows) * HIGH
        dims = (Poly.of(len(tile.rows)), Poly.of(len(tile.rows[0])))
        name = printer.text(Named(tile.tensor, dims, tuple(map(Poly.of, tile.lead)))).tex
        drawn.append(f"\\node at ({left + (wide - WIDE) / 2:g},{-high - BELOW + HIGH / 2:g}) {{${name}$}};")
        left += wide + APART
    body = "\n".join(drawn)
    options = "x=1mm,y=1mm,font=\\footnotesize"
    return (
        f"\\begin{{center}}\\atmost{{\\begin{{tikzpicture}}[{options}]\n{body}\n\\end{{tikzpicture}}}}\\end{{center}}"
    )


def drawing(block: Drawing, words: WordWriter) -> str:
    """Frames and arrows at their places."""
    drawn: list[str] = []
    for f in block.frames:
        middle = f"({f.x + f.wide / 2:g},{f.y + f.high / 2:g})"
        size = f"minimum width={f.wide:g}mm,minimum height={f.high:g}mm"
        drawn.append(f"\\node[{f.kind},{size}] at {middle} {{{words.tex(f.word)}}};")
    drawn += (_arrow(a, words) for a in block.arrows)
    body = "\n".join(drawn)
    options = ",\n ".join(("x=1mm,y=1mm", *STYLES))
    return (
        f"\\begin{{center}}\\atmost{{\\begin{{tikzpicture}}[{options}]\n{body}\n\\end{{tikzpicture}}}}\\end{{center}}"
    )


def _arrow(a: Arrow, words: WordWriter) -> str:
    way = "--".join(f"({x:g},{y:g})" for x, y in a.points)
    length = math.dist(a.points[0], a.points[-1])
    text = words.tex(a.word) if a.word is not None else ""
    upright = a.points[0][0] == a.points[-1][0]
    if not upright and not a.beside and SMALL * width(text) > length - 2:
        text = f"\\resizebox{{{length - 2:g}mm}}{{!}}{{{text}}}" if SMALL * width(text) < 1.6 * length else ""
    word = ""
    if text:
        side = "right" if upright and a.backward else "left"
        place = side if a.beside else "below" if a.below else "above"
        at = "pos=.5" if not (upright and a.below) and not (a.beside and not upright) else "pos=0"
        word = f"node[{at},{place},font=\\scriptsize] {{{text}}} "
    return f"\\draw[{'g' if a.backward else 'f'}] {way} {word};"


def _node(n: Node, keys: dict[str, str], names: Names) -> str:
    style = f"{n.kind},again" if n.again else n.kind
    return f"\\node[{style}] ({keys[n.key]}) at ({n.x:g},{n.y:g}) {{${names.whole(n.name)}$}};"


def _shape(e: Edge, block: Picture, words: WordWriter) -> str:
    """What a straight arrow carries is as large as stands below it, where there is room."""
    places = {n.key: (n.x, n.y) for n in block.nodes}
    (x, y), (right, other) = places[e.start], places[e.end]
    if e.bend or e.loop or y != other or not e.dims:
        return ""
    text = words.shape(e.dims)
    return f"${text}$" if TINY * width(text) < abs(right - x) - BOX else ""


def _edge(e: Edge, keys: dict[str, str], printer: Printer, shape: str) -> str:
    start, end = keys[e.start], keys[e.end]
    if e.turn is not None and not e.loop:
        return _round(start, end, e.backward, e.turn)
    style = "g" if e.backward else "f"
    if e.loop:
        return _loop(e, style, start, end, ", ".join(f"${printer.poly(s)}$" for s in e.steps))
    if not e.bend:
        below = f" node[pos=.45,below,font=\\tiny,text=quiet] {{{shape}}} " if shape else ""
        return f"\\draw[{style}] ({start})--{below}({end});"
    side = "left" if e.bend > 0 else "right"
    return f"\\draw[{style}] ({start}) to[bend {side}={abs(e.bend)}] ({end});"


def _loop(e: Edge, style: str, start: str, end: str, steps: str) -> str:
    """Over the others to an earlier equation, or round to the same; the way back runs beside it."""
    sign, side = ("", "above") if e.bend >= 0 else ("-", "below")
    if start == end:
        first, last, loose = (110, 70, 9) if e.backward else (60 - 12 * e.track, 120 + 12 * e.track, 6 + 5 * e.track)
        way = f"out={sign}{first},in={sign}{last},loop,looseness={loose}"
    else:
        way = f"bend left={sign}52" if e.backward else f"bend right={sign}{62 + 16 * e.track}"
    label = f"node[pos=.5,{side},font=\\scriptsize] {{{steps}}} " if steps else ""
    if e.turn is not None:
        return _under(e, style, start, end, label.replace("pos=.5", "pos=.25"), e.turn)
    return f"\\draw[{style}] ({start}) to[{way}] {label}({end});"


def _under(e: Edge, style: str, start: str, end: str, label: str, turn: float) -> str:
    """Down from the one, along below the band, and up into the other."""
    shift = -1.2 if e.backward else 2.4 * e.track
    depth = turn - (0.14 if e.backward else 0.28 * e.track)
    first, last = f"([xshift={shift:g}mm]{start}.south)", f"([xshift={-shift:g}mm]{end}.south)"
    corner = f"([xshift={shift:g}mm]{start}.south |- 0,{depth:g})"
    if e.track:
        label = label.replace(",above,", ",below,")
    return f"\\draw[{style},rounded corners=3pt] {first} -- {corner} -| {label}{last};"


def _round(start: str, end: str, backward: bool, turn: float) -> str:
    """From the end of a band down to the gap, back to the left, and into the next band; or the same way back."""
    style, shift = ("g", "-1mm") if backward else ("f", "1mm")
    right, left = ("4.5mm", "-5.5mm") if backward else ("6mm", "-3.5mm")
    first, second = (f"{start}.west", f"{end}.east") if backward else (f"{start}.east", f"{end}.west")
    out, back = (left, right) if backward else (right, left)
    return (
        f"\\coordinate ({start}{end}) at ([xshift={back}]{second} |- 0,{turn:g});\n"
        f"\\draw[{style},rounded corners=3pt] ([yshift={shift}]{first}) -- ++({out},0) |- ({start}{end}) "
        f"|- ([yshift={shift}]{second});"
    )
