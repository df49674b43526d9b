"""Networks with loops over any earlier state, loops in functions that loops call, iterations, and constants."""

from symbp import Array, Data, Labels, Param, dims, network

N, T, S, D, H, K, L, P = dims("N T S D H K L P")


def scan(x: Array[T, D], W: Array[D, H], U: Array[H, H]):
    h[-1] = 0
    for t in T:
        h[t] = tanh(x[t] @ W + h[t - 1] @ U)
    return h


def last(x: Array[T, D], W: Array[D, H], U: Array[H, H]):
    h[-1] = 0
    for t in T:
        h[t] = tanh(x[t] @ W + h[t - 1] @ U)
    return h[T - 1]


@network


def two_lengths(x: Data[T, D], y: Data[S, D], W: Param[D, H], U: Param[H, H]):
    """The same scan over sequences of two lengths."""
    a = scan(x, W, U)
    b = scan(y, W, U)
    return sum((a[T - 1] - b[S - 1]) ** 2)


@network


def stacked(x: Data[T, H], y: Data[H], W: Param[L, H, H], U: Param[L, H, H]):
    """A scan over time in each layer, by a function with a loop that a loop calls."""
    a[-1] = x
    for l in L:
        a[l] = scan(a[l - 1], W[l], U[l])
    return sum((a[L - 1, T - 1] - y) ** 2)


@network


def each_row(x: Data[N, T, D], y: Data[N, H], W: Param[D, H], U: Param[H, H]):
    """A loop over rows with a loop over time in a function."""
    e[-1] = 0
    for n in N:
        r[n] = last(x[n], W, U)
        e[n] = 0.5 * e[n - 1] + sum((r[n] - y[n]) ** 2)
    return e[N - 1]


@network


def kv_cache(x: Data[T, D], y: Data[T, D], Wq: Param[D, H], Wk: Param[D, H], Wv: Param[D, D]):
    """A state that attends to all states so far, its own among them."""
    h[-1] = 0
    for t in T:
        z[t] = x[t] + h[t - 1]
        q[t] = z[t] @ Wq
        k[t] = z[t] @ Wk
        s[t, u: T] = sum(q[t, a] * k[u, a] for a in H) / sqrt(H) if u <= t else 0
        w[t, u: T] = exp(s[t, u]) / sum(exp(s[t, i]) for i in T if i <= t) if u <= t else 0
        h[t] = tanh(sum(w[t, u] * z[u] for u in T if u <= t) @ Wv)
    return mean((h - y) ** 2)


@network


def dense_depth(x: Data[N, H], y: Data[N, H], W: Param[L, H, H]):
    """Every layer reads the sum of all layers before, as in a densely connected network; layers as time."""
    for l in L:
        b[l, n: N, h: H] = x[n, h] + sum(a[k, n, h] / (1 + l - k) for k in range(l))
        a[l] = tanh(b[l] @ W[l])
    return sum((a[L - 1] - y) ** 2) / N


@network


def backsub(B: Param[N, N], v: Data[N]):
    """Backward substitution: a loop that reads all later entries."""
    for i in N:
        x[i] = (v[i] - sum(B[i, j] * x[j] for j in N if j > i)) / (2 + B[i, i] ** 2)
    return sum(x ** 2)


@network


def lags(x: Data[T], w: Param[P], c: Param):
    """An autoregression over the last P of its own values; what is before the first counts 0."""
    assert P <= T
    for t in T:
        h[t] = tanh(x[t] + c * sum(w[p] * h[t - 1 - p] for p in P if p < t))
    return sum(h ** 2)


@network


def masked_two(x: Data[S, N, D], y: Data[T, N, D], lx: Data[N], ly: Data[N], W: Param[D, H], U: Param[H, H]):
    """Two padded sequences of different lengths; states stop at each row's own length."""
    h[-1] = 0
    for s in S:
        h[s, n: N, k: H] = tanh(sum(x[s, n, d] * W[d, k] for d in D) + sum(h[s - 1, n, j] * U[j, k] for j in H)) if s < lx[n] else h[s - 1, n, k]
    g[-1] = h[S - 1]
    for t in T:
        g[t, n: N, k: H] = tanh(sum(y[t, n, d] * W[d, k] for d in D) + sum(g[t - 1, n, j] * U[j, k] for j in H)) if t < ly[n] else g[t - 1, n, k]
    return sum(g[T - 1] ** 2) / N


@network


def power_iteration(B: Param[N, N], v: Data[N]):
    """K steps of power iteration, differentiated through; K stands in no shape."""
    u[-1] = v
    for k in K:
        p[k] = B @ u[k - 1]
        u[k] = p[k] / sqrt(sum(p[k] ** 2))
    return u[K - 1] @ B @ u[K - 1]


@network


def newton(a: Param[N]):
    """A square root by K steps of Newton's method, entry by entry, the first guess being 1."""
    x[-1, n: N] = 1
    for k in K:
        x[k] = (x[k - 1] + (1 + a ** 2) / x[k - 1]) / 2
    return sum(x[K - 1])


@network


def viterbi_soft(e: Param[T, K], B: Param[K, K]):
    """The log of the sum over all paths (a dynamic programme), with a start of nothing."""
    a[-1] = 0
    for t in T:
        a[t] = e[t] + logsumexp(a[t - 1] + B.T)
    return logsumexp(a[T - 1])


@network


def edit(x: Param[T, D], y: Param[S, D]):
    """Soft dynamic time warping, row by row, the row's own loop within: two lengths, earlier states of both."""
    for t in T:
        for s in S:
            c[t, s] = sum((x[t, d] - y[s, d]) ** 2 for d in D)
            r[t, s] = c[t, s] + ((r[t - 1, s] if t > 0 else 0) + (r[t, s - 1] if s > 0 else 0)) / 2
    return r[T - 1, S - 1]


@network


def tbptt(x: Data[T, D], y: Data[T, H], W: Param[D, H], U: Param[H, H], V: Param[H, H]):
    """Truncated after one step: U sees the last state as a constant."""
    h[-1, k: H] = 0
    for t in T:
        h[t] = tanh(x[t] @ W + stop_gradient(h[t - 1]) @ U)
    return sum((h @ V - y) ** 2) / T


@network


def grpo(z: Data[N, D], r: Data[N], W: Param[D, K], a: Labels[N, K]):
    lp = log_softmax(z @ W)
    l[n] = lp[n, a[n]]
    ratio = exp(l - stop_gradient(l))
    adv = (r - mean(r)) / (std(r) + 1e-4)
    return -mean(minimum(ratio * adv, clip(ratio, 0.8, 1.2) * adv)) + sum(stop_gradient(lp) * lp) / N


@network


def target(x: Data[N, D], W: Param[D, H], V: Param[H], G: Param[H]):
    """Reaches G through a constant alone."""
    q = tanh(x @ W) @ V
    t = stop_gradient(q @ ones(N) * G) + stop_gradient(stop_gradient(q) * q)[0]
    return sum((stop_gradient(t) - V) ** 2) + sum(where(q > stop_gradient(q) - 1, q, 2 * q))


@network


def ste(x: Data[N, D], W: Param[D, H]):
    """Binarised units, straight through within a comprehension under a condition."""
    p = sigmoid(x @ W)
    b = p + stop_gradient(where(p > 0.5, 1, 0) - p)
    s[n] = sum(b[n, h] * stop_gradient(b[n, h - 1] * p[n, h]) for h in H if h > 0)
    return sum(s ** 2) + max(stop_gradient(p[0, h]) * p[0, h] for h in H)


@network


def lstm0(x: Data[T, N, D], y: Data[N, H], W: Param[D, 4 * H], U: Param[H, 4 * H], b: Param[4 * H]):
    h[-1] = 0
    c[-1] = 0
    for t in T:
        h[t], c[t] = lstm_cell(x[t], h[t - 1], c[t - 1], W, U, b)
    return sum((h[T - 1] - y) ** 2)


@network


def rnn0(x: Data[T, N, D], y: Data[N, K], W: Param[D, H], U: Param[H, H], V: Param[H, K]):
    h[-1] = 0
    for t in T:
        g[t] = h[t - 1] @ U
        h[t] = tanh(x[t] @ W + g[t])
        o[t] = h[t] @ V
    return sum((o[T - 1] - y) ** 2)


@network


def two0(x: Data[T, D], W: Param[D, H], U: Param[H, K], V: Param[K, H]):
    a[-1] = 0
    b[-1] = 0
    for t in T:
        a[t] = tanh(x[t] @ W + b[t - 1] @ V)
        b[t] = tanh(a[t - 1] @ U)
    return sum(a[T - 1]) + sum(b[T - 1])


@network


def stacked0(x: Data[T, D], W: Param[D, H], U: Param[L, H, H], V: Param[L, H, H]):
    o[-1] = x @ W
    for l in L:
        h[l, -1] = 0
        for t in T:
            h[l, t] = tanh(o[l - 1, t] @ U[l] + h[l, t - 1] @ V[l])
        o[l] = h[l]
    return sum(o[L - 1])
