"""Operations on whole arrays: shapes, parts, sums and products."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from symbp.core.integers import ONE, Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import (
    ATOM,
    PLUS,
    TIMES,
    Hole,
    Part,
    Value,
    after,
    binary,
    call,
    listed,
    spelt,
    text,
)
from symbp.importing.graph import FLOAT, INTEGER, Argument, Ref
from symbp.importing.rows_pointwise import MINUS_INFINITY
from symbp.importing.sizes import Shape

# --- shapes


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


def diagonal(at: At) -> Result:
    x = at.tensor("self")
    if len(x.shape) != 2 or at.whole("offset", 0):
        at.refuse("a diagonal of more than a matrix, or beside the main one")
    return call("diag", (at.same(x.shape[0], x.shape[1]),), x)


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


# --- parts


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


# --- constants


def filled(value: float | None) -> Rule:
    """zeros(N, H), ones(N, H), or another number throughout."""

    def rule(at: At) -> Result:
        number = max(at.real("fill_value", 0), MINUS_INFINITY) if value is None else value
        like = at.get("self")
        if isinstance(like, Ref) and not at.given("size"):
            shape = at.tensor("self").shape
        else:
            sizes = at.get("size", ())
            assert isinstance(sizes, tuple)
            found = [at.extent(s) for s in sizes]
            shape = tuple(at.sizes.fresh(s.constant) if s.constant is not None else s for s in found)
        if not shape:
            return at.make(text(ATOM, (), spelt(float(number))))
        word = "zeros" if number == 0 else "ones"
        whole = at.make(text(ATOM, shape, f"{word}(", *listed(shape)[1:], ")"))
        return whole if number in (0, 1) else binary("*", TIMES, shape, spelt(float(number)), whole)

    return rule


def arange(at: At) -> Result:
    start, step = at.get("start", 0) or 0, at.get("step", 1) or 1
    if (start, step) != (0, 1):
        return _counted(at, start, step)
    size = at.extent(at.get("end"))
    size = at.sizes.fresh(size.constant, "T") if size.constant is not None else size
    made = at.make(text(ATOM, (size,), "arange(", size, ")"), INTEGER)
    at.state.counts[made] = size
    return made


def _counted(at: At, start: Argument, step: Argument) -> Result:
    """A range that does not count from 0 in steps of 1: as many numbers as it has in the export."""
    end = at.get("end")
    if not all(isinstance(n, (int, float)) for n in (start, step, end)):
        at.refuse("a range between sizes that does not count from 0 in steps of 1")
    length = math.ceil((end - start) / step)  # type: ignore[operator]
    whole = at.make(text(ATOM, (Poly.of(length),), f"arange({length})"), INTEGER)
    if step != 1:
        whole = at.make(binary("*", TIMES, whole.shape, spelt(step), whole), INTEGER)
    return binary("+", PLUS, whole.shape, spelt(start), whole) if start else whole


def eye(at: At) -> Result:
    n = at.sizes.fresh(at.whole("n"))
    return text(ATOM, (n, n), "eye(", n, ")")


# --- sums


def _axes(at: At, x: Value) -> tuple[int, ...]:
    given = at.get("dim")
    if given is None or given == ():
        return tuple(range(len(x.shape)))
    if isinstance(given, tuple):
        return tuple(sorted(a % len(x.shape) for a in at.wholes("dim")))
    return (at.axis("dim", len(x.shape)),)


def _reduced(at: At, x: Value, axes: tuple[int, ...]) -> tuple[Shape, dict[str, object]]:
    """The shape, and how the axes are named."""
    keep = bool(at.get("keepdim", False))
    shape = tuple(ONE if a in axes else s for a, s in enumerate(x.shape) if keep or a not in axes)
    options: dict[str, object] = {}
    if len(axes) < len(x.shape) or keep:
        axis: object = axes if len(axes) > 1 else axes[0]
        options["axis"] = -1 if axis == len(x.shape) - 1 else axis
    return shape, options | ({"keepdims": True} if keep else {})


def reduction(name: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("self")
        if not x.shape:
            return x
        shape, options = _reduced(at, x, _axes(at, x))
        return call(name, shape, x, **options)

    return rule


def extreme(name: str, place: str) -> Rule:
    """The largest along a dimension, and where it is."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        shape, options = _reduced(at, x, _axes(at, x))
        where = {k: v for k, v in options.items() if k != "keepdims"}
        flat = tuple(s for a, s in enumerate(x.shape) if a not in _axes(at, x))
        return at.make(call(name, shape, x, **options)), at.make(call(place, flat, x, **where), INTEGER)

    return rule


def spread(name: str) -> Rule:
    """Variance and deviation: NumPy divides by the count, PyTorch by one less unless it is told."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        axes = _axes(at, x)
        shape, options = _reduced(at, x, axes)
        correction = at.real("correction", 1 if at.get("unbiased", True) else 0)
        if correction == 0:
            return call(name, shape, x, **options)
        count = ONE
        for a in axes:
            count = count * at.shape(x)[a]
        n = text(TIMES, (), count)
        less = at.make(binary("-", PLUS, (), at.make(n), spelt(float(correction))))
        var = at.make(call("var", shape, x, **options))
        scaled = at.make(binary("*", TIMES, shape, var, at.make(binary("/", TIMES, (), at.make(n), less))))
        return scaled if name == "var" else call("sqrt", shape, scaled)

    return rule


def vector_norm(at: At) -> Result:
    x = at.tensor("self")
    if at.real("ord", at.real("p", 2)) != 2:
        at.refuse("a norm that is not the Euclidean one")
    shape, options = _reduced(at, x, _axes(at, x))
    return call("norm", shape, x, **options)


def along(name: str) -> Rule:
    """softmax and what else works along one dimension and keeps it."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        axis = at.axis("dim", len(x.shape))
        last = axis == len(x.shape) - 1 and name not in ("cumsum", "cumprod")
        return call(name, x.shape, x, **({} if last else {"axis": axis}))

    return rule


def logsumexp(at: At) -> Result:
    x = at.tensor("self")
    shape, options = _reduced(at, x, _axes(at, x))
    if "keepdims" in options:
        axis = _axes(at, x)[0]
        flat = at.make(call("logsumexp", (*x.shape[:axis], *x.shape[axis + 1 :]), x, axis=options["axis"]))
        return at.subscript(flat, axis, None)
    return call("logsumexp", shape, x, **options)


def argmax(name: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("self")
        axes = _axes(at, x)
        shape = tuple(s for a, s in enumerate(x.shape) if a not in axes)
        return at.make(call(name, shape, x, axis=axes[0]), INTEGER)

    return rule


# --- products


def product(at: At, a: Value, b: Value) -> Value:
    """a @ b as NumPy has it."""
    if len(a.shape) == 1 and len(b.shape) == 1:
        at.same(a.shape[0], b.shape[0])
        return at.make(binary("@", TIMES, (), a, b))
    at.same(a.shape[-1], b.shape[-2] if len(b.shape) > 1 else b.shape[0])
    left, right = a.shape[:-2], b.shape[:-2]
    for x, y in zip(left[::-1], right[::-1], strict=False):
        at.same(x, y)
    lead = max(left, right, key=len)
    shape = (*lead, *a.shape[-2:-1], *(b.shape[-1:] if len(b.shape) > 1 else ()))
    return at.make(binary("@", TIMES, shape, a, b))


def matmul(at: At) -> Result:
    return product(at, at.tensor("self"), at.tensor("other" if at.given("other") else "mat2"))


def matvec(at: At) -> Result:
    return product(at, at.tensor("self"), at.tensor("vec" if at.given("vec") else "tensor"))


def addmm(at: At) -> Result:
    if at.real("beta", 1) != 1 or at.real("alpha", 1) != 1:
        at.refuse("a product that is scaled")
    a, b = ("mat1", "mat2") if at.given("mat1") else ("batch1", "batch2")
    (x, y), shape = at.broadcast(at.tensor("self"), product(at, at.tensor(a), at.tensor(b)))
    return binary("+", PLUS, shape, y, x)


def einsum(at: At) -> Result:
    equation, parts = at.get("equation"), at.tensors("tensors")
    assert isinstance(equation, str)
    plain = equation.replace(" ", "")
    if not re.fullmatch(r"[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?", plain):
        at.refuse("an equation of more than letters")
    left, _, right = plain.partition("->")
    if "->" not in plain:
        letters = left.replace(",", "")
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    size: dict[str, Poly] = {}
    for letters, part in zip(left.split(","), parts, strict=True):
        for letter, extent in zip(letters, part.shape, strict=True):
            size[letter] = at.same(size[letter], extent) if letter in size else extent
    return call("einsum", tuple(size[c] for c in right), f'"{left}->{right}"', *parts)


def outer(at: At) -> Result:
    a, b = at.tensor("self"), at.tensor("vec2" if at.given("vec2") else "other")
    return call("outer", (*a.shape, *b.shape), a, b)


def triangle(name: str) -> Rule:
    """The lower or the upper triangle: entries on one side of a diagonal, 0 beyond it."""

    def rule(at: At) -> Result:
        x, shift = at.tensor("self"), at.whole("diagonal", 0)
        at.helper(name)
        return call(name, x.shape, x, **({"shift": shift} if shift else {}))

    return rule


ARRAYS: dict[str, Rule] = {
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
    "aten.diagonal.default": diagonal,
    "aten.cat.default": concatenate,
    "aten.concat.default": concatenate,
    "aten.stack.default": stack,
    "aten.select.int": select,
    "aten.unbind.int": unbind,
    "aten.slice.Tensor": cut,
    "aten.chunk.default": chunk,
    "aten.split.Tensor": chunk,
    "aten.split.sizes": chunk,
    "aten.split_with_sizes.default": chunk,
    "aten.narrow.default": narrow,
    "aten.flip.default": flip,
    "aten.repeat_interleave.self_int": repeat_interleave,
    "aten.roll.default": roll,
    "aten.pad.default": pad,
    "aten.constant_pad_nd.default": pad,
    "aten.zeros.default": filled(0),
    "aten.ones.default": filled(1),
    "aten.full.default": filled(None),
    "aten.zeros_like.default": filled(0),
    "aten.ones_like.default": filled(1),
    "aten.full_like.default": filled(None),
    "aten.new_zeros.default": filled(0),
    "aten.new_ones.default": filled(1),
    "aten.arange.default": arange,
    "aten.arange.start": arange,
    "aten.arange.start_step": arange,
    "aten.eye.default": eye,
    "aten.sum.default": reduction("sum"),
    "aten.sum.dim_IntList": reduction("sum"),
    "aten.mean.default": reduction("mean"),
    "aten.mean.dim": reduction("mean"),
    "aten.amax.default": reduction("max"),
    "aten.amin.default": reduction("min"),
    "aten.max.default": reduction("max"),
    "aten.min.default": reduction("min"),
    "aten.prod.default": reduction("prod"),
    "aten.prod.dim_int": reduction("prod"),
    "aten.max.dim": extreme("max", "argmax"),
    "aten.min.dim": extreme("min", "argmin"),
    "aten.argmax.default": argmax("argmax"),
    "aten.argmin.default": argmax("argmin"),
    "aten.var.correction": spread("var"),
    "aten.var.default": spread("var"),
    "aten.var.dim": spread("var"),
    "aten.std.correction": spread("std"),
    "aten.std.default": spread("std"),
    "aten.std.dim": spread("std"),
    "aten.linalg_vector_norm.default": vector_norm,
    "aten.norm.ScalarOpt_dim": vector_norm,
    "aten.norm.Scalar": vector_norm,
    "aten.softmax.int": along("softmax"),
    "aten.log_softmax.int": along("log_softmax"),
    "aten.cumsum.default": along("cumsum"),
    "aten.cumprod.default": along("cumprod"),
    "aten.logsumexp.default": logsumexp,
    "aten.matmul.default": matmul,
    "aten.bmm.default": matmul,
    "aten.mm.default": matmul,
    "aten.mv.default": matvec,
    "aten.dot.default": matvec,
    "aten.addmm.default": addmm,
    "aten.baddbmm.default": addmm,
    "aten.einsum.default": einsum,
    "aten.outer.default": outer,
    "aten.tril.default": triangle("tril"),
    "aten.triu.default": triangle("triu"),
}
