"""What is put in the place of a value while a pass runs: the truth, or the value moved."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from symbp.review.probe import Put, alike, is_tensor
from symbp.review.trial import Array


def reads_known(text: str, values: Mapping[str, Array]) -> bool:
    """Has a slice names alone that are known as numbers, or that the module has?"""
    names = [n.id for n in ast.walk(ast.parse(f"_[{text}]")) if isinstance(n, ast.Name) and n.id != "_"]
    return all(n.isupper() or (n in values and not values[n].ndim) for n in names)


def slices(value: Array, step: int, steps: int, shape: tuple[int, ...]) -> Iterator[Array]:
    """Of that shape: all of it, or one step of it, turned perhaps."""
    parts = [value] if steps == 1 else [value[step]] if value.ndim and len(value) == steps else []
    for part in parts:
        if part.shape == shape:
            yield part
        if part.ndim == 2 and part.T.shape == shape:
            yield part.T


def putting(values: list[Array | None]) -> Put:
    """Another value at each time that a place is passed; None leaves it."""

    def put(count: int, value: Any) -> Any:
        new = values[count] if count < len(values) else None
        if new is None:
            return value
        return alike(value, new)

    return put


def moving(count: int, moved: Array, otherwise: Put | None) -> Put:
    def put(at: int, value: Any) -> Any:
        if at != count:
            return otherwise(at, value) if otherwise else value
        return alike(value, moved)

    return put


def nudge(count: int, value: Any) -> Any:
    if is_tensor(value):
        return value * 1.01 + 0.003 if value.is_floating_point() else value
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value * 1.01 + 0.003
    if isinstance(value, (float, np.floating)):
        return value * 1.01 + 0.003
    if isinstance(value, list) and value and all(isinstance(v, (float, int, np.generic)) for v in value):
        return [v * 1.01 + 0.003 for v in value]
    return value
