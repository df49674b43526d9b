"""Networks in which there is something to get wrong that the built-in ones do not have."""

from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def normed(x: Data[N, D], t: Data[N, D], g: Param[D], b: Param[D], W: Param[D, D]):
    """A layer norm: an adjoint of three terms, and a transposed square matrix."""
    z = x @ W
    c = z - mean(z, axis=-1, keepdims=True)
    y = g * c / sqrt(mean(c**2, axis=-1, keepdims=True) + 0.1) + b
    return mean((y - t) ** 2)


@network
def attended(x: Data[N, D], y: Data[N, D], W: Param[D, D]):
    """Rows that look at earlier rows."""
    s[n, m] = sum(x[n, d] * W[d, h] * x[m, h] for d in D for h in D)
    p = softmax(s)
    a[n:N, d] = sum(p[n, m] * x[m, d] for m in N if m <= n)
    return mean((a - y) ** 2)


@network
def chosen(x: Data[N, D], y: Data[N], w: Param[D], c: Param[N, N], v: Param[N]):
    """Choices by values and by indices, a largest entry, a diagonal."""
    z = x @ w
    r[n] = z[n] ** 2 if z[n] > y[n] else v[n] * z[n]
    q[n] = max(c[n, m] * r[m] for m in N)
    return sum(q * y) + sum(abs(c[n, n]) * r[n] for n in N) + sum(minimum(v, y))


@network
def stochastic(x: Data[N, D], y: Data[N, K], W: Param[D, K], b: Param[K]):
    """Facts about the data that the derivation uses."""
    assert sum(y[n, k] for k in K) == 1
    z = x @ W + b
    return -sum(y[n, k] * log(softmax(z)[n, k]) for n in N for k in K) / N
