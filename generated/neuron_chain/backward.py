from symbp import Data, dims, network

N = dims("N")


@network
def neuron_chain_backward(
    x: Data[N],
    y: Data[N],
    w1: Data,
    b1: Data,
    w2: Data,
    b2: Data,
    w3: Data,
    b3: Data,
):
    """Three sigmoid neurons in a row under the mean squared error.
    三个依次相连的sigmoid神经元，损失为均方误差。
    """
    z1[n] = w1 * x[n] + b1
    a1 = sigmoid(z1)
    z2[n] = w2 * a1[n] + b2
    a2 = sigmoid(z2)
    z3[n] = w3 * a2[n] + b3
    a3 = sigmoid(z3)
    L = sum((a3[n] - y[n]) ** 2 for n in N) / N
    z3_bar[n] = 2 / N * (a3[n] - y[n]) * a3[n] * (1 - a3[n])
    w3_bar = sum(z3_bar[n] * a2[n] for n in N)
    b3_bar = sum(z3_bar[n] for n in N)
    z2_bar[n] = w3 * z3_bar[n] * a2[n] * (1 - a2[n])
    w2_bar = sum(z2_bar[n] * a1[n] for n in N)
    b2_bar = sum(z2_bar[n] for n in N)
    z1_bar[n] = w2 * z2_bar[n] * a1[n] * (1 - a1[n])
    w1_bar = sum(z1_bar[n] * x[n] for n in N)
    b1_bar = sum(z1_bar[n] for n in N)
    return w1_bar, b1_bar, w2_bar, b2_bar, w3_bar, b3_bar
