"""Derivatives without any rule of the calculus: a step of i*1e-30 at an entry, and the network computed again.

`Adjoint` is a table of dL/d(entry) for one quantity, through everything downstream of it. `Local` is a table of the
local derivatives of one equation: its own definition with one entry that it reads moved and all else standing still.
Both are computed when first read, many entries at a time. Floats are moved by arrays instead (`slopes`, `chain`); where
that gives no number, or the chain of local derivatives is not what full steps say, it is these tables that tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import numpy as np

from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.errors import CheckFailed
from symbp.verify.by_arrays import ByArrays, PlainLocal
from symbp.verify.grid import Array
from symbp.verify.interpret import compile_at
from symbp.verify.rules import can_evaluate
from symbp.verify.scope import Key, Scope
from symbp.verify.slopes import Jacobian
from symbp.verify.steps import FAST, Steps
from symbp.verify.systems import Value
from symbp.verify.tangents import Moved
from symbp.verify.world import Inputs, Table, World


class Adjoint(Table):
    """dL/d(quantity), entry by entry."""

    def __init__(self, witness: Witness, quantity: str, name: str):
        super().__init__(name, witness.world.keys(quantity), self.total)
        self.witness, self.quantity = witness, quantity

    def total(self, key: Key) -> Value:
        """The derivative at `key`; those of its block are computed with it."""
        keys, world, steps = self.keys_in_order, self.witness.world, self.witness.steps
        start = keys.index(key) // steps.most * steps.most
        block = keys[start : start + steps.most]
        self.witness.spend(sum(len(world.keys(q)) for q in world.downstream[self.quantity]))
        values = [world.value(self.quantity, k) for k in block]
        with world.stepped(self.quantity, dict(zip(block, steps.lanes(values), strict=True))):
            value = world.value(self.witness.loss)
        self.update(zip(block, steps.slopes(value, values), strict=True))
        return self[key]


class Through(dict[Key, Value]):
    """Another table, read through: it knows what has been read, and may be told other values."""

    def __init__(self, table: Table):
        super().__init__()
        self.table = table

    def __missing__(self, key: Key) -> Value:
        self[key] = value = self.table[key]
        return value


class Local(dict[tuple[Key, Key], Value]):
    """The derivative of an entry of `of` by an entry of `by` through the one equation of `of`.

    An entry by an entry of its own tensor is 1 or 0, unless the equation reads itself.
    """

    def __init__(self, world: World, steps: Steps, of: str, by: str):
        super().__init__()
        self.world, self.steps, self.of, self.by = world, steps, of, by
        self.of_inside, self.by_inside = (world.tables[name].inside for name in (of, by))
        self.through = Through(world.tables[by])
        self.done: set[Key] = set()
        self.read: dict[Key, list[Key]] = {}
        self.read_by: dict[Key, list[Key]] = {}
        equation = world.network.equation(of)
        itself = of == by and of not in world.downstream[of]
        tables = {**world.tables, by: self.through}
        self.formula = None if equation is None or itself else world.formula(equation, tables)

    def __missing__(self, pair: tuple[Key, Key]) -> Value:
        of, by = pair
        if of in self.done and by in self.by_inside:
            self[pair] = 0.0
            return 0.0
        if self.formula is None or by not in self.by_inside:
            self[pair] = value = self._apart(pair)
            return value
        self.done.add(of)
        keys = self._read(of)
        for start in range(0, len(keys), self.steps.most):
            block = keys[start : start + self.steps.most]
            self.update({(of, key): slope for key, slope in zip(block, self._row(of, block), strict=True)})
        return self[pair]

    def _apart(self, pair: tuple[Key, Key]) -> Value:
        """By an entry that is not read: 0, but for an entry by itself."""
        of, by = pair
        if of not in self.of_inside:
            raise self._outside(self.of, of)
        if by not in self.by_inside:
            raise self._outside(self.by, by)
        return 1.0 if of == by and self.formula is None and self.of == self.by else 0.0

    def _outside(self, name: str, key: Key) -> CheckFailed:
        return CheckFailed(f"{name}[{', '.join(map(str, key))}] is outside, in a derivative of {self.of}")

    def readers(self, by: Key) -> list[Key]:
        """The entries of `of` that read this entry of `by`."""
        if self.formula is None:
            return [by] if self.of == self.by else []
        if by not in self.by_inside:
            raise self._outside(self.by, by)
        if not self.read_by:
            for of in self.world.keys(self.of):
                for key in self._read(of):
                    self.read_by.setdefault(key, []).append(of)
        return self.read_by.get(by, [])

    def _read(self, of: Key) -> list[Key]:
        """The entries of `by` that this entry of `of` reads at these data."""
        if of not in self.read:
            assert self.formula is not None
            self.through.clear()
            self.formula(of)
            self.read[of] = list(self.through)
        return self.read[of]

    def _row(self, of: Key, block: list[Key]) -> list[Value]:
        assert self.formula is not None
        self.through.clear()
        table = self.through.table
        values = [table[key] for key in block]
        self.through.update(zip(block, self.steps.moved(values), strict=True))
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            return self.steps.slopes(self.formula(of), values)

    def some(self, generator: Random, most: int) -> tuple[Array, Array]:
        """Some pairs, a few for each of so many entries that are read: derivatives, and subscripts in rows."""
        keys = self.world.keys(self.by)
        each = max(1, most // max(1, len(keys)))
        pairs = [
            (of, by)
            for by in generator.sample(keys, min(len(keys), most))
            for of in (lambda readers: generator.sample(readers, min(len(readers), each)))(self.readers(by))
        ]
        rank = len(keys[0]) + len(self.world.keys(self.of)[0]) if pairs else 0
        rows = np.array([(*of, *by) for of, by in pairs], np.int64).reshape(len(pairs), rank)
        return np.array([float(self[pair]) for pair in pairs]), rows

    def forget(self) -> None:
        """The data have changed."""
        self.clear()
        self.done.clear()
        self.read.clear()
        self.read_by.clear()


class Witness:
    """The adjoints and local derivatives of one world, made on demand and forgotten when the data change."""

    def __init__(
        self,
        world: World,
        loss: str,
        adjoints: Mapping[str, str],
        moved: Moved | None = None,
        steps: Steps = FAST,
        most: float = math.inf,
    ):
        """`adjoints` gives the name of each quantity's adjoint; `moved` has the tangents, where there are any.

        `most` is how many entries may be computed for steps, in all.
        """
        self.world, self.loss, self.steps, self.left = world, loss, steps, most
        self.names, self.moved = adjoints, moved
        self.arrays: ByArrays | None = None
        if world.forward is not None and steps is FAST:
            plain_local: PlainLocal = lambda of, by: self.plain.partials(of, by)  # noqa: E731
            self.arrays = ByArrays(world, world.forward, loss, adjoints, plain_local, self._plain_adjoint)
        adjoint = {name: self._table(quantity, name) for quantity, name in adjoints.items()}
        self.world.tables.update(adjoint)
        self.world.tables.update({} if moved is None else moved.tables)
        self.adjoints: Mapping[str, Table] = adjoint
        self.locals: dict[tuple[str, str], Local] = {}
        self._plain: Witness | None = None

    def _table(self, quantity: str, name: str) -> Table:
        arrays = self.arrays
        if arrays is None:
            return Adjoint(self, quantity, name)
        return Table(name, self.world.keys(quantity), None, lambda: arrays.adjoint(quantity))

    def _plain_adjoint(self, quantity: str) -> Table:
        return self.plain.adjoints[self.names[quantity]]

    @property
    def plain(self) -> Witness:
        """The same by plain loops, where arrays found no number."""
        if self._plain is None:
            self._plain = Witness(self.world.twin, self.loss, self.names, None, self.steps, self.left)
        return self._plain

    def spend(self, entries: int) -> None:
        """So many entries are about to be computed."""
        self.left -= entries
        if self.left < 0:
            raise CheckFailed("too many entries to be worked out")

    def partials(self, of: str, by: str) -> Local | Jacobian:
        """The table of local derivatives."""
        if self.arrays is not None:
            return self.arrays.jacobian(of, by)
        if (of, by) not in self.locals:
            self.locals[of, by] = Local(self.world, self.steps, of, by)
        return self.locals[of, by]

    @property
    def scope(self) -> Scope:
        """What an expression about the world is read in."""
        return replace(self.world.scope, partials=self.partials)

    def values(self, expr: Expr, indices: tuple[Index, ...], rows: Array) -> Sequence[Value]:
        """An expression about the world, at values of its indices, a row for each time."""
        if self.arrays is not None and can_evaluate(expr):
            found: Sequence[Value] = self.arrays.values(expr, indices, rows, self.scope)
            return found
        run = compile_at(expr, indices, self.scope)
        return [run(tuple(key)) for key in rows.tolist()]

    def fill(self, inputs: Inputs) -> None:
        """New data: everything is computed anew. The forward values at once, so that no step can get into them."""
        for local in self.locals.values():
            local.forget()
        if self.arrays is not None:
            self.arrays.forget()
        self._plain = None
        self.world.fill(inputs)
        self.world.force()
        if self.moved is not None:
            self.moved.fill(inputs)
