"""Where there are windows the batch stands innermost: features by positions by batch.

Slices and window columns are then copied in long runs. An input is turned once, on entry; columns are copied once and
serve the product and its adjoint.
"""

from __future__ import annotations

from symbp.core.integers import Index, Node
from symbp.core.traverse import polys, walk
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.program import Value


def has_windows(body: Node) -> bool:
    """Does a subscript add one index to another?"""
    return any(sum(isinstance(a, Index) for a in p.atoms()) > 1 for n in walk(body) for p in polys(n))


def batch_last(indices: tuple[Index, ...]) -> tuple[Index, ...]:
    """The first index, as a rule the batch, goes last where there are positions too."""
    return (*indices[1:], indices[0]) if len(indices) >= 3 else indices


def turned(at: Entries, value: Value) -> tuple[Value, tuple[int, ...]]:
    """An input with its batch innermost, and which of its dimensions each axis is; what was computed is so already."""
    plain = tuple(range(len(value.shape)))
    if at.builder.made(value) is not None or len(plain) < 3 or at.builder.parent is not None:
        return value, plain
    order = (*plain[1:], 0)
    view = at.builder.transpose(value, order)
    return at.builder.emit("copy", (view,), tuple(value.shape[k] for k in order)), order


def columns(at: Entries, a: Labelled) -> Labelled:
    """A view of windows copied, offsets before positions and the batch last."""
    maker = at.builder.made(a.value)
    if maker is None or maker.op != "windows" or not isinstance(a.value, Value):
        return a
    rows: dict[int, list[Index]] = {}
    for axis, (k, _) in zip(a.axes, maker.detail[1], strict=True):  # type: ignore[call-overload]
        rows.setdefault(k, []).append(axis)
    moving = [r for r in rows.values() if len(r) > 1]
    positions = [
        max(r, key=lambda i: (i.extent.constant is None, len(i.extent.terms), -a.axes.index(i))) for r in moving
    ]
    offsets = [i for r in moving for i in r if i not in positions]
    plain = [r[0] for r in rows.values() if len(r) == 1]
    axes = (*plain[:-1], *offsets, *positions, *plain[-1:])
    ordered = at.ordered(a, axes)
    assert isinstance(ordered.value, Value)
    return Labelled(at.builder.emit("copy", (ordered.value,), ordered.value.shape), axes)
