"""Softmax and its kin, on the last dimension if no other is named."""


def softmax(x, axis=-1):
    """Positive, and 1 in sum."""
    return exp(x) / sum(exp(x), axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of the softmax."""
    return x - log(sum(exp(x), axis=axis, keepdims=True))


def logsumexp(x, axis=-1):
    """A smooth maximum."""
    return log(sum(exp(x), axis=axis))
