"""One trunk with two heads: what it is, and how much."""

from symbp import Data, Param, dims, network

N, D, H, K, M = dims("N D H K M")


@network
def multi_loss(
    x: Data[N, D], y: Data[N, K], t: Data[N, M], alpha: Data, beta: Data,
    W1: Param[D, H], b1: Param[H],
    W2: Param[H, K], b2: Param[K],
    W3: Param[H, M], b3: Param[M],
):  # fmt: skip
    """A tanh trunk under a head of classes and a head of values; the loss weighs cross-entropy and squared error."""
    assert sum(y[n, k] for k in K) == 1
    z1 = x @ W1 + b1
    a1 = tanh(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    r = a1 @ W3 + b3
    class_loss = -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
    value_loss = sum((r - t) ** 2) / N
    return alpha * class_loss + beta * value_loss
