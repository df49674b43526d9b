from symbp import Data, dims, network

N, D = dims("N D")


@network
def binary_logistic_backward(
    x: Data[N, D],
    y: Data[N],
    w: Data[D],
    b: Data,
):
    """A probability for each example from one weight vector, under binary cross-entropy."""
    assert 0 <= y[n] <= 1
    z[n] = sum(x[n, d] * w[d] for d in D) + b
    p = sigmoid(z)
    L = -sum(y[n] * log(p[n]) + (1 - y[n]) * log(1 - p[n]) for n in N) / N
    z_bar[n] = 1 / N * (p[n] - y[n])
    w_bar[d] = sum(x[n, d] * z_bar[n] for n in N)
    b_bar = sum(z_bar[n] for n in N)
    return w_bar, b_bar
