"""The user's files are left as they are while their code runs: what it writes goes elsewhere, the rest is refused.

Opening a file to write opens one of the same name in a folder of its own, which reads then find; the folder goes with
the process. Removing, renaming and starting other programs raise, and the line that does is told.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What is refused, by the names of Python's audit events: what changes files, and what could by another program.
REFUSED = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.truncate", "os.link", "os.symlink"),
    *("os.utime", "os.setxattr", "os.removexattr", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"),
    *("os.fork", "os.forkpty", "os.kill", "pty.spawn", "os.startfile"),
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Kept:
    """Where what is written goes; the hook cannot be taken away again, so it asks whether it is at work."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.at_work = False

    def path(self, file: str) -> Path:
        """The file that is written in the place of another."""
        whole = os.path.abspath(file)
        return self.folder / whole.replace(os.sep, "_")

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what would change something."""
        if not self.at_work:
            return
        if event == "open" and isinstance(arguments[0], (str, bytes)) and (arguments[2] or 0) & WRITES:
            self._demand_own(event, arguments[0])
        if event in REFUSED:
            self._demand_own(event, arguments[0] if arguments else "")

    def _demand_own(self, event: str, path: Any) -> None:
        text = os.path.abspath(os.fsdecode(path)) if isinstance(path, (str, bytes, os.PathLike)) else str(path)
        if not text.startswith((str(self.folder), os.devnull)):
            raise PermissionError(f"{event} of {text}: nothing is changed while a pass is checked")


@contextmanager
def files_kept(folder: str) -> Iterator[None]:
    """Inside, no file is changed but in this folder, which whoever has made it takes away."""
    kept, opened = _Kept(folder), builtins.open

    def overlaid(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(file, (str, bytes, os.PathLike)) and os.fspath(file) not in (os.devnull, os.devnull.encode()):
            own = kept.path(os.fsdecode(file))
            if set(mode) & set("wax+") and not os.path.abspath(os.fsdecode(file)).startswith(str(kept.folder)):
                if set(mode) & set("a+") and not own.exists() and os.path.isfile(file):
                    shutil.copyfile(file, own)
                file = own
            elif own.exists():
                file = own
        return opened(file, mode, *args, **options)

    sys.dont_write_bytecode = True
    sys.addaudithook(kept.hook)
    os.environ["TMPDIR"] = os.environ["MPLCONFIGDIR"] = tempfile.tempdir = str(kept.folder)
    builtins.open = io.open = overlaid
    kept.at_work = True
    try:
        yield
    finally:
        kept.at_work = False
        builtins.open = io.open = opened
