"""A multilayer perceptron of any depth."""

from symbp import Data, Param, dims, network

N, L, D = dims("N L D")


@network
def mlp(
    x: Data[N, D[0]], y: Data[N, D[L]],
    W: Param[l: L, D[l], D[l + 1]], b: Param[l: L, D[l + 1]],
):  # fmt: skip
    """Sigmoid layers of any widths, under half the squared error over the batch."""
    a[-1] = x
    for l in L:
        z[l] = a[l - 1] @ W[l] + b[l]
        a[l] = sigmoid(z[l])
    return sum((a[L - 1] - y) ** 2) / (2 * N)
