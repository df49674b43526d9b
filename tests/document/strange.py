"""Networks with names, shapes and functions that a printer could trip over; read, never run."""

# ruff: noqa
from symbp import Data, Labels, Param, dims, function, network

N, D, H, K, L, T, I, U, V, M = dims("N D H K L T I U V M")
f = function("f")


def mish(x):
    return x * tanh(softplus(x))


@network
def odd_names(
    x: Data[N, D],
    w: Param[D, H],
    W: Param[H, K],
    z_1: Param[H],
    z1: Param[K],
    lam: Data,
    alpha_beta: Param[K],
    very_long_parameter_name_of_a_scale: Param[K],
    delta: Data[N, K],
    e: Param,
    sigma: Param[K],
    naive: Param[K],
    lambda_: Data,
):
    """Names that look alike & could trip_up TeX: 100% {sure} #1 ~ ^ ü ∑."""
    h = gelu(x @ w + z_1)
    hidden_state_2 = h @ W + z1
    q = swish(hidden_state_2 * very_long_parameter_name_of_a_scale + alpha_beta + sigma * naive)
    return mean((q - delta) ** 2) * lam * e + lambda_ * sum(abs(w))


@network
def third_rank(x: Data[N, T, D], W: Param[D, H], v: Param[H]):
    """Attention without heads."""
    k = x @ W
    s[n, t, u] = sum(k[n, t, h] * k[n, u, h] for h in H) / sqrt(H)
    a = softmax(s)
    o = a @ k
    return mean(elu(o @ v))


@network
def maxi(x: Data[N, D], W: Param[D, H], b: Param[H]):
    """Max over units."""
    z = x @ W + b
    m[n] = max(z[n, h] for h in H)
    r[n, h] = leaky_relu(z[n, h] - m[n])
    u = mish(r)
    return sum(u * u) / N + 0.5 * sum(maximum(W, 0.1))


@network
def norm(x: Data[N, D], g: Param[D], c: Param[D], W: Param[D, K], y: Data[N, K]):
    """A normalisation of one's own."""
    mu = mean(x @ W, axis=1, keepdims=True)
    h = x @ W
    s = sqrt(mean((h - mu) ** 2, axis=1, keepdims=True) + 1e-5)
    n1 = (h - mu) / s
    return mse(n1, y) + sum(f(g) * c) + log_softmax(g)[0]


@network
def masked(x: Data[N, T], W: Param[T, T]):
    """Guards."""
    y[n, t] = sum(W[t, s] * x[n, s] for s in T if s <= t)
    z[n, t] = exp(y[n, t]) if y[n, t] < 0 and t > 0 else 1 + y[n, t]
    return sum(z**3) / N


@network
def everything(
    x: Data[T, N, M[0]], t: Labels[N, K], h0: Data[L, N, H], cotangent: Data[N, K], signal: Data[N, I],
    W: Param[l: L, M[l], M[l + 1]], b: Param[l: L, M[l + 1]],
    Wx: Param[L, H, 2 * H], Wh: Param[L, H, 2 * H],
    P: Param[M[L], H], V1: Param[H, K], kernel: Param[U], w: Param[K], E: Param[K, D], gamma_hat: Param[D], Gamma: Param[K],
):  # fmt: skip
    """Layers of any widths before gated layers by time, a window, labels, a lookup, an unknown function."""
    a[-1] = x[T - 1]
    for l in L:
        a[l] = relu(a[l - 1] @ W[l] + b[l])
    x_hat = a[L - 1] @ P
    h[-1, tau, n, k:H] = x_hat[n, k] + 0 * x[tau, n, 0]
    for l in L:
        h[l, -1] = h0[l]
        for tau in T:
            z[l, tau] = h[l - 1, tau] @ Wx[l] + h[l, tau - 1] @ Wh[l]
            i[l, tau, n, k:H] = sigmoid(z[l, tau, n, k])
            h[l, tau, n, k:H] = i[l, tau, n, k] * z[l, tau, n, H + k]
    o = mean(h[L - 1], axis=0) @ V1
    p = softmax(o * f(w) + cotangent * Gamma)
    s[n, j] = sum(signal[n, 2 * j + u] * kernel[u] for u in U)
    m[n] = max(s[n, j] for j in range((I - U) // 2 + 1))
    e[n, d] = E[t[n], d] * gamma_hat[d]
    return -sum(log(p[n, t[n]]) for n in N) / N + mean(m**2) + sum(e**3) / N


@network
def letters_of_functions(x: Data[N, D], psi: Param[D], Gamma: Param[D], cotangent_scale: Param):
    """Psi and gamma are tensors here, while digamma and log gamma are called, and the loss is a cotangent's."""
    u = 1 + (x * psi) ** 2
    q = lgamma(u) * digamma(u) ** 2 + log2(u) + erfc(Gamma) * atan(Gamma)
    return cotangent_scale * q + tan(0.1 * Gamma) + sinh(x * Gamma) / cosh(psi)


@network
def kept_where_masked(
    x: Data[T, N, D], mask: Data[T, N], y: Data[N, H], h0: Data[N, H],
    Wz: Param[D, H], Uz: Param[H, H], Wr: Param[D, H], Ur: Param[H, H], W1: Param[D, H], U1: Param[H, H],
):  # fmt: skip
    """A state that four paths lead back to: of its adjoint's two cases one is wider than a line."""
    h[-1] = h0
    for t in T:
        z[t] = sigmoid(x[t] @ Wz + h[t - 1] @ Uz)
        r[t] = sigmoid(x[t] @ Wr + h[t - 1] @ Ur)
        c[t] = tanh(x[t] @ W1 + h[t - 1] @ U1)
        h[t, n, k:H] = h[t - 1, n, k] + mask[t, n] * r[t, n, k] * z[t, n, k] * (c[t, n, k] - h[t - 1, n, k])
    return sum((h[T - 1] - y) ** 2) / (2 * N)


@network
def mixture(x: Data[N, D], logit: Param[K], mu: Param[K, D]):
    """Gaussians, the logarithm of each one's share of the density named."""
    l = log_softmax(logit)
    r[n, k] = l[k] - sum((x[n, d] - mu[k, d]) ** 2 for d in D) / 2
    e[n] = log(sum(exp(r[n, k]) for k in K))
    return -sum(e[n] for n in N) / N
