"""The lesson: a derivation as it is taught. Each module says one thing that a lecturer does with the full steps."""
