"""What an expression of the language stands for while it is read: an array, as its shape and a rule for its entries.

The rule is called with the subscripts of an entry and gives its index expression, so no intermediate array is named or
renamed: `x @ W + b` asks `x @ W` and `b` for their entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, Cond, Expr, Num, Read
from symbp.core.integers import ONE, ZERO, Index, Poly
from symbp.core.traverse import substitute_poly

Shape = tuple[Poly, ...]
Subs = tuple[Poly, ...]
MAX_SIZE = 20_000


class Clash(Exception):
    """Shapes that do not go together; whoever knows the place turns it into a ShapeError."""


@dataclass(frozen=True, slots=True)
class Value:
    """An array of numbers, or of truths where `truth`. `size` bounds the nodes of an entry; a tensor has a `name`.

    `open` is the shape of what a loop defines and is read before that is known: it goes with any other.
    """

    shape: Shape
    at: Callable[[Subs], Expr | Cond]
    size: int = 1
    truth: bool = False
    name: str | None = None
    each: Index | None = None
    classes: Poly | None = None
    open: bool = False

    def number(self, subs: Subs = ()) -> Expr:
        """The entry, which is a number."""
        entry = self.at(subs)
        assert isinstance(entry, Expr)
        return entry

    def cond(self, subs: Subs = ()) -> Cond:
        """The entry, which is a truth."""
        entry = self.at(subs)
        assert isinstance(entry, Cond)
        return entry


@dataclass(frozen=True, slots=True)
class Constant:
    """An argument that is no array: True, False, None, or a tuple of integer expressions."""

    value: object


def scalar(entry: Expr | Cond) -> Value:
    """A single number or truth."""
    return Value((), lambda _: entry, 1, isinstance(entry, Cond))


def tensor(name: str, shape: Shape, each: Index | None = None) -> Value:
    """A named array; with `each` a list of arrays, one for each value of that index, which their shapes may hold."""
    return Value(shape, lambda subs: Read(name, subs), 1, False, name, each)


def layer(value: Value, sub: Poly) -> Value:
    """A list of arrays whose shapes are those of one of them."""
    if value.each is None:
        return value
    shape = tuple(substitute_poly(p, {value.each: sub}) for p in value.shape)
    return Value(shape, value.at, value.size, value.truth, value.name)


def literal(value: Value | Constant) -> Num | None:
    """The number that a value is, where it is a plain number."""
    match value:
        case Value((), truth=False) if value.size <= 1:
            entry = value.number()
            return entry if isinstance(entry, Num) else None
    return None


def whole(value: Value | Constant) -> Poly | None:
    """The whole number, or the size, that a value is."""
    match value:
        case Value((), truth=False):
            return build.as_integer(value.number())
    return None


def decided(test: Value | Constant) -> bool | None:
    """Whether a test holds, where that is known as soon as it is read; None where the entries of an array decide."""
    match test:
        case Constant(value):
            return bool(value)
        case Value((), truth=True):
            return {TRUE: True, FALSE: False}.get(test.cond())
    return None


def shape_text(shape: Shape) -> str:
    """A shape as Python writes it: (N, H), (K,), scalar."""
    if not shape:
        return "a scalar"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def join(a: Shape, b: Shape) -> Shape:
    """The shape of two arrays combined entry by entry. Clash where the language does not allow it.

    A scalar goes with anything; an array goes with one whose trailing dimensions it has, and with one of its own rank
    that kept a reduced dimension. Only one of the two is ever stretched.
    """
    for long, short in ((a, b), (b, a)):
        if len(short) < len(long) and short == long[len(long) - len(short) :]:
            return long
        if len(short) == len(long) and all(s in (e, ONE) for s, e in zip(short, long, strict=True)):
            return long
    raise Clash(f"{shape_text(a)} and {shape_text(b)} do not go together")


def join_all(shapes: Sequence[Shape]) -> Shape:
    """The shape of several arrays combined."""
    result: Shape = ()
    for s in shapes:
        result = join(result, s)
    return result


def stretched(value: Value, shape: Shape) -> Callable[[Subs], Expr | Cond]:
    """The entry of `value` that belongs to an entry of the larger shape."""
    skip = len(shape) - len(value.shape)
    kept = tuple(own != wide for own, wide in zip(value.shape, shape[skip:], strict=True))
    if not skip and not any(kept):
        return value.at
    return lambda subs: value.at(tuple(ZERO if k else s for k, s in zip(kept, subs[skip:], strict=True)))


def elementwise(make: Callable[..., Expr | Cond], *values: Value, truth: bool = False) -> Value:
    """`make` of the entries, one by one."""
    shape = join_all([v.shape for v in values])
    parts = [stretched(v, shape) for v in values]
    size, unknown = 1 + sum(v.size for v in values), not shape and any(v.open for v in values)
    return Value(shape, lambda subs: make(*(p(subs) for p in parts)), size, truth, open=unknown)


def transpose(value: Value) -> Value:
    """The last two dimensions exchanged."""
    if len(value.shape) < 2:
        raise Clash(f".T exchanges the last two dimensions, and {shape_text(value.shape)} has not two")
    *lead, a, b = value.shape
    return Value((*lead, b, a), lambda s: value.at((*s[:-2], s[-1], s[-2])), value.size)


def partial(value: Value, items: Sequence[Poly | None]) -> Value:
    """Some subscripts set; None leaves a dimension whole. `items` has one entry for each dimension."""
    if not items:
        return value
    shape = tuple(e for e, i in zip(value.shape, items, strict=True) if i is None)

    def at(subs: Subs) -> Expr | Cond:
        rest = iter(subs)
        return value.at(tuple(next(rest) if i is None else i for i in items))

    return Value(shape, at, value.size, value.truth)


def part(value: Value, axis: int, start: Poly, count: Poly, step: int) -> Value:
    """So many entries along an axis, from one on by a step."""
    shape = (*value.shape[:axis], count, *value.shape[axis + 1 :])
    at = value.at
    return replace(
        value, shape=shape, at=lambda s: at((*s[:axis], start + s[axis] * step, *s[axis + 1 :])), name=None, each=None
    )


def matmul(a: Value, b: Value, new: Callable[[Poly], Index]) -> Value:
    """`c[i, k] = sum(a[i, j] * b[j, k] for j)`, vectors and stacks as NumPy treats them."""
    if not a.shape or not b.shape:
        raise Clash("@ multiplies matrices and vectors, not scalars; use *")
    rows, columns = a.shape[-2:-1], b.shape[-1:] if len(b.shape) > 1 else ()
    inner = b.shape[-2] if len(b.shape) > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise Clash(f"{shape_text(a.shape)} @ {shape_text(b.shape)}: {a.shape[-1]} columns do not meet {inner} rows")
    lead_a, lead_b = a.shape[:-2], b.shape[:-2]
    lead = join(lead_a, lead_b)
    read_a, read_b = _lead(lead_a, lead), _lead(lead_b, lead)

    def at(subs: Subs) -> Expr:
        j = new(inner)
        front, i, k = subs[: len(lead)], subs[len(lead) : len(lead) + len(rows)], subs[len(lead) + len(rows) :]
        left = a.number((*read_a(front), *i, Poly.of(j)))
        return build.total((j,), build.mul(left, b.number((*read_b(front), Poly.of(j), *k))))

    return Value((*lead, *rows, *columns), at, 1 + a.size + b.size)


def _lead(own: Shape, wide: Shape) -> Callable[[Subs], Subs]:
    skip = len(wide) - len(own)
    kept = tuple(o != w for o, w in zip(own, wide[skip:], strict=True))
    return lambda subs: tuple(ZERO if k else s for k, s in zip(kept, subs[skip:], strict=True))


def reduce(
    value: Value, axes: tuple[int, ...], keep: bool, finish: Callable[[tuple[Index, ...], Expr], Expr],
    new: Callable[[Poly], Index],
) -> Value:  # fmt: skip
    """A reduction over some dimensions: `finish(indices, entry)`."""
    shape = tuple(ONE if i in axes else e for i, e in enumerate(value.shape) if keep or i not in axes)

    def at(subs: Subs) -> Expr:
        bound = {i: new(value.shape[i]) for i in axes}
        rest = iter(s for i, s in enumerate(subs) if i not in axes) if keep else iter(subs)
        full = tuple(Poly.of(bound[i]) if i in bound else next(rest) for i in range(len(value.shape)))
        return finish(tuple(bound[i] for i in sorted(bound)), value.number(full))

    return Value(shape, at, 1 + value.size)
