"""Local derivatives by arrays: one complex step for each pair of an entry and one that it reads, all pairs at once.

What an equation reads is recorded while it is evaluated, with its own conditions at the data in question. Then it is
evaluated once more for each such pair, with that one entry moved and all else standing still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.errors import CheckFailed
from symbp.verify.dense import Dense, Moved, Refused
from symbp.verify.elementwise import is_complex
from symbp.verify.forward import at_columns
from symbp.verify.frame import BLOCK
from symbp.verify.grid import Array, Grid
from symbp.verify.scope import Key
from symbp.verify.steps import step_of
from symbp.verify.systems import Value


@dataclass(frozen=True, slots=True)
class Pairs:
    """Entries `of` one tensor by entries `by` of another, by their places, in the order of `by`, then of `of`."""

    of: Array
    by: Array
    slopes: Array


class Jacobian:
    """The derivative of each entry of `of` by each entry of `by` through the one equation of `of`.

    It is 0 by an entry that is not read. `plain` is asked where a step leads to no number: what the plain loops say.
    """

    def __init__(
        self, names: tuple[str, str], of: Grid, by: Grid, pairs: Pairs, plain: Callable[[tuple[Key, Key]], Value]
    ):
        self.names, self.of, self.by, self.pairs, self.plain = names, of, by, pairs, plain
        self.codes = pairs.by * of.size + pairs.of
        self.starts = np.concatenate(([0], np.cumsum(np.bincount(pairs.by, minlength=by.size))))

    def at(self, of: Array, by: Array) -> Array:
        """The derivatives of the entries at places by those at others; nan where a step leads to no number."""
        code = by * self.of.size + of
        if not len(self.codes):
            return np.zeros(np.shape(code))[()]
        place = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        return np.where(self.codes[place] == code, self.pairs.slopes[place], 0.0)[()]

    def readers_of(self, by: Array) -> tuple[Array, Array]:
        """Where in `readers_in_order` those of an entry start, and how many they are."""
        return self.starts[by], self.starts[by + 1] - self.starts[by]

    @property
    def readers_in_order(self) -> Array:
        """The places of all entries that read something, by what they read."""
        return self.pairs.of

    @property
    def slopes_in_order(self) -> Array:
        """The derivatives of the same."""
        return self.pairs.slopes

    # As a table of entries, which the plain loops read.

    def __getitem__(self, pair: tuple[Key, Key]) -> Value:
        of, by = pair
        self._demand_inside(self.names[0], self.of, of)
        self._demand_inside(self.names[1], self.by, by)
        found = float(self.at(np.int64(self.of.slot(of)), np.int64(self.by.slot(by))))
        return self.plain(pair) if math.isnan(found) else found

    def readers(self, by: Key) -> list[Key]:
        """The entries of `of` that read this entry of `by`."""
        self._demand_inside(self.names[1], self.by, by)
        place = self.by.slot(by)
        of = self.pairs.of[self.starts[place] : self.starts[place + 1]]
        columns = [c.tolist() for c in self.of.subscripts(of)]
        return list(zip(*columns, strict=True)) if columns else [()] * len(of)

    def some(self, generator: Random, most: int) -> tuple[Array, Array]:
        """Some pairs, a few for each of so many entries that are read: derivatives, and subscripts in rows."""
        counts = self.starts[1:] - self.starts[:-1]
        read = np.flatnonzero(counts)
        each = max(1, most // max(1, len(read)))
        if len(read) > most:
            read = read[np.argsort(_numbers(generator, len(read)), kind="stable")[:most]]
        turns = _numbers(generator, len(read) * each).reshape(-1, each) % counts[read, None]
        place = _distinct((self.starts[read, None] + turns).reshape(-1))
        columns = (*self.of.subscripts(self.pairs.of[place]), *self.by.subscripts(self.pairs.by[place]))
        rows = np.array(columns, np.int64).T.reshape(len(place), len(columns))
        return self.pairs.slopes[place], rows

    def _demand_inside(self, name: str, grid: Grid, key: Key) -> None:
        if not grid.holds(key):
            raise CheckFailed(f"{name}[{', '.join(map(str, key))}] is outside, in a derivative of {self.names[0]}")


def _numbers(generator: Random, count: int) -> Array:
    return np.frombuffer(generator.randbytes(4 * count), "<u4").astype(np.int64)


def read_by(equation: Equation, grid: Grid, d: Dense) -> Mapping[str, tuple[Array, Array]]:
    """For each tensor that an equation reads the pairs of an entry and one that it reads, in the order of `Pairs`."""
    found: dict[str, list[Array]] = {}
    for start in range(0, len(grid.keys), BLOCK):
        own = grid.slots[start : start + BLOCK]
        columns = {i: c[start : start + BLOCK] for i, c in zip(equation.indices, grid.columns, strict=False)}

        def record(tensor: str, places: Array, mask: Array | None, own: Array = own) -> None:
            by, of, counts = np.broadcast_arrays(places, own, True if mask is None else mask)
            found.setdefault(tensor, []).append(_distinct((by * grid.size + of)[counts]))

        at_columns(equation, columns, len(own), replace(d, record=record))
    codes = {tensor: _distinct(np.concatenate(parts)) for tensor, parts in found.items()}
    return {tensor: (c % max(1, grid.size), c // max(1, grid.size)) for tensor, c in codes.items()}


def _distinct(codes: Array) -> Array:
    """In order, each once. Of integers `np.unique` makes a hash table, which takes longer."""
    ordered = np.sort(codes, kind="stable")
    fresh = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]


def slopes(equation: Equation, grid: Grid, by: str, pairs: tuple[Array, Array], d: Dense) -> Array:
    """How fast each entry moves with the one that it is paired with; nan where a step leads to no number."""
    found = np.zeros(len(pairs[0]))
    subscripts = grid.subscripts(pairs[0])
    for start in range(0, len(found), BLOCK):
        part = slice(start, start + BLOCK)
        columns = {i: c[part] for i, c in zip(equation.indices, subscripts, strict=False)}
        found[part] = _moved(equation, columns, pairs[0][part], by, pairs[1][part], d)
    return found


def _moved(equation: Equation, columns: Mapping[Index, Array], of: Array, by: str, places: Array, d: Dense) -> Array:
    """One that is refused is not a number, and neither is asked for again."""
    found = np.full(len(places), np.nan)
    left = np.arange(len(places))
    while len(left):
        some = {i: c[left] for i, c in columns.items()}
        _, first, inverse = np.unique(of[left], return_index=True, return_inverse=True)
        try:
            moved = at_columns(equation, some, len(left), replace(d, moved=Moved(by, places[left], first, inverse)))
        except Refused as refused:
            left = np.delete(left, refused.place)
            continue
        found[left] = moved.imag / step_of(d.table(by).values[places[left]]) if is_complex(moved) else 0.0
        break
    return found
