"""A block of a causal transformer."""

from symbp import Data, Param, dims, network

N, T, H, E, F = dims("N T H E F")
D = H * E


@network
def transformer_block(
    x: Data[N, T, D], y: Data[N, T, D],
    g1: Param[D], b1: Param[D],
    Wq: Param[H, D, E], Wk: Param[H, D, E], Wv: Param[H, D, E], Wo: Param[H, E, D],
    g2: Param[D], b2: Param[D],
    W1: Param[D, F], c1: Param[F], W2: Param[F, D], c2: Param[D],
):  # fmt: skip
    """Causal attention with heads and a GELU layer, each after layer norm and beside a residual; half squared error."""
    u = layer_norm(x, g1, b1)
    q[n, h, t, e] = sum(u[n, t, d] * Wq[h, d, e] for d in range(D))
    k[n, h, t, e] = sum(u[n, t, d] * Wk[h, d, e] for d in range(D))
    v[n, h, t, e] = sum(u[n, t, d] * Wv[h, d, e] for d in range(D))
    o = attention(q, k, v, causal=True)
    r[n, t, d] = x[n, t, d] + sum(o[n, h, t, e] * Wo[h, e, d] for h in H for e in E)
    w = layer_norm(r, g2, b2)
    z = w @ W1 + c1
    a = gelu(z)
    m = r + a @ W2 + c2
    return sum((m - y) ** 2) / (2 * N)
