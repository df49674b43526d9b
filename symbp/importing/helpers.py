"""Functions that a written file brings along, in the network language: what modules use and the library has not."""

HELPERS = {
    "gelu_tanh": '''
def gelu_tanh(x):
    """The approximation of gelu by tanh."""
    return x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
''',
    "standardise": '''
def standardise(x, eps=1e-5):
    """A layer norm without a scale and a shift."""
    return (x - mean(x, axis=-1, keepdims=True)) / sqrt(var(x, axis=-1, keepdims=True) + eps)
''',
    "batch_norm1d": '''
def batch_norm1d(x: Array[N, C, I], gamma: Array[C], beta: Array[C], eps=1e-5):
    """Over the batch and the places of sequences, each channel by itself."""
    mu[c] = sum(x[n, c, i] for n in N for i in I) / (N * I)
    v[c] = sum((x[n, c, i] - mu[c]) ** 2 for n in N for i in I) / (N * I)
    y[n, c, i] = gamma[c] * (x[n, c, i] - mu[c]) / sqrt(v[c] + eps) + beta[c]
    return y
''',
    "batch_norm_by": '''
def batch_norm_by(x: Array[N, D], mu: Array[D], v: Array[D], gamma: Array[D], beta: Array[D], eps=1e-5):
    """Batch norm by a mean and a variance that are given."""
    return gamma * (x - mu) / sqrt(v + eps) + beta
''',
    "batch_norm1d_by": '''
def batch_norm1d_by(x: Array[N, C, I], mu: Array[C], v: Array[C], gamma: Array[C], beta: Array[C], eps=1e-5):
    """Batch norm by a mean and a variance that are given."""
    y[n, c, i] = gamma[c] * (x[n, c, i] - mu[c]) / sqrt(v[c] + eps) + beta[c]
    return y
''',
    "batch_norm2d_by": '''
def batch_norm2d_by(x: Array[N, C, I, J], mu: Array[C], v: Array[C], gamma: Array[C], beta: Array[C], eps=1e-5):
    """Batch norm by a mean and a variance that are given."""
    y[n, c, i, j] = gamma[c] * (x[n, c, i, j] - mu[c]) / sqrt(v[c] + eps) + beta[c]
    return y
''',
    "pixel_shuffle": '''
def pixel_shuffle(x: Array[N, r * r * C, I, J], r):
    """Blocks of r by r, each made of as many channels."""
    y[n, c:C, i : r * I, j : r * J] = sum(
        x[n, r * r * c + r * u + v, i // r, j // r] for u in range(r) for v in range(r) if u == i % r and v == j % r
    )
    return y
''',
    "tril": '''
def tril(x: Array[..., T, S], shift=0):
    """The lower triangle."""
    y[..., t, s] = x[..., t, s] if s <= t + shift else 0
    return y
''',
    "triu": '''
def triu(x: Array[..., T, S], shift=0):
    """The upper triangle."""
    y[..., t, s] = x[..., t, s] if s >= t + shift else 0
    return y
''',
    "one_hot": '''
def one_hot(y: Array[N], classes):
    """A distribution that is sure of one class, for each."""
    p[n, k:classes] = 1 if y[n] == k else 0
    return p
''',
}
