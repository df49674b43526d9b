"""Networks in NumPy's words for shapes."""

from symbp import Data, Labels, Param, dims, network

N, T, A, E, D, K, M, H = dims("N T A E D K M H")


@network
def merged_axes(x: Data[N, T, A, E], W: Param[A * E, K]):
    """Windows of a sequence as one axis."""
    z = reshape(x, N, T, A * E) @ W
    return mean(z ** 2)


@network
def merged_heads(x: Data[N, T, D], Wq: Param[D, A, E], Wo: Param[A * E, D]):
    """Heads swapped with steps and merged again."""
    q[n, t, a, e] = sum(x[n, t, d] * Wq[d, a, e] for d in D)
    k = swapaxes(q, 1, 2)
    o = attention(k, k, k)
    y = swapaxes(o, 1, 2).reshape(N, T, A * E) @ Wo
    return mean((y - x) ** 2)


@network
def flattened(x: Data[N, A, E, D], W: Param[A * E * D, K]):
    """All but the examples as one axis."""
    h = tanh(flatten(x) @ W)
    return sum(h ** 2) / N


@network
def side_by_side(a: Param[N, D], b: Param[N, E], w: Param[D + E]):
    """Two arrays side by side."""
    x = concatenate((a, b), axis=1)
    return mean(tanh(x @ w))


@network
def matrix_words(X: Param[N, N], v: Param[N], w: Param[M], u: Data[M]):
    """Words for matrices."""
    bowl = norm(X - outer(v, v)) ** 2
    scaled = trace(X.T @ X) + sum(diag(v) * X) + sum(diag(X) ** 3)
    spread = var(X) + std(X, axis=0)[0]
    long = kron(v, w)
    tiled = kron(ones(N), u)
    return bowl + scaled + spread + sum(long * tiled) / norm(long)


@network
def contracted(u: Data[N, D], v: Data[N, E], P: Param[D, H], G: Param[H, E, K]):
    """einsum, of three arrays at once."""
    a = einsum("nd,dh->nh", u, P)
    return mean(einsum("nh,ne,hek->nk", a, v, G) ** 2)


@network
def parts_of_arrays(x: Param[N, T, D], w: Param[T]):
    """Parts of arrays, by steps, from the end, with a new axis."""
    y = x[:, 1:] - x[:, :-1]
    z = x[:, ::2]
    r = w[::-1]
    s = x[:, None, :, 0]
    return sum(y ** 2) + sum(z ** 3) + sum(r * x[0, :, 0]) + mean(s)


@network
def running(x: Param[T, D]):
    """Running sums, products over an axis, rolled, padded, repeated."""
    r = cumsum(x, axis=0)
    p = prod(stack((x, r), axis=0), axis=0)
    c = clip(p, -1, 1)
    return mean(roll(c, 1, axis=0) * r) + sum(pad(x, ((1, 0), (0, 2)))[0]) + sum(repeat(x, 2, axis=1) ** 2)


@network
def other_axes(x: Param[N, T, D], y: Data[N, T, D]):
    """Softmax and its kin over other axes."""
    return -sum(y * log_softmax(x, axis=1)) / N + mean(logsumexp(x, axis=0)) + mean(softmax(x, axis=0) ** 2)


@network
def made_arrays(w: Param[T, T], v: Param[T]):
    """Arrays of numbers, repeated and turned round."""
    return sum((w - eye(T)) ** 2) + sum(v * arange(T)) + sum(tile(v, 3) ** 2) + sum(squeeze(v[:, None]) * flip(v))


@network
def running_products(x: Param[T, D], y: Data[T, D]):
    """Running products."""
    return sum(cumprod(x, axis=0) * y) + mean(cumprod(x[:, ::-1], axis=1))


@network
def part_of_labels(tok: Labels[N, T, K], W: Param[K, D]):
    """Parts of labels."""
    a = embedding(tok[:, 0], W)
    b = embedding(tok[:, 1:], W)
    return sum(a ** 2) + mean(tanh(b))


@network
def from_the_end(x: Param[N, T]):
    """Places from the end."""
    return sum(x[:, -1] * x[:, 0]) + x[-1, 0] ** 2


@network
def overlaps(x: Data[N, 1, T, T], y: Data[N, 1, T, T], w: Param[2, 1, 2, 2], a: Param[2], v: Param[2, 1, 3, 3]):
    """Transposed convolutions, a slope of each channel, losses of masks."""
    z = conv_transpose2d(prelu(conv2d(x, w), a), v, padding=1)
    return focal(z, y[:, :, 1:, 1:]) + dice(sigmoid(z), y[:, :, 1:, 1:])


@network
def enlarged(x: Param[N, 1, T, A], y: Data[N, 1, 2 * T, 2 * A]):
    """Between the nearest entries, and the nearest."""
    return mse(upsample(x, 2, mode="bilinear"), y) + mean(tanh(upsample(x, 3)) ** 2)


@network
def turned(x: Data[N, T, D], W: Param[D, 2 * H], V: Param[D, 2 * H]):
    """Attention of pairs that are turned by their positions."""
    return mean(attention(rotary(x @ W), rotary(x @ V), x @ V, causal=True) ** 2)


@network
def distances(x: Data[N, D], p: Data[N, D], W: Param[D, H]):
    """Losses of distances and angles."""
    u = mish(x @ W)
    v = selu(p @ W)
    return contrastive(u, v, temperature=0.5) + mean(cosine_similarity(u, softsign(v))) + mean(hardswish(u))
