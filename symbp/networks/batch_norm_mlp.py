"""A hidden layer under batch normalisation."""

from symbp import Data, Labels, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def batch_norm_mlp(
    x: Data[N, D], t: Labels[N, K],
    W1: Param[D, H], gamma: Param[H], beta: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """An affine layer, batch norm and ReLU, then an affine layer under softmax and cross-entropy."""
    z1 = x @ W1
    mu = mean(z1, axis=0)
    v = mean((z1 - mu) ** 2, axis=0)
    r = 1 / sqrt(v + 1e-5)
    xhat = (z1 - mu) * r
    y1 = gamma * xhat + beta
    a1 = relu(y1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    return -sum(log(p[n, t[n]]) for n in N) / N
