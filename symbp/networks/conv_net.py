"""A convolutional network for images with integer labels."""

from symbp import Data, Labels, Param, dims, network

N, C, I, J, F, G, U, V, K = dims("N C I J F G U V K")
P = ((I - U + 1) // 2 - U + 1) // 2
Q = ((J - V + 1) // 2 - V + 1) // 2


@network
def conv_net(
    x: Data[N, C, I, J], t: Labels[N, K],
    w1: Param[F, C, U, V], b1: Param[F],
    w2: Param[G, F, U, V], b2: Param[G],
    W3: Param[G, P, Q, K], b3: Param[K],
):  # fmt: skip
    """Two convolutions, each under ReLU and max pool, then an affine layer under softmax and cross-entropy."""
    z1 = conv2d(x, w1, bias=b1)
    a1 = relu(z1)
    p1 = max_pool2d(a1, 2)
    z2 = conv2d(p1, w2, bias=b2)
    a2 = relu(z2)
    p2 = max_pool2d(a2, 2)
    z3[n, k] = sum(p2[n, g, i, j] * W3[g, i, j, k] for g in G for i in range(P) for j in range(Q)) + b3[k]
    p = softmax(z3)
    return -sum(log(p[n, t[n]]) for n in N) / N
