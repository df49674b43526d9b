"""Data that obey facts: how the tensors about which a random network states something are drawn."""

from __future__ import annotations

import numpy as np

from tests.autograd.modules import distribution


def row_stochastic(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Positive rows whose mean is 1."""
    return distribution(rng, shape) * shape[-1]


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries between 0.2 and 1.6."""
    return rng.uniform(0.2, 1.6, size=shape)


def bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries 0 or 1."""
    return rng.integers(0, 2, size=shape).astype(float)


def symmetric(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A square matrix equal to its transpose."""
    a = rng.normal(size=shape) / 2
    return (a + a.T) / 2


def hundreds(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Entries between -800 and 800."""
    return rng.uniform(-800, 800, size=shape)


def of_lengths(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of ones and then zeros, at least one of them ones all through."""
    lengths = np.append(shape[1], rng.integers(1, shape[1] + 1, size=shape[0] - 1))
    return (np.arange(shape[1]) < lengths[:, None]).astype(float)
