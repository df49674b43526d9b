from symbp import Data, dims, network

I, K, J = dims("I K J")


@network
def dense_layers_backward(
    x: Data[I],
    y: Data[J],
    w1: Data[K, I],
    b1: Data[K],
    w2: Data[J, K],
    b2: Data[J],
):
    """Two sigmoid layers in index notation; the cost is the squared distance to y."""
    z1[k] = sum(w1[k, i] * x[i] for i in I) + b1[k]
    a1 = sigmoid(z1)
    z2[j] = sum(w2[j, k] * a1[k] for k in K) + b2[j]
    a2 = sigmoid(z2)
    L = sum((a2[j] - y[j]) ** 2 for j in J)
    z2_bar[j] = 2 * (a2[j] - y[j]) * a2[j] * (1 - a2[j])
    w2_bar[j, k] = z2_bar[j] * a1[k]
    b2_bar[j] = z2_bar[j]
    z1_bar[k] = a1[k] * (1 - a1[k]) * sum(w2[j, k] * z2_bar[j] for j in J)
    w1_bar[k, i] = z1_bar[k] * x[i]
    b1_bar[k] = z1_bar[k]
    return w1_bar, b1_bar, w2_bar, b2_bar
