"""The words of Python's and of its own that a module uses beside the network's names, and how they step aside.

They are written with a mark in front. Once the module is whole the mark goes, or becomes an underscore where the
network has a tensor or a size of that name: names that start with one are never a network's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MARK = "\ue000"
DTYPE, FLOAT, BOOL, VECTOR = (MARK + word for word in ("dtype", "float", "bool", "vector"))
LEN, RANGE, REVERSED, ZIP = (MARK + word for word in ("len", "range", "reversed", "zip"))
# What the helpers call their own.
LOCAL = {word: MARK + word for word in ("names", "shapes", "expected", "tolerance", "kept")}
BUILTIN = ("float", "bool", "len", "range", "reversed", "zip")


def step_aside(text: str, taken: Iterable[str]) -> str:
    """The text with every marked word as it stands in the module."""
    names = frozenset(taken)
    return re.sub(f"{MARK}(\\w+)", lambda m: f"_{m[1]}" if m[1] in names else m[1], text)


def kept_builtins(taken: Iterable[str]) -> list[str]:
    """What keeps Python's words under the names that they stepped aside to."""
    return [f"_{name} = {name}" for name in BUILTIN if name in taken]
