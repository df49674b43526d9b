"""Matrix forms of tensors of more dimensions: slice by slice, `S[n] = Q[n] K[n]^T / sqrt(E)` for every n."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.matrix.find import Shapes, matrix_form
from symbp.matrix.guards import by_cases
from symbp.matrix.nodes import Matrix


@dataclass(frozen=True, slots=True)
class SliceForm:
    """The matrix for each value of the letters `lead`; its rows and columns are those of `indices`."""

    lead: tuple[Index, ...]
    indices: tuple[Index, ...]
    matrix: Matrix


def slice_form(equation: Equation, shapes: Shapes, steps: Iterable[Poly] = ()) -> SliceForm | None:
    """The form with as few letters in front as it has, at least those that run over `steps`; else None."""
    indices = equation.indices
    for count in _counts(indices, tuple(steps)):
        matrix = matrix_form(indices[count:], by_cases(equation.body), shapes, equation.call)
        if matrix is not None:
            return SliceForm(indices[:count], indices[count:], matrix)
    return None


def _counts(indices: tuple[Index, ...], steps: tuple[Poly, ...]) -> Iterator[int]:
    """How many letters may stand in front: all but two or one, and the leading letters of recurrences in any case."""
    rank = len(indices)
    first = next((k for k, i in enumerate(indices) if i.stop not in steps), rank)
    yield from (k for k in dict.fromkeys((max(first, rank - 2), rank - 1)) if first <= k < max(rank, 1) and k >= 0)
