"""One strided, padded convolution."""

from symbp import Param, dims, network

N, C, I, J, F, U, V = dims("N C I J F U V")


@network
def conv_layer(x: Param[N, C, I, J], w: Param[F, C, U, V], b: Param[F]):
    """A convolution of stride 2 with a border of zeros, under a given cotangent.
    步长为2、四周补零的卷积，给定余切向量。"""
    p[n, c, i : I + 2, j : J + 2] = x[n, c, i - 1, j - 1] if 1 <= i <= I and 1 <= j <= J else 0  # padded | 填充
    y[n, f, i, j] = sum(p[n, c, 2 * i + u, 2 * j + v] * w[f, c, u, v] for c in C for u in U for v in V) + b[f]
    return y
