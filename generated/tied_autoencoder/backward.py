from symbp import Data, dims, network

N, D, H = dims("N D H")


@network
def tied_autoencoder_backward(
    x: Data[N, D],
    W: Data[D, H],
    b: Data[H],
    c: Data[D],
):
    """W encodes and its transpose decodes, under the squared error; W is used twice."""
    z[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]
    a = sigmoid(z)
    r[n, d] = sum(a[n, h] * W[d, h] for h in H) + c[d]
    L = sum((r[n, d] - x[n, d]) ** 2 for n in N for d in D) / N
    r_bar[n, d] = 2 / N * (r[n, d] - x[n, d])
    c_bar[d] = sum(r_bar[n, d] for n in N)
    z_bar[n, h] = a[n, h] * (1 - a[n, h]) * sum(r_bar[n, d] * W[d, h] for d in D)
    W_bar[d, h] = sum(x[n, d] * z_bar[n, h] for n in N) + sum(r_bar[n, d] * a[n, h] for n in N)
    b_bar[h] = sum(z_bar[n, h] for n in N)
    return W_bar, b_bar, c_bar
