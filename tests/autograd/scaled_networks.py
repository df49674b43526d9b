"""Networks whose gradients were inexact, infinite or refused at the scales, zeros and masks that people's data have."""

from symbp import Data, Labels, Param, dims, network

N, D, H, K, M, T, E = dims("N D H K M T E")
C = H * E


@network
def small_beside_large(x: Data[N], z: Param[N]):
    y = x + tanh(z)
    return sum(y * y) / 2


@network
def length_as_penalty(X: Data[N, M], y: Data[N], w: Param[M], lam: Data):
    penalty = lam * sqrt(sum(w**2))
    return mean((X @ w - y) ** 2) + penalty


@network
def softmax_in_three_lines(z: Param[N, K], y: Labels[N, K]):
    e = exp(z)
    s = sum(e, axis=1, keepdims=True)
    p = e / s
    return -sum(log(p[n, y[n]]) for n in N) / N


@network
def shut_rows(z: Param[N, K]):
    return sum(logsumexp(z - 1e9))


@network
def mixed_normals(x: Data[N, D], y: Data[N], A: Param[D, K], B: Param[D, K], S: Param[D, K]):
    p = softmax(x @ A)
    m = x @ B
    s = exp(x @ S)
    return -sum(log(sum(p[n, k] * exp(-((y[n] - m[n, k]) / s[n, k]) ** 2 / 2) / s[n, k] for k in K)) for n in N)


@network
def twice_exponential(x: Data[N, D], t: Data[N, H], W: Param[D, H]):
    z = x @ W
    y = exp(-exp(z))
    return sum((y - t) ** 2)


@network
def either_logarithm(x: Data[N], m: Data[N], w: Param):
    p = sigmoid(w * x)
    return -sum(where(m > 0.5, log(p), log(1 - p)))


@network
def exponential_under_mask(x: Data[N], m: Data[N], w: Param):
    y = m * exp(w * x)
    return sum(y**2)


@network
def key_with_bias(
    x: Param[N, T, D], Wq: Param[H, D, E], Wk: Param[H, D, E], Wv: Param[H, D, E], bq: Param[H, E], bk: Param[H, E]
):
    q[n, h, t, e] = sum(x[n, t, d] * Wq[h, d, e] for d in D) + bq[h, e]
    k[n, h, t, e] = sum(x[n, t, d] * Wk[h, d, e] for d in D) + bk[h, e]
    v[n, h, t, e] = sum(x[n, t, d] * Wv[h, d, e] for d in D)
    return attention(q, k, v)


@network
def fourth_powers(x: Data[N, T, C], y: Data[N, T, C], Wq: Param[H, C, E], Wk: Param[H, C, E], Wv: Param[H, C, E]):
    q[n, h, t, e] = sum(x[n, t, d] * Wq[h, d, e] for d in range(C))
    k[n, h, t, e] = sum(x[n, t, d] * Wk[h, d, e] for d in range(C))
    v[n, h, t, e] = sum(x[n, t, d] * Wv[h, d, e] for d in range(C))
    o = attention(q, k, v, causal=True)
    r[n, t, d] = x[n, t, d] + sum(o[n, h, t, e] for h in H for e in E)
    return sum((r - y) ** 4) / N


@network
def anchors(margin: Data, a: Param[N, D], p: Param[N, D], q: Param[N, D]):
    dp = sum((a - p) ** 2, axis=1)
    dn = sum((a - q) ** 2, axis=1)
    return sum(relu(dp - dn + margin)) / (2 * N)


@network
def symmetric_form(x: Param[N], W: Data[N, N]):
    assert W == W.T
    return x @ W @ x


@network
def start_that_is_learned(x: Data[T, D], h0: Param[D], W: Param[D, D]):
    h[-1] = h0
    for t in T:
        h[t] = tanh(x[t] + h[t - 1] @ W)
    return sum(h[T - 1] ** 2) / 2


@network
def root_of_two_negatives(x: Data[T, T], s: Param):
    a = attention(x @ x, x @ x, x)
    return sum(where(a * s > 0, sqrt(a * s), a))


@network
def weights_of_shares(x: Data[N, D], a: Param[M], z: Param[M, D]):
    p = softmax(a)
    return -sum(log(sum(p[m] * exp(-sum((x[n, d] - z[m, d]) ** 2 for d in D)) for m in M)) for n in N)


@network
def shares_of_shares(a: Param[N, M], z: Param[M, D], t: Labels[N, D]):
    p = softmax(a)
    q = softmax(z)
    return -sum(log(sum(p[n, m] * q[m, t[n]] for m in M)) for n in N)
