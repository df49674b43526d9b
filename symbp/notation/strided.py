"""A left side with strides, `image[n, P * i + u, P * j + v] = z[n, i, j, u, v]`: the letters are digits of a place.

It is read with a dimension for each letter. Where these count every place of a dimension once, the one that changes
fastest within the next, the equation is one of the places, in which each letter is a quotient or a remainder.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from symbp.core.expr import Expr
from symbp.core.integers import ONE, ZERO, Atom, Index, Poly, quotient
from symbp.core.traverse import substitute
from symbp.notation.context import Context, Pending, letter_of
from symbp.notation.integers import integer
from symbp.notation.syntax import is_dots, items_of, pieces


@dataclass(frozen=True, slots=True)
class Places:
    """What stands at each place of the left side, with its letters where it is made of them by strides."""

    items: tuple[tuple[ast.expr, tuple[str, ...]], ...]

    @property
    def plain(self) -> bool:
        """Is there a letter, or a whole dimension, at every place?"""
        return not any(letters for _, letters in self.items)


def places_of(context: Context, target: ast.Subscript) -> Places:
    """The places of a left side."""
    return Places(tuple((item, _letters(context, item)) for item in items_of(target.slice)))


def _letters(context: Context, item: ast.expr) -> tuple[str, ...]:
    if not isinstance(item, ast.BinOp):
        return ()
    names = sorted(pieces(item, ast.Name), key=lambda n: n.col_offset)
    return tuple(dict.fromkeys(n.id for n in names if not isinstance(context.bound(n), Poly)))


def spread(target: ast.Subscript, places: Places) -> ast.Subscript:
    """The left side with a dimension for each letter."""
    items: list[ast.expr] = []
    for item, letters in places.items:
        items += [ast.copy_location(ast.Name(n, ast.Load()), item) for n in letters] or [item]
    slice_ = ast.copy_location(ast.Tuple(items, ast.Load()), target.slice) if len(items) != 1 else items[0]
    return ast.copy_location(ast.Subscript(target.value, slice_, ast.Store()), target)


def gather(context: Context, places: Places, made: Pending) -> None:
    """The equation of the letters as one of the places, in place."""
    rest, indices, body = list(made.indices), list[Index](), made.body
    dots = len(made.indices) - sum(len(letters) or 1 for _, letters in places.items)
    for item, letters in places.items:
        if not letters:
            count = 1 + dots if is_dots(item) else 1
            indices += [rest.pop(0) for _ in range(count)]
            continue
        own = {n: rest.pop(0) for n in letters}
        index, body = _joined(context, item, own, body)
        indices.append(index)
    made.indices, made.body, made.call = (*indices, *rest), body, None


def _joined(context: Context, item: ast.expr, own: Mapping[str, Index], body: Expr) -> tuple[Index, Expr]:
    """One index in the place of several: `P * i + u` counts P times as many as i."""
    place = integer(context.under(**own), item, "a place on the left")
    stride = ONE
    left = dict(own)
    digits: list[tuple[Index, Poly]] = []
    while left:
        name = next((n for n, i in left.items() if place.coefficient(i) == stride), None)
        if name is None:
            context.fail(item, _why(place, own, stride, digits))
        index = left.pop(name)
        digits.append((index, stride))
        stride = stride * index.extent
    if place != sum((s * i for i, s in digits), ZERO):
        context.fail(item, "the places on the left begin at 0; expected letters with their strides alone")
    joined = context.work.index(stride, hint=letter_of(digits[-1][0]))
    table: dict[Atom, Poly] = {}
    for index, step in digits:
        whole = quotient(Poly.of(joined), step)
        over = quotient(Poly.of(joined), step * index.extent)
        table[index] = whole if index == digits[-1][0] else whole - over * index.extent
    return joined, substitute(body, table)


def _why(place: Poly, own: Mapping[str, Index], stride: Poly, digits: list[tuple[Index, Poly]]) -> str:
    """Which places would stay without a value, or get several."""
    said = ", ".join(f"`{n}` goes to {i.extent} in steps of {place.coefficient(i)}" for n, i in own.items())
    wanted = f"next a step of {stride}" if digits else "a letter in steps of 1"
    return f"these places are not each filled once: {said}; expected {wanted}"
