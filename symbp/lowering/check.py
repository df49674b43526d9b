"""Whether an array program is well-formed. A pass that makes one ends here where checking is asked for.

Every name is assigned once, after all that it is made of; shapes are what the operation makes of its operands'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from symbp.core.integers import ONE, Atom, Dim, Poly
from symbp.core.traverse import dims_of, substitute_poly
from symbp.lowering.builder import unchanged
from symbp.lowering.program import (
    BOOL,
    ELEMENTWISE,
    FLOAT,
    INT,
    LIST,
    POSITIONS,
    REDUCTIONS,
    Operand,
    Program,
    Routine,
    Shape,
    Statement,
    Value,
    arrays_among,
    shape_of,
    with_values,
)
from symbp.lowering.shares import shares_of

KINDS = (FLOAT, BOOL, INT, LIST)


def find_faults(program: Program) -> Iterator[str]:
    """What is wrong with a program, a sentence each.

    Once results have places a name may be assigned again: what is written over in one go bears one name.
    """
    given = {t.name for t in program.inputs}
    shares = {s.whole: s.parts * s.each for s in shares_of(program.facts, program.dims)}
    known = Lengths({**shares, **{dim: formula for formula, dim in program.lengths}})
    for routine in (*program.routines, *((program.checks,) if program.checks else ())):
        yield from (f"{routine.name}: {fault}" for fault in _routine(routine, given | set(routine.vector), known))


def _routine(routine: Routine, given: set[str], lengths: Lengths) -> Iterator[str]:
    known = set(given)
    yield from _statements(routine.statements, known, lengths)
    for name, value in routine.results:
        yield from (f"the result {name} is made of {v}, which is not defined" for v in _unknown((value,), known))


def _statements(statements: Sequence[Statement], known: set[str], lengths: Lengths) -> Iterator[str]:
    """The faults of statements that stand after what is `known`, which learns what they make."""
    for s in statements:
        yield from (f"{s.target.name} reads {v}, which is not defined before it" for v in _unknown(s.args, known))
        if s.loop is not None:
            yield from _loop(s, known, lengths)
            continue
        if s.target.name in known and s.place is None and not _closes(s):
            yield f"{s.target.name} is assigned twice"
        known.add(s.target.name)
        if s.target.kind not in KINDS:
            yield f"{s.target.name} has no such kind: {s.target.kind}"
        if unchanged(s.op, s.args, s.target.kind) is not None:
            yield f"{s.target.name} is its operand by another name"
        yield from _shapes(s, lengths)


def _loop(s: Statement, known: set[str], lengths: Lengths) -> Iterator[str]:
    assert s.loop is not None
    for c in s.loop.carried:
        yield from (f"{c.value.name} starts with {v}, which is not defined" for v in _unknown((c.start,), known))
    inside = known | {c.value.name for c in s.loop.carried} | {stack.name for stack, _ in s.loop.stored}
    yield from _statements(s.loop.statements, inside, lengths)
    for stack, entry in s.loop.stored:
        yield from (f"{stack.name} stores {v}, which is not defined" for v in _unknown((entry,), inside))
    for c in s.loop.carried:
        yield from (f"{c.value.name} goes on with {v}, which is not defined" for v in _unknown((c.next,), inside))
    known |= {s.target.name, *(stack.name for stack, _ in s.loop.stored), *(c.value.name for c in s.loop.carried)}


def _unknown(operands: Sequence[Operand], known: set[str]) -> Iterator[str]:
    yield from (a.name for a in arrays_among(operands) if a.name not in known)


def _closes(s: Statement) -> bool:
    """Is it the array of all steps once the loop has filled it? It keeps its name."""
    return s.op == "stacked" and s.arrays[0].name == s.target.name


@dataclass(frozen=True, slots=True)
class Lengths:
    """What lengths with a name of their own are."""

    formulas: dict[Dim, Poly]

    def spelt(self, s: Statement) -> Statement:
        """The statement with no such name in its shapes."""
        if not self.formulas:  # before the last pass there are none
            return s
        return with_values(s, self._operand)

    def _operand(self, operand: Operand) -> Operand:
        match operand:
            case Value(_, shape):
                return replace(operand, shape=tuple(map(self._spelt, shape)))
        return operand

    def _spelt(self, poly: Poly) -> Poly:
        named: dict[Atom, Poly] = {d: self._spelt(self.formulas[d]) for d in dims_of(poly) if d in self.formulas}
        return substitute_poly(poly, named) if named else poly


def _shapes(s: Statement, lengths: Lengths) -> Iterator[str]:
    s = lengths.spelt(s)
    rule = _RULES.get(s.op)
    expected = rule(s) if rule is not None else None
    if expected is not None and expected != s.target.shape:
        yield f"{s.target.name} has shape {_text(s.target.shape)}, and {s.op} makes {_text(expected)}"


def _text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"


def _broadcast(s: Statement) -> Shape | None:
    """Entry by entry: the longest, an extent of 1 stretched."""
    shapes = [shape_of(a) for a in s.args]
    rank = max(map(len, shapes), default=0)
    padded = [(ONE,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(next((e for e in column if e != ONE), ONE) for column in zip(*padded, strict=True))


def _reduced(s: Statement) -> Shape | None:
    """Without the axes that are reduced, or with an extent of 1 in their places."""
    shape = shape_of(s.args[0])
    if len(s.target.shape) == len(shape):
        return tuple(ONE if k in s.detail else e for k, e in enumerate(shape))
    return tuple(e for k, e in enumerate(shape) if k not in s.detail)


def _transposed(s: Statement) -> Shape | None:
    shape = shape_of(s.args[0])
    return tuple(shape[k] for k in s.detail)  # type: ignore[call-overload]


def _product(s: Statement) -> Shape | None:
    """Rows of the one by columns of the other; leading axes go along."""
    a, b = map(shape_of, s.args)
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    lead = a[:-2] if len(a) >= len(b) else b[:-2]
    return (*lead, *rows, *columns) if rows or columns or lead else ()


def _same_size(s: Statement) -> Shape | None:
    """The shape that it has, if it has as many entries as what it is made of."""
    before, after = _entries(shape_of(s.args[0])), _entries(s.target.shape)
    return s.target.shape if before == after else (before,)


@lru_cache(maxsize=1 << 10)
def _entries(shape: Shape) -> Poly:
    """How many entries an array of that shape has."""
    return math.prod(shape, start=ONE)


_RULES: dict[str, Callable[[Statement], Shape | None]] = {
    **dict.fromkeys(ELEMENTWISE, _broadcast),
    **dict.fromkeys((*REDUCTIONS, *POSITIONS), _reduced),
    "transpose": _transposed,
    "matmul": _product,
    "reshape": _same_size,
}
