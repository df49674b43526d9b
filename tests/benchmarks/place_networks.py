"""The networks of `places`: equations of indices in many forms."""

from symbp import Data, Labels, Param, dims, network

N, A, B, C, D, F, I, J, K, M, T, U, V = dims("N A B C D F I J K M T U V")


@network
def flatten(x: Data[N, A, B], w: Param[A * B, M]):
    """Two axes made one, then a product."""
    f[n, k : A * B] = sum(x[n, a, b] for a in A for b in B if B * a + b == k)
    return sum((f @ w) ** 2)


@network
def groups(x: Param[N, 8 * C, I, J], y: Data[N, 8 * C, I, J], gamma: Param[8 * C], beta: Param[8 * C]):
    """Group norm with eight groups, squared error."""
    z = group_norm(x, 8, gamma, beta)
    return sum((z - y) ** 2) / 2


@network
def transposed(y: Data[N, F, 2 * I - 2 + U, 2 * J - 2 + V], x: Param[N, C, I, J], w: Param[C, F, U, V], b: Param[F]):
    """A transposed convolution with stride 2, squared error."""
    o[n, f, p : 2 * I - 2 + U, q : 2 * J - 2 + V] = b[f] + sum(
        x[n, c, i, j] * w[c, f, u, v]
        for c in C
        for i in I
        for j in J
        for u in U
        for v in V
        if p == 2 * i + u and q == 2 * j + v
    )
    return sum((o - y) ** 2) / 2


@network
def upsampled(x: Data[N, C, I, J], y: Data[N, F, 2 * I, 2 * J], w: Param[F, C, 3, 3], b: Param[F]):
    """Every pixel twice each way, then a convolution."""
    up[n, c, p : 2 * I, q : 2 * J] = sum(
        x[n, c, i, j] for i in I for j in J for u in range(2) for v in range(2) if p == 2 * i + u and q == 2 * j + v
    )
    return mse(conv2d(up, w, b, padding=1), y)


@network
def mean_of_embeddings(words: Labels[N, T, V], t: Labels[N, K], E: Param[V, D], W: Param[D, K], b: Param[K]):
    """The mean of each text's embeddings, classified."""
    h[n, d] = mean(E[words[n, s], d] for s in T)
    return cross_entropy(h @ W + b, t)


@network
def largest(x: Data[N, K, D], W: Param[K, D]):
    """The largest of each row."""
    m = max(x * W, axis=2)
    return sum(m**2) / 2
