"""Extents of 1, constants, masks in recurrences and sums that cancel: values by hand or in float64, warnings errors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pytest

from symbp.pipeline import Build
from symbp.sources import Source
from tests.accuracy.measure import Miss, Outcome
from tests.autograd.fuzz import confirmed
from tests.autograd.modules import module_of

HEAD = "from symbp import Data, Param, dims, network\n\nN, D, L, T = dims('N D L T')\n\n\n@network\n"
Arrays = Mapping[str, np.ndarray]


def module(text: str, hvp: bool = False) -> ModuleType:
    return module_of(Build(Source(HEAD + text, "net.py", "net"), hvp=hvp).module[0], "net")


def run(m: ModuleType, inputs: Arrays) -> tuple[float, dict[str, np.ndarray]]:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        given = {p: inputs[p] for p in m.PARAMETERS}
        return m.loss_and_gradients(*(inputs[d] for d in m.DATA), **given)


def check_float32(m: ModuleType, inputs: Arrays, bound: float) -> None:
    """The loss and each gradient in float32 are as near to those of the same inputs in float64."""
    single = {n: np.asarray(a, np.float32) for n, a in inputs.items()}
    loss, gradients = run(m, single)
    exact, right = run(m, {n: a.astype(np.float64) for n, a in single.items()})
    assert abs(loss - exact) <= bound * abs(exact)
    for name, g in gradients.items():
        assert np.linalg.norm(g - right[name]) <= bound * np.linalg.norm(right[name]), name


@pytest.mark.parametrize("rows", ["N", "1"])
def test_the_largest_of_a_window_that_another_index_scales(rows: str) -> None:
    m = module(f"""def net(s: Data[{rows}], v: Param[D], y: Data[{rows}, D]):
    m[n, i] = max(v[i + u] * s[n] for u in range(3))
    return sum(m[n, i] ** 2 * y[n, i] for n in {"N" if rows == "N" else "range(1)"} for i in range(D - 2))
""")
    rng = np.random.default_rng(1)
    s, v, y = (
        rng.normal(size=3 if rows == "N" else 1),
        rng.normal(size=7),
        rng.normal(size=(3 if rows == "N" else 1, 7)),
    )
    loss, gradient = 0.0, np.zeros(7)
    for n, i in np.ndindex(len(s), 5):
        k = i + int(np.argmax(v[i : i + 3] * s[n]))
        loss += (v[k] * s[n]) ** 2 * y[n, i]
        gradient[k] += 2 * v[k] * s[n] ** 2 * y[n, i]
    found, gradients = run(m, {"s": s, "v": v, "y": y})
    assert found == pytest.approx(loss, rel=1e-12)
    assert gradients["v"] == pytest.approx(gradient, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_are_floats(dtype: type) -> None:
    m = module("""def net(x: Data[N, D], w: Param[D]):
    o = 1 + x - x
    z = erf(o)
    h[-1] = x[0]
    for n in N:
        h[n] = z[n] * w + h[n - 1] * o[n]
    return sum(h) + sum(erf(where(o > 0, 1, 2)) * w)
""")
    x, w, erf1 = np.ones((2, 3), dtype), np.full(3, 0.5, dtype), 0.8427007929497149
    loss, gradients = run(m, {"x": x, "w": w})
    assert loss == pytest.approx(2 * 3 + 3 * 1.5 * erf1 + 2 * 1.5 * erf1, rel=1e-6)
    assert gradients["w"] == pytest.approx(np.full(3, 5 * erf1), rel=1e-6)
    assert {v.dtype for v in m.forward(x, w=w).values()} == {np.dtype(dtype)}


def test_a_branch_of_an_exponential_keeps_its_digits_near_its_edge() -> None:
    m = module("def net(x: Data[N, D], y: Data[N], w: Param[D]):\n    z = x @ w\n    return mean((elu(z) - y) ** 2)\n")
    rng = np.random.default_rng(2)
    x, w = 0.01 * rng.normal(size=(6, 4)), 0.01 * rng.normal(size=4)
    check_float32(m, {"x": x, "y": np.zeros(6), "w": w}, 1e-6)


def test_a_sum_of_differences_is_not_split() -> None:
    m = module("""def net(x: Data[N, D], y: Data[N], w: Param[D]):
    b = log(exp(x) + exp(w))
    a[n, k] = sum((b[n, d] - b[k, d]) ** 2 for d in D)
    return sum((sum(a[n, k] for k in N) - y[n]) ** 2 for n in N)
""")
    rng = np.random.default_rng(3)
    x, y, w = 0.01 * rng.normal(size=(5, 4)), 0.01 * rng.normal(size=5), 0.01 * rng.normal(size=4)
    check_float32(m, {"x": x, "y": y, "w": w}, 2e-4)


def test_a_number_in_the_middle_of_a_sum_stays_there() -> None:
    m = module("def net(x: Data[N], y: Param[N]):\n    return sum(sqrt(1 + x**2) - 1 - y)\n")
    check_float32(m, {"x": np.zeros(5), "y": 1e-3 * np.arange(1, 6)}, 2e-7)


@pytest.mark.parametrize("rows", [3, 7, 13])
def test_a_mean_of_equal_numbers_is_that_number(rows: int) -> None:
    m = module("def net(x: Data[N, D], w: Param[D]):\n    return sum((x - mean(x, axis=0)) ** 2 * w) + sum(w)\n")
    x = np.tile(np.array([3.0, 7.0, 13.0], np.float32), (rows, 1))  # sums of these are exact
    _, gradients = run(m, {"x": x, "w": np.ones(3, np.float32)})
    assert gradients["w"].tolist() == [1.0, 1.0, 1.0]


STACKED = """def net(x: Data[T, N, D], h0: Data[L, N, D], W: Param[L, D, D], U: Param[L, D, D]):
    h[-1] = x
    for l in L:
        h[l, -1] = h0[l]
        for t in T:
            h[l, t] = tanh(h[l - 1, t] @ W[l] + h[l, t - 1] @ U[l])
    return sum(h[L - 1, T - 1] ** 2)
"""


@pytest.mark.parametrize(("layers", "steps"), [(1, 1), (1, 3), (3, 1), (2, 3)])
def test_second_derivatives_of_stacked_loops_of_one_step(layers: int, steps: int) -> None:
    m, rng = module(STACKED, hvp=True), np.random.default_rng(4)
    x, h0 = rng.normal(size=(steps, 2, 3)), rng.normal(size=(layers, 2, 3))
    p = {n: rng.normal(size=(layers, 3, 3)) for n in ("W", "U")}
    v = {n: rng.normal(size=(layers, 3, 3)) for n in p}
    found = m.hessian_vector_product(x, h0, **p, vector=v)

    def gradients(h: float) -> dict[str, np.ndarray]:
        return m.loss_and_gradients(x, h0, **{n: p[n] + h * v[n] for n in p})[1]  # type: ignore[no-any-return]

    up, down = gradients(1e-5), gradients(-1e-5)
    for n in p:
        assert found[n] == pytest.approx((up[n] - down[n]) / 2e-5, rel=1e-6, abs=1e-7)


MASKED_STEPS = {
    "difference": "h[t - 1] / 2 + m[t] * (exp(w * x[t]) - h[t - 1])",
    "less one": "h[t - 1] / 2 + m[t] * expm1(w * x[t])",
    "gate": "(1 - m[t]) * h[t - 1] + m[t] * exp(w * x[t])",
    "choice": "m[t] * exp(w * x[t]) + h[t - 1] if m[t] > 0 else h[t - 1]",
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("step", MASKED_STEPS)
def test_a_mask_in_a_recurrence_shuts_an_exponential(step: str, dtype: type) -> None:
    text = f"    h[-1] = 0\n    for t in T:\n        h[t] = {MASKED_STEPS[step]}\n    return sum(h)\n"
    m = module("def net(x: Data[T], m: Data[T], w: Param):\n" + text)
    mask = np.array([1, 0, 0, 1], dtype)
    given = {"m": mask, "w": np.asarray(0.5, dtype)}
    loss, gradients = run(m, {"x": np.array([1, 5000, 3000, -1], dtype), **given})
    right, slope = run(m, {"x": np.array([1, 2, 3, -1], dtype), **given})
    assert (loss, float(gradients["w"])) == (right, float(slope["w"]))
    a, b = (x * np.exp(x / 2) for x in (1.0, -1.0))
    expected = {"difference": a * (1 + 0.5 + 0.25 - 0.125) + b, "less one": a * 1.875 + b, "gate": 3 * a + b}
    assert float(slope["w"]) == pytest.approx(expected.get(step, 4 * a + b), rel=1e-5)


def _outcome(*misses: tuple[str, float]) -> Outcome:
    return Outcome("net", "1", tuple(Miss("net", "1", 0, n, e, 1.0) for n, e in misses), 9.0, "float64")


def test_a_miss_counts_where_most_draws_have_it() -> None:
    first, good = _outcome(("w", 9.0), ("b", 9.0)), _outcome()
    assert [m.tensor for m in confirmed(first, [good, _outcome(("w", 7.0)), _outcome(("w", 7.0))]).misses] == ["w"]
    assert confirmed(first, [good, good, good]).misses == ()
    assert [m.tensor for m in confirmed(first, [good, good, _outcome(("b", float("inf")))]).misses] == ["b"]
