"""At which entries an equality is evaluated: all of them, or as many as are affordable, those first that say something.

Of dz[n, h]/dx[m, d] nearly every entry is 0 = 0. Where the quantity at the start of a chain is a local derivative, the
entries that are really read come first, then others at random; every step of the chain is evaluated at the same ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest

from symbp.core.expr import Expr, Extreme, Partial, Read, Sum
from symbp.core.integers import Index, Node
from symbp.core.traverse import children, indices_of
from symbp.verify.interpret import entries, inside, reach
from symbp.verify.paths import own_indices, path_of
from symbp.verify.scope import Key, Scope
from symbp.verify.systems import Value
from symbp.verify.ties import ties

# More work than this on one side of an equality and its entries are sampled.
MOST_WORK = 1_500_000
MOST_ENTRIES = 2_000
FEWEST_ENTRIES = 20
# About how many entries read one entry, and how long a range is that depends on other indices.
READERS, INNER = 12, 4


@dataclass(frozen=True, slots=True)
class Box:
    """Every combination of the values of independent indices: there may be many millions."""

    ranges: tuple[range, ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.ranges))

    def __iter__(self) -> Iterator[Key]:
        return product(*self.ranges)

    def some(self, generator: random.Random) -> list[Key]:
        """The first, the last and others at random."""
        ends = [tuple(r[end] for r in self.ranges) for end in (0, -1)]
        return ends + list(zip(*(generator.choices(r, k=MOST_ENTRIES) for r in self.ranges), strict=True))


def combinations(indices: tuple[Index, ...], scope: Scope) -> list[Key] | Box:
    """Every combination of the values of the indices."""
    if any(inner(i) for i in indices):
        return entries(indices, scope)
    return Box(tuple(reach(i, scope) for i in indices))


def in_order(keys: list[Key] | Box, telling: Sequence[Key], seed: int) -> list[Key]:
    """Telling keys and others by turns, so that as much as is taken of it is a fair share; the ends first."""
    generator = random.Random(seed)
    others = keys.some(generator) if isinstance(keys, Box) else _some(keys, generator)
    by_turns = (key for pair in zip_longest(telling, others[2:]) for key in pair if key is not None)
    return list(dict.fromkeys((*others[:2], *by_turns)))[:MOST_ENTRIES]


def _some(keys: list[Key], generator: random.Random) -> list[Key]:
    return [keys[0], keys[-1], *generator.sample(keys, min(len(keys), MOST_ENTRIES))]


def affordable(sides: Sequence[Expr], scope: Scope) -> int:
    """At how many entries these expressions can be evaluated."""
    each = sum(work(side, scope) for side in sides)
    return min(MOST_ENTRIES, max(FEWEST_ENTRIES if each < MOST_WORK else 5, MOST_WORK // each))


def work(node: Node, scope: Scope) -> int:
    """About how many nodes are visited when it is evaluated once."""
    times = 1
    if isinstance(node, (Sum, Extreme)):
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


def telling_entries(start: Expr, indices: tuple[Index, ...], scope: Scope, seed: int) -> list[Key]:
    """Values of `indices` at which the start of a chain is likely not 0, and such at which it might have been.

    Of a local derivative d(of)/d(by) those at which `of` reads `by`; of an entry those that are not 0.
    """
    letters = _letters(start)
    if len(letters) != len(indices) or set(letters) != set(indices):
        return []
    generator = random.Random(seed)
    places = [letters.index(i) for i in indices]
    values, pairs = _pairs(start, scope, generator) if isinstance(start, Partial) else _entries(start, scope, generator)
    found = [(value, tuple([pair[p] for p in places])) for value, pair in zip(values, pairs, strict=True)]
    generator.shuffle(found)
    by_turns = zip_longest([k for v, k in found if v], [k for v, k in found if not v])
    return list(filter(inside(indices, scope), (key for pair in by_turns for key in pair if key is not None)))


def _letters(start: Expr) -> tuple[Index | None, ...]:
    if isinstance(start, Partial):
        return tuple(s.index for s in (*start.of.subs, *start.by.subs))
    return tuple(s.index for s in start.subs) if isinstance(start, Read) else ()


def _entries(start: Expr, scope: Scope, generator: random.Random) -> tuple[Sequence[Value], Sequence[Key]]:
    """All entries, or some of many: no more are ever taken."""
    assert isinstance(start, Read)
    table = scope.table(start.tensor)
    keys: list[Key] = getattr(table, "keys_in_order", [])
    some = keys if len(keys) <= 2 * MOST_ENTRIES else generator.sample(keys, 2 * MOST_ENTRIES)
    return [table[key] for key in some], some


def _pairs(start: Partial, scope: Scope, generator: random.Random) -> tuple[Sequence[Value], Sequence[Key]]:
    """An entry and one that it reads: a few for each that is read, of many tensors' entries some."""
    assert scope.partials is not None
    table = scope.partials(start.of.tensor, start.by.tensor)
    read = table.number_read
    each = max(1, MOST_ENTRIES // (2 * max(1, read)))
    chosen: list[int] = []
    for place in generator.sample(range(read), min(read, MOST_ENTRIES // 2)):
        readers = table.pairs_of(place)
        chosen += readers if len(readers) <= each else generator.sample(readers, each)
    return table.pairs_at(chosen)
