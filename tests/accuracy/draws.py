"""The data and parameters of one run in float32: at which scale, or with which exact zeros.

What obeys a fact is not scaled: distributions, one-hot rows, masks, signs, labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from tests.autograd.modules import Array, Draw, Ranges, distribution, draw_inputs, normal, unit
from tests.autograd.random_data import bits, positive, row_stochastic

SCALES = (1e-4, 1e-2, 1.0, 30.0, 1e3, 1e4)
SIZES = (2, 6)  # of every size that has no range of its own; the upper end is not taken


def one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows with a single 1."""
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries 1 or -1."""
    return rng.choice([-1.0, 1.0], size=shape)


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries 0, 1, 2, ..., as a Poisson variable gives."""
    return rng.poisson(2.0, size=shape).astype(float)


def fixed_positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries between 0.2 and 1.6 at every scale: a temperature, a margin, a weight."""
    return positive(rng, shape)


UNSCALED: tuple[Draw, ...] = (distribution, unit, bits, row_stochastic, one_hot, signs, counts, fixed_positive)
NONZERO: tuple[Draw, ...] = (*UNSCALED, positive)
Change = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def a_third(rng: np.random.Generator, a: np.ndarray) -> np.ndarray:
    return np.where(rng.uniform(size=a.shape) < 1 / 3, 0.0, a)


def a_row(rng: np.random.Generator, a: np.ndarray) -> np.ndarray:
    """The first row, of a vector the first entry."""
    changed = a.copy()
    changed[(..., 0, slice(None))[-a.ndim :] if a.ndim > 1 else 0] = 0.0
    return changed


def nothing(rng: np.random.Generator, a: np.ndarray) -> np.ndarray:
    return np.zeros_like(a)


@dataclass(frozen=True)
class Setting:
    """The factor of data and parameters, and what becomes of those that may be zero: all of them or one.

    `masks` is what all entries are of whatever is drawn from 0 and 1.
    """

    label: str
    scale: float = 1.0
    change: Change | None = None
    only: str = ""
    masks: float | None = None


def settings(module: ModuleType, draws: Mapping[str, Draw]) -> Iterator[Setting]:
    """All that a network is tried at."""
    yield from (Setting(f"{s:g}", s) for s in SCALES)
    yield Setting("a third 0", change=a_third)
    names = [n for n in (*module.DATA, *module.PARAMETERS) if n not in module.LABELS]
    free = [n for n in names if draws.get(n, normal) not in NONZERO]
    if any(module.SHAPES[n] for n in free):
        yield Setting("a row 0", change=a_row)
    yield from (Setting(f"{n} = 0", change=nothing, only=n) for n in free)
    if any(draws.get(n) is bits for n in names):
        yield from (Setting(f"masks {m:g}", masks=m) for m in (0.0, 1.0))


def float32_inputs(
    module: ModuleType, draws: Mapping[str, Draw], ranges: Ranges, setting: Setting, seed: int
) -> dict[str, Array]:
    """Random inputs of a module at a setting."""
    return at_setting(draw_inputs(module, draws, seed, {**_all_sizes(module), **ranges}), draws, setting, seed)


def at_setting(drawn: Mapping[str, Array], draws: Mapping[str, Draw], setting: Setting, seed: int) -> dict[str, Array]:
    """Inputs that were drawn, at a setting: in float32, labels as integers."""
    rng = np.random.default_rng(seed)
    return {n: _each(v, lambda a, n=n: _changed(a, n, draws, setting, rng)) for n, v in drawn.items()}


def _all_sizes(module: ModuleType) -> Ranges:
    words = [e for shape in module.SHAPES.values() for e in shape if isinstance(e, str)]
    text = " ".join(words).replace(":", " ").replace("[", " [")
    names = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    return {n: SIZES for n in dict.fromkeys(names) if not n.isdigit()}


def _each(value: Any, function: Callable[[np.ndarray], np.ndarray]) -> Any:
    return [function(a) for a in value] if isinstance(value, list) else function(value)


def _changed(
    a: np.ndarray, name: str, draws: Mapping[str, Draw], setting: Setting, rng: np.random.Generator
) -> np.ndarray:
    if a.dtype.kind == "i":
        return a
    draw = draws.get(name, normal)
    if draw is bits and setting.masks is not None:
        return np.full(a.shape, setting.masks, np.float32)
    if draw not in UNSCALED:
        a = a * setting.scale
    if setting.change is not None and draw not in NONZERO and setting.only in ("", name) and (a.ndim or setting.only):
        a = setting.change(rng, a)
    return a.astype(np.float32)


def nearby(inputs: Mapping[str, Array], draws: Mapping[str, Draw], seed: int) -> dict[str, Array]:
    """The inputs with their last digits changed, those that obey facts and zeros left as they are."""
    rng = np.random.default_rng(seed)

    def moved(a: np.ndarray) -> np.ndarray:
        if a.dtype.kind == "i":
            return a
        return (a * (1 + np.finfo(np.float32).eps * rng.integers(-3, 4, a.shape))).astype(np.float32)

    return {n: v if draws.get(n) in UNSCALED else _each(v, moved) for n, v in inputs.items()}
