from symbp import Data, network


@network
def affine_pair_backward(
    x: Data[2],
    W1: Data[2, 2],
    b1: Data[2],
    W2: Data[2, 2],
    b2: Data[2],
):
    """Two affine layers of two units each; the loss is the sum of the outputs."""
    z1[i] = sum(x[j] * W1[j, i] for j in range(2)) + b1[i]
    z2[i] = sum(z1[j] * W2[j, i] for j in range(2)) + b2[i]
    L = sum(z2[i] for i in range(2))
    W2_bar[j, i: 2] = z1[j]
    b2_bar[i: 2] = 1
    z1_bar[i] = sum(W2[i, h] for h in range(2))
    W1_bar[j, i] = x[j] * z1_bar[i]
    b1_bar[i] = z1_bar[i]
    return W1_bar, b1_bar, W2_bar, b2_bar
