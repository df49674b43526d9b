"""A hidden layer under layer normalisation."""

from symbp import Data, Labels, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def layer_norm_mlp(
    x: Data[N, D], t: Labels[N, K],
    W1: Param[D, H], b1: Param[H], gamma: Param[H], beta: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """An affine layer, layer norm and ReLU, then an affine layer under softmax and cross-entropy."""
    z1 = x @ W1 + b1
    mu[n] = mean(z1[n, h] for h in H)
    v[n] = mean((z1[n, h] - mu[n]) ** 2 for h in H)
    r[n] = 1 / sqrt(v[n] + 1e-5)
    xhat[n, h] = (z1[n, h] - mu[n]) * r[n]
    y1 = gamma * xhat + beta
    a1 = relu(y1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    return -sum(log(p[n, t[n]]) for n in N) / N
