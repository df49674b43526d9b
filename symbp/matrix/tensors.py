"""A tensor in a matrix form: as a whole, transposed, a slice of it at letters that are fixed, a part of its rows.

Here too is what a letter of rows, columns or a sum must be: one that counts from 0 and has a range of its own.
"""

from __future__ import annotations

from symbp.core.expr import Read
from symbp.core.integers import ONE, ZERO, Index, Poly
from symbp.core.traverse import indices_of
from symbp.matrix import make
from symbp.matrix.nodes import Matrix, Named, Part


class NoForm(Exception):
    """The expression has no matrix form."""


def is_whole(i: Index) -> bool:
    """Does a letter count from 0, as far for every value of the others?"""
    return i.start.constant == 0 and not i.is_nested


def tensor_form(e: Read, dims: tuple[Poly, ...], r: Index | None, c: Index | None) -> Matrix:
    """The tensor, its transpose, its slice at the fixed letters that stand first, or a part of one of these.

    `dims` is how far each subscript of the read may go.
    """
    wanted = tuple(i for i in (r, c) if i is not None)
    count = len(dims) - len(wanted)
    if len(e.subs) != len(dims) or any(i in wanted for s in e.subs[: max(count, 0)] for i in indices_of(s)):
        raise NoForm
    places = [_place(s, wanted) for s in e.subs[count:]]
    m = _part(Named(e.tensor, dims[count:], e.subs[:count]), places, dims[count:])
    found = tuple(i for i, _ in places)
    if found not in (wanted, wanted[::-1]):
        raise NoForm
    return m if found == wanted else make.transpose(m)


def _part(m: Matrix, places: list[tuple[Index, Poly]], dims: tuple[Poly, ...]) -> Matrix:
    """The rows and columns that the letters reach; the matrix itself where they reach all."""
    for axis, ((i, start), extent) in enumerate(zip(places, dims, strict=True)):
        if (start, i.stop) != (ZERO, extent):
            m = Part(m, axis, start, start + i.stop)
    return m


def _place(sub: Poly, wanted: tuple[Index, ...]) -> tuple[Index, Poly]:
    """The letter of a subscript and where its range starts: H + h is the columns from H on."""
    found = [i for i in indices_of(sub) if i in wanted]
    if len(found) != 1 or sub.coefficient(found[0]) != ONE or not is_whole(found[0]):
        raise NoForm
    start = sub - found[0]
    if any(i in wanted for i in indices_of(start)):
        raise NoForm
    return found[0], start
