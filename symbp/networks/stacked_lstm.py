"""Layers of long short-term memory, over symbolic depth and time."""

from symbp import Data, Param, dims, network

L, T, N, H = dims("L T N H")


@network
def stacked_lstm(
    x: Data[T, N, H], h0: Data[L, N, H], c0: Data[L, N, H],
    Wx: Param[L, H, 4 * H], Wh: Param[L, H, 4 * H], b: Param[L, 4 * H],
):  # fmt: skip
    """LSTM layers on top of each other, under half the sum of squares of the last layer's h."""
    h[-1] = x
    for l in L:
        h[l, -1] = h0[l]
        c[l, -1] = c0[l]
        for t in T:
            h[l, t], c[l, t] = lstm_cell(h[l - 1, t], h[l, t - 1], c[l, t - 1], Wx[l], Wh[l], b[l])
    return sum(h[L - 1] ** 2) / 2
