"""From an array program to the NumPy module."""
