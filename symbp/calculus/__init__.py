"""The derivative of a network, as a network, and the derivation that leads to it. Start at `calculus.derive`."""
