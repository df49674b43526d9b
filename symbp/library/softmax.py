"""Softmax and its kin, on the last dimension if no other is named."""


def softmax(x, axis=-1):
    """Scores made shares: positive, and 1 in sum, so that what one gains the others lose.
    把得分变成份额：全为正，和为1，一个增大其余就减小。"""
    return exp(x) / sum(exp(x), axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """The logarithm of the softmax.
    softmax的对数。"""
    return x - log(sum(exp(x), axis=axis, keepdims=True))


def logsumexp(x, axis=-1):
    """A smooth maximum.
    光滑的最大值。"""
    return log(sum(exp(x), axis=axis))
