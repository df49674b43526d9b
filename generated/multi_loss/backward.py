from symbp import Data, dims, network

N, D, H, K, M = dims("N D H K M")


@network
def multi_loss_backward(
    x: Data[N, D],
    y: Data[N, K],
    t: Data[N, M],
    alpha: Data,
    beta: Data,
    W1: Data[D, H],
    b1: Data[H],
    W2: Data[H, K],
    b2: Data[K],
    W3: Data[H, M],
    b3: Data[M],
):
    """A tanh trunk under a head of classes and a head of values; the loss weighs cross-entropy and squared error."""
    assert sum(y[n, k] for k in K) == 1
    z1[n, h] = sum(x[n, d] * W1[d, h] for d in D) + b1[h]
    a1[n, h] = tanh(z1[n, h])
    z2[n, k] = sum(a1[n, h] * W2[h, k] for h in H) + b2[k]
    p = softmax(z2)
    r[n, m] = sum(a1[n, h] * W3[h, m] for h in H) + b3[m]
    class_loss = -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
    value_loss = sum((r[n, m] - t[n, m]) ** 2 for n in N for m in M) / N
    L = alpha * class_loss + beta * value_loss
    r_bar[n, m] = 2 / N * beta * (r[n, m] - t[n, m])
    W3_bar[h, m] = sum(a1[n, h] * r_bar[n, m] for n in N)
    b3_bar[m] = sum(r_bar[n, m] for n in N)
    z2_bar[n, k] = 1 / N * alpha * (p[n, k] - y[n, k])
    W2_bar[h, k] = sum(a1[n, h] * z2_bar[n, k] for n in N)
    b2_bar[k] = sum(z2_bar[n, k] for n in N)
    z1_bar[n, h] = (
        (sum(z2_bar[n, k] * W2[h, k] for k in K) + sum(r_bar[n, m] * W3[h, m] for m in M)) * (1 - a1[n, h] ** 2)
    )
    W1_bar[d, h] = sum(x[n, d] * z1_bar[n, h] for n in N)
    b1_bar[h] = sum(z1_bar[n, h] for n in N)
    return W1_bar, b1_bar, W2_bar, b2_bar, W3_bar, b3_bar
