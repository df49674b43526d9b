"""Activations: functions of each entry."""


def sigmoid(x):
    """A switch without a jump: near 0 at small x, near 1 at large x; as a gate it says how much passes.
    没有跳变的开关：x小时接近0，x大时接近1；用作门时表示让多少通过。"""
    return 1 / (1 + exp(-x))


def relu(x):
    """The positive part, all else cut off; its derivative at 0 is 0.
    取正的部分，其余截为0；在0处的导数取0。"""
    return maximum(x, 0)


def leaky_relu(x, negative_slope=0.01):
    """x, or a small multiple of it where x is not positive.
    x为正时取x，否则取x的一个小倍数。"""
    return where(x > 0, x, negative_slope * x)


def elu(x, alpha=1):
    """x, or alpha (exp(x) - 1) where x is not positive.
    x为正时取x，否则取alpha (exp(x) - 1)。"""
    return where(x > 0, x, alpha * expm1(x))


def softplus(x):
    """A smooth positive part.
    光滑的正部。"""
    return log1p(exp(x))


def swish(x):
    """x times its sigmoid.
    x乘以它的sigmoid。"""
    return x * sigmoid(x)


def gelu(x, approximate="none"):
    """x times the probability that a standard normal variable is below x; `approximate="tanh"` comes close to it.
    x乘以标准正态变量小于x的概率；`approximate="tanh"`是它的近似。"""
    assert approximate in ("none", "tanh"), "expected 'none' or 'tanh'"
    return (
        x * (1 + erf(x / sqrt(2))) / 2
        if approximate == "none"
        else x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2
    )


def mish(x):
    """x times the tanh of its softplus.
    x乘以其softplus的tanh。"""
    return x * tanh(softplus(x))


def selu(x):
    """An elu that keeps mean 0 and variance 1 from layer to layer.
    各层均值保持0、方差保持1的elu。"""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softsign(x):
    """x over 1 + |x|.
    x除以1 + |x|。"""
    return x / (1 + abs(x))


def hardswish(x):
    """x times a piecewise linear sigmoid.
    x乘以分段线性的sigmoid。"""
    return x * clip(x + 3, 0, 6) / 6


def prelu(x, weight):
    """x, or a learned multiple of it where x is not positive, one for each channel (the second dimension).
    x为正时取x，否则取可学习的倍数，每个通道（第二维）一个。"""
    y = swapaxes(x, 1, -1)
    return swapaxes(where(y > 0, y, weight * y), 1, -1)


def glu(x, axis=-1):
    """The first half of a dimension times the sigmoid of the second.
    一维的前一半乘以后一半的sigmoid。"""
    return gated(x) if axis == -1 else swapaxes(gated(swapaxes(x, axis, -1)), axis, -1)


def gated(x: Array[..., 2 * H]):
    """The same of the last dimension."""
    y[..., h:H] = x[..., h] * sigmoid(x[..., H + h])
    return y


def swiglu(x, W, V, b=None, c=None):
    """One line of x through swish, times another: swish(x W + b) (x V + c).
    一路经swish，再乘以另一路：swish(x W + b) (x V + c)。"""
    gate = x @ W + (0 if b is None else b)
    line = x @ V + (0 if c is None else c)
    return swish(gate) * line


def geglu(x, W, V, b=None, c=None):
    """The same with gelu.
    同上，用gelu。"""
    gate = x @ W + (0 if b is None else b)
    line = x @ V + (0 if c is None else c)
    return gelu(gate) * line


def maxout(x: Array[..., pool_size * H], pool_size):
    """The largest of each so many neighbours in the last dimension.
    最后一维中每若干个相邻元素取最大。"""
    assert pool_size >= 1, "a pool of no entries; expected 1 or more"
    y[..., h] = max(x[..., pool_size * h + k] for k in range(pool_size))
    return y
