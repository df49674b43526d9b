"""From the bytes of an ONNX file to its operations: the wire format of protocol buffers, as far as a model needs it.

The numbers of the fields are those of onnx.proto. It is data: nothing is run, and arrays in other files are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.importing.graph import Refused

Array = np.ndarray[Any, Any]
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
# TensorProto.DataType: what NumPy calls it, and the number of the field that may hold it instead of raw bytes.
TYPES = {1: ("<f4", 4), 6: ("<i4", 5), 7: ("<i8", 7), 9: ("?", 5), 11: ("<f8", 10)}
Fields = dict[int, list[int | bytes]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A node: its operator, what it reads ("" where nothing is given), what it makes, its attributes."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    name: str = ""

    def get(self, name: str, default: Any) -> Any:
        return self.attributes.get(name, default)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: inputs with their types and shapes (a name for a size that is free), arrays, operations, outputs."""

    inputs: Mapping[str, tuple[int, tuple[int | str, ...]]]
    arrays: Mapping[str, Array]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...] = field(default=())


def read_onnx(data: bytes) -> Model:
    """The model of a file; Refused where it is none."""
    try:
        graph = _fields(_one(_fields(data), 7))
        arrays = {_text(t, 8): _array(t) for t in map(_fields, _all(graph, 5))}
        inputs = dict(_input(_fields(v)) for v in _all(graph, 11))
        return Model(
            {name: kind for name, kind in inputs.items() if name not in arrays},
            arrays,
            tuple(_operation(_fields(n)) for n in _all(graph, 1)),
            tuple(_text(_fields(v), 1) for v in _all(graph, 12)),
        )
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, UnicodeDecodeError) as error:
        raise Refused(f"not an ONNX model, or one with something unknown: {error!r}") from error


# --- the wire


def _fields(data: bytes) -> Fields:
    """The fields of a message, each with its values in order."""
    found: Fields = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == VARINT:
            value, place = _varint(data, place)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
            value, place = data[place : place + size], place + size
        elif kind == BYTES:
            size, place = _varint(data, place)
            value, place = data[place : place + size], place + size
        else:
            raise ValueError(f"a field of kind {kind}")
        if place > len(data):
            raise ValueError("the file ends within a field")
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, place
    raise ValueError("a number of more than 64 bits")


def _all(fields: Fields, number: int) -> list[bytes]:
    return [v for v in fields.get(number, []) if isinstance(v, bytes)]


def _one(fields: Fields, number: int) -> bytes:
    return _all(fields, number)[-1]


def _text(fields: Fields, number: int) -> str:
    found = _all(fields, number)
    return found[-1].decode() if found else ""


def _int(fields: Fields, number: int, default: int = 0) -> int:
    value = fields.get(number, [default])[-1]
    if not isinstance(value, int):
        raise ValueError("bytes in the place of a number")
    return value - (1 << 64) if value >> 63 else value


def _ints(fields: Fields, number: int) -> list[int]:
    """Repeated numbers, packed or not."""
    return list(_numbers(fields, number))


def _numbers(fields: Fields, number: int) -> Iterator[int]:
    for value in fields.get(number, []):
        parts = [value] if isinstance(value, int) else _packed(value)
        yield from (p - (1 << 64) if p >> 63 else p for p in parts)


def _packed(data: bytes) -> list[int]:
    found, place = [], 0
    while place < len(data):
        value, place = _varint(data, place)
        found.append(value)
    return found


# --- the messages


def _array(fields: Fields) -> Array:
    """A TensorProto; its shape is field 1, its type 2, raw bytes 9."""
    code = _int(fields, 2)
    if code not in TYPES or _all(fields, 13) or _int(fields, 14):
        raise ValueError(f"an array of type {code}, or one in another file")
    kind, where = TYPES[code]
    shape = _ints(fields, 1)
    if _all(fields, 9):
        flat = np.frombuffer(_one(fields, 9), kind)
    elif kind[1] == "f":
        flat = np.frombuffer(b"".join(_all(fields, where)), kind)
    else:
        flat = np.array(_ints(fields, where), np.int64).astype(kind)
    return flat.reshape(shape)


def _input(fields: Fields) -> tuple[str, tuple[int, tuple[int | str, ...]]]:
    """A ValueInfoProto: its name, its type and its shape."""
    tensor = _fields(_one(_fields(_one(fields, 2)), 1))
    shape = _fields(_one(tensor, 2)) if _all(tensor, 2) else {}
    sizes = [_size(_fields(d)) for d in _all(shape, 1)]
    return _text(fields, 1), (_int(tensor, 1), tuple(sizes))


def _size(fields: Fields) -> int | str:
    return _int(fields, 1) if 1 in fields else _text(fields, 2)


def _operation(fields: Fields) -> Operation:
    """A NodeProto."""
    domain = _text(fields, 7)
    attributes = dict(_attribute(_fields(a)) for a in _all(fields, 5))
    inputs, outputs = ([v.decode() for v in _all(fields, k)] for k in (1, 2))
    kind = _text(fields, 4)
    return Operation(
        f"{domain}.{kind}" if domain else kind, tuple(inputs), tuple(outputs), attributes, _text(fields, 3)
    )


def _attribute(fields: Fields) -> tuple[str, Any]:
    name, kind = _text(fields, 1), _int(fields, 20)
    match kind:
        case 1:
            return name, float(np.frombuffer(_one(fields, 2), "<f4")[0])
        case 2:
            return name, _int(fields, 3)
        case 3:
            return name, _text(fields, 4)
        case 4:
            return name, _array(_fields(_one(fields, 5)))
        case 6:
            return name, tuple(map(float, np.frombuffer(b"".join(_all(fields, 7)), "<f4")))
        case 7:
            return name, tuple(_ints(fields, 8))
    return name, None
