"""At which entries an equality is evaluated: all of them, or as many as are affordable, those first that say something.

Of dz[n, h]/dx[m, d] nearly every entry is 0 = 0. Where the quantity at the start of a chain is a local derivative, the
entries that are really read come first, then others at random; every step of the chain is evaluated at the same ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product, zip_longest

from symbp.core.expr import Expr, Extreme, Partial, Sum
from symbp.core.integers import Index, Node
from symbp.core.traverse import children, indices_of
from symbp.verify.interpret import Key, Scope, entries, path_of, spans
from symbp.verify.ties import ties

# More work than this on one side of an equality and its entries are sampled.
MOST_WORK = 150_000
MOST_ENTRIES = 3_000
FEWEST_ENTRIES = 6
# About how many entries read one entry, and how long a range is that depends on other indices.
READERS, INNER = 12, 4


@dataclass(frozen=True, slots=True)
class Box:
    """Every combination of the values of independent indices, made when asked for: there may be many millions."""

    ranges: tuple[Sequence[int], ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.ranges))

    def __getitem__(self, place: int) -> Key:
        key: list[int] = []
        for values in reversed(self.ranges):
            place, k = divmod(place, len(values))
            key.append(values[k])
        return tuple(reversed(key))


def combinations(indices: tuple[Index, ...], scope: Scope) -> list[Key] | Box:
    """Every combination of the values of the indices."""
    if any(inner(i) for i in indices):
        return entries(indices, scope)
    box = Box(tuple(spans(i, scope)([]) for i in indices))
    return list(product(*box.ranges)) if len(box) <= MOST_ENTRIES else box


def in_order(keys: list[Key] | Box, telling: Sequence[Key], seed: int) -> list[Key]:
    """The first and the last key, then telling ones and others by turns: as much as is taken of it is a fair share."""
    generator = random.Random(seed)
    others = [keys[k] for k in generator.sample(range(len(keys)), min(len(keys), MOST_ENTRIES))]
    by_turns = [key for pair in zip_longest(telling, others) for key in pair if key is not None]
    return list(dict.fromkeys((keys[0], keys[len(keys) - 1], *by_turns)))[:MOST_ENTRIES]


def affordable(sides: Sequence[Expr], scope: Scope) -> int:
    """At how many entries these expressions can be evaluated."""
    each = sum(work(side, scope) for side in sides)
    return min(MOST_ENTRIES, max(FEWEST_ENTRIES if each < MOST_WORK else 3, MOST_WORK // each))


def work(node: Node, scope: Scope) -> int:
    """About how many nodes are visited when it is evaluated once."""
    times = 1
    if isinstance(node, (Sum, Extreme)):
        passed: tuple[Index | None, ...] = ()
        if isinstance(node, Sum) and (path := path_of(node, scope)):
            times, passed = READERS, tuple(s.index for s in path.of.subs)
        elif isinstance(node, Sum):
            passed = tuple(t.index for t in ties(node, lambda i: len(spans(i, scope)([]))))
        for index in node.indices:
            if index not in passed:
                times *= INNER if inner(index) else len(spans(index, scope)([]))
    return times * (1 + sum(work(c, scope) for c in children(node)))


def inner(index: Index) -> tuple[Index, ...]:
    """The indices on which the range of an index depends."""
    return tuple(dict.fromkeys(i for p in (index.start, index.stop) for i in indices_of(p)))


def read_entries(start: Expr, indices: tuple[Index, ...], scope: Scope, seed: int) -> list[Key]:
    """Where `start` is a local derivative d(of)/d(by): values of `indices` at which `of` reads `by`."""
    if not isinstance(start, Partial):
        return []
    letters = tuple(s.index for s in (*start.of.subs, *start.by.subs))
    if len(letters) != len(indices) or set(letters) != set(indices):
        return []
    generator = random.Random(seed)
    places = [letters.index(i) for i in indices]
    inside = replace(scope, places={}, slots=[0]).bind(*indices)
    ranges = [spans(i, inside) for i in indices]
    found = [tuple([pair[p] for p in places]) for pair in _pairs(start, scope, generator)]
    generator.shuffle(found)
    return [key for key in found if all(v in r(list(key)) for v, r in zip(key, ranges, strict=True))]


def _pairs(start: Partial, scope: Scope, generator: random.Random) -> Iterator[Key]:
    """An entry and one that it reads: a few for each that is read, of many tensors' entries some."""
    assert scope.partials is not None
    table, keys = scope.partials(start.of.tensor, start.by.tensor), list(scope.table(start.by.tensor))
    each = max(1, MOST_ENTRIES // (2 * len(keys)))
    for by in generator.sample(keys, min(len(keys), MOST_ENTRIES // 2)):
        readers = table.readers(by)
        for of in generator.sample(readers, min(len(readers), each)):
            yield (*of, *by)
