from symbp import Data, Labels, dims, network

N, T, V, D, H = dims("N T V D H")


@network
def char_mlp_backward(
    x: Labels[N, T, V],
    y: Labels[N, V],
    E: Data[V, D],
    W1: Data[T, D, H],
    gamma: Data[H],
    beta: Data[H],
    W2: Data[H, V],
    b2: Data[V],
):
    """Embedding, an affine layer, batch norm with the variance over N - 1, tanh, an affine layer, cross-entropy."""
    e = embedding(x, E)
    z[n, h] = sum(e[n, t, d] * W1[t, d, h] for t in T for d in D)
    mu[h] = sum(z[n, h] for n in N) / N
    v[h] = sum((z[n, h] - mu[h]) ** 2 for n in N) / (N - 1)
    r[h] = 1 / sqrt(v[h] + 1e-5)
    xhat[n, h] = (z[n, h] - mu[h]) * r[h]
    a[n, h] = tanh(gamma[h] * xhat[n, h] + beta[h])
    logits[n, u] = sum(a[n, h] * W2[h, u] for h in H) + b2[u]
    p = softmax(logits)
    L = -sum(log(p[n, y[n]]) for n in N) / N
    logits_bar[n, u] = 1 / N * (p[n, u] - (1 if y[n] == u else 0))
    W2_bar[h, u] = sum(a[n, h] * logits_bar[n, u] for n in N)
    b2_bar[u] = sum(logits_bar[n, u] for n in N)
    a_bar[n, h] = sum(logits_bar[n, u] * W2[h, u] for u in V)
    gamma_bar[h] = sum(a_bar[n, h] * xhat[n, h] * (1 - a[n, h] ** 2) for n in N)
    beta_bar[h] = sum(a_bar[n, h] * (1 - a[n, h] ** 2) for n in N)
    xhat_bar[n, h] = a_bar[n, h] * gamma[h] * (1 - a[n, h] ** 2)
    z_bar[n, h] = (
        r[h]
        * (
            xhat_bar[n, h]
            - 1 / N * sum(xhat_bar[m, h] for m in N)
            - 1 / (N - 1) * xhat[n, h] * sum(xhat_bar[m, h] * xhat[m, h] for m in N)
        )
    )
    W1_bar[t, d, h] = sum(e[n, t, d] * z_bar[n, h] for n in N)
    e_bar[n, t, d] = sum(z_bar[n, h] * W1[t, d, h] for h in H)
    E_bar[u: V, d] = sum(e_bar[n, t, d] * (1 if x[n, t] == u else 0) for n in N for t in T)
    return E_bar, W1_bar, gamma_bar, beta_bar, W2_bar, b2_bar
