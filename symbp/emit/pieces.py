"""An array that is made of slices, a line for each."""

from __future__ import annotations

from symbp.core.integers import ONE, Poly
from symbp.emit.formula import Text, size
from symbp.lowering.program import Span, Statement


def pieces(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[:, 1 : T] = part` for each part, `target.reshape(N, H, E)[...] = part` where its axes are merged in the
    result; what no part covers is 0.
    """
    spans, gaps, splits = s.detail
    lines = [f"{target}[...] = 0"] if gaps else []
    for part, span, split in zip(args, spans, splits, strict=True):  # type: ignore[call-overload]
        room = part_of(target, span)
        if split:
            room = f"{room}.reshape({', '.join(size(e).code for e in split)})"
        lines.append(f"{room}{'[...]' if split or room == target else ''} = {part.code}")
    return tuple(lines)


def part_of(target: str, span: Span) -> str:
    """`target[:, 1 : T]`, or all of it."""
    places = [":" if d is None else _range(*d) for d in span]
    while places and places[-1] == ":":
        places.pop()
    return f"{target}[{', '.join(places)}]" if places else target


def _range(low: Poly, high: Poly, step: Poly = ONE) -> str:
    first = "" if low == Poly() else f"{size(low).code} "
    return f"{first}: {size(high).code}" + ("" if step == ONE else f" : {size(step).code}")
