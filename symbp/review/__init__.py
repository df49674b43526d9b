"""Code that computes gradients by hand, held against the truth: which line is wrong, why, and what it should be."""
