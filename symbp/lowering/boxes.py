"""Conditions that hold on a range of one index: `1 <= i <= T`, `q < H`. What they guard is a slice, not a mask."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Cond, Expr, Where
from symbp.core.guards import settle, slack
from symbp.core.integers import Atom, Index, Poly
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import indices_of, substitute
from symbp.core.views import conjuncts


@dataclass(frozen=True, slots=True)
class Box:
    """The values of an index from `low` to before `high`, inside its range."""

    index: Index
    low: Poly
    high: Poly

    @property
    def inner(self) -> Index:
        """The index that counts them from 0."""
        return Index(self.index.name, self.high - self.low)

    def inside(self, expr: Expr) -> Expr:
        """An expression in the inner index, for its values in the box; choices that the box decides are made."""
        table: dict[Atom, Poly] = {self.index: Poly.of(self.inner) + self.low}
        return settle(substitute(expr, table))

    def rest(self) -> Box | None:
        """The other values, where they are a range."""
        if self.low == self.index.start:
            return Box(self.index, self.high, self.index.stop)
        return Box(self.index, self.index.start, self.low) if self.high == self.index.stop else None


def box_of(cond: Cond) -> Box | None:
    """The range of one index on which a condition holds, or None where it is no such range."""
    conds = conjuncts(cond)
    slacks = [slack(c) for c in conds]
    found = {i for s in slacks if s is not None for i in indices_of(s)}
    if None in slacks or len(found) != 1:
        return None
    (index,) = found
    low, high = index.start, index.stop
    for s in slacks:
        assert s is not None
        sign = s.coefficient(index).constant
        rest = s - Poly.of(index) * (sign or 0)
        if sign not in (1, -1) or any(True for _ in indices_of(rest)):
            return None
        if sign == 1:
            low = -rest
        else:
            high = rest + 1
    fits = is_nonnegative(low - index.start) and is_nonnegative(index.stop - high) and is_nonnegative(high - low)
    return Box(index, low, high) if fits else None


def boxes_of(cond: Cond) -> tuple[Box, ...] | None:
    """The ranges, one of each index, on which a condition holds together, or None where it is no such product."""
    groups: dict[Index, list[Cond]] = {}
    for c in conjuncts(cond):
        s = slack(c)
        found = list(dict.fromkeys(indices_of(s))) if s is not None else []
        if len(found) != 1:
            return None
        groups.setdefault(found[0], []).append(c)
    boxes = tuple(box for conds in groups.values() if (box := box_of(build.both(*conds))) is not None)
    return boxes if len(boxes) == len(groups) else None


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands on a box."""

    box: Box
    body: Expr


def pieces_of(node: Where) -> tuple[Piece, ...] | None:
    """A choice by a range as what stands on each part of it; parts that are 0 are left out."""
    box = box_of(node.cond)
    if box is None:
        return None
    if node.other == build.NIL:
        return (Piece(box, box.inside(node.then)),)
    rest = box.rest()
    if rest is None:
        return None
    other = Piece(rest, rest.inside(node.other))
    return (other,) if node.then == build.NIL else (Piece(box, box.inside(node.then)), other)


def covers(pieces: tuple[Piece, ...]) -> bool:
    """Do they, in order, make up the whole range of their index?"""
    if len({p.box.index for p in pieces}) != 1:
        return False
    ordered = in_order(pieces)
    ends = [ordered[0].box.index.start, *(p.box.high for p in ordered)]
    return ends[-1] == ordered[0].box.index.stop and all(
        p.box.low == end for p, end in zip(ordered, ends, strict=False)
    )


def in_order(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """One after the other, as far as their bounds say so."""
    result: list[Piece] = []
    rest = list(pieces)
    end = pieces[0].box.index.start
    while rest:
        following = next((p for p in rest if p.box.low == end), rest[0])
        rest.remove(following)
        result.append(following)
        end = following.box.high
    return tuple(result)
