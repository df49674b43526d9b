"""Small networks that each once came out wrong; found by random networks and made as small as they could be."""

from symbp import Array, Data, Param, dims, network

N, D, H, K, zip, isinstance = dims("N D H K zip isinstance")


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
def names_that_a_module_uses(dtype: Data[N, D], float: Data, tuple: Data[N], expected: Param[D, K], shapes: Param[K], len: Param):
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
