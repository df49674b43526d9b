from symbp import Data, dims, network

D, H, M, K = dims("D H M K")


@network
def threshold_mlp_backward(
    x: Data[D],
    t: Data[K],
    W1: Data[H, D],
    b1: Data[H],
    W2: Data[M, H],
    b2: Data[M],
    W3: Data[K, M],
    b3: Data[K],
):
    """Three sigmoid layers whose units subtract a threshold, under half the squared error of one example."""
    z1[h] = sum(W1[h, d] * x[d] for d in D) - b1[h]
    y1 = sigmoid(z1)
    z2[m] = sum(W2[m, h] * y1[h] for h in H) - b2[m]
    y2 = sigmoid(z2)
    z3[k] = sum(W3[k, m] * y2[m] for m in M) - b3[k]
    y3 = sigmoid(z3)
    L = sum((y3[k] - t[k]) ** 2 for k in K) / 2
    z3_bar[k] = (y3[k] - t[k]) * y3[k] * (1 - y3[k])
    W3_bar[k, m] = z3_bar[k] * y2[m]
    b3_bar[k] = -z3_bar[k]
    z2_bar[m] = y2[m] * (1 - y2[m]) * sum(W3[k, m] * z3_bar[k] for k in K)
    W2_bar[m, h] = z2_bar[m] * y1[h]
    b2_bar[m] = -z2_bar[m]
    z1_bar[h] = y1[h] * (1 - y1[h]) * sum(W2[m, h] * z2_bar[m] for m in M)
    W1_bar[h, d] = z1_bar[h] * x[d]
    b1_bar[h] = -z1_bar[h]
    return W1_bar, b1_bar, W2_bar, b2_bar, W3_bar, b3_bar
