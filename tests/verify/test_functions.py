"""The two tables of elementary functions: apart but for the names in them."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from symbp.core.functions import FUNCTIONS, elementary
from symbp.errors import MissingRule
from symbp.verify.functions import KNOWN, known


def test_both_have_the_same_names() -> None:
    assert sorted(FUNCTIONS) == sorted(KNOWN)


def test_what_is_missing_names_the_file() -> None:
    with pytest.raises(MissingRule, match=r"symbp/core/functions\.py"):
        elementary("bessel")
    with pytest.raises(MissingRule, match=r"symbp/verify/functions\.py"):
        known("bessel")


@pytest.mark.parametrize("x", [0.3, 1.7, 2.5])
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_formula_is_the_same_whatever_it_is_computed_with(name: str, x: float) -> None:
    row = KNOWN[name]
    for formula in (row.value, row.slope):
        expected = float(formula(mpmath.mp, mpmath.mpf(x)))
        assert formula(math, x) == pytest.approx(expected, rel=1e-14)
        assert formula(np, np.array([x, x])) == pytest.approx([expected] * 2, rel=1e-14)


@pytest.mark.parametrize("x", [0.3, 1.7])
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_how_a_derivative_turns(name: str, x: float) -> None:
    """What it changes with x, and with the value, is its own derivative."""
    row, step = KNOWN[name], 1e-5
    slope, value = row.slope(math, x), row.value(math, x)
    by_x, by_value, _ = row.turn(math, x, value, slope)
    numeric = (row.slope(math, x + step) - row.slope(math, x - step)) / (2 * step)
    assert by_x + by_value * slope == pytest.approx(numeric, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_both_mean_the_same(name: str) -> None:
    expected = elementary(name).sympy(mpmath.mpf("1.3"))
    assert KNOWN[name].value(math, 1.3) == pytest.approx(float(expected), rel=1e-14)
