"""From a derivation to an array program: contractions, stability, common subexpressions, buffers."""
