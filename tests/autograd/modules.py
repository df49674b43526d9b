"""What the comparisons with PyTorch share: an emitted module as an object, random inputs, relative errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import numpy as np

from symbp.pipeline import Build
from symbp.sources import Source
from tests.shared import build_of

BOUND = 1e-12
MOST_LAYERS = 12


def module_of(text: str, name: str) -> ModuleType:
    """The text of a module as a module."""
    module = ModuleType(name)
    exec(compile(text, f"{name}/gradients.py", "exec"), module.__dict__)
    return module


@cache
def built_in_module(name: str) -> ModuleType:
    """The module that symbp writes for a built-in network."""
    return module_of(build_of(name).module[0], name)


@cache
def module_from(source: str, name: str) -> ModuleType:
    """The module that symbp writes for a network given as text."""
    return module_of(Build(Source(source, f"{name}.py", name)).module[0], name)


Sizes = dict[str, int | tuple[int, ...]]
Ranges = Mapping[str, tuple[int, int]]
Array = np.ndarray | list[np.ndarray]


def draw_sizes(module: ModuleType, rng: np.random.Generator, ranges: Ranges | None = None) -> Sizes:
    """A different random size for every name in the module's shapes, one for each layer for `D` of `D[l]`.

    Names in `ranges` are drawn from these, whatever the others are.
    """
    extents = [e for shape in module.SHAPES.values() for e in shape if isinstance(e, str)]
    names = dict.fromkeys(word for extent in extents for word in _words(extent))
    drawn = (int(k) for k in rng.permutation(np.arange(2, 2 + max(9, len(names)))))
    sizes: Sizes = dict(zip(names, drawn, strict=False))
    sizes |= {name: int(rng.integers(*ends)) for name, ends in (ranges or {}).items()}
    by_layer = dict.fromkeys(name for extent in extents for name in re.findall(r"(\w+)\[", extent))
    return sizes | {name: tuple(map(int, rng.integers(2, 8, size=MOST_LAYERS + 1))) for name in by_layer}


def _words(extent: str) -> list[str]:
    """The names of sizes: of `l: L` that is L, of `D[l + 1]` there is none."""
    return re.findall(r"[A-Za-z_]\w*", re.sub(r"\w+\[[^]]*\]", "", extent.rpartition(":")[2]))


def shapes_of(module: ModuleType, name: str, sizes: Sizes) -> list[tuple[int, ...]] | tuple[int, ...]:
    """The shape of a tensor at those sizes; of a list of arrays the shape of each."""
    first, *rest = module.SHAPES[name] or ("",)
    letter, colon, length = str(first).rpartition(":")
    if not colon:
        return tuple(value_of(e, sizes) for e in module.SHAPES[name])
    layers = range(value_of(length.strip(), sizes))
    return [tuple(value_of(e, {**sizes, letter: k}) for e in rest) for k in layers]


def value_of(extent: int | str, sizes: Sizes) -> int:
    """An extent as it stands in a module's shapes, as a number."""
    return extent if isinstance(extent, int) else eval(extent, {}, dict(sizes))


Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Independent standard normal entries."""
    return rng.normal(size=shape)


def distribution(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows that are positive and sum to one."""
    values = rng.uniform(0.1, 1, size=shape)
    return values / values.sum(axis=-1, keepdims=True)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries between 0 and 1."""
    return rng.uniform(size=shape)


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Independent normal entries of deviation 1/2."""
    return rng.normal(size=shape) / 2


def draw_inputs(
    module: ModuleType, draws: Mapping[str, Draw], seed: int, ranges: Ranges | None = None
) -> dict[str, Array]:
    """Random data and parameters at random sizes."""
    rng = np.random.default_rng(seed)
    sizes = draw_sizes(module, rng, ranges)
    found: dict[str, Array] = {}
    for n in (*module.DATA, *module.PARAMETERS):
        draw = labels(value_of(module.LABELS[n], sizes)) if n in module.LABELS else draws.get(n, normal)
        shapes = shapes_of(module, n, sizes)
        listed = isinstance(shapes, list)
        found[n] = [draw(rng, shape) for shape in shapes] if listed else np.asarray(draw(rng, shapes))
    return found


def labels(classes: int) -> Draw:
    """Labels from 0 to `classes` - 1."""
    return lambda rng, shape: rng.integers(0, classes, size=shape)


def relative_error(a: Array | float, b: Array | float, floor: float = 0.0) -> float:
    """|a - b| / |b| in the Euclidean norm, by `floor` where |b| is less; the difference itself where that is zero."""
    scale = max(norm(b), floor)
    if isinstance(b, list):
        return norm([np.asarray(x) - np.asarray(y) for x, y in zip(a, b, strict=True)]) / (scale or 1.0)
    return norm(np.asarray(a) - np.asarray(b)) / (scale or 1.0)


def norm(a: Array | float) -> float:
    """The Euclidean norm of all entries, of such as have no square in float64 too."""
    flat = np.concatenate([np.ravel(x) for x in (a if isinstance(a, list) else [a])])
    largest = float(np.abs(flat).max(initial=0.0))
    if not 1e-100 < largest < 1e100:
        return largest * norm(flat / largest) if 0 < largest < np.inf else largest
    return float(np.linalg.norm(flat))
