"""Facts that equate entries: a module names them and refuses data that break them, whatever the scale of the data."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from tests.emit.emitted import load, text_from

FORM = ("x: Param[N], W: Data[N, N]", "return x @ W @ x")
SCALES = (1e-12, 1.0, 1e12)


def module(signature: str, *lines: str) -> ModuleType:
    return load(text_from(signature, *lines))


@pytest.mark.parametrize(
    ("fact", "text", "sign"),
    [
        ("assert W == W.T", "W[n, m] == W[m, n]", 1),
        ("assert W[a, b] == W[b, a]", "W[a, b] == W[b, a]", 1),
        ("assert W == -W.T", "W[n, m] == -W[m, n]", -1),
        ("assert W + W.T == 0", "W[n, m] + W[m, n] == 0", -1),
    ],
)
def test_a_fact_that_is_used_is_checked(fact: str, text: str, sign: int) -> None:
    m = module(FORM[0], fact, FORM[1])
    assert (text,) == m.FACTS
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=4), rng.normal(size=(4, 4))
    for scale in SCALES:
        obeying = scale * (w + sign * w.T)
        _, gradients = m.loss_and_gradients(obeying, x=x)
        np.testing.assert_allclose(gradients["x"], (obeying + obeying.T) @ x, rtol=1e-12, atol=1e-30)
        breaking = obeying.copy()
        breaking[1, 2] *= 1.01
        with pytest.raises(ValueError, match="W breaks a fact that the gradients rely on"):
            m.loss_and_gradients(breaking, x=x)


@pytest.mark.parametrize("size", [1, 2])
def test_float32_and_small_sizes(size: int) -> None:
    m = module(FORM[0], "assert W == W.T", FORM[1])
    w = np.arange(size * size, dtype=np.float32).reshape(size, size) + 1
    x = np.ones(size, np.float32)
    _, gradients = m.loss_and_gradients(w + w.T, x=x)
    assert gradients["x"].dtype == np.float32
    np.testing.assert_array_equal(gradients["x"], 2 * (w + w.T) @ x)


def test_zeros_obey_and_nan_does_not() -> None:
    m = module(FORM[0], "assert W == W.T", FORM[1])
    _, gradients = m.loss_and_gradients(np.zeros((3, 3)), x=np.ones(3))
    np.testing.assert_array_equal(gradients["x"], np.zeros(3))
    with pytest.raises(ValueError, match="W breaks a fact"):
        m.loss_and_gradients(np.full((3, 3), np.nan), x=np.ones(3))


def test_two_tensors_that_should_be_equal() -> None:
    m = module(
        "x: Param[N], y: Param[D], A: Data[N, D], B: Data[D, N]", "assert A == B.T", "return x @ A @ y + y @ B @ x"
    )
    a = np.arange(6.0).reshape(2, 3)
    x, y = np.ones(2), np.ones(3)
    assert m.loss_and_gradients(a, a.T, x=x, y=y)[1]["x"].tolist() == [6, 24]
    with pytest.raises(ValueError, match="A or B breaks a fact"):
        m.loss_and_gradients(a, a.T + 1, x=x, y=y)


def test_a_fact_that_nothing_rests_on_is_not_checked() -> None:
    m = module("x: Param[N], y: Data[N], W: Data[N, N]", "assert W == W.T", "return x @ W @ y")
    assert m.FACTS == ()
    w = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(m.loss_and_gradients(np.ones(2), w, x=np.ones(2))[1]["x"], w @ np.ones(2))
