"""Sums made of the sums that there are, and gradients written in the shape in which they are computed."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.lowering.program import Routine
from tests.emit.emitted import load, text_from
from tests.lowering.lowered import check_values, draw, gradient_routine, network

GROUPS = "y: Data[N, 3 * D, H, K], x: Param[N, 3 * D, H, K], g: Param[3 * D], s: Param[3 * D]"
NORMED = (
    "z[n, a:3, c:D, i, j] = x[n, D * a + c, i, j]",
    "m[n, a] = mean(z[n, a, c, i, j] for c in D for i in H for j in K)",
    "v[n, a] = mean((z[n, a, c, i, j] - m[n, a])**2 for c in D for i in H for j in K)",
    "u[n, a, c, i, j] = (z[n, a, c, i, j] - m[n, a]) / sqrt(v[n, a] + 0.01)",
    "o[n, k:3 * D, i, j] = s[k] + g[k] * sum(u[n, a, c, i, j] for a in range(3) for c in D if D * a + c == k)",
    "return sum((o - y)**2) / 2",
)


def long_sums(routine: Routine) -> list[str]:
    """The quantities with a sum over both of the last axes, H and K."""
    sums = [s for s in routine.statements if s.op in ("matmul", "vecdot")]
    return [s.target.name.split(".")[0] for s in sums if {"H", "K"} <= {*map(str, s.arrays[0].shape[-1].atoms())}]


def test_a_group_is_summed_by_the_sums_of_its_channels() -> None:
    net = network(GROUPS, *NORMED)
    assert long_sums(gradient_routine(net)) == ["m", "v", "g_bar", "s_bar"]
    sizes = {"N": 2, "D": 2, "H": 3, "K": 2, "T": 1}  # the reference goes through each entry's sums of sums
    check_values(net, draw(net, sizes=sizes), sizes=sizes)


# What is multiplied beside what has been summed over i and j, and whether the sum over c, i, j is a sum of those.
BESIDE = {
    "g[c] * x[n, c, i, j]": True,
    "g[c] * h[n] * x[n, c, i, j]": True,
    "e[n, c] * x[n, c, i, j]": True,
    "g[c] * w[i] * x[n, c, i, j]": False,  # it is not constant along them
    "g[c] * x[n, c, i, j] * x[n, c, i, j]": False,  # another sum
}


@pytest.mark.parametrize("product", BESIDE)
def test_what_stands_beside_is_constant_along_the_sum(product: str) -> None:
    net = network(
        "x: Param[N, D, H, H], g: Param[D], h: Param[N], e: Param[N, D], w: Param[H]",
        "p[n, c] = sum(x[n, c, i, j] for i in H for j in H)",
        f"q[n, c, i, j] = {product}",
        "r[n] = sum(q[n, c, i, j] for c in D for i in H for j in H)",
        "return sum(p**2) / 2 + sum(r**3) / 3 + sum(q**2) / 2",
    )
    found = {s.target.name for s in gradient_routine(net).statements}
    assert any(name.startswith("r") and name.endswith(".sums") for name in found) == BESIDE[product]
    check_values(net, draw(net), 1e-11)


@pytest.mark.parametrize("lies", ["as it stands", "apart and in another order"])
def test_a_gradient_is_written_in_the_shape_in_which_it_is_computed(lies: str) -> None:
    text = text_from(GROUPS, *NORMED)
    body = text[text.index("def loss_and_gradients") : text.index("def sgd_step")]
    assert 'out=out["x"].reshape(N, 3, D, H, K)' in body
    assert 'out["x"][...]' not in body
    module, rng = load(text), np.random.default_rng(0)
    inputs = {n: rng.normal(size=s) for n, s in {"y": (2, 6, 4, 5), "x": (2, 6, 4, 5), "g": (6,), "s": (6,)}.items()}
    y = inputs.pop("y")
    _, right = module.loss_and_gradients(y, **inputs)
    given = np.full((2, 6, 4, 5), np.nan) if lies == "as it stands" else np.full((2, 5, 4, 6, 2), np.nan)[0].T
    out = {"x": given}
    module.loss_and_gradients(y, **inputs, out=out, work={})
    assert out["x"] is given
    np.testing.assert_array_equal(given, right["x"])
    step = 1e-6 * rng.normal(size=given.shape)
    up, down = (module.loss(y, **{**inputs, "x": inputs["x"] + sign * step}) for sign in (1, -1))
    np.testing.assert_allclose((up - down) / 2, np.sum(right["x"] * step), rtol=1e-7)


def test_axes_are_not_merged_in_an_array_of_the_caller() -> None:
    """Of a product of shape (N * D, H) only an array that lies in order can be seen as (N, D, H)."""
    text = text_from(
        "e: Data[K, N, D], y: Data[K, H], W: Param[N, D, H]",
        "z[k, h] = sum(e[k, n, d] * W[n, d, h] for n in N for d in D)",
        "return sum((z - y)**2) / 2",
    )
    body = text[text.index("def loss_and_gradients") : text.index("def sgd_step")]
    assert 'out["W"].reshape' not in body
