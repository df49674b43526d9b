from symbp import Data, dims, network

N, D, H, K = dims("N D H K")


@network
def deep_mlp_backward(
    x: Data[N, D],
    y: Data[N, K],
    W1: Data[D, H],
    W2: Data[H, H],
    W3: Data[H, H],
    W4: Data[H, H],
    W5: Data[H, H],
    W6: Data[H, H],
    W7: Data[H, H],
    W8: Data[H, H],
    W9: Data[H, K],
    b9: Data[K],
):
    """Eight sigmoid layers without biases, then an affine layer under softmax and cross-entropy."""
    assert sum(y[n, k] for k in K) == 1
    z1[n, h] = sum(x[n, d] * W1[d, h] for d in D)
    a1 = sigmoid(z1)
    z2[n, h] = sum(a1[n, g] * W2[g, h] for g in H)
    a2 = sigmoid(z2)
    z3[n, h] = sum(a2[n, g] * W3[g, h] for g in H)
    a3 = sigmoid(z3)
    z4[n, h] = sum(a3[n, g] * W4[g, h] for g in H)
    a4 = sigmoid(z4)
    z5[n, h] = sum(a4[n, g] * W5[g, h] for g in H)
    a5 = sigmoid(z5)
    z6[n, h] = sum(a5[n, g] * W6[g, h] for g in H)
    a6 = sigmoid(z6)
    z7[n, h] = sum(a6[n, g] * W7[g, h] for g in H)
    a7 = sigmoid(z7)
    z8[n, h] = sum(a7[n, g] * W8[g, h] for g in H)
    a8 = sigmoid(z8)
    z9[n, k] = sum(a8[n, h] * W9[h, k] for h in H) + b9[k]
    p = softmax(z9)
    L = -sum(y[n, k] * log(p[n, k]) for n in N for k in K) / N
    z9_bar[n, k] = 1 / N * (p[n, k] - y[n, k])
    W9_bar[h, k] = sum(a8[n, h] * z9_bar[n, k] for n in N)
    b9_bar[k] = sum(z9_bar[n, k] for n in N)
    z8_bar[n, h] = a8[n, h] * (1 - a8[n, h]) * sum(z9_bar[n, k] * W9[h, k] for k in K)
    W8_bar[g, h] = sum(a7[n, g] * z8_bar[n, h] for n in N)
    z7_bar[n, h] = a7[n, h] * (1 - a7[n, h]) * sum(z8_bar[n, i] * W8[h, i] for i in H)
    W7_bar[g, h] = sum(a6[n, g] * z7_bar[n, h] for n in N)
    z6_bar[n, h] = a6[n, h] * (1 - a6[n, h]) * sum(z7_bar[n, i] * W7[h, i] for i in H)
    W6_bar[g, h] = sum(a5[n, g] * z6_bar[n, h] for n in N)
    z5_bar[n, h] = a5[n, h] * (1 - a5[n, h]) * sum(z6_bar[n, i] * W6[h, i] for i in H)
    W5_bar[g, h] = sum(a4[n, g] * z5_bar[n, h] for n in N)
    z4_bar[n, h] = a4[n, h] * (1 - a4[n, h]) * sum(z5_bar[n, i] * W5[h, i] for i in H)
    W4_bar[g, h] = sum(a3[n, g] * z4_bar[n, h] for n in N)
    z3_bar[n, h] = a3[n, h] * (1 - a3[n, h]) * sum(z4_bar[n, i] * W4[h, i] for i in H)
    W3_bar[g, h] = sum(a2[n, g] * z3_bar[n, h] for n in N)
    z2_bar[n, h] = a2[n, h] * (1 - a2[n, h]) * sum(z3_bar[n, i] * W3[h, i] for i in H)
    W2_bar[g, h] = sum(a1[n, g] * z2_bar[n, h] for n in N)
    z1_bar[n, h] = a1[n, h] * (1 - a1[n, h]) * sum(z2_bar[n, i] * W2[h, i] for i in H)
    W1_bar[d, h] = sum(x[n, d] * z1_bar[n, h] for n in N)
    return W1_bar, W2_bar, W3_bar, W4_bar, W5_bar, W6_bar, W7_bar, W8_bar, W9_bar, b9_bar
