"""Lines no longer than a reader likes: wrapped texts, tables and calls."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise

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


def split_line(line: str, indent: int = 4) -> list[str]:
    """A statement in several lines where it is too long, broken in its longest brackets; its comment stays last.

    The names on the left of a long assignment become a tuple in brackets.
    """
    if len(line) + indent <= WIDTH:
        return [line]
    code, mark, comment = line.partition("  # ")
    left, equals, right = code.partition(" = ")
    if equals and len(left) > WIDTH // 2 and not left.startswith("(") and "(" not in left and "[" not in left:
        inner = wrapped(left + ",", WIDTH - indent - 4)
        parts = ["(", *(f"    {part}" for part in inner), *split_line(f") = {right}", indent)]
    else:
        parts = _broken(code, WIDTH - indent - len(mark + comment))
    return [*parts[:-1], parts[-1] + mark + comment]


def fitted(text: str) -> str:
    """A text of Python with each line that is too long broken."""
    lines = []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        lines += [" " * indent + part for part in split_line(line.lstrip(), indent)]
    return "\n".join(lines)


def _broken(code: str, width: int) -> list[str]:
    """Code in lines of that width: what stands in its longest brackets further in, an argument a line if need be."""
    found = max(_brackets(code), key=lambda pair: pair[1] - pair[0], default=None) if len(code) > width else None
    if found is None or found[1] - found[0] < 2:
        return [code]
    first, last = found
    inner = code[first + 1 : last]
    commas = _commas(inner)
    if len(inner) <= width - 4 or not commas:
        lines = _broken(inner, width - 4)
    else:
        cuts = [-1, *commas, len(inner)]
        arguments = [inner[a + 1 : b].strip() + "," for a, b in pairwise(cuts)]
        lines = [part for argument in arguments if argument != "," for part in _broken(argument, width - 4)]
    return [code[: first + 1], *(f"    {part}" for part in lines), code[last:]]


def _brackets(code: str) -> list[tuple[int, int]]:
    """Where the outermost brackets open and close."""
    found, opened = [], []
    for k, (c, depth) in enumerate(_depths(code)):
        if c in "([{" and depth == 0:
            opened.append(k)
        elif c in ")]}" and depth == 1 and opened:
            found.append((opened.pop(), k))
    return found


def _commas(code: str) -> list[int]:
    """Where commas stand outside of all brackets."""
    return [k for k, (c, depth) in enumerate(_depths(code)) if c == "," and depth == 0]


def _depths(code: str) -> Iterator[tuple[str, int]]:
    """Each character with the number of brackets around it; one in a text counts as no bracket and no comma."""
    depth, quote = 0, ""
    for c in code:
        if quote:
            quote = "" if c == quote else quote
            yield "_", depth
            continue
        if c in "\"'":
            quote = c
            yield "_", depth
            continue
        yield c, depth
        depth += (c in "([{") - (c in ")]}")
