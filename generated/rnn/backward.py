from symbp import Data, dims, network

T, N, D, H, K = dims("T N D H K")


@network
def rnn_backward(
    x: Data[T, N, D],
    h0: Data[N, H],
    y: Data[T, N, K],
    Wx: Data[D, H],
    Wh: Data[H, H],
    b: Data[H],
    V: Data[H, K],
    c: Data[K],
):
    """A tanh recurrence with an affine output at every time, under half the squared error over the batch."""
    for t in T:
        z[t, n, g] = (
            sum(x[t, n, d] * Wx[d, g] for d in D)
            + sum((h[t - 1, n, i] if 1 <= t else h0[n, i]) * Wh[i, g] for i in H)
            + b[g]
        )
        h[t, n, g] = tanh(z[t, n, g])
    r[t, n, k] = sum(h[t, n, g] * V[g, k] for g in H) + c[k]
    L = sum((r[t, n, k] - y[t, n, k]) ** 2 for t in T for n in N for k in K) / N / 2
    r_bar[t, n, k] = 1 / N * (r[t, n, k] - y[t, n, k])
    V_bar[g, k] = sum(h[t, n, g] * r_bar[t, n, k] for t in T for n in N)
    c_bar[k] = sum(r_bar[t, n, k] for t in T for n in N)
    for t in T:
        z_bar[t, n, g] = (
            (
                sum(r_bar[t, n, k] * V[g, k] for k in K)
                + (sum(z_bar[t + 1, n, j] * Wh[g, j] for j in H) if t + 1 < T else 0)
            )
            * (1 - h[t, n, g] ** 2)
        )
    Wx_bar[d, g] = sum(x[t, n, d] * z_bar[t, n, g] for t in T for n in N)
    Wh_bar[i, g] = sum(z_bar[t, n, g] * (h[t - 1, n, i] if 1 <= t else h0[n, i]) for t in T for n in N)
    b_bar[g] = sum(z_bar[t, n, g] for t in T for n in N)
    return Wx_bar, Wh_bar, b_bar, V_bar, c_bar
