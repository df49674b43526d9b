"""Normalisations: centred and scaled to variance 1, then scaled by gamma and shifted by beta."""


def batch_norm(x: Array[N, D], gamma: Array[D], beta: Array[D], eps=1e-5, unbiased=False):
    """Each feature centred and scaled to variance 1 over the batch, which divides by N, or by N - 1 where unbiased.
    每个特征在批内居中并缩放到方差1；方差除以N，无偏时除以N - 1。"""
    mu = mean(x, axis=0)  # mean | 均值
    v = sum((x - mu) ** 2, axis=0) / (N - 1 if unbiased else N)  # variance | 方差
    r = 1 / sqrt(v + eps)  # reciprocal deviation | 标准差的倒数
    xhat = (x - mu) * r  # normalised | 归一化
    return gamma * xhat + beta


def batch_norm2d(x: Array[N, C, I, J], gamma: Array[C], beta: Array[C], eps=1e-5, unbiased=False):
    """Each channel centred and scaled to variance 1 over the batch and the positions of images.
    每个通道在批与图像的所有位置上居中并缩放到方差1。"""
    mu[c] = sum(x[n, c, i, j] for n in N for i in I for j in J) / (N * I * J)
    v[c] = sum((x[n, c, i, j] - mu[c]) ** 2 for n in N for i in I for j in J) / (
        N * I * J - 1 if unbiased else N * I * J
    )
    r[c] = 1 / sqrt(v[c] + eps)  # reciprocal deviation | 标准差的倒数
    xhat[n, c, i, j] = (x[n, c, i, j] - mu[c]) * r[c]  # normalised | 归一化
    y[n, c, i, j] = gamma[c] * xhat[n, c, i, j] + beta[c]
    return y


def layer_norm(x: Array[..., D], gamma: Array[D], beta: Array[D], eps=1e-5):
    """The features of each example centred and scaled to variance 1, then scaled by gamma and shifted by beta.
    每个样本的特征居中并缩放到方差1，再乘以gamma、加上beta。"""
    mu[...] = sum(x[..., d] for d in D) / D  # mean | 均值
    v[...] = sum((x[..., d] - mu[...]) ** 2 for d in D) / D  # variance | 方差
    r[...] = 1 / sqrt(v[...] + eps)  # reciprocal deviation | 标准差的倒数
    xhat[..., d] = (x[..., d] - mu[...]) * r[...]  # normalised | 归一化
    y[..., d] = gamma[d] * xhat[..., d] + beta[d]
    return y


def rms_norm(x: Array[..., D], gamma: Array[D], eps=1e-5):
    """The features of each example scaled to mean square 1, without centring.
    每个样本的特征缩放到均方为1，不居中。"""
    v[...] = sum(x[..., d] ** 2 for d in D) / D
    r[...] = 1 / sqrt(v[...] + eps)  # reciprocal deviation | 标准差的倒数
    xhat[..., d] = x[..., d] * r[...]
    y[..., d] = gamma[d] * xhat[..., d]
    return y


def group_norm(
    x: Array[N, num_groups * C, I, J], num_groups, gamma: Array[num_groups * C], beta: Array[num_groups * C], eps=1e-5
):  # fmt: skip
    """Over the positions and the channels of each group of each example; the groups are blocks of channels.
    在每个样本每组通道及其位置上归一化；组是相连的通道。"""
    z[n, g:num_groups, c:C, i, j] = x[n, C * g + c, i, j]
    mu[n, g] = sum(z[n, g, c, i, j] for c in C for i in I for j in J) / (C * I * J)
    v[n, g] = sum((z[n, g, c, i, j] - mu[n, g]) ** 2 for c in C for i in I for j in J) / (C * I * J)
    r[n, g] = 1 / sqrt(v[n, g] + eps)
    xhat[n, g, c, i, j] = (z[n, g, c, i, j] - mu[n, g]) * r[n, g]
    y[n, k, i, j] = (
        gamma[k] * sum(xhat[n, g, c, i, j] for g in range(num_groups) for c in C if C * g + c == k) + beta[k]
    )
    return y


def instance_norm(x: Array[N, C, I, J], gamma: Array[C], beta: Array[C], eps=1e-5):
    """Over the positions of each channel of each example.
    在每个样本每个通道的位置上归一化。"""
    mu[n, c] = sum(x[n, c, i, j] for i in I for j in J) / (I * J)
    v[n, c] = sum((x[n, c, i, j] - mu[n, c]) ** 2 for i in I for j in J) / (I * J)
    r[n, c] = 1 / sqrt(v[n, c] + eps)  # reciprocal deviation | 标准差的倒数
    xhat[n, c, i, j] = (x[n, c, i, j] - mu[n, c]) * r[n, c]
    y[n, c, i, j] = gamma[c] * xhat[n, c, i, j] + beta[c]
    return y


def weight_norm(v, g, axis=0):
    """Weights by their directions and lengths: g v / ||v||, a length for each place of the axis.
    权重由方向与长度给出：g v / ||v||，轴上每处一个长度。"""
    y = swapaxes(v, 0, axis)
    length = norm(flatten(y), axis=1)
    w[f, ...] = g[f] * y[f, ...] / length[f]
    return swapaxes(w, 0, axis)


def spectral_norm(w, u, eps=1e-12):
    """Weights over their largest singular value, by one step of the power iteration from u; its vectors are constants.
    权重除以其最大奇异值，由u出发作一步幂迭代，其向量视为常数。"""
    rows = flatten(w)
    fixed = stop_gradient(rows)
    right = normalize(u @ fixed, eps=eps)
    left = normalize(fixed @ right, eps=eps)
    return w / (left @ (rows @ right))
