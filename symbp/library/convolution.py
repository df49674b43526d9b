"""Convolutions and poolings of images (batch, channels, height, width) and sequences (batch, channels, length).

As in PyTorch a convolution is a correlation, rounded down at the end; padding adds zeros on every side.
"""


def conv1d(x: Array[N, groups * C, I], w: Array[F, C, U], stride=1, padding=0, dilation=1, groups=1, bias=None):
    """The kernel w moved along x."""
    p[n, c : groups * C, i : I + 2 * padding] = x[n, c, i - padding] if padding <= i < I + padding else 0
    y[n, f, i] = (
        sum(p[n, c, stride * i + dilation * u] * w[f, c, u] for c in C for u in U)
        if groups == 1
        else sum(
            p[n, C * g + c, stride * i + dilation * u] * w[f, c, u]
            for g in range(groups) for c in C for u in U if F // groups * g <= f < F // groups * (g + 1)
        )
    ) + (0 if bias is None else bias[f])  # fmt: skip
    return y


def conv2d(
    x: Array[N, groups * C, I, J], w: Array[F, C, U, V], stride=1, padding=0, dilation=1, groups=1, bias=None
):  # fmt: skip
    """The kernel w moved over the images x."""
    p[n, c : groups * C, i : I + 2 * padding, j : J + 2 * padding] = (
        x[n, c, i - padding, j - padding] if padding <= i < I + padding and padding <= j < J + padding else 0
    )
    y[n, f, i, j] = (
        sum(
            p[n, c, stride * i + dilation * u, stride * j + dilation * v] * w[f, c, u, v]
            for c in C for u in U for v in V
        )
        if groups == 1
        else sum(
            p[n, C * g + c, stride * i + dilation * u, stride * j + dilation * v] * w[f, c, u, v]
            for g in range(groups) for c in C for u in U for v in V if F // groups * g <= f < F // groups * (g + 1)
        )
    ) + (0 if bias is None else bias[f])  # fmt: skip
    return y


def max_pool2d(x: Array[..., I, J], window, stride=None, width=None):
    """The largest entry of each window, of `window` by `window` or `window` by `width`; at a tie the first."""
    h = window
    w = window if width is None else width
    s = window if stride is None else stride
    y[..., i, j] = max(x[..., s * i + u, s * j + v] for u in range(h) for v in range(w))
    return y


def avg_pool2d(x: Array[..., I, J], window, stride=None, width=None):
    """The mean of each window."""
    h = window
    w = window if width is None else width
    s = window if stride is None else stride
    y[..., i, j] = sum(x[..., s * i + u, s * j + v] for u in range(h) for v in range(w)) / (h * w)
    return y
