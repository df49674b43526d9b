"""An autoencoder whose decoder is the encoder transposed."""

from symbp import Data, Param, dims, network

N, D, H = dims("N D H")


@network
def tied_autoencoder(x: Data[N, D], W: Param[D, H], b: Param[H], c: Param[D]):
    """W encodes and its transpose decodes, under the squared error; W is used twice."""
    z = x @ W + b
    a = sigmoid(z)
    r = a @ W.T + c
    return sum((r - x) ** 2) / N
