"""Equations of indices in the text of the module: reshapes and slices, and neither masks nor ranges of numbers."""

from __future__ import annotations

import pytest

from tests.emit.emitted import body_of, text_from

SIZES = "from symbp import Labels\n\nA, B, C, T, V = dims('A B C T V')\n"
MERGED = "z[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k)"
CASES = {
    "merged": (
        ("x: Data[N, A, B], w: Param[A * B, C]", MERGED, "return sum((z @ w) ** 2)"),
        ("(x.reshape(N, A * B), w, out=", "np.matmul(x.reshape(N, A * B).T, "),
    ),
    "merged axes that stand apart": (
        (
            "x: Data[A, N, B], w: Param[A * B, C]",
            "z[n, k: A * B] = sum(x[a, n, b] for a in A for b in B if B * a + b == k)",
            "return sum((z @ w) ** 2)",
        ),
        ("z.reshape(N, A, B)[...] = x.transpose(1, 0, 2)",),
    ),
    "split": (
        ("x: Param[N, A * B], w: Data[N, A, B]", "z[n, a: A, b: B] = x[n, B * a + b] ** 2", "return sum(z * w)"),
        ("np.square(x.reshape(N, A, B), out=z)", "x_bar_scaled.reshape(N, A * B)"),
    ),
    "two halves": (
        (
            "x: Param[N, 2 * A * B], w: Data[N, A, B]",
            "q[n, a: A, b: B] = x[n, B * a + b]",
            "v[n, a: A, b: B] = x[n, A * B + B * a + b]",
            "return sum(w * q * tanh(v))",
        ),
        (
            'out["x"][:, : A * B].reshape(N, A, B)[...] = q_bar',
            'out["x"][:, A * B : 2 * A * B].reshape(N, A, B)[...] = v_bar',
        ),
    ),
    "every second entry": (
        ("x: Param[N, 2 * A], w: Data[N, A]", "z[n, a: A] = x[n, 2 * a + 1] ** 2", "return sum(z * w)"),
        ('out["x"][...] = 0', 'out["x"][:, 1 : 2 * A : 2] = x_bar_scaled'),
    ),
    "a transposed convolution": (
        (
            "x: Data[N, A], w: Param[B], y: Data[N, 2 * A + B - 2]",
            "o[n, p: 2 * A + B - 2] = sum(x[n, a] * w[b] for a in A for b in B if p == 2 * a + b)",
            "return sum((o - y) ** 2)",
        ),
        ("o[:, _b : _b + (2 * A - 1) : 2] += ",),
    ),
    "a mean of embeddings": (
        (
            "t: Labels[N, T, V], E: Param[V, D], w: Data[N, D]",
            "h[n, d] = mean(E[t[n, s], d] for s in T)",
            "return sum(h * w)",
        ),
        ('_add_rows(out["E"], t.reshape(N * T), E_bar_scaled, T)',),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_no_detour(name: str) -> None:
    lines, expected = CASES[name]
    code = body_of(text_from(*lines, before=SIZES))
    for part in expected:
        assert part in code, code
    assert not [word for word in ("np.arange", "np.equal", "np.where", "np.add.at") if word in code], code


def test_the_largest_is_found_by_its_position() -> None:
    code = body_of(text_from("x: Data[N, D], W: Param[D]", "m = max(x * W, axis=1)", "return sum(m ** 2)"))
    assert ".argmax(axis=1)" in code
    assert "(D, D)" not in code
