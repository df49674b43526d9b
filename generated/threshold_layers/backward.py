from symbp import Data, dims, network

L, D = dims("L D")


@network
def threshold_layers_backward(
    x: Data[D[0]],
    t: Data[D[L]],
    w: Data[n: L, D[n + 1], D[n]],
    b: Data[n: L, D[n + 1]],
):
    """Layer n subtracts its thresholds, z = w x - b, under half the squared error of one example."""
    for n in L:
        z[n, i] = sum(w[n, i, j] * (y[n - 1, j] if 1 <= n else x[j]) for j in D[n]) - b[n, i]
        y[n, i] = 1 / (1 + exp(-z[n, i]))
    loss = sum((y[L - 1, i] - t[i]) ** 2 for i in D[L]) / 2
    for n in L:
        z_bar[n, i] = (
            y[n, i] * (1 - y[n, i])
            * (sum(w[n + 1, g, i] * z_bar[n + 1, g] for g in D[n + 2]) if n + 1 < L else y[L - 1, i] - t[i])
        )
    w_bar[n, i, j: D[n]] = z_bar[n, i] * (y[n - 1, j] if 1 <= n else x[j])
    b_bar[n, i] = -z_bar[n, i]
    return w_bar, b_bar
