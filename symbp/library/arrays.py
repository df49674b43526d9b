"""Words of NumPy's that are formulas."""


def clip(x, min, max):
    """x between two bounds; at a bound its derivative is 1.
    把x限制在两个界之间；在界上导数取1。"""
    return where(x < min, min, where(x > max, max, x))


def trace(x: Array[N, N]):
    """The sum of the diagonal.
    对角线之和。"""
    return sum(x[n, n] for n in N)


def outer(a: Array[N], b: Array[M]):
    """Every entry of the one times every entry of the other.
    一个的每个元素乘以另一个的每个元素。"""
    product[n, m] = a[n] * b[m]
    return product


def norm(x, axis=None, keepdims=False):
    """The root of the sum of the squares.
    平方和的平方根。"""
    return sqrt(sum(x**2, axis=axis, keepdims=keepdims))


def var(x, axis=None, keepdims=False):
    """The mean squared distance from the mean.
    与均值之差的平方的平均。"""
    return mean((x - mean(x, axis=axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims)


def std(x, axis=None, keepdims=False):
    """The root of the variance.
    方差的平方根。"""
    return sqrt(var(x, axis=axis, keepdims=keepdims))
