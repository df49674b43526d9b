"""A line through a line."""

from symbp import Data, Param, dims, network

N = dims("N")


@network
def linear_perceptron(x: Data[N], y: Data[N], w: Param, b: Param, W: Param, B: Param):
    """One linear hidden unit and one linear output under half the mean squared error."""
    hidden = w * x + b
    output = W * hidden + B
    return sum((output - y) ** 2) / (2 * N)
