"""The built-in networks: files of the network language, one network each, named after it."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The names of the built-in networks, in alphabetical order."""
    return tuple(sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__"))


def source(name: str) -> tuple[str, str]:
    """The text and the path of a built-in network. KeyError where there is none of that name."""
    if name not in names():
        raise KeyError(name)
    path = FOLDER / f"{name}.py"
    return path.read_text(encoding="utf-8"), str(path)
