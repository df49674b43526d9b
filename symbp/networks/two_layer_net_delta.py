"""A ReLU layer under softmax and a cross-entropy that is kept away from log 0."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def two_layer_net_delta(
    x: Data[N, D], t: Data[N, K],
    W1: Param[D, H], b1: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """The network two_layer_net with 1e-7 added inside the logarithm, which changes every gradient."""
    assert sum(t[n, k] for k in K) == 1
    z1 = x @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    return -sum(t[n, k] * log(p[n, k] + 1e-7) for n in N for k in K) / N
