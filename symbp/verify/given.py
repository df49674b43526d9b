"""A user's own sizes and numbers for the example: read from a file that may hold anything, held against the network.

A file is data: nothing in it is run, no more of it is read than an example can hold, and what is wrong is a message.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from symbp.core.integers import Poly
from symbp.core.network import LABELS, Network, Tensor
from symbp.errors import SymbpError
from symbp.verify.extents import is_plain, names_of, value_of
from symbp.verify.grid import Array
from symbp.verify.scope import Key

MOST_SIZE = 64  # of a named size
MOST_NUMBERS = 1_500  # in a file
MOST_BYTES = 1 << 20  # of a file, and of what is packed in it
NUMERIC = "fiub"  # kinds of arrays that are read


class GivenError(SymbpError):
    """Sizes or numbers that do not go with the network."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a user gave: sizes by name, and the entries of inputs."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Mapping[Key, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sizes or self.values)


NOTHING = Given()


def given_for(network: Network, sizes: Mapping[str, int], path: Path | None) -> Given:
    """Sizes and numbers that go with the network; GivenError says what does not."""
    known = {d.name for d in network.dims}
    for name, size in sizes.items():
        if name not in known:
            have = ", ".join(sorted(known)) or "none"
            raise GivenError(f"--sizes: {network.name} has no size {name!r}; it has {have}")
        if not 1 <= size <= MOST_SIZE:
            raise GivenError(f"--sizes: {name} = {size} is not from 1 to {MOST_SIZE}")
    arrays = {} if path is None else _read(path)
    found, values = dict(sizes), dict[str, Mapping[Key, float]]()
    for name, array in arrays.items():
        tensor = _tensor(network, name)
        _fit(tensor, array, found)
        values[name] = _entries(tensor, array)
    for name, array in arrays.items():
        _demand_shape(_tensor(network, name), array, found)
    return Given(found, values)


def _read(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise GivenError(f"--data: {path} is larger than {MOST_BYTES} bytes, which is no example")
        with zipfile.ZipFile(path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_BYTES:
                raise GivenError(f"--data: {path} unpacks to more than {MOST_BYTES} bytes, which is no example")
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in file.files}
    except GivenError:
        raise
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise GivenError(f"--data: {path} is no .npz file of numbers: {error}") from error


def _tensor(network: Network, name: str) -> Tensor:
    tensor = network.tensor(name)
    if tensor is None:
        have = ", ".join(t.name for t in network.inputs)
        raise GivenError(f"--data: {network.name} has no input {name!r}; it has {have}")
    if tensor.each is not None:
        raise GivenError(f"--data: {name} is a list of arrays, one for each layer, which cannot be given")
    return tensor


def _fit(tensor: Tensor, array: Array, sizes: dict[str, int]) -> None:
    """Take from an array's shape the sizes that are not known yet."""
    if array.ndim != len(tensor.shape):
        raise GivenError(f"--data: {tensor.name} has {array.ndim} dimensions, expected {len(tensor.shape)}")
    if array.size > MOST_NUMBERS:
        raise GivenError(f"--data: {tensor.name} has {array.size} numbers; an example has at most {MOST_NUMBERS}")
    for extent, count in zip(tensor.shape, array.shape, strict=True):
        for name in names_of(extent) if len(names_of(extent)) == 1 and is_plain(extent) else ():
            sizes.setdefault(name, _solved(extent, name, count))


def _solved(extent: Poly, name: str, count: int) -> int:
    """The size with which an extent is as long as the array; where there is none, the shape will be refused."""
    return next((k for k in range(1, MOST_SIZE + 1) if value_of(extent, {name: k}) == count), count)


def _demand_shape(tensor: Tensor, array: Array, sizes: Mapping[str, int]) -> None:
    for place, (extent, count) in enumerate(zip(tensor.shape, array.shape, strict=True)):
        if not is_plain(extent) or any(n not in sizes for n in names_of(extent)):
            continue
        wanted = value_of(extent, sizes)
        if wanted != count:
            raise GivenError(f"--data: dimension {place} of {tensor.name} is {count}, expected {extent} = {wanted}")
        if not 1 <= count <= MOST_SIZE:
            raise GivenError(f"--data: dimension {place} of {tensor.name} is {count}, not from 1 to {MOST_SIZE}")
    if tensor.kind == LABELS and tensor.classes is not None and all(n in sizes for n in names_of(tensor.classes)):
        classes = value_of(tensor.classes, sizes)
        array = array if tensor.absent is None else array[array != tensor.absent]
        if array.size and not 0 <= int(array.min()) <= int(array.max()) < classes:
            raise GivenError(f"--data: {tensor.name} holds labels from 0 to {classes - 1}; others were given")


def _entries(tensor: Tensor, array: Array) -> dict[Key, float]:
    if array.dtype.kind not in NUMERIC:
        raise GivenError(f"--data: {tensor.name} holds {array.dtype}, which are no real numbers")
    if tensor.kind == LABELS and array.dtype.kind == "f":
        raise GivenError(f"--data: {tensor.name} holds labels, which are integers; {array.dtype} was given")
    values = {key: float(array[key]) for key in _keys(array.shape)}
    wrong = next((key for key, v in values.items() if not math.isfinite(v)), None)
    if wrong is not None:
        raise GivenError(f"--data: {tensor.name}{list(wrong)} is not finite")
    return {k: int(v) for k, v in values.items()} if tensor.kind == LABELS else values


def _keys(shape: tuple[int, ...]) -> Iterator[Key]:
    return product(*map(range, shape))
