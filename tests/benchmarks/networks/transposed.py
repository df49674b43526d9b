from symbp import Data, Param, dims, network

N, C, F, I, J, U, V = dims("N C F I J U V")


@network
def transposed(
    y: Data[N, F, 2 * I - 2 + U, 2 * J - 2 + V], x: Param[N, C, I, J], w: Param[C, F, U, V], b: Param[F]
):
    """A transposed convolution with stride 2, squared error."""
    o[n, f, p: 2 * I - 2 + U, q: 2 * J - 2 + V] = b[f] + sum(
        x[n, c, i, j] * w[c, f, u, v]
        for c in C for i in I for j in J for u in U for v in V
        if p == 2 * i + u and q == 2 * j + v
    )
    return sum((o - y) ** 2) / 2
