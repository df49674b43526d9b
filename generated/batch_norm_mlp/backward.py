from symbp import Data, Labels, dims, network

N, D, H, K = dims("N D H K")


@network
def batch_norm_mlp_backward(
    x: Data[N, D],
    t: Labels[N, K],
    W1: Data[D, H],
    gamma: Data[H],
    beta: Data[H],
    W2: Data[H, K],
    b2: Data[K],
):
    """An affine layer, batch norm and ReLU, then an affine layer under softmax and cross-entropy."""
    z1[n, h] = sum(x[n, d] * W1[d, h] for d in D)
    mu[h] = sum(z1[n, h] for n in N) / N
    v[h] = sum((z1[n, h] - mu[h]) ** 2 for n in N) / N
    r[h] = 1 / sqrt(v[h] + 1e-5)
    xhat[n, h] = (z1[n, h] - mu[h]) * r[h]
    y1[n, h] = gamma[h] * xhat[n, h] + beta[h]
    a1 = relu(y1)
    z2[n, k] = sum(a1[n, h] * W2[h, k] for h in H) + b2[k]
    p = softmax(z2)
    L = -sum(log(p[n, t[n]]) for n in N) / N
    z2_bar[n, k] = 1 / N * (p[n, k] - (1 if t[n] == k else 0))
    W2_bar[h, k] = sum(a1[n, h] * z2_bar[n, k] for n in N)
    b2_bar[k] = sum(z2_bar[n, k] for n in N)
    y1_bar[n, h] = (1 if y1[n, h] > 0 else 0) * sum(z2_bar[n, k] * W2[h, k] for k in K)
    gamma_bar[h] = sum(y1_bar[n, h] * xhat[n, h] for n in N)
    beta_bar[h] = sum(y1_bar[n, h] for n in N)
    xhat_bar[n, h] = y1_bar[n, h] * gamma[h]
    z1_bar[n, h] = (
        r[h]
        * (
            xhat_bar[n, h]
            - 1 / N * sum(xhat_bar[m, h] for m in N)
            - 1 / N * xhat[n, h] * sum(xhat_bar[m, h] * xhat[m, h] for m in N)
        )
    )
    W1_bar[d, h] = sum(x[n, d] * z1_bar[n, h] for n in N)
    return W1_bar, gamma_bar, beta_bar, W2_bar, b2_bar
