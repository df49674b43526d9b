"""What modules compute where NumPy has no function, against mpmath: every digit, the ends, and any layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

from symbp.errors import NotationError
from tests.emit.emitted import load, text_from

TRUTH: dict[str, Callable[[Any], Any]] = {
    "erfc": mpmath.erfc,
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x) if x < 1e8 else 1 / (x * mpmath.sqrt(mpmath.pi)),
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "trigamma": lambda x: mpmath.psi(1, x),
    "tetragamma": lambda x: mpmath.psi(2, x),
}
ZEROS = 1, 2, 1.4616321449683623
SPREAD = np.linspace(-3, 3, 61) * 1e-4
POINTS = {
    "erfc": np.concatenate([np.linspace(-6, 26, 257), np.logspace(-20, 1, 50), -np.logspace(-20, 0, 50)]),
    "erfcx": np.concatenate([np.linspace(1e-3, 40, 300), np.logspace(-20, 20, 200)]),
    "gamma": np.concatenate([np.linspace(0.01, 12, 400), np.logspace(-12, 12, 200), *(z + SPREAD for z in ZEROS)]),
}
ENDS = {
    "erfc": [2, 0, 1, 0],
    "erfcx": [np.nan, 0, 1, 5.641896e-301],
    "lgamma": [np.nan, np.inf, np.inf, 6.89775e302],
    "digamma": [np.nan, np.inf, -np.inf, 690.775],
}
ENDS |= {"trigamma": [np.nan, 0, np.inf, 0], "tetragamma": [np.nan, 0, -np.inf, 0]}


@cache
def module(name: str) -> ModuleType:
    # what makes it: a derivative of it, that has none itself, or a logarithm, where it is what is left
    called = {"tetragamma": "trigamma(w)", "erfcx": "log(erfc(w))"}.get(name, f"{name}(w)")
    return load(text_from("w: Param[N, D]", f"return sum({called})"))


def function(name: str) -> Callable[..., Any]:
    return getattr(module(name), f"_{name}")  # type: ignore[no-any-return]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TRUTH)
def test_every_digit(name: str, dtype: Any) -> None:
    x = POINTS.get(name, POINTS["gamma"]).astype(dtype)
    found = function(name)(x)
    assert found.dtype == dtype
    with mpmath.workdps(40):
        truth = [TRUTH[name](mpmath.mpf(float(v))) for v in x]
        off = [float(abs(mpmath.mpf(float(f)) - t)) for f, t in zip(found, truth, strict=True)]
    smallest = np.finfo(dtype).smallest_subnormal
    sizes = np.array([float(abs(t)) for t in truth])
    assert np.all(off <= 2.5 * np.finfo(dtype).eps * sizes + smallest)


@pytest.mark.parametrize("name", TRUTH)
def test_ends(name: str) -> None:
    with np.errstate(all="raise"):
        found = function(name)(np.array([-np.inf, np.inf, 0.0, 1e300]))
        assert np.isnan(function(name)(np.array([np.nan])))[0]
    assert found == pytest.approx(ENDS[name], nan_ok=True, rel=1e-5)


@pytest.mark.parametrize("name", TRUTH)
def test_in_place_and_of_any_layout(name: str) -> None:
    x = np.random.default_rng(0).uniform(0.1, 9, size=(257, 100))
    found = function(name)(x.T)
    assert function(name)(x, out=x) is x
    np.testing.assert_array_equal(found, x.T)


def test_the_last_derivative_is_refused_in_words() -> None:
    with pytest.raises(NotationError, match="tetragamma cannot be differentiated once more"):
        text_from("w: Param[N, D]", "return sum(tetragamma(w))")
