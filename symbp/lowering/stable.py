from symbp.core.network import Network
def stabilise(network: Network) -> Network:
    return network
