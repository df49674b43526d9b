"""A single label, which has no dimension: what the module takes for one."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.modules import module_of

TEXT = """from symbp import Data, Labels, Param, dims, network
K, D = dims("K D")


@network
def net(t: Labels[K], x: Data[D], W: Param[D, K]):
    z = x @ W
    return cross_entropy(z, t) + W[0, t] ** 2
"""
X, W = np.array([0.5, -1.0, 2.0]), np.arange(12.0).reshape(3, 4) / 7
WRONG = [
    (4, "t is 4, expected a label from 0 to K - 1 = 3"),
    (-1, "t is -1, expected a label from 0 to K - 1 = 3"),
    (1.5, "t has dtype float64, expected integers"),
    (True, "t has dtype bool, expected integers"),
    ([1], r"t has shape \(1,\), expected a single label, shape \(\)"),
]


@pytest.fixture(scope="module")
def module():
    return module_of(Build(Source(TEXT, "net.py", "net")).module[0], "gradients")


@pytest.mark.parametrize("label", [2, np.int64(2), np.array(2)], ids=["int", "np.int64", "array"])
def test_a_single_label(module, label) -> None:
    z = X @ W
    p = np.exp(z) / np.exp(z).sum()
    loss, gradients = module.loss_and_gradients(label, X, W=W)
    assert module.LABELS == {"t": "K"}
    assert loss == pytest.approx(-np.log(p[2]) + W[0, 2] ** 2)
    expected = np.outer(X, p - np.eye(4)[2])
    expected[0, 2] += 2 * W[0, 2]
    np.testing.assert_allclose(gradients["W"], expected, rtol=1e-12)


@pytest.mark.parametrize(("label", "message"), WRONG)
def test_what_is_no_label(module, label, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        module.loss_and_gradients(label, X, W=W)


def test_its_backward_network_reads_back() -> None:
    backward = derive(read_network(TEXT, "net.py")).backward
    assert read_network(write_network(backward)) == backward
