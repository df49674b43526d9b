"""At which entries an equality is evaluated: all of them, or as many as are affordable, those first that say something.

Of dz[n, h]/dx[m, d] nearly every entry is 0 = 0. Where the quantity at the start of a chain is a local derivative, the
entries that are really read come first, then others at random; every step of the chain is evaluated at the same ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbp.core.expr import Binder, Expr, Partial, Read, Sum
from symbp.core.integers import Index, Node
from symbp.core.traverse import children, indices_of
from symbp.verify.grid import Array
from symbp.verify.interpret import entries, inside, reach
from symbp.verify.paths import own_indices, path_of
from symbp.verify.scope import Key, Scope
from symbp.verify.ties import ties

# More work than this on one side of an equality and its entries are sampled.
MOST_WORK = 4_000_000
MOST_ENTRIES = 2_000
FEWEST_ENTRIES = 20
# About how many entries read one entry, and how long a range is that depends on other indices.
READERS, INNER = 12, 4


class Entries:
    """Values of indices at which something is evaluated, a row for each: an array, and as keys."""

    def __init__(self, rows: Array):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, place: int) -> Key:
        """One of them."""
        return tuple(int(v) for v in self.rows[place])


@dataclass(frozen=True, slots=True)
class Box:
    """Every combination of the values of independent indices: there may be many millions."""

    ranges: tuple[range, ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.ranges))

    def all(self) -> Array:
        """All of them, a row for each."""
        rows = np.indices([len(r) for r in self.ranges], np.int64).reshape(len(self.ranges), len(self))
        return rows.T + np.array([r.start for r in self.ranges], np.int64)

    def some(self, generator: random.Random) -> Array:
        """The first, the last and others at random."""
        ends = [[r[end] for r in self.ranges] for end in (0, -1)]
        inner = [r.start + numbers(generator, MOST_ENTRIES) % len(r) for r in self.ranges]
        return np.concatenate((np.array(ends, np.int64), np.array(inner, np.int64).T))


@dataclass(frozen=True, slots=True)
class Rows:
    """The combinations of values of indices of which some depend on others."""

    rows: Array

    def __len__(self) -> int:
        return len(self.rows)

    def all(self) -> Array:
        """All of them, a row for each."""
        return self.rows

    def some(self, generator: random.Random) -> Array:
        """The first, the last and others at random."""
        chosen = shuffled(generator, len(self.rows))[:MOST_ENTRIES]
        return np.concatenate((self.rows[[0, -1]], self.rows[chosen]))


def numbers(generator: random.Random, count: int) -> Array:
    """Random integers that are not negative, the same on every machine."""
    return np.frombuffer(generator.randbytes(4 * count), "<u4").astype(np.int64)


def shuffled(generator: random.Random, count: int) -> Array:
    """The numbers below `count` in random order."""
    return np.argsort(numbers(generator, count), kind="stable")


def combinations(indices: tuple[Index, ...], scope: Scope) -> Rows | Box:
    """Every combination of the values of the indices."""
    if any(inner(i) for i in indices):
        return Rows(_rows(entries(indices, scope), len(indices)))
    return Box(tuple(reach(i, scope) for i in indices))


def _rows(keys: Sequence[Key], rank: int) -> Array:
    return np.array(keys, np.int64).reshape(len(keys), rank)


def in_order(keys: Rows | Box, telling: Array, seed: int) -> Array:
    """Telling ones and others by turns, so that as much as is taken of it is a fair share; the ends first."""
    others = keys.some(random.Random(seed))
    rows = np.concatenate((others[:2], by_turns(telling, others[2:])))
    return rows[np.sort(np.unique(_codes(rows), return_index=True)[1])][:MOST_ENTRIES]


def some_of(keys: Rows | Box, count: int, seed: int) -> Array:
    """All of them in random order, or so many at random."""
    generator = random.Random(seed)
    if len(keys) <= 2 * MOST_ENTRIES * FEWEST_ENTRIES:
        return keys.all()[shuffled(generator, len(keys))[:count]]
    return keys.some(generator)[:count]


def by_turns(one: Array, other: Array) -> Array:
    """The rows of both, in turn as long as there are some of both."""
    turns = np.concatenate((2 * np.arange(len(one)), 2 * np.arange(len(other)) + 1))
    return np.concatenate((one, other))[np.argsort(turns, kind="stable")]


def _codes(rows: Array) -> Array:
    """A number for each row, the same for no two different ones."""
    low = rows.min(axis=0)
    return np.ravel_multi_index(tuple((rows - low).T), tuple(rows.max(axis=0) - low + 1))


def affordable(sides: Sequence[Expr], scope: Scope) -> int:
    """At how many entries these expressions can be evaluated."""
    each = sum(work(side, scope) for side in sides)
    return min(MOST_ENTRIES, max(FEWEST_ENTRIES if each < MOST_WORK else 5, MOST_WORK // each))


def work(node: Node, scope: Scope) -> int:
    """About how many nodes are visited when it is evaluated once."""
    times = 1
    if isinstance(node, Binder):
        passed: tuple[Index, ...] = ()
        if isinstance(node, Sum) and (path := path_of(node, scope)):
            times, passed = READERS, own_indices(path)
        elif isinstance(node, Sum):
            passed = tuple(t.index for t in ties(node, lambda i: len(reach(i, scope))))
        for index in node.indices:
            if index not in passed:
                times *= INNER if inner(index) else len(reach(index, scope))
    return times * (1 + sum(work(c, scope) for c in children(node)))


def inner(index: Index) -> tuple[Index, ...]:
    """The indices on which the range of an index depends."""
    return tuple(dict.fromkeys(i for p in (index.start, index.stop) for i in indices_of(p)))


def telling_entries(start: Expr, indices: tuple[Index, ...], scope: Scope, seed: int) -> Array:
    """Values of `indices`, in rows, at which the start of a chain is likely not 0, and others at which it might be.

    Of a local derivative d(of)/d(by) those at which `of` reads `by`; of an entry those that are not 0.
    """
    letters = _letters(start)
    if len(letters) != len(indices) or set(letters) != set(indices):
        return np.zeros((0, len(indices)), np.int64)
    generator = random.Random(seed)
    values, rows = _pairs(start, scope, generator) if isinstance(start, Partial) else _entries(start, scope)
    order = shuffled(generator, len(values))
    values, rows = values[order], rows[order][:, [letters.index(i) for i in indices]]
    found = by_turns(rows[values != 0], rows[values == 0])
    return found[_inside(indices, found, scope)]


def _inside(indices: tuple[Index, ...], rows: Array, scope: Scope) -> Array:
    """Which rows are in the ranges of the indices."""
    if any(inner(i) for i in indices):
        return np.array(list(map(inside(indices, scope), map(tuple, rows.tolist()))), bool)
    ranges = [reach(i, scope) for i in indices]
    return np.all((rows >= [r.start for r in ranges]) & (rows < [r.stop for r in ranges]), axis=1)


def _letters(start: Expr) -> tuple[Index | None, ...]:
    if isinstance(start, Partial):
        return tuple(s.index for s in (*start.of.subs, *start.by.subs))
    return tuple(s.index for s in start.subs) if isinstance(start, Read) else ()


def _entries(start: Expr, scope: Scope) -> tuple[Array, Array]:
    """The values of all entries, and their subscripts in rows."""
    assert isinstance(start, Read)
    table = scope.table(start.tensor)
    keys: Sequence[Key] = getattr(table, "keys_in_order", ())
    return np.array([table[key] for key in keys]), _rows(keys, len(start.subs))


def _pairs(start: Partial, scope: Scope, generator: random.Random) -> tuple[Array, Array]:
    """An entry and one that it reads, in rows: a few for each that is read, of many tensors' entries some."""
    assert scope.partials is not None
    return scope.partials(start.of.tensor, start.by.tensor).some(generator, MOST_ENTRIES // 2)
