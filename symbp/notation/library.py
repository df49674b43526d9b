"""The library: functions in files of the network language, found by name. What only its own files call has no row in
the vocabulary, and no file of a user's finds it.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from symbp.notation.source import read_file
from symbp.notation.toplevel import File, scan
from symbp.notation.vocabulary import PUBLIC

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
    """The names of the library's functions that any file may call."""
    return tuple(n for n in _functions() if n in PUBLIC)


def find(name: str, file: File | None = None) -> tuple[File, ast.FunctionDef] | None:
    """A function of the library and the file it stands in: one of `names`, but for a `file` of the library any."""
    return _functions().get(name) if name in PUBLIC or (file is not None and is_of_library(file)) else None


def is_of_library(file: File) -> bool:
    """Is it one of the library's files?"""
    return any(file is own for own, _ in _functions().values())
