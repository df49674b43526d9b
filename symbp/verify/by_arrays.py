"""A witness in floats: local derivatives, adjoints and expressions about a world, all by arrays.

In comes a world whose data have been filled in, with the tables that are read beside its own (adjoints, tangents).
Everything is made when first asked for and forgotten when the data change. Where there is no number, the plain loops
of the same world say what they find.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.errors import CheckFailed
from symbp.verify.chain import chained, confirmed
from symbp.verify.dense import Dense, Held, Refused, value
from symbp.verify.forward import Forward
from symbp.verify.frame import BLOCK, Frame
from symbp.verify.grid import Array
from symbp.verify.interpret import compile_at
from symbp.verify.scope import Paths, Scope
from symbp.verify.slopes import Jacobian, Pairs, read_by, slopes
from symbp.verify.world import Table, World

NOTHING = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
# What the plain loops of the same world say: a table of local derivatives, a table of an adjoint.
PlainLocal = Callable[[str, str], Paths]
PlainAdjoint = Callable[[str], Table]


@dataclass(slots=True)
class ByArrays:
    """`quantities` are those of which there are adjoints.

    `local` and `full` ask the plain loops for a local derivative and for an adjoint, of a quantity.
    """

    world: World
    forward: Forward
    loss: str
    quantities: Collection[str]
    local: PlainLocal
    full: PlainAdjoint
    jacobians: dict[tuple[str, str], Jacobian] = field(default_factory=dict)
    reads: dict[str, Mapping[str, tuple[Array, Array]]] = field(default_factory=dict)
    adjoints: dict[str, Array] = field(default_factory=dict)
    confirmed: dict[str, bool] = field(default_factory=dict)
    tables: Tables = field(init=False)
    dense: Dense = field(init=False)

    def __post_init__(self) -> None:
        self.tables = Tables(self.world.tables)
        self.dense = replace(self.world.shared, tables=self.tables, partials=self.jacobian, sums={})

    def forget(self) -> None:
        """The data have changed."""
        for made in (self.jacobians, self.reads, self.adjoints, self.confirmed, self.tables.known):
            made.clear()

    def jacobian(self, of: str, by: str) -> Jacobian:
        """All local derivatives of one tensor by another."""
        if (of, by) not in self.jacobians:
            for name in (of, by):
                if name not in self.world.tables:
                    raise CheckFailed(f"nothing defines {name}")
            own, other = (self.world.tables[name].grid for name in (of, by))
            plain = self.local
            self.jacobians[of, by] = Jacobian((of, by), own, other, self._pairs(of, by), lambda p: plain(of, by)[p])
        return self.jacobians[of, by]

    def _pairs(self, of: str, by: str) -> Pairs:
        """Of an entry by one of its own tensor it is 1 or 0, unless the equation reads itself."""
        world = self.world
        equation, grid = world.network.equation(of), world.tables[of].grid
        if of == by and of not in world.downstream.get(of, ()):
            return Pairs(grid.slots, grid.slots, np.ones(len(grid.slots)))
        if equation is None:
            return NOTHING
        with np.errstate(all="ignore"):  # a branch that is not taken need have no value
            if of not in self.reads:
                world.array(of)
                self.reads[of] = read_by(equation, grid, world.shared)
            pairs = self.reads[of].get(by)
            return NOTHING if pairs is None else Pairs(*pairs, slopes(equation, grid, by, pairs, world.shared))

    def adjoint(self, quantity: str) -> Array:
        """The derivative of the loss by each entry of a quantity, in the places of its grid."""
        if not self.adjoints:
            with np.errstate(all="ignore"):
                self.world.array(self.loss)
                chain = chained(self.forward, self.loss, self.jacobian)
                self.adjoints.update({q: chain[q] for q in self.quantities})
                self.confirmed.update(confirmed(self.forward, self.loss, self.adjoints))
        if not self.confirmed[quantity]:
            self.adjoints[quantity], self.confirmed[quantity] = self._by_plain_loops(quantity), True
        return self.adjoints[quantity]

    def _by_plain_loops(self, quantity: str) -> Array:
        table, grid = self.full(quantity), self.world.tables[quantity].grid
        found = np.zeros(grid.size)
        found[grid.slots] = [table[key] for key in grid.keys]
        return found

    def values(self, expr: Expr, indices: tuple[Index, ...], rows: Array, scope: Scope) -> Array:
        """An expression at values of its indices, a row for each time.

        Where arrays find none, what the plain loops find, or raise of the first row without a value.
        """
        found = [self._block(expr, indices, rows[k : k + BLOCK], scope) for k in range(0, len(rows), BLOCK)]
        return np.concatenate(found) if found else np.zeros(0)

    def _block(self, expr: Expr, indices: tuple[Index, ...], rows: Array, scope: Scope) -> Array:
        columns = dict(zip(indices, np.ascontiguousarray(rows.T), strict=True))
        try:
            with np.errstate(all="ignore"):
                found = value(expr, Frame(columns, None, 1), replace(self.dense, keys=(len(rows),)))
            return np.broadcast_to(found, (len(rows),))
        except Refused:  # by plain loops, which say what is wrong with the first row that has no value, if one has none
            run = compile_at(expr, indices, scope)
            return np.array([run(tuple(row)) for row in rows.tolist()])


class Tables(Mapping[str, Held]):
    """The tables of a world as arrays, its own and those beside them."""

    def __init__(self, tables: Mapping[str, Table]):
        self.tables = tables
        self.known: dict[str, Held] = {}

    def __getitem__(self, name: str) -> Held:
        if name not in self.known:
            self.known[name] = self.tables[name].held()
        return self.known[name]

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)
