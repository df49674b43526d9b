"""GPT-2 with any number of blocks and heads, its head tied to the embedding."""

from symbp import Data, Labels, Param, dims, network

B, T, L, H, E, V = dims("B T L H E V")
C = H * E


@network
def gpt2(
    tokens: Labels[B, T, V],
    targets: Labels[B, T, V],
    wte: Param[V, C],
    wpe: Param[T, C],
    g1: Param[L, C],
    c1: Param[L, C],
    Wqkv: Param[L, C, 3 * C],
    bqkv: Param[L, 3 * C],
    Wo: Param[L, H, E, C],
    bo: Param[L, C],
    g2: Param[L, C],
    c2: Param[L, C],
    Wf: Param[L, C, 4 * C],
    bf: Param[L, 4 * C],
    Wp: Param[L, 4 * C, C],
    bp: Param[L, C],
    gf: Param[C],
    cf: Param[C],
):
    """Embedding and positions, L blocks, a last layer norm, the embedding again as the head, cross-entropy."""
    x[-1] = wte[tokens] + wpe
    for l in L:
        u[l] = layer_norm(x[l - 1], g1[l], c1[l])
        qkv[l] = u[l] @ Wqkv[l] + bqkv[l]
        q[l, b, h:H, t, e:E] = qkv[l, b, t, E * h + e]
        k[l, b, h:H, t, e:E] = qkv[l, b, t, C + E * h + e]
        v[l, b, h:H, t, e:E] = qkv[l, b, t, 2 * C + E * h + e]
        o[l] = attention(q[l], k[l], v[l], causal=True)
        p[l, b, t, c] = sum(o[l, b, h, t, e] * Wo[l, h, e, c] for h in H for e in E)
        r[l] = x[l - 1] + p[l] + bo[l]
        w[l] = layer_norm(r[l], g2[l], c2[l])
        a[l] = gelu(w[l] @ Wf[l] + bf[l], approximate="tanh")
        x[l] = r[l] + a[l] @ Wp[l] + bp[l]
    f = layer_norm(x[L - 1], gf, cf)
    logits = f @ wte.T
    return cross_entropy(logits, targets)
