"""Two dense layers for one example, unit by unit."""

from symbp import Data, Param, dims, network

I, K, J = dims("I K J")


@network
def dense_layers(
    x: Data[I], y: Data[J],
    w1: Param[K, I], b1: Param[K],
    w2: Param[J, K], b2: Param[J],
):  # fmt: skip
    """Two sigmoid layers in index notation; the cost is the squared distance to y."""
    z1[k] = sum(w1[k, i] * x[i] for i in I) + b1[k]
    a1[k] = sigmoid(z1[k])
    z2[j] = sum(w2[j, k] * a1[k] for k in K) + b2[j]
    a2[j] = sigmoid(z2[j])
    return sum((a2[j] - y[j]) ** 2 for j in J)
