"""What stands in a function that is called, and lines that do nothing, are told where they stand."""

from functools import cache
from pathlib import Path

import pytest

from symbp.core.network import Network
from symbp.notation.read import read_network
from symbp.review.check import check_text

NETWORK = """
from symbp import Data, Param, dims, network
N, D, H = dims('N D H')
@network
def joined(x: Data[N, D], y: Data[N, H], V: Param[D, H], U: Param[H, H], b: Param[H]):
    h = tanh(x @ V + b)
    z = tanh(h @ U + x @ V)
    return sum((z - y)**2) / N
"""
RIGHT = """import numpy as np


def through(g, a):
    s = 1 - a ** 2
    return g * s


def rows(g):
    s = g.sum(0)
    return s


def joined(x, y, V, U, b):
    n = len(x)
    h = np.tanh(x @ V + b)
    z = np.tanh(h @ U + x @ V)
    loss = np.sum((z - y) ** 2) / n
    dV, dU, db = np.zeros_like(V), np.zeros_like(U), np.zeros_like(b)
    dq = through(2 * (z - y) / n, z)
    dV += x.T @ dq
    dU += h.T @ dq
    da = through(dq @ U.T, h)
    dV += x.T @ da
    db += rows(da)
    return loss, dV, dU, db
"""


@cache
def network() -> Network:
    return read_network(NETWORK, "networks.py", "joined")


def findings(code: str) -> list[tuple[int | None, str, str]]:
    report = check_text(code, "mine.py", Path(), network(), "", {}, {})
    return [(f.line, f.kind, f.expected) for f in report.findings]


def test_the_right_pass_is_right() -> None:
    assert findings(RIGHT) == []


def test_a_line_that_does_nothing_harmless_is_right() -> None:
    assert findings(RIGHT.replace("    db += rows(da)\n", "    db += rows(da)\n    db = db\n")) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    s = g.sum(0)\n", "    s = -g.sum(0)\n", (10, "sign", "s = g.sum(0)")),
        ("    return s\n", "    return -s\n", (11, "sign", "return s")),
        ("    return g * s\n", "    return -g * s\n", (6, "sign", "return g * s")),
        ("    db += rows(da)\n", "    db -= rows(da)\n", (25, "sign", "db += rows(da)")),
        ("    dV += x.T @ dq\n", "    dV = dV\n", (21, "path", "")),
        ("    dU += h.T @ dq\n", "    dU = dU\n", (22, "path", "")),
        ("    dU += h.T @ dq\n", "    dU += 0\n", (22, "path", "")),
    ],
)
def test_it_is_told_where_it_stands(old: str, new: str, told: tuple[int, str, str]) -> None:
    assert RIGHT.count(old) == 1
    assert findings(RIGHT.replace(old, new)) == [told]
