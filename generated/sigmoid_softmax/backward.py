from symbp import Data, dims, network

N, D, H, K = dims("N D H K")


@network
def sigmoid_softmax_backward(
    x: Data[N, D],
    y: Data[N, K],
    W1: Data[D, H],
    b1: Data[H],
    W2: Data[H, K],
    b2: Data[K],
):
    """A layer of sigmoids under softmax and cross-entropy.
    一层sigmoid，之后是softmax与交叉熵。
    """
    assert sum(y[n, k] for k in K) == 1
    z1[n, h] = sum(x[n, d] * W1[d, h] for d in D) + b1[h]
    a1 = sigmoid(z1)
    z2[n, k] = sum(a1[n, h] * W2[h, k] for h in H) + b2[k]
    p = softmax(z2)
    L = -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
    z2_bar[n, k] = 1 / N * (p[n, k] - y[n, k])
    W2_bar[h, k] = sum(a1[n, h] * z2_bar[n, k] for n in N)
    b2_bar[k] = sum(z2_bar[n, k] for n in N)
    z1_bar[n, h] = a1[n, h] * (1 - a1[n, h]) * sum(z2_bar[n, k] * W2[h, k] for k in K)
    W1_bar[d, h] = sum(x[n, d] * z1_bar[n, h] for n in N)
    b1_bar[h] = sum(z1_bar[n, h] for n in N)
    return W1_bar, b1_bar, W2_bar, b2_bar
