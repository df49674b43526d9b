"""Networks as a stranger to symbp would write them, a few for each part of the language."""

from symbp import Array, Data, Labels, Param, dims, function, network

N, T, D, H, K, L, C, I, J, V = dims("N T D H K L C I J V")
wd, = dims("wd")
M = T - 2
G = 4 * H
P = (I - 3) // 2 + 1


def step(x, h, W, U):
    return tanh(x @ W + h @ U)


def scan(x: Array[T, N, D], h0: Array[N, H], W, U):
    h[-1] = h0
    for t in T:
        h[t] = tanh(x[t] @ W + h[t - 1] @ U)
    return h


@network
def dilated(x: Data[N, T], w: Param[3], b: Param):
    """Dilation and stride together, sizes inferred."""
    y[n, i] = sum(x[n, 2 * i + 3 * u] * w[u] for u in range(3)) + b
    return sum(tanh(y)) / N


@network
def dilated_by_size(x: Data[N, T], w: Param[K], b: Param):
    """A window whose stride is a size."""
    y[n, i] = sum(x[n, K * i + u] * w[u] for u in K) + b
    return sum(tanh(y)) / N


@network
def stated(x: Data[N, T], w: Param[T + 2]):
    """Left indices that state their size: zeros on either side."""
    xp[n, i: T + 2] = x[n, i - 1] if 1 <= i <= T else 0
    y[n, i: M] = x[n, i] - 2 * x[n, i + 1] + x[n, i + 2]
    return sum(xp[n, i] ** 2 * w[i] for n in N for i in T + 2) + sum(y ** 2 * w[0])


@network
def sizes_at_top(x: Data[N, T], w: Param[M], v: Param[G], z: Param[N, G]):
    y[n, i: M] = x[n, i] * w[i] + x[n, i + 2]
    return sum(exp(-y ** 2)) / M + sum(z @ v) / G


@network
def affine_gates(x: Data[N, D], W: Param[D, 4 * H], b: Param[4 * H]):
    g = x @ W + b
    i[n, h: H] = sigmoid(g[n, h])
    f[n, h: H] = sigmoid(g[n, H + h])
    u[n, h: H] = tanh(g[n, 2 * H + h])
    o[n, h: H] = g[n, 3 * H + h]
    return sum(i * u + f * o) / N


@network
def causal(x: Data[N, T, D], A: Param[D, K], B: Param[D, K]):
    """Masks by conditions on indices."""
    q = x @ A
    k = x @ B
    s[n, t, u] = sum(q[n, t, j] * k[n, u, j] for j in K) / sqrt(K)
    a[n, t: T, u: T] = exp(s[n, t, u]) / sum(exp(s[n, t, v]) for v in T if v <= t) if u <= t else 0
    y[n, t, d] = sum(a[n, t, u] * x[n, u, d] for u in T if u <= t)
    return sum(y ** 2) / (2 * N)


@network
def banded(x: Data[T, D], W: Param[D, D]):
    """A local window around the diagonal, by two conditions, and the last entries by not."""
    y = x @ W
    z[t: T, d] = sum(y[u, d] for u in T if t - 1 <= u <= t + 1) + (y[t, d] if not (t == 0 or t == T - 1) else 0)
    return sum(tanh(z))


@network
def labels_both(t: Labels[N, V], s: Labels[N, K], E: Param[V, D], W: Param[D, K]):
    """Labels choose a row of a table, and an entry of what comes out."""
    z[n, k] = sum(E[t[n], d] * W[d, k] for d in D)
    p = softmax(z)
    return -sum(log(p[n, s[n]]) for n in N) / N + sum(E[t[n], d] ** 2 for n in N for d in D)


@network
def label_alone(t: Labels[K], x: Data[N, D], W: Param[D, K], E: Param[K, D]):
    """One label for all: an entry of the logits, a row of a table, a comparison."""
    z = sum(x, axis=0) @ W
    e = x * E[t]
    return cross_entropy(z, t) + mean(e**2) + sum(z[k] if k == t else z[k] ** 2 / 9 for k in K)


@network
def labels_sequence(t: Labels[N, T, V], E: Param[V, D], y: Data[N, D]):
    e = E[t]
    m[n, d] = mean(e[n, i, d] for i in T)
    last[n, d] = E[t[n, T - 1], d]
    return sum((m * last - y) ** 2)


@network
def labels_in_loop(t: Labels[T, V], s: Labels[T, V], E: Param[V, H], U: Param[H, H], O: Param[H, V], h0: Param[H]):
    """A model of the next letter: labels in a recurrence."""
    h[-1] = h0
    for i in T:
        h[i] = tanh(E[t[i]] + h[i - 1] @ U)
    z = h @ O
    return -sum(log_softmax(z)[i, s[i]] for i in T) / T


@network
def backward_loop(x: Data[T, N, D], hT: Param[N, H], W: Param[D, H], U: Param[H, H]):
    """Time backward."""
    h[T] = hT
    for t in T:
        h[t] = tanh(x[t] @ W + h[t + 1] @ U)
    return sum(h[0] ** 2)


@network
def both_ways(x: Data[T, N, D], h0: Data[N, H], W: Param[D, H], U: Param[H, H], V2: Param[H, H]):
    """A bidirectional net: one loop forward, one backward over what the first gives."""
    f[-1] = h0
    g[T] = h0
    for t in T:
        f[t] = tanh(x[t] @ W + f[t - 1] @ U)
    for t in T:
        g[t] = tanh(f[t] @ V2 + g[t + 1] @ U)
    return sum(f[T - 1] * g[0]) / N


@network
def layers_by_time(x: Data[T, N, H], h0: Data[L, N, H], W: Param[L, H, H], U: Param[L, H, H], b: Param[L, H]):
    h[-1] = x
    for l in L:
        h[l, -1] = h0[l]
        for t in T:
            h[l, t] = tanh(h[l - 1, t] @ W[l] + h[l, t - 1] @ U[l] + b[l])
    return sum(h[L - 1, T - 1] ** 2) / N


@network
def time_by_layers(x: Data[T, N, H], h0: Data[L, N, H], W: Param[L, H, H], U: Param[L, H, H]):
    """The other way round: time outside."""
    for t in T:
        h[t, -1] = x[t]
        for l in L:
            h[t, l] = tanh(h[t, l - 1] @ W[l] + (h[t - 1, l] if t >= 1 else h0[l]) @ U[l])
    return sum(h[T - 1, L - 1] ** 2) / N


@network
def ragged(x: Data[N, wd[0]], y: Data[N, wd[L]], W: Param[l: L, wd[l], wd[l + 1]], b: Param[l: L, wd[l + 1]]):
    a[-1] = x
    for l in L:
        z[l] = a[l - 1] @ W[l] + b[l]
        a[l] = relu(z[l])
    return sum((a[L - 1] - y) ** 2) / N + 0.1 * sum(W[l, i, j] ** 2 for l in L for i in wd[l] for j in wd[l + 1])


@network
def ragged_backwards(x: Data[N, wd[L]], W: Param[l: L, wd[l], wd[l + 1]], b: Param[l: L, wd[l]]):
    """A decoder: from the last layer to the first, the weights transposed."""
    a[L] = x
    for l in L:
        a[l] = tanh(a[l + 1] @ W[l].T + b[l])
    return sum(a[0] ** 2) / N


@network
def residual(x: Data[N, D], W: Param[L, D, H], V2: Param[L, H, D], g: Param[L, D], b: Param[L, D]):
    a[-1] = x
    for l in L:
        u[l] = layer_norm(a[l - 1], g[l], b[l])
        a[l] = a[l - 1] + gelu(u[l] @ W[l]) @ V2[l]
    return sum(a[L - 1] ** 2) / N


@network
def scanned(x: Data[T, N, D], h0: Data[N, H], W: Param[D, H], U: Param[H, H]):
    """A loop within a function."""
    h = scan(x, h0, W, U)
    return sum(h[T - 1] ** 2)


@network
def stepped(x: Data[T, N, D], h0: Data[N, H], W: Param[D, H], U: Param[H, H]):
    """A function within a loop."""
    h[-1] = h0
    for t in T:
        h[t] = step(x[t], h[t - 1], W, U)
    return sum(h[T - 1] ** 2)


@network
def pooled(x: Data[N, C, I, J], w: Param[K, C, 3, 3], b: Param[K]):
    """Stride two by hand and a pool by hand."""
    z[n, k, i, j] = sum(x[n, c, 2 * i + u, 2 * j + v] * w[k, c, u, v] for c in C for u in range(3) for v in range(3)) + b[k]
    p[n, k, i] = max(z[n, k, 2 * i + u, j] for u in range(2) for j in (J - 3) // 2 + 1)
    return sum(p ** 2)


@network
def cumulative(x: Data[N, T], w: Param[T]):
    """Sums whose ends are other indices."""
    s[n, t: T] = sum(x[n, u] * w[u] for u in range(t + 1))
    m[n, t: T] = max(s[n, u] for u in T if u <= t)
    return sum(s * m)


@network
def index_as_number(x: Data[N, T], w: Param[T], r: Param):
    y[n, t] = x[n, t] * w[t] * exp(-r * t / T) * (1 if t > 0 else 2)
    return sum(y[n, t] * cos(pi * t / T) for n in N for t in T)


@network
def ema(x: Data[T, N], alpha: Param, s: Param[N]):
    m[-1] = s
    for t in T:
        m[t] = sigmoid(alpha) * m[t - 1] + (1 - sigmoid(alpha)) * x[t]
    return sum((m - x) ** 2)


@network
def convolved_rows(x: Data[N, T, D], w: Param[K, D, H], b: Param[H]):
    """A temporal convolution, its kernel's width a size."""
    z[n, t, h] = sum(x[n, t + u, d] * w[u, d, h] for u in K for d in D) + b[h]
    a = relu(z)
    y[n, h] = max(a[n, t, h] for t in T - K + 1)
    return sum(y ** 2)


@network
def ahead_choice(x: Param[T, N], s: Param[N]):
    h[-1] = s
    for t in T:
        h[t, n] = (x[t + 1, n] if t + 1 < T else 0.5) + 0.5 * h[t - 1, n] if x[t, n] > 0 else h[t - 1, n] ** 2
    return sum(h ** 2)


@network
def two_data_steps(x: Param[T, N], a: Param, s: Param[N]):
    h[-1] = s
    for t in T:
        h[t] = tanh(a * h[t - 1] + x[t] + (x[t - 1] if t >= 1 else 0) - (x[t + 1] if t < T - 1 else 0))
    return sum(h ** 2)


@network
def penalty(x: Data[N, D], W: Param[L, D, D], r: Param[l: L, D, D]):
    a[-1] = x
    for l in L:
        a[l] = tanh(a[l - 1] @ W[l] @ r[l])
    return sum(a[L - 1] ** 2) + sum(W ** 2) + sum(r[l, i, j] ** 2 for l in L for i in D for j in D)


@network
def penalties(x: Data[N, D], W: Param[l: L, D, D], b: Param[l: L, D]):
    a[-1] = x
    for l in L:
        a[l] = tanh(a[l - 1] @ W[l] + b[l])
        p[l] = sum(W[l] ** 2) / 2 + sum(abs(b[l]))
    return sum(a[L - 1] ** 2) + sum(p)


@network
def every_layer(x: Data[N, D], y: Data[N, D], W: Param[l: L, D, D], v: Param[L, D]):
    """A loss at every layer."""
    a[-1] = x
    for l in L:
        a[l] = tanh(a[l - 1] @ W[l])
        e[l] = sum((a[l] * v[l] - y) ** 2) / N
    return sum(e)


@network
def third_order(x: Data[T], y: Data[T], a: Param, b: Param, c: Param):
    """A scalar recursion of order three."""
    h[-1] = 0
    h[-2] = 1
    h[-3] = x[0]
    for t in T:
        h[t] = a * h[t - 1] + b * h[t - 2] * h[t - 3] + sin(c * h[t - 3]) + x[t]
    return sum((h[t] - y[t]) ** 2 for t in T) / 2


@network
def two_ahead(x: Data[T, N, D], W: Param[D, D], R: Param[D, D]):
    """Two steps ahead."""
    h[T, n: N, d: D] = 0
    h[T + 1, n: N, d: D] = 0.5
    for t in T:
        h[t] = tanh(x[t] @ W + h[t + 2] @ R + h[t + 1])
    return sum(h ** 2) / 2


@network
def lags_mixed(x: Data[T, N], h0: Param[N], h1: Param[N], w: Param[N], v: Param[N]):
    """Products of two lags, and a coupled state."""
    h[-1] = h0
    h[-2] = h1
    c[-1] = h1
    for t in T:
        c[t, n] = sigmoid(w[n] * h[t - 2, n] * h[t - 1, n] + c[t - 1, n])
        h[t, n] = tanh(c[t, n] * v[n] + x[t, n] * h[t - 2, n])
    return sum(h[t, n] * c[t, n] for t in T for n in N)


@network
def lag_guarded(x: Data[T, N], w: Param[N], v: Param[N]):
    """Only lag two, by a condition."""
    h[-1, n: N] = 0
    for t in T:
        h[t, n] = tanh(w[n] * x[t, n] + v[n] * (h[t - 2, n] if t >= 2 else 0) + h[t - 1, n])
    return sum(h ** 2)


@network
def data_ahead_of_state(x: Data[T, N], w: Param[N], v: Param[N]):
    """Data ahead with the state before."""
    h[-1, n: N] = 0
    for t in T:
        h[t, n] = tanh(w[n] * x[t, n] + v[n] * h[t - 1, n] * (x[t + 1, n] if t + 1 < T else 1))
    return sum(h ** 2)


@network
def parameter_either_side(x: Data[T, N], u: Param[T, N], v: Param[N]):
    """A parameter ahead and behind with the state before."""
    h[-1, n: N] = 0
    for t in T:
        h[t, n] = tanh(u[t, n] + v[n] * h[t - 1, n] * (u[t + 1, n] if t + 1 < T else 1) + (x[t - 1, n] * h[t - 1, n] if t >= 1 else 0))
    return sum(h ** 2)


@network
def layers_with_lags(x: Data[T, N, D], W: Param[L, D, D], R: Param[L, D, D]):
    """Layers by time, each with two steps back."""
    h[-1] = x
    for l in L:
        h[l, -1, n: N, d: D] = 0
        h[l, -2, n: N, d: D] = 0
        for t in T:
            h[l, t] = tanh(h[l - 1, t] @ W[l] + h[l, t - 2] @ R[l])
    return sum(h[L - 1] ** 2) / 2


@network
def winner(x: Data[N, D], W: Param[D, K], v: Param[K]):
    """The score of the winner."""
    z = x @ W
    i[n] = argmax(z[n, k] for k in K)
    s[n] = z[n, i[n]] * v[i[n]]
    return sum(s ** 2) / N


@network
def winner_array(x: Data[N, D], W: Param[D, K], v: Param[K]):
    """The same in array notation."""
    z = x @ W
    i = argmax(z, axis=1)
    s[n] = z[n, i[n]] * v[i[n]]
    return sum(s ** 2) / N


@network
def top_two(x: Data[N, D], W: Param[D, K]):
    """How far the best is ahead of the second."""
    z = x @ W
    a = argmax(z, axis=1)
    rest[n, k] = -1e30 if k == a[n] else z[n, k]
    b = argmax(rest, axis=1)
    s[n] = z[n, a[n]] - z[n, b[n]]
    return mean(s ** 2)


@network
def weighted_misses(x: Data[N, D], W: Param[D, K], t: Labels[N, K]):
    """What is not the winner counts twice: a place beside a label."""
    z = x @ W
    r[n] = 1 if argmax(z[n, k] for k in K) == t[n] else 0
    l[n] = logsumexp(z[n]) - z[n, t[n]]
    return mean((2 - r) * l)


@network
def least_squared(x: Data[N, D], W: Param[D, K]):
    """A place as a subscript."""
    z = x @ W
    return sum(z[n, argmin(z[n, j] for j in K)] ** 2 for n in N)


@network
def best_so_far(x: Data[T, D], w: Param[D]):
    """The largest so far."""
    s = x @ w
    y[t: T] = sum(s[u] ** 2 for u in T if u == argmax(s[v] for v in T if v <= t))
    return sum(y)


@network
def place_as_number(x: Data[N, D], w: Param[D]):
    """Where it is, as a number."""
    s = x @ w
    i = argmax(s)
    return (s[i] - i) ** 2 + mean(s)


@network
def place_in_a_grid(x: Data[N, T, C], w: Param[T, C]):
    """A place of two indices."""
    y[n, t, c] = x[n, t, c] * w[t, c]
    return sum(y[n, t, c] ** 2 for n in N for t in T for c in C if (t, c) == argmax(y[n, a, b] for a in T for b in C))


@network
def all_but_the_best(x: Data[N, D], W: Param[D, K]):
    """A place that is left out."""
    z = x @ W
    return sum(z[n, k] for n in N for k in K if k != argmax(z[n, j] for j in K)) / N
