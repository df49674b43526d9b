"""Hessian-vector products of modules: right ones pass, each planted mistake is caught."""

from __future__ import annotations

from functools import cache

import pytest

from symbp.core.equality import Check
from symbp.derived import with_vector
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.hessian import check_hessian
from tests import shared

KINKS = """from symbp import Data, Param, dims, network
N, H = dims("N H")
@network
def net(x: Data[N], w: Param[H], c: Param):
    return sum(abs(sum(maximum(x[n] * w[h], c) ** 3 for h in H)) for n in N)
"""


@cache
def build_of(name: str) -> Build:
    return Build(Source(KINKS, "net.py", "net"), hvp=True) if name == "net" else shared.build_of(name, hvp=True)


def checks_of(name: str, more: str = "") -> tuple[Check, ...]:
    build = build_of(name)
    d, p = build.derivation, build.product
    assert p is not None
    text = build.module[0] + more
    return check_hessian(build.network, text, with_vector(d, p), p.network, d.gradients, p.tangents, p.products)


@pytest.mark.parametrize("name", ["sigmoid_softmax", "two_layer_net", "rnn", "mlp", "linear_2_2_2", "two_paths", "net"])
def test_what_symbp_writes_passes(name: str) -> None:
    checks = checks_of(name)
    assert [c for c in checks if not c.passed] == []
    parts = {c.witness for c in checks if c.name.startswith("H v by ")}
    assert parts == {"interpreter", "complex step", "central difference"}
    assert {c.name for c in checks if not c.name.startswith("H v by ")} == {
        *("u . H v", "H v: out and work reused", "H v: float32", "H v: inputs unchanged"),
    }


SPOILT = """

_right = hessian_vector_product


def hessian_vector_product(x, y, vector, *, W1, b1, W2, b2, out=None, work=None):
    found = _right(x, y, vector, W1=W1, b1=b1, W2=W2, b2=b2, out=out, work=work)
    {}
    return found
"""

MISTAKES = [
    ('found["W1"] *= 2', "H v by W1", "interpreter"),
    ('found["b2"] *= -1', "H v by b2", "complex step"),
    ('found["W2"] = found["W2"] + 1e-4', "H v by W2", "central difference"),
    ('found["W1"] = found["W1"] + vector["W1"].cumsum(axis=1)', "u . H v", "symmetry"),
    ('vector["W1"] += 1', "H v: inputs unchanged", "interface"),
    ('x += 1', "H v: inputs unchanged", "interface"),
    ('found["b1"] = found["b1"] + (out is not None)', "H v: out and work reused", "interface"),
    ('found["b1"] = found["b1"].astype(np.float64)', "hessian_vector_product", "interface"),
    ('found["b1"] = found["b1"][None]', "hessian_vector_product", "interface"),
    ('found = {n: g for n, g in found.items() if n != "b1"}', "hessian_vector_product", "interface"),
    ('found = {**found, "x": x}', "hessian_vector_product", "interface"),
    ('found = list(found.values())', "hessian_vector_product", "interface"),
    ('found["b1"] / 0 * np.log(-1)', "hessian_vector_product", "interface"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "name", "witness"), MISTAKES)
def test_a_mistake_is_caught(mistake: str, name: str, witness: str) -> None:
    failed = {(c.name, c.witness) for c in checks_of("sigmoid_softmax", SPOILT.format(mistake)) if not c.passed}
    assert (name, witness) in failed


def test_a_module_without_the_function_is_told_so() -> None:
    (check,) = checks_of("sigmoid_softmax", "\ndel hessian_vector_product\n")
    assert not check.passed
    assert "no function hessian_vector_product" in check.note
