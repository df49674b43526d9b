"""Between the interpreter's entries and a module's arrays.

A tensor is a dictionary of entries here, an array there, and a list of arrays, one for each layer, where its shape
depends on the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symbp.core.network import LABELS, Network, Tensor
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes
from symbp.verify.systems import Value
from symbp.verify.world import is_list

Array = np.ndarray[Any, np.dtype[Any]]
# The arrays that a tensor is made of, each with the subscripts that lead to it: one with none, or one for each layer.
Parts = list[tuple[Key, Array]]


def to_parts(tensor: Tensor, entries: Mapping[Key, Value], dtype: str = "float64") -> Parts:
    """The arrays that hold the entries."""
    kind = "int64" if tensor.kind == LABELS else dtype
    if not is_list(tensor):
        return [((), _fill(entries, kind, len(tensor.shape)))]
    layers: dict[int, dict[Key, Value]] = {}
    for key, value in entries.items():
        layers.setdefault(key[0], {})[key[1:]] = value
    return [((layer,), _fill(part, kind, len(tensor.shape) - 1)) for layer, part in sorted(layers.items())]


def arguments(
    network: Network, sizes: Sizes, inputs: Mapping[str, Mapping[Key, Value]], dtype: str = "float64"
) -> dict[str, Parts]:
    """What a module is called with: the arrays of every input, and the sizes that no shape of these tells."""
    parts = {t.name: to_parts(t, inputs[t.name], dtype) for t in network.inputs}
    return parts | told(network, sizes)


def told(network: Network, sizes: Sizes) -> dict[str, Parts]:
    """The sizes that no shape tells, as what a module is called with."""
    return {d.name: [((), np.asarray(sizes[d.name]))] for d in network.given}


def _fill(entries: Mapping[Key, Value], dtype: str, rank: int) -> Array:
    shape = tuple(1 + max((key[axis] for key in entries), default=-1) for axis in range(rank))
    array = np.zeros(shape, dtype)
    for key, value in entries.items():
        array[key] = value
    return array


def as_argument(tensor: Tensor, parts: Parts) -> Any:
    """What a module is called with."""
    return [array for _, array in parts] if is_list(tensor) else parts[0][1]


def result_parts(tensor: Tensor, value: Any) -> Parts:
    """The parts of what a module returned for a tensor."""
    if is_list(tensor):
        return [((layer,), np.asarray(part)) for layer, part in enumerate(value)]
    return [((), np.asarray(value))]


def flat(parts: Parts) -> dict[Key, float]:
    """The entries of the arrays."""
    return {(*head, *key): float(value) for head, array in parts for key, value in np.ndenumerate(array)}


def shapes(parts: Parts) -> list[tuple[int, ...]]:
    """The shape of each array."""
    return [array.shape for _, array in parts]
