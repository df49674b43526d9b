"""How accurate the emitted modules are in float32, beside PyTorch, at every scale and with zeros in the data."""
