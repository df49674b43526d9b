"""Equations of indices (axes merged, split, spread out with gaps, added in strides) against autograd, at many sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.calculus.derive import derive
from symbp.core.expr import Read
from symbp.core.integers import Dim, Poly, quotient
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.compare import errors, tensors
from tests.autograd.modules import draw_inputs, module_from, module_of

HEAD = (
    "from symbp import Array, Data, Labels, Param, dims, network\n"
    "N, A, B, C, D, F, I, J, U, V, L, T, K = dims('N A B C D F I J U V L T K')\n"
)


@dataclass(frozen=True)
class Case:
    """A network's signature and statements, the functions before it, and sizes that it is tried at."""

    signature: str
    statements: tuple[str, ...]
    before: str = ""
    sizes: tuple[str, ...] = ("N=3 A=4 B=5", "A=1", "B=1", "A=1 B=1", "N=1 A=2 B=1 C=1", "B=7 A=2", "C=1 D=3")

    @property
    def text(self) -> str:
        """The network's file."""
        body = "".join(f"    {line}\n" for line in self.statements)
        return f"{HEAD}{self.before}\n@network\ndef net({self.signature}):\n{body}"


SPLIT = "x: Param[N, A * B], w: Data[N, A, B]"
MERGED = "x: Param[N, A, B], w: Param[A * B, C]"
CASES = {
    "merged": Case(
        MERGED, ("f[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k)", "return sum((f @ w) ** 2)")
    ),
    "merged, written the other way round": Case(
        MERGED, ("f[n, k: A * B] = sum(x[n, a, b] for b in B for a in A if k == b + a * B)", "return sum((f @ w) ** 2)")
    ),
    "the second axis counts more": Case(
        MERGED, ("f[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if A * b + a == k)", "return sum((f @ w) ** 2)")
    ),
    "merged from the front": Case(
        "x: Param[A, B, N], w: Param[A * B, C]",
        ("f[k: A * B, n] = sum(x[a, b, n] for a in A for b in B if B * a + b == k)", "return sum(exp(f.T @ w / 9))"),
    ),
    "axes that stand apart": Case(
        "x: Param[A, N, B], w: Param[A * B, C]",
        ("f[n, k: A * B] = sum(x[a, n, b] for a in A for b in B if B * a + b == k)", "return sum((f @ w) ** 2)"),
    ),
    "with a factor of the merged index": Case(
        MERGED,
        (
            "f[n, k: A * B] = sum(x[n, a, b] * w[k, 0] for a in A for b in B if B * a + b == k)",
            "return sum(f ** 2) + sum(w ** 2)",
        ),
    ),
    "with a factor of both": Case(
        "x: Param[N, A, B], w: Param[A * B, A]",
        ("f[n, k: A * B] = sum(x[n, a, b] * w[k, a] for a in A for b in B if B * a + b == k)", "return sum(f ** 2)"),
    ),
    "the same along one digit": Case(
        "x: Param[N, A], w: Data[N, A * B]",
        ("f[n, k: A * B] = sum(x[n, a] for a in A for b in B if B * a + b == k)", "return sum((f - w) ** 2)"),
    ),
    "the same along the other": Case(
        "x: Param[N, B], w: Data[N, A * B]",
        ("f[n, k: A * B] = sum(x[n, b] ** 2 for a in A for b in B if B * a + b == k)", "return sum((f - w) ** 2)"),
    ),
    "three digits": Case(
        "x: Param[N, A, B, C], w: Param[A * B * C, D]",
        (
            "f[n, k: A * B * C] = sum(x[n, a, b, c] for a in A for b in B for c in C if B * C * a + C * b + c == k)",
            "return sum((f @ w) ** 2)",
        ),
    ),
    "two pairs of digits": Case(
        "z: Param[N, A, B, C, D], w: Data[N, A * C, B * D]",
        (
            "f[n, i: A * C, j: B * D] = sum(z[n, a, b, c, d] for a in A for b in B for c in C for d in D"
            " if i == C * a + c and j == D * b + d)",
            "return mean((tanh(f) - w) ** 2)",
        ),
    ),
    "more room than digits": Case(
        "x: Param[N, A, B], w: Data[N, A * B + 2]",
        (
            "f[n, k: A * B + 2] = sum(x[n, a, b] for a in A for b in B if B * a + b + 1 == k)",
            "return sum((f - w) ** 3)",
        ),
    ),
    "less room than digits": Case(
        "x: Param[N, A, B], w: Data[N, A]",
        ("f[n, k: A] = sum(x[n, a, b] for a in A for b in B if B * a + b == k)", "return sum((f - w) ** 3)"),
    ),
    "digits with gaps": Case(
        "x: Param[N, A, 2], w: Data[N, 3 * A]",
        ("f[n, k: 3 * A] = sum(x[n, a, b] for a in A for b in range(2) if 3 * a + b == k)", "return sum((f - w) ** 3)"),
    ),
    "digits that overlap": Case(
        "x: Param[N, A, 3], w: Data[N, 2 * A + 1]",
        (
            "f[n, k: 2 * A + 1] = sum(x[n, a, b] for a in A for b in range(3) if 2 * a + b == k)",
            "return sum((f - w) ** 3)",
        ),
    ),
    "digits and another condition": Case(
        MERGED,
        (
            "f[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k and b <= a)",
            "return sum((f @ w) ** 2)",
        ),
    ),
    "digits where an entry is positive": Case(
        MERGED,
        (
            "f[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k and x[n, a, b] > 0)",
            "return sum((f @ w) ** 2)",
        ),
    ),
    "a sum of all": Case(
        MERGED,
        ("return sum(exp(x[n, a, b] * w[k, 0]) for n in N for k in A * B for a in A for b in B if B * a + b == k)",),
    ),
    "split": Case(SPLIT, ("f[n, a: A, b: B] = x[n, B * a + b] ** 2", "return sum(f * w)")),
    "split and turned": Case(
        SPLIT,
        (
            "f[b: B, n, a: A] = x[n, B * a + b] ** 2",
            "return sum(f[b, n, a] * w[n, a, b] for n in N for a in A for b in B)",
        ),
    ),
    "split under a sum": Case(
        SPLIT, ("f[n, a: A] = sum(x[n, B * a + b] * w[n, a, b] for b in B)", "return sum(exp(f / 9))")
    ),
    "split twice": Case(
        "x: Param[A * B, C * D], w: Data[A, C]",
        (
            "f[a: A, b: B, c: C, d: D] = x[B * a + b, D * c + d]",
            "return sum(w[a, c] * f[a, b, c, d] ** 3 for a in A for b in B for c in C for d in D)",
        ),
    ),
    "split with one index twice": Case(
        "x: Param[A, A * B], w: Data[A, B]", ("f[a: A, b: B] = x[a, B * a + b] ** 2", "return sum(f * w)")
    ),
    "split from the end": Case(
        "x: Param[N, A * B], w: Data[N, A, B]",
        ("f[n, a: A, b: B] = x[n, A * B - 1 - B * a - b] ** 2", "return sum(f * w)"),
    ),
    "three in one": Case(
        "x: Param[N, T, 3 * A * B], w: Data[N, A, T, B]",
        (
            "q[n, a: A, t, b: B] = x[n, t, B * a + b]",
            "k[n, a: A, t, b: B] = x[n, t, A * B + B * a + b]",
            "v[n, a: A, t, b: B] = x[n, t, 2 * A * B + B * a + b]",
            "return sum((attention(q, k, v, causal=True) - w) ** 2)",
        ),
    ),
    "two of three": Case(
        "x: Param[N, 3 * A * B], w: Data[N, A, B]",
        (
            "q[n, a: A, b: B] = x[n, B * a + b]",
            "v[n, a: A, b: B] = x[n, 2 * A * B + B * a + b]",
            "return sum(w * q * tanh(v))",
        ),
    ),
    "two that overlap": Case(
        "x: Param[N, A * B + 1], w: Data[N, A, B]",
        (
            "q[n, a: A, b: B] = x[n, B * a + b]",
            "v[n, a: A, b: B] = x[n, B * a + b + 1]",
            "return sum(w * q * tanh(v))",
        ),
    ),
    "even and odd": Case(
        "x: Param[N, 2 * A], w: Data[N, A]",
        ("return sum(w[n, a] * x[n, 2 * a] * x[n, 2 * a + 1] ** 2 for n in N for a in A)",),
    ),
    "one of two": Case("x: Param[N, 2 * A], w: Data[N, A]", ("f[n, a: A] = x[n, 2 * a + 1] ** 2", "return sum(f * w)")),
    "every so many": Case("x: Param[N, A * B], w: Data[N, A]", ("f[n, a: A] = x[n, B * a] ** 2", "return sum(f * w)")),
    "spread out": Case(
        "x: Param[N, A], w: Data[N, 2 * A]",
        ("f[n, k: 2 * A] = sum(x[n, a] for a in A if k == 2 * a + 1)", "return sum((f - w) ** 2)"),
    ),
    "upsampled": Case(
        "x: Param[N, I, J], w: Data[N, 2 * I, 3 * J]",
        (
            "f[n, p: 2 * I, q: 3 * J] = sum(x[n, i, j] for i in I for j in J for u in range(2) for v in range(3)"
            " if p == 2 * i + u and q == 3 * j + v)",
            "return sum((tanh(f) - w) ** 2)",
        ),
    ),
    "transposed convolution": Case(
        "y: Data[N, F, 2 * I - 2 + U, 2 * J - 2 + V], x: Param[N, C, I, J], w: Param[C, F, U, V], b: Param[F]",
        (
            "o[n, f, p: 2 * I - 2 + U, q: 2 * J - 2 + V] = b[f] + sum(x[n, c, i, j] * w[c, f, u, v] for c in C"
            " for i in I for j in J for u in U for v in V if p == 2 * i + u and q == 2 * j + v)",
            "return sum((o - y) ** 2) / 2",
        ),
        sizes=("N=2 C=3 F=4 I=5 J=3 U=3 V=2", "U=1 V=1", "I=1 J=1 U=2", "C=1 F=1 U=4 V=5", "I=2 J=7 U=1"),
    ),
    "transposed along a line, with a stride of three": Case(
        "y: Data[N, F, 3 * I - 3 + U], x: Param[N, C, I], w: Param[C, F, U]",
        (
            "o[n, f, p: 3 * I - 3 + U] = sum(x[n, c, i] * w[c, f, u] for c in C for i in I for u in U"
            " if 3 * i + u == p)",
            "return sum((o - y) ** 2) / 2",
        ),
        sizes=("N=2 C=3 F=4 I=5 U=3", "U=1", "I=1 U=2", "U=7"),
    ),
    "cropped": Case(
        "y: Data[N, 2 * I], x: Param[N, I], w: Param[U]",
        (
            "o[n, p: 2 * I] = sum(x[n, i] * w[u] for i in I for u in U if p + 1 == 2 * i + u)",
            "return sum((o - y) ** 2) / 2",
        ),
        sizes=("N=2 I=5 U=3", "I=1 U=1", "I=1 U=5", "I=4 U=2"),
    ),
    "cropped on both sides, in two directions": Case(
        "y: Data[N, F, 2 * I, 3 * J], x: Param[N, C, I, J], w: Param[C, F, U, V]",
        (
            "o[n, f, p: 2 * I, q: 3 * J] = sum(x[n, c, i, j] * w[c, f, u, v] for c in C for i in I"
            " for j in J for u in U for v in V if p + 1 == 2 * i + u and q + 2 == 3 * j + v)",
            "return sum((o - y) ** 2) / 2",
        ),
        sizes=("N=2 C=3 F=2 I=4 J=3 U=3 V=4", "I=1 J=1 U=1 V=1", "I=1 J=2 U=7 V=8", "U=2 V=2"),
    ),
    "a convolution as a sum with an equation": Case(
        "x: Param[N, I], w: Param[U], y: Data[N, I]",
        ("o[n, p: I] = sum(x[n, i] * w[u] for i in I for u in U if p + 1 == i + u)", "return sum((o - y) ** 2) / 2"),
        sizes=("N=2 I=5 U=3", "I=1 U=1", "I=1 U=5", "I=4 U=2"),
    ),
    "a correlation as a sum with an equation": Case(
        "x: Param[N, I], w: Param[U], y: Data[N, I]",
        ("o[n, p: I] = sum(x[n, i] * w[u] for i in I for u in U if p + u == i + 1)", "return sum((o - y) ** 2) / 2"),
        sizes=("N=2 I=5 U=3", "I=1 U=1", "I=1 U=5", "I=4 U=2"),
    ),
    "spread out beyond the end": Case(
        "x: Param[N, A], w: Data[N, 2 * A]",
        ("f[n, k: 2 * A] = sum(x[n, a] for a in A if k + 3 == 2 * a)", "return sum((f - w) ** 2)"),
    ),
    "a scatter with a factor of where it goes": Case(
        "x: Param[N, I], w: Param[U], y: Data[2 * I + U]",
        (
            "o[n: N, p: 2 * I + U] = sum(exp(x[n, i] * y[p] / 9) * w[u] for i in I for u in U if p == 2 * i + u)",
            "return sum(o ** 2) / 2",
        ),
        sizes=("N=2 I=5 U=3", "I=1 U=1", "I=1 U=5", "I=4 U=2"),
    ),
    "one beyond the end with a factor of where it goes": Case(
        "x: Param[N, I], w: Param[U], y: Data[2 * I]",
        (
            "o[n: N, p: 2 * I] = sum(exp(x[n, i] * y[p] / 9) * w[u] for i in I for u in U if p + 1 == 2 * i + u)",
            "return sum(o ** 2) / 2",
        ),
        sizes=("N=2 I=5 U=3", "I=1 U=1", "I=1 U=5", "I=4 U=2"),
    ),
    "patches": Case(
        "x: Param[N, C, 4 * A, 4 * B], W: Param[16 * C, D], w: Data[N, A * B, D]",
        (
            "f[n, p: A * B, k: 16 * C] = sum(x[n, c, 4 * a + u, 4 * b + v] for a in A for b in B for c in C"
            " for u in range(4) for v in range(4) if B * a + b == p and 16 * c + 4 * u + v == k)",
            "return sum(tanh(f @ W) * w)",
        ),
    ),
    "groups": Case(
        "x: Param[N, 4 * C, I, J], y: Data[N, 4 * C, I, J], g: Param[4 * C], b: Param[4 * C]",
        ("return sum((group_norm(x, 4, g, b) - y) ** 2)",),
        sizes=("N=2 C=3 I=3 J=2", "C=1", "N=1 C=2 I=1 J=3"),
    ),
    "groups of one's own": Case(
        "x: Param[N, 3 * C], y: Data[N, 3 * C]",
        ("return sum((centred(x, 3) - y) ** 4)",),
        before=(
            "def centred(x: Array[N, groups * C], groups):\n"
            "    z[n, g: groups, c: C] = x[n, C * g + c]\n"
            "    m[n, g] = mean(z[n, g, c] for c in C)\n"
            "    y[n, k: groups * C] = sum(z[n, g, c] - m[n, g] for g in range(groups) for c in C if C * g + c == k)\n"
            "    return y\n"
        ),
    ),
    "in a recurrence": Case(
        "x: Data[T, N, A * B], W: Param[A, B, A, B], c: Param[A * B]",
        (
            "h[-1] = c",
            "for t in T:",
            "    z[t, n: N, a: A, b: B] = x[t, n, B * a + b] + sum(h[t - 1, B * i + j] * W[i, j, a, b]"
            " for i in A for j in B)",
            "    s[t, a, b] = mean(tanh(z[t, n, a, b]) for n in N)",
            "    h[t, k: A * B] = sum(s[t, a, b] for a in A for b in B if B * a + b == k)",
            "return sum(h[T - 1] ** 2)",
        ),
        sizes=("T=3 N=2 A=2 B=3", "T=1 A=1", "T=2 B=1 N=1"),
    ),
    "heads in depth": Case(
        "x: Data[N, T, A * B], Wqkv: Param[L, A * B, 3 * A * B], Wo: Param[L, A, B, A * B], y: Data[N, T, A * B]",
        (
            "h[-1] = x",
            "for l in L:",
            "    u[l] = h[l - 1] @ Wqkv[l] / 3",
            "    q[l, n, a: A, t, b: B] = u[l, n, t, B * a + b]",
            "    k[l, n, a: A, t, b: B] = u[l, n, t, A * B + B * a + b]",
            "    v[l, n, a: A, t, b: B] = u[l, n, t, 2 * A * B + B * a + b]",
            "    o[l] = attention(q[l], k[l], v[l], causal=True)",
            "    h[l, n, t, c] = h[l - 1, n, t, c] + sum(o[l, n, a, t, b] * Wo[l, a, b, c] for a in A for b in B) / 3",
            "return mean((h[L - 1] - y) ** 2)",
        ),
        sizes=("N=2 T=3 A=2 B=3 L=2", "A=1 L=1", "B=1 T=1", "N=1 A=3 B=2"),
    ),
    "a mean of embeddings": Case(
        "t: Labels[N, T, V], E: Param[V, D], w: Data[N, D]",
        ("h[n, d] = mean(E[t[n, s], d] for s in T)", "return sum((h - w) ** 2)"),
        sizes=("N=3 T=4 V=5 D=2", "V=1 T=1", "N=40 T=3 D=40 V=2000", "N=60 T=90 D=8 V=3", "N=200 T=20 D=3 V=150"),
    ),
    "a sum of embeddings over the batch": Case(
        "t: Labels[N, T, V], E: Param[V, D], w: Data[T, D]",
        ("h[s, d] = sum(E[t[n, s], d] for n in N)", "return sum(exp(h * w / 9))"),
        sizes=("N=3 T=4 V=5 D=2", "V=1 T=1", "N=40 T=3 D=40 V=2000"),
    ),
    "a sum of all embeddings": Case(
        "t: Labels[N, T, V], E: Param[V, D]",
        ("h[d] = sum(E[t[n, s], d] for n in N for s in T)", "return sum(h ** 2)"),
        sizes=("N=3 T=4 V=5 D=2", "V=1 T=1", "N=30 T=30 D=9 V=100"),
    ),
    "the largest of a row": Case(
        "x: Data[N, A, B], W: Param[A, B], w: Data[N, A]",
        ("m = max(x * W, axis=2)", "return sum((m - w) ** 2)"),
    ),
    "the largest of a column": Case(
        "x: Data[N, A, B], W: Param[A, B], w: Data[A, B]", ("m = max(x * W, axis=0)", "return sum((m - w) ** 2)")
    ),
    "the least of two axes": Case(
        "x: Data[N, A, B], W: Param[A, B], w: Data[N]",
        ("m[n] = min(x[n, a, b] * W[a, b] for a in A for b in B)", "return sum((m - w) ** 2)"),
    ),
    "the largest of two axes that stand apart": Case(
        "x: Data[A, N, B], W: Param[A, B], w: Data[N]",
        ("m[n] = max(x[a, n, b] * W[a, b] for b in B for a in A)", "return sum(exp(m - w))"),
    ),
    "the largest where there are ties": Case(
        "x: Data[N, A], W: Param[A, B], w: Data[N]",
        ("m[n] = max(x[n, a] * relu(W[a, b]) for a in A for b in B)", "return sum((m - w) ** 2) + sum(W ** 2)"),
    ),
    "the largest of a sum": Case(
        "x: Param[N, A], y: Param[N, B], w: Data[N]",
        ("m[n] = max(x[n, a] + y[n, b] for a in A for b in B)", "return sum((m - w) ** 2)"),
    ),
    "a mean for one part of what a step hands on": Case(
        "x: Data[T, N, 2 * A], W: Param[A, A], c: Param[2 * A]",
        (
            "h[-1] = c",
            "for t in T:",
            "    z[t, n: N, a: A] = x[t, n, 2 * a + 1] + sum(h[t - 1, 2 * j] * W[j, a] for j in A)",
            "    s[t, a] = mean(tanh(z[t, n, a]) for n in N)",
            "    h[t, k: 2 * A] = sum(s[t, a] for a in A if 2 * a == k)",
            "return sum(h[T - 1] ** 2) + sum(h[t, 0] for t in T)",
        ),
    ),
    "a mean beside a largest in what a step hands on": Case(
        "x: Data[T, N, A], W: Param[A, A], c: Param[2 * A]",
        (
            "h[-1] = c",
            "for t in T:",
            "    z[t, n: N, a: A] = x[t, n, a] + sum(h[t - 1, 2 * j] * W[j, a] for j in A)",
            "    s[t, a] = mean(tanh(z[t, n, a]) for n in N)",
            "    q[t, a] = max(tanh(z[t, n, a]) for n in N)",
            "    h[t, k: 2 * A] = s[t, k] if k < A else q[t, k - A]",
            "return sum(h[T - 1] ** 2) + sum(h[t, 0] for t in T)",
        ),
    ),
    "a gradient all of whose parts are computed in it": Case(
        "x: Param[N, A], y: Param[N, B], w: Data[N, A + B]",
        (
            "p = tanh(x)",
            "q = exp(y / 3)",
            "f[n, i: A + B] = p[n, i] if i < A else q[n, i - A]",
            "return sum((f - w) ** 2) + sum(p ** 3) + sum(q)",
        ),
    ),
}


QUOTIENTS = {
    "k // B and k % B": (
        "x: Param[N, A, B], w: Data[N, A * B]",
        "f[n: N, k: A * B]",
        lambda n, k: (n, k // B, k - B * (k // B)),
    ),
    "three digits": (
        "x: Param[A, B, C], w: Data[A * B * C]",
        "f[k: A * B * C]",
        lambda k: (k // (B * C), k // C - B * (k // (B * C)), k - C * (k // C)),
    ),
    "every entry twice": ("x: Param[N, A], w: Data[N, 2 * A]", "f[n: N, k: 2 * A]", lambda n, k: (n, k // TWO)),
    "every entry again": (
        "x: Param[N, B], w: Data[N, A * B]", "f[n: N, k: A * B]", lambda n, k: (n, k - B * (k // B)),
    ),
    "every pixel twice each way": (
        "x: Param[N, I, J], w: Data[N, 2 * I, 2 * J]", "f[n: N, i: 2 * I, j: 2 * J]",
        lambda n, i, j: (n, i // TWO, j // TWO)
    ),
    "no multiple": ("x: Param[N, A], w: Data[N, 2 * A - 1]", "f[n: N, k: 2 * A - 1]", lambda n, k: (n, k // TWO)),
}  # fmt: skip


class Number:
    """An integer expression that Python's operators make."""

    def __init__(self, poly: Poly) -> None:
        self.poly = poly

    def __floordiv__(self, other: Number) -> Number:
        return Number(quotient(self.poly, other.poly))

    def __mul__(self, other: Number) -> Number:
        return Number(self.poly * other.poly)

    def __sub__(self, other: Number) -> Number:
        return Number(self.poly - other.poly)


A, B, C, TWO = (Number(Poly.of(a)) for a in (Dim("A"), Dim("B"), Dim("C"), 2))


@pytest.mark.parametrize("name", QUOTIENTS)
def test_quotients(name: str) -> None:
    signature, left, subs = QUOTIENTS[name]
    rank = signature.split("]")[0].count(",") + 1
    text = Case(signature, (f"{left} = x[{', '.join('0' * rank)}]", "return sum(tanh(f) * w)")).text
    network = read_network(text, "net.py", "net")
    equation = network.equation("f")
    assert equation is not None
    read = Read("x", tuple(s.poly for s in subs(*(Number(Poly.of(i)) for i in equation.indices))))
    equations = tuple(replace(e, body=read) if e.name == "f" else e for e in network.equations)
    network = replace(network, equations=equations)
    module = module_of(write_module(lower(derive(network)))[0], "net")
    for seed in range(4):
        inputs = draw_inputs(module, {}, seed, dict.fromkeys("NABCIJ", (1, 5)))
        worst = errors(module, inputs, witness.gradients(network, tensors(inputs)))
        assert max(worst.values()) <= 1e-12, worst


@pytest.mark.parametrize("name", CASES)
def test_places(name: str) -> None:
    case = CASES[name]
    module = module_from(case.text, "net")
    network = read_network(case.text, "net.py", "net")
    for seed, sizes in enumerate(case.sizes):
        ranges = {n: (int(k), int(k) + 1) for n, k in (part.split("=") for part in sizes.split())}
        inputs = draw_inputs(module, {}, seed, dict.fromkeys("NABCDFIJUVLTK", (2, 5)) | ranges)
        worst = errors(module, inputs, witness.gradients(network, tensors(inputs)))
        assert max(worst.values()) <= 1e-11, (sizes, worst)
