"""SymPy as a witness, and as a language that networks are written into and read from."""
