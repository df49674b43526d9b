"""What a rule is given: the operation it is for, the values of its arguments, and where it may write what it needs.

It knows of no operation by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from symbp.core.integers import ONE, Poly
from symbp.importing.draft import (
    ATOM,
    PLUS,
    TIMES,
    Define,
    Draft,
    Expr,
    Input,
    Loop,
    Part,
    Statement,
    Value,
    after,
    spelt,
    text,
)
from symbp.importing.graph import FLOAT, INTEGER, Argument, Node, Ref, Size
from symbp.importing.sizes import Apart, Shape, Sizes

Result = Value | Expr | tuple["Value | Expr", ...]
Rule = Callable[["At"], Result]


@dataclass(slots=True)
class State:
    """All that is known of the network so far."""

    sizes: Sizes = field(default_factory=Sizes)
    draft: Draft = field(default_factory=Draft)
    env: dict[str, Value] = field(default_factory=dict)
    extents: Mapping[str, Node] = field(default_factory=dict)  # the operations that make sizes
    inputs: dict[Value, Input] = field(default_factory=dict)
    parts: dict[Value, tuple[Value, ...]] = field(default_factory=dict)  # of what is a stack of several
    counts: dict[Value, Poly] = field(default_factory=dict)  # of what is 0, 1, 2, ...: how many
    labels: dict[Value, Value] = field(default_factory=dict)  # of what is taken out of Labels: the Labels
    subscripts: dict[Value, tuple[Value, list[tuple[Part, ...]]]] = field(default_factory=dict)  # of what, and which
    merged: dict[Value, Value] = field(default_factory=dict)  # of what has its first dimensions as one: what it was
    loop: Loop | None = None

    def write(self, statement: Statement) -> None:
        """Add a statement where we are."""
        if self.loop is not None and isinstance(statement, Define):
            self.loop.body.append(statement)
        else:
            self.draft.statements.append(statement)


@dataclass(frozen=True, slots=True)
class At:
    """One operation within the state."""

    state: State
    node: Node

    @property
    def sizes(self) -> Sizes:
        return self.state.sizes

    def refuse(self, why: str) -> NoReturn:
        raise self.node.refused(why)

    def get(self, name: str, default: Argument = None) -> Argument:
        """An argument as it stands in the graph."""
        return self.node.get(name, default)

    def given(self, name: str) -> bool:
        return self.get(name) is not None

    def value(self, argument: Argument) -> Value:
        """The value of an argument that is a tensor, a number or a size."""
        match argument:
            case Ref(name):
                return self.state.env[name]
            case Size():
                return self.make(text(TIMES, (), self.extent(argument)))
            case bool() | int() | float() if math.isfinite(argument):
                return self.make(number(argument))
        raise self.node.refused("an argument that is neither a tensor nor a number")

    def tensor(self, name: str) -> Value:
        """The value of an argument by its name."""
        return self.value(self.get(name))

    def tensors(self, name: str) -> tuple[Value, ...]:
        found = self.get(name)
        return tuple(self.value(part) for part in found) if isinstance(found, tuple) else ()

    def shape(self, value: Value) -> Shape:
        """A value's shape by all that is known."""
        return tuple(self.sizes.now(s) for s in value.shape)

    def extent(self, argument: Argument) -> Poly:
        """A size that is an argument."""
        if isinstance(argument, Size):
            return self.sizes.now(self._made(argument))
        assert isinstance(argument, int)
        return Poly.of(argument)

    def _made(self, size: Size) -> Poly:
        """A size by the operation that makes it; a new one where that is of something that is not read here."""
        node = self.state.extents[size.name]
        values = [value for _, value in node.arguments]
        match node.operation, values:
            case "aten.sym_size.int", [Ref(name), int() as axis] if name in self.state.env:
                return self.state.env[name].shape[axis]
            case ("mul" | "add" | "sub" | "floordiv") as sign, [a, b] if isinstance(a, (int, Size)):
                return self._arithmetic(sign, self.extent(a), self.extent(b))
        return self.sizes.fresh(size.value)

    def _arithmetic(self, sign: str, a: Poly, b: Poly) -> Poly:
        if sign != "floordiv":
            return a * b if sign == "mul" else a + b if sign == "add" else a - b
        whole, n = self.sizes.value(a), self.sizes.value(b)
        return self.sizes.factors(a, (n, whole // n))[1] if whole % n == 0 else Poly.of(whole // n)

    def whole(self, name: str, default: int = 0) -> int:
        """An integer argument; a size is made a number."""
        found = self.get(name, default)
        if isinstance(found, Size):
            return found.value
        assert isinstance(found, int), (self.node, name)
        return found

    def wholes(self, name: str, default: Sequence[int] = ()) -> tuple[int, ...]:
        """Integers as they were in the export."""
        found = self.get(name)
        if found is None:
            return tuple(default)
        assert isinstance(found, tuple)
        return tuple(p.value if isinstance(p, Size) else int(p) for p in found)  # type: ignore[arg-type]

    def real(self, name: str, default: float) -> float:
        found = self.get(name, default)
        assert isinstance(found, (int, float))
        return found

    def axis(self, name: str, rank: int, default: int = -1) -> int:
        """A dimension, counted from the left."""
        return self.whole(name, default) % max(rank, 1)

    def make(self, body: Expr, kind: str = FLOAT, hint: str = "", named: bool = False) -> Value:
        """A value that the rule needs on its way."""
        made = Value(body.shape, kind, hint or self.hint, body, self.state.loop, named)
        self.state.write(Define((made,), body))
        return made

    def several(self, body: Expr, shapes: Sequence[Shape], hints: Sequence[str]) -> tuple[Value, ...]:
        """The values of a function that returns several."""
        made = tuple(Value(s, FLOAT, h, None, self.state.loop, named=True) for s, h in zip(shapes, hints, strict=True))
        self.state.write(Define(made, body))
        return made

    @property
    def hint(self) -> str:
        """What a result of this operation may be called: the last attribute on its path that is no number."""
        parts = [p for p in self.node.path.split(".") if p]
        if not parts:
            return "h"
        words = [p for p in parts if not p.isdigit()]
        number = parts[-1] if parts[-1].isdigit() and words and self.state.loop is None else ""
        return (words or ["h"])[-1] + number

    def helper(self, name: str) -> None:
        """Bring one of the functions along that the file defines itself."""
        self.state.draft.helpers[name] = None

    def same(self, a: Poly, b: Poly) -> Poly:
        try:
            return self.sizes.same(a, b)
        except Apart as error:
            self.refuse(str(error))

    def all_same(self, a: Sequence[Poly], b: Sequence[Poly]) -> Shape:
        try:
            return self.sizes.all_same(a, b)
        except Apart as error:
            self.refuse(str(error))

    def broadcast(self, *values: Value) -> tuple[tuple[Value, ...], Shape]:
        """The values as the language combines them, and the shape of what comes out.

        The language stretches trailing dimensions and kept ones; PyTorch also what is 1 in one of fewer dimensions.
        """
        rank = max(len(v.shape) for v in values)
        padded = [(ONE,) * (rank - len(v.shape)) + self.shape(v) for v in values]
        shape = []
        for column in zip(*padded, strict=True):
            wide = [s for s in column if self.sizes.value(s) != 1]
            for other in wide[1:]:
                self.same(wide[0], other)
            shape.append(self.sizes.now(wide[0]) if wide else ONE)
        full = tuple(self.sizes.now(s) for s in shape)
        if sum(any(a == ONE != b for a, b in zip(p, full, strict=True)) for p in padded) > 1:
            return tuple(self._repeated(v, full) for v in values), full
        least = min((len(v.shape) for v in values if v.shape), default=0)
        trailing = all(self.shape(v)[len(v.shape) - least :] == full[rank - least :] for v in values if v.shape)
        return tuple(v if trailing else self._stretched(v, rank) for v in values), full

    def subscript(self, x: Value, axis: int, inside: tuple[Part, ...] | None, length: Poly | None = None) -> Value:
        """x[:, inside]: one entry, a part of that length, or a new dimension of 1 where `inside` is None.

        A subscript of a subscript is one where it can be.
        """
        base, items = self.state.subscripts.get(x, (x, [(":",)] * len(x.shape)))
        places = [k for k, item in enumerate(items) if not _is_entry(item)]
        place = places[axis] if axis < len(places) else len(items)
        if inside is not None and items[place] != (":",):
            base, items, place = x, [(":",)] * len(x.shape), axis
        new = [("None",)] if inside is None else [inside]
        items = [*items[:place], *new, *items[place + (inside is not None) :]]
        kept = () if inside is not None and length is None else (ONE if length is None else length,)
        shape = (*x.shape[:axis], *kept, *x.shape[axis + (inside is not None) :])
        last = max(k for k, item in enumerate(items) if item != (":",))
        parts: list[Part] = [p for k, item in enumerate(items[: last + 1]) for p in ((", ", *item) if k else item)]
        made = self.make(after(base, shape, "[", *parts, "]"), x.kind)
        self.state.subscripts[made] = base, items
        return made

    def _repeated(self, value: Value, full: Shape) -> Value:
        """What has a dimension of 1 as often as the other says: the language stretches one side alone."""
        wanted = full[len(full) - len(value.shape) :]
        for axis, size in enumerate(wanted):
            if value.shape[axis] == ONE != size:
                shape = (*value.shape[:axis], size, *value.shape[axis + 1 :])
                body = text(ATOM, shape, "repeat(", value, ", ", size, f", axis={axis})")
                value = self.make(body, value.kind)
        return value

    def _stretched(self, value: Value, rank: int) -> Value:
        """With the dimensions of 1 that PyTorch puts before it."""
        missing = rank - len(value.shape)
        if not value.shape or not missing:
            return value
        for _ in range(missing):
            value = self.subscript(value, 0, None)
        return value

    def labelled(self, value: Value, classes: Poly) -> bool:
        """Say that a value has entries below `classes`; False where it cannot be Labels."""
        source = self.state.labels.get(value, value)
        found = self.state.inputs.get(source)
        if found is None or source.kind != INTEGER:
            return False
        found.classes = classes if found.classes is None else self.same(found.classes, classes)
        found.form = "Labels"
        return True


def number(value: bool | int | float) -> Expr:
    """A number, as it is written: a root of a whole number is one."""
    if isinstance(value, float) and (root := _root(value)):
        return text(ATOM if root.startswith("sqrt") else TIMES, (), root)
    spelling = spelt(value)
    return text(PLUS if spelling.startswith("-") else ATOM, (), spelling)


def _is_entry(item: tuple[Part, ...]) -> bool:
    """Does a subscript take one entry, so that its dimension is gone?"""
    return isinstance(item[0], Loop) or (item != ("None",) and ":" not in str(item[0]) and ":" not in item)


def _root(value: float) -> str:
    for base, form in ((value, "sqrt({})"), (1 / value if value else 0.0, "1 / sqrt({})")):
        if 1 < base < 1000 and not base.is_integer():
            n = round(base * base)
            if n**0.5 == base or value in (1 / n**0.5, n**-0.5):
                return form.format(n)
    return ""
