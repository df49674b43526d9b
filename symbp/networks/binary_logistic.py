"""Logistic regression."""

from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def binary_logistic(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    """A probability for each example from one weight vector, under binary cross-entropy."""
    assert 0 <= y[n] <= 1
    z = x @ w + b
    p = sigmoid(z)
    return -mean(y * log(p) + (1 - y) * log(1 - p))
