"""Lists of arrays in a module: their lengths, the widths that differ by layer, and how they are written in a check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.core.integers import DimAt, Poly
from symbp.core.network import Tensor
from symbp.emit.formula import size
from symbp.emit.layout import tuple_of
from symbp.emit.words import LEN, RANGE
from symbp.errors import MissingRule


def is_list(tensor: Tensor) -> bool:
    """Is it a list of arrays, one for each value of its first index?"""
    return tensor.each is not None


def families(tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """The names of the widths that differ by layer: the D of `D[l + 1]`."""
    found = (a.name for t in tensors for e in t.shape for a in e.atoms_of(DimAt))
    return tuple(dict.fromkeys(found))


def rows(tensor: Tensor, plain: str, listed: str) -> str:
    """A text for each array of a tensor, to stand in a tuple; `{}` is its name, `{l}` the position in the list."""
    if tensor.each is None:
        return plain
    return f"*({listed} for {tensor.each.name} in {RANGE}({LEN}({tensor.name})))"


def extents(given: Sequence[Tensor]) -> list[tuple[Tensor, str, Poly]]:
    """Each extent with the Python that says how large it is; those that differ by layer are left out."""
    found = []
    for t in given:
        for k, e in enumerate(t.shape):
            if t.each is None:
                found.append((t, f"{t.name}.shape[{k}]", e))
            elif k == 0:
                found.append((t, f"{LEN}({t.name})", e))
            else:
                found.append((t, f"{t.name}[0].shape[{k - 1}]", e))
    return [(t, code, e) for t, code, e in found if not e.atoms_of(DimAt)]


def check_lengths(given: Sequence[Tensor]) -> list[str]:
    """A line that checks how many arrays each list has."""
    lists = [t for t in given if t.each is not None]
    if not lists:
        return []
    names = tuple_of(tuple(f'"{t.name}"' for t in lists))
    return [f"_check_lengths({names}, {tuple_of(tuple(t.name for t in lists))}, {_lengths(lists)})"]


def _lengths(lists: list[Tensor]) -> str:
    return tuple_of(tuple(size(t.shape[0]).code for t in lists))


def widths(given: Sequence[Tensor]) -> list[str]:
    """A line for each family of widths: `D = (x.shape[1], *(_.shape[1] for _ in W))`."""
    return [f"{name} = {_width(name, given)}" for name in families(given)]


def _width(name: str, given: Sequence[Tensor]) -> str:
    axes = list(_axes(name, given))
    after = next(((t, k) for t, k, ahead in axes if ahead == 1), None)
    here = next(((t, k) for t, k, ahead in axes if ahead == 0), None)
    if here is None and after is None:
        raise MissingRule(f"emit/lists.py cannot solve {name} from the shapes: expected a list with {name}[l] in it")
    if after is None:
        assert here is not None
        return f"tuple(_.shape[{here[1]}] for _ in {here[0].name})"
    first = f"{here[0].name}[0].shape[{here[1]}]" if here else _first(name, given)
    return f"({first}, *(_.shape[{after[1]}] for _ in {after[0].name}))"


def _axes(name: str, given: Sequence[Tensor]) -> Iterator[tuple[Tensor, int, int | None]]:
    """The axes of lists with a width of that name, and how far ahead of the list's index it is."""
    for t in given:
        for k, e in enumerate(t.shape):
            if t.each is not None and isinstance(e.atom, DimAt) and e.atom.name == name:
                yield t, k - 1, (e.atom.at - t.each).constant


def _first(name: str, given: Sequence[Tensor]) -> str:
    for t in given:
        for k, e in enumerate(t.shape):
            if t.each is None and isinstance(e.atom, DimAt) and e.atom.name == name and e.atom.at == Poly():
                return f"{t.name}.shape[{k}]"
    raise MissingRule(f"emit/lists.py cannot solve {name}[0] from the shapes")
