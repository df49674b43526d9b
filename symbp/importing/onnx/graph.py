"""From a model to a Graph: each operator by its row, or worked out where it only computes shapes.

A free size is given a number of its own. Arrays of real numbers are taken for trained ones, except where an operator
says that they are not.
"""

from __future__ import annotations

import numpy as np

from symbp.importing.draft import Input
from symbp.importing.graph import BOOLEAN, FLOAT, INTEGER, Graph, Refused, checked
from symbp.importing.onnx.folded import FOLDED, is_known, value_of
from symbp.importing.onnx.model import Model, Operation
from symbp.importing.onnx.operators import OPERATORS
from symbp.importing.onnx.reader import Reader, refused

FREE = (3, 5, 7, 11, 13)  # what sizes without a number are taken for, each its own
INPUT_KINDS = {1: FLOAT, 11: FLOAT, 6: INTEGER, 7: INTEGER, 9: BOOLEAN}


def graph_of(model: Model) -> Graph:
    """The graph of a model; Refused where an operator has no counterpart."""
    reader = Reader(dict(model.arrays))
    free: dict[str, int] = {}
    for name, (kind, shape) in model.inputs.items():
        if kind not in INPUT_KINDS:
            raise Refused(f"{name}: an input of a type that is no number of single or double precision or integer")
        sizes = [s if isinstance(s, int) else free.setdefault(s, FREE[len(free) % len(FREE)]) for s in shape]
        reader.add(name, INPUT_KINDS[kind], sizes)
        reader.state.inputs[reader.state.env[name]] = Input(reader.state.env[name], "Data")
    for operation in model.operations:
        _read(reader, operation)
    outputs = tuple(name for name in model.outputs if name in reader.tensors)
    held = tuple(reader.held.values())
    arrays = {h.path: reader.arrays[h.path] for h in held}
    return checked(Graph(tuple(model.inputs), held, tuple(reader.nodes), {}, outputs, reader.tensors, arrays))


def _read(reader: Reader, operation: Operation) -> None:
    if operation.kind in FOLDED and is_known(reader, operation):
        values = [value_of(reader, name) for name in operation.inputs]
        try:
            reader.known[operation.outputs[0]] = np.asarray(FOLDED[operation.kind](operation, values))
        except (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
            raise refused(operation, f"its arguments are not understood ({error!r})") from error
        return
    convert = OPERATORS.get(operation.kind)
    if convert is None:
        raise refused(operation, "it has no counterpart")
    try:
        convert(reader, operation)
    except (AssertionError, TypeError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        raise refused(operation, f"its arguments are not understood ({error!r})") from error
