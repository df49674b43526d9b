"""One head of attention."""

from symbp import Data, Param, dims, network

B, T, D, E = dims("B T D E")


@network
def attention_head(
    X: Data[B, T, D], Y: Data[B, T, D],
    Wq: Param[D, E], Wk: Param[D, E], Wv: Param[D, E], Wo: Param[E, D],
):  # fmt: skip
    """Scaled dot-product attention on a batch of sequences, no mask, an output projection, half squared error."""
    Q = X @ Wq
    K = X @ Wk
    V = X @ Wv
    S = Q @ K.T / sqrt(E)
    A = softmax(S)
    O = A @ V
    R = O @ Wo
    return sum((R - Y) ** 2) / (2 * B)
