"""Lines no longer than a reader likes: wrapped texts, tables and calls."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

WIDTH = 120


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """The lines of a text."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def table(rows: Mapping[str, str]) -> str:
    """A dictionary, a row on each line."""
    if not rows:
        return "{}"
    return "{\n" + "".join(f'    "{name}": {value},\n' for name, value in rows.items()) + "}"


def names(parts: tuple[str, ...]) -> str:
    """Names as a tuple to assign to: `a, b`, or `(a,)` for one."""
    return f"({parts[0]},)" if len(parts) == 1 else ", ".join(parts)


def tuple_of(parts: tuple[str, ...]) -> str:
    """A tuple of texts."""
    if not parts:
        return "()"
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def split_call(line: str, indent: int = 4) -> list[str]:
    """A statement in several lines where it is too long: the names on its left, then the arguments on its right."""
    if len(line) + indent <= WIDTH:
        return [line]
    left, equals, right = line.partition(" = ")
    if equals and len(left) > WIDTH // 2 and not left.startswith("("):
        inner = wrapped(left + ",", WIDTH - indent - 4)
        return ["(", *(f"    {part}" for part in inner), *split_call(f") = {right}", indent)]
    cut = line.find("(", len(left) if equals else 0) + 1
    if not cut or not line.endswith((")", "]", "}")):
        return [line]
    end = line.rindex(")")
    return [line[:cut], *(f"    {part}" for part in wrapped(line[cut:end], WIDTH - indent - 4)), line[end:]]
