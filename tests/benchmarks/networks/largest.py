from symbp import Data, Param, dims, network

N, D, K = dims("N D K")


@network
def largest(x: Data[N, K, D], W: Param[K, D]):
    """The largest of each row."""
    m = max(x * W, axis=2)
    return sum(m**2) / 2
