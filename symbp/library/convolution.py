"""Convolutions and poolings of images (batch, channels, height, width) and sequences (batch, channels, length).

Names, order and meaning of the arguments are PyTorch's: a convolution is a correlation, rounded down at the end; padding
adds zeros on every side of what is convolved or averaged, and nothing to what is maximised. `stride=(2, 1)` is one for
each dimension.
"""


def conv1d(
    x: Array[N, groups * C, I], w: Array[groups * F, C, U], bias=None, stride=1, padding=0, dilation=1, groups=1
):  # fmt: skip
    """The kernel w moved along x: each place answers to the same pattern.
    卷积核w沿x移动：每处对同一模式作出响应。"""
    assert stride >= 1, "a stride of zero or less; expected 1 or more"
    assert padding >= 0, "a negative padding; expected 0 or more"
    assert dilation >= 1, "a dilation of zero or less; expected 1 or more"
    p[n, c : groups * C, i : I + 2 * padding] = x[n, c, i - padding] if padding <= i < I + padding else 0
    y[n, f : groups * F, i] = (
        sum(p[n, c, stride * i + dilation * u] * w[f, c, u] for c in C for u in U)
        if groups == 1
        else sum(
            p[n, C * g + c, stride * i + dilation * u] * w[f, c, u]
            for g in range(groups) for c in C for u in U if F * g <= f < F * (g + 1)
        )
    ) + (0 if bias is None else bias[f])  # fmt: skip
    return y


def conv2d(
    x: Array[N, groups * C, I, J], w: Array[groups * F, C, U, V],
    bias=None, stride=1, padding=0, dilation=1, groups=1,
):  # fmt: skip
    """The kernel w moved over the images x: each place answers to the same pattern.
    卷积核w在图像x上移动：每处对同一模式作出响应。"""
    s, t = stride if isinstance(stride, tuple) else (stride, stride)
    a, b = padding if isinstance(padding, tuple) else (padding, padding)
    d, e = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    assert s >= 1 and t >= 1, "a stride of zero or less; expected 1 or more"
    assert a >= 0 and b >= 0, "a negative padding; expected 0 or more"
    assert d >= 1 and e >= 1, "a dilation of zero or less; expected 1 or more"
    p[n, c : groups * C, i : I + 2 * a, j : J + 2 * b] = (
        x[n, c, i - a, j - b] if a <= i < I + a and b <= j < J + b else 0
    )
    y[n, f : groups * F, i, j] = (
        sum(p[n, c, s * i + d * u, t * j + e * v] * w[f, c, u, v] for c in C for u in U for v in V)
        if groups == 1
        else sum(
            p[n, C * g + c, s * i + d * u, t * j + e * v] * w[f, c, u, v]
            for g in range(groups) for c in C for u in U for v in V if F * g <= f < F * (g + 1)
        )
    ) + (0 if bias is None else bias[f])  # fmt: skip
    return y


def conv3d(
    x: Array[N, groups * C, I, J, K], w: Array[groups * F, C, U, V, W],
    bias=None, stride=1, padding=0, dilation=1, groups=1,
):  # fmt: skip
    """The kernel w moved through the volumes x: each place answers to the same pattern.
    卷积核w在立体x中移动：每处对同一模式作出响应。"""
    r, s, t = stride if isinstance(stride, tuple) else (stride, stride, stride)
    a, b, c = padding if isinstance(padding, tuple) else (padding, padding, padding)
    d, e, f = dilation if isinstance(dilation, tuple) else (dilation, dilation, dilation)
    assert r >= 1 and s >= 1 and t >= 1, "a stride of zero or less; expected 1 or more"
    assert a >= 0 and b >= 0 and c >= 0, "a negative padding; expected 0 or more"
    assert d >= 1 and e >= 1 and f >= 1, "a dilation of zero or less; expected 1 or more"
    p[n, m : groups * C, i : I + 2 * a, j : J + 2 * b, k : K + 2 * c] = (
        x[n, m, i - a, j - b, k - c] if a <= i < I + a and b <= j < J + b and c <= k < K + c else 0
    )
    y[n, o : groups * F, i, j, k] = (
        sum(
            p[n, m, r * i + d * u, s * j + e * v, t * k + f * q] * w[o, m, u, v, q]
            for m in C for u in U for v in V for q in W
        )
        if groups == 1
        else sum(
            p[n, C * g + m, r * i + d * u, s * j + e * v, t * k + f * q] * w[o, m, u, v, q]
            for g in range(groups) for m in C for u in U for v in V for q in W if F * g <= o < F * (g + 1)
        )
    ) + (0 if bias is None else bias[o])  # fmt: skip
    return y


def max_pool2d(x: Array[..., I, J], kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The strongest answer of each window, wherever it stands in it; at a tie the first.
    每个窗口中最大的元素，不论其位置；相等时取第一个。"""
    h, w = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    assert h >= 1 and w >= 1, "a window of no entries; expected 1 or more"
    steps = kernel_size if stride is None else stride
    s, t = steps if isinstance(steps, tuple) else (steps, steps)
    a, b = padding if isinstance(padding, tuple) else (padding, padding)
    d, e = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    assert s >= 1 and t >= 1, "a stride of zero or less; expected 1 or more"
    assert a >= 0 and b >= 0, "a negative padding; expected 0 or more"
    assert d >= 1 and e >= 1, "a dilation of zero or less; expected 1 or more"
    assert 2 * a <= h and 2 * b <= w, "padding of more than half the window; expected at most half"
    more, further = (s - 1, t - 1) if ceil_mode else (0, 0)
    assert more == 0 or a + s <= d * (h - 1) + 1, "steps beyond the window, rounded up"
    assert further == 0 or b + t <= e * (w - 1) + 1, "steps beyond the window, rounded up"
    y[..., i : (I + 2 * a + more - d * (h - 1) - 1) // s + 1, j : (J + 2 * b + further - e * (w - 1) - 1) // t + 1] = (
        max(x[..., s * i + d * u, t * j + e * v] for u in range(h) for v in range(w))
        if a == 0 and b == 0 and more == 0 and further == 0
        else max(
            x[..., s * i + d * u - a, t * j + e * v - b]
            for u in range(h) for v in range(w) if a <= s * i + d * u < I + a and b <= t * j + e * v < J + b
        )
    )  # fmt: skip
    return y


def avg_pool2d(
    x: Array[..., I, J], kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
):  # fmt: skip
    """The mean of each window, with the zeros of the padding or without.
    每个窗口的平均值，可计入或不计入填充的零。"""
    h, w = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    assert h >= 1 and w >= 1, "a window of no entries; expected 1 or more"
    steps = kernel_size if stride is None else stride
    s, t = steps if isinstance(steps, tuple) else (steps, steps)
    a, b = padding if isinstance(padding, tuple) else (padding, padding)
    assert s >= 1 and t >= 1, "a stride of zero or less; expected 1 or more"
    assert a >= 0 and b >= 0, "a negative padding; expected 0 or more"
    assert 2 * a <= h and 2 * b <= w, "padding of more than half the window; expected at most half"
    more, further = (s - 1, t - 1) if ceil_mode else (0, 0)
    counted = a + b if count_include_pad else 0
    assert more == 0 or a + s <= h, "steps beyond the window, rounded up"
    assert further == 0 or b + t <= w, "steps beyond the window, rounded up"
    assert more + further == 0 or counted == 0, "padding that is counted, rounded up"
    return (
        mean_with_padding(x, h, w, s, t, a, b)
        if more + further == 0 and counted == a + b
        else mean_inside(x, h, w, s, t, a, b, more, further)
    )


def mean_with_padding(x: Array[..., I, J], h, w, s, t, a, b):
    """The mean of each window of h by w, steps of s and t, the zeros of the padding counted."""
    p[..., i : I + 2 * a, j : J + 2 * b] = (
        x[..., i - a, j - b] if a <= i < I + a and b <= j < J + b else 0
    )  # fmt: skip
    y[..., i, j] = sum(p[..., s * i + u, t * j + v] for u in range(h) for v in range(w)) / (h * w)
    return y


def mean_inside(x: Array[..., I, J], h, w, s, t, a, b, more, further):
    """The mean of what each window has of the image; it may reach beyond its end by so much."""
    y[..., i : (I + 2 * a + more - h) // s + 1, j : (J + 2 * b + further - w) // t + 1] = mean(
        x[..., s * i + u - a, t * j + v - b]
        for u in range(h) for v in range(w) if a <= s * i + u < I + a and b <= t * j + v < J + b
    )  # fmt: skip
    return y


def adaptive_avg_pool2d(x: Array[..., I, J], output_size):
    """The means of so many windows by so many, as even as they can be; neighbours may share a row or a column.
    按给定的个数尽可能均匀地划分窗口并取平均；相邻窗口可共用一行或一列。"""
    p, q = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    assert p >= 1 and q >= 1, "an output of no entries; expected 1 or more"
    rows[..., k:p, j] = mean(x[..., i, j] for i in I if I * k < p * (i + 1) and p * i < I * (k + 1))
    y[..., k, l:q] = mean(rows[..., k, j] for j in J if J * l < q * (j + 1) and q * j < J * (l + 1))
    return y


def conv_transpose2d(x: Array[N, C, I, J], w: Array[C, F, U, V], bias=None, stride=1, padding=0, output_padding=0):
    """What a convolution of that stride takes back: each entry of x spreads the kernel over the result.
    该步长卷积的反向：x的每个元素把卷积核铺到结果上。"""
    s, t = stride if isinstance(stride, tuple) else (stride, stride)
    a, b = padding if isinstance(padding, tuple) else (padding, padding)
    assert s >= 1 and t >= 1, "a stride of zero or less; expected 1 or more"
    assert a >= 0 and b >= 0, "a negative padding; expected 0 or more"
    m, o = output_padding if isinstance(output_padding, tuple) else (output_padding, output_padding)
    assert 0 <= m < s and 0 <= o < t, "an output_padding of a whole stride; expected less"
    y[n, f, i : s * (I - 1) + U - 2 * a + m, j : t * (J - 1) + V - 2 * b + o] = sum(
        x[n, c, k, l] * w[c, f, u, v]
        for c in C for k in I for l in J for u in U for v in V
        if s * k + u == i + a and t * l + v == j + b
    ) + (0 if bias is None else bias[f])  # fmt: skip
    return y


def upsample(x: Array[N, C, I, J], scale_factor, mode="nearest"):
    """Larger images: every entry repeated, or, bilinear, between the four nearest by their distance.
    放大图像：重复每个元素，或按距离在最近的四个之间双线性插值。"""
    assert mode in ("nearest", "bilinear"), "expected 'nearest' or 'bilinear'"
    s, t = scale_factor if isinstance(scale_factor, tuple) else (scale_factor, scale_factor)
    assert s >= 1 and t >= 1, "a scale of zero or less; expected 1 or more"
    rows[n, c, i : s * I, j] = (
        x[n, c, i // s, j]
        if mode == "nearest"
        else (1 - (2 * i + s + 1) % (2 * s) / (2 * s)) * (x[n, c, (2 * i + s + 1) // (2 * s) - 1, j] if 2 * i + 1 >= s else x[n, c, 0, j])
        + (2 * i + s + 1) % (2 * s) / (2 * s) * (x[n, c, (2 * i + s + 1) // (2 * s), j] if 2 * i + 1 + s < 2 * s * I else x[n, c, I - 1, j])
    )  # fmt: skip
    y[n, c, i, j : t * J] = (
        rows[n, c, i, j // t]
        if mode == "nearest"
        else (1 - (2 * j + t + 1) % (2 * t) / (2 * t)) * (rows[n, c, i, (2 * j + t + 1) // (2 * t) - 1] if 2 * j + 1 >= t else rows[n, c, i, 0])
        + (2 * j + t + 1) % (2 * t) / (2 * t) * (rows[n, c, i, (2 * j + t + 1) // (2 * t)] if 2 * j + 1 + t < 2 * t * J else rows[n, c, i, J - 1])
    )  # fmt: skip
    return y
