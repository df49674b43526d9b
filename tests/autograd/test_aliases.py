"""What is an input by another name (a product with a computed 1, a turned or reshaped one, what a function hands back)
is never written over: the inputs are locked, and values are held against PyTorch or known.
"""

from __future__ import annotations

import numpy as np
import pytest

from symbp.core import build
from symbp.core.integers import Poly
from symbp.lowering.builder import Builder, unchanged
from symbp.lowering.program import BOOL, Value
from tests.autograd.compare import worst_error
from tests.autograd.modules import module_from

BOUND = 1e-12
HEAD = "from symbp import Data, Param, dims, function, network\n\nN, D, T = dims('N D T')\n\n\n"

# Each ends in a function that is computed in place where what it is of may be written over.
BODIES = {
    "times a computed 1": "g[n] = 1 + s[n] - s[n]\n    return sum(tanh(g[n] * b[d]) * x[n, d] for n in N for d in D)",
    "over a computed 1": (
        "g = 1 + s - s\n    u[d] = b[d] / (1 + c - c)\n    return sum(tanh(u) * g[0]) + sum(tanh(x / 1))"
    ),
    "a computed 0 added": "u[n, d] = x[n, d] + (s[n] - s[n])\n    return sum(tanh(u)) + sum(tanh(b + (c - c)))",
    "to a computed power of 1": "u = x ** (1 + c - c)\n    return sum(tanh(u)) + sum(exp(b ** (2 - 1)))",
    "turned twice": "u = x.T\n    v = u.T\n    return sum(tanh(v)) + sum(exp(x.T)) + sum(tanh(b))",
    "reshaped": (
        "u[n, d, k: 1] = x[n, d]\n    v[d: D, k: 1] = b[d] if d >= 0 else 0\n    return sum(tanh(u)) + sum(exp(v))"
    ),
    "equal branches": "u = where(x > 0, x, x)\n    return sum(tanh(u)) + sum(exp(where(b > c, b, b)))",
    "the larger of the same": "u = maximum(x, x)\n    return sum(tanh(u)) + sum(exp(minimum(b, b)))",
    "negated twice": "u = -(-x)\n    v = 0 - (0 - b)\n    return sum(tanh(u)) + sum(exp(v))",
    "a sum of one": (
        "u[n, d] = sum(x[n, d] for k in range(1))\n"
        "    return sum(tanh(u)) + sum(exp(mean(b[d] for k in range(1))) for d in D)"
    ),
    "a tensor alone": "u = x\n    v = u[:]\n    return sum(tanh(v)) + sum(exp(b[:]))",
    "times an identity": (
        "u[n, d: D] = sum(x[n, e] * (1 if e == d else 0) for e in D)\n"
        "    v[d: D] = sum(b[e] if e == d else 0 for e in D)\n    return sum(tanh(u)) + sum(exp(v))"
    ),
    "all of it": (
        "u[n: N, d] = x[n, d] if n >= 0 else 0\n    v[d: D] = b[d] if 0 <= d < D else 0\n"
        "    return sum(tanh(u)) + sum(exp(v))"
    ),
    "inside a loop": (
        "h[-1] = b\n    for t in T:\n        g[t] = 1 + r[t] - r[t]\n        h[t] = tanh(g[t] * h[t - 1])\n"
        "    return sum(h) + sum(tanh(x))"
    ),
    "a loop that only hands on": (
        "h[-1] = b\n    for t in T:\n        h[t] = where(r[t] > 0, h[t - 1], h[t - 1])\n"
        "    return sum(tanh(h[T - 1])) + sum(x)"
    ),
    "a loop beside a computed 1": (
        "h[-1] = b\n    for t in T:\n"
        "        h[t] = where(1 + r[t] - r[t] > 0, h[t - 1] / 2, tanh((1 + r[t] - r[t]) * b))\n"
        "    return sum(h * r[0]) + sum(tanh(x))"
    ),
}


def network(body: str) -> str:
    return HEAD + (
        "@network\ndef net(s: Data[N], r: Data[T], c: Param, x: Param[N, D], b: Param[D]):\n    " + body + "\n"
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_input_by_another_name_stays(body: str, seed: int) -> None:
    assert worst_error(network(body), "net", seed, {"x": positive, "b": positive}) <= BOUND


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.2, 1.5, size=shape)


CALLS = """f = function("f")

@network
def net(x: Data[N, D], b: Param[D]):
    u = f(x)
    a = tanh(u)
    z = x + b
    v = f(z)
    w = exp(-z)
    return sum(a * v) + sum(tanh(f(b))) + sum(w * v)
"""


def test_what_a_function_hands_back_is_its_own() -> None:
    """An identity hands back its argument, another an array of its own that it fills at each call."""
    m = module_from(HEAD + CALLS, "net")
    rng = np.random.default_rng(3)
    x, b, held = rng.normal(size=(3, 4)), rng.normal(size=4), {}

    def filled(u: np.ndarray) -> np.ndarray:
        kept = held.setdefault(u.shape, np.empty(u.shape))
        kept[...] = u
        return kept

    z = x + b
    right = np.sum(np.tanh(x) * z) + np.sum(np.tanh(b)) + np.sum(np.exp(-z) * z)
    slope = np.sum(np.tanh(x) + np.exp(-z) - np.exp(-z) * z, axis=0) + 1 - np.tanh(b) ** 2
    for f in (lambda u: u, filled, lambda u: u[...]):
        work: dict[str, object] = {}
        for _ in range(2):
            kept = x.copy(), b.copy()
            loss, gradients = m.loss_and_gradients(x, b=b, f=f, f_d1=np.ones_like, work=work)
            np.testing.assert_allclose([loss, m.loss(x, b=b, f=f)], right, rtol=1e-13)
            np.testing.assert_allclose(gradients["b"], slope, rtol=1e-12)
            np.testing.assert_array_equal(m.forward(x, b=b, f=f)["a"], np.tanh(x))
            np.testing.assert_array_equal(x, kept[0])
            np.testing.assert_array_equal(b, kept[1])


@pytest.mark.parametrize(
    ("op", "left", "right", "same"),
    [
        ("mul", 1, "a", True),
        ("mul", "a", 1, True),
        ("div", "a", 1, True),
        ("power", "a", 1, True),
        ("add", 0, "a", True),
        ("sub", "a", 0, True),
        ("div", 1, "a", False),
        ("power", 1, "a", False),
        ("sub", 0, "a", False),
        ("mul", 2, "a", False),
        ("add", "a", 1, False),
        ("mul", "mask", 1, False),
    ],
)
def test_what_leaves_an_array_as_it_is_makes_no_statement(op: str, left: object, right: object, same: bool) -> None:
    values = {"a": Value("a", (Poly.of(3),)), "mask": Value("mask", (Poly.of(3),), BOOL)}
    args = tuple(values[a] if isinstance(a, str) else build.num(a) for a in (left, right))  # type: ignore[arg-type]
    builder = Builder()
    found = builder.elementwise(op, *args)
    assert (found == values["a"], len(builder.statements)) == (same, 0 if same else 1)
    assert (unchanged(op, args) is not None) == same
