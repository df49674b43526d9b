"""Three layers of sigmoid units with thresholds."""

from symbp import Data, Param, dims, network

D, H, M, K = dims("D H M K")


@network
def threshold_mlp(
    x: Data[D], t: Data[K],
    W1: Param[H, D], b1: Param[H],
    W2: Param[M, H], b2: Param[M],
    W3: Param[K, M], b3: Param[K],
):  # fmt: skip
    """Three sigmoid layers whose units subtract a threshold, under half the squared error of one example."""
    z1 = W1 @ x - b1
    y1 = sigmoid(z1)
    z2 = W2 @ y1 - b2
    y2 = sigmoid(z2)
    z3 = W3 @ y2 - b3
    y3 = sigmoid(z3)
    return sum((y3 - t) ** 2) / 2
