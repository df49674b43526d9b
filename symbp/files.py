"""Writing several files as one act: all of them or none, whole, and only below the folder that was asked for.

What comes in: a folder and texts by relative path. Everything is first written into a temporary folder beside its
place, then moved in with the interrupting signals held back, so that neither an error nor an interruption leaves half
a file or half a set. It knows nothing of what the files hold.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from symbp.errors import SymbpError


class OutputError(SymbpError):
    """The output folder cannot be written, or a file would land outside it."""


def write_all(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Write each text to `folder / path` and return the paths; where one cannot be, OutputError and nothing changed."""
    try:
        with _new_folders() as made, _staged(folder, files, made) as staged:
            targets = tuple(_target(folder, path, made) for path in files)
            with _uninterrupted():
                for source, target in zip(staged, targets, strict=True):
                    os.replace(source, target)
                made.clear()
            return targets
    except OSError as error:
        place = error.filename or folder
        raise OutputError(f"cannot write into {folder}: {error.strerror or error} ({place})") from error


def demand_folder(folder: Path) -> None:
    """Raise OutputError where it is plain beforehand that nothing can be written into `folder`."""
    place = next(p for p in (folder, *folder.absolute().parents) if p.exists() or p.is_symlink())
    if not place.is_dir():
        raise OutputError(f"cannot write into {folder}: {place} is not a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {folder}: permission denied ({place})")


@contextlib.contextmanager
def _new_folders() -> Iterator[list[Path]]:
    """A list of the folders made on the way; those still in it at the end are taken away again."""
    made: list[Path] = []
    try:
        yield made
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and its missing parents, noting each new one before it exists so that no interruption loses it."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    for path in reversed(missing):
        made.append(path)
        path.mkdir(exist_ok=True)


@contextlib.contextmanager
def _staged(folder: Path, files: Mapping[str, str], made: list[Path]) -> Iterator[list[Path]]:
    """The texts as files in a temporary folder inside `folder`: in one file system moving them is atomic."""
    stage = folder / f".symbp-{os.getpid()}"
    try:
        _make(stage, made)
        yield [_stage(stage / str(place), text) for place, text in enumerate(files.values())]
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _stage(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _target(folder: Path, path: str, made: list[Path]) -> Path:
    """Where a file goes; its folder is made, and neither a link nor a folder may stand in the way."""
    target = folder / path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise OutputError(f"{target} would be written outside {folder}")
    _make(target.parent, made)
    if target.is_dir():
        raise OutputError(f"cannot write {target}: a folder of that name is in the way")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {target.parent}: permission denied")
    return target


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back the signals that end a program until the block is done (where the system can)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
