"""Finding the network that a command's argument stands for: a built-in name, `file.py`, or `file.py:function`.

What goes out is text; a network file is read, never run.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from symbp import networks
from symbp.errors import SymbpError
from symbp.escape import Prose
from symbp.notation.read import list_networks, read_network

LARGEST = 1_000_000  # bytes of a network file


class SourceError(SymbpError):
    """A name or a file that no network can be read from."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a network, where it is from, and which of the file's networks is meant."""

    text: str
    path: str
    name: str


def find_sources(net: str) -> tuple[Source, ...]:
    """The networks that NET stands for: a built-in name, `file.py` (all of its networks), or `file.py:function`."""
    if net in networks.names():
        return (Source(*networks.source(net), net),)
    path, _, function = net.partition(":") if ".py:" not in net else net.rpartition(":")
    if path.endswith(".py") and net.endswith(":"):
        raise SourceError(f"{net}: expected the name of a network after the colon")
    if not path.endswith(".py"):
        raise SourceError(_unknown(net))
    text = _read(path)
    names = list_networks(text, path)
    if not names:
        raise SourceError(f"{path}: no network in it; a network is a function under @network")
    if function and function not in names:
        raise SourceError(f"{path}: no network {function!r} in it; it has {', '.join(names)}")
    return tuple(Source(text, path, name) for name in ((function,) if function else names))


def find_source(net: str) -> Source:
    """The one network that NET stands for."""
    sources = find_sources(net)
    if len(sources) > 1:
        choices = ", ".join(f"{net}:{s.name}" for s in sources)
        raise SourceError(f"{net}: has {len(sources)} networks; say which: {choices}")
    return sources[0]


def built_in() -> tuple[tuple[str, Prose], ...]:
    """Each built-in network's name and the first line of its text."""
    return tuple((name, read_network(*networks.source(name), name).doc.first_line) for name in networks.names())


def _unknown(net: str) -> str:
    near = difflib.get_close_matches(net, networks.names(), 1)
    hint = f"did you mean {near[0]}?" if near else "'symbp list' shows them; a file's name ends in .py"
    return f"no built-in network {net!r}; {hint}"


def _read(path: str) -> str:
    """The text of a file of no more than `LARGEST` bytes; anything else than a file may never end."""
    try:
        # A FIFO or a device is opened without waiting for it, and then not read.
        place = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(place, "rb") as file:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                raise SourceError(f"{path}: cannot be read: it is {_kind(os.fstat(place).st_mode)} and not a file")
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > LARGEST:
        raise SourceError(f"{path}: has more than {LARGEST:,} bytes: too large for a network")
    return _decoded(data, path)


def _decoded(data: bytes, path: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SourceError(f"{path}:{line}: not a text: it has a null character")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _kind(mode: int) -> str:
    """What it is that is no file."""
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    return next((what for test, what in kinds if test(mode)), "a device")


def every_built_in() -> tuple[Source, ...]:
    """All built-in networks."""
    return tuple(Source(*networks.source(name), name) for name in networks.names())


def distinct(sources: Iterable[Source]) -> tuple[Source, ...]:
    """The sources, each once; SourceError where two different networks would be written into the same folder."""
    kept: dict[str, Source] = {}
    for source in sources:
        if kept.setdefault(source.name, source) != source:
            first = kept[source.name].path
            raise SourceError(f"two networks are called {source.name}: in {first} and in {source.path}")
    return tuple(kept.values())
