"""What of a model is worked out while it is read: the operators that compute shapes, and constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbp.importing.onnx.model import Operation
from symbp.importing.onnx.reader import Reader


def is_known(reader: Reader, operation: Operation) -> bool:
    """Are all arguments whole numbers or single ones that are known, or is only a shape asked for?"""
    if operation.kind == "Shape":
        return True
    for name in operation.inputs:
        array = reader.known.get(name)
        if name and array is None:
            held = reader.arrays.get(name)
            if held is None or name in reader.held or (held.dtype.kind == "f" and held.size > 1):
                return False
    return True


def value_of(reader: Reader, name: str) -> Any:
    if name in reader.known or name in reader.arrays:
        return reader.known.get(name, reader.arrays.get(name))
    return np.empty(reader.shape(name)) if name else None


def _shape(op: Operation, v: Sequence[Any]) -> Any:
    return np.array(v[0].shape[op.get("start", 0) : op.get("end", None)], np.int64)


def _cut(op: Operation, v: Sequence[Any]) -> Any:
    starts, ends = v[1].ravel(), v[2].ravel()
    axes = v[3].ravel() if len(v) > 3 and v[3] is not None else range(len(starts))
    steps = v[4].ravel() if len(v) > 4 and v[4] is not None else [1] * len(starts)
    cuts = [slice(None)] * v[0].ndim
    for a, s, e, t in zip(axes, starts, ends, steps, strict=True):
        cuts[int(a)] = slice(int(s), int(e), int(t))
    return v[0][tuple(cuts)]


def axes_of(op: Operation, v: Sequence[Any]) -> tuple[int, ...]:
    given = v[1] if len(v) > 1 and v[1] is not None else op.get("axes", None)
    return tuple(int(a) for a in np.ravel(given)) if given is not None else ()


def _constant(op: Operation, _v: Sequence[Any]) -> Any:
    for name in ("value", "value_int", "value_float", "value_ints", "value_floats"):
        if op.get(name, None) is not None:
            return op.get(name, None)
    raise ValueError("a constant of another kind")


def _unsqueezed(op: Operation, v: Sequence[Any]) -> Any:
    return np.expand_dims(v[0], axes_of(op, v))


def _divided(_op: Operation, v: Sequence[Any]) -> Any:
    return v[0] // v[1] if v[0].dtype.kind in "iu" else v[0] / v[1]


FOLDED: dict[str, Callable[[Operation, Sequence[Any]], Any]] = {
    "Constant": _constant,
    "Shape": _shape,
    "Identity": lambda op, v: v[0],
    "Cast": lambda op, v: v[0],
    "Gather": lambda op, v: np.take(v[0], v[1].astype(int), axis=op.get("axis", 0)),
    "Concat": lambda op, v: np.concatenate([np.atleast_1d(x) for x in v], axis=op.get("axis", 0)),
    "Unsqueeze": _unsqueezed,
    "Squeeze": lambda op, v: np.squeeze(v[0], axes_of(op, v) or None),
    "Slice": _cut,
    "Reshape": lambda op, v: v[0].reshape(v[1]),
    "ConstantOfShape": lambda op, v: np.full(v[0], np.ravel(op.get("value", np.zeros(1, np.float32)))[0]),
    "Expand": lambda op, v: np.broadcast_to(v[0], v[1]),
    "Range": lambda op, v: np.arange(v[0].item(), v[1].item(), v[2].item()),
    "Add": lambda op, v: v[0] + v[1],
    "Sub": lambda op, v: v[0] - v[1],
    "Mul": lambda op, v: v[0] * v[1],
    "Div": _divided,
    "Mod": lambda op, v: v[0] % v[1],
    "Sqrt": lambda op, v: np.sqrt(v[0]),
    "Equal": lambda op, v: v[0] == v[1],
    "Where": lambda op, v: np.where(v[0], v[1], v[2]),
}
