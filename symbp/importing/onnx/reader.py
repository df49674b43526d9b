"""What has been read of a model so far, and how an operator becomes operations of PyTorch's.

Sizes are numbers here; what an operator asks for beyond its counterpart is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.importing.at import State
from symbp.importing.draft import Value
from symbp.importing.graph import FLOAT, INTEGER, Argument, Held, Node, Ref, Refused, Tensor
from symbp.importing.onnx.model import Operation
from symbp.importing.translate import read_operation

Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class Reader:
    """What has been read so far: the operations, which tensors there are, which values are known as numbers."""

    arrays: dict[str, Array]
    known: dict[str, Array] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    state: State = field(default_factory=State)

    def add(self, name: str, kind: str, shape: Sequence[int]) -> None:
        self.tensors[name] = Tensor(name, kind, tuple(shape))
        self.state.env[name] = Value(self.state.sizes.shape(shape), kind, name)

    def argument(self, name: str, trained: bool = True) -> Argument:
        """What an operation reads: a tensor, or a single number."""
        if name in self.known and name not in self.held and self.known[name].size == 1 and name not in self.arrays:
            return self.known[name].item()  # type: ignore[no-any-return]
        array = self.arrays.get(name, self.known.get(name))
        if name not in self.tensors and array is not None:
            if array.ndim == 0:
                return array.item()  # type: ignore[no-any-return]
            self.hold(name, array, trained)
        if name not in self.tensors:
            raise Refused(f"{name}: read and never made")
        return Ref(name)

    def hold(self, name: str, array: Array, trained: bool = True) -> Ref:
        """An array as a parameter or a buffer."""
        real = array.dtype.kind == "f"
        self.arrays[name] = array
        self.held[name] = Held(name, name, trained and real)
        self.add(name, FLOAT if real else INTEGER, array.shape)
        return Ref(name)

    def shape(self, name: str) -> tuple[int, ...]:
        if name in self.tensors:
            return self.tensors[name].shape
        array = self.arrays[name] if name in self.arrays else self.known[name]
        return tuple(map(int, array.shape))

    def emit(self, at: Operation, operation: str, results: Sequence[str], /, **arguments: Argument) -> Ref:
        """One operation of PyTorch's, whose shapes are found by its rule."""
        node = Node(f"aten.{operation}", tuple(arguments.items()), tuple(results), path_of(at))
        self.nodes.append(node)
        read_operation(self.state, node)
        for name in results:
            if name:
                value = self.state.env[name]
                self.tensors[name] = Tensor(name, value.kind, tuple(map(self.state.sizes.value, value.shape)))
        return Ref(results[0])


Convert = Callable[[Reader, Operation], None]


def refused(operation: Operation, why: str) -> Refused:
    return Node(f"ONNX's {operation.kind}", (), (), path_of(operation)).refused(why)


def demand(operation: Operation, holds: bool, what: str) -> None:
    """Refuse an operator that asks for something else."""
    if not holds:
        raise refused(operation, f"expected {what}")


def path_of(operation: Operation) -> str:
    """The attribute path of the module that an operator stands in, where its name says it: /fc1/Gemm."""
    return operation.name.strip("/").replace("/", ".").rpartition(".")[0]
