"""Where there are windows the batch stands innermost: features by positions by batch.

Slices and window columns are then copied in long runs. An input is turned once, on entry; columns are copied once and
serve the product and its adjoint.
"""

from __future__ import annotations

from dataclasses import replace

from symbp.core.expr import Extreme
from symbp.core.integers import Index, Node
from symbp.core.traverse import children, polys, walk
from symbp.lowering.digits import adds_indices, digits_of
from symbp.lowering.labelled import Entries, Known, Labelled
from symbp.lowering.program import FLOAT, Shape, Statement, Value, kind_of


def has_windows(body: Node) -> bool:
    """Does a subscript add one index to another, and not as digits of a number but under the largest of a window?"""
    match body:
        case Extreme():
            return any(adds_indices(p) for n in walk(body) for p in polys(n))
    own = any(adds_indices(p) and digits_of(p) is None for p in polys(body))
    return own or any(has_windows(c) for c in children(body))


def batch_last(indices: tuple[Index, ...]) -> tuple[Index, ...]:
    """The first index, as a rule the batch, goes last where there are positions too."""
    return (*indices[1:], indices[0]) if len(indices) >= 3 else indices


def places_of(at: Entries, shape: Shape) -> tuple[int, ...] | None:
    """How the last computed tensor of a shape lies in memory: which of its dimensions each axis is."""
    for name, known in reversed(at.tensors.items()):
        whole = len(known.places) == len(shape) >= 3 and name not in at.outputs
        if whole and known.shape == shape and at.builder.made(known.value) is not None:
            return known.places
    return None


def beside_computed(at: Entries, known: Known) -> Known:
    """An input turned, once, so that it lies in memory as what was computed in its shape: a cotangent as its tensor."""
    if not at.windows or at.builder.parent is not None or kind_of(known.value) != FLOAT:
        return known
    if len(known.places) < len(known.shape):  # one number for all entries
        return known
    places = places_of(at, known.shape) if at.builder.made(known.value) is None else None
    if places is None or places == known.places:
        return known
    view = at.builder.transpose(known.value, places)
    copied = at.builder.emit("copy", (view,), tuple(known.array.shape[k] for k in places))
    return replace(known, value=copied, places=places)


def turned(at: Entries, value: Value) -> tuple[Value, tuple[int, ...]]:
    """An input with its batch innermost, and which of its dimensions each axis is; what was computed is so already."""
    plain = tuple(range(len(value.shape)))
    if at.builder.made(value) is not None or len(plain) < 3 or at.builder.parent is not None:
        return value, plain
    order = (*plain[1:], 0)
    view = at.builder.transpose(value, order)
    return at.builder.emit("copy", (view,), tuple(value.shape[k] for k in order)), order


def window_statement(at: Entries, a: Labelled) -> Statement | None:
    """The statement that makes windows, where the array is a view of them as it was made."""
    maker = at.builder.made(a.value)
    return maker if maker is not None and maker.op == "windows" else None


def by_axis(a: Labelled, maker: Statement) -> dict[int, list[Index]]:
    """The indices that move a window along each axis of the array that it looks at."""
    rows: dict[int, list[Index]] = {}
    for axis, (k, _) in zip(a.axes, maker.detail[1], strict=True):  # type: ignore[call-overload]
        rows.setdefault(k, []).append(axis)
    return rows


def with_position_first(a: Labelled, row: list[Index]) -> list[Index]:
    """The index that runs over positions, then the offsets in the kernel."""
    position = max(row, key=lambda i: (i.extent.constant is None, len(i.extent.terms), -a.axes.index(i)))
    return [position, *(i for i in row if i != position)]


def columns(at: Entries, a: Labelled) -> Labelled:
    """A view of windows copied, offsets before positions and the batch last."""
    maker = window_statement(at, a)
    if maker is None:
        return a
    rows = by_axis(a, maker).values()
    moving = [with_position_first(a, r) for r in rows if len(r) > 1]
    offsets = [i for r in moving for i in r[1:]]
    plain = [r[0] for r in rows if len(r) == 1]
    axes = (*plain[:-1], *offsets, *(r[0] for r in moving), *plain[-1:])
    ordered = at.ordered(a, axes).array
    return Labelled(at.builder.emit("copy", (ordered,), ordered.shape), axes)
