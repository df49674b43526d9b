"""Writes statements one after the other and never the same one twice: what was computed before is used again.

That is all there is to common subexpressions, over forward and backward alike. Views of views are joined here too,
and a scalar operation on numbers and sizes stays an expression, so `1 / N` costs nothing at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symbp.core import build
from symbp.core.expr import Expr
from symbp.core.integers import ONE, Dim, Poly
from symbp.lowering.depends import holds, mentions
from symbp.lowering.program import (
    BOOL,
    FLOAT,
    UNARY,
    Operand,
    Shape,
    Statement,
    Value,
    array_of,
    arrays_among,
    kind_of,
    shape_of,
)


class Builder:
    """The statements so far, and the value of each. That of a loop's body has what stands around it as its `parent`.

    What does not depend on the loop's `variable` or on a value of the body is written before the loop.
    """

    def __init__(self, parent: Builder | None = None, variable: Dim | None = None) -> None:
        self.statements: list[Statement] = []
        self._known: dict[tuple[object, ...], Value] = {}
        self._made: dict[str, Statement] = {}
        self.hint = "t"
        self.parent, self.variable = parent, variable
        self.local: set[str] = set()  # values that the loop brings: what was carried from the step before
        self._count: list[int] = [0] if parent is None else parent._count

    def emit(
        self, op: str, args: tuple[Operand, ...], shape: Shape, kind: str = FLOAT, detail: tuple[object, ...] = ()
    ) -> Value:
        """The value of that operation; a new statement only where there is none that computes it."""
        key = (op, args, detail, shape)
        found = self._known.get(key)
        if found is None and self.parent is not None and not self._belongs(args, shape, detail):
            self.parent.hint = self.hint
            return self.parent.emit(op, args, shape, kind, detail)
        if found is None:
            found = self.fresh(shape, kind)
            self.append(Statement(found, op, args, detail))
            self._known[key] = found
        return found

    def known(self, op: str, args: tuple[Operand, ...], shape: Shape) -> Value | None:
        """The value of that operation where it has been computed, here or around."""
        found = self._known.get((op, args, (), shape))
        return found if found is not None or self.parent is None else self.parent.known(op, args, shape)

    def fresh(self, shape: Shape, kind: str = FLOAT) -> Value:
        """A new value that nothing computes yet."""
        self._count[0] += 1
        return Value(f"{self.hint}.{self._count[0] - 1}", shape, kind)

    def append(self, statement: Statement) -> None:
        """One more statement, as it is."""
        self.statements.append(statement)
        self._made[statement.target.name] = statement

    def _belongs(self, args: tuple[Operand, ...], shape: Shape, detail: tuple[object, ...]) -> bool:
        """Does it depend on the step: on the loop's variable or on a value of the body?"""
        assert self.variable is not None
        for a in args:
            match a:
                case Value(name):
                    belongs = name in self._made or name in self.local
                case Expr():
                    belongs = holds(a, self.variable)
            if belongs:
                return True
        return any(mentions(p, self.variable) for p in (*shape, *polys_in(detail)))

    def made(self, operand: Operand) -> Statement | None:
        """The statement that computes an operand, or None for inputs and scalars."""
        if not isinstance(operand, Value):
            return None
        found = self._made.get(operand.name)
        return self.parent.made(operand) if found is None and self.parent is not None else found

    def elementwise(self, op: str, *args: Operand, kind: str = FLOAT, detail: tuple[object, ...] = ()) -> Operand:
        """An operation entry by entry, shapes broadcast from the right."""
        folded = fold(op, args)
        if folded is not None:
            return folded
        same = unchanged(op, args, kind)
        if same is not None:
            return same
        before = self.made(args[0])
        if op == "neg" and before is not None and before.op == "neg":
            return before.args[0]
        return self.emit(op, args, broadcast(tuple(shape_of(a) for a in args)), kind, detail)

    def transpose(self, a: Operand, order: tuple[int, ...]) -> Operand:
        """The array with its axes in another order."""
        if order == tuple(range(len(order))):
            return a
        a, before = array_of(a), self.made(a)
        if before is not None and before.op == "transpose":
            (inner,) = before.args
            return self.transpose(inner, tuple(before.detail[k] for k in order))  # type: ignore[misc]
        return self.emit("transpose", (a,), tuple(a.shape[k] for k in order), a.kind, order)

    def expand(self, a: Operand, axes: tuple[int, ...]) -> Operand:
        """The array with new axes of extent 1 at those places of the result; a number is as it is."""
        if not axes or isinstance(a, Expr):
            return a
        before = self.made(a)
        if before is not None and before.op in UNARY:  # so that what is reduced keeps its axis at once
            return self.elementwise(before.op, self.expand(before.args[0], axes), kind=a.kind, detail=before.detail)
        rest = iter(a.shape)
        shape = tuple(ONE if k in axes else next(rest) for k in range(len(a.shape) + len(axes)))
        return self.emit("expand", (a,), shape, a.kind, axes)

    def reshape(self, a: Value, shape: Shape) -> Value:
        """The array in another shape of the same size."""
        before = self.made(a)
        if before is not None and before.op == "reshape":
            (a,) = before.arrays or (a,)
        return a if a.shape == shape else self.emit("reshape", (a,), shape, a.kind)

    def reduce(self, op: str, a: Value, axes: tuple[int, ...]) -> Value:
        """The sum, the largest or the smallest over those axes."""
        if not axes:
            return a
        kept = tuple(s for k, s in enumerate(a.shape) if k not in axes)
        return self.emit(op, (a,), kept, FLOAT, axes)


def polys_in(detail: tuple[object, ...]) -> Iterator[Poly]:
    """The integer expressions anywhere in a detail."""
    for d in detail:
        match d:
            case Poly():
                yield d
            case tuple():
                yield from polys_in(d)


def broadcast(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of an operation on arrays of these shapes; an extent of 1 goes with any."""
    rank = max(len(s) for s in shapes)
    padded = [(ONE,) * (rank - len(s)) + s for s in shapes]
    return tuple(next((e for e in extents if e != ONE), ONE) for extents in zip(*padded, strict=True))


def fold(op: str, args: tuple[Operand, ...]) -> Expr | None:
    """The operation on scalars of numbers and sizes as an expression, or None."""
    if arrays_among(args) or op not in _FOLD:
        return None
    return _FOLD[op](*args)


def unchanged(op: str, args: tuple[Operand, ...], kind: str = FLOAT) -> Value | None:
    """The array that an operation leaves as it is (times 1, and nothing added), or None.

    It is no statement: a result of its own would be taken for an array of its own, to be written over, and what stands
    in the module, `y = x`, is another name for x.
    """
    neutral = _NEUTRAL.get(op)
    match args:
        case (Value() as array, other) if other == neutral:
            pass
        case (other, Value() as array) if other == neutral and op in _COMMUTE:
            pass
        case _:
            return None
    return array if array.kind == kind else None


_NEUTRAL: dict[str, Expr] = {
    "mul": build.UNIT,
    "div": build.UNIT,
    "power": build.UNIT,
    "add": build.NIL,
    "sub": build.NIL,
}
_COMMUTE = ("mul", "add")

_FOLD: dict[str, Callable[..., Expr]] = {
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
