"""What a statement may be written with: the names in scope, their values just then, and the numbers among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from symbp.review.trees import of, parse

Shape = tuple[int, ...]
Found = Iterator[tuple[str, ast.expr]]
MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that may stand in a statement, each with its value just then, and which were written over in place."""

    values: Mapping[str, np.ndarray]
    before: Mapping[str, str] = field(default_factory=dict)  # a name to what stands for its former value
    forward: frozenset[str] = frozenset()  # the names of what the loss is made of
    earlier: frozenset[str] = frozenset()  # the names that have been assigned elsewhere before
    bounds: tuple[str, ...] = ()  # of slices, as they stand elsewhere

    def shape(self, node: ast.expr) -> Shape | None:
        """The shape of a name or an attribute, where it is known."""
        value = self.values.get(ast.unparse(node))
        return None if value is None else value.shape

    def like(self, shape: Shape) -> list[str]:
        """The names with that shape."""
        return [n for n, v in self.values.items() if v.shape == shape and v.dtype.kind in "fiub"][:MOST_NAMES]

    def scalars(self) -> list[str]:
        """The names and sizes that are single numbers other than 0 and 1."""
        found = [n for n, v in self.values.items() if v.ndim == 0 and v.dtype.kind in "fi" and abs(v) not in (0, 1)]
        sizes = {
            s: f"{n}.shape[{k}]"
            for n, v in reversed(list(self.values.items()))
            if n.isidentifier()
            for k, s in enumerate(v.shape)
            if s > 1
        }
        known = {int(self.values[n]) for n in found if float(self.values[n]).is_integer()}
        return [*found, *(text for size, text in sizes.items() if size not in known)]


def is_scalar(node: ast.expr, scope: Scope) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("len", "float", "np.sqrt", "math.sqrt", "np.prod")
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".shape"):
        return True
    if isinstance(node, ast.BinOp):
        return is_scalar(node.left, scope) and is_scalar(node.right, scope)
    return scope.shape(node) == () or (isinstance(node, ast.Attribute) and node.attr == "size")


def numbers(scope: Scope) -> Iterator[ast.expr]:
    yield from (parse(t) for t in ("2", "0.5"))
    for scalar in scope.scalars():
        yield parse(scalar)
        yield of("np.sqrt(n)", n=parse(scalar))
