"""An exported network as plain data: which operations in which order, of which tensors. Nothing of PyTorch is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from symbp.errors import SymbpError
from symbp.escape import on_terminal

FLOAT, INTEGER, BOOLEAN = "float", "integer", "boolean"
Arrays = Mapping[str, npt.NDArray[np.generic]]


class Refused(SymbpError):
    """What has no counterpart in the language, and where in the module it stands."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor as an argument."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """A size as an argument: the name of what makes it, and what it was in the export."""

    name: str
    value: int


Argument = None | bool | int | float | str | Ref | Size | tuple["Argument", ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph: what its entries are, and the shape that it had in the export."""

    name: str
    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `path` is the attribute path of the module that it stands in, `line` its place in the source."""

    operation: str
    arguments: tuple[tuple[str, Argument], ...]
    results: tuple[str, ...]
    path: str = ""
    line: str = ""
    module: str = ""

    def get(self, name: str, default: Argument = None) -> Argument:
        """An argument by its name in the operation's signature."""
        return next((value for key, value in self.arguments if key == name), default)

    def reads(self) -> Iterator[str]:
        """The names that it reads, each as often as it stands there."""
        for _, value in self.arguments:
            yield from _names(value)

    def reading(self, names: Mapping[int, str]) -> Node:
        """The same with other names in the places of some of its reads."""
        count = iter(range(1 << 30))

        def renamed(value: Argument) -> Argument:
            if isinstance(value, tuple):
                return tuple(map(renamed, value))
            if isinstance(value, (Ref, Size)) and value.name:
                name = names.get(next(count), value.name)
                return Ref(name) if isinstance(value, Ref) else value
            return value

        return replace(self, arguments=tuple((key, renamed(value)) for key, value in self.arguments)) if names else self

    def refused(self, why: str) -> Refused:
        """The message that this operation cannot be taken, and why."""
        where = f"in {self.path}" if self.path else "at the top"
        module = f" ({self.module})" if self.module else ""
        line = f"\n    {self.line}" if self.line else ""
        return Refused(on_terminal(f"{self.operation} {where}{module}: {why}{line}"))


def _names(value: Argument) -> Iterator[str]:
    if isinstance(value, (Ref, Size)) and value.name:
        yield value.name
    elif isinstance(value, tuple):
        for part in value:
            yield from _names(part)


@dataclass(frozen=True, slots=True)
class Held:
    """A parameter or a buffer: its name in the graph, and its attribute path in the module."""

    name: str
    path: str
    trained: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole exported network; `tensors` has the type of every tensor, `arrays` what is held, by attribute path.

    `extents` has the operations that make sizes, by the name of the size; `negative` the numbers below 0 that were
    given for inputs of integers: labels that are to be ignored.
    """

    inputs: tuple[str, ...]
    held: tuple[Held, ...]
    nodes: tuple[Node, ...]
    extents: Mapping[str, Node]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    arrays: Arrays
    negative: Mapping[str, int] = field(default_factory=dict)


def checked(graph: Graph) -> Graph:
    """The graph; Refused where it reads what nothing has made, or holds an array of another shape than it says."""
    known = {*graph.inputs, *(h.name for h in graph.held)}
    for held in graph.held:
        if graph.arrays[held.path].shape != graph.tensors[held.name].shape:
            raise Refused(on_terminal(f"{held.path}: an array of another shape than the graph says"))
    for node in graph.nodes:
        if unknown := [name for name in node.reads() if name not in known and name not in graph.extents]:
            raise node.refused(f"it reads {unknown[0]}, which nothing has made")
        known |= {name for name in node.results if name}
    if not graph.outputs or not known.issuperset(graph.outputs) or not known <= set(graph.tensors):
        raise Refused("the program returns no tensor that it makes")
    return graph
