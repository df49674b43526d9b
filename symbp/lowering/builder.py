"""Writes statements one after the other and never the same one twice: what was computed before is used again.

That is all there is to common subexpressions, over forward and backward alike. Views of views are joined here too, and a
scalar operation on numbers and sizes stays an expression, so `1 / N` costs nothing at run time.
"""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import ONE, Poly
from symbp.lowering.program import BOOL, FLOAT, UNARY, Operand, Shape, Statement, Value, kind_of, shape_of


class Builder:
    """The statements so far, and the value of each."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._known: dict[tuple[object, ...], Value] = {}
        self._made: dict[str, Statement] = {}
        self.hint = "t"

    def emit(
        self, op: str, args: tuple[Operand, ...], shape: Shape, kind: str = FLOAT, detail: tuple[object, ...] = ()
    ) -> Value:
        """The value of that operation; a new statement only where there is none that computes it."""
        key = (op, args, detail, shape)
        found = self._known.get(key)
        if found is None:
            found = Value(f"{self.hint}.{len(self.statements)}", shape, kind)
            statement = Statement(found, op, args, detail)
            self.statements.append(statement)
            self._known[key], self._made[found.name] = found, statement
        return found

    def made(self, operand: Operand) -> Statement | None:
        """The statement that computes an operand, or None for inputs and scalars."""
        return self._made.get(operand.name) if isinstance(operand, Value) else None

    def elementwise(self, op: str, *args: Operand, kind: str = FLOAT, detail: tuple[object, ...] = ()) -> Operand:
        """An operation entry by entry, shapes broadcast from the right."""
        folded = fold(op, args)
        if folded is not None:
            return folded
        return self.emit(op, args, broadcast(tuple(shape_of(a) for a in args)), kind, detail)

    def transpose(self, a: Operand, order: tuple[int, ...]) -> Operand:
        """The array with its axes in another order."""
        if order == tuple(range(len(order))):
            return a
        assert isinstance(a, Value)
        before = self.made(a)
        if before is not None and before.op == "transpose":
            (inner,) = before.args
            return self.transpose(inner, tuple(before.detail[k] for k in order))  # type: ignore[misc]
        return self.emit("transpose", (a,), tuple(a.shape[k] for k in order), a.kind, order)

    def expand(self, a: Operand, axes: tuple[int, ...]) -> Operand:
        """The array with new axes of extent 1 at those places of the result."""
        if not axes or not isinstance(a, Value):
            return a
        before = self.made(a)
        if before is not None and before.op in UNARY:  # so that what is reduced keeps its axis at once
            return self.elementwise(before.op, self.expand(before.args[0], axes), kind=a.kind, detail=before.detail)
        rest = iter(a.shape)
        shape = tuple(ONE if k in axes else next(rest) for k in range(len(a.shape) + len(axes)))
        return self.emit("expand", (a,), shape, a.kind, axes)

    def reshape(self, a: Value, shape: Shape) -> Value:
        """The array in another shape of the same size."""
        return a if a.shape == shape else self.emit("reshape", (a,), shape, a.kind)

    def reduce(self, op: str, a: Value, axes: tuple[int, ...]) -> Value:
        """The sum, the largest or the smallest over those axes."""
        if not axes:
            return a
        kept = tuple(s for k, s in enumerate(a.shape) if k not in axes)
        return self.emit(op, (a,), kept, FLOAT, axes)


def broadcast(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of an operation on arrays of these shapes; an extent of 1 goes with any."""
    rank = max(len(s) for s in shapes)
    padded = [(ONE,) * (rank - len(s)) + s for s in shapes]
    return tuple(next((e for e in extents if e != ONE), ONE) for extents in zip(*padded, strict=True))


def fold(op: str, args: tuple[Operand, ...]) -> Expr | None:
    """The operation on scalars of numbers and sizes as an expression, or None."""
    scalars = [a for a in args if isinstance(a, Expr)]
    if len(scalars) < len(args) or op not in _FOLD:
        return None
    return _FOLD[op](*scalars)


_FOLD = {
    "add": build.add,
    "sub": build.sub,
    "mul": build.mul,
    "div": build.div,
    "power": build.power,
    "neg": build.neg,
    "square": lambda a: build.power(a, build.num(2)),
    "sqrt": lambda a: build.power(a, build.num("1/2")),
}


def is_mask(operand: Operand) -> bool:
    """Is it an array of truth values?"""
    return kind_of(operand) == BOOL


def extent(shape: Shape) -> Poly:
    """The number of entries."""
    product = ONE
    for s in shape:
        product = product * s
    return product
