"""Operators entry by entry, as operations of PyTorch's."""

from __future__ import annotations

from symbp.importing.graph import Ref
from symbp.importing.onnx.model import Operation
from symbp.importing.onnx.reader import Convert, Reader, demand


def each(operation: str, **options: str) -> Convert:
    """Entry by entry; `options` are attributes by PyTorch's names."""

    def convert(r: Reader, op: Operation) -> None:
        given = {new: op.attributes[old] for new, old in options.items() if old in op.attributes}
        r.emit(op, operation, op.outputs, self=r.argument(op.inputs[0]), **given)

    return convert


def pair(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        a, b = (r.argument(n) for n in op.inputs)
        if not isinstance(a, Ref):
            if operation in ("add.Tensor", "mul.Tensor"):
                a, b = b, a
            elif operation == "sub.Tensor":
                r.emit(op, "rsub.Scalar", op.outputs, self=b, other=a)
                return
            else:
                demand(op, operation == "div.Tensor", "a tensor on the left")
                b = r.emit(op, "reciprocal.default", (f"{op.outputs[0]}_one",), self=b)
                r.emit(op, "mul.Tensor", op.outputs, self=b, other=a)
                return
        r.emit(op, operation if isinstance(b, Ref) else _scalar(operation), op.outputs, self=a, other=b)

    return convert


def _scalar(operation: str) -> str:
    return operation.replace(".Tensor", ".Scalar")


def power(r: Reader, op: Operation) -> None:
    a, b = (r.argument(n) for n in op.inputs)
    demand(op, isinstance(a, Ref), "a tensor on the left")
    r.emit(op, "pow.Tensor_Scalar" if not isinstance(b, Ref) else "pow.Tensor_Tensor", op.outputs, self=a, exponent=b)


def where(r: Reader, op: Operation) -> None:
    c, a, b = (r.argument(n) for n in op.inputs)
    kinds = {(True, True): "self", (True, False): "ScalarOther", (False, True): "ScalarSelf", (False, False): "Scalar"}
    kind = kinds[isinstance(a, Ref), isinstance(b, Ref)]
    r.emit(op, f"where.{kind}", op.outputs, condition=c, self=a, other=b)


def clip(r: Reader, op: Operation) -> None:
    bounds = [r.argument(n) if n else None for n in op.inputs[1:]] + [None, None]
    low, high = op.get("min", bounds[0]), op.get("max", bounds[1])
    given = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
    r.emit(op, "clamp.default", op.outputs, self=r.argument(op.inputs[0]), **given)


def gelu(r: Reader, op: Operation) -> None:
    how = op.get("approximate", "none")
    r.emit(op, "gelu.default", op.outputs, self=r.argument(op.inputs[0]), approximate=how)


def same(r: Reader, op: Operation) -> None:
    r.emit(op, "clone.default", op.outputs[:1], self=r.argument(op.inputs[0]))
