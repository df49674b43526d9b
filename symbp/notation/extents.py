"""How far the indices on the left go, and whether every read stays inside.

An index on the left starts at 0 and goes as far as every unguarded read stays inside. Of bounds that differ by a number
the least counts; bounds that cannot be ordered are an error. One that is read under conditions alone goes as far as the
arrays that it counts, where all these reads are plain, `x[i]`, and of one length. The writer asks the same, to know
which sizes to state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Delta
from symbp.core.integers import Index, Poly, quotient
from symbp.core.ranges import highest, is_nonnegative, lowest, may_be_nonnegative
from symbp.errors import NotationError, ShapeError
from symbp.notation.context import Access, Context, is_known, letter_of
from symbp.notation.outside import place_outside, place_text

MINUS_ONE = Poly.of(-1)


class Unknown(Exception):
    """No read says how far an index goes; carries the index."""


@dataclass(frozen=True, slots=True)
class Limit:
    """That an index stays below `stop`, by which access."""

    stop: Poly
    by: Access


def infer(left: Sequence[Index], accesses: Sequence[Access]) -> dict[Index, Poly]:
    """The extents of the indices on the left. Unknown, or a NotationError at the access that contradicts."""
    limits: dict[Index, list[Limit]] = {i: [] for i in left}
    for a in accesses:
        if not a.binds:
            continue
        for index, limit in _limits(a, tuple(left)):
            limits[index].append(limit)
    found: dict[Index, Poly] = {}
    for index in left:
        found[index] = _least(index, limits[index] or _counted(index, accesses))
    return found


def _counted(index: Index, accesses: Sequence[Access]) -> list[Limit]:
    """How far an index goes that is read under conditions alone: all of its reads are plain, and say the same, or
    those in both branches of a choice are.
    """
    reads = [a for a in accesses if index in a.sub.atoms() and is_known(a.extent)]
    plain = [a for a in reads if a.sub.index == index and a.guarded]
    if len(plain) < len(reads):
        plain = [a for a in plain if any(_is_other_branch(a, b) for b in plain)]
    return [Limit(a.extent, a) for a in plain] if len({a.extent for a in plain}) == 1 else []


def _is_other_branch(a: Access, b: Access) -> bool:
    """Do two reads stand in the two branches of one choice, so that one of them is read wherever it decides?"""
    if len(a.conds) != 1 or len(b.conds) != 1:
        return False
    (cond,), (other,) = a.conds, b.conds
    return not isinstance(other, Delta) and cond == build.negate(other)


def _limits(a: Access, left: tuple[Index, ...]) -> list[tuple[Index, Limit]]:
    """`sub < extent` for its largest value, and `sub >= 0` for its smallest, solved for the index."""
    result = []
    high, low = highest(a.sub, left), lowest(a.sub, left)
    for index in left:
        step = None if high is None else _alone(high, index, left)
        if high is not None and step is not None and step.terms and is_nonnegative(step - 1):
            result.append((index, Limit(quotient(a.extent - 1 - (high - step * index), step) + 1, a)))
        if low is not None and _alone(low, index, left) == MINUS_ONE:
            result.append((index, Limit(low + index + 1, a)))
    return result


def _alone(poly: Poly, index: Index, left: tuple[Index, ...]) -> Poly | None:
    """The coefficient of the index where it holds no index and no other index on the left is in the expression."""
    if any(i in poly.atoms() for i in left if i != index):
        return None
    step = poly.coefficient(index)
    return None if step.atoms_of(Index) else step


def _least(index: Index, limits: list[Limit]) -> Poly:
    if not limits:
        raise Unknown(index)
    best = limits[0]
    for limit in limits[1:]:
        difference = (limit.stop - best.stop).constant
        if difference is None and not is_nonnegative(limit.stop - best.stop):
            if is_nonnegative(best.stop - limit.stop):
                best = limit
                continue
            raise _disagree(index, best, limit)
        if difference is not None and difference < 0:
            best = limit
    return best.stop


def _disagree(index: Index, a: Limit, b: Limit) -> NotationError:
    name = letter_of(index)
    text = f"index `{name}` is used for two sizes: {a.stop} in {a.by.what}, {b.stop} in {b.by.what}"
    if b.by.context is None:
        return ShapeError(text)
    return b.by.context.error(b.by.node, text, ShapeError)


def check_access(a: Access) -> None:
    """NotationError unless the read stays inside for all sizes that are large enough."""
    if a.context is None:
        return
    if a.guarded:
        _check_guarded(a, a.context)
        return
    high, low = highest(a.sub), lowest(a.sub)
    if _of_another_size(a, a.context):
        raise a.context.error(a.node, _outside(a, high, low), ShapeError)
    if high is not None and low is not None and may_be_nonnegative(low) and may_be_nonnegative(a.extent - 1 - high):
        return
    raise a.context.error(a.node, _outside(a, high, low), ShapeError)


def _of_another_size(a: Access, context: Context) -> bool:
    """Does a loop over a literal range count the entries of a dimension that has a size of its own?"""
    index = a.sub.index
    if index is None or index not in context.nest or index.stop.constant is None:
        return False
    return not is_nonnegative(a.extent - index.stop)


def _check_guarded(a: Access, context: Context) -> None:
    place = place_outside(a)
    if place is not None:
        text = f"the condition does not keep this subscript of {a.what} inside, 0 to {a.extent - 1}"
        raise context.error(a.node, f"{text}: it is {a.sub.value(place)} where {place_text(place)}", ShapeError)


def _outside(a: Access, high: Poly | None, low: Poly | None) -> str:
    index = a.sub.index
    if index is not None and not index.start.terms:
        return f"index `{index.name.split('%')[0]}` runs over {index.stop}, but {a.what} is {a.extent}"
    if high is None or low is None:
        return f"this subscript of {a.what} cannot be shown to stay inside it, 0 to {a.extent - 1}"
    return f"this subscript goes from {low} to {high}, but {a.what} goes from 0 to {a.extent - 1}"
