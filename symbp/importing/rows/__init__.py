"""The operations of PyTorch's, a row each: what each makes of its arguments, an expression of the language."""
