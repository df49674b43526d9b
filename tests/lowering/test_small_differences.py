"""What is small because two things are nearly the same: found in the algebra, not left to be rounded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.core import build
from symbp.core.expr import Fn, Read
from symbp.emit.write import write_module
from symbp.lowering.linear import Linear
from symbp.lowering.lower import lower
from symbp.lowering.scaled import Scaled
from symbp.lowering.stability.division import quotient
from symbp.lowering.stability.related import related_exponents
from tests.emit.emitted import load
from tests.lowering.lowered import network

X, Y = (Read(name, ()) for name in "xy")


def power(x: int, y: int, times: int = 1) -> Scaled:
    """times e^(x X) e^(y Y)."""
    powers = tuple((e, Fraction(c)) for e, c in ((X, x), (Y, y)) if c)
    return Scaled(build.num(times), Linear(powers))


def words(terms: list[Scaled] | None) -> set[tuple[int, int, int]] | None:
    if terms is None:
        return None
    numbers = ((t.exponent.coefficient(X), t.exponent.coefficient(Y), build.split_number(t.rest)[0]) for t in terms)
    return {(int(x), int(y), int(c)) for x, y, c in numbers}


@pytest.mark.parametrize(
    ("terms", "by", "expected"),
    [
        # (x - y)(x + y) / (x - y), with powers of e in the place of x and y
        ([power(2, 0), power(0, 2, -1)], [power(1, 0), power(0, 1, -1)], {(1, 0, 1), (0, 1, 1)}),
        # (1 - y)(x^2 y - 1) / (1 - y)
        (
            [power(2, 1), power(0, 0, -1), power(2, 2, -1), power(0, 1)],
            [power(0, 0), power(0, 1, -1)],
            {(2, 1, 1), (0, 0, -1)},
        ),
        # 6 x^3 / (2 x + ...) is no sum of a few terms
        ([power(3, 0, 6)], [power(1, 0, 2), power(0, 1)], None),
        ([power(2, 0), power(0, 2)], [power(1, 0), power(0, 1, -1)], None),
        ([power(1, 0)], [power(1, 0)], None),
    ],
)
def test_a_quotient_of_sums_of_exponentials(terms: list[Scaled], by: list[Scaled], expected: object) -> None:
    assert words(quotient(terms, by)) == expected


def test_what_terms_are_times_stays_with_the_quotient() -> None:
    half = build.num(Fraction(1, 2))
    rest = build.mul(half, Fn("log", (X,)))
    terms = [Scaled(rest, power(2, 0).exponent), Scaled(build.neg(rest), power(0, 2).exponent)]
    found = quotient(terms, [power(1, 0), power(0, 1, -1)])
    assert found is not None
    assert {t.rest for t in found} == {rest}
    assert words(quotient(terms, terms)) == {(0, 0, 1)}


LOGISTICS = "x: Data[N], m: Param[K], s: Param[K]"


@pytest.mark.parametrize(
    ("high", "low", "related"),
    [
        ("(x[n] - m[k] + 0.5) / exp(s[k])", "(x[n] - m[k] - 0.5) / exp(s[k])", True),
        ("x[n] - m[k] + exp(s[k])", "x[n] - m[k] - exp(s[k])", True),
        ("x[n] - m[k] + s[k]", "x[n] - m[k] - s[k]", False),  # s may have either sign
        ("(x[n] - m[k] + 0.5) / exp(s[k])", "(x[n] - m[k] - 0.5) * s[k]", False),
    ],
)
def test_exponents_a_little_apart_are_related(high: str, low: str, related: bool) -> None:
    lines = (f"a[n: N, k: K] = {high}", f"b[n: N, k: K] = {low}", "return sum(exp(a) - exp(b))")
    net = network(LOGISTICS, *lines)
    found = related_exponents(net, {e.name: e for e in net.equations})
    assert list(found) == (["b"] if related else [])


@pytest.mark.parametrize("shift", [-30.0, -1.0, 5.0])
def test_a_narrow_interval_has_its_digits(shift: float) -> None:
    """log(sigmoid(c + exp(g) - f) - sigmoid(c - f)) in float32, whose derivative by c is 1 less the two."""
    net = network(
        "u: Data[N], c: Param, g: Param",
        "top = sigmoid(c + exp(g) - u)",
        "low = sigmoid(c - u)",
        "return sum(log(top - low))",
    )
    f = np.array([0.3, -1.2, 4.0], np.float32)
    loss, found = load(write_module(lower(derive(net)))[0]).loss_and_gradients(
        f, c=np.float32(0.4), g=np.float32(shift)
    )
    e, wide = np.exp(np.float64(shift)), f.astype(np.float64)
    c = float(np.float32(0.4))
    a, b = (1 / (1 + np.exp(-(c + u - wide))) for u in (e, 0.0))
    exact = np.log(-np.expm1(-e)) + np.log(a) + np.log1p(-b)
    np.testing.assert_allclose(loss, exact.sum(), rtol=1e-6)
    np.testing.assert_allclose(found["c"], (1 - a - b).sum(), atol=1e-6)
    np.testing.assert_allclose(found["g"], (e * (1 - a) + e * np.exp(-e) / -np.expm1(-e)).sum(), rtol=2e-6, atol=1e-37)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_the_logarithm_of_a_softplus_is_its_argument_where_that_is_low(scale: float) -> None:
    """softplus(u) is 0 in float32 at u = -120, its logarithm -120, and softplus'(u)/softplus(u) is 1."""
    net = network("u: Param[N], c: Param[N]", "s = softplus(u)", "return sum(log(s) + c * s)")
    u = (np.array([-1.0, -0.5, 0.2, 1.0]) * scale).astype(np.float32)
    module = load(write_module(lower(derive(net)))[0])
    loss, found = module.loss_and_gradients(u=u, c=np.ones(4, np.float32))
    wide = u.astype(np.float64)
    s = np.logaddexp(0, wide)
    logs = np.where(wide < -40, wide, np.log(np.maximum(s, 1e-300)))
    sigmoid = np.exp(-np.logaddexp(0, -wide))
    np.testing.assert_allclose(loss, (logs + s).sum(), rtol=1e-6)
    np.testing.assert_allclose(
        found["u"], sigmoid + np.where(wide < -40, 1, sigmoid / np.maximum(s, 1e-300)), rtol=2e-6
    )
