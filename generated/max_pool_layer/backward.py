from symbp import Data, dims, network

N, C, I, J = dims("N C I J")


@network
def max_pool_layer_backward(
    x: Data[N, C, I, J],
    cotangent: Data[N, C, (I + 1) // 2 - 1, (J + 1) // 2 - 1],
):
    """The largest entry of each 3 by 3 window, every second row and column, under a given cotangent."""
    y[n, c, i, j] = max(x[n, c, 2 * i + u, 2 * j + v] for u in range(3) for v in range(3))
    L = sum(
        cotangent[n, c, i, j] * y[n, c, i, j]
        for n in N
        for c in C
        for i in range((I + 1) // 2 - 1)
        for j in range((J + 1) // 2 - 1)
    )
    x_bar[n, c, h: I, k: J] = sum(
        cotangent[n, c, i, j]
        * (1 if (u1, v1) == argmax(x[n, c, 2 * i + u, 2 * j + v] for u in range(3) for v in range(3)) else 0)
        * (1 if 2 * i + u1 == h else 0) * (1 if 2 * j + v1 == k else 0)
        for i in range((I + 1) // 2 - 1)
        for j in range((J + 1) // 2 - 1)
        for u1 in range(3)
        for v1 in range(3)
    )
    return (x_bar,)
