"""The module's error function against mathematics: digits near 0 and far out, other layouts, what is no number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.emit.emitted import load, text_from

MODULE = load(text_from("w: Param[N, D]", "return sum(erf(w))"))
POINTS = np.concatenate([np.linspace(-7, 7, 2001), np.logspace(-20, 1, 500), -np.logspace(-20, 1, 500)])


@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 5e-7), (np.float64, 3e-15)])
def test_every_digit(dtype: Any, bound: float) -> None:
    x = POINTS.astype(dtype)
    found = MODULE._erf(x)
    expected = np.array([math.erf(v) for v in x])
    assert found.dtype == dtype
    assert np.all(np.abs(found - expected) <= bound * np.abs(expected))


def test_extremes() -> None:
    with np.errstate(all="raise"):
        found = MODULE._erf(np.array([np.inf, -np.inf, 1e300, 0.0]))
    assert found.tolist() == [1, -1, 1, 0]
    assert np.isnan(MODULE._erf(np.array([np.nan])))[0]


def test_in_place_and_of_any_layout() -> None:
    """More entries than a block has, read across the memory, written over themselves."""
    x = np.random.default_rng(0).normal(size=(257, 300))
    found = MODULE._erf(x.T)
    assert MODULE._erf(x, out=x) is x
    np.testing.assert_array_equal(found, x.T)
