"""The words of the language as Python objects, so that a network file can also be run."""

from __future__ import annotations

from typing import Any


class Size:
    """A size that stands in an annotation; arithmetic gives another, nothing is computed."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: object) -> Size:
        return Size(f"{self} + {other}")

    def __radd__(self, other: object) -> Size:
        return Size(f"{other} + {self}")

    def __sub__(self, other: object) -> Size:
        return Size(f"{self} - {other}")

    def __rsub__(self, other: object) -> Size:
        return Size(f"{other} - {self}")

    def __mul__(self, other: object) -> Size:
        return Size(f"({self}) * {other}")

    def __rmul__(self, other: object) -> Size:
        return Size(f"{other} * ({self})")

    def __getitem__(self, at: object) -> Size:
        return Size(f"{self}[{at}]")


class _Kind:
    """`Data[N, D]` as an annotation."""

    def __class_getitem__(cls, sizes: object) -> Any:
        return cls


class Data(_Kind):
    """An input that the loss is not differentiated by."""


class Param(_Kind):
    """An input that the loss is differentiated by."""


class Labels(_Kind):
    """An array of positions, usable as a subscript; its last size is what they count up to."""


class Array(_Kind):
    """An argument of a function."""


def dims(names: str) -> Any:
    """Symbolic sizes: `N, D = dims("N D")`."""
    sizes = [Size(name) for name in names.replace(",", " ").split()]
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


class Unknown:
    """An unknown function, `f = function("f")`; it stands in networks and cannot be called."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"function({self.name!r})"


def function(name: str) -> Unknown:
    """An unknown function, applied entry by entry."""
    return Unknown(name)
