"""Blocks of operations that are repeated one after the other, as layers are: found by their structure alone.

Turn after turn has the same operations with the same numbers, reads what the turn before has made at the same places,
and has parameters of its own of the same shapes. Names and attribute paths play no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symbp.importing.graph import Argument, Graph, Node, Ref, Size

# What is a loop of its own, which cannot stand in another.
LOOPS = ("aten.lstm.input", "aten.gru.input", "aten.rnn_tanh.input", "aten.rnn_relu.input")
FEWEST = 16  # operations and parameters that a loop saves: below that nobody would write one


@dataclass(frozen=True, slots=True)
class Repeated:
    """From which operation on, how many make one turn, how many turns.

    `carried` pairs what goes into the first turn with what the first turn makes of it; `stacked` has for each held
    tensor that the first turn reads those of all turns.
    """

    start: int
    period: int
    turns: int
    carried: tuple[tuple[str, str], ...]
    stacked: Mapping[str, tuple[str, ...]]

    @property
    def stop(self) -> int:
        return self.start + self.period * self.turns

    @property
    def saved(self) -> int:
        """How many operations and parameters need not be written."""
        return (self.period + len(self.stacked)) * (self.turns - 1)

    def node_of(self, graph: Graph, name: str) -> Node:
        """The operation of the first turn that makes a value."""
        return next(n for n in graph.nodes[self.start : self.start + self.period] if name in n.results)

    def results(self, graph: Graph) -> Iterator[tuple[str, str]]:
        """What is read after the loop: its name in the first turn and in the last."""
        late = {r for n in graph.nodes[self.stop :] for r in n.reads()} | set(graph.outputs)
        for k in range(self.period):
            first, last = graph.nodes[self.start + k], graph.nodes[self.stop - self.period + k]
            for a, b in zip(first.results, last.results, strict=True):
                if b in late:
                    yield a, b


def repeated(graph: Graph) -> Repeated | None:
    """The block whose loop saves most; of those that save the same, the one that carries least, then the first."""
    tokens = [_token(graph, n) for n in graph.nodes]
    found = [b for period in range(2, len(tokens) // 2 + 1) for b in _of_period(graph, tokens, period)]
    found = [b for b in found if b.saved >= FEWEST and b.stacked]
    return min(found, key=lambda b: (-b.saved, len(b.carried), b.start), default=None)


def _token(graph: Graph, node: Node) -> object:
    """All of an operation but which tensors it reads."""
    shapes = tuple(graph.tensors[r].shape for r in node.results if r in graph.tensors)
    return node.operation, tuple((k, _masked(graph, v)) for k, v in node.arguments), shapes


def _masked(graph: Graph, value: Argument) -> object:
    if isinstance(value, Ref):
        return graph.tensors[value.name].shape
    if isinstance(value, Size):
        return value.value
    return tuple(_masked(graph, v) for v in value) if isinstance(value, tuple) else (type(value).__name__, value)


def _of_period(graph: Graph, tokens: list[object], period: int) -> Iterator[Repeated]:
    """All longest repetitions of that period."""
    equal = [a == b for a, b in zip(tokens, tokens[period:], strict=False)]
    place = 0
    while place < len(equal):
        if not equal[place]:
            place += 1
            continue
        end = place
        while end < len(equal) and equal[end]:
            end += 1
        for start in range(place, min(place + period, end)):
            turns = (end - start) // period + 1
            for n in range(turns, 1, -1):
                if block := _joined(graph, start, period, n):
                    yield block
                    break
        place = end


def _joined(graph: Graph, start: int, period: int, turns: int) -> Repeated | None:
    """The block, if the turns hang together as those of a loop do."""
    makes: dict[str, tuple[int, int, int]] = {}  # which turn, which operation of it, which result
    nodes = graph.nodes
    for k in range(start, start + period * turns):
        for r, name in enumerate(nodes[k].results):
            makes[name] = ((k - start) // period, (k - start) % period, r)
    held = {h.name for h in graph.held}
    carried: dict[str, str] = {}
    stacked: dict[str, tuple[str, ...]] = {}
    for k in range(period):
        for column in zip(*(nodes[start + t * period + k].reads() for t in range(turns)), strict=True):
            if len(set(column)) == 1 and column[0] not in makes:
                continue
            if all(name in held for name in column):
                if len(set(column)) < turns or stacked.setdefault(column[0], column) != column:
                    return None
                continue
            places = [makes.get(name) for name in column]
            if all(p is not None and p == (t, *places[0][1:]) for t, p in enumerate(places)):  # type: ignore[index]
                continue
            if places[0] is not None or any(p is None for p in places[1:]):
                return None
            if any(p != (t, *places[1][1:]) for t, p in enumerate(places[1:])):  # type: ignore[index]
                return None
            if carried.setdefault(column[0], column[1]) != column[1]:
                return None
    if len(set(carried.values())) < len(carried) or not carried:
        return None
    block = Repeated(start, period, turns, tuple(carried.items()), stacked)
    return block if _ends(graph, block, makes) else None


def _ends(graph: Graph, block: Repeated, makes: Mapping[str, tuple[int, int, int]]) -> bool:
    """Is nothing read outside but what the last turn makes, and no parameter of a turn elsewhere?"""
    outside = [*graph.nodes[: block.start], *graph.nodes[block.stop :]]
    own = {n for column in block.stacked.values() for n in column}
    reads = {r for n in outside for r in n.reads()} | set(graph.outputs)
    if reads & own or any(makes[r][0] != block.turns - 1 for r in reads if r in makes):
        return False
    return not any(n.operation in LOOPS for n in graph.nodes[block.start : block.stop])
