"""Work that is done in copies of this process, as many at once as there are processors; what they make is texts.

One piece of it may go on beside this process (`Beside`), or many may be done (`done_apart`). Only what succeeds comes
back. Where a copy fails, for whatever reason, nothing comes back of that piece of work, and whoever asked does it
again: then its error is raised where it belongs.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Texts = Mapping[str, str]
CHUNK = 1 << 16
_is_copy = False


def can_be_apart() -> bool:
    """Is a copy of this process safe, and is there a processor for it? Locks that a thread holds a copy cannot open.

    Of a copy no copies are made: the others have the processors.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and processors() > 1 and not _is_copy


def processors() -> int:
    """On how many this process may run."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


@dataclass(slots=True)
class _Copy:
    """A copy at work on the piece of that number, and what it has sent so far."""

    number: int
    pid: int
    sent: bytearray = field(default_factory=bytearray)


def done_apart(work: Sequence[Callable[[], Texts]]) -> Iterator[tuple[int, Texts | None]]:
    """The number of each piece of work once it is done, and what it made; None where nothing came of it."""
    running: dict[int, _Copy] = {}
    waiting = list(range(len(work)))
    gc.freeze()  # what there is now is no garbage: no copy need look through it, and so copy it
    try:
        with selectors.DefaultSelector() as selector:
            while waiting or running:
                while waiting and len(running) < processors():
                    number = waiting.pop(0)
                    source, pid = _started(work[number])
                    running[source] = _Copy(number, pid)
                    selector.register(source, selectors.EVENT_READ)
                for key, _ in selector.select():
                    copy = running[key.fd]
                    if chunk := os.read(key.fd, CHUNK):
                        copy.sent += chunk
                        continue
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    del running[key.fd]
                    yield copy.number, _received(copy)
    finally:
        for source, copy in running.items():
            _end(source, copy.pid)
        gc.unfreeze()


class Beside:
    """One piece of work that a copy of this process has begun; `close` ends it if nobody has asked what it made."""

    def __init__(self, work: Callable[[], Texts]):
        gc.freeze()
        self._source, pid = _started(work)
        self._copy, self._open = _Copy(0, pid), True

    def made(self) -> Texts | None:
        """What it made, once it is done; None where nothing came of it."""
        while chunk := os.read(self._source, CHUNK):
            self._copy.sent += chunk
        self._forget()
        os.close(self._source)
        return _received(self._copy)

    def close(self) -> None:
        """End it."""
        if self._open:
            self._forget()
            _end(self._source, self._copy.pid)

    def _forget(self) -> None:
        self._open = False
        gc.unfreeze()


def _end(source: int, pid: int) -> None:
    os.close(source)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    _wait(pid)


def _started(work: Callable[[], Texts]) -> tuple[int, int]:
    """Where its copy sends what it makes, and the copy's number."""
    source, target = os.pipe()
    pid = os.fork()
    if pid:
        os.close(target)
        return source, pid
    global _is_copy
    _is_copy = True
    try:
        os.close(source)
        message = memoryview(json.dumps(dict(work())).encode("ascii"))
        while message:
            message = message[os.write(target, message) :]
        os._exit(0)
    except BaseException:
        os._exit(1)


def _wait(pid: int) -> bool:
    """Has it ended well?"""
    with contextlib.suppress(OSError):
        return os.waitpid(pid, 0)[1] == 0
    return False


def _received(copy: _Copy) -> Texts | None:
    if not _wait(copy.pid):
        return None
    found: dict[str, str] = json.loads(copy.sent)
    return found
