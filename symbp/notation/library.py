"""The library: functions in files of the network language, found by name."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from symbp.notation.source import read_file
from symbp.notation.toplevel import File, scan

FOLDER = Path(__file__).parent.parent / "library"


@lru_cache(maxsize=1)
def _functions() -> dict[str, tuple[File, ast.FunctionDef]]:
    found: dict[str, tuple[File, ast.FunctionDef]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.name != "__init__.py":
            file = scan(read_file(path), str(path))
            found.update({name: (file, node) for name, node in file.functions.items()})
    return found


def names() -> tuple[str, ...]:
    """The names of the library's functions."""
    return tuple(_functions())


def find(name: str) -> tuple[File, ast.FunctionDef] | None:
    """A library function and the file it stands in."""
    return _functions().get(name)
