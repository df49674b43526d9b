"""Blocks of operations that are repeated one after the other, as layers and steps in time are, by structure alone.

Turn after turn has the same operations with the same numbers, reads what the turn before has made at the same places,
and has parameters of its own of the same shapes, or takes an entry after the other along an axis. What each turn makes
may be stacked afterwards. Names and attribute paths play no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symbp.importing.graph import Argument, Graph, Node, Ref, Size

# What is a loop of its own, which cannot stand in another.
LOOPS = ("aten.lstm.input", "aten.gru.input", "aten.rnn_tanh.input", "aten.rnn_relu.input")
ENTRY = "aten.select.int"  # what may take another entry in each turn
TOGETHER = ("aten.stack.default", "aten.cat.default")  # what may put together what the turns have made
# Operations and parameters that a loop over layers saves, and one over an axis: below that nobody would write one.
FEWEST, FEWEST_STEPS = 16, 6


@dataclass(frozen=True, slots=True)
class Repeated:
    """From which operation on, how many make one turn, how many turns.

    `carried` pairs what goes into the first turn with what the first turn makes of it; `stacked` has for each held
    tensor that the first turn reads those of all turns. `moving` are the operations of a turn that take an entry after
    the other; `starts` names what is read at a place of the first turn where several states start as one value,
    `h = c = 0`; `gathered` has for what is put together of all turns what the first of them has made.
    """

    start: int
    period: int
    turns: int
    carried: tuple[tuple[str, str], ...]
    stacked: Mapping[str, tuple[str, ...]]
    moving: tuple[int, ...] = ()
    starts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    gathered: Mapping[str, str] = field(default_factory=dict)

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

    def gathers(self, node: Node) -> bool:
        """Does it put together what the turns have made?"""
        return any(name in self.gathered for name in node.results)

    def results(self, graph: Graph) -> Iterator[tuple[str, str]]:
        """What is read after the loop: its name in the first turn and in the last."""
        late = {r for n in graph.nodes[self.stop :] if not self.gathers(n) for r in n.reads()} | set(graph.outputs)
        for k in range(self.period):
            first, last = graph.nodes[self.start + k], graph.nodes[self.stop - self.period + k]
            for a, b in zip(first.results, last.results, strict=True):
                if b in late:
                    yield a, b


def repeated(graph: Graph) -> Repeated | None:
    """The block whose loop saves most; of those that save the same, the one that carries least, then the first."""
    tokens = [_token(graph, n) for n in graph.nodes]
    found = [b for period in range(2, len(tokens) // 2 + 1) for b in _of_period(graph, tokens, period)]
    found = [b for b in found if (b.stacked or b.moving) and b.saved >= (FEWEST_STEPS if b.moving else FEWEST)]
    return min(found, key=lambda b: (-b.saved, len(b.carried), b.start), default=None)


def _token(graph: Graph, node: Node) -> object:
    """All of an operation but which tensors it reads."""
    shapes = tuple(graph.tensors[r].shape for r in node.results if r in graph.tensors)
    arguments = [(k, v) for k, v in node.arguments if (node.operation, k) != (ENTRY, "index")]
    return node.operation, tuple((k, _masked(graph, v)) for k, v in arguments), shapes


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
    pairs: dict[tuple[int, int], tuple[str, str]] = {}  # what is carried, by the operation and which of its reads
    stacked: dict[str, tuple[str, ...]] = {}
    moving = _moving(graph, start, period, turns)
    if moving is None:
        return None
    for k in range(period):
        for j, column in enumerate(zip(*(nodes[start + t * period + k].reads() for t in range(turns)), strict=True)):
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
            pairs[k, j] = column[0], column[1]
    carried, starts = _states(pairs)
    if len({after for _, after in carried}) < len(carried) or not carried:
        return None
    gathered = dict(_gathered(graph, makes, turns, start + period * turns))
    block = Repeated(start, period, turns, carried, stacked, moving, starts, gathered)
    return block if _ends(graph, block, makes) else None


def _states(
    pairs: Mapping[tuple[int, int], tuple[str, str]],
) -> tuple[tuple[tuple[str, str], ...], dict[tuple[int, int], str]]:
    """What is carried, each by a name of its own; where that is none of the graph's, which place reads it."""
    carried: dict[tuple[str, str], str] = {}
    for before, after in pairs.values():
        if (before, after) not in carried:
            others = sum(1 for b, _ in carried if b == before)
            carried[before, after] = f"{before} {others}" if others else before
    named = {place: carried[pair] for place, pair in pairs.items() if carried[pair] != pair[0]}
    return tuple((name, after) for (_, after), name in carried.items()), named


def _moving(graph: Graph, start: int, period: int, turns: int) -> tuple[int, ...] | None:
    """The operations of a turn that take the first entry along an axis in the first turn, the next in the next, all in
    all turns; None where one takes entries in another order.
    """
    found = []
    for k in range(period):
        every = graph.nodes[start + k : start + period * turns : period]
        if every[0].operation != ENTRY or len({n.get("index", 0) for n in every}) == 1:
            continue
        of, axis = every[0].get("self"), every[0].get("dim", 0)
        shape = graph.tensors[of.name].shape if isinstance(of, Ref) else ()
        if [n.get("index", 0) for n in every] != list(range(turns)) or not isinstance(axis, int):
            return None
        if shape[axis] != turns or any(n.get("self") != of for n in every):
            return None
        found.append(k)
    return tuple(found)


def _gathered(
    graph: Graph, makes: Mapping[str, tuple[int, int, int]], turns: int, stop: int
) -> Iterator[tuple[str, str]]:
    """What is put together, in their order, of what all turns have made at the same place; and the first of these."""
    for node in graph.nodes[stop:]:
        parts = node.get("tensors")
        if node.operation not in TOGETHER or not isinstance(parts, tuple) or len(parts) != turns:
            continue
        names = [p.name for p in parts if isinstance(p, Ref)]
        axis, shape = node.get("dim", 0), graph.tensors[names[0]].shape
        if node.operation != TOGETHER[0] and (not isinstance(axis, int) or shape[axis] != 1):
            continue
        places = [makes.get(n) for n in names]
        if places[0] is not None and places == [(t, *places[0][1:]) for t in range(turns)]:
            yield node.results[0], names[0]


def _ends(graph: Graph, block: Repeated, makes: Mapping[str, tuple[int, int, int]]) -> bool:
    """Is nothing read outside but what the last turn makes, and no parameter of a turn elsewhere?"""
    outside = [n for n in (*graph.nodes[: block.start], *graph.nodes[block.stop :]) if not block.gathers(n)]
    own = {n for column in block.stacked.values() for n in column}
    reads = {r for n in outside for r in n.reads()} | set(graph.outputs)
    if reads & own or any(makes[r][0] != block.turns - 1 for r in reads if r in makes):
        return False
    return not any(n.operation in LOOPS for n in graph.nodes[block.start : block.stop])
