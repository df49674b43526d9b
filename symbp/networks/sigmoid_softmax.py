"""A layer of sigmoids under softmax and cross-entropy."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def sigmoid_softmax(
    x: Data[N, D], y: Data[N, K],
    W1: Param[D, H], b1: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """A layer of sigmoids under softmax and cross-entropy.
    一层sigmoid，之后是softmax与交叉熵。"""
    assert sum(y[n, k] for k in K) == 1
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    return -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
