from symbp import Data, function, network

f = function("f")


@network
def two_paths_backward(
    c: Data,
    d: Data,
    x: Data,
):
    """x reaches z along two paths, through u and through v."""
    u = c * x
    v = d * x
    z = f(u, v)
    x_bar = f.d1(u, v) * c + f.d2(u, v) * d
    return x_bar
