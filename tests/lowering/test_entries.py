"""Index expressions of every kind against the reference: loss and gradients of the pure program."""

from __future__ import annotations

import pytest

from tests.lowering.lowered import check_values, draw, network

XW = "x: Data[N, D], W: Param[D, H]"
CASES = {
    "a matrix product": (XW, "z = x @ W", "return sum(z * z)"),
    "a product with the transpose": ("x: Data[N, D], W: Param[H, D]", "z = x @ W.T", "return sum(z ** 3)"),
    "the factors the other way round": ("x: Data[N, D], W: Param[H, D]", "z = W @ x.T", "return sum(z ** 2)"),
    "a product with a vector": ("x: Data[N, D], w: Param[D]", "z = x @ w", "return sum(z ** 2) / N"),
    "three factors": (
        "x: Data[N, D], W: Param[D, H], V: Param[H, K]",
        "z[n, k] = sum(x[n, d] * W[d, h] * V[h, k] for d in D for h in H)",
        "return sum(z ** 2)",
    ),
    "a batch of products": (
        "x: Data[N, T, D], W: Param[N, D, H]",
        "z[n, t, h] = sum(x[n, t, d] * W[n, d, h] for d in D)",
        "return sum(z ** 2)",
    ),
    "two summed indices": (
        "x: Data[N, T, D], W: Param[T, D, H]",
        "z[n, h] = sum(x[n, t, d] * W[t, d, h] for t in T for d in D)",
        "return sum(z ** 2)",
    ),
    "axes out of order": (
        "x: Data[D, N], W: Param[H, D]",
        "z[n, h] = sum(x[d, n] * W[h, d] for d in D)",
        "return sum(z ** 2)",
    ),
    "a trace": ("W: Param[N, N]", "return sum(W[n, n] ** 3 for n in N)"),
    "a diagonal and a row": ("W: Param[N, N]", "z[n] = W[n, n] * W[0, n]", "return sum(z ** 2)"),
    "a factor outside the sum": ("x: Data[N, D], w: Param[N]", "return sum(w[n] ** 2 * x[n, d] for n in N for d in D)"),
    "a term counted often": ("x: Data[N, D], w: Param[N]", "return sum(w[n] ** 2 + x[n, d] for n in N for d in D)"),
    "a bias": ("x: Data[N, D], b: Param[D]", "z = x + b", "return sum(z ** 3) / 2"),
    "an outer product": ("a: Data[N], w: Param[D]", "z[n, d] = a[n] * w[d]", "return sum(z ** 2 + z)"),
    "an index as a number": ("w: Param[T]", "return sum((t + 1) * w[t] ** 2 for t in T) / T"),
    "a filter": ("w: Param[T]", "return sum(w[t] ** 2 for t in T if t >= 2)"),
    "a triangle": ("w: Param[T]", "z[t: T] = sum(w[s] ** 2 for s in T if s <= t)", "return sum(z ** 2)"),
    "a triangle by range": ("w: Param[T]", "z[t: T] = sum(w[s] ** 2 for s in range(t + 1))", "return sum(z ** 2)"),
    "a choice by index": ("w: Param[T]", "z[t: T] = w[t] if t > 2 else w[t] ** 2", "return sum(z ** 3)"),
    "a choice by value": (XW, "z = x @ W", "a = where(z > 0, z, 0.1 * z)", "return sum(a ** 2)"),
    "a maximum of two": (XW, "z = x @ W", "return sum(maximum(z, 0) ** 2)"),
    "a minimum of two": (XW, "z = x @ W", "return sum(minimum(z, z ** 2) ** 2)"),
    "the largest of a row": (XW, "z = x @ W", "m = max(z, axis=-1)", "return sum(m ** 2)"),
    "the smallest of all": ("W: Param[D, H]", "return min(W) ** 2"),
    "the largest of some": ("w: Param[N, T]", "m[n] = max(w[n, t] for t in T if t > 1)", "return sum(m ** 3)"),
    "an absolute value": (XW, "return sum(abs(x @ W))"),
    "a mean and a variance": (
        "x: Data[N, D], w: Param[D]",
        "y = x * w",
        "m = mean(y, axis=-1, keepdims=True)",
        "v = mean((y - m) ** 2, axis=-1, keepdims=True)",
        "h = (y - m) / sqrt(v + 1e-5)",
        "return sum(h ** 3)",
    ),
    "powers and quotients": ("w: Param[N]", "a = w ** 2 + 1", "return sum(1 / a + a ** 1.5 + a ** -0.5 + a ** 5)"),
    "a power by a power": ("w: Param[N], v: Param[N]", "return sum((w ** 2 + 1) ** v)"),
    "elementary functions": (
        "w: Param[N]",
        "return sum(sin(w) * cos(w) + tanh(w) + erf(w) + log1p(w ** 2) + expm1(w) + sqrt(w ** 2 + 2))",
    ),
    "gelu": ("w: Param[N]", "return sum(gelu(w) ** 2)"),
    "scalars alone": ("a: Data, w: Param", "b = sigmoid(a * w)", "return (b - a) ** 2 / 2"),
    "a scalar and an array": ("x: Data[N], w: Param", "return sum(sigmoid(w * x) ** 2)"),
    "sizes as numbers": (XW, "return sum((x @ W) ** 2) * sqrt(D) / (N * H + 1)"),
    "a literal size": ("x: Data[N, 3], W: Param[3, 2]", "return sum((x @ W) ** 2)"),
    "an extent of one": ("x: Data[N, 1], W: Param[1, H]", "return sum((x @ W) ** 2)"),
    "a parameter used twice": ("x: Data[N, D], W: Param[D, D]", "z = x @ W", "return sum((z @ W.T) ** 2)"),
    "a parameter without use": ("x: Data[N], w: Param[N], v: Param[K, D]", "return sum(x * w ** 2)"),
    "a quadratic form": ("x: Data[N], A: Param[N, N]", "return x @ A @ x + sum(A ** 2)"),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    signature, *lines = CASES[name]
    net = network(signature, *lines)
    check_values(net, draw(net))
