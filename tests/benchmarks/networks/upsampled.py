from symbp import Data, Param, dims, network

N, C, F, I, J = dims("N C F I J")


@network
def upsampled(x: Data[N, C, I, J], y: Data[N, F, 2 * I, 2 * J], w: Param[F, C, 3, 3], b: Param[F]):
    """Every pixel twice each way, then a convolution."""
    up[n, c, p: 2 * I, q: 2 * J] = sum(
        x[n, c, i, j]
        for i in I for j in J for u in range(2) for v in range(2)
        if p == 2 * i + u and q == 2 * j + v
    )
    return mse(conv2d(up, w, b, padding=1), y)
