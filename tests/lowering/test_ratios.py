"""Ratios under a minimum, and exponentials inside exponents: values where a factor alone would overflow."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.lowering.run import run
from tests.lowering.lowered import gradient_routine, network, relative

RATIO = "p: Param[N], q: Data[N], g: Data[N]"
CLIPPED = {
    "in array notation": ("r = exp(p - q)", "return -sum(min(r * g, min(max(r, 0.8), 1.2) * g))"),
    "by entries": (
        "r[n] = exp(p[n] - q[n])",
        "c[n] = max(0.8, min(r[n], 1.2))",
        "l[n] = min(c[n] * g[n], r[n] * g[n])",
        "return sum(-l[n] for n in N)",
    ),
    "as a choice": (
        "r = exp(p - q)",
        "c = where(r > 1.2, 1.2, where(r < 0.8, 0.8, r))",
        "return -sum(where(r * g < c * g, r * g, c * g))",
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CLIPPED)
def test_a_clipped_ratio(name: str, dtype: type) -> None:
    """Too large, too small, inside with either sign, too large beside a gain of 0, and far too small."""
    p = np.array([2000.0, -0.5, 0.1, -0.1, 2000.0, -2000.0], dtype)
    g = np.array([3.0, -2.0, 2.0, -4.0, 0.0, 5.0], dtype)
    arrays = {"p": p, "q": np.zeros(6, dtype), "g": g}
    found = run(gradient_routine(network(RATIO, *CLIPPED[name])), arrays, {"N": 6})
    inside = np.array([0.0, 0.0, 2 * np.exp(0.1), -4 * np.exp(-0.1), 0.0, 0.0])
    # 3 * 1.2; 0.8 * -2, less than exp(-0.5) * -2; both inside; 0; 0
    digits = 1e-6 if dtype == np.float32 else 1e-14
    assert relative(found["L"], np.array(-(3.6 - 1.6 + inside.sum()))) <= digits
    assert relative(found["p"], -inside) <= digits


def test_a_capped_rate() -> None:
    net = network("p: Param[N], q: Data[N]", "h = min(exp(p), 10)", "return sum((h - q) ** 2)")
    arrays = {"p": np.array([1000.0, 2.0, -1000.0], np.float32), "q": np.array([4.0, 1.0, 2.0], np.float32)}
    found = run(gradient_routine(net), arrays, {"N": 3})
    e = np.exp(2.0)
    assert relative(found["L"], np.array(36 + (e - 1) ** 2 + 4)) <= 1e-6
    assert relative(found["p"], np.array([0.0, 2 * (e - 1) * e, 0.0])) <= 1e-6


def test_the_larger_of_two_exponentials_in_a_logarithm() -> None:
    net = network("p: Param[N], q: Param[N]", "return sum(log(max(exp(p), exp(q))))")
    arrays = {"p": np.array([1000.0, -1000.0]), "q": np.array([900.0, -900.0])}
    found = run(gradient_routine(net), arrays, {"N": 2})
    assert relative(found["L"], np.array(100.0)) <= 1e-15
    assert found["p"].tolist() == [1.0, 0.0]
    assert found["q"].tolist() == [0.0, 1.0]


MIXTURE = "x: Data[N, D], w: Param[K], mu: Param[K, D], s: Param[K, D]"
SCALES = {
    "the largest by hand": (
        "d[n, k] = sum(((x[n, i] - mu[k, i]) * exp(-s[k, i])) ** 2 for i in D) / 2",
        "q[n, k] = w[k] - sum(s[k, i] for i in D) - d[n, k]",
        "t[n] = max(q[n, k] for k in K)",
        "return -sum(t[n] + log(sum(exp(q[n, k] - t[n]) for k in K)) for n in N)",
    ),
    "in array notation": (
        "q[n, k] = w[k] - sum(s[k]) - sum((x[n] - mu[k]) ** 2 * exp(-2 * s[k])) / 2",
        "return -sum(logsumexp(q))",
    ),
}


@pytest.mark.parametrize(("dtype", "narrow"), [(np.float32, -60.0), (np.float64, -400.0)])
@pytest.mark.parametrize("name", SCALES)
def test_learned_scales(name: str, dtype: type, narrow: float) -> None:
    """A component so narrow that exp(-2 s) overflows: the first example lies on it, the second is another's."""
    arrays = {
        "x": np.array([[0.0, 0.3], [1.0, 2.0]], dtype),
        "mu": np.array([[0.0, 0.5], [1.0, 1.0]], dtype),
        "s": np.array([[narrow, 0.1], [0.2, 0.3]], dtype),
        "w": np.zeros(2, dtype),
    }
    found = run(gradient_routine(network(MIXTURE, *SCALES[name])), arrays, {"N": 2, "D": 2, "K": 2})
    near, far = 0.2**2 * np.exp(-0.2), np.exp(-0.6)
    digits = 1e-5 if dtype == np.float32 else 1e-13
    assert relative(found["L"], np.array(narrow + 0.1 + near / 2 + 0.5 + far / 2)) <= digits
    assert relative(found["s"], np.array([[1.0, 1 - near], [1.0, 1 - far]])) <= digits
    assert relative(found["mu"], np.array([[0.0, 0.2 * np.exp(-0.2)], [0.0, -far]])) <= digits
    assert relative(found["w"], np.array([-1.0, -1.0])) <= digits


def test_a_sum_in_an_exponent_ends_where_numbers_do() -> None:
    """Of two components the one is out of all reach; its precision alone would overflow."""
    net = network("x: Data[N], s: Param[K], c: Data[K]", "q[n, k] = -exp(s[k]) * (x[n] - c[k]) ** 2 / 2",
                  "return -sum(log(sum(exp(q[n, k]) for k in K)) for n in N)")  # fmt: skip
    arrays = {"x": np.array([1.0], np.float32), "s": np.array([500.0, 0.0], np.float32),
              "c": np.array([0.0, 0.0], np.float32)}  # fmt: skip
    found = run(gradient_routine(net), arrays, {"N": 1, "K": 2})
    assert found["L"] == 0.5
    assert found["s"].tolist() == [0.0, 0.5]


def test_an_exponent_enters_a_bracket_before_the_largest_is_taken_out() -> None:
    """One component has all of the density: what its exponent is and what is taken from it are rounded alike."""
    net = network(
        "x: Data[N, D], y: Data[N], A: Param[D, K], B: Param[D, K], S: Param[D, K]",
        "p = softmax(x @ A)",
        "m = x @ B",
        "s = exp(x @ S)",
        "r[n, k] = (y[n] - m[n, k]) / s[n, k]",
        "return -sum(log(sum(p[n, k] * exp(-r[n, k] ** 2 / 2) / s[n, k] for k in K)) for n in N)",
    )
    values = {"x": [[1]], "y": [0.2], "A": [[-382.0023, 2552.424]], "B": [[-324.47, -1221.2]], "S": [[201.91, -38.83]]}
    arrays = {name: np.array(value, np.float32) for name, value in values.items()}
    found = run(gradient_routine(net), arrays, {"N": 1, "D": 1, "K": 2})
    assert relative(found["S"], np.array([[1.0, 0.0]])) <= 1e-6
