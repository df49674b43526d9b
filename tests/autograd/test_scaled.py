"""What the scales, zeros and masks of real data make of a gradient, each with its right value."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.findings import describe
from symbp.notation.read import list_networks
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.modules import module_from

SCALED = (Path(__file__).parent / "scaled_networks.py").read_text()


@pytest.fixture(autouse=True)
def strict() -> Any:
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


def module(name: str) -> ModuleType:
    return module_from(SCALED, name)


def single(*values: Any) -> Any:
    return np.array(values, np.float32)


@pytest.mark.parametrize("name", list_networks(SCALED, "scaled_networks.py"))
def test_every_check_passes(name: str) -> None:
    build = Build(Source(SCALED, "scaled_networks.py", name))
    assert [describe(c) for c in build.checks if not c.passed] == []


@pytest.mark.parametrize("x", [1e-4, 1.0, 100.0, 1e4, 1e8])
def test_a_small_value_beside_a_large_one(x: float) -> None:
    _, found = module("small_beside_large").loss_and_gradients(single(x), z=single(3.0))
    y = np.float64(np.float32(x)) + np.tanh(3.0)
    assert found["z"] == pytest.approx([y * (1 - np.tanh(3.0) ** 2)], rel=1e-5)


def test_a_penalty_by_zero() -> None:
    X, y, w = np.eye(2), np.array([1.0, 2.0]), np.array([3.0, 4.0])
    _, found = module("length_as_penalty").loss_and_gradients(X, y, 0.0, w=w)
    assert found["w"] == pytest.approx(w - y)
    _, found = module("length_as_penalty").loss_and_gradients(X, y, 2.0, w=w)
    assert found["w"] == pytest.approx(w - y + 2 * w / 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_softmax_in_three_lines_at_800(dtype: type) -> None:
    loss, found = module("softmax_in_three_lines").loss_and_gradients([0], z=np.array([[0, 800]], dtype))
    assert loss == 800
    assert found["z"].tolist() == [[-1, 1]]


def test_rows_that_are_shut_altogether() -> None:
    z = np.array([[0.0, 1.0, 2.0]])
    loss, found = module("shut_rows").loss_and_gradients(z=z)
    assert loss == pytest.approx(-1e9 + np.log(np.exp(z).sum()), rel=1e-15)
    assert found["z"] == pytest.approx(np.exp(z) / np.exp(z).sum(), rel=1e-6)


@pytest.mark.parametrize("k", [5, 8])
def test_a_mixture_whose_widths_are_far_apart(k: int) -> None:
    assert mixture(k, np.float32) == pytest.approx(mixture(k, np.float64), rel=1e-4)


def mixture(k: int, dtype: type) -> Any:
    x, y = np.array([[k]], dtype), np.array([0.3], dtype)
    weights = {"A": [[0.1, -0.2]], "B": [[0.4, 0.2]], "S": [[0.7, -0.7]]}
    given = {n: np.array(v, dtype) for n, v in weights.items()}
    return module("mixed_normals").loss_and_gradients(x, y, **given)[1]["A"][0]


def test_an_exponential_of_an_exponential() -> None:
    loss, found = module("twice_exponential").loss_and_gradients([[100.0]], [[0.5]], W=[[1.0]])
    assert (loss, found["W"].tolist()) == (0.25, [[0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_of_a_sigmoid_by_parts(dtype: type) -> None:
    x, m = np.array([120, -120, 500], dtype), np.array([0, 1, 1], dtype)
    loss, found = module("either_logarithm").loss_and_gradients(x, m, w=dtype(1))
    assert (loss, found["w"]) == (pytest.approx(240), pytest.approx(240))


def test_a_mask_before_an_exponential() -> None:
    loss, found = module("exponential_under_mask").loss_and_gradients(single(50), single(0), w=np.float32(1))
    assert (loss, found["w"]) == (0, 0)


def test_a_root_of_a_product_of_two_negatives() -> None:
    x = -np.eye(2)
    loss, found = module("root_of_two_negatives").loss_and_gradients(x, s=-4.0)
    weights = np.exp(np.eye(2) / np.sqrt(2))
    a = -weights / weights.sum(axis=1, keepdims=True)
    assert loss == pytest.approx(np.sqrt(-4 * a).sum())
    assert found["s"] == pytest.approx((a / np.sqrt(-4 * a) / 2).sum())


@pytest.mark.parametrize("scale", [1.0, 1000.0, 1e5])
def test_what_is_added_to_large_weights_keeps_its_digits(scale: float) -> None:
    """Weights that differ by little, however large, beside distances of 1e-3 and so on."""
    a = single(scale, scale + scale / 4096, scale)
    x, z = single([0.03, 0.5], [0.25, 0]), single([0.5, 0.03], [0.25, 0.125], [0.0, 1.0])
    loss, found = module("weights_of_shares").loss_and_gradients(x, a=a, z=z)
    b = a.astype(np.float64) - scale
    d = ((x[:, None].astype(np.float64) - z) ** 2).sum(-1)
    share, joint = np.exp(b) / np.exp(b).sum(), np.exp(b - d)
    of = joint / joint.sum(1, keepdims=True)
    assert loss == pytest.approx(-np.log(joint.sum(1) / np.exp(b).sum()).sum(), rel=2e-6)
    assert found["a"] == pytest.approx((share - of).sum(0), rel=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1000.0, 1e5])
def test_shares_of_large_numbers_times_such(scale: float) -> None:
    """What is the same for all entries of a row says nothing of their shares."""
    rows, far = np.array([[0, 0.5], [0.25, 0], [1, 0]]), single([scale], [-scale], [scale / 2])
    columns = np.array([[0, 0.5, 1.0], [0.25, 0, 0.5]])
    loss, found = module("shares_of_shares").loss_and_gradients(
        [0, 2, 1], a=single(*rows) + far, z=single(*columns) + far[:2]
    )
    p, q = (np.exp(e) / np.exp(e).sum(1, keepdims=True) for e in (rows, columns))
    joint = p * q[:, [0, 2, 1]].T
    of = joint / joint.sum(1, keepdims=True)
    assert loss == pytest.approx(-np.log(joint.sum(1)).sum(), rel=1e-5)
    hit = np.eye(3)[[0, 2, 1]]
    assert found["z"] == pytest.approx(-(of.T @ hit - of.sum(0)[:, None] * q), rel=1e-5)
    assert found["a"] == pytest.approx(p - of, rel=1e-5, abs=1e-7)
