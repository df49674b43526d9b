"""The sum of products along the rows of two arrays, which is one pass over both and makes no array of their products.

Comes in: `sum(a * b)` or `sum(square(a))` over the last axis, as a product with ones, where the products are
needed for that sum alone. They may have been given another shape on the way, which a and b can be given as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from symbp.lowering.arrays import lies_in_order, without_unused
from symbp.lowering.bodies import loop_args
from symbp.lowering.program import (
    FILLING,
    FLOAT,
    Operand,
    Program,
    Routine,
    Statement,
    Value,
    arrays_among,
    by_name,
    each_routine,
    every_statement,
    is_sum_by_ones,
    kind_of,
    shape_of,
)


def rows_by_rows(program: Program) -> Program:
    """The program with such sums as products of rows."""
    return without_unused(each_routine(program, _row_by_row))


def _row_by_row(routine: Routine) -> Routine:
    if routine.name not in FILLING:
        return routine
    return replace(routine, statements=tuple(_Rows(_uses(routine)).through(routine.statements)))


def _uses(routine: Routine) -> Counter[str]:
    """How often each value is needed, in loops and as a result too."""
    everything = tuple(every_statement(routine.statements))
    needed: list[Operand] = [v for _, v in routine.results]
    for s in everything:
        needed += s.args if s.loop is None else (*s.loop.kept, *(c.start for c in s.loop.carried))
    return Counter(a.name for a in arrays_among(needed))


@dataclass(slots=True)
class _Rows:
    uses: Counter[str]
    made: dict[str, Statement] = field(default_factory=dict)

    def through(self, statements: tuple[Statement, ...]) -> Iterator[Statement]:
        """The statements, in order."""
        for s in statements:
            if s.loop is not None:
                loop = replace(s.loop, statements=tuple(self.through(s.loop.statements)))
                s = replace(s, loop=loop, args=loop_args(loop))
            factors = self._factors(s)
            for new in self._product_of_rows(s, *factors) if factors else (s,):
                self.made[new.target.name] = new
                yield new

    def _factors(self, s: Statement) -> tuple[Value, ...]:
        """The two arrays whose rows a statement multiplies and sums; none where it is no such sum."""
        if not is_sum_by_ones(s):
            return ()
        maker = self._alone(s.arrays[0])
        if maker is not None and maker.op == "reshape":
            maker = self._alone(maker.arrays[0])
        if maker is None or maker.op not in ("mul", "square"):
            return ()
        factors = maker.args * 2 if maker.op == "square" else maker.args
        if not all(self._is_whole(a, maker) for a in factors):
            return ()
        return factors  # type: ignore[return-value]

    def _alone(self, value: Value) -> Statement | None:
        """What makes a value that is needed once."""
        return self.made.get(value.name) if self.uses[value.name] == 1 else None

    def _is_whole(self, a: Operand, maker: Statement) -> bool:
        """Is it an array of that shape, not spread over it, which lies in memory as it stands?"""
        whole = (shape_of(a), kind_of(a)) == (maker.target.shape, FLOAT)
        return whole and lies_in_order(by_name(a, self.made))

    def _product_of_rows(self, s: Statement, a: Value, b: Value) -> Iterator[Statement]:
        """The factors in the shape of what was summed, their product, and the reduced axis back where it was kept."""
        (summed, *_) = s.arrays
        factors = {}
        for k, factor in enumerate(dict.fromkeys((a, b))):
            factors[factor] = factor
            if factor.shape != summed.shape:
                factors[factor] = Value(f"{_part_name(s)}.factor{k}", summed.shape)
                yield Statement(factors[factor], "reshape", (self._before_reshape(factor),))
        kept = len(s.target.shape) == len(summed.shape)
        target = replace(s.target, name=f"{_part_name(s)}.row", shape=s.target.shape[:-1]) if kept else s.target
        yield replace(s, target=target, op="vecdot", args=(factors[a], factors[b]), detail=())
        if kept:
            yield Statement(s.target, "expand", (target,), (len(summed.shape) - 1,))

    def _before_reshape(self, a: Value) -> Operand:
        """What a value shows all of, where it does so in a shape of its own."""
        maker = self.made.get(a.name)
        return a if maker is None or maker.op != "reshape" else maker.args[0]


def _part_name(s: Statement) -> str:
    return s.target.name if "." in s.target.name else f"{s.target.name}.0"
