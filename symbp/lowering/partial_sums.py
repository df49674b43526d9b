"""A sum over rows as the sum of sums that there are already, where what else is multiplied is constant along those.

Group norm needs the sums of `gamma[k] * z_bar[n, k, i, j]` over the channels k of a group and over i, j; the gradient
of its shift has made those of z_bar over i, j. So the one is a sum of the others, times gamma: a pass over a number for
each channel in the place of one over all pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

from symbp.core.integers import ONE, Poly
from symbp.lowering.arrays import without_unused
from symbp.lowering.program import FILLING, Program, Routine, Shape, Statement, Value, each_routine, shape_of
from symbp.lowering.uses import base_of


def sums_of_sums(program: Program) -> Program:
    """The program with such sums made of those before them."""
    return without_unused(each_routine(program, lambda r: _Sums().through(r) if r.name in FILLING else r))


@dataclass(frozen=True, slots=True)
class _Made:
    """A sum of the products of some arrays over each `width` entries that lie side by side."""

    result: Value
    width: Poly
    factors: Counter[str]


@dataclass(slots=True)
class _Sums:
    """What is known going down the statements: what makes each value, and the sums over rows."""

    made: dict[str, Statement] = field(default_factory=dict)
    sums: list[_Made] = field(default_factory=list)

    def through(self, routine: Routine) -> Routine:
        """The routine with the sums that can be made of others made so."""
        statements: list[Statement] = []
        for s in routine.statements:
            statements += self._of_sums(s) if _is_row_sum(s) else [s]
            self.made[s.target.name] = s
            if _is_row_sum(s):
                self._note(s)
        return replace(routine, statements=tuple(statements))

    def _note(self, s: Statement) -> None:
        (a,) = s.arrays
        base = self._base(a)
        factors = self._split(base) or (base,)
        if all(f.shape == base.shape for f in factors):
            self.sums.append(_Made(s.target, _width(s), Counter(self._base(f).name for f in factors)))

    def _of_sums(self, s: Statement) -> list[Statement]:
        """The statements that make a sum of others, or itself."""
        frame = self._base(s.arrays[0])
        ways = (self._way(s, frame, made) for made in self.sums if made.width != _width(s))
        return next((way for way in ways if way), [s])

    def _way(self, s: Statement, frame: Value, made: _Made) -> list[Statement]:
        """The sum as one of these, times what is constant along them; none where it is not that."""
        wanted = made.factors.copy()
        small = self._others(frame, frame.shape, wanted)
        start, inner = (_axis(frame.shape, width) for width in (_width(s), made.width))
        if small is None or wanted.total() or start is None or inner is None or start >= inner:
            return []
        outer = len(frame.shape) - inner
        if not small or any(e != ONE for f in small for e in f.shape[-outer:]):
            return []
        return list(self._written(s, frame.shape[start:inner], Value("", frame.shape[:inner]), made, small, outer))

    def _others(self, value: Value, frame: Shape, wanted: Counter[str]) -> list[Value] | None:
        """What is multiplied beside the wanted factors, which are struck out; None where it is no product of them."""
        if value.shape != frame:
            return [value]
        root = self._base(value)
        if wanted[root.name]:
            wanted[root.name] -= 1
            return []
        factors = self._split(value)
        found: list[Value] = []
        for f in factors:
            others = self._others(f, frame, wanted)
            if others is None:
                return None
            found += others
        return found if factors else None

    def _written(
        self, s: Statement, summed: Shape, product: Value, made: _Made, small: list[Value], outer: int
    ) -> Iterator[Statement]:
        name = s.target.name
        last = replace(product, name=f"{name}.sums")
        yield Statement(last, "reshape", (made.result,))
        for k, f in enumerate(small):
            short, *view = self._shortened(f, outer, f"{name}.factor{k}")
            yield from view
            target = replace(product, name=f"{name}.product{k}")
            yield Statement(target, "mul", (short, last))
            last = target
        ones = (ONE,) * (len(s.detail) - 1)
        rows = Value(f"{name}.rows", (*s.arrays[0].shape[: -len(s.detail)], prod(summed, start=ONE), *ones))
        yield Statement(rows, "reshape", (last,))
        yield replace(s, args=(rows,))

    def _shortened(self, small: Value, outer: int, name: str) -> tuple[Value, *tuple[Statement, ...]]:
        """A factor without its last axes, which are of one entry, and the view that shows it so."""
        maker = self.made.get(small.name)
        shape, short = small.shape, small.shape[:-outer]
        if maker is not None and maker.op == "expand":
            kept = tuple(k for k in maker.detail if int(str(k)) < len(shape) - outer)
            if len(maker.detail) == len(kept) + outer:
                (of,) = maker.arrays
                view = Statement(Value(name, short, small.kind), "expand", (of,), kept)
                return (view.target, view) if kept else (of,)
        view = Statement(Value(name, short, small.kind), "reshape", (small,))
        return view.target, view

    def _split(self, value: Value) -> tuple[Value, ...]:
        """The two arrays that a value is the product of."""
        match self.made.get(value.name):
            case Statement(op="mul", args=(Value() as a, Value() as b)):
                return a, b
            case Statement(op="square", args=(Value() as a,)):
                return a, a
        return ()

    def _base(self, value: Value) -> Value:
        """The array that a value shows in another shape; of a number in the shape of one, the value."""
        match base_of(value, self.made):
            case Value() as base:
                return base
        return value


def _is_row_sum(s: Statement) -> bool:
    """Is it a sum over the last axes?"""
    rank = len(shape_of(s.args[0])) if s.args else 0
    return s.op == "sum" and s.detail == tuple(range(rank - len(s.detail), rank))


def _width(s: Statement) -> Poly:
    """Over how many entries it sums."""
    return prod(s.arrays[0].shape[-len(s.detail) :], start=ONE)


def _axis(shape: Shape, width: Poly) -> int | None:
    """From which axis on the axes have so many entries."""
    return next((k for k in range(len(shape)) if prod(shape[k:], start=ONE) == width), None)
