"""1 / (1 + exp(-z)) as one operation: where it is one, and what it gives at the ends."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.lowering.lower import pure
from tests.emit.emitted import load, text_from
from tests.lowering.lowered import check_values, draw, gradient_routine, network

# What is computed, and how many of its quotients are that operation.
FORMS = {
    "sigmoid(z)": 1,
    "1 / (1 + exp(-z))": 1,
    "exp(z) / (1 + exp(z))": 1,
    "sigmoid(-z)": 1,
    "sigmoid(z) * sigmoid(y)": 2,
    "sigmoid(z)**2": 1,
    "1 - sigmoid(z)": 0,  # two values, of the same exponential
    "exp(z) / (2 + exp(z))": 0,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_logistic_value_is_one_operation(form: str) -> None:
    net = network("z: Param[N, D], y: Param[N, D]", f"a = {form}", "return sum(a**2 * y) / 2")
    ops = [s.op for s in pure(derive(net)).routine("forward").statements]
    assert ops.count("logistic") == FORMS[form]
    if FORMS[form]:
        assert "exp" not in ops
    for scale in (1, 30):
        check_values(net, {name: scale * array for name, array in draw(net).items()})


def test_what_others_need_of_it_stays() -> None:
    """Its derivative, where it is one, is a quotient of the same exponentials."""
    net = network("z: Param[N], y: Data[N]", "a = sigmoid(z)", "return sum((a - y)**2) / 2")
    assert "logistic" not in [s.op for s in gradient_routine(net).statements]
    check_values(net, draw(net))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_are_reached_without_a_warning(dtype: type) -> None:
    module = load(text_from("z: Param[N], y: Data[N]", "a = sigmoid(z)", "return sum((a - y)**2) / 2"))
    z = np.array([-np.inf, -1e4, -800, -90, -40, 0, 40, 90, 1e4, np.inf], dtype)
    right = [0, 0, 0, np.exp(-90.0), 1 / (1 + np.exp(40.0)), 0.5, 1, 1, 1, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = module.forward(z=z)["a"]
        module.loss_and_gradients(np.zeros_like(z), z=z)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, right, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_normal)
    assert np.isnan(module.forward(z=np.full(1, np.nan, dtype))["a"]).all()
