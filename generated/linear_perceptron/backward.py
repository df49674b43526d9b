from symbp import Data, dims, network

N = dims("N")


@network
def linear_perceptron_backward(
    x: Data[N],
    y: Data[N],
    w: Data,
    b: Data,
    W: Data,
    B: Data,
):
    """One linear hidden unit and one linear output under half the mean squared error."""
    hidden[n] = w * x[n] + b
    output[n] = W * hidden[n] + B
    L = sum((output[n] - y[n]) ** 2 for n in N) / N / 2
    output_bar[n] = 1 / N * (output[n] - y[n])
    W_bar = sum(output_bar[n] * hidden[n] for n in N)
    B_bar = sum(output_bar[n] for n in N)
    hidden_bar[n] = W * output_bar[n]
    w_bar = sum(hidden_bar[n] * x[n] for n in N)
    b_bar = sum(hidden_bar[n] for n in N)
    return w_bar, b_bar, W_bar, B_bar
