"""Three layers of one neuron each."""

from symbp import Data, Param, dims, network

N = dims("N")


@network
def neuron_chain(
    x: Data[N], y: Data[N],
    w1: Param, b1: Param, w2: Param, b2: Param, w3: Param, b3: Param,
):  # fmt: skip
    """Three sigmoid neurons in a row under the mean squared error.
    三个依次相连的sigmoid神经元，损失为均方误差。"""
    z1 = w1 * x + b1
    a1 = sigmoid(z1)
    z2 = w2 * a1 + b2
    a2 = sigmoid(z2)
    z3 = w3 * a2 + b3
    a3 = sigmoid(z3)
    return mean((a3 - y) ** 2)
