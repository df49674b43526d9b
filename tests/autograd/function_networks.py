"""Networks with every elementary function: in array and in index notation, in recurrences, in functions of their own."""

from symbp import Array, Data, Labels, Param, dims, function, network

N, D, H, K, T, L = dims("N D H K T L")


def gelu_by_erfc(z):
    return z * erfc(-z / sqrt(2)) / 2


def log_beta(a: Array[..., K]):
    """The normaliser of a Dirichlet density."""
    return sum(lgamma(a), axis=-1) - lgamma(sum(a, axis=-1))


@network
def gelu_twice(x: Data[N, D], y: Data[N, K], W: Param[D, H], b: Param[H], V: Param[H, K]):
    """A tail of the normal density in a function of its own."""
    h = gelu_by_erfc(x @ W + b)
    return sum((gelu_by_erfc(h @ V) - y) ** 2) / N


@network
def every_function(x: Data[N, D], W: Param[D, H], c: Param[H]):
    """All of them entry by entry, of what is no single tensor."""
    z[n, h] = 0.3 * sum(x[n, d] * W[d, h] for d in D)
    u[n, h] = 1 / (1 + z[n, h] ** 2) + exp(c[h])
    a[n, h] = erfc(z[n, h] - c[h]) * sinh(z[n, h]) + cosh(c[h] * z[n, h]) * tan(z[n, h] / 4) - atan(2 * z[n, h] + 1)
    return mean(a[n, h] * (log2(u[n, h]) + lgamma(u[n, h]) - digamma(2 * u[n, h])) for n in N for h in H)


@network
def sinh_cell(x: Data[T, N, D], h0: Data[N, H], W: Param[D, H], U: Param[H, H], b: Param[H]):
    """A recurrence whose state goes through an inverse tangent and a quotient of hyperbolic functions."""
    h[-1] = h0
    for t in T:
        z[t] = x[t] @ W + 0.5 * h[t - 1] @ U + b
        h[t] = atan(z[t]) * sinh(z[t] / 2) / cosh(z[t])
    return sum(h[T - 1] ** 2) / N


@network
def layers_of_tangents(x: Data[N, D], W: Param[L, D, D], b: Param[L, D]):
    """A depth of layers in index notation."""
    a[-1] = x
    for l in L:
        a[l, n, d] = tan(atan(sum(a[l - 1, n, j] * W[l, j, d] for j in D) + b[l, d]) / 2)
    return sum(log(cosh(a[L - 1])))


@network
def dirichlet(p: Data[N, K], W: Param[N, K]):
    """The likelihood of shares under a Dirichlet density."""
    a = exp(W) + 0.1
    q = exp(p) / sum(exp(p), axis=1, keepdims=True)
    return sum(log_beta(a)) - sum((a - 1) * log(q))


@network
def bits_of_labels(x: Data[N, D], t: Labels[N, K], W: Param[D, K]):
    """A cross-entropy in bits."""
    z = x @ W
    return mean(log2(sum(exp(z[n, k]) for k in K) / exp(z[n, t[n]])) for n in N)


@network
def entropy_of_gammas(a: Param[N], b: Param):
    """What is differentiated is digamma, so that the gradient holds trigamma."""
    s = a**2 + b**2 + 0.1
    return sum(s + lgamma(s) + (1 - s) * digamma(s) + log(1 + s))


@network
def guarded(x: Data[N], w: Param[N], c: Param):
    """What has no value or overflows stands in branches that are not taken."""
    y[n] = lgamma(w[n]) + digamma(w[n]) + log2(w[n]) if w[n] > 0.1 else w[n] * c
    z[n] = cosh(x[n] * 1e4 * w[n]) if w[n] > 1e4 else sinh(0.1 * w[n])
    return sum(y * z)


@network
def names_of_functions(erfc: Data[N, D], sinh: Param[D], trigamma: Param[N]):
    """Tensors that bear the names of functions, while others are called of which these are the derivatives."""
    lgamma = cosh(erfc @ sinh) + digamma(1 + trigamma**2)
    return sum(lgamma)


tan_h = function("tan_h")
atan2 = function("atan2")


@network
def beside_unknown_functions(x: Data[N, D], w: Param[D], v: Param[N]):
    """Unknown functions whose names begin as known ones."""
    return sum(atan(tan_h(x @ w)) + tan(0.1 * atan2(x @ w, v)))
