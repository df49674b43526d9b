"""One max pool with overlapping windows."""

from symbp import Param, dims, network

N, C, I, J = dims("N C I J")


@network
def max_pool_layer(x: Param[N, C, I, J]):
    """The largest entry of each 3 by 3 window, every second row and column, under a given cotangent."""
    y[n, c, i, j] = max(x[n, c, 2 * i + u, 2 * j + v] for u in range(3) for v in range(3))
    return y
