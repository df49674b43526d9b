"""What the comparisons with PyTorch share: an emitted module as an object, random inputs, relative errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import numpy as np

from symbp.pipeline import Build
from symbp.sources import Source, find_source

BOUND = 1e-12


def module_of(text: str, name: str) -> ModuleType:
    """The text of a module as a module."""
    module = ModuleType(name)
    exec(compile(text, f"{name}/gradients.py", "exec"), module.__dict__)
    return module


@cache
def built_in_module(name: str) -> ModuleType:
    """The module that symbp writes for a built-in network."""
    return module_of(Build(find_source(name)).module[0], name)


def module_from(source: str, name: str) -> ModuleType:
    """The module that symbp writes for a network given as text."""
    return module_of(Build(Source(source, f"{name}.py", name)).module[0], name)


def draw_sizes(module: ModuleType, rng: np.random.Generator) -> dict[str, int]:
    """A different random size for every name in the module's shapes."""
    names = dict.fromkeys(
        word
        for shape in module.SHAPES.values()
        for extent in shape
        if isinstance(extent, str)
        for word in _words(extent)
    )
    return dict(zip(names, (int(k) for k in rng.permutation(np.arange(2, 2 + max(9, len(names))))), strict=False))


def _words(extent: str) -> list[str]:
    return [w for w in "".join(c if c.isalnum() or c == "_" else " " for c in extent).split() if w[0].isalpha()]


def shape_of(module: ModuleType, name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a tensor at those sizes."""
    return tuple(k if isinstance(k, int) else eval(k, {}, dict(sizes)) for k in module.SHAPES[name])


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


def draw_inputs(module: ModuleType, draws: Mapping[str, Draw], seed: int) -> dict[str, np.ndarray]:
    """Random data and parameters at random sizes."""
    rng = np.random.default_rng(seed)
    sizes = draw_sizes(module, rng)
    names = (*module.DATA, *module.PARAMETERS)
    return {n: np.asarray(draws.get(n, normal)(rng, shape_of(module, n, sizes))) for n in names}


def relative_error(a: np.ndarray | float, b: np.ndarray | float, floor: float = 0.0) -> float:
    """|a - b| / |b| in the Euclidean norm, by `floor` where |b| is less; the difference itself where that is zero."""
    scale = max(norm(b), floor)
    return norm(np.asarray(a) - np.asarray(b)) / (scale or 1.0)


def norm(a: np.ndarray | float) -> float:
    """The Euclidean norm of all entries."""
    return float(np.linalg.norm(np.ravel(a)))
