"""Networks that read at the edge of what they may: the state at their own step, entries that a condition keeps inside,
quotients of indices, steps that nobody needs, sizes that follow from sums.
"""

from symbp import Array, Data, Labels, Param, dims, network

N, M, D, T, K, S, len = dims("N M D T K S len")
E = T - 1


# The state at its own step.


@network
def added_step(x: Param[N]):
    """Every entry gains the one whose turn it is."""
    a[-1] = x
    for k in N:
        a[k, i] = a[k - 1, i] + a[k - 1, k]
    return sum(a[N - 1, i] ** 2 for i in N)


@network
def taken_step(v: Param[N]):
    z[-1] = v
    for k in N:
        z[k, i] = z[k - 1, i] - z[k - 1, k]
    return sum(z[N - 1] ** 2)


@network
def soft_shortest_paths(w: Param[N, N]):
    """All pairs of nodes by way of the first k of them."""
    d[-1] = w**2 + 1
    for k in N:
        d[k, i, j] = -log(exp(-d[k - 1, i, j]) + exp(-d[k - 1, i, k] - d[k - 1, k, j]))
    return sum(d[N - 1])


@network
def elimination(w: Param[N, N], c: Param[N]):
    """Gauss's elimination without pivots, and the logarithm of the determinant."""
    a[-1, i: N, j: N] = w[i, j] / 9 + (2 if i == j else 0)
    y[-1] = c
    for k in N:
        a[k, i, j] = a[k - 1, i, j] - a[k - 1, i, k] / a[k - 1, k, k] * a[k - 1, k, j] if i > k else a[k - 1, i, j]
        y[k, i] = y[k - 1, i] - a[k - 1, i, k] / a[k - 1, k, k] * y[k - 1, k] if i > k else y[k - 1, i]
    return sum(log(a[N - 1, i, i]) for i in N) + sum(y[N - 1] ** 2)


@network
def backward_step(x: Param[N, N]):
    """A loop from the end, two letters."""
    h[N] = x
    for t in N:
        h[t, i, j] = h[t + 1, i, j] * cos(h[t + 1, t, j]) - h[t + 1, i, t]
    return sum(h[0] ** 2)


@network
def two_steps_back(x: Param[N], y: Param[N]):
    h[-1] = x
    h[-2] = y
    for t in N:
        h[t, i] = tanh(h[t - 1, i] + h[t - 2, t] * h[t - 1, t])
    return sum(h**2)


@network
def nested_steps(x: Param[N], w: Param[N, M]):
    """A loop in a loop reads at the outer one's step."""
    o[-1] = x
    for n in N:
        s[n, -1] = o[n - 1]
        for m in M:
            s[n, m, i] = tanh(s[n, m - 1, i] + w[n, m] * s[n, m - 1, n])
        o[n] = s[n, M - 1]
    return sum(o**2)


def wave(x, c: Array[N]):
    a[-1] = x
    for k in N:
        u[k, i] = a[k - 1, i] * c[k]
        a[k, i] = u[k, i] - sin(u[k, k])
    return a[N - 1]


@network
def step_in_function(x: Param[N], c: Param[N], g: Data[N]):
    return sum(wave(wave(x, c), g) ** 2)


@network
def step_by_label(x: Param[K], y: Labels[T, K], w: Param[T, K]):
    a[-1] = x
    for t in T:
        a[t, k] = tanh(a[t - 1, k] + w[t, k] * a[t - 1, y[t]])
    return sum(a**2)


@network
def divided_by_step(h0: Param[N], w: Param[M]):
    """The number of a step as a divisor, which is 0 at first."""
    h[-1] = h0
    for t in M:
        h[t, i] = tanh(h[t - 1, i] * (t + 1) + h[t - 1, N - 1 - i] * (w[t] / t if t >= 1 else 2))
    return sum(h**2)


# Labels under a condition.


@network
def padded_thresholds(y: Labels[N, K + 1], z: Param[N], theta: Param[K]):
    """Thresholds padded at the end, read at the label."""
    c[n, k: K + 1] = (theta[k] - z[n]) ** 2 if k < K else 1
    return sum(c[n, y[n]] for n in N)


@network
def padded_before(y: Labels[N, K + 1], z: Param[N], theta: Param[K]):
    c[n, k: K + 1] = (theta[k - 1] - z[n]) ** 2 if k >= 1 else z[n]
    return sum(c[n, y[n]] for n in N)


@network
def ignored_class(y: Labels[N, K + 1], z: Param[N, K]):
    """Class K is no class: its rows do not count."""
    c = log_softmax(z)
    return -sum(c[n, y[n]] for n in N if y[n] < K) / N


@network
def pairs_of_classes(y: Labels[N, M + 1, K + 1], e: Param[M, K]):
    q[m: M + 1, k: K + 1] = sin(e[m, k]) if m < M and k < K else e[0, 0]
    return sum(q[m, y[n, m]] for n in N for m in range(M + 1))


@network
def labels_in_loop(y: Labels[T, K + 1], A: Param[K, D], h0: Param[D]):
    h[-1] = h0
    for t in T:
        h[t, d] = tanh(h[t - 1, d] + (A[y[t], d] if y[t] < K else 0))
    return sum(h**2)


# Quotients of indices.


@network
def doubled(y: Data[2 * S], x: Param[S]):
    """Every entry twice."""
    up[i: 2 * S] = x[i // 2] if 2 * (i // 2) == i else x[(i - 1) // 2]
    return sum(y * up)


@network
def tripled_after_one(y: Data[3 * S + 1], x: Param[S]):
    """A negative quotient at the first entry."""
    up[i: 3 * S + 1] = x[(i - 1) // 3] ** 2 if (i - 1) // 3 >= 0 else y[i]
    return sum(y * up)


@network
def quarters(x: Param[S], w: Data[4 * S]):
    """A quotient of a quotient."""
    z[i: 4 * S] = sin(x[(i // 2) // 2]) if (i // 2) // 2 < S else 0
    return sum(z**2 * w)


@network
def blocks(x: Param[S], y: Data[S * K]):
    up[i: S * K] = x[i // K] if i // K < S else 0
    return sum(y * up**2)


@network
def quotient_in_loop(x: Param[T], h0: Param[2 * D], w: Param[D]):
    h[-1] = h0
    for t in T:
        h[t, d] = tanh(h[t - 1, d] * x[t // 2] + w[d // 2]) if d // 2 < D and t // 2 < T else h[t - 1, d]
    return sum(h**2) + sum(x[t] * (t // 2) for t in T)


@network
def quotient_of_label(y: Labels[N, 2 * K], e: Param[K]):
    return sum(e[y[n] // 2] ** 2 if 2 * (y[n] // 2) == y[n] else e[(y[n] - 1) // 2] for n in N)


# What the last step of a loop hands on, to nobody.


@network
def chain_of_labels(y: Labels[T, K], e: Param[T, K], A: Param[K, K], start: Param[K], end: Param[K]):
    """Negative log-likelihood of a linear chain."""
    alpha[-1] = start + e[0]
    for m in E:
        alpha[m, k] = logsumexp(alpha[m - 1] + A[:, k]) + e[m + 1, k]
    total = logsumexp(alpha[E - 1] + end)
    score = start[y[0]] + sum(e[t, y[t]] for t in T) + sum(A[y[t - 1], y[t]] for t in range(1, T)) + end[y[T - 1]]
    return total - score


@network
def chain_from_the_end(e: Param[T, K], A: Param[K, K]):
    beta[E, k: K] = e[T - 1, k]
    for m in E:
        beta[m, k] = logsumexp(beta[m + 1] + A[k]) + e[m, k]
    return logsumexp(beta[0])


@network
def chain_of_second_order(e: Param[T, K], A: Param[K, K], B: Param[K, K]):
    v[-1, k: K] = e[0, k]
    v[-2, k: K] = 0
    for m in E:
        v[m, k] = (
            log(sum(exp(v[m - 1, j] + A[j, k]) for j in K) + sum(exp(v[m - 2, j] + B[j, k]) for j in K)) + e[m + 1, k]
        )
    return logsumexp(v[E - 1])


# The larger of several.


@network
def support_vectors(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    s = x @ w + b
    return mean(max(1 - y * s, 0)) + sum(w**2) / 2


def clip(z, low=-1, high=1):
    return min(max(z, low), high)


@network
def larger_of_several(x: Data[N, D], w: Param[D, D], b: Param[D], c: Param):
    """Arrays, a row, scalars and numbers; a reduction of one argument beside them."""
    z = max(x @ w, b, c)
    q = min(x @ w, 1, exp(b), c * x)
    return sum(z**2) + sum(q) * max(N, D, 2) + min(c, 2) + max(sum(b), c, 0.5) + max(w) + sum(clip(z, high=0.5))


@network
def larger_in_loop(x: Data[T, D], w: Param[D], h0: Param[D]):
    h[-1] = h0
    for t in T:
        h[t] = max(h[t - 1] * w, x[t], -0.5)
    return sum(h**2) + sum(max(h[t, d] - h[r, d], 0) for t in T for r in T for d in D)


# Sizes that follow from sums and differences.


@network
def rest_of_rows(a: Data[S], z: Param[S + M, D]):
    d[t] = sum(z[t, c] ** 2 for c in D)
    return sum(a) * sum(d**2)


@network
def sum_and_difference(a: Param[S + M], b: Param[S - M], w: Data[S + M]):
    c[i] = a[i] * w[i]
    return sum(c**2) * sum(b) + sum(a[i + M] * b[i] for i in range(S - M))


@network
def around(a: Param[S + M], b: Param[M + K], c: Param[S + K]):
    return sum(a[i] * b[k] for i in S for k in K) + sum(c[i] ** 2 for i in S) / M


# An index that is read under conditions alone.


@network
def causal(s: Param[N, T, T], v: Data[N, T]):
    """A softmax over what lies before."""
    w[n, t, u] = exp(s[n, t, u]) if u <= t else 0
    p[n, t, u] = w[n, t, u] / sum(w[n, t, r] for r in T)
    return sum(sum(p[n, t, u] * v[n, u] for u in T) ** 2 for n in N for t in T) / 2


def masked(s: Array[N, N]):
    m[i, j] = s[i, j] if j <= i else -1e9
    return m


@network
def masked_in_function(q: Param[T, D], v: Data[T, D]):
    return sum((softmax(masked(q @ q.T)) @ v) ** 2)


@network
def both_branches(x: Param[T], c: Data[T]):
    y[t] = max(x[t], x[t - 1], 0) if t >= 1 else x[t]
    return sum(y**2 * c)


@network
def running_sum(x: Param[N]):
    a[-1] = x
    for k in N:
        a[k, i] = sum(a[k - 1, j] for j in N if j <= k) * a[k - 1, i] if i >= k else a[k - 1, i] / 2
    return sum(a[N - 1] ** 2)


@network
def names_of_python(self: Data[N, D], cls: Param[D], float: Param):
    """A tensor, an index and a loop may have names that Python or a program gives a meaning to."""
    args = self @ cls + float
    reversed[-1] = args
    for range1 in N:
        reversed[range1, kwargs] = reversed[range1 - 1, kwargs] * cos(reversed[range1 - 1, range1])
    return sum(reversed[N - 1, zip] ** 2 for zip in N)


@network
def layers_of_python(x: Data[N, len[0]], list: Param[dtype: K, len[dtype], len[dtype + 1]]):
    """A width and the letter of a list may too."""
    z[-1] = x
    for dtype in K:
        z[dtype] = tanh(z[dtype - 1] @ list[dtype] / len[dtype])
    return sum(z[K - 1] ** 2)
