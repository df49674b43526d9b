"""A recurrent network over symbolic time."""

from symbp import Data, Param, dims, network

T, N, D, H, K = dims("T N D H K")


@network
def rnn(
    x: Data[T, N, D], h0: Data[N, H], y: Data[T, N, K],
    Wx: Param[D, H], Wh: Param[H, H], b: Param[H],
    V: Param[H, K], c: Param[K],
):  # fmt: skip
    """A tanh recurrence with an affine output at every time, under half the squared error over the batch."""
    h[-1] = h0
    for t in T:
        z[t] = x[t] @ Wx + h[t - 1] @ Wh + b
        h[t] = tanh(z[t])
    r = h @ V + c
    return sum((r - y) ** 2) / (2 * N)
