"""Shares and what is left of them: found in the algebra, so that a module has no array of all pairs of classes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.core import build
from symbp.core.expr import Compare, Expr, Read, Where
from symbp.emit.write import write_module
from symbp.lowering.linear import is_nonpositive, parts
from symbp.lowering.lower import lower
from tests.emit.emitted import load
from tests.lowering.lowered import network

A, B = (Read(name, ()) for name in "ab")

NETWORKS = {
    "a root of shares": (
        "z: Param[N, K], y: Data[N, K]",
        ["p = softmax(z)", "return -mean(log(sum(sqrt(p[n, k] * y[n, k]) for k in K)) for n in N)"],
    ),
    "shares of shares": (
        "a: Param[N, K], b: Param[K, D]",
        [
            "p = softmax(a)",
            "q = softmax(b)",
            "return -mean(log(sum(p[n, k] * q[k, d] for k in K for d in D)) for n in N)",
        ],
    ),
    "a confidence": (
        "z: Param[N, K], t: Labels[N, K]",
        [
            "e = exp(z)",
            "p[n, k] = e[n, k] / sum(e[n, j] for j in K)",
            "h[n] = -sum(p[n, k] * log(p[n, k]) for k in K)",
            "return mean(-log(p[n, t[n]]) * (1 - p[n, t[n]]) - h[n] for n in N)",
        ],
    ),
    "a rest": (
        "z: Param[N, K], y: Data[N, K], u: Data[N]",
        [
            "e = exp(z)",
            "p[n, k] = e[n, k] / (1 + sum(e[n, j] for j in K))",
            "q[n] = 1 - sum(p[n, k] for k in K)",
            "return -mean(sum(y[n, k] * log(p[n, k]) for k in K) + u[n] * log(q[n]) for n in N)",
        ],
    ),
}


def module_text(name: str) -> str:
    inputs, lines = NETWORKS[name]
    return write_module(lower(derive(network(inputs, *lines))))[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_no_array_has_two_axes_of_classes_and_one_of_examples(name: str) -> None:
    shapes = re.findall(r"# \(([^()]*)\)", module_text(name))
    assert [s for s in shapes if s.split(", ").count("K") > 1 and "N" in s] == []


def test_a_rest_of_shares_at_large_logits() -> None:
    """log(1 - sum of p) is -log(1 + sum of e), and its gradient -p."""
    module = load(module_text("a rest"))
    z, u = np.array([[800.0, 0.0], [-900.0, -901.0]]), np.array([1.0, 1.0])
    loss, found = module.loss_and_gradients(np.zeros((2, 2)), u, z=z)
    assert loss == pytest.approx(400.0)
    assert found["z"] == pytest.approx(np.array([[0.5, 0.0], [0.0, 0.0]]))


def test_squared_distances_of_pairs() -> None:
    """The gradient of sum p log q, q a share of exp(-distance) over all pairs, at distances of 10^4."""
    lines = [
        "e[i, j] = exp(-(y[i] - y[j]) ** 2) if i != j else 0",
        "q = e / sum(e)",
        "return -sum(p[i, j] * log(q[i, j]) for i in N for j in N if i != j)",
    ]
    module = load(write_module(lower(derive(network("p: Data[N, N], y: Param[N]", *lines))))[0])
    y, p = np.array([0.0, 100.0, 301.0]), np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0.0]])
    apart = y[:, None] - y
    share = np.zeros((3, 3))
    share[0, 1] = share[1, 0] = 0.5  # the nearest pair, both ways
    of = 2 * (p - p.sum() * share) * apart
    assert module.loss_and_gradients(p, y=y)[1]["y"] == pytest.approx(of.sum(1) - of.sum(0), rel=1e-12)


def larger(a: Expr, b: Expr, op: str = ">") -> Expr:
    return Where(Compare(op, a, b), a, b)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [
        (build.sub(A, larger(A, B)), True),
        (build.sub(larger(A, B, "<"), B), True),
        (build.add(A, B, build.neg(larger(A, build.NIL)), build.neg(larger(larger(A, B), build.NIL))), True),
        (build.sub(larger(A, B), larger(larger(A, B), build.NIL)), True),
        (build.sub(larger(A, B), A), False),
        (build.sub(A, larger(A, B, "<")), False),
        (build.sub(A, larger(B, build.NIL)), False),
    ],
)
def test_what_is_certain_to_be_no_more_than_0(exponent: Expr, expected: bool) -> None:
    assert is_nonpositive(parts(exponent), steps=3) is expected
