"""Layers of threshold units in index notation, of any depth."""

from symbp import Data, Param, dims, network

L, D = dims("L D")


@network
def threshold_layers(
    x: Data[D[0]], t: Data[D[L]],
    w: Param[n: L, D[n + 1], D[n]], b: Param[n: L, D[n + 1]],
):  # fmt: skip
    """Layer n subtracts its thresholds, z = w x - b, under half the squared error of one example."""
    y[-1] = x
    for n in L:
        z[n, i] = sum(w[n, i, j] * y[n - 1, j] for j in D[n]) - b[n, i]
        y[n, i] = sigmoid(z[n, i])
    return sum((y[L - 1, i] - t[i]) ** 2 for i in D[L]) / 2
