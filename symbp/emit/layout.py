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
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def split_call(line: str, indent: int = 4) -> list[str]:
    """A line of the form `head(a, b, c)`, in several lines where it is too long."""
    if len(line) + indent <= WIDTH or "(" not in line:
        return [line]
    cut = line.rindex("(", 0, line.index(")") if ")" in line else len(line)) + 1
    cut = line.index("(", line.index("=") if "=" in line else 0) + 1
    head, rest = line[:cut], line[cut:]
    inner, tail = rest[: rest.rindex(")")], rest[rest.rindex(")") :]
    return [head, *(f"    {part}" for part in wrapped(inner, WIDTH - 8)), tail]
