"""Work on stacks of matrices in blocks of examples, so that what a block makes stays in the cache until it is used.

Attention's scores are a matrix for each example, and eight passes go over them: of long texts no two find them in the
cache. What goes from one product to the next example by example becomes a loop over blocks of examples, as many at once
as fit. What only the loop needs is never more than a block long. Which examples are in a block changes no number.

Comes in: pure statements. Goes out: the same, some of them in the body of a loop, whose arrays have a block's length
along the first axis. How long that is the module finds from the sizes: a divisor of the number of examples, or all
of them where it has none of a useful length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

from symbp.core.integers import ONE, Dim, Poly
from symbp.core.traverse import fresh_name
from symbp.lowering.bodies import loop_args
from symbp.lowering.names import RESERVED
from symbp.lowering.program import (
    ELEMENTWISE,
    FILLING,
    FLOAT,
    REDUCTIONS,
    VIEWS,
    Block,
    Loop,
    Operand,
    Program,
    Routine,
    Shape,
    Statement,
    Value,
    shape_of,
)

LEAST = 4  # passes over the matrices that are worth a loop
SHOWING = ("transpose", "expand", "reshape")


def in_tiles(program: Program) -> Program:
    """The program with such loops in the routines where time counts."""
    taken = set(program.names) | RESERVED
    routines, blocks = [], dict[tuple[Poly, Poly], Block]()
    for routine in program.routines:
        if routine.name in FILLING:
            tiles = _Tiles(routine, taken, blocks)
            routine = replace(routine, statements=tuple(tiles.statements()))
        routines.append(routine)
    return replace(program, routines=tuple(routines), blocks=tuple(blocks.values()))


@dataclass(slots=True)
class _Run:
    """Statements that go along with the stack of matrices that the first of them makes, and what waits for them."""

    start: Statement
    along: list[Statement] = field(default_factory=list)
    before: list[Statement] = field(default_factory=list)
    after: list[Statement] = field(default_factory=list)
    order: list[Statement] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        return self.start.target.shape

    def passes(self, s: Statement) -> bool:
        """Does it go over the matrices?"""
        size = Counter(self.shape)  # of a transpose too
        return s.op not in VIEWS and any(Counter(shape_of(a)) == size for a in (s.target, *s.args))

    def add(self, s: Statement) -> bool:
        """Take one statement more; no where it goes over the matrices and cannot go along, so that the run ends."""
        late, here = _made(self.after), _made(self.along)
        read, along = {a.name for a in s.arrays}, _goes_along(s, self.shape[0])
        if read & late or (read & here and not along):
            if self.passes(s) or _is_start(s):
                return False
            self.after.append(s)
        else:
            (self.along if read & here or (along and self.passes(s)) else self.before).append(s)
        self.order.append(s)
        return True

    def trimmed(self) -> None:
        """What follows the last pass over the matrices waits too, unless it needs nothing but what the loop makes."""
        last = max((k for k, s in enumerate(self.along) if self.passes(s)), default=-1)
        self.along, tail = self.along[: last + 1], self.along[last + 1 :]
        waiting: list[Statement] = []
        for s in tail:
            free = s.op in ELEMENTWISE and {a.name for a in s.arrays} <= _made(self.along)
            (self.along if free else waiting).append(s)
        needed: set[str] = set()
        for s in reversed(tuple(self.along)):
            if s.op in VIEWS and s.target.name not in needed:
                self.along.remove(s)
                waiting.insert(0, s)
            needed |= {a.name for a in s.arrays}
        self.after = [*waiting, *self.after]


def _made(statements: list[Statement]) -> set[str]:
    return {s.target.name for s in statements}


def _is_start(s: Statement) -> bool:
    """Does it make a stack of matrices, from two? Not of literal sizes: such a module must read as at smaller ones."""
    ranks = {len(a.shape) for a in s.arrays}
    lengths = s.target.shape
    return (
        s.op == "matmul"
        and ranks == {len(lengths)}
        and len(lengths) > 2
        and _goes_along(s, lengths[0])
        and all(e.constant is None for e in lengths)
    )


def _goes_along(s: Statement, count: Poly) -> bool:
    """Is each example's part of the result made of that example's parts of the operands?"""
    if s.loop is not None or s.target.shape[:1] != (count,) or s.target.kind not in (FLOAT, "bool"):
        return False
    leading = _leading(s)
    if any(a.shape[0] not in (count, ONE) for a in leading) or not any(a.shape[0] == count for a in leading):
        return False
    match s.op:
        case "transpose":
            return s.detail[0] == 0
        case "matmul" | "vecdot" | "reshape":
            return True
    return (s.op in ELEMENTWISE and s.op != "call") or (s.op in (*REDUCTIONS, "expand") and 0 not in s.detail)


def _leading(s: Statement) -> list[Value]:
    """The operands whose first axis is that of the examples, or of one entry."""
    ranks = max((len(a.shape) for a in s.arrays), default=0)
    rank = len(s.target.shape) if s.op in ELEMENTWISE else ranks
    return [a for a in s.arrays if a.shape and len(a.shape) == rank]


@dataclass(slots=True)
class _Tiles:
    """A routine, the names that are taken, and the blocks so far, by how many examples and how large one is."""

    routine: Routine
    taken: set[str]
    blocks: dict[tuple[Poly, Poly], Block]

    def statements(self) -> Iterator[Statement]:
        """The statements, runs that are worth it as loops."""
        run: _Run | None = None
        for s in self.routine.statements:
            if run is not None and run.add(s):
                continue
            if run is not None:
                yield from self._looped(run)
                run = None
            if _is_start(s):
                run = _Run(s, [s], order=[s])
            else:
                yield s
        if run is not None:
            yield from self._looped(run)

    def _looped(self, run: _Run) -> list[Statement]:
        run.trimmed()
        if sum(run.passes(s) for s in run.along) < LEAST or not self._may(run):
            return run.order
        return [*run.before, *self._loop(run), *run.after]

    def _may(self, run: _Run) -> bool:
        """Can what others need of it be filled block by block?"""
        wanted = self._wanted(run)
        return all(s.op not in VIEWS and s.target.kind == FLOAT for s in run.along if s.target.name in wanted)

    def _wanted(self, run: _Run) -> set[str]:
        own = _made(run.along)
        others = (a for s in self.routine.statements if s.target.name not in own for a in s.arrays)
        return {a.name for a in (*others, *self.routine.returned)}

    def _loop(self, run: _Run) -> Iterator[Statement]:
        block = self._block(run)
        variable = Dim(fresh_name(str(block.count.atom or "n").lower(), self.taken), 0)
        body = _Body(block, variable, {s.target.name: s for s in self.routine.statements}, _made(run.along))
        statements = tuple(t for s in run.along for t in body.part(s))
        wanted = self._wanted(run)
        stacks = [s.target for s in run.along if s.target.name in wanted]
        loop = Loop(
            variable, block.count, False, statements, tuple((v, body.values[v.name]) for v in stacks), step=block
        )
        token = Value(f"{run.start.target.name}.0.tiles", (), "loop")
        yield from (Statement(v, "stack", ()) for v in stacks)
        yield Statement(token, "loop", loop_args(loop), (), loop=loop)
        yield from (Statement(v, "stacked", (v, token)) for v in stacks)

    def _block(self, run: _Run) -> Block:
        count, each = run.shape[0], prod(run.shape[1:], start=ONE)
        if (count, each) not in self.blocks:
            name = fresh_name(f"{count.atom or 'N'}1", self.taken)
            self.taken.add(name)
            self.blocks[count, each] = Block(Dim(name), count, each)
        return self.blocks[count, each]


@dataclass(slots=True)
class _Body:
    """The body of the loop: what stands there for each value, and what makes what it reads."""

    block: Block
    variable: Dim
    made: dict[str, Statement]
    along: set[str]
    values: dict[str, Value] = field(default_factory=dict)

    def part(self, s: Statement) -> Iterator[Statement]:
        """The statement for a block, after the views that it needs."""
        leading = {a.name for a in _leading(s) if a.shape[0] == self.block.count}
        args: list[Operand] = []
        for a in s.args:
            match a:
                case Value(name) if name in leading:
                    yield from self._views(a)
                    args.append(self.values[name])
                case _:
                    args.append(a)
        yield replace(s, target=self._value(s.target), args=tuple(args))

    def _value(self, value: Value) -> Value:
        length = Poly.of(self.block.length)
        self.values[value.name] = replace(
            value, name=f"{value.name}.{self.variable.name}", shape=(length, *value.shape[1:])
        )
        return self.values[value.name]

    def _views(self, value: Value) -> Iterator[Statement]:
        """What shows a block of an array from before the loop, that of what it is a view of where it is one."""
        if value.name in self.values:
            return
        maker = self.made.get(value.name)
        if maker is not None and maker.op in SHOWING and _goes_along(maker, self.block.count):
            yield from self.part(maker)
            return
        start = Poly.of(self.variable)
        end = start + Poly.of(self.block.length)
        detail = ((start, end, ONE), *(None for _ in value.shape[1:]))
        yield Statement(self._value(value), "slice", (value,), detail)
