"""Networks whose recurrences have learned starts or norms within, and networks on data with equal entries."""

from symbp import Array, Data, Labels, Param, dims, network

L, T, N, D, K = dims("L T N D K")


def whiten(v: Array[..., D]):
    m = mean(v, axis=-1, keepdims=True)
    return (v - m) / sqrt(mean((v - m) ** 2, axis=-1, keepdims=True) + 1e-2)


@network
def two_starts(x: Data[T, D], u: Param[D], v: Param[D], A: Param[D, D], B: Param[D, D], y: Data[D]):
    """Two steps back, so two starts."""
    h[-1] = u
    h[-2] = v
    for t in T:
        h[t] = tanh(x[t] + h[t - 1] @ A + h[t - 2] @ B)
    return sum((h[T - 1] - y) ** 2) / 2


@network
def both_ways(x: Param[T, N, D], s: Param[N, D], e: Param[D], A: Param[D, D], y: Data[N, D]):
    """A loop forward and one backward, the starts of which have a parameter in common."""
    f[-1] = s
    for t in T:
        f[t] = sin(x[t] + f[t - 1] @ A)
    b[T] = s + e
    for t in T:
        b[t] = sin(x[t] + b[t + 1] @ A)
    return sum((f[T - 1] * b[0] - y) ** 2) / N


@network
def stacked_starts(x: Data[T, D], s: Param[L, D], W: Param[L, D, D], V: Param[L, D, D], y: Data[D]):
    """A start for each layer of a stack."""
    o[-1] = x
    for l in L:
        h[l, -1] = s[l]
        for t in T:
            h[l, t] = tanh(o[l - 1, t] @ V[l] + h[l, t - 1] @ W[l])
        o[l] = h[l]
    return sum((o[L - 1, T - 1] - y) ** 2) / 2


@network
def third_order(e: Data[T, N], a: Param[3], s: Param[3, N], y: Data[T, N]):
    """An autoregression that looks three steps back."""
    z[-1] = s[0]
    z[-2] = s[1]
    z[-3] = s[2]
    for t in T:
        z[t] = e[t] + a[0] * z[t - 1] + a[1] * tanh(z[t - 2]) + a[2] * z[t - 3]
    return sum((z - y) ** 2) / T


@network
def gated(x: Data[T, N, D], h0: Param[D], Wz: Param[D, D], Uz: Param[D, D], U: Param[D, D], V: Param[D, K], c: Labels[T, N, K]):
    """A start that all examples have in common, and a loss at every step."""
    h[-1, n: N, d] = h0[d]
    for t in T:
        z[t] = sigmoid(x[t] @ Wz + h[t - 1] @ Uz)
        h[t] = (1 - z[t]) * h[t - 1] + z[t] * tanh((z[t] * h[t - 1]) @ U)
    p = log_softmax(h @ V)
    return -sum(p[t, n, c[t, n]] for t in T for n in N) / N


@network
def normed_steps(x: Data[T, N, D], h0: Param[N, D], W: Param[D, D], g: Param[D], b: Param[D], y: Data[N, D]):
    """A norm on the state at every step."""
    h[-1] = h0
    for t in T:
        h[t] = tanh(x[t] + layer_norm(h[t - 1], g, b, eps=0.1) @ W)
    return sum((h[T - 1] - y) ** 2) / 2


@network
def normed_widths(
    x: Param[N, D[0]], W: Param[l: L, D[l], D[l + 1]], g: Param[l: L, D[l]], b: Param[l: L, D[l]], y: Data[N, D[L]]
):
    """A norm in front of every layer, each of a width of its own."""
    a[-1] = x
    for l in L:
        a[l] = tanh(layer_norm(a[l - 1], g[l], b[l], eps=0.1) @ W[l])
    return sum((a[L - 1] - y) ** 2) / N


@network
def over_a_graph(x: Param[N, D], S: Data[N, N], W: Param[L, D, D], y: Data[N, D]):
    """Messages along the edges of a graph without directions, a norm of one's own in each layer."""
    assert S[i, j] == S[j, i]
    a[-1] = x
    for l in L:
        a[l] = a[l - 1] + S @ whiten(a[l - 1]) @ W[l]
    return sum((a[L - 1] - y) ** 2) / N + sum(a[L - 1] * (S @ a[L - 1]))


@network
def mean_field(m0: Param[N], S: Data[N, N], h: Data[L, N]):
    """The energy after some rounds of a mean field."""
    assert S == S.T
    m[-1] = m0
    for l in L:
        m[l] = tanh(S @ m[l - 1] + h[l])
    return -m[L - 1] @ S @ m[L - 1] / 2 - h[L - 1] @ m[L - 1]


@network
def turning(x: Param[N], y: Param[N], A: Data[N, N]):
    """A field that turns and neither grows nor shrinks."""
    assert A == -A.T
    return sin(x @ A @ y) + (x @ A @ x) ** 2 + sum(exp(x / 3)) + sum((A @ y) ** 2)
