"""Networks with functions that are in no file of symbp."""

from symbp import Array, Data, Param, dims, network

N, D, H, K = dims("N D H K")


def mish(z):
    return z * tanh(log1p(exp(z)))


def centre(z: Array[..., H], scale, eps=1e-5):
    """A normalisation by the root of the mean square about the mean, with a softened absolute value on top."""
    c = z - mean(z, axis=-1, keepdims=True)
    s = sqrt(mean(c * c, axis=-1, keepdims=True) + eps)
    return scale * c / s


def soft_abs(z):
    return sqrt(z * z + 1) - 1


@network
def mish_net(x: Data[N, D], t: Data[N, K], W1: Param[D, H], b1: Param[H], W2: Param[H, K], b2: Param[K]):
    """Two layers with mish between them under mean squared error."""
    a = mish(x @ W1 + b1)
    y = a @ W2 + b2
    return sum((y - t) ** 2) / N


@network
def own_normalisation(x: Data[N, D], t: Data[N, H], W: Param[D, H], b: Param[H], g: Param[H]):
    """A layer under a normalisation of its own and a loss of its own."""
    z = x @ W + b
    h = centre(z, g)
    return mean(soft_abs(h - t))


@network
def clipped_pairs(x: Data[N, D], mask: Data[N, N], W: Param[D, H], c: Param[H]):
    """All pairs of examples, in index notation, with a clip, a choice and a largest entry."""
    z[n, h] = sum(x[n, d] * W[d, h] for d in D)
    q[n, h] = z[n, h] if z[n, h] > c[h] else 0.1 * z[n, h] + 0.9 * c[h]
    r = minimum(maximum(q, -1.5), 1.5)
    s[n, m] = sum(r[n, h] * r[m, h] for h in H) / H
    top[n] = max(s[n, m] for m in N)
    return sum(mask[n, m] * (top[n] - s[n, m]) for n in N for m in N if m <= n) / N + sum(where(c > 0, c**2, -c))
