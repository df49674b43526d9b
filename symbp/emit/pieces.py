"""An array that is made of slices, a line for each."""

from __future__ import annotations

from symbp.core.integers import Poly
from symbp.emit.formula import Text, size
from symbp.lowering.program import Statement


def pieces(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[:, 1 : T] = part` for each part; what no part covers is 0."""
    axis, ranges, gaps = s.detail
    lines = [f"{target}[...] = 0"] if gaps else []
    for part, (low, high) in zip(args, ranges, strict=True):  # type: ignore[call-overload]
        first = "" if low == Poly() else f"{size(low).code} "
        places = [":"] * axis + [f"{first}: {size(high).code}"]  # type: ignore[operator]
        lines.append(f"{target}[{', '.join(places)}] = {part.code}")
    return tuple(lines)
