from symbp import Data, dims, network

N, L, D = dims("N L D")


@network
def mlp_backward(
    x: Data[N, D[0]],
    y: Data[N, D[L]],
    W: Data[l: L, D[l], D[l + 1]],
    b: Data[l: L, D[l + 1]],
):
    """Sigmoid layers of any widths, under half the squared error over the batch."""
    for l in L:
        z[l, n, d] = sum((a[l - 1, n, c] if 1 <= l else x[n, c]) * W[l, c, d] for c in D[l]) + b[l, d]
        a[l] = sigmoid(z[l])
    loss = sum((a[L - 1, n, d] - y[n, d]) ** 2 for n in N for d in D[L]) / N / 2
    for l in L:
        z_bar[l, n, d] = (
            a[l, n, d] * (1 - a[l, n, d])
            * (
                sum(z_bar[l + 1, n, h] * W[l + 1, d, h] for h in D[l + 2])
                if l + 1 < L
                else 1 / N * (a[L - 1, n, d] - y[n, d])
            )
        )
    W_bar[l, c: D[l], d] = sum(z_bar[l, n, d] * (a[l - 1, n, c] if 1 <= l else x[n, c]) for n in N)
    b_bar[l, d] = sum(z_bar[l, n, d] for n in N)
    return W_bar, b_bar
