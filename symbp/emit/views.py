"""The text of what shows or picks entries of an array: in another order or shape, an entry, a slice, by positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbp.core.integers import Poly
from symbp.emit.formula import ATOM, Text, size
from symbp.emit.layout import tuple_of
from symbp.emit.words import DTYPE
from symbp.lowering.program import LIST, Operand, Statement, kind_of, shape_of

Row = Callable[[Statement, tuple[Text, ...]], Text]


def is_scalar(operand: Operand) -> bool:
    """Is it a single number?"""
    return not shape_of(operand)


def list_of(args: tuple[Text, ...]) -> str:
    """Operands as a call has them."""
    return ", ".join(a.code for a in args)


def _transpose(s: Statement, args: tuple[Text, ...]) -> Text:
    base = args[0].within(ATOM)
    if s.detail == (1, 0):
        return Text(f"{base}.T")
    return Text(f"{base}.transpose({', '.join(map(str, s.detail))})")


def _expand(s: Statement, args: tuple[Text, ...]) -> Text:
    places = ", ".join("None" if k in s.detail else ":" for k in range(len(s.target.shape)))
    return Text(f"{args[0].within(ATOM)}[{places}]")


def _item(s: Statement, args: tuple[Text, ...]) -> Text:
    listed = kind_of(s.args[0]) == LIST
    first = f"{args[0].within(ATOM)}[{_position(s.detail[0])}]" if listed else args[0].within(ATOM)
    detail = [":" if d is None else _position(d) for d in s.detail[listed:]]
    while detail and detail[-1] == ":":
        detail.pop()
    return Text(f"{first}[{', '.join(detail)}]" if detail else first)


def _position(d: Any) -> str:
    """A position, moved between the ends that stand beside it: a guard takes no notice of what it then reads."""
    match d:
        case Poly():
            return size(d).code
        case position, first, last:
            text = size(position).code
            text = text if first is None else f"max({text}, {size(first).code})"
            return text if last is None else f"min({text}, {size(last).code})"
    raise TypeError(f"{d!r} is no position")


def _slice(s: Statement, args: tuple[Text, ...]) -> Text:
    parts = [slice_text(d) for d in s.detail]
    while parts and parts[-1] == ":":
        parts.pop()
    return Text(f"{args[0].within(ATOM)}[{', '.join(parts)}]") if parts else args[0]


def slice_text(d: Any) -> str:
    """A slice as one writes it."""
    match d:
        case None:
            return ":"
        case Poly():
            return size(d).code
        case start, stop, step:
            first = "" if start == Poly() else size(start).code
            text = f"{first} : {_end(start, stop)}" if first else f": {size(stop).code}"
            return text + ("" if step == Poly.of(1) else f" : {size(step).code}")
    raise TypeError(f"{d!r} is no slice")


def _end(start: Poly, stop: Poly) -> str:
    """Where a slice ends, as one says it: `b : b + B1`."""
    long = (stop - start).atom
    return size(stop).code if start.atom is None or long in (None, start.atom) else f"{size(start).code} + {long}"


def _windows(s: Statement, args: tuple[Text, ...]) -> Text:
    starts, steps = s.detail
    origin = tuple_of(tuple(size(p).code for p in starts))  # type: ignore[attr-defined]
    moves = tuple_of(tuple(f"({k}, {size(step).code})" for k, step in steps))  # type: ignore[attr-defined]
    return Text(f"_windows({args[0].code}, {origin}, {shape(s)}, {moves})")


def shape(s: Statement) -> str:
    """The shape of a result as a Python tuple."""
    return tuple_of(tuple(size(e).code for e in s.target.shape))


def reshaped(s: Statement, array: str) -> str:
    """An array in the shape of a result."""
    return _reshape(s, (Text(array),)).code


def _reshape(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.args[0]):  # a float, which has no shape to change
        return Text(f"np.full({shape(s)}, {args[0].code}, {DTYPE})")
    extents = [size(e).code for e in s.target.shape]
    long = [k for k, e in enumerate(s.target.shape) if len(e.terms) > 2]
    if len(long) == 1:
        extents[long[0]] = "-1"  # what is left: the number itself would be a formula that nobody reads
    return Text(f"{args[0].within(ATOM)}.reshape({', '.join(extents)})")


def _broadcast(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.args[0]):
        return Text(f"np.full({shape(s)}, {args[0].code}, {DTYPE})")
    return Text(f"np.broadcast_to({args[0].code}, {shape(s)})")


def _gather(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"{args[0].within(ATOM)}[{list_of(args[1:])}]")


def _take(s: Statement, args: tuple[Text, ...]) -> Text:
    """By an array of positions along one axis, the others whole."""
    (axis,) = s.detail
    return Text(f"{args[0].within(ATOM)}[{':, ' * int(str(axis))}{args[1].code}]")


SHOWN: dict[str, Row] = {
    "transpose": _transpose,
    "expand": _expand,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "item": _item,
    "slice": _slice,
    "windows": _windows,
    "gather": _gather,
    "take": _take,
}
