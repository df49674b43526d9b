"""An unknown function of two quantities that both depend on x."""

from symbp import Data, Param, function, network

f = function("f")


@network
def two_paths(c: Data, d: Data, x: Param):
    """x reaches z along two paths, through u and through v."""
    u = c * x
    v = d * x
    z = f(u, v)
    return z
