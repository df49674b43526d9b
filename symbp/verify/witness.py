"""Derivatives without any rule of the calculus: a step of i*1e-30 at an entry, and the network computed again.

`Adjoint` is a table of dL/d(entry) for one quantity, through everything downstream of it. `Local` is a table of the
local derivatives of one equation: its own definition with one entry that it reads moved and all else standing still.
Both are computed when first read, many entries at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symbp.errors import CheckFailed
from symbp.verify.interpret import Entries, Key
from symbp.verify.systems import STEP, Value
from symbp.verify.world import Inputs, Table, World

MOST_LANES = 256
FEW_LANES = 48


def lanes(keys: list[Key]) -> dict[Key, Value]:
    """A step for each key, in a lane of its own."""
    return dict(zip(keys, np.eye(len(keys)) * (1j * STEP), strict=True))


def slopes(value: Value, count: int) -> list[float]:
    """The derivative in each lane."""
    if np.ndim(value) == 0:
        return [0.0] * count
    return [float(v) for v in value.imag / STEP]


class Adjoint(Table):
    """dL/d(quantity), entry by entry."""

    def __init__(self, world: World, loss: str, quantity: str, name: str):
        super().__init__(name, world.keys(quantity), self.total)
        self.world, self.loss, self.quantity = world, loss, quantity

    def total(self, key: Key) -> Value:
        """The derivative at `key`; those of its block are computed with it."""
        keys = self.keys_in_order
        start = keys.index(key) // MOST_LANES * MOST_LANES
        block = keys[start : start + MOST_LANES]
        with self.world.stepped(self.quantity, lanes(block)):
            value = self.world.value(self.loss)
        self.update(zip(block, slopes(value, len(block)), strict=True))
        return self[key]


class Local(dict[tuple[Key, Key], Value]):
    """The derivative of an entry of `of` by an entry of `by` through the one equation of `of`.

    An entry by an entry of its own tensor is 1 or 0, unless the equation reads itself.
    """

    def __init__(self, world: World, of: str, by: str):
        super().__init__()
        self.world, self.of, self.by = world, of, by
        self.done: set[Key] = set()
        equation = world.network.equation(of)
        itself = of == by and of not in world.downstream[of]
        self.formula = None if equation is None or itself else world.formula(equation)

    def __missing__(self, pair: tuple[Key, Key]) -> Value:
        of, by = pair
        if of in self.done or by not in self.world.tables[self.by].inside:
            return self._absent(pair)
        if self.formula is None:
            return float(self.of == self.by and of == by)
        self.done.add(of)
        keys = self._read_by(of)
        for start in range(0, len(keys), MOST_LANES):
            block = keys[start : start + MOST_LANES]
            self.update({(of, key): slope for key, slope in zip(block, self._row(of, block), strict=True)})
        return self[pair]

    def _absent(self, pair: tuple[Key, Key]) -> Value:
        """0 by an entry that is not read."""
        for name, key in zip((self.of, self.by), pair, strict=True):
            if key not in self.world.tables[name].inside:
                raise CheckFailed(f"{name}[{', '.join(map(str, key))}] is outside, in a derivative of {self.of}")
        return 0.0

    def _read_by(self, of: Key) -> list[Key]:
        """The entries of `by` that this entry of `of` reads, where there are many; all of them where there are few."""
        table = self.world.tables[self.by]
        if self.formula is None or len(table) <= FEW_LANES:
            return table.keys_in_order
        saved, compute = dict(table), table.compute
        table.clear()
        table.compute = saved.__getitem__
        try:
            self.formula(of)
            return list(table)
        finally:
            table.compute = compute
            table.update(saved)

    def _row(self, of: Key, block: list[Key]) -> list[float]:
        assert self.formula is not None
        table = self.world.tables[self.by]
        saved = {key: table[key] for key in block}
        table.update({key: saved[key] + step for key, step in lanes(block).items()})
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                return slopes(self.formula(of), len(block))
        finally:
            table.update(saved)

    def forget(self) -> None:
        """The data have changed."""
        self.clear()
        self.done.clear()


class Witness:
    """The adjoints and local derivatives of one world, made on demand and forgotten when the data change."""

    def __init__(self, world: World, loss: str, adjoints: Mapping[str, str]):
        """`adjoints` gives the name of each quantity's adjoint."""
        self.world, self.loss = world, loss
        adjoint = {name: Adjoint(world, loss, quantity, name) for quantity, name in adjoints.items()}
        self.world.tables.update(adjoint)
        self.adjoints: Mapping[str, Adjoint] = adjoint
        self.locals: dict[tuple[str, str], Local] = {}

    def partials(self, of: str, by: str) -> Entries:
        """The table of local derivatives."""
        if (of, by) not in self.locals:
            self.locals[of, by] = Local(self.world, of, by)
        return self.locals[of, by]

    def fill(self, inputs: Inputs) -> None:
        """New data: everything is computed anew. The forward values at once, so that no step can get into them."""
        for local in self.locals.values():
            local.forget()
        self.world.fill(inputs)
        self.world.force()
