"""Which results are written from the start where they are wanted: into a caller's array, or into a slice of another.

Comes in: a routine and the place of the last use of each value. Goes out: for the name of a value where it belongs.
What such a value is made of in place goes there too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

from symbp.core.integers import ONE
from symbp.lowering.program import (
    ARITHMETIC,
    COMPARISONS,
    FLOAT,
    LOGICAL,
    REDUCTIONS,
    UNARY,
    VIEWS,
    Routine,
    Shape,
    Span,
    Statement,
    arrays_among,
    by_name,
    is_carry,
    shape_of,
)
from symbp.lowering.uses import base_of

UFUNCS = (*ARITHMETIC, *UNARY, *COMPARISONS, *LOGICAL)
WRITES_OUT = (*UFUNCS, *REDUCTIONS, "matmul", "vecdot", "row_sum")


@dataclass(frozen=True, slots=True)
class Part:
    """Part `number` of the array that is made of slices by the statement at `place`."""

    place: int
    number: int


# Where a value belongs: in the caller's array or the array of all steps of that name, or in a part.
Where = TypeVar("Where", str, Part)


def parts_of(routine: Routine, last: dict[str, int], destined: dict[str, str]) -> dict[str, Part]:
    """The values that are computed in the slice that they are for."""
    others = {s.target.name for s in routine.statements if s.op not in UFUNCS}
    parts = _followed(routine, last, _parts(routine, destined), frozenset({*destined, *others}))
    inner = {k for k, s in enumerate(routine.statements) if s.op == "pieces" and s.target.name in parts}
    # What is made of slices and is itself a slice stands alone: a place is a slice of an array, not of a slice.
    return {name: part for name, part in parts.items() if part.place not in inner}


def destinations_of(routine: Routine, last: dict[str, int]) -> dict[str, str]:
    """Values to be written into the caller's gradient arrays: the gradients, or what they show in another shape, and
    what they are made of in place.
    """
    computed, made = _computed(routine), routine.makers
    destined: dict[str, str] = {}
    for name, result in routine.results[1:]:
        base = base_of(result, made)
        for v in arrays_among((base if is_split(shape_of(base), shape_of(result)) else result,)):
            if v.shape and v.name in computed:
                destined.setdefault(v.name, name)
    return _followed(routine, last, destined)


def is_split(shape: Shape, whole: Shape) -> bool:
    """Is the one shape the other with axes split into several?"""
    rest = list(shape)
    for extent in whole:
        part = ONE
        while rest and part != extent:
            part *= rest.pop(0)
        if part != extent:
            return False
    return all(e == ONE for e in rest)


def _computed(routine: Routine) -> frozenset[str]:
    return frozenset(s.target.name for s in routine.statements if s.op not in (*VIEWS, "arange", "ones"))


def _followed(
    routine: Routine, last: dict[str, int], destined: dict[str, Where], taken: frozenset[str] = frozenset()
) -> dict[str, Where]:
    """With what has a destination, what that is made of in place; but not what is taken."""
    destined, computed = dict(destined), _computed(routine) - taken
    for k, s in reversed(tuple(enumerate(routine.statements))):
        if s.target.name in destined and s.op in UFUNCS:
            for a in s.arrays:
                may = a.name in computed and a.name not in destined and a.kind == FLOAT
                if may and a.shape == s.target.shape and last.get(a.name, -1) == k:
                    destined[a.name] = destined[s.target.name]
                    break
    return destined


def _parts(routine: Routine, destined: dict[str, str]) -> dict[str, Part]:
    """Values that are needed for one slice of an array and nothing else, and fill it.

    Not where the array holds something else until it is made: what is carried from step to step, or zeros to come.
    """
    made = routine.makers
    uses = Counter(a.name for arrays in (*(s.arrays for s in routine.statements), routine.returned) for a in arrays)
    parts: dict[str, Part] = {}
    for k, s in enumerate(routine.statements):
        if s.op != "pieces" or s.detail[1] or is_carry(destined.get(s.target.name, "")):
            continue
        spans, _, splits = s.detail
        for number, (a, span, split) in enumerate(zip(s.args, spans, splits, strict=True)):  # type: ignore[call-overload]
            maker = by_name(a, made)
            if maker is None or split or uses[maker.target.name] > 1 or maker.target.name in destined:
                continue
            if _fills(maker, s, span):
                parts[maker.target.name] = Part(k, number)
    return parts


def _fills(part: Statement, whole: Statement, span: Span) -> bool:
    """Can a statement write its result straight into that slice?"""
    if any(ends is not None and len(ends) > 2 for ends in span):
        return False
    axes = zip(whole.target.shape, span, strict=True)
    shape = tuple(extent if ends is None else ends[1] - ends[0] for extent, ends in axes)
    return part.op in UFUNCS and (part.target.shape, part.target.kind) == (shape, FLOAT)
