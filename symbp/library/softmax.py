"""Softmax and its kin, on the last dimension."""


def softmax(x):
    """Positive, and 1 in sum."""
    return exp(x) / sum(exp(x), axis=-1, keepdims=True)


def log_softmax(x):
    """The logarithm of the softmax."""
    return x - log(sum(exp(x), axis=-1, keepdims=True))


def logsumexp(x):
    """A smooth maximum."""
    return log(sum(exp(x), axis=-1))
