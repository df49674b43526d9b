from symbp import Data, Param, dims, network

N, C, I, J = dims("N C I J")


@network
def groups(x: Param[N, 8 * C, I, J], y: Data[N, 8 * C, I, J], gamma: Param[8 * C], beta: Param[8 * C]):
    """Group norm with eight groups, squared error."""
    z = group_norm(x, 8, gamma, beta)
    return sum((z - y) ** 2) / 2
