from symbp import Data, Param, dims, network

N, A, B, M = dims("N A B M")


@network
def flatten(x: Data[N, A, B], w: Param[A * B, M]):
    """Two axes made one, then a product."""
    f[n, k: A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k)
    return sum((f @ w) ** 2)
