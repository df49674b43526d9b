"""A model of the next character by the characters before it."""

from symbp import Labels, Param, dims, network

N, T, V, D, H = dims("N T V D H")


@network
def char_mlp(
    x: Labels[N, T, V], y: Labels[N, V],
    E: Param[V, D],
    W1: Param[T, D, H], gamma: Param[H], beta: Param[H],
    W2: Param[H, V], b2: Param[V],
):  # fmt: skip
    """Embedding, an affine layer, batch norm with the variance over N - 1, tanh, an affine layer, cross-entropy."""
    e = embedding(x, E)
    z[n, h] = sum(e[n, t, d] * W1[t, d, h] for t in T for d in D)
    mu = mean(z, axis=0)
    v = sum((z - mu) ** 2, axis=0) / (N - 1)
    r = 1 / sqrt(v + 1e-5)
    xhat = (z - mu) * r
    a = tanh(gamma * xhat + beta)
    logits = a @ W2 + b2
    p = softmax(logits)
    return -sum(log(p[n, y[n]]) for n in N) / N
