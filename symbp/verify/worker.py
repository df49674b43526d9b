"""A process of its own for a module under test, ended at a time and held to a bound of memory.

It is made from this process where that is safe, for then it has NumPy already: on Linux, while there is one thread.
Elsewhere a new Python is started. What it answers is numbers and texts, read by `wire`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
import weakref
from typing import Any, TypeGuard

from symbp.verify import child, wire

SECONDS = 60.0  # for one call, or for loading
_START = (
    "import json, socket, sys\n"
    "number, path = json.loads(sys.argv[1])\n"
    "sys.path[:] = path\n"
    "from symbp.verify.child import main\n"
    "main(socket.socket(fileno=number))\n"
)


class Gone(Exception):
    """The process has ended, or been ended; the message says why, as what its module did."""


class Worker:
    """The process. It ends with `close`, or when nothing refers to this any more."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._pid = _forked(ours, theirs) if may_fork() else _started(theirs)
        self._socket = ours
        self._reason = ""
        self._end = weakref.finalize(self, _end, ours, self._pid, os.getpid())

    def ask(self, request: dict[str, object]) -> dict[str, Any]:
        """The reply to a request; Gone where there is none."""
        if self._reason:
            raise Gone(self._reason)
        try:
            wire.send(self._socket, wire.pickled(request), SECONDS)
            reply = wire.unpack(*wire.receive(self._socket, SECONDS, None if LIMITED else self._watch))
            if not _is_reply(reply):
                raise ValueError("a message of no known form")
            return reply
        except TimeoutError:
            self._leave(f"has not returned after {SECONDS:g} seconds")
        except (EOFError, OSError):
            self._leave("ends its process")
        except ValueError as error:
            self._leave(f"gives no answer ({error})")
        except _TooMuch as error:
            self._leave(str(error))
        raise Gone(self._reason)

    def close(self) -> None:
        """End the process."""
        self._leave("has been ended")

    def _leave(self, reason: str) -> None:
        how = self._end()
        self._reason = self._reason or (f"{reason} ({how})" if reason == "ends its process" else reason)

    def _watch(self) -> None:
        """Where the system keeps no bound on memory: end the process once it has more."""
        if _resident(self._pid) > child.MEMORY:
            raise _TooMuch(f"needs more than {child.MEMORY >> 30} GB of memory")


class _TooMuch(Exception):
    """Beyond the bound of memory."""


def _is_reply(reply: object) -> TypeGuard[dict[str, Any]]:
    """Has it one of the forms that `child` answers in?"""
    match reply:
        case {"functions": dict(functions)}:
            return all(isinstance(f, (str, list)) for f in functions.values())
        case {"raised": str(), "text": str(), "line": None | int(), "value error": bool()} | {"unbound": str()}:
            return True
        case {"checked": dict()}:
            return True
        case {"value": _, "changed": list(names)}:
            return all(isinstance(n, str) for n in names)
    return False


LIMITED = sys.platform == "linux"  # does the system end what goes beyond its bound of memory?


def may_fork() -> bool:
    """Is a copy of this process safe? Other systems' libraries do not bear it, nor do locks that a thread holds."""
    return (sys.platform == "linux" and threading.active_count() == 1) or not sys.executable


def _forked(ours: socket.socket, theirs: socket.socket) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries, which see to it themselves
        pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            child.main(theirs)
        finally:
            os._exit(1)
    return pid


def _started(theirs: socket.socket) -> int:
    path = [os.path.abspath(p) for p in sys.path]
    arguments = [sys.executable, "-P", "-c", _START, json.dumps([theirs.fileno(), path])]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        arguments, stdin=silent, stdout=silent, stderr=silent, pass_fds=[theirs.fileno()], start_new_session=True
    )
    process.returncode = 0  # it is waited for here
    return process.pid


def _end(channel: socket.socket, pid: int, parent: int) -> str:
    """End the process and all that it has started, and wait until it is gone; says how it ended.

    One that has ended by itself keeps its status, and its number until it is waited for.
    """
    if os.getpid() != parent:
        return ""
    channel.close()
    for end in (os.kill, os.killpg):
        with contextlib.suppress(OSError):
            end(pid, signal.SIGKILL)
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except OSError:  # someone else has waited for it
        return "without a word"
    return f"exit status {code}" if code >= 0 else f"signal {_signal(-code)}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _resident(pid: int) -> int:
    """The memory that a process has, in bytes; 0 where the system does not say."""
    try:
        found = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, timeout=10, check=True)
        return int(found.stdout) * 1024
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
