"""Operations that take a part of an array: an entry, a slice, a diagonal, the rows of a table that labels name."""

from __future__ import annotations

import math

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import Hole, Part, Value, after, call


def select(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape), 0)
    return taken(at, x, axis, at.whole("index"))


def taken(at: At, x: Value, axis: int, place: int) -> Value:
    """One entry along a dimension."""
    if axis == 0 and x in at.state.parts:
        return at.state.parts[x][place]
    if place not in (0, -1):
        at.sizes.literal(x.shape[axis])
    return _part(at, x, at.subscript(x, axis, (str(place),)))


def _part(at: At, x: Value, made: Value) -> Value:
    """What is taken out of Labels has the same classes; out of 0, 1, 2, ... nothing is known."""
    at.state.labels[made] = at.state.labels.get(x, x)
    return made


def unbind(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape), 0)
    return tuple(taken(at, x, axis, k) for k in range(at.sizes.literal(x.shape[axis])))


def cut(at: At) -> Result:
    """x[:, a:b] or x[:, ::step]."""
    x = at.tensor("self")
    axis, step = at.axis("dim", len(x.shape), 0), at.whole("step", 1)
    size = at.sizes.now(x.shape[axis])
    value = at.sizes.value(size)
    first, last = at.get("start", 0) or 0, at.get("end")
    a = at.sizes.value(at.extent(first))
    b = value if last is None else min(at.sizes.value(at.extent(last)), value)
    a, b = (v + value if v < 0 else v for v in (a, b))
    if (a, b, step) == (0, value, 1):
        return x
    if step != 1:
        at.sizes.literal(size)
        length = Poly.of(len(range(a, b, step)))
        return piece(at, x, axis, (f"{a or ''}:{'' if b == value else b}:{step}",), length)
    if a == 0 and last is not None and at.extent(last).atoms():
        return first_of(at, x, axis, at.extent(last))
    held = at.state.inputs.get(at.state.labels.get(x, x))
    if a == 0 and held is not None and held.path and size.atoms():
        return first_of(at, x, axis, at.sizes.fresh(b, "T"))
    return between(at, x, axis, a, b)


def first_of(at: At, x: Value, axis: int, length: Poly) -> Value:
    """The first entries of a table that may be longer."""
    at.state.draft.facts.append((length, x.shape[axis]))
    return piece(at, x, axis, (":", length), length)


def between(at: At, x: Value, axis: int, a: int, b: int) -> Value:
    """x[:, a:b]: a whole number of parts of one size where it comes out so, else at numbers or up to the end."""
    size = at.sizes.now(x.shape[axis])
    value, n = at.sizes.value(size), b - a
    unit = math.gcd(a, b, value)
    if size.constant is None and unit > 1:
        part = at.sizes.part(size, value // unit)
        low, high = part * (a // unit), part * (b // unit)
        inside: tuple[Part, ...] = (*([low] if a else []), ":", *([high] if b < value else []))
        return piece(at, x, axis, inside, high - low)
    if b == value or (b > value - 3 and a < 3):
        length = size - (a + value - b)
        return piece(at, x, axis, (f"{a or ''}:{'' if b == value else b - value}",), length)
    at.sizes.literal(size)
    return piece(at, x, axis, (f"{a or ''}:{b}",), Poly.of(n))


def piece(at: At, x: Value, axis: int, inside: tuple[Part, ...], length: Poly) -> Value:
    return _part(at, x, at.subscript(x, axis, inside, length))


def chunk(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape), 0)
    value = at.sizes.value(x.shape[axis])
    if at.given("split_sizes"):
        lengths = list(at.wholes("split_sizes"))
    else:
        n = at.whole("split_size") if at.given("split_size") else -(-value // at.whole("chunks"))
        lengths = [min(n, value - a) for a in range(0, value, n)]
    ends = [sum(lengths[: k + 1]) for k in range(len(lengths))]
    return tuple(between(at, x, axis, b - n, b) if n < value else x for n, b in zip(lengths, ends, strict=True))


def narrow(at: At) -> Result:
    x = at.tensor("self")
    a = at.whole("start")
    return between(at, x, at.axis("dim", len(x.shape), 0), a, a + at.whole("length"))


def diagonal(at: At) -> Result:
    x = at.tensor("self")
    if len(x.shape) != 2 or at.whole("offset", 0):
        at.refuse("a diagonal of more than a matrix, or beside the main one")
    return call("diag", (at.same(x.shape[0], x.shape[1]),), x)


def triangle(name: str) -> Rule:
    """The lower or the upper triangle: entries on one side of a diagonal, 0 beyond it."""

    def rule(at: At) -> Result:
        x, shift = at.tensor("self"), at.whole("diagonal", 0)
        at.helper(name)
        return call(name, x.shape, x, **({"shift": shift} if shift else {}))

    return rule


def embedding(at: At) -> Result:
    w, i = at.tensor("weight"), at.tensor("indices")
    padding = at.whole("padding_idx", -1)
    at.sizes.role(w.shape[0], "V")
    at.sizes.role(w.shape[1], "D")
    if i in at.state.counts:
        size = at.state.counts[i]
        shape = (size, *w.shape[1:])
        if at.sizes.value(size) == at.sizes.value(w.shape[0]):
            at.same(size, w.shape[0])
            return w
        at.state.draft.facts.append((size, w.shape[0]))
        return at.make(after(w, shape, "[:", size, "]"))
    if not at.labelled(i, w.shape[0]):
        at.refuse("rows are taken by what is not an input")
    shape = (*i.shape, *w.shape[1:])
    if padding >= 0:
        return call("embedding", shape, i, w, padding_idx=padding)
    return at.make(after(w, shape, "[", Hole(i), "]"))


PARTS: dict[str, Rule] = {
    "aten.diagonal.default": diagonal,
    "aten.select.int": select,
    "aten.unbind.int": unbind,
    "aten.slice.Tensor": cut,
    "aten.chunk.default": chunk,
    "aten.split.Tensor": chunk,
    "aten.split.sizes": chunk,
    "aten.split_with_sizes.default": chunk,
    "aten.narrow.default": narrow,
    "aten.tril.default": triangle("tril"),
    "aten.triu.default": triangle("triu"),
    "aten.embedding.default": embedding,
}
