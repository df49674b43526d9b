"""Activations: functions of each entry."""


def sigmoid(x):
    """1 at large x, 0 at small x."""
    return 1 / (1 + exp(-x))


def relu(x):
    """The positive part; its derivative at 0 is 0."""
    return maximum(x, 0)


def leaky_relu(x, negative_slope=0.01):
    """x, or a small multiple of it where x is not positive."""
    return where(x > 0, x, negative_slope * x)


def elu(x, alpha=1):
    """x, or alpha (exp(x) - 1) where x is not positive."""
    return where(x > 0, x, alpha * expm1(x))


def softplus(x):
    """A smooth positive part."""
    return log1p(exp(x))


def swish(x):
    """x times its sigmoid."""
    return x * sigmoid(x)


def gelu(x, approximate="none"):
    """x times the probability that a standard normal variable is below x; `approximate="tanh"` comes close to it."""
    assert approximate in ("none", "tanh"), "expected 'none' or 'tanh'"
    return (
        x * (1 + erf(x / sqrt(2))) / 2
        if approximate == "none"
        else x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
    )


def mish(x):
    """x times the tanh of its softplus."""
    return x * tanh(softplus(x))


def selu(x):
    """An elu that keeps mean 0 and variance 1 from layer to layer."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softsign(x):
    """x over 1 + |x|."""
    return x / (1 + abs(x))


def hardswish(x):
    """x times a piecewise linear sigmoid."""
    return x * clip(x + 3, 0, 6) / 6


def prelu(x, weight):
    """x, or a learned multiple of it where x is not positive, one for each channel (the second dimension)."""
    y = swapaxes(x, 1, -1)
    return swapaxes(where(y > 0, y, weight * y), 1, -1)


def glu(x, axis=-1):
    """The first half of a dimension times the sigmoid of the second."""
    return gated(x) if axis == -1 else swapaxes(gated(swapaxes(x, axis, -1)), axis, -1)


def gated(x: Array[..., 2 * H]):
    """The same of the last dimension."""
    y[..., h:H] = x[..., h] * sigmoid(x[..., H + h])
    return y


def swiglu(x, W, V, b=None, c=None):
    """One line of x through swish, times another: swish(x W + b) (x V + c)."""
    gate = x @ W + (0 if b is None else b)
    line = x @ V + (0 if c is None else c)
    return swish(gate) * line


def geglu(x, W, V, b=None, c=None):
    """The same with gelu."""
    gate = x @ W + (0 if b is None else b)
    line = x @ V + (0 if c is None else c)
    return gelu(gate) * line


def maxout(x: Array[..., pool_size * H], pool_size):
    """The largest of each so many neighbours in the last dimension."""
    assert pool_size >= 1, "a pool of no entries; expected 1 or more"
    y[..., h] = max(x[..., pool_size * h + k] for k in range(pool_size))
    return y
