"""Integers by arrays: a size is a number, an index an array; and the places of the entries that are read."""

from __future__ import annotations

import numpy as np

from symbp.core.expr import Read
from symbp.core.integers import Atom, DimAt, Index, Poly, Quotient
from symbp.errors import CheckFailed, MissingRule
from symbp.verify.dense import YES, Dense, value
from symbp.verify.elementwise import real
from symbp.verify.extents import is_plain, value_of
from symbp.verify.frame import Frame
from symbp.verify.grid import Array, Grid
from symbp.verify.sizes import Sizes

BIG = 1 << 40


def slots(read: Read, frame: Frame, d: Dense) -> Array:
    """The places of the entries that are read; any place where one does not count."""
    grid = d.table(read.tensor).grid
    place, outside = placed(read, grid, frame, d)
    if outside is not None:
        d.refuse(outside, frame)
    return place


def placed(read: Read, grid: Grid, frame: Frame, d: Dense) -> tuple[Array, Array | None]:
    """The places of what is read, and where that is outside: there it is any place."""
    if grid.size == 0:
        return np.int64(0), YES
    outside: Array | None = None
    stride, offset = grid.size, 0
    parts: list[Array] = []
    for sub, low, length in zip(read.subs, grid.low, grid.shape, strict=True):
        stride //= length
        start, terms = _terms(sub, frame, d)
        start -= low
        least, most = _ends(sub, terms, frame, d)
        if start + least >= 0 and start + most < length:
            offset += start * stride
            parts += terms if stride == 1 else [term * stride for term in terms]
            continue
        k = sum(terms, np.int64(start))
        beyond = (k < 0) | (k >= length)
        if beyond.any():
            outside = beyond if outside is None else outside | beyond
            k = np.clip(k, 0, length - 1)
        parts.append(k * stride)
    place: Array = np.int64(offset)
    for part in sorted(parts, key=np.size):  # the smallest first: few sums are as large as the last
        place = place + part
    if grid.inside is not None:
        unused = ~grid.inside[place]
        outside = unused if outside is None else outside | unused
    return place, outside


def _terms(poly: Poly, frame: Frame, d: Dense) -> tuple[int, list[Array]]:
    """An integer expression as the sum of a number and arrays."""
    if poly not in d.polys:
        d.polys[poly] = _parts(poly, d.sizes)
    total, moving = d.polys[poly]
    found = []
    for coefficient, atoms in moving:
        term: Array = _atom(atoms[0], frame, d)
        for atom in atoms[1:]:
            term = term * _atom(atom, frame, d)
        found.append(np.asarray(term if coefficient == 1 else coefficient * term))
    return total, found


def _ends(poly: Poly, terms: list[Array], frame: Frame, d: Dense) -> tuple[int, int]:
    """Between which numbers the terms lie in all; those of an index are looked for once."""
    least = most = 0
    for term, (coefficient, atoms) in zip(terms, d.polys[poly][1], strict=True):
        if len(atoms) == 1 and isinstance(atoms[0], Index):
            a, b = (coefficient * end for end in frame.ends_of(atoms[0]))
        else:
            a, b = int(term.min(initial=BIG)), int(term.max(initial=-BIG))
        least, most = least + min(a, b), most + max(a, b)
    return least, most


def integer(poly: Poly, frame: Frame, d: Dense) -> Array:
    """The values of an integer expression."""
    total, terms = _terms(poly, frame, d)
    found: Array = total
    for term in terms:
        found = found + term
    return found


def _parts(poly: Poly, sizes: Sizes) -> tuple[int, tuple[tuple[int, tuple[Atom, ...]], ...]]:
    """The sum of what is a number at these sizes, and the other terms."""
    total, moving = 0, list[tuple[int, tuple[Atom, ...]]]()
    for monomial, coefficient in poly.terms:
        atoms = []
        for atom in monomial:
            if is_plain(Poly.of(atom)):
                coefficient *= value_of(Poly.of(atom), sizes)
            else:
                atoms.append(atom)
        if atoms:
            moving.append((coefficient, tuple(atoms)))
        else:
            total += coefficient
    return total, tuple(moving)


def _atom(atom: Atom, frame: Frame, d: Dense) -> Array:
    match atom:
        case Index():
            if atom not in frame.values:
                raise CheckFailed(f"nothing says what the index {atom.name} is")
            return frame.values[atom]
        case DimAt(name, at):
            return _along(name, integer(at, frame, d), d.sizes)
        case Read():
            return real(np.asarray(value(atom, frame, d))[()]).astype(np.int64)
        case Quotient(top, bottom):
            over, by = integer(top, frame, d), np.asarray(integer(bottom, frame, d))[()]
            d.refuse(np.equal(by, 0), frame)
            return over // np.where(by == 0, 1, by)
    raise MissingRule(f"verify/places.py has no rule for {type(atom).__name__} as an integer")


def _along(name: str, positions: Array, sizes: Sizes) -> Array:
    """Sizes that differ by layer."""
    low, high = int(np.min(positions)), int(np.max(positions))
    table = np.array([sizes.along(name, p) for p in range(low, high + 1)])
    return table[positions - low]
