"""A ReLU layer under softmax and cross-entropy."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def two_layer_net(
    x: Data[N, D], t: Data[N, K],
    W1: Param[D, H], b1: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """A ReLU layer, then an affine layer under softmax and cross-entropy with t."""
    assert sum(t[n, k] for k in K) == 1
    z1 = x @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    return -sum(t[n, k] * log(p[n, k]) for n in N for k in K) / N
