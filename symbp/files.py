"""Writing folders of files as one act: each folder is all old or all new, and lies below the one that was asked for.

What comes in: a folder and texts by relative path, `NAME/file`. What goes out is promised so:

- Whatever happens, `NAME` is never a mixture: it holds all files of an earlier run or all of this one. The new folder
  is made aside, in a folder of its own that nobody else can foresee or enter, and exchanged for the old one in one
  step. Not even SIGKILL comes between.
- Files in `NAME` that are not written stay: the new folder has them too, as links to the same files.
- An error or an interrupting signal leaves everything as it was, in all folders. (A SIGKILL may come between two
  folders; then the first ones are new and the others old.)
- What a killed run has left aside is cleared away by the next one.

Where the system cannot exchange two folders in one step (all but Linux), the old one is moved aside first. A run that
is killed right then leaves no `NAME` at all, still no mixture, and the next run puts the old one back.

It knows nothing of what the files hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from symbp.errors import SymbpError

if sys.platform != "win32":
    import fcntl

LOCKS = sys.platform != "win32"  # can a folder be locked?
STAGE = ".symbp-new-"  # how the folder aside is called, before what makes it unforeseeable
OLD = "old-"  # before the name of a folder that has been moved aside
EXCHANGE, HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux
NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class OutputError(SymbpError):
    """The output folder cannot be written, or a file would land outside it."""


def write_all(
    folder: Path, files: Mapping[str, str | bytes], tell: Callable[[Sequence[Path]], object] = lambda paths: None
) -> tuple[Path, ...]:
    """Write each text to `folder / path` and return the paths; where one cannot be, OutputError and nothing changed.

    `tell` is called with the paths once all that could fail is done; what it raises leaves everything as it was.
    """
    paths = tuple(folder / path for path in files)
    try:
        with _new_folders() as made, _stage(folder, made) as stage:
            _clear(folder, stage)
            names = _filled(folder, stage, files)
            tell(paths)
            with _uninterrupted():
                _put_all(folder, stage, names)
                made.clear()
        return paths
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
def _stage(folder: Path, made: list[Path]) -> Iterator[Path]:
    """A new folder inside `folder`, in one file system with what it is for, locked as long as it is in use."""
    _make(folder, made)
    while True:
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=folder))
        lock = _lock(stage)
        if not LOCKS or (lock is not None and stage.exists()):  # else another run took it for one left behind
            break
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _unlock(lock)


def _lock(stage: Path) -> int | None:
    """The lock of a stage, if it is free: a run that was killed holds none."""
    if sys.platform == "win32":
        return None
    try:
        place = os.open(stage, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(place)
        return None
    return place


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _clear(folder: Path, mine: Path) -> None:
    """Take away what killed runs have left, and put back each folder that one of them had moved aside."""
    for entry in sorted(folder.glob(f"{STAGE}*")):
        if entry == mine or entry.is_symlink() or not entry.is_dir() or entry.stat().st_uid != mine.stat().st_uid:
            continue
        lock = _lock(entry)
        if lock is not None:
            with contextlib.suppress(OSError):
                _put_back(folder, entry)
                shutil.rmtree(entry)
        _unlock(lock)


def _put_back(folder: Path, stage: Path) -> None:
    for old in stage.glob(f"{OLD}*"):
        target = folder / old.name.removeprefix(OLD)
        if not os.path.lexists(target):
            os.replace(old, target)


def _filled(folder: Path, stage: Path, files: Mapping[str, str | bytes]) -> Mapping[str, Mapping[str, str | bytes]]:
    """Make the new folders in the stage: what is to be written, and links to all else that the old ones hold."""
    names: dict[str, dict[str, str | bytes]] = {}
    for path, text in files.items():
        name, _, file = path.partition("/")
        names.setdefault(name, {})[file] = text
    for name, texts in names.items():
        old, new = _old(folder, name, texts), stage / name
        new.mkdir()
        for file, text in texts.items():
            (new / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        if old.exists():
            _carry_all(old, new)
            shutil.copymode(old, new)
    return names


def _old(folder: Path, name: str, texts: Mapping[str, str | bytes]) -> Path:
    """Where the folder of that name is or goes; neither a link nor a folder may stand in the way of a file."""
    old = folder / name
    if not old.resolve().is_relative_to(folder.resolve()):
        raise OutputError(f"{old} would be written outside {folder}")
    if not old.exists():
        return old
    if not old.is_dir():
        raise OutputError(f"cannot write into {old}: it is not a folder")
    for file in texts:
        if (old / file).is_dir():
            raise OutputError(f"cannot write {old / file}: a folder of that name is in the way")
    if not os.access(old, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {old}: permission denied")
    return old.resolve()


def _carry_all(old: Path, new: Path) -> None:
    """Link all that the new folder lacks."""
    for entry in sorted(old.iterdir()):
        if not os.path.lexists(new / entry.name):
            _carry(entry, new / entry.name)


def _carry_late(old: Path, new: Path, written: Collection[str]) -> None:
    """Move over what has come into the old folder, or was replaced there, while the new one was made."""
    for entry in sorted(old.iterdir()):
        place = new / entry.name
        if entry.name in written or (place.exists() and place.samefile(entry)):
            continue
        if entry.is_dir() and not entry.is_symlink() and place.is_dir():
            _carry_late(entry, place, ())
        else:
            os.replace(entry, place)


def _carry(entry: Path, place: Path) -> None:
    """The same file in another place, or a folder of the same files; a copy where there can be no second link."""
    if entry.is_dir() and not entry.is_symlink():
        place.mkdir()
        _carry_all(entry, place)
        shutil.copystat(entry, place)
        return
    try:
        os.link(entry, place, follow_symlinks=False)
    except OSError:
        if not entry.is_file() and not entry.is_symlink():
            raise
        shutil.copy2(entry, place, follow_symlinks=False)


def _put_all(folder: Path, stage: Path, names: Mapping[str, Collection[str]]) -> None:
    """Put the new folders into their places, or none of them."""
    done: list[str] = []
    try:
        for name in names:
            _put(stage, stage / name, (folder / name).resolve())
            done.append(name)
    except BaseException:
        for name in reversed(done):
            _take_back(stage / name, (folder / name).resolve())
        raise
    for name, written in names.items():
        if (stage / name).is_dir():
            _carry_late(stage / name, (folder / name).resolve(), written)


def _put(stage: Path, new: Path, target: Path) -> None:
    """Put a new folder into its place; the old one, if there is one, is then where the new one was."""
    if not target.exists():
        os.replace(new, target)
    elif not _exchange(new, target):
        aside = stage / f"{OLD}{target.name}"
        os.replace(target, aside)
        try:
            os.replace(new, target)
        except BaseException:
            os.replace(aside, target)
            raise
        os.replace(aside, new)


def _take_back(old: Path, target: Path) -> None:
    """Undo `_put`."""
    if old.exists():
        _put(old.parent, old, target)
    else:
        os.replace(target, old)


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two folders in one step; False where this system or file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    if rename(HERE, os.fsencode(a), HERE, os.fsencode(b), EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in NOT_THERE:
        return False
    raise OSError(number, os.strerror(number), str(b))


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
