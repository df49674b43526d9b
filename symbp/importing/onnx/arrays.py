"""Operators on whole arrays, as operations of PyTorch's: products, sums, shapes, parts."""

from __future__ import annotations

import math

import numpy as np

from symbp.importing.onnx.folded import axes_of, value_of
from symbp.importing.onnx.model import Operation
from symbp.importing.onnx.reader import Convert, Reader, demand


def matmul(r: Reader, op: Operation) -> None:
    r.emit(op, "matmul.default", op.outputs, self=r.argument(op.inputs[0]), other=r.argument(op.inputs[1]))


def reduction(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        shape = r.shape(op.inputs[0])
        values = [None, value_of(r, op.inputs[1])] if len(op.inputs) > 1 and op.inputs[1] else [None]
        axes = axes_of(op, values) or tuple(range(len(shape)))
        keep = bool(op.get("keepdims", 1))
        r.emit(op, operation, op.outputs, self=r.argument(op.inputs[0]), dim=axes, keepdim=keep)

    return convert


def flatten(r: Reader, op: Operation) -> None:
    shape = r.shape(op.inputs[0])
    axis = op.get("axis", 1) % (len(shape) + 1)
    size = (math.prod(shape[:axis]), math.prod(shape[axis:]))
    r.emit(op, "reshape.default", op.outputs, self=r.argument(op.inputs[0]), shape=size)


def reshape(r: Reader, op: Operation) -> None:
    old, wanted = r.shape(op.inputs[0]), np.ravel(value_of(r, op.inputs[1]))
    size = [old[k] if s == 0 and not op.get("allowzero", 0) else int(s) for k, s in enumerate(wanted)]
    r.emit(op, "reshape.default", op.outputs, self=r.argument(op.inputs[0]), shape=tuple(size))


def transpose(r: Reader, op: Operation) -> None:
    rank = len(r.shape(op.inputs[0]))
    dims = tuple(op.get("perm", tuple(range(rank))[::-1]))
    r.emit(op, "permute.default", op.outputs, self=r.argument(op.inputs[0]), dims=dims)


def unsqueeze(r: Reader, op: Operation) -> None:
    made = r.argument(op.inputs[0])
    axes = axes_of(op, [None, *(value_of(r, n) for n in op.inputs[1:])])
    rank = len(r.shape(op.inputs[0])) + len(axes)
    ordered = sorted(a % rank for a in axes)
    for k, axis in enumerate(ordered):
        name = op.outputs[0] if k == len(ordered) - 1 else f"{op.outputs[0]}_{k}"
        made = r.emit(op, "unsqueeze.default", (name,), self=made, dim=axis)


def squeeze(r: Reader, op: Operation) -> None:
    axes = axes_of(op, [None, *(value_of(r, n) for n in op.inputs[1:])])
    axes = axes or tuple(k for k, s in enumerate(r.shape(op.inputs[0])) if s == 1)
    r.emit(op, "squeeze.dims", op.outputs, self=r.argument(op.inputs[0]), dim=axes)


def concatenate(r: Reader, op: Operation) -> None:
    r.emit(op, "cat.default", op.outputs, tensors=tuple(r.argument(n) for n in op.inputs), dim=op.get("axis", 0))


def split(r: Reader, op: Operation) -> None:
    axis = op.get("axis", 0)
    size = r.shape(op.inputs[0])[axis]
    given = value_of(r, op.inputs[1]) if len(op.inputs) > 1 and op.inputs[1] else op.get("split", None)
    n = len(op.outputs)
    sizes = tuple(int(s) for s in np.ravel(given)) if given is not None else (size // n,) * n
    r.emit(op, "split_with_sizes.default", op.outputs, self=r.argument(op.inputs[0]), split_sizes=sizes, dim=axis)


def cut(r: Reader, op: Operation) -> None:
    made = r.argument(op.inputs[0])
    v = [None, *(value_of(r, n) for n in op.inputs[1:])]
    starts, ends = np.ravel(v[1]), np.ravel(v[2])
    axes = np.ravel(v[3]) if len(v) > 3 and v[3] is not None else range(len(starts))
    steps = np.ravel(v[4]) if len(v) > 4 and v[4] is not None else [1] * len(starts)
    rows = list(zip(axes, starts, ends, steps, strict=True))
    for k, (axis, start, end, step) in enumerate(rows):
        name = op.outputs[0] if k == len(rows) - 1 else f"{op.outputs[0]}_{k}"
        last = min(int(end), 2**62)
        made = r.emit(op, "slice.Tensor", (name,), self=made, dim=int(axis), start=int(start), end=last, step=int(step))


def gather(r: Reader, op: Operation) -> None:
    """Rows of a table by labels, or one entry."""
    axis, places = op.get("axis", 0), r.known.get(op.inputs[1], r.arrays.get(op.inputs[1]))
    if places is not None:
        demand(op, places.size == 1, "one place")
        x, index = r.argument(op.inputs[0]), int(places.ravel()[0])
        if places.ndim == 0:
            r.emit(op, "select.int", op.outputs, self=x, dim=axis, index=index)
        else:
            end = index + 1 if index != -1 else 2**62
            r.emit(op, "slice.Tensor", op.outputs, self=x, dim=axis, start=index, end=end, step=1)
        return
    demand(op, axis == 0, "rows")
    r.emit(op, "embedding.default", op.outputs, weight=r.argument(op.inputs[0]), indices=r.argument(op.inputs[1]))
