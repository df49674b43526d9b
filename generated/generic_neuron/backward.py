from symbp import Data, function, network

sigma = function("sigma")
C = function("C")


@network
def generic_neuron_backward(
    z: Data,
    w3: Data,
    w4: Data,
):
    """A neuron whose activation goes to two others, and from there to any cost."""
    a = sigma(z)
    z1 = w3 * a
    z2 = w4 * a
    L = C(z1, z2)
    z2_bar = C.d2(z1, z2)
    w4_bar = z2_bar * a
    z1_bar = C.d1(z1, z2)
    w3_bar = z1_bar * a
    a_bar = z1_bar * w3 + z2_bar * w4
    z_bar = a_bar * sigma.d1(z)
    return z_bar, w3_bar, w4_bar
