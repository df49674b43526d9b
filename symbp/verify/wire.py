"""Numbers, texts and arrays between two processes, with nothing in them that could run: JSON, then the arrays' bytes.

A message is two lengths, a tree as JSON and the arrays' bytes one after the other, each beginning at a multiple of 16.
What cannot be sent so (an object of some class, an array of objects) arrives as an `Opaque` with the name of its type.
What arrives is checked: a message that is not one is a ValueError, and none is larger than `MOST` bytes.
"""

from __future__ import annotations

import json
import pickle
import re
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

MOST = 1 << 30
DEEPEST = 16  # levels of a tree
_LENGTHS = struct.Struct("<QQ")
_NUMERIC = re.compile(r"[<>|=]?[biufc][0-9]{1,2}")
_STEP = 16


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that stayed where it is; `name` is that of its type."""

    name: str


def pickled(value: object) -> bytes:
    """A message to a process that trusts its sender."""
    data = pickle.dumps(value, 5)
    return _LENGTHS.pack(len(data), 0) + data


def pack(value: object) -> bytes:
    """A message."""
    arrays: list[bytes] = []
    tree = json.dumps(_tree(value, arrays, 0)).encode("ascii")
    data = b"".join(arrays)
    return b"".join((_LENGTHS.pack(len(tree), len(data)), tree, data))


def _tree(value: object, arrays: list[bytes], depth: int) -> object:
    if value is None or isinstance(value, (bool, float)):
        return value if type(value) in (type(None), bool, float) else _tree(float(value), arrays, depth)  # type: ignore[arg-type]
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 63 else ["opaque", type(value).__name__]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, np.ndarray):
        return _array(np.asarray(value), arrays)
    if depth == DEEPEST:
        return ["opaque", type(value).__name__]
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return [kind, *(_tree(v, arrays, depth + 1) for v in value)]
    if isinstance(value, Mapping):
        return ["dict", *([str(k), _tree(v, arrays, depth + 1)] for k, v in value.items())]
    return _converted(value, arrays)


def _converted(value: object, arrays: list[bytes]) -> object:
    """Whatever NumPy takes for an array of numbers, as a scalar of its own or an array of another library."""
    try:
        array = np.asarray(value)
    except Exception:
        return ["opaque", type(value).__name__]
    return _array(array, arrays) if array.dtype != object else ["opaque", type(value).__name__]


def _array(array: np.ndarray[Any, Any], arrays: list[bytes]) -> object:
    shape = list(array.shape)
    if not _NUMERIC.fullmatch(array.dtype.str):
        return ["other", array.dtype.kind, shape]
    data = array.tobytes()
    arrays.append(data + bytes(-len(data) % _STEP))
    return ["array", array.dtype.str, shape]


def unpack(tree: bytes, data: bytearray) -> Any:
    """What a message holds; its arrays are views of `data`."""
    try:
        parsed = json.loads(tree)
        place = 0

        def array(dtype: str, shape: list[int]) -> np.ndarray[Any, Any]:
            nonlocal place
            if not _NUMERIC.fullmatch(dtype) or any(type(n) is not int or n < 0 for n in shape):
                raise ValueError("no array of numbers")
            count = prod(shape)
            found = np.frombuffer(data, dtype, count, place).reshape(shape)
            place += found.nbytes + -found.nbytes % _STEP
            return found

        return _value(parsed, array)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError, MemoryError) as error:
        raise ValueError(f"a message that cannot be read: {error}") from error


def _value(tree: Any, array: Callable[[str, list[int]], Any]) -> Any:
    match tree:
        case ["array", str(dtype), list(shape)]:
            return array(dtype, shape)
        case ["other", str(kind), list(shape)]:
            return np.broadcast_to(np.zeros((), {"U": "U1", "S": "S1"}.get(kind, "O")), shape)
        case ["opaque", str(name)]:
            return Opaque(name[:100])
        case ["list", *parts]:
            return [_value(p, array) for p in parts]
        case ["tuple", *parts]:
            return tuple(_value(p, array) for p in parts)
        case ["dict", *parts]:
            return {str(k): _value(v, array) for k, v in parts}
        case None | bool() | int() | float() | str():
            return tree
    raise ValueError("an unknown form")


# --- over a socket


def send(to: socket.socket, message: bytes, seconds: float | None) -> None:
    """Send a message; TimeoutError or OSError where that fails."""
    to.settimeout(seconds)
    to.sendall(message)


def receive(
    source: socket.socket, seconds: float | None, watch: Callable[[], None] | None = None
) -> tuple[bytes, bytearray]:
    """The next message; EOFError where the other side has ended. `watch` is called every second of waiting."""
    end = None if seconds is None else time.monotonic() + seconds
    lengths = _LENGTHS.unpack(_exactly(source, _LENGTHS.size, end, watch))
    if sum(lengths) > MOST:
        raise ValueError(f"a message of {sum(lengths)} bytes, more than {MOST}")
    tree = bytes(_exactly(source, lengths[0], end, watch))
    return tree, _exactly(source, lengths[1], end, watch)


def _exactly(source: socket.socket, count: int, end: float | None, watch: Callable[[], None] | None) -> bytearray:
    data = bytearray(count)
    view, found = memoryview(data), 0
    while found < count:
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        source.settimeout(left if left is None or watch is None else min(left, 1.0))
        try:
            got = source.recv_into(view[found:])
        except TimeoutError:
            if watch is not None:
                watch()
            continue
        if not got:
            raise EOFError
        found += got
    return data
