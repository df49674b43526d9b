from symbp import Data, Labels, dims, network

N, C, I, J, F, G, U, V, K = dims("N C I J F G U V K")


@network
def conv_net_backward(
    x: Data[N, C, I, J],
    t: Labels[N, K],
    w1: Data[F, C, U, V],
    b1: Data[F],
    w2: Data[G, F, U, V],
    b2: Data[G],
    W3: Data[G, ((I + 1 - U) // 2 + 1 - U) // 2, ((J + 1 - V) // 2 + 1 - V) // 2, K],
    b3: Data[K],
):
    """Two convolutions, each under ReLU and max pool, then an affine layer under softmax and cross-entropy."""
    z1[n, f, i, j] = sum(x[n, c, i + u, j + v] * w1[f, c, u, v] for c in C for u in U for v in V) + b1[f]
    a1[n, f, i, j] = z1[n, f, i, j] if z1[n, f, i, j] > 0 else 0
    p1[n, f, i, j] = max(a1[n, f, 2 * i + u, 2 * j + v] for u in range(2) for v in range(2))
    z2[n, f, i, j] = sum(p1[n, c, i + u, j + v] * w2[f, c, u, v] for c in F for u in U for v in V) + b2[f]
    a2[n, g, i, j] = z2[n, g, i, j] if z2[n, g, i, j] > 0 else 0
    p2[n, g, i, j] = max(a2[n, g, 2 * i + u, 2 * j + v] for u in range(2) for v in range(2))
    z3[n, k] = (
        sum(
            p2[n, g, i, j] * W3[g, i, j, k]
            for g in G
            for i in range(((I + 1 - U) // 2 + 1 - U) // 2)
            for j in range(((J + 1 - V) // 2 + 1 - V) // 2)
        )
        + b3[k]
    )
    p[n, k] = exp(z3[n, k]) / sum(exp(z3[n, m]) for m in K)
    L = -sum(log(p[n, t[n]]) for n in N) / N
    z3_bar[n, k] = 1 / N * (p[n, k] - (1 if t[n] == k else 0))
    W3_bar[g, i, j, k] = sum(p2[n, g, i, j] * z3_bar[n, k] for n in N)
    b3_bar[k] = sum(z3_bar[n, k] for n in N)
    p2_bar[n, g, i, j] = sum(z3_bar[n, k] * W3[g, i, j, k] for k in K)
    a2_bar[n, g, i: (I + 1 - U) // 2 + 1 - U, j: (J + 1 - V) // 2 + 1 - V] = sum(
        p2_bar[n, g, i1, j1]
        * (1 if (u1, v1) == argmax(a2[n, g, 2 * i1 + u, 2 * j1 + v] for u in range(2) for v in range(2)) else 0)
        * (1 if 2 * i1 + u1 == i else 0) * (1 if 2 * j1 + v1 == j else 0)
        for i1 in range(((I + 1 - U) // 2 + 1 - U) // 2)
        for j1 in range(((J + 1 - V) // 2 + 1 - V) // 2)
        for u1 in range(2)
        for v1 in range(2)
    )
    z2_bar[n, f, i, j] = a2_bar[n, f, i, j] * (1 if z2[n, f, i, j] > 0 else 0)
    w2_bar[f, c, u, v] = sum(
        z2_bar[n, f, i, j] * p1[n, c, i + u, j + v]
        for n in N
        for i in range((I + 1 - U) // 2 + 1 - U)
        for j in range((J + 1 - V) // 2 + 1 - V)
    )
    b2_bar[f] = sum(
        z2_bar[n, f, i, j]
        for n in N
        for i in range((I + 1 - U) // 2 + 1 - U)
        for j in range((J + 1 - V) // 2 + 1 - V)
    )
    p1_bar[n, f, i: (I + 1 - U) // 2, j: (J + 1 - V) // 2] = sum(
        z2_bar[n, g, h, j1] * w2[g, f, u, v] * (1 if h + u == i else 0) * (1 if j1 + v == j else 0)
        for g in G
        for h in range((I + 1 - U) // 2 + 1 - U)
        for j1 in range((J + 1 - V) // 2 + 1 - V)
        for u in U
        for v in V
    )
    a1_bar[n, f, i: I + 1 - U, j: J + 1 - V] = sum(
        p1_bar[n, f, h, j1]
        * (1 if (u1, v1) == argmax(a1[n, f, 2 * h + u, 2 * j1 + v] for u in range(2) for v in range(2)) else 0)
        * (1 if 2 * h + u1 == i else 0) * (1 if 2 * j1 + v1 == j else 0)
        for h in range((I + 1 - U) // 2)
        for j1 in range((J + 1 - V) // 2)
        for u1 in range(2)
        for v1 in range(2)
    )
    z1_bar[n, f, i, j] = a1_bar[n, f, i, j] * (1 if z1[n, f, i, j] > 0 else 0)
    w1_bar[f, c, u, v] = sum(
        z1_bar[n, f, i, j] * x[n, c, i + u, j + v]
        for n in N
        for i in range(I + 1 - U)
        for j in range(J + 1 - V)
    )
    b1_bar[f] = sum(z1_bar[n, f, i, j] for n in N for i in range(I + 1 - U) for j in range(J + 1 - V))
    return w1_bar, b1_bar, w2_bar, b2_bar, W3_bar, b3_bar
