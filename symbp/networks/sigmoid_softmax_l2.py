"""A layer of sigmoids under softmax and cross-entropy, with weight decay."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def sigmoid_softmax_l2(
    x: Data[N, D], y: Data[N, K], lam: Data,
    W1: Param[D, H], b1: Param[H],
    W2: Param[H, K], b2: Param[K],
):  # fmt: skip
    """The network sigmoid_softmax with half of lam times the sum of the squared weights added to its loss."""
    assert sum(y[n, k] for k in K) == 1
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    p = softmax(z2)
    data_loss = -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
    penalty = lam / 2 * (sum(W1**2) + sum(W2**2))
    return data_loss + penalty
