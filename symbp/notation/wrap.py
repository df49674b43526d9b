"""A long statement on several lines: broken where it binds least, what stands in brackets further in."""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH, LONG = 120, 110  # a statement longer than that goes over several lines
STEP = "    "
# Where a line may break, what binds least first; an operator begins the next line, a comma ends its own.
_WORDS = ("if |else ", "for ", "or ", "and ", "(?:[=!]=|[<>]=?) ", "[+-] ", "[*/@] ")
BREAKS = (*(re.compile(f" (?={words})") for words in _WORDS), re.compile("(?<=,) "))


def wrapped(left: str, right: str, margin: int) -> list[str]:
    """`left = right` in lines of at most `WIDTH` with a margin, where it can be broken."""
    whole = f"{left} = {right}"
    if len(whole) <= LONG:
        return [whole]
    if len(list(_parts(right))) == 1 and _inside(right):  # one call: its parentheses do
        return _lines(whole, " " * max(margin, WIDTH - LONG))
    return [f"{left} = (", *lines_of(right, margin), ")"]


def lines_of(text: str, margin: int) -> list[str]:
    """The lines of what stands in parentheses, further in."""
    return [STEP + line for line in _lines(text, " " * margin + STEP)]


def _lines(text: str, margin: str) -> list[str]:
    """The text in lines, each with what it is further in than `margin`."""
    if len(margin) + len(text) <= WIDTH:
        return [text]
    parts = list(_parts(text))
    if len(parts) > 1:
        return [line for part in parts for line in _lines(part, margin)]
    found = _inside(text)
    if found is None:
        return [text]
    start, end = found
    inner = (STEP + line for part in _parts(text[start:end]) for line in _lines(part, margin + STEP))
    return [text[:start], *inner, text[end:]]


def _parts(text: str) -> Iterator[str]:
    """The text cut at all places of the kind that binds least, outside of brackets."""
    depths = _depths(text)
    for pattern in BREAKS:
        places = [m.start() for m in pattern.finditer(text) if depths[m.start()] == 0 and m.start()]
        if places:
            ends = [*places, len(text)]
            yield from (text[a:b].strip() for a, b in zip([0, *places], ends, strict=True))
            return
    yield text


def _depths(text: str) -> list[int]:
    """In how many brackets each character stands."""
    depths, depth = [], 0
    for c in text:
        depth -= c in ")]"
        depths.append(depth)
        depth += c in "(["
    return depths


def _inside(text: str) -> tuple[int, int] | None:
    """What the longest pair of outer parentheses holds, from its start to its end."""
    depths = _depths(text)
    opens = [k for k, c in enumerate(text) if c == "(" and depths[k] == 0]
    pairs = [(k + 1, next(j for j in range(k, len(text)) if text[j] == ")" and depths[j] == 0)) for k in opens]
    return max(pairs, key=lambda p: p[1] - p[0], default=None)
