"""Eight sigmoid layers, made wide in use."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def deep_mlp(
    x: Data[N, D], y: Data[N, K],
    W1: Param[D, H], W2: Param[H, H], W3: Param[H, H], W4: Param[H, H],
    W5: Param[H, H], W6: Param[H, H], W7: Param[H, H], W8: Param[H, H],
    W9: Param[H, K], b9: Param[K],
):  # fmt: skip
    """Eight sigmoid layers without biases, then an affine layer under softmax and cross-entropy."""
    assert sum(y[n, k] for k in K) == 1
    z1 = x @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    a2 = sigmoid(z2)
    z3 = a2 @ W3
    a3 = sigmoid(z3)
    z4 = a3 @ W4
    a4 = sigmoid(z4)
    z5 = a4 @ W5
    a5 = sigmoid(z5)
    z6 = a5 @ W6
    a6 = sigmoid(z6)
    z7 = a6 @ W7
    a7 = sigmoid(z7)
    z8 = a7 @ W8
    a8 = sigmoid(z8)
    z9 = a8 @ W9 + b9
    p = softmax(z9)
    return -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
