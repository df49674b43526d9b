"""An array whose axes are indices: the value of an index expression for all values of its free indices at once.

`Entries` is what the rules of `entries` and `products` share while one network is lowered: the builder, the value of
every tensor so far, and the order in which the equation at hand would like its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symbp.core.expr import Expr
from symbp.core.integers import Dim, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import substitute_poly
from symbp.lowering.builder import Builder
from symbp.lowering.program import BOOL, FLOAT, LIST, Operand, Shape, Value, array_of, kind_of


@dataclass(frozen=True, slots=True)
class Labelled:
    """A value and the index of each of its axes."""

    value: Operand
    axes: tuple[Index, ...] = ()

    @property
    def array(self) -> Value:
        """The value where it must be an array, as what has an axis is."""
        return array_of(self.value)

    @property
    def is_array(self) -> bool:
        """Is it more than a number made of numbers and sizes?"""
        return isinstance(self.value, Value)


@dataclass(frozen=True, slots=True)
class Known:
    """A tensor's value: `places[k]` is the dimension that axis k stands for; entries are equal along the others.

    `each` is the index of its first dimension where later extents may depend on it, as those of a list of arrays do.
    """

    value: Operand
    places: tuple[int, ...]
    shape: Shape
    each: Index | None = None

    def at(self, first: Poly) -> Shape:
        """The shape, the extents as they are where the first subscript is that."""
        each = self.each
        if each is None:
            return self.shape
        return (self.shape[0], *(substitute_poly(e, {each: first}) for e in self.shape[1:]))

    @property
    def array(self) -> Value:
        """The value where it must be an array."""
        return array_of(self.value)

    @property
    def is_list(self) -> bool:
        """Is it a list of arrays, one for each value of the first index?"""
        return kind_of(self.value) == LIST


class Entries:
    """The state of lowering one network's equations, one after the other. `value` is the value of an expression."""

    def __init__(self, builder: Builder, rule: Callable[[Entries, Node], Labelled]) -> None:
        self.builder = builder
        self.value: Callable[[Node], Labelled] = lambda node: rule(self, node)
        self.rule = rule
        self.tensors: dict[str, Known] = {}
        self.order: list[Index] = []
        self.taken: set[str] = set()  # names that a loop's variable must not bear
        self.windows = False  # are there windows in the network, so that batches stand innermost?
        self.outputs: frozenset[str] = frozenset()  # they stand as the caller has them
        self.uses: Mapping[str, int] = {}  # how often each tensor is read
        self.classes: dict[str, Poly] = {}  # what the entries of each array of labels count
        self.counts: dict[Dim, Poly] = {}  # how many steps each of the loops around takes, by its variable
        self.unsure = (
            False  # does what is computed count only for some sizes, so that a fixed position may lie outside?
        )
        self.later: tuple[Index, ...] = ()  # what the sums around the expression at hand sum over
        self.given: frozenset[str] = frozenset()  # the network's inputs
        self.layers: dict[str, Equation] = {}  # what loops over layers have made so far
        self.final: dict[str, Operand] = {}  # the value of each equation inside a loop's body
        self.orders: dict[str, tuple[int, ...]] = {}  # how an equation's dimensions stand in memory

    def place(self, index: Index) -> int:
        """Where an axis would best stand; an index not seen before goes last."""
        if index not in self.order:
            self.order.append(index)
        return self.order.index(index)

    def apply(self, op: str, *args: Labelled, kind: str = FLOAT, detail: tuple[object, ...] = ()) -> Labelled:
        """An operation entry by entry on arrays with some axes in common."""
        axes = self.joined(args)
        aligned = tuple(self.aligned(a, axes) for a in args)
        return Labelled(self.builder.elementwise(op, *aligned, kind=kind, detail=detail), axes)

    def joined(self, args: tuple[Labelled, ...]) -> tuple[Index, ...]:
        """The axes of a result: in the equation's order unless a largest operand has them, and none has them so."""
        largest = max((a.axes for a in args), key=len)
        union = list(dict.fromkeys(i for a in args for i in a.axes))
        if len(union) == len(largest) and all(len(a.axes) < len(union) or a.axes == largest for a in args):
            return largest
        wanted = tuple(sorted(union, key=self.place))
        return wanted if len(union) > len(largest) or any(a.axes == wanted for a in args) else largest

    def aligned(self, a: Labelled, axes: tuple[Index, ...]) -> Operand:
        """The value with its axes in the order of `axes` and an extent of 1 for each inner one that it lacks."""
        if not a.axes:
            return a.value
        wanted = [i for i in axes if i in a.axes]
        value = self.builder.transpose(a.value, tuple(a.axes.index(i) for i in wanted))
        first = axes.index(wanted[0])
        return self.builder.expand(value, tuple(k - first for k in range(first, len(axes)) if axes[k] not in a.axes))

    def ordered(self, a: Labelled, axes: tuple[Index, ...]) -> Labelled:
        """The same with its axes in the order of `axes`, those that it lacks left out."""
        wanted = tuple(i for i in axes if i in a.axes)
        return Labelled(self.builder.transpose(a.value, tuple(a.axes.index(i) for i in wanted)), wanted)

    def number(self, a: Labelled) -> Labelled:
        """Truth values as 0.0 and 1.0."""
        return self.apply("float", a) if kind_of(a.value) == BOOL else a

    def scalar(self, expr: Expr) -> Labelled:
        """A scalar of numbers and sizes."""
        return Labelled(expr)


# The sum of an expression over indices, by which the rules of sums compute what is left of theirs.
Contract = Callable[[Entries, tuple[Index, ...], Expr], Labelled]
