"""Small networks that each once came out wrong; found by random networks and made as small as they could be."""

from symbp import Array, Data, Labels, Param, dims, network

N, D, H, K, zip, isinstance = dims("N D H K zip isinstance")


def gate(z, g):
    s = sigmoid(g)
    return s * z, 1 - s


@network
def all_ones(x: Data[N, D], w: Param[D, K], b: Param[K]):
    """A tensor that is the same in every row meets a cotangent; sums over what it does not depend on count."""
    v = 0 * x + 1
    z[m, k] = sum(v[m, d] * w[d, k] for d in D) + b[k]
    return z


@network
def ones_alone(x: Data[N, D], w: Param[D]):
    """The sum of a constant tensor is its size."""
    v = 0 * x + 1
    u = v * w
    return sum(v) * sum(u) + sum(u * u)


@network
def dot_before_overwritten(x: Data[N, N], y: Data[N, N], m: Data[N, N], w: Param[N, N], a: Param):
    """A dot product that is needed late, of an array whose memory is used again before."""
    z = w * x
    return sum(z * m) / 2 + sum(z**2) / 100 + a * mean((x * z - y) ** 2)


@network
def names_that_a_module_uses(
    dtype: Data[N, D], float: Data, tuple: Data[N], expected: Param[D, K], shapes: Param[K], len: Param
):
    """Every word that the module needs steps aside."""
    bool = dtype @ expected + shapes
    map = maximum(bool, 0) - float
    any = sum(map, axis=-1) * len - tuple
    ValueError = sum(any**2)
    return ValueError + len**2 * sum(where(bool > 0, 1, bool))


@network
def sizes_that_a_module_uses(x: Data[zip, isinstance], W: Param[isinstance, zip]):
    """Sizes may have such names too."""
    z = x @ W
    s = where(z > 0, z, exp(z))
    return sum(s**2) / zip


@network
def largest_of_a_vector(x: Data[N], y: Data[N], w: Param[N], v: Param[N, D]):
    """The matrix form of a largest entry is that of a row, and the adjoint of a row taken by its number no unit matrix."""
    return sum(tanh(v[0])) ** 2 + 2 * max(w * x - y) + mean(v[0])


@network
def roots_under_two_conditions(x: Data[N, D], a: Param[N, D]):
    """Where the branch is not taken the root has no value, in the matrix form of its derivative either."""
    z = where(x * a > 0, sqrt(x * a), x)
    s[n, d] = log(a[n, d]) if a[n, d] > 0 and x[n, d] > a[n, d] else 0
    return sum(z**2) + sum(s)


@network
def unused_inputs(x: Data[N, D], y: Data[H, K, K], w: Param[D], v: Param[N, N, K]):
    """Inputs that no equation reads may have dimensions for which there is no letter."""
    return sum((x @ w) ** 2)


@network
def row_of_a_diagonal(x: Data[N, N], w: Param[N, N]):
    """The first hit of a largest entry is a condition that sums; its letters keep apart from those of the diagonal."""
    v[j, k] = w[j, j] * x[j, k]
    u = v - mean(v, axis=-1, keepdims=True)
    return max(v - x) + mean(u**2)


@network
def nested_roots(x: Data[N, N], a: Data[N, N], w: Param[N, N]):
    """The condition on a root may itself hold a root that has no value everywhere."""
    z = where(x * w > 0, sqrt(x * w), x)
    u = where(z * w > 0, sqrt(z * w), z)
    return mean((u - a) ** 2)


@network
def sigmoids_of_sigmoids(x: Data[N, D], w: Param[N, D]):
    """Brought over a common denominator this grew without bound."""
    u = sigmoid(sigmoid(x) - 1)
    s = sigmoid(x)
    b = s * u
    return b / sqrt(b**2 + w**2 + 1)


@network
def nothing_but_rounding(x: Data[K, H, D], w: Param[H, H]):
    """A loss that is 0 whatever the data are: only the noise of its terms is left."""
    g[row, a] = w[row, a] * w[a, a]
    v[f] = g[f] - mean(g[f])
    return sum(v)


@network
def counted_masks(y: Data[N], w: Param[D], x: Data[N, D]):
    """A mask times a number is a number, which something is divided by in place."""
    z = 0 * (x @ w)
    v[n: N] = mean(z[m] for m in N if not m > n)
    return sum((v - y + sum(w)) ** 2)


@network
def read_by_a_sum(x: Data[N, D], w: Param[N]):
    """Reads reach further than any range: the sizes of the checks leave room for them."""
    v[n] = sum(x[n, 2 * i + k] for k in range(2) for i in range(3))
    return sum(v * w)


@network
def saturated(x: Data[N, N], t: Data[N, N], W: Param[N, D]):
    """The loss as it is written loses its digits at these sizes: log(1 - p) with p near 1; data near 0 are drawn."""
    s[n, m] = sum(tanh(W[n, d]) * W[m, d] for d in D)
    q[n, m] = sum(s[n, k] * s[m, k] for k in N)
    a = 6 * q + x
    return binary_cross_entropy(sigmoid(a), t)


@network
def letters_with_numbers(x: Data[N], a: Param[N, N]):
    """An index letter that is called as a fresh one would be."""
    v[n1] = mean(x[n] * a[n, n1] for n in N) + x[n1]
    return 2 * min(v) ** 2


@network
def equal_on_purpose(y: Data[N, D], w: Param[N, D]):
    """A tie of two terms that are computed by themselves: it is one with a complex step in it too."""
    z = minimum(-sum(y * log(softmax(w))) / N, -sum(y * log(softmax(w))) / N)
    return tanh(z)


@network
def two_loops(p: Data[N, D, D], s: Param[D, D], b: Param[D, D], w: Param[D]):
    """Loops one after the other, whose adjoints read the neighbouring step under a second condition."""
    z[N] = s
    for n in N:
        z[n] = maximum(z[n + 1] * w, p[n])
    a[-1] = b
    for m in N:
        a[m] = where(z[m] > 0, a[m - 1] / 2, tanh(z[m] * w))
    return a


@network
def gates_of_gates(v: Data[D, 2], b: Param[D, 2]):
    """A long formula for the exponents, which was guarded again and again."""
    x, a = gate(b, b)
    w = a * min(a, axis=(-2, 1), keepdims=True)
    u, c = gate(w, b)
    return mse(log(1 + softmax(u) ** 2), v)


@network
def root_beside_a_mask(x: Data[N, H], a: Param[H, D], v: Param[D], t: Data[N, D]):
    """A product of a mask and a root that has no value where the mask is 0."""
    u = x @ a + v
    z, c = gate(u, u)
    r = where(c * u > 0, sqrt(c * u), c)
    return mse(r, t)


@network
def bias_that_cancels(x: Data[N, D], y: Data[N], w: Param[D, H], b: Param[H]):
    """A gradient that is zero because its large terms cancel is no wrong one in float32."""
    z = x @ w + b
    d[n, m] = sum((z[n, h] - z[m, h]) ** 2 for h in H)
    r = d @ (sum(d, axis=1) ** 2 + 1) ** 0.3
    return mean((r - y) ** 2)


@network
def gates_by_labels(t: Labels[N, D], s: Labels[N, D], x: Data[N, 2 * D], w: Param[N, 2 * D]):
    """The adjoint of two gates in one matrix reads the first by its label: of D classes, in 2 D columns."""
    z = w * x
    b[n, o: D] = sigmoid(z[n, o]) * tanh(z[n, D + o])
    return sum(b[n, t[n]] ** 2 for n in N) + sum(z[n, D + s[n]] * w[n, s[n]] for n in N)


@network
def constant_in_a_loop(x: Data[N, D], s: Param[D], w: Param[D, D]):
    """What is the same at every pass of a loop of several equations stands before it."""
    c[-1] = s
    h[-1] = s
    for n in N:
        c[n] = sigmoid(h[n - 1]) * c[n - 1] + x[n]
        h[n] = tanh(c[n] @ w) * sigmoid((0 * x + 1)[0]) + softmax(s)
    return h


T, V = dims("T V")


@network
def constant_first(x: Data[N, D], t: Data[N, K], W: Param[D, H], b: Param[H], U: Param[H, K]):
    """A maximum with its constant first: at a tie it follows the other, and 0 > z is not 0 > max(0, z)."""
    a = maximum(0, x @ W + b)
    return mse(a @ U, t)


@network
def clipped_ratio(r: Param[N], a: Data[N]):
    """Clipped from both sides, the constants first."""
    return -mean(minimum(r * a, maximum(0.8, minimum(1.2, r)) * a))


@network
def next_token(x: Labels[N, T, V], z: Param[N, T, V]):
    """A label that is there for all but the last step."""
    return -sum(log_softmax(z)[n, t, x[n, t + 1]] for n in N for t in T if t + 1 < T) / N


@network
def tag_transitions(y: Labels[N, T, K], A: Param[K, K], e: Param[N, T, K]):
    """A score of neighbours, squared so that it comes back."""
    s[n] = sum(e[n, t, y[n, t]] + (A[y[n, t - 1], y[n, t]] if t >= 1 else 0) for t in T)
    return sum(s ** 2) / N


@network
def previous_word(y: Labels[T, V], E: Param[V, H], U: Param[H, H]):
    """The last label goes into the recurrence."""
    h[-1, k: H] = 0
    for t in T:
        h[t] = tanh((E[y[t - 1]] if t >= 1 else 0) + h[t - 1] @ U + 0.5)
    return sum(h ** 2)


@network
def padded_lookup(x: Labels[T, V], E: Param[V, D], W: Param[3, D]):
    """A window of looked-up rows, with nothing around the ends."""
    z[t: T, d] = sum(E[x[t + u - 1], d] * W[u, d] for u in range(3) if 0 <= t + u - 1 < T)
    return sum(z ** 2)


@network
def running_logsumexp(x: Param[N, T], y: Data[N, T]):
    """A recurrence that has no start and looks back under a condition, inside a logarithm."""
    for t in T:
        s[t, n: N] = log((exp(s[t - 1, n]) if t > 0 else 0) + exp(x[n, t]))
    return sum((s[t, n] - y[n, t]) ** 2 for n in N for t in T)


@network
def masked_steps(e: Param[T, N], m: Data[N, T]):
    """A step that depends on data whose time comes last."""
    for t in T:
        a[t, k: N] = e[t, k] + (a[t - 1, k] if t >= 1 and m[k, t] > 0 else 0)
    return sum(a[T - 1] ** 2)


@network
def length_of_the_target(x: Data[T], p0: Param, a: Param):
    """How long it runs only the target says, so that nothing can be predicted without it."""
    p[-1] = p0
    for t in T:
        p[t] = a * p[t - 1]
    return sum((p - x) ** 2)


L, = dims("L")


@network
def residual_of_any_width(x: Data[N, D], y: Data[N, D], W: Param[l: L, D, H[l]], U: Param[l: L, H[l], D], g: Param[l: L, D]):
    """What is carried from layer to layer is the same along an axis at one of them and not at another."""
    a[-1] = x
    for l in L:
        u[l] = layer_norm(a[l - 1], g[l], g[l])
        a[l] = a[l - 1] + relu(u[l] @ W[l]) @ U[l]
    return mse(a[L - 1], y)


@network
def widths_under_softplus(x: Data[N, H[0]], y: Data[N], v: Param[H[L]], W: Param[l: L, H[l], H[l + 1]]):
    """A factor that each layer has of its own is not handed on to the next one, whose width is another."""
    a[-1] = x
    for l in L:
        s[l] = a[l - 1] @ W[l]
        a[l] = softplus(s[l])
    b = tanh(a[L - 1] @ v)
    return sum(b * y) + sum(exp(b))


@network
def widths_under_softplus_from_the_end(x: Data[N, H[L]], y: Data[N], v: Param[H[0]], W: Param[l: L, H[l], H[l + 1]]):
    """The same from the last layer to the first."""
    a[L] = x
    for l in L:
        s[l] = a[l + 1] @ W[l].T
        a[l] = softplus(s[l]) / 2
    b = tanh(a[0] @ v)
    return sum(b * y) + sum(exp(sin(b)) ** 2)


I, J, wd = dims("I J wd")


@network
def pools_by_hand(x: Param[N, I, J], p: Param):
    """A sum that scatters meets another with letters of its own name."""
    a[n, i, j] = sqrt(sum(x[n, 2 * i + u, j + v] ** 2 for u in range(3) for v in range(2)) + 1e-6)
    s[n, i, j] = log(sum(exp(p * x[n, 2 * i + u, j + v]) for u in range(3) for v in range(2))) / p
    return sum(a * s)


@network
def mean_over_a_width(x: Data[N, wd[0]], y: Data[N, wd[L]], W: Param[l: L, wd[l], wd[l + 1]], m: Data[l: L, N, wd[l + 1]]):
    """A width that differs by layer, as a number."""
    a[-1] = x
    for l in L:
        z[l] = a[l - 1] @ W[l]
        a[l] = dropout(relu(z[l]), m[l], 0.2) if l < L - 1 else z[l]
    return mse(a[L - 1], y) + sum(W[l, i, j] ** 2 for l in L for i in wd[l] for j in wd[l + 1]) / wd[0]


@network
def root_of_negatives(x: Data[N, D], w: Param[D]):
    """Two factors that are negative together have a root only together."""
    a[n, d] = expm1(tanh(x[n, d] * w[d]))
    b[n, d] = sqrt(a[n, d] * x[n, d] * w[d]) if a[n, d] * x[n, d] * w[d] > 0 else a[n, d]
    return sum(b)


@network
def rows_of_a_number(t: Labels[N, I, D], u: Labels[N, D], W: Param[D, D], v: Param[D], c: Param):
    """What is added to the rows that labels say is a parameter without an axis, or a function of one."""
    return c * sum(embedding(t, W)) + sum(tanh(c) * v[u[n]] for n in N)


B, Q, R, P = dims("B Q R P")


@network
def length_and_matrix(W: Param[B, 3], c: Param[3], x: Data[B, B]):
    """B1 is the length of what is pooled in one function, and the matrix of b1 in the comments of another."""
    pooled = max_pool2d(x, (2, 3), stride=2)
    top = max(relu(pooled), axis=(-2, -1))
    b1[n, k] = mean(x[n, j] * W[j, k] for j in B) + c[k]
    return sum(b1)


@network
def mean_over_none_of_two(q: Param[2], A: Param[P, 2 * R], x: Data[Q, P], t: Labels[Q, R], z: Param[3]):
    """A mean over P - 2, where a pass tries a factor at P = 2."""
    v = x @ A
    g[n, w: R] = sigmoid(v[n, w]) * tanh(v[n, R + w])
    b[n, k] = sum(x[n, k + 2 * c] * q[c] for c in range(2))
    m[i: Q + 2] = (mean(tanh(b), axis=-1))[i - 1] if 1 <= i < Q + 1 else 0
    a[i] = max(m[i + j] for j in range(3))
    s = -mean(log_softmax(g)[n, t[n]] for n in Q)
    r[k: Q + 2] = a[k - 1] if 1 <= k < Q + 1 else 0
    d[k] = max(r[k + j] for j in range(3))
    u[n] = sum((mean(tanh(b), axis=-1))[3 * n + c] * z[c] for c in range(3))
    return tanh(max(tanh(u), axis=-1))
