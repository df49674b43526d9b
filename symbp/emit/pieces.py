"""An array that is made of slices, a line for each."""

from __future__ import annotations

from symbp.core.integers import Poly
from symbp.emit.formula import Text, size
from symbp.lowering.program import Statement


def pieces(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[:, 1 : T] = part` for each part; what no part covers is 0."""
    spans, gaps = s.detail
    lines = [f"{target}[...] = 0"] if gaps else []
    for part, span in zip(args, spans, strict=True):  # type: ignore[call-overload]
        lines.append(f"{part_of(target, span)} = {part.code}")
    return tuple(lines)


def part_of(target: str, span: tuple[tuple[Poly, Poly] | None, ...]) -> str:
    """`target[:, 1 : T]`, or all of it."""
    places = [":" if d is None else _range(*d) for d in span]
    while places and places[-1] == ":":
        places.pop()
    return f"{target}[{', '.join(places)}]" if places else target


def _range(low: Poly, high: Poly) -> str:
    first = "" if low == Poly() else f"{size(low).code} "
    return f"{first}: {size(high).code}"
