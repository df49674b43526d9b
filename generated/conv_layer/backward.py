from symbp import Data, dims, network

N, C, I, J, F, U, V = dims("N C I J F U V")


@network
def conv_layer_backward(
    x: Data[N, C, I, J],
    w: Data[F, C, U, V],
    b: Data[F],
    cotangent: Data[N, F, (I - U) // 2 + 2, (J - V) // 2 + 2],
):
    """A convolution of stride 2 with a border of zeros, under a given cotangent.
    步长为2、四周补零的卷积，给定余切向量。
    """
    p[n, c, i: I + 2, j: J + 2] = x[n, c, i - 1, j - 1] if 1 <= i and i <= I and 1 <= j and j <= J else 0  # padded | 填充
    y[n, f, i, j] = sum(p[n, c, 2 * i + u, 2 * j + v] * w[f, c, u, v] for c in C for u in U for v in V) + b[f]
    L = sum(
        cotangent[n, f, i, j] * y[n, f, i, j]
        for n in N
        for f in F
        for i in range((I - U) // 2 + 2)
        for j in range((J - V) // 2 + 2)
    )
    w_bar[f, c, u: U, v: V] = sum(
        cotangent[n, f, i, j] * p[n, c, 2 * i + u, 2 * j + v]
        for n in N
        for i in range((I - U) // 2 + 2)
        for j in range((J - V) // 2 + 2)
    )
    b_bar[f] = sum(
        cotangent[n, f, i, j]
        for n in N
        for i in range((I - U) // 2 + 2)
        for j in range((J - V) // 2 + 2)
    )
    p_bar[n, c, i: I + 2, j: J + 2] = sum(
        cotangent[n, f, h, k] * w[f, c, u, v] * (1 if 2 * h + u == i else 0) * (1 if 2 * k + v == j else 0)
        for f in F
        for h in range((I - U) // 2 + 2)
        for k in range((J - V) // 2 + 2)
        for u in U
        for v in V
    )
    x_bar[n, c, h: I, k: J] = p_bar[n, c, h + 1, k + 1]
    return x_bar, w_bar, b_bar
