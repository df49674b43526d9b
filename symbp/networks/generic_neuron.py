"""One neuron inside any network: activation and cost are unknown functions."""

from symbp import Param, function, network

sigma = function("sigma")
C = function("C")


@network
def generic_neuron(z: Param, w3: Param, w4: Param):
    """A neuron whose activation goes to two others, and from there to any cost."""
    a = sigma(z)
    z1 = w3 * a
    z2 = w4 * a
    return C(z1, z2)
