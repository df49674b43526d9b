"""Operations that arrange the same entries otherwise: another shape or order, several arrays as one, more than once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from symbp.core.integers import ONE, Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import ATOM, Hole, Part, Value, after, call, listed, spelt, text
from symbp.importing.graph import FLOAT


def reshaped(at: At, x: Value, values: Sequence[int]) -> Value:
    """x in another shape; as it is where that is no other."""
    old = [at.sizes.value(s) for s in x.shape]
    if -1 in values:
        rest = math.prod(old) // math.prod(v for v in values if v != -1)
        values = [rest if v == -1 else v for v in values]
    if list(values) == old:
        return x
    shape = at.sizes.reshaped(at.shape(x), values)
    if len(old) > 2 and list(values) == [old[0], math.prod(old[1:])]:
        return at.make(call("flatten", shape, x), x.kind)
    made = at.make(text(ATOM, shape, "reshape(", Hole(x), *listed(shape), ")"), x.kind)
    if values[1:] == old[len(old) - len(values) + 1 :]:
        at.state.merged[made] = x
    return made


def view(at: At) -> Result:
    x = at.tensor("self")
    given = at.get("size", at.get("shape"))
    made = reshaped(at, x, at.wholes("size" if at.given("size") else "shape"))
    assert isinstance(given, tuple)
    for size, wanted in zip(made.shape, given, strict=True):  # what the module itself calls by a size's name
        if at.extent(wanted).atom is not None:
            at.same(size, at.extent(wanted))
    return made


def flatten(at: At) -> Result:
    x = at.tensor("self")
    rank = len(x.shape)
    a, b = at.axis("start_dim", rank, 0), at.axis("end_dim", rank, -1)
    old = [at.sizes.value(s) for s in x.shape]
    return reshaped(at, x, [*old[:a], math.prod(old[a : b + 1]), *old[b + 1 :]])


def unflatten(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape))
    old = [at.sizes.value(s) for s in x.shape]
    new = list(at.wholes("sizes"))
    if -1 in new:
        rest = old[axis] // math.prod(v for v in new if v != -1)
        new = [rest if v == -1 else v for v in new]
    return reshaped(at, x, [*old[:axis], *new, *old[axis + 1 :]])


def unsqueeze(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape) + 1)
    return at.subscript(x, axis, None)


def squeeze(at: At) -> Result:
    x = at.tensor("self")
    rank = len(x.shape)
    given = at.get("dim")
    if given is None:
        axes = tuple(range(rank))
    else:
        axes = tuple(a % rank for a in at.wholes("dim")) if isinstance(given, tuple) else (at.axis("dim", rank),)
    gone = [a for a in axes if at.sizes.value(x.shape[a]) == 1]
    if not gone:
        return x
    for a in reversed(gone):
        x = at.subscript(x, a, ("0",))
    return x


def turned(at: At, x: Value, order: Sequence[int]) -> Value:
    """The dimensions of x in another order."""
    rank = len(x.shape)
    if list(order) == list(range(rank)):
        return x
    shape = tuple(x.shape[a] for a in order)
    moved = [a for a in range(rank) if order[a] != a]
    if len(moved) == 2:
        a, b = moved
        if (a, b) == (rank - 2, rank - 1):
            return at.make(after(x, shape, ".T"), x.kind)
        return at.make(call("swapaxes", shape, x, str(a), str(b)), x.kind)
    return at.make(call("transpose", shape, x, spelt(tuple(order))), x.kind)


def transpose(at: At) -> Result:
    x = at.tensor("self")
    rank = len(x.shape)
    a, b = at.axis("dim0", rank), at.axis("dim1", rank)
    order = list(range(rank))
    order[a], order[b] = b, a
    return turned(at, x, order)


def permute(at: At) -> Result:
    x = at.tensor("self")
    return turned(at, x, [a % len(x.shape) for a in at.wholes("dims")])


def transposed(at: At) -> Result:
    x = at.tensor("self")
    return turned(at, x, list(range(len(x.shape)))[::-1] if len(x.shape) < 3 else [*range(len(x.shape) - 2), -1, -2])


def expand(at: At) -> Result:
    """As often as the new shape says, which the language writes out."""
    x = at.tensor("self")
    wanted = at.get("size")
    assert isinstance(wanted, tuple)
    missing = len(wanted) - len(x.shape)
    for _ in range(missing):
        x = at.subscript(x, 0, None)
    for axis, size in enumerate(wanted):
        if size == -1 or at.sizes.value(x.shape[axis]) != 1:
            continue
        new = at.extent(size)
        new = at.sizes.fresh(new.constant) if new.constant is not None else new
        if new != ONE:
            shape = (*x.shape[:axis], new, *x.shape[axis + 1 :])
            x = at.make(call("repeat", shape, x, new, axis=axis), x.kind)
    return x


def expand_as(at: At) -> Result:
    """x as an operation with the other would stretch it, which the language leaves to that operation."""
    x, other = at.tensor("self"), at.tensor("other")
    at.broadcast(x, other)
    return x


def broadcast_tensors(at: At) -> Result:
    """Several tensors for one operation entry by entry."""
    parts = at.tensors("tensors")
    at.broadcast(*parts)
    return parts


def concatenate(at: At) -> Result:
    parts = [v for v in at.tensors("tensors") if v.shape != (Poly.of(0),)]
    axis = at.axis("dim", len(parts[0].shape), 0)
    shape = list(at.shape(parts[0]))
    for part in parts[1:]:
        for a, size in enumerate(part.shape):
            shape[a] = shape[a] + size if a == axis else at.same(shape[a], size)
    if len(parts) == 1:
        return parts[0]
    return call("concatenate", tuple(shape), together(parts), axis=axis)


def stack(at: At) -> Result:
    parts = at.tensors("tensors")
    axis = at.axis("dim", len(parts[0].shape) + 1, 0)
    return stacked(at, parts, axis)


def stacked(at: At, parts: Sequence[Value], axis: int) -> Value:
    """Several of one shape as one array; what is taken out of it again is the part itself."""
    shape = parts[0].shape
    for part in parts[1:]:
        shape = at.all_same(shape, part.shape)
    whole = (*shape[:axis], Poly.of(len(parts)), *shape[axis:])
    if len(parts) == 1:
        return at.subscript(parts[0], axis, None)
    made = at.make(call("stack", whole, together(parts), axis=axis))
    if axis == 0:
        at.state.parts[made] = tuple(parts)
    return made


def together(parts: Sequence[Value]) -> Value:
    """(a, b) as one argument of a call."""
    pieces: list[Part | Value] = ["("]
    for k, part in enumerate(parts):
        pieces += [", ", part] if k else [part]
    return Value((), FLOAT, definition=text(ATOM, (), *pieces, ")"))


def repeat_interleave(at: At) -> Result:
    """Each entry so many times, as the keys of grouped heads are; without an axis of all entries in a row."""
    x, times = at.tensor("self"), at.whole("repeats")
    if not at.given("dim"):
        at.refuse("a repetition without an axis")
    axis = at.axis("dim", len(x.shape))
    shape = tuple(s * times if k == axis else s for k, s in enumerate(x.shape))
    return call("repeat", shape, x, str(times), axis=axis)


def flip(at: At) -> Result:
    x = at.tensor("self")
    axes = tuple(a % len(x.shape) for a in at.wholes("dims"))
    inside = ", ".join("::-1" if a in axes else ":" for a in range(max(axes) + 1))
    return after(x, x.shape, f"[{inside}]")


def roll(at: At) -> Result:
    x, axes, by = at.tensor("self"), at.wholes("dims"), at.wholes("shifts")
    for axis, step in zip(axes, by, strict=True):
        x = at.make(call("roll", x.shape, x, str(step), axis=axis % len(x.shape)), x.kind)
    return x


def pad(at: At) -> Result:
    """Zeros around the last dimensions; PyTorch names them from the last to the first."""
    x, widths = at.tensor("self"), at.wholes("pad")
    if at.get("mode", "constant") != "constant" or at.get("value") not in (None, 0, 0.0) or min(widths) < 0:
        at.refuse("padding with something else than zeros")
    pairs = [(0, 0)] * (len(x.shape) - len(widths) // 2)
    pairs += [(widths[k], widths[k + 1]) for k in range(len(widths) - 2, -1, -2)]
    shape = tuple(s + a + b for s, (a, b) in zip(x.shape, pairs, strict=True))
    return call("pad", shape, x, spelt(tuple(pairs)))


SHAPES: dict[str, Rule] = {
    "aten.view.default": view,
    "aten.reshape.default": view,
    "aten._unsafe_view.default": view,
    "aten.flatten.using_ints": flatten,
    "aten.unflatten.int": unflatten,
    "aten.unsqueeze.default": unsqueeze,
    "aten.squeeze.default": squeeze,
    "aten.squeeze.dim": squeeze,
    "aten.squeeze.dims": squeeze,
    "aten.transpose.int": transpose,
    "aten.permute.default": permute,
    "aten.t.default": transposed,
    "aten.numpy_T.default": transposed,
    "aten.mT.default": transposed,
    "aten.expand.default": expand,
    "aten.expand_as.default": expand_as,
    "aten.broadcast_tensors.default": broadcast_tensors,
    "aten.cat.default": concatenate,
    "aten.concat.default": concatenate,
    "aten.stack.default": stack,
    "aten.flip.default": flip,
    "aten.repeat_interleave.self_int": repeat_interleave,
    "aten.roll.default": roll,
    "aten.pad.default": pad,
    "aten.constant_pad_nd.default": pad,
}
