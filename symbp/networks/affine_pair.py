"""Two affine layers with sizes that are numbers."""

from symbp import Data, Param, network


@network
def affine_pair(x: Data[2], W1: Param[2, 2], b1: Param[2], W2: Param[2, 2], b2: Param[2]):
    """Two affine layers of two units each; the loss is the sum of the outputs."""
    z1 = x @ W1 + b1
    z2 = z1 @ W2 + b2
    return sum(z2)
